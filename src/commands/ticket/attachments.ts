import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {formatBytes} from '../../lib/cli/format-bytes.ts'
import {refuseDash} from '../../lib/cli/refuse-dash.ts'
import {safeLine} from '../../lib/cli/safe-text.ts'
import {ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {SavedAttachment} from '../../lib/ticket-attachments.ts'

/** The attachments of a ticket, and the files that have them. */
export interface TicketAttachmentsResult {
  readonly number: number
  /** The directory, absolute. */
  readonly directory: string
  readonly files: readonly SavedAttachment[]
  /** True where a file was written. */
  readonly changed: boolean
}

export default class TicketAttachments extends BaseCommand<typeof TicketAttachments, TicketAttachmentsResult> {
  static override summary = 'Write the attachments of a ticket into a directory.'
  static override description =
    'Nothing is overwritten: a file that is there already and is the same counts as done, and beside another one the new file gets a number. Names are made safe; a program that opens a file is not.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42 --out attachments',
    '<%= config.bin %> <%= command.id %> 42 --message 7 --out attachments --json',
  ]
  static override args = {number: ticketArg}
  static override flags = {
    out: Flags.string({helpValue: 'DIR', summary: 'The directory; made where it is missing.'}),
    message: Flags.string({helpValue: 'ID', summary: 'Only those of this message.'}),
  }
  static override exitCodes = [EXIT.data, EXIT.notFound, EXIT.cannotCreate]

  #failed = false

  async run(): Promise<TicketAttachmentsResult> {
    const given = await this.complete(
      {NUMBER: this.args.number, '--out': this.flags.out},
      {NUMBER: ticketQuestion, '--out': {message: 'Directory'}},
    )
    const number = parseNumber('NUMBER', given.NUMBER)
    refuseDash(given['--out'], 'Name the directory, such as --out attachments.')
    const {message} = this.flags
    const {saveAttachments} = await import('../../lib/ticket-attachments.ts')
    const {directory, files, problems} = await saveAttachments(await this.store(), await this.portal(), number, {
      directory: given['--out'],
      ...(message === undefined ? {} : {messageId: parseNumber('--message', message)}),
    })
    for (const {title, why} of problems.slice(0, -1)) this.warning(`${title}: ${why}`)
    const last = problems.at(-1)
    if (last) this.fail(last)
    this.#failed = problems.length > 0
    return {number, directory, files, changed: files.some(({written}) => written)}
  }

  protected render({number, directory, files}: TicketAttachmentsResult): string {
    // What went wrong is said beside it.
    if (files.length === 0) return this.#failed ? '' : `Nothing to write for ticket ${number}.\n`
    const lines = files.map(
      ({path, size, written}) => `${safeLine(path)}  ${formatBytes(size)}${written ? '' : ', was there already'}`,
    )
    const written = files.filter((file) => file.written).length
    return `${lines.join('\n')}\n${written} of ${files.length} written to ${safeLine(directory)}.\n`
  }
}

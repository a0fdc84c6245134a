import {BaseCommand} from '../../lib/cli/base-command.ts'
import {asAgent, bodyFlags, ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'

/** The note that was added. */
export interface TicketNoteResult {
  readonly number: number
  /** The id of the note among the messages of the ticket. */
  readonly message: number
  readonly changed: true
}

export default class TicketNote extends BaseCommand<typeof TicketNote, TicketNoteResult> {
  static override summary = 'Add an internal note to a ticket. No customer sees it.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42 --body "Called back, waits for the invoice." --as ann@acme.example',
    '<%= config.bin %> <%= command.id %> 42 < note.txt',
  ]
  static override args = {number: ticketArg}
  static override flags = {...bodyFlags, ...asAgent}
  static override changes = true
  static override exitCodes = [EXIT.data, EXIT.noInput, EXIT.notFound]

  async run(): Promise<TicketNoteResult> {
    const {readBody} = await import('../../lib/cli/read-body.ts')
    const body = await readBody(this.flags, process.stdin)
    const given = await this.complete(
      {NUMBER: this.args.number, '--body': body},
      {NUMBER: ticketQuestion, '--body': {message: 'Note'}},
    )
    const number = parseNumber('NUMBER', given.NUMBER)
    const {noteTicket} = await import('../../lib/ticket-changes.ts')
    const message = await noteTicket(await this.store(), await this.portal(), number, given['--body'], {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
    return {number, message, changed: true}
  }

  protected render({number}: TicketNoteResult): string {
    return `Ticket ${number} has a note more.\n`
  }
}

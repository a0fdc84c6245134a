import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {asAgent, ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {MergeChange} from '../../lib/ticket-changes.ts'

/** Which ticket is part of which now. */
export type TicketMergeResult = MergeChange

export default class TicketMerge extends BaseCommand<typeof TicketMerge, TicketMergeResult> {
  static override summary = 'Make a ticket part of another one.'
  static override description =
    'Its messages move there, and so does the mail of everybody who still answers it. It stays as a closed ticket that says where it went.'
  static override examples = ['<%= config.bin %> <%= command.id %> 43 --into 42']
  static override args = {number: ticketArg}
  static override flags = {
    into: Flags.string({helpValue: 'NUMBER', summary: 'The ticket that it becomes part of.'}),
    ...asAgent,
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<TicketMergeResult> {
    const given = await this.complete(
      {NUMBER: this.args.number, '--into': this.flags.into},
      {NUMBER: ticketQuestion, '--into': {...ticketQuestion, message: 'Number of the ticket that it becomes part of'}},
    )
    const [number, into] = [parseNumber('NUMBER', given.NUMBER), parseNumber('--into', given['--into'])]
    const {mergeTicket} = await import('../../lib/ticket-changes.ts')
    const result = await mergeTicket(await this.store(), await this.portal(), number, into, {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
    this.nextStep(`postdesk ticket show ${into}`)
    return result
  }

  protected render({number, into, messages, changed}: TicketMergeResult): string {
    if (!changed) return `Ticket ${number} is part of ticket ${into} already.\n`
    return `Ticket ${number} is part of ticket ${into} now: ${messages} ${messages === 1 ? 'message' : 'messages'} moved.\n`
  }
}

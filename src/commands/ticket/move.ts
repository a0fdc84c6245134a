import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {asAgent, ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {OwnerChange} from '../../lib/ticket-changes.ts'

/** The queue and the owner of the ticket now. */
export type TicketMoveResult = OwnerChange

export default class TicketMove extends BaseCommand<typeof TicketMove, TicketMoveResult> {
  static override summary = 'Move a ticket to another queue.'
  static override description =
    'Its owner stays if a member of that queue; else one of its members is chosen, as for a new ticket.'
  static override examples = ['<%= config.bin %> <%= command.id %> 42 --queue billing']
  static override args = {number: ticketArg}
  static override flags = {queue: Flags.string({helpValue: 'KEY', summary: 'The queue it goes to.'}), ...asAgent}
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<TicketMoveResult> {
    const given = await this.complete(
      {NUMBER: this.args.number, '--queue': this.flags.queue},
      {NUMBER: ticketQuestion, '--queue': this.choose.queue},
    )
    const number = parseNumber('NUMBER', given.NUMBER)
    const {moveTicket} = await import('../../lib/ticket-changes.ts')
    return moveTicket(await this.store(), await this.portal(), number, given['--queue'], {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
  }

  protected render({number, queue, owner, why, changed}: TicketMoveResult): string {
    if (!changed) return `Ticket ${number} is in queue ${queue} already.\n`
    return `Ticket ${number} is in queue ${queue} now. Its owner is ${owner ?? 'nobody'}: ${why}.\n`
  }
}

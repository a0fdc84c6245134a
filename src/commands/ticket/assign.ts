import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {asAgent, ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT, usage} from '../../lib/errors.ts'
import type {Assignee, OwnerChange} from '../../lib/ticket-changes.ts'

/** The owner of the ticket now, and why. */
export type TicketAssignResult = OwnerChange

export default class TicketAssign extends BaseCommand<typeof TicketAssign, TicketAssignResult> {
  static override summary = 'Give a ticket to an agent, to whom the rule of its queue chooses, or to nobody.'
  static override description =
    'An open ticket of nobody is offered to the members of its queue again at the next sync, and when one of them comes online.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42 ann@acme.example',
    '<%= config.bin %> <%= command.id %> 42 --auto',
    '<%= config.bin %> <%= command.id %> 42 --nobody',
  ]
  static override args = {
    number: ticketArg,
    agent: Args.string({name: 'AGENT', description: 'Email of the agent.', ignoreStdin: true}),
  }
  static override flags = {
    auto: Flags.boolean({summary: 'Choose as for a new ticket of its queue.', exclusive: ['nobody']}),
    nobody: Flags.boolean({summary: 'Take it from its owner.'}),
    ...asAgent,
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<TicketAssignResult> {
    const {auto, nobody, as} = this.flags
    if (this.args.agent !== undefined && (auto || nobody))
      throw usage(`AGENT and --${auto ? 'auto' : 'nobody'} exclude each other`)
    const ticket = {NUMBER: this.args.number}
    const given: {NUMBER: string; AGENT?: string} =
      auto || nobody
        ? await this.complete(ticket, {NUMBER: ticketQuestion})
        : await this.complete({...ticket, AGENT: this.args.agent}, {NUMBER: ticketQuestion, AGENT: this.choose.agent})
    const to: Assignee = given.AGENT === undefined ? (auto ? 'auto' : 'nobody') : {agent: given.AGENT}
    const number = parseNumber('NUMBER', given.NUMBER)
    const {assignTicket} = await import('../../lib/ticket-changes.ts')
    const result = await assignTicket(await this.store(), await this.portal(), number, to, {
      now: this.clock.now(),
      ...(as === undefined ? {} : {agent: as}),
    })
    if (!result.ownerIsMember)
      this.warning(`${result.owner} is no member of ${result.queue === null ? 'its queue' : `queue ${result.queue}`}.`)
    return result
  }

  protected render({number, owner, why, changed}: TicketAssignResult): string {
    const stays = changed ? '' : ' already'
    const reason = why === 'by hand' ? '' : `: ${why}`
    return `Ticket ${number} ${owner === null ? `has no owner${stays}` : `belongs to ${owner}${stays}`}${reason}.\n`
  }
}

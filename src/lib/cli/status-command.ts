/** `ticket close`, `reopen` and `pending`: the same command with another status. */
import {Args} from '@oclif/core'
import {EXIT} from '../errors.ts'
import type {StatusChange} from '../ticket-changes.ts'
import type {Status} from '../ticket/ticket.ts'
import {BaseCommand} from './base-command.ts'
import {asAgent, ticketQuestion} from './ticket-flags.ts'
import {parseNumber} from './ticket-number.ts'

/** The status of the tickets that were named. */
export interface StatusResult {
  readonly tickets: readonly StatusChange[]
  /** True where at least one had another status before. */
  readonly changed: boolean
}

export abstract class StatusCommand extends BaseCommand<typeof StatusCommand, StatusResult> {
  static override description =
    'All of the tickets or none: where a number is unknown, nothing is changed. Each change leaves an event.'
  static override args = {
    number: Args.string({name: 'NUMBER', description: 'The tickets.', multiple: true, ignoreStdin: true}),
  }
  static override flags = asAgent
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  protected abstract readonly status: Status

  async run(): Promise<StatusResult> {
    const given = this.args.number
    const {NUMBER} = await this.complete({NUMBER: given?.[0]}, {NUMBER: ticketQuestion})
    const numbers = (given ?? [NUMBER]).map((text) => parseNumber('NUMBER', text))
    const {setStatusOf} = await import('../ticket-changes.ts')
    const tickets = await setStatusOf(await this.store(), await this.portal(), numbers, this.status, {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
    return {tickets, changed: tickets.some(({changed}) => changed)}
  }

  protected render({tickets}: StatusResult): string {
    return tickets
      .map(({number, status, changed}) => `Ticket ${number} is ${status}${changed ? '' : ' already'}.\n`)
      .join('')
  }
}

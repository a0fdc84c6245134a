import {Args} from '@oclif/core'
import type {AgentSummary, AssignedTicket} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The agents as they are now. */
export interface AgentOnlineResult {
  readonly agents: readonly AgentSummary[]
  /** Open tickets that nobody owned, and who got them. */
  readonly assigned: readonly AssignedTicket[]
  readonly changed: boolean
}

export default class AgentOnline extends BaseCommand<typeof AgentOnline, AgentOnlineResult> {
  static override summary = 'Switch agents on, and give out the open tickets that nobody owns.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@acme.example bob@acme.example']
  static override args = {
    email: Args.string({name: 'EMAIL', description: 'The agents.', multiple: true, ignoreStdin: true}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<AgentOnlineResult> {
    const {setPresence} = await import('../../lib/agent.ts')
    const given = this.args.email
    const {EMAIL} = await this.complete({EMAIL: given?.[0]}, {EMAIL: this.choose.agent})
    const [portal, store] = [await this.portal(), await this.store()]
    return setPresence(store, portal, given ?? [EMAIL], 'online', {by: 'admin', now: this.clock.now()})
  }

  protected render({agents, assigned}: AgentOnlineResult): string {
    return [
      ...agents.map(({email}) => `${email} is online.\n`),
      ...assigned.map(({ticket, owner}) => `Ticket ${ticket} goes to ${owner}.\n`),
    ].join('')
  }
}

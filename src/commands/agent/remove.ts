import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {confirmFlag} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The agent who is gone. */
export interface AgentRemoveResult {
  readonly email: string
  /** Tickets that have no owner now; the open ones are offered again at the next sync. */
  readonly releasedTickets: number
  readonly changed: boolean
}

export default class AgentRemove extends BaseCommand<typeof AgentRemove, AgentRemoveResult> {
  static override summary = 'Remove an agent. Their tickets stay, without an owner.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@acme.example --confirm ann@acme.example']
  static override args = {email: Args.string({name: 'EMAIL', description: 'The agent.', ignoreStdin: true})}
  static override flags = confirmFlag('EMAIL')
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<AgentRemoveResult> {
    const {removeAgent, requireAgent} = await import('../../lib/agent.ts')
    const {EMAIL} = await this.complete({EMAIL: this.args.email}, {EMAIL: this.choose.agent})
    const [portal, store] = [await this.portal(), await this.store()]
    const {email} = await requireAgent(store.db, portal, EMAIL)
    await this.confirmName(`the agent ${email}`, email, this.flags.confirm?.toLowerCase())
    return {...(await removeAgent(store, portal, email, {by: 'admin', now: this.clock.now()})), changed: true}
  }

  protected render({email, releasedTickets: released}: AgentRemoveResult): string {
    const tickets = released === 1 ? '1 ticket has no owner now' : `${released} tickets have no owner now`
    return `Agent ${email} removed${released > 0 ? `; ${tickets}` : ''}.\n`
  }
}

import {Args} from '@oclif/core'
import type {AgentSummary} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The agents as they are now. */
export interface AgentOfflineResult {
  readonly agents: readonly AgentSummary[]
  readonly changed: boolean
}

export default class AgentOffline extends BaseCommand<typeof AgentOffline, AgentOfflineResult> {
  static override summary = 'Switch agents off. Their tickets stay with them.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@acme.example bob@acme.example']
  static override args = {
    email: Args.string({name: 'EMAIL', description: 'The agents.', multiple: true, ignoreStdin: true}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<AgentOfflineResult> {
    const {setPresence} = await import('../../lib/agent.ts')
    const given = this.args.email
    const {EMAIL} = await this.complete({EMAIL: given?.[0]}, {EMAIL: this.choose.agent})
    const [portal, store] = [await this.portal(), await this.store()]
    const actor = {by: 'admin', now: this.clock.now()}
    const {agents, changed} = await setPresence(store, portal, given ?? [EMAIL], 'offline', actor)
    return {agents, changed}
  }

  protected render({agents}: AgentOfflineResult): string {
    return agents.map(({email}) => `${email} is offline.\n`).join('')
  }
}

import {Args} from '@oclif/core'
import type {AgentSummary} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderFields} from '../../lib/cli/render-fields.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'

/** One agent. */
export type AgentShowResult = AgentSummary

export default class AgentShow extends BaseCommand<typeof AgentShow, AgentShowResult> {
  static override summary = 'Show an agent.'
  static override examples = ['<%= config.bin %> <%= command.id %> ann@acme.example']
  static override args = {email: Args.string({name: 'EMAIL', description: 'The agent.', ignoreStdin: true})}
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<AgentShowResult> {
    const {describeAgent} = await import('../../lib/agent.ts')
    const {EMAIL} = await this.complete({EMAIL: this.args.email}, {EMAIL: this.choose.agent})
    const [portal, store] = [await this.portal(), await this.store()]
    return describeAgent(store, portal, EMAIL)
  }

  protected render(agent: AgentShowResult, style: Style): string {
    return renderFields(
      [
        ['Email', agent.email],
        ['Name', agent.name],
        ['State', agent.onlineSince === null ? 'offline' : `online since ${agent.onlineSince}`],
        ['Open tickets', agent.openTickets],
        ['Queues', agent.queues.join(', ') || null],
        ['Added', agent.createdAt],
      ],
      style,
    )
  }
}

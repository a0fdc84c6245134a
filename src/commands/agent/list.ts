import type {AgentSummary} from '../../lib/agent.ts'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'

/** The agents of the portal. */
export interface AgentListResult {
  readonly agents: readonly AgentSummary[]
}

export default class AgentList extends BaseCommand<typeof AgentList, AgentListResult> {
  static override summary = 'List the agents of the portal.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<AgentListResult> {
    const {summariseAgents} = await import('../../lib/agent.ts')
    const [portal, {db}] = [await this.portal(), await this.store()]
    return {agents: await summariseAgents(db, portal.id)}
  }

  protected render({agents}: AgentListResult, style: Style): string {
    if (agents.length === 0) return 'There is no agent yet.\n'
    return renderTable(
      agents,
      [
        {title: 'EMAIL', value: (agent) => agent.email},
        {title: 'NAME', value: (agent) => agent.name, shrinks: true},
        {title: 'STATE', value: (agent) => (agent.online ? 'online' : 'offline')},
        {title: 'OPEN', value: (agent) => agent.openTickets, right: true},
        {title: 'QUEUES', value: (agent) => agent.queues.join(', ') || null, shrinks: true},
      ],
      style,
    )
  }
}

import {BaseCommand} from '../../lib/cli/base-command.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import type {QueueSummary} from '../../lib/queue.ts'

/** The queues of the portal. */
export interface QueueListResult {
  readonly queues: readonly QueueSummary[]
}

export default class QueueList extends BaseCommand<typeof QueueList, QueueListResult> {
  static override summary = 'List the queues of the portal.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<QueueListResult> {
    const {summariseQueues} = await import('../../lib/queue.ts')
    const [portal, {db}] = [await this.portal(), await this.store()]
    return {queues: await summariseQueues(db, portal.id)}
  }

  protected render({queues}: QueueListResult, style: Style): string {
    if (queues.length === 0) return 'There is no queue yet.\n'
    return renderTable(
      queues,
      [
        {title: 'KEY', value: (queue) => queue.key},
        {title: 'NAME', value: (queue) => queue.name, shrinks: true},
        {title: 'MEMBERS', value: (queue) => queue.members.join(', ') || null, shrinks: true},
        {title: 'ADDRESSES', value: (queue) => queue.addresses.join(', ') || null, shrinks: true},
        {title: 'SENDER', value: (queue) => queue.sender, shrinks: true},
        {title: 'CLOSED', value: (queue) => queue.closed},
      ],
      style,
    )
  }
}

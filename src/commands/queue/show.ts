import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderFields} from '../../lib/cli/render-fields.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT} from '../../lib/errors.ts'
import type {QueueSummary} from '../../lib/queue.ts'

/** One queue. */
export type QueueShowResult = QueueSummary

export default class QueueShow extends BaseCommand<typeof QueueShow, QueueShowResult> {
  static override summary = 'Show a queue.'
  static override examples = ['<%= config.bin %> <%= command.id %> support']
  static override args = {key: Args.string({name: 'KEY', description: 'The queue.', ignoreStdin: true})}
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<QueueShowResult> {
    const {describeQueue} = await import('../../lib/queue.ts')
    const {KEY} = await this.complete({KEY: this.args.key}, {KEY: this.choose.queue})
    const [portal, store] = [await this.portal(), await this.store()]
    return describeQueue(store, portal, KEY)
  }

  protected render(queue: QueueShowResult, style: Style): string {
    return renderFields(
      [
        ['Key', queue.key],
        ['Name', queue.name],
        ['Members', queue.members.join(', ') || null],
        ['Addresses', queue.addresses.join(', ') || null],
        ['Sender', queue.sender],
        ['Closed tickets', queue.closed],
        ['Added', queue.createdAt],
      ],
      style,
    )
  }
}

import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {confirmFlag} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The queue that is gone. */
export interface QueueRemoveResult {
  readonly key: string
  /** Tickets that went to the other queue. */
  readonly movedTickets: number
  readonly changed: boolean
}

export default class QueueRemove extends BaseCommand<typeof QueueRemove, QueueRemoveResult> {
  static override summary = 'Remove a queue that no address needs.'
  static override examples = ['<%= config.bin %> <%= command.id %> sales --move-tickets-to support --confirm sales']
  static override args = {key: Args.string({name: 'KEY', description: 'The queue.', ignoreStdin: true})}
  static override flags = {
    'move-tickets-to': Flags.string({helpValue: 'KEY', summary: 'The queue that its tickets go to.'}),
    ...confirmFlag('KEY'),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<QueueRemoveResult> {
    const {checkQueueRemoval, removeQueue} = await import('../../lib/queue.ts')
    const {KEY: key} = await this.complete({KEY: this.args.key}, {KEY: this.choose.queue})
    const [portal, store] = [await this.portal(), await this.store()]
    const moveTicketsTo = this.flags['move-tickets-to']
    await checkQueueRemoval(store.db, portal, key, moveTicketsTo)
    await this.confirmName(`the queue ${key}`, key, this.flags.confirm)
    const actor = {by: 'admin', now: this.clock.now()}
    return {key, ...(await removeQueue(store, portal, key, moveTicketsTo, actor)), changed: true}
  }

  protected render({key, movedTickets}: QueueRemoveResult): string {
    return `Queue ${key} removed${movedTickets > 0 ? `; ${movedTickets} of its tickets moved` : ''}.\n`
  }
}

import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {queueFlags} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'
import type {QueueSummary} from '../../lib/queue.ts'

/** The queue as it is now. */
export interface QueueUpdateResult {
  readonly queue: QueueSummary
  readonly changed: boolean
}

export default class QueueUpdate extends BaseCommand<typeof QueueUpdate, QueueUpdateResult> {
  static override summary = 'Change a queue.'
  static override description = '--member names all members: those left out are members no longer.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support --member ann@acme.example --closed new-after=14',
  ]
  static override args = {key: Args.string({name: 'KEY', description: 'The queue.', ignoreStdin: true})}
  static override flags = {
    ...queueFlags,
    'no-members': Flags.boolean({summary: 'Take all members out.', exclusive: ['member']}),
    'no-sender': Flags.boolean({summary: 'Name no sender.', exclusive: ['sender']}),
  }
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<QueueUpdateResult> {
    const {updateQueue} = await import('../../lib/queue.ts')
    const {givenFlags} = await import('../../lib/cli/given-flags.ts')
    const given = givenFlags(this.flags, ['name', 'member', 'no-members', 'sender', 'no-sender', 'closed'])
    const {KEY} = await this.complete({KEY: this.args.key}, {KEY: this.choose.queue})
    const [portal, store] = [await this.portal(), await this.store()]
    return updateQueue(
      store,
      portal,
      KEY,
      {
        ...(given.name === undefined ? {} : {name: given.name}),
        ...(given.closed === undefined ? {} : {closed: given.closed}),
        ...(given.member === undefined ? {} : {members: given.member}),
        ...(given['no-members'] ? {members: []} : {}),
        ...(given.sender === undefined ? {} : {sender: given.sender}),
        ...(given['no-sender'] ? {sender: null} : {}),
      },
      this.clock.now(),
    )
  }

  protected render({queue, changed}: QueueUpdateResult): string {
    return `Queue ${queue.key} ${changed ? 'changed' : 'is like that already'}.\n`
  }
}

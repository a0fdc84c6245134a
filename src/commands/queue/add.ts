import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ifNotExists, queueFlags} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'
import type {QueueSummary} from '../../lib/queue.ts'

/** The queue that was added, or was there. */
export interface QueueAddResult {
  readonly queue: QueueSummary
  readonly changed: boolean
}

export default class QueueAdd extends BaseCommand<typeof QueueAdd, QueueAddResult> {
  static override summary = 'Add a queue.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support --name "Support" --member ann@acme.example bob@acme.example',
    '<%= config.bin %> <%= command.id %> sales --closed new-after=14 --if-not-exists',
  ]
  static override args = {key: Args.string({name: 'KEY', description: 'Short name of the queue.', ignoreStdin: true})}
  static override flags = {...ifNotExists, ...queueFlags}
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<QueueAddResult> {
    const {addQueue} = await import('../../lib/queue.ts')
    const {checkKey} = await import('../../lib/portal.ts')
    const {name, member, sender, closed} = this.flags
    if (this.interactive) await this.portal() // before anybody types in vain
    const {KEY: key} = await this.complete(
      {KEY: this.args.key},
      {KEY: {message: 'Key of the queue (short, for scripts)', validate: checkKey}},
    )
    const [portal, store] = [await this.portal(), await this.store()]
    const result = await addQueue(
      store,
      portal,
      key,
      {
        ...(name === undefined ? {} : {name}),
        ...(member === undefined ? {} : {members: member}),
        ...(sender === undefined ? {} : {sender}),
        ...(closed === undefined ? {} : {closed}),
      },
      {ifNotExists: this.flags['if-not-exists'], now: this.clock.now()},
    )
    if (result.changed) {
      if (result.queue.members.length === 0) this.nextStep(`postdesk agent add --queue ${key} --portal ${portal.key}`)
      this.nextStep(`postdesk email add internal --queue ${key} --portal ${portal.key}`)
    }
    return result
  }

  protected render({queue, changed}: QueueAddResult): string {
    return `Queue ${queue.key} ${changed ? 'added' : 'is there already'}.\n`
  }
}

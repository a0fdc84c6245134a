import {BaseCommand} from '../../lib/cli/base-command.ts'
import {outboxIds} from '../../lib/cli/outbox-flags.ts'
import {renderOutbox} from '../../lib/cli/render-outbox.ts'
import type {Style} from '../../lib/cli/style.ts'
import {asAgent} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {OutboxChange} from '../../lib/outbox/items.ts'

/** The messages as they are now. */
export type OutboxRetryResult = OutboxChange

export default class OutboxRetry extends BaseCommand<typeof OutboxRetry, OutboxRetryResult> {
  static override summary = 'Send mail again that was refused, or of which nobody knows; what waits is due at once.'
  static override description =
    'Only those who did not get it get it. An unknown one may arrive twice: its receiver sees the same Message-ID. An address that was paused is tried again.'
  static override examples = ['<%= config.bin %> <%= command.id %> 17 18']
  static override args = outboxIds
  static override flags = asAgent
  static override changes = true
  static override exitCodes = [EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<OutboxRetryResult> {
    const {retryOutgoing} = await import('../../lib/outbox/items.ts')
    const words = this.args.id ?? this.refuseMissing(['ID'])
    const ids = words.map((word) => parseNumber('ID', word))
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const result = await retryOutgoing(store, portal, ids, {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
    if (result.changed) this.nextStep(`postdesk outbox send --portal ${portal.key}`)
    for (const {id, why} of result.unchanged) this.warning(`${id}: ${why}`)
    return result
  }

  protected render({items, changed}: OutboxRetryResult, style: Style): string {
    return `${renderOutbox(items, this.#timezone, style)}${changed ? '' : 'Nothing was changed.\n'}`
  }
}

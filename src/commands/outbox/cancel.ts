import {BaseCommand} from '../../lib/cli/base-command.ts'
import {outboxIds} from '../../lib/cli/outbox-flags.ts'
import {renderOutbox} from '../../lib/cli/render-outbox.ts'
import type {Style} from '../../lib/cli/style.ts'
import {asAgent} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {OutboxChange} from '../../lib/outbox/items.ts'

/** The messages as they are now. */
export type OutboxCancelResult = OutboxChange

export default class OutboxCancel extends BaseCommand<typeof OutboxCancel, OutboxCancelResult> {
  static override summary =
    'Never send mail that waits; what was refused or is unknown is listed no longer. It stays in its ticket.'
  static override examples = ['<%= config.bin %> <%= command.id %> 17 --as ann@acme.example']
  static override args = outboxIds
  static override flags = asAgent
  static override changes = true
  static override exitCodes = [EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<OutboxCancelResult> {
    const {cancelOutgoing} = await import('../../lib/outbox/items.ts')
    const words = this.args.id ?? this.refuseMissing(['ID'])
    const ids = words.map((word) => parseNumber('ID', word))
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const result = await cancelOutgoing(store, portal, ids, {
      now: this.clock.now(),
      ...(this.flags.as === undefined ? {} : {agent: this.flags.as}),
    })
    for (const {id, why} of result.unchanged) this.warning(`${id}: ${why}`)
    return result
  }

  protected render({items, changed}: OutboxCancelResult, style: Style): string {
    return `${renderOutbox(items, this.#timezone, style)}${changed ? '' : 'Nothing was changed.\n'}`
  }
}

import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {MOST_ITEMS} from '../../lib/cli/flags.ts'
import {nextPage} from '../../lib/cli/next-page.ts'
import {renderOutbox} from '../../lib/cli/render-outbox.ts'
import type {Style} from '../../lib/cli/style.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import type {OutboxItem} from '../../lib/outbox/items.ts'

/** Mail that waits to be sent, or was not. */
export interface OutboxListResult {
  /** The oldest first. */
  readonly items: readonly OutboxItem[]
  /** What `--after` takes for the next page; null where this is the last one. */
  readonly next: string | null
}

const STATES = ['queued', 'sending', 'unknown', 'failed', 'bounced'] as const

export default class OutboxList extends BaseCommand<typeof OutboxList, OutboxListResult> {
  static override summary = 'List mail that waits to be sent, was refused, or of which nobody knows, the oldest first.'
  static override description =
    'What was sent to everyone is told by ticket show. "unknown": the connection was lost before the server had answered; it may have arrived, and is not sent again by itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --state failed --state unknown --json',
  ]
  static override flags = {
    state: Flags.option({options: STATES, multiple: true})({summary: 'Only with a recipient in this state.'}),
    limit: Flags.integer({summary: 'At most so many.', min: 1, max: MOST_ITEMS, default: 50}),
    after: Flags.string({helpValue: 'CURSOR', summary: 'Go on behind this page: `next` of its result.'}),
  }
  #timezone = 'UTC'

  async run(): Promise<OutboxListResult> {
    const {pageOfOutbox} = await import('../../lib/outbox/items.ts')
    const {state, limit, after} = this.flags
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const page = await pageOfOutbox(store, portal, {
      ...(state === undefined ? {} : {states: state}),
      ...(after === undefined ? {} : {after: parseNumber('--after', after)}),
      limit,
    })
    if (page.next !== null) this.nextStep(nextPage('outbox list', this.argv, page.next))
    return page
  }

  protected render({items}: OutboxListResult, style: Style): string {
    return items.length === 0 ? 'Nothing waits in the outbox.\n' : renderOutbox(items, this.#timezone, style)
  }
}

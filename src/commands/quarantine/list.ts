import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {MOST_ITEMS} from '../../lib/cli/flags.ts'
import {formatBytes} from '../../lib/cli/format-bytes.ts'
import {localTime} from '../../lib/cli/local-time.ts'
import {nextPage} from '../../lib/cli/next-page.ts'
import {channelFlag, olderThanFlag, purgedFlag, reasonFlag, requestOf} from '../../lib/cli/quarantine-flags.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import {EXIT} from '../../lib/errors.ts'
import type {QuarantinePage} from '../../lib/quarantine-summary.ts'

/** What waits in the quarantine. */
export type QuarantineListResult = QuarantinePage

export default class QuarantineList extends BaseCommand<typeof QuarantineList, QuarantineListResult> {
  static override summary = 'List mail that could not become part of a ticket, the newest first.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --reason unknown-recipient --json',
    '<%= config.bin %> <%= command.id %> --purged',
  ]
  static override flags = {
    ...reasonFlag,
    ...channelFlag,
    ...olderThanFlag,
    ...purgedFlag,
    limit: Flags.integer({summary: 'At most so many.', min: 1, max: MOST_ITEMS, default: 50}),
    after: Flags.string({helpValue: 'CURSOR', summary: 'Go on behind this page: `next` of its result.'}),
  }
  static override exitCodes = [EXIT.notFound]
  #timezone = 'UTC'

  async run(): Promise<QuarantineListResult> {
    const {limit, after} = this.flags
    const [{pageOfQuarantine}, {resolveSelection}] = [
      await import('../../lib/quarantine-summary.ts'),
      await import('../../lib/quarantine-selection.ts'),
    ]
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const now = this.clock.now()
    const selection = await resolveSelection(store, portal, requestOf(this.flags), {now, whole: false})
    const page = await pageOfQuarantine(store, portal, selection, {
      ...(after === undefined ? {} : {below: parseNumber('--after', after)}),
      limit,
    })
    if (page.items.length > 0) this.nextStep(`postdesk quarantine show ${page.items[0]!.id}`)
    if (page.next !== null) this.nextStep(nextPage('quarantine list', this.argv, page.next))
    return page
  }

  protected render({items, counts, purged}: QuarantineListResult, style: Style): string {
    const gone = purged === 0 ? [] : [`${purged} purged (--purged lists them)`]
    if (items.length === 0) {
      const nothing = Object.keys(counts).length === 0 ? 'Nothing waits in the quarantine' : 'No mail fits'
      return `${[nothing, ...gone].join('; ')}.\n`
    }
    const time = localTime(this.#timezone)
    const table = renderTable(
      items,
      [
        {title: 'ID', value: (item) => item.id, right: true},
        {title: 'REASON', value: (item) => item.reason},
        {title: 'FROM', value: (item) => item.from, shrinks: true, from: 60},
        {title: 'SUBJECT', value: (item) => item.subject || '(no subject)', shrinks: true},
        {title: 'SIZE', value: (item) => formatBytes(item.size), right: true, from: 90},
        {title: 'RECEIVED', value: (item) => time(item.receivedAt), from: 76},
      ],
      style,
    )
    const total = Object.entries(counts).map(([reason, count]) => `${count} ${reason}`)
    return `${table}${style.colour.dim([...total, ...gone].join(', '))}\n`
  }
}

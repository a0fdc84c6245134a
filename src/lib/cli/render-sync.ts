/** The report of a sync as a person reads it. */
import type {FlushSummary} from '../outbox/send-outbox.ts'
import type {Counts, SyncReport} from '../sync.ts'
import {describeSent} from './render-outbox.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'
import {renderTable} from './table.ts'

export function renderSyncReport(report: SyncReport & {readonly outbox: FlushSummary | null}, style: Style): string {
  const lines: string[] = []
  for (const channel of report.channels) {
    const {colour} = style
    const mark = channel.error ? colour.red('✗') : colour.green('✓')
    const seconds = (channel.ms / 1000).toFixed(1)
    lines.push(
      `${mark} ${safeLine(channel.address)}: ${channel.error ? 'failed; ' : ''}${describe(channel, channel.error !== undefined)} in ${seconds} s${report.dryRun ? ' (dry run, nothing was changed)' : ''}`,
    )
    if (channel.assigned > 0)
      lines.push(`  ${channel.assigned} waiting ${channel.assigned === 1 ? 'ticket' : 'tickets'} found an owner`)
    const rows = Object.entries(channel.byAddress)
    if (rows.length > 0)
      lines.push(
        renderTable(
          rows,
          [
            {title: 'ADDRESS', value: ([address]) => address, shrinks: true},
            {title: 'SEEN', value: ([, counts]) => counts.seen, right: true},
            {title: 'NEW', value: ([, counts]) => counts.created, right: true},
            {title: 'APPENDED', value: ([, counts]) => counts.appended, right: true},
            {title: 'DUPLICATE', value: ([, counts]) => counts.duplicates, right: true},
            {title: 'QUARANTINED', value: ([, counts]) => counts.quarantined, right: true},
            {title: 'SKIPPED', value: ([, counts]) => counts.skipped, right: true},
          ],
          style,
        ).trimEnd(),
      )
  }
  const {outbox} = report
  if (outbox !== null && outbox.sent + outbox.failed + outbox.queued + outbox.unknown > 0)
    lines.push(`  Outbox: ${describeSent(outbox)}`)
  return `${lines.join('\n')}\n`
}

function describe(counts: Counts, failed: boolean): string {
  if (counts.seen === 0) return failed ? 'nothing was fetched' : 'nothing new'
  const words = [
    [counts.created, counts.created === 1 ? 'new ticket' : 'new tickets'],
    [counts.appended, 'added to tickets'],
    [counts.duplicates, 'here already'],
    [counts.quarantined, 'in the quarantine'],
    [counts.skipped, 'skipped'],
  ] as const
  const told = words.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return `${counts.seen} ${counts.seen === 1 ? 'message' : 'messages'} (${told.join(', ')})`
}

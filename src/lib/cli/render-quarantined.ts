/** Quarantined mail as a person reads it. */
import type {RetriedItem} from '../quarantine-retry.ts'
import type {QuarantineDetails} from '../quarantine-summary.ts'
import {formatBytes} from './format-bytes.ts'
import {localTime} from './local-time.ts'
import {renderFields} from './render-fields.ts'
import {safeLine, safeText} from './safe-text.ts'
import type {Style} from './style.ts'
import {renderTable} from './table.ts'
import {wrapText} from './wrap-text.ts'

const KEPT = {whole: 'the whole mail', header: 'its header', nothing: 'nothing of it'} as const

export function renderQuarantined(item: QuarantineDetails, timezone: string, style: Style): string {
  const {colour, width} = style
  const wrap = (text: string) => (width === null ? [text] : wrapText(text, width))
  const block = (lines: readonly string[]) => (lines.length > 0 ? [lines.map((line) => `${line}\n`).join('')] : [])
  const time = (instant: string) => `${localTime(timezone)(instant)} ${timezone}`
  const fields = renderFields(
    [
      ['Reason', item.reason],
      ['Why', item.why],
      ...(item.channel === null ? [] : [['Waits for', item.channel] as const]),
      ['Came by', `${item.source}, item ${item.item.epoch}/${item.item.key}`],
      ...(item.envelope === null ? [] : [['Recipients', item.envelope.recipients.join(', ')] as const]),
      ['Received', time(item.receivedAt)],
      ['Size', formatBytes(item.size)],
      ['Kept', KEPT[item.kept]],
      ...(item.keptUntil === null ? [] : [['Kept until', time(item.keptUntil)] as const]),
      ...(item.purgedAt === null ? [] : [['Purged', time(item.purgedAt)] as const]),
    ],
    style,
  )
  const headers = item.headers.flatMap(({name, value}) => wrap(safeLine(`${name}: ${value}`)))
  const text = item.text === null ? '' : safeText(item.text).replace(/^\n+/, '').trimEnd()
  const attachments = item.attachments.map(
    ({filename, contentType, size}) =>
      `+ ${safeLine(filename ?? '(no name)')} ${colour.dim(`${safeLine(contentType)}, ${formatBytes(size)}`)}`,
  )
  const fixes = item.fixes.flatMap(({text, command}) => [...wrap(text), ...(command ? [`  ${command}`] : [])])
  return [
    `${colour.bold(`Quarantined mail ${item.id}`)}\n${fields}`,
    ...block(headers.map((line) => colour.dim(line))),
    ...block(text === '' ? [] : wrap(text)),
    ...block(attachments),
    `What to do:\n${fixes.map((line) => `  ${line}\n`).join('')}`,
  ].join('\n')
}

/** Mails that are told one by one; of more only those are that stay, so many at most. */
const TOLD = 50

/** What became of mails that were tried again. */
export function renderRetried(
  {items, counts}: {readonly items: readonly RetriedItem[]; readonly counts: Readonly<Record<string, number>>},
  style: Style,
): string {
  if (items.length === 0) return 'There is nothing to try.\n'
  const told = items.length <= TOLD ? items : items.filter(({ticket}) => ticket === null).slice(0, TOLD)
  const table =
    told.length === 0
      ? ''
      : renderTable(
          told,
          [
            {title: 'ID', value: (item) => item.id, right: true},
            {title: 'OUTCOME', value: (item) => item.outcome},
            {title: 'TICKET', value: (item) => item.ticket, right: true},
            {title: 'WHY', value: (item) => item.reason, shrinks: true},
          ],
          style,
        )
  if (items.length <= TOLD) return table
  const sums = Object.entries(counts).map(([outcome, count]) => `${count} ${outcome}`)
  return `${table}${items.length} mails: ${sums.join(', ')}\n`
}

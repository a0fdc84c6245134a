/** A quarantined mail as a person reads it. */
import type {QuarantineDetails} from '../quarantine-summary.ts'
import {formatBytes} from './format-bytes.ts'
import {localTime} from './local-time.ts'
import {renderFields} from './render-fields.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'
import {wrapText} from './wrap-text.ts'

const KEPT = {whole: 'the whole mail', header: 'its header', nothing: 'nothing of it'} as const

export function renderQuarantined(item: QuarantineDetails, timezone: string, style: Style): string {
  const {colour, width} = style
  const wrap = (text: string) => (width === null ? [text] : wrapText(text, width))
  const fields = renderFields(
    [
      ['Reason', item.reason],
      ['Why', item.why],
      ...(item.channel === null ? [] : [['Waits for', item.channel] as const]),
      ['Came by', `${item.source}, item ${item.item.epoch}/${item.item.key}`],
      ...(item.envelope === null ? [] : [['Recipients', item.envelope.recipients.join(', ')] as const]),
      ['Received', `${localTime(timezone)(item.receivedAt)} ${timezone}`],
      ['Size', formatBytes(item.size)],
      ['Kept', KEPT[item.kept]],
    ],
    style,
  )
  const headers = item.headers.flatMap(({name, value}) => wrap(safeLine(`${name}: ${value}`)))
  const fixes = item.fixes.flatMap(({text, command}) => [...wrap(text), ...(command ? [`  ${command}`] : [])])
  return [
    `${colour.bold(`Quarantined mail ${item.id}`)}\n${fields}`,
    ...(headers.length > 0 ? [headers.map((line) => `${colour.dim(line)}\n`).join('')] : []),
    `What to do:\n${fixes.map((line) => `  ${line}\n`).join('')}`,
  ].join('\n')
}

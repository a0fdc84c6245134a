/** The value of `--since`: a date or a time; without a zone it is meant in the portal's. */
import type {Instant} from '../clock.ts'
import {invalidValue} from '../errors.ts'

const FORM = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?(Z|[+-]\d{2}:?\d{2})?$/i

/**
 * Reads `2026-03-01`, `2026-03-01T09:30`, the same with `Z` or an offset, or `all` (the beginning of time).
 * @throws 64 for anything else.
 */
export function parseSince(text: string, timezone: string): Instant {
  if (text === 'all') return new Date(0).toISOString()
  const [, date, time = '00:00', zone] = FORM.exec(text) ?? []
  const local = date === undefined ? Number.NaN : Date.parse(`${date}T${time}Z`)
  const absolute =
    zone === undefined ? local : Date.parse(`${date}T${time}${zone.replace(/(\d{2}):?(\d{2})/, '$1:$2')}`)
  // Date.parse takes the 31st of February for the 3rd of March; a date must come back as it was written.
  if (Number.isNaN(local) || Number.isNaN(absolute) || !new Date(local).toISOString().startsWith(date!))
    throw invalidValue(
      `--since ${JSON.stringify(text)}`,
      'write a date such as 2026-03-01, a time such as 2026-03-01T09:30, or all',
    )
  if (zone) return new Date(absolute).toISOString()
  // The offset of the zone at about that time; asked twice, because the first guess may lie on the other side of a change.
  const first = local - offsetOf(timezone, local)
  return new Date(local - offsetOf(timezone, first)).toISOString()
}

/** How far a zone is ahead of UTC at an instant, in ms. */
function offsetOf(timezone: string, instant: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant)
  const value = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)!.value)
  const shown = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  )
  return shown - Math.floor(instant / 1000) * 1000
}

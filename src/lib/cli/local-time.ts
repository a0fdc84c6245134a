/** Instants as a person of the portal's time zone reads them. */
import type {Instant} from '../clock.ts'

/** `2026-03-01 09:30`, which sorts as text and is read alike everywhere. */
export function localTime(timezone: string): (instant: Instant) => string {
  // The Swedish way of writing a date is that of ISO 8601.
  const format = new Intl.DateTimeFormat('sv-SE', {timeZone: timezone, dateStyle: 'short', timeStyle: 'short'})
  return (instant) => format.format(new Date(instant))
}

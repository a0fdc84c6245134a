/** `[day,] 1 Jul 2003 10:52[:37] [zone]`, with dashes or commas where they do not belong (RFC 5322 3.3 and 4.3). */
const DATE =
  /^\s*(?:[A-Za-z]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s,-]+(\d{2,4}),?\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?\s*(?:([+-]\d{2}):?(\d{2})|([A-Za-z]{1,5}))?/

const ISO_DATE = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$/

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Hours of the zones that RFC 5322 4.3 gives a meaning. All others mean UTC there. */
const ZONES: Readonly<Record<string, number>> = {EDT: -4, EST: -5, CDT: -5, CST: -6, MDT: -6, MST: -7, PDT: -7, PST: -8}

/** The instant of a Date field as ISO 8601 in UTC; null where it cannot be read. No zone means UTC (RFC 5322 3.3). */
export function readDate(value: string): string | null {
  if (ISO_DATE.test(value)) return isoOf(Date.parse(value))
  const match = DATE.exec(value)
  if (match === null) return null
  const [
    ,
    day = '',
    monthName = '',
    yearText = '',
    hour = '',
    minute = '',
    second = '0',
    zoneHours,
    zoneMinutes,
    zone,
  ] = match
  const month = MONTHS.indexOf(monthName.toLowerCase())
  if (month === -1) return null
  let year = Number(yearText)
  // RFC 5322 4.3: two digits from 50 on are of the last century, and three digits count from 1900.
  if (yearText.length === 2) year += year < 50 ? 2000 : 1900
  else if (yearText.length === 3) year += 1900
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null
  // 31 February would become 3 March.
  if (new Date(Date.UTC(year, month, Number(day))).getUTCDate() !== Number(day)) return null

  let offset = 0
  if (zoneHours !== undefined) {
    const sign = zoneHours.startsWith('-') ? -1 : 1
    offset = Number(zoneHours) * 60 + sign * Number(zoneMinutes)
  } else if (zone !== undefined) offset = (ZONES[zone.toUpperCase()] ?? 0) * 60
  return isoOf(Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second)) - offset * 60_000)
}

/** Years that a database and people can handle; a mail from elsewhere has no date. */
const YEARS = {first: 1970, last: 9999}

function isoOf(time: number): string | null {
  if (Number.isNaN(time)) return null
  const date = new Date(time)
  const year = date.getUTCFullYear()
  return year < YEARS.first || year > YEARS.last ? null : date.toISOString()
}

/** Invitations to meetings, as a calendar program sends them (RFC 5545, RFC 5546). */
import {decodeWords} from './words.ts'
import {MAX_CALENDAR_LINES} from './limits.ts'
import {readAddress} from './addresses.ts'
import type {Invitation} from './message.ts'
import type {Structure} from './structure.ts'
import type {TnefContent} from './tnef.ts'

/** A line of content (RFC 5545 3.1). */
interface Property {
  /** In upper case. */
  readonly name: string
  /** By name in upper case. */
  readonly parameters: ReadonlyMap<string, string>
  readonly value: string
}

/** Components that are something to be at or to do; the first of a calendar is what the mail is about. */
const SUBJECTS = new Set(['VEVENT', 'VTODO'])

/** Reads a calendar; null where there is neither an event nor a task in it. Never throws, linear in time. */
export function readInvitation(calendar: string): Invitation | null {
  const components: string[] = []
  const found = new Map<string, Property>()
  let method: string | null = null
  let seen = false
  for (const property of properties(calendar)) {
    const {name, value} = property
    const component = components.at(-1) ?? ''
    if (name === 'BEGIN') {
      const begun = value.trim().toUpperCase()
      // Of a series, the first component is the meeting itself, others are exceptions to it.
      if (SUBJECTS.has(begun) && seen) break
      seen ||= SUBJECTS.has(begun)
      components.push(begun)
    } else if (name === 'END') components.pop()
    else if (name === 'METHOD' && component === 'VCALENDAR') method ??= value.trim().toUpperCase()
    // What stands in an alarm within it is not of the meeting.
    else if (SUBJECTS.has(component) && !found.has(name)) found.set(name, property)
  }
  if (!seen) return null
  const text = (name: string) => {
    const value = found.get(name)?.value
    return value === undefined || value.trim() === '' ? null : unescape(value).trim()
  }
  const start = found.get('DTSTART')
  const end = found.get('DTEND') ?? found.get('DUE')
  return {
    method: method ?? null,
    summary: text('SUMMARY'),
    start: start === undefined ? null : momentOf(start),
    end: end === undefined ? null : momentOf(end),
    location: text('LOCATION'),
    organizer: organizerOf(found.get('ORGANIZER')),
    status: text('STATUS')?.toUpperCase() ?? null,
    description: text('DESCRIPTION'),
  }
}

/** The first entry of a calendar that the message brings. */
export function invitationOf(structure: Structure): Invitation | null {
  for (const {contentType, content} of structure.leaves) {
    if (content.kind === 'text') continue
    const {tnef, cms, excerpt} = content
    const isCalendar = contentType === 'text/calendar' || contentType === 'application/ics'
    const invitation =
      isCalendar && excerpt !== null
        ? readInvitation(excerpt)
        : tnef !== undefined
          ? meetingOf(tnef)
          : cms?.inner
            ? invitationOf(cms.inner)
            : null
    if (invitation !== null) return invitation
  }
  return null
}

/** Meetings as Outlook has them (MS-OXOCAL 2.2.5.2, 2.2.6.1), and as its forerunner had. */
const MEETING_METHODS: readonly (readonly [RegExp, string])[] = [
  [/^ipm\.(?:schedule\.meeting\.request|microsoft schedule\.mtgreq)/i, 'REQUEST'],
  [/^ipm\.(?:schedule\.meeting\.canceled|microsoft schedule\.mtgcncl)/i, 'CANCEL'],
  [/^ipm\.(?:schedule\.meeting\.resp|microsoft schedule\.mtgresp)/i, 'REPLY'],
]

function meetingOf({messageClass, subject, start, end, location, text}: TnefContent): Invitation | null {
  const method = MEETING_METHODS.find(([pattern]) => pattern.test(messageClass))?.[1]
  if (method === undefined) return null
  const summary = subject.trim() === '' ? null : subject
  return {method, summary, start, end, location, organizer: null, status: null, description: text}
}

/** What a person reads of an invitation that comes without any words. */
export function invitationText({method, summary, start, end, location, organizer, description}: Invitation): string {
  const what = METHODS[method ?? ''] ?? 'Calendar entry'
  const lines = [
    summary === null ? what : `${what}: ${summary}`,
    start === null ? null : `When: ${end === null ? start : `${start} to ${end}`}`,
    location === null ? null : `Where: ${location}`,
    organizer === null
      ? null
      : `Organizer: ${organizer.name === '' ? organizer.address : `${organizer.name} <${organizer.address}>`}`,
  ]
  return (
    [...lines.filter((line) => line !== null), ...(description === null ? [] : ['', description])].join('\n') + '\n'
  )
}

/** RFC 5546 1.4. */
const METHODS: Readonly<Record<string, string>> = {
  REQUEST: 'Invitation',
  CANCEL: 'Cancelled',
  REPLY: 'Answer to an invitation',
  COUNTER: 'Another time proposed',
  DECLINECOUNTER: 'Proposed time declined',
}

/** The lines of content, unfolded (RFC 5545 3.1): a line break and one white space are not part of the text. */
function* properties(calendar: string): Generator<Property> {
  const lines = calendar.replace(/\r?\n[ \t]/g, '').split(/\r?\n/, MAX_CALENDAR_LINES)
  for (const line of lines) {
    const property = readProperty(line)
    if (property !== null) yield property
  }
}

/** `NAME;PARAMETER=value;PARAMETER="va:lue":value`. */
function readProperty(line: string): Property | null {
  let quoted = false
  let colon = 0
  for (; colon < line.length && (quoted || line[colon] !== ':'); colon++) if (line[colon] === '"') quoted = !quoted
  if (colon === line.length) return null
  const [name = '', ...rest] = splitOutsideQuotes(line.slice(0, colon))
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const equals = parameter.indexOf('=')
    if (equals === -1) continue
    const key = parameter.slice(0, equals).trim().toUpperCase()
    if (!parameters.has(key)) parameters.set(key, parameter.slice(equals + 1).replaceAll('"', ''))
  }
  // A name may have its group in front (vCard, and what was made of it).
  return {
    name: name
      .slice(name.lastIndexOf('.') + 1)
      .trim()
      .toUpperCase(),
    parameters,
    value: line.slice(colon + 1),
  }
}

function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted
    else if (text[i] === ';' && !quoted) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** RFC 5545 3.3.11. */
function unescape(value: string): string {
  return value.replace(/\\([\\;,nN])/g, (_, char: string) => (char === 'n' || char === 'N' ? '\n' : char))
}

/** `20261103`, `20261103T100000` and the same in UTC (RFC 5545 3.3.4, 3.3.5). */
const MOMENT = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?)?$/

/** In ISO 8601: a day, an instant in UTC, or the time of a clock and behind it the name of its zone, as sent. */
function momentOf({value, parameters}: Property): string | null {
  const match = MOMENT.exec(value.trim())
  if (match === null) return null
  const [, year, month, day, hour, minute, second = '00', utc] = match
  if (hour === undefined) return `${year}-${month}-${day}`
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const zone = parameters.get('TZID')?.trim() ?? ''
  return utc === undefined ? (zone === '' ? time : `${time} ${zone}`) : `${time}Z`
}

/** ORGANIZER is a URI, its name a parameter (RFC 5545 3.8.4.3). */
function organizerOf(property: Property | undefined): Invitation['organizer'] {
  if (property === undefined) return null
  const address = readAddress(property.value.trim()) ?? readAddress(property.parameters.get('EMAIL')?.trim() ?? '')
  const name = decodeWords(property.parameters.get('CN') ?? '').trim()
  return address === null ? null : {name, address}
}

/** Who wrote the mail that somebody forwards. */
import type {Address, Forwarded} from './message.ts'
import {attributionEndingAt} from './reply/attribution.ts'
import {isDivider} from './reply/divider.ts'
import {headerBlockAt, notesBlockAt, type HeaderBlock} from './reply/header-block.ts'
import {MAX_LINES} from './reply/lines.ts'
import {MAX_COMPARED_CHARS, normalLine} from './reply/normal-line.ts'

/** Words before the subject of a forward, as mail programs of many languages write them. */
const FORWARD_MARK =
  /^\s*(?:\[[^\]]{0,60}\]\s*)?(?:fwd?|wg|tr|rv|enc|i|pd|vl|vb|doorst|ilt|i̇lt|转发|轉寄|轉發|chuyển tiếp|転送)\s*[:：]/iu

/** True for the subject of a mail that passes another one on. */
export const isForwardSubject = (subject: string): boolean => FORWARD_MARK.test(subject)

/**
 * Reads the header that mail programs write above a forwarded mail; null where the text has none, or where it names no
 * address. The first header counts: those below it are of mail that the forwarded one quotes.
 */
export function readForwarded(text: string): Forwarded | null {
  // Apple Mail quotes what it forwards.
  const lines = text
    .split(/\r\n?|\n/, MAX_LINES)
    .map((line) => normalLine(line.slice(0, MAX_COMPARED_CHARS).replace(/^[\s>]+/, '')))
  for (let at = 0; at < lines.length; at++) {
    const announced = isDivider(lines[at] ?? '')
    const start = announced ? nextWords(lines, at + 1) : at
    const header = headerBlockAt(lines, start, announced) ?? notesBlockAt(lines, start)
    if (header !== null) return forwardedOf(header)
    if (announced) return attributed(lines, start)
  }
  return null
}

function nextWords(lines: readonly string[], from: number): number {
  let at = from
  while (lines[at] === '') at++
  return at
}

function forwardedOf({values}: HeaderBlock): Forwarded | null {
  const from = readSender(values.get('from') ?? '')
  if (from === null) return null
  const valueOf = (name: 'subject' | 'date') => {
    const value = values.get(name)
    return value === undefined || value === '' ? null : value
  }
  return {from, subject: valueOf('subject'), date: valueOf('date')}
}

/** Lines below a divider in which an attribution ends that stands there for a header (Yandex, Proton). */
const MAX_ATTRIBUTION_LINES = 4

function attributed(lines: readonly string[], start: number): Forwarded | null {
  for (let at = start; at < start + MAX_ATTRIBUTION_LINES; at++) {
    const attribution = attributionEndingAt(lines, at, start)
    if (attribution === null) continue
    const from = readSender(lines.slice(attribution.from, attribution.to).join(' ').replace(BEFORE_NAME, ''))
    return from === null ? null : {from, subject: null, date: null}
  }
  return null
}

/** A date before a name: everything up to the last comma, or up to the last word with a digit. */
const BEFORE_NAME = /^[^<@]*?(?:\d[^<@]*,|\d\S*) (?=[^\d<@,]*<)/u

/** An address in text: what RFC 5322 calls a dot-atom, also of RFC 6531, at a domain. */
const ADDRESS = /[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,253}[\p{L}\p{N}])?/u

/**
 * The name and the address of a From line as mail programs write it: `Anna <anna@example.org>`,
 * `"Anna" [mailto:anna@example.org]`, `*Anna* <[anna@example.org](mailto:anna@example.org)>`, `anna@example.org (Anna)`.
 */
function readSender(value: string): Address | null {
  const line = value.slice(0, MAX_COMPARED_CHARS)
  const plain = line.replaceAll(/mailto:/gi, '')
  const match = ADDRESS.exec(plain)
  if (match === null) return null
  const address = match[0].replace(/^['`*_|]+/, '')
  const at = address.lastIndexOf('@')
  // The domain does not distinguish case, the local part may (RFC 5321 2.4).
  const canonical = address.slice(0, at + 1) + address.slice(at + 1).toLowerCase()
  const before = nameOf(plain.slice(0, match.index))
  const comment = /^[^(]{0,80}\(([^()]{1,80})\)/.exec(plain.slice(match.index + match[0].length))?.[1] ?? ''
  return {name: before !== '' || comment.includes('@') ? before : nameOf(comment), address: canonical}
}

/** A name without its quotes, and without the marks of bold text and links. */
function nameOf(words: string): string {
  return words
    .replaceAll('*', '')
    .replaceAll(/[<>[\]()"“”„«»]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[\s'‘’,;:|]+|[\s'‘,;:|]+$/gu, '')
}

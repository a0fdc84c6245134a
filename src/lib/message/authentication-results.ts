import type {Field} from './message.ts'

/** One result of an Authentication-Results field, such as `dkim=pass header.d=example.com` (RFC 8601 2.2). */
export interface AuthenticationResult {
  /** In lower case: `dmarc`, `dkim`, `spf`. */
  readonly method: string
  /** In lower case: `pass`, `fail`, `none`. */
  readonly result: string
  /** By `ptype.property` in lower case, such as `header.from`; the first of a repeated one counts. */
  readonly properties: ReadonlyMap<string, string>
  /**
   * True where no stranger can have written it. Of the others only a failure may be believed, which nobody forges
   * against himself.
   */
  readonly certain: boolean
}

/** Fields of the trusted server that are read. It writes one, or one for each of its filters. */
const MAX_TRUSTED_FIELDS = 20

/** Results read of all of them together: a mail has a few signatures, each is one result. */
const MAX_RESULTS = 100

/** Characters read of a field. One with five signatures has a thousand; the header as a whole is bounded elsewhere. */
const MAX_FIELD_LENGTH = 16 * 1024

/**
 * What the server named by `trustedId` says of the mail. Anyone can write such a field into his mail, so it counts by who
 * wrote it and where it stands (RFC 8601 5, 7.1); never throws, takes linear time.
 *
 * - Only fields with exactly that authserv-id, in any case of its letters.
 * - Above the topmost Received line only our own servers have written: what stands there is certain. A mail without any
 *   Received line passed no server, so whoever put it into the mailbox wrote it.
 * - Filters of a server write below its own Received line, where a sender's forgery would stand as well if the server
 *   failed to remove it. There, down to the Received line of whoever sent to it, failures are read as well, uncertain.
 * - Everything below came with the mail.
 *
 * ARC-Authentication-Results are not read: what a stranger sealed says no more than that stranger.
 */
export function readAuthenticationResults(
  fields: readonly Field[],
  trustedId: string,
): readonly AuthenticationResult[] {
  const {certain, uncertain} = trustedRange(fields, trustedId)
  const results: AuthenticationResult[] = []
  let taken = 0
  for (const [index, field] of fields.slice(0, uncertain).entries()) {
    if (field.name !== 'authentication-results' || taken >= MAX_TRUSTED_FIELDS) continue
    const said = readField(field.value, trustedId, index < certain)
    if (said === null) continue
    taken++
    results.push(...said.filter((result) => result.certain || result.result === 'fail'))
  }
  return results.slice(0, MAX_RESULTS)
}

/** How many fields, from the topmost, no stranger can have written, and how many only an unfiltered one can. */
function trustedRange(
  fields: readonly Field[],
  trustedId: string,
): {readonly certain: number; readonly uncertain: number} {
  const received = fields.flatMap(({name}, index) => (name === 'received' ? [index] : []))
  const topmost = received[0]
  if (topmost === undefined) return {certain: fields.length, uncertain: fields.length}
  // Servers of ours may stand above the one that is named. Without its name in a line, the topmost is taken for its own.
  const own = received.findIndex((index) => isWrittenBy(fields[index]!.value, trustedId))
  return {certain: topmost, uncertain: received[Math.max(own, 0) + 1] ?? fields.length}
}

/** Whether the `by` of a Received line (RFC 5321 4.4) names the server, or a host of the domain that is its id. */
function isWrittenBy(received: string, trustedId: string): boolean {
  const words = received
    .slice(0, MAX_FIELD_LENGTH)
    .toLowerCase()
    .split(/[ \t;]+/)
  return words.some((word, index) => words[index - 1] === 'by' && isHostOf(word, trustedId.toLowerCase()))
}

const isHostOf = (host: string, domain: string) => host === domain || host.endsWith(`.${domain}`)

// Syntax --------------------------------------------------------------------------------------------------------------

/** Letters, digits and dashes (RFC 5321 Keyword), a version after a slash, and the result (RFC 8601 2.2 methodspec). */
const METHOD = /[ \t]*([a-z0-9-]+)[ \t]*(?:\/[ \t]*(\d{1,9})[ \t]*)?=[ \t]*([a-z0-9-]+)(?=[ \t]|$)/iy

/** `ptype.property =`. Some servers write properties with underscores. */
const PROPERTY = /[ \t]+([a-z0-9-]+)[ \t]*\.[ \t]*([a-z0-9_-]+)[ \t]*=[ \t]*/iy

/** A value: words and quoted strings up to white space, such as `"a b"@example.com`. Taken also where it is no token. */
const VALUE = /(?:"(?:[^"\\]|\\.)*"|[^ \t"])+/y

/** Something between properties that is none, such as `reason="…"`, or Microsoft's `action=none`. */
const WORD = /[ \t]+(?:"(?:[^"\\]|\\.)*"|[^ \t"])+/y

/** The authserv-id, and the version of the syntax (RFC 8601 2.2). */
const AUTHSERV_ID = /^[ \t]*((?:"(?:[^"\\]|\\.)*"|[^ \t"])+)(?:[ \t]+(\d{1,9}))?[ \t]*$/

/** The results of one field; null where it is not the trusted server's, or cannot be read. */
function readField(text: string, trustedId: string, certain: boolean): readonly AuthenticationResult[] | null {
  if (text.length > MAX_FIELD_LENGTH) return null
  const [first, ...segments] = splitSegments(text) ?? []
  const [, id, version = '1'] = AUTHSERV_ID.exec(first ?? '') ?? []
  if (id === undefined || version !== '1' || !equalInAscii(unquote(id), trustedId)) return null
  return segments.flatMap((segment) => readResult(segment, certain) ?? [])
}

/**
 * Splits at semicolons outside quotes and comments; a comment becomes a space (RFC 5322 3.2.2). Null where a quote or a
 * comment is not closed: then nobody can tell what is said and what is quoted. One pass over the characters.
 */
function splitSegments(text: string): readonly string[] | null {
  const segments: string[] = []
  let current = ''
  let quoted = false
  let comment = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (comment > 0) {
      if (char === '\\') i++
      else if (char === '(') comment++
      else if (char === ')' && --comment === 0) current += ' '
    } else if (quoted) {
      current += char
      if (char === '\\' && i + 1 < text.length) current += text[++i]!
      else if (char === '"') quoted = false
    } else if (char === '(') comment = 1
    else if (char === ';') {
      segments.push(current)
      current = ''
    } else {
      quoted = char === '"'
      current += char
    }
  }
  return quoted || comment > 0 ? null : [...segments, current]
}

function readResult(segment: string, certain: boolean): AuthenticationResult | null {
  METHOD.lastIndex = 0
  const [, method, version = '1', result] = METHOD.exec(segment) ?? []
  if (method === undefined || result === undefined || version !== '1') return null
  const properties = new Map<string, string>()
  let at = METHOD.lastIndex
  while (at < segment.length) {
    PROPERTY.lastIndex = at
    const property = PROPERTY.exec(segment)
    VALUE.lastIndex = PROPERTY.lastIndex
    const value = property === null ? null : VALUE.exec(segment)
    if (property !== null && value !== null) {
      const name = `${property[1]!}.${property[2]!}`.toLowerCase()
      if (!properties.has(name)) properties.set(name, unquote(value[0]))
      at = VALUE.lastIndex
      continue
    }
    WORD.lastIndex = at
    if (!WORD.test(segment)) break
    at = WORD.lastIndex
  }
  return {method: method.toLowerCase(), result: result.toLowerCase(), properties, certain}
}

/** Quoted strings without their quotes and backslashes (RFC 5322 3.2.4). */
function unquote(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)"/g, (_, content: string) => content.replace(/\\(.)/g, '$1'))
}

/** Equal but for the case of A to Z. A letter whose lower case is one of these, such as the Kelvin sign, is another one. */
function equalInAscii(a: string, b: string): boolean {
  return a.length === b.length && !/[^\0-\x7f]/.test(a) && a.toLowerCase() === b.toLowerCase()
}

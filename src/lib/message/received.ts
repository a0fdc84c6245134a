/** The way that a mail took, told by the trace fields that each server wrote above those before it (RFC 5321 4.4). */
import type {Instant} from '../clock.ts'
import {readDate} from './date.ts'
import type {Field} from './message.ts'

/** What one server says of how it got the mail. All of it is the word of that server, or of whoever forged it. */
export interface Hop {
  /** What the client called itself; null where it is not told. */
  readonly from: string | null
  /** The address of the client, as the server saw it; null where it is not told. */
  readonly ip: string | null
  /** The server that wrote the field; null where it is not told. */
  readonly by: string | null
  /** Such as `ESMTPS`, or a few words of another kind. */
  readonly with: string | null
  /** When, by the clock of that server; null where it cannot be read. */
  readonly at: Instant | null
  /**
   * Milliseconds since the hop before it that tells a time. Negative where one of both clocks is wrong; null for the first
   * one, and where it tells no time.
   */
  readonly delayMs: number | null
}

/** Hops read: "at least 100" is where a loop begins (RFC 5321 6.3). */
const MAX_HOPS = 100

/** Characters read of a field. Exchange writes some 400 of them. */
const MAX_FIELD_LENGTH = 4096

/** Characters kept of what a server calls itself, or says it speaks: a domain has 255 (RFC 1035 2.3.4). */
const MAX_WORD_LENGTH = 255

/** The way of a mail, in the order in which it was taken. Never throws, takes linear time. */
export function readHops(fields: readonly Field[]): readonly Hop[] {
  const received = fields.filter(({name}) => name === 'received').slice(0, MAX_HOPS)
  let last: Instant | null = null
  return received.toReversed().map(({value}) => {
    const hop = readHop(value)
    const delayMs = hop.at === null || last === null ? null : Date.parse(hop.at) - Date.parse(last)
    last = hop.at ?? last
    return {...hop, delayMs}
  })
}

/** The names of the clauses (RFC 5321 4.4 Stamp); each counts once, since the words of others may be such words, too. */
const CLAUSES = new Set(['from', 'by', 'via', 'with', 'id', 'for'])

function readHop(value: string): Omit<Hop, 'delayMs'> {
  const {tokens, date} = tokensOf(value.slice(0, MAX_FIELD_LENGTH))
  const clauses = new Map<string, {readonly words: string[]; readonly comments: string[]}>()
  let clause = ''
  for (const {kind, text} of tokens) {
    const name = text.toLowerCase()
    if (kind === 'word' && CLAUSES.has(name) && !clauses.has(name)) {
      clause = name
      clauses.set(name, {words: [], comments: []})
    } else clauses.get(clause)?.[kind === 'word' ? 'words' : 'comments'].push(text)
  }
  const firstWord = (name: string) => clauses.get(name)?.words[0]?.slice(0, MAX_WORD_LENGTH) ?? null
  const {words = [], comments = []} = clauses.get('from') ?? {}
  return {
    from: firstWord('from'),
    // RFC 5321 4.4 TCP-info: behind the name, in brackets within a comment. Some leave the brackets out, or say HELO there.
    ip: addressIn(comments) ?? addressIn(words.slice(0, 1)),
    by: firstWord('by'),
    with: clauses.get('with')?.words.join(' ').slice(0, MAX_WORD_LENGTH) ?? null,
    at: readDate(date),
  }
}

interface Token {
  readonly kind: 'word' | 'comment'
  readonly text: string
}

/** Words and comments (RFC 5322 3.2.2) up to the last semicolon that is in no comment, and the date behind it. */
function tokensOf(value: string): {readonly tokens: readonly Token[]; readonly date: string} {
  const tokens: Token[] = []
  let semicolon = value.length
  let before = 0
  let depth = 0
  let current = ''
  const end = (kind: Token['kind']) => {
    if (current !== '') tokens.push({kind, text: current})
    current = ''
  }
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!
    if (depth > 0) {
      if (char === '\\') current += value[++at] ?? ''
      else if (char === '(') depth++
      else if (char === ')' && --depth === 0) end('comment')
      else current += char
    } else if (char === '(') {
      end('word')
      depth = 1
    } else if (char === ';') {
      end('word')
      semicolon = at
      before = tokens.length
    } else if (char === ' ' || char === '\t') end('word')
    else current += char
  }
  end(depth > 0 ? 'comment' : 'word')
  const hasDate = semicolon < value.length
  return {tokens: hasDate ? tokens.slice(0, before) : tokens, date: value.slice(semicolon + 1)}
}

const BRACKETED = /\[(?:IPv6:)?([0-9a-f.:]{2,45})\]/i
const IPV4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/
const IPV6 = /(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/i

/** The first address literal in these texts. */
function addressIn(texts: readonly string[]): string | null {
  const found = (pattern: RegExp) => {
    for (const text of texts) {
      const match = pattern.exec(text)
      if (match) return match[1] ?? match[0]
    }
    return null
  }
  return found(BRACKETED) ?? found(IPV4) ?? found(IPV6)
}

/**
 * Address lists (RFC 5322 3.4, and the obsolete and plainly wrong forms that mail has). The text is taken apart before
 * anything in it is decoded: what an encoded word or a quoted string says can be a name, never an address.
 */
import {MAX_ADDRESSES} from './limits.ts'
import type {Address} from './message.ts'
import {decodeWords, encodedWordEnd} from './words.ts'

/** A piece of an entry of the list. */
interface Piece {
  readonly kind: 'atom' | 'quoted' | 'comment'
  /** Quotes, backslashes and parentheses removed. */
  readonly text: string
  /** As it stands. */
  readonly raw: string
  /** True where white space stands before it. */
  readonly apart: boolean
}

/** An entry that is being read. */
interface Entry {
  pieces: Piece[]
  /** True where one of the pieces has an `@`. */
  hasAt: boolean
  /** What stands in angle brackets, null where there are none. */
  route: string | null
  /** How many pieces stand before it. */
  piecesBefore: number
}

const newEntry = (): Entry => ({pieces: [], hasAt: false, route: null, piecesBefore: 0})

/**
 * The mailboxes of a field, members of groups among them, in order. Entries without an address are left out; one that
 * stands before a name in the same list is the part of that name before an unquoted comma (`Doe, John <john@…>`).
 * Reading stops beyond `MAX_ADDRESSES`: one more than those tells that there are more.
 */
export function readAddresses(value: string): readonly Address[] {
  const addresses: Address[] = []
  let entry = newEntry()
  /** Names that were cut off by an unquoted comma. */
  let before = ''
  const finish = (isComma: boolean) => {
    const found = addressesOf(entry, before)
    if (found.length > 0) before = ''
    else if (isComma && entry.route === null) {
      const name = nameOf(entry.pieces)
      before = name === '' || before.length > MAX_NAME_LENGTH ? before : before === '' ? name : `${before}, ${name}`
    } else before = ''
    addresses.push(...found)
    entry = newEntry()
  }

  const lastQuote = value.lastIndexOf('"')
  const lastParenthesis = value.lastIndexOf(')')
  const lastSemicolon = value.lastIndexOf(';')
  let apart = false
  let i = 0
  while (i < value.length && addresses.length <= MAX_ADDRESSES) {
    const char = value[i]!
    switch (char) {
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        apart = true
        i++
        continue
      case ',':
      case ';':
        finish(char === ',')
        i++
        break
      case ':':
        // A group (RFC 5322 3.4) is closed by a semicolon; elsewhere a colon is a character of a name.
        if (i < lastSemicolon && entry.route === null && !entry.hasAt) {
          entry = newEntry()
          before = ''
        } else if (entry.pieces.at(-1)?.raw.toLowerCase() === 'mailto') entry.pieces.pop()
        else entry.pieces.push({kind: 'atom', text: char, raw: char, apart})
        i++
        break
      case '<': {
        if (entry.route !== null) {
          // A second address without a comma between; what stands between the two is its name.
          const between = entry.pieces.splice(entry.piecesBefore)
          finish(false)
          entry.pieces = between
        }
        const end = endOfRoute(value, i + 1)
        entry.piecesBefore = entry.pieces.length
        entry.route = value.slice(i + 1, end).replace(/^[<\s]+/, '')
        i = value[end] === '>' ? end + 1 : end
        break
      }
      case '>':
        i++
        break
      case '"':
        if (i < lastQuote) {
          const {text, end} = readEnclosed(value, i, '"')
          entry.pieces.push({kind: 'quoted', text, raw: value.slice(i, end), apart})
          i = end
        } else i++
        break
      case '(':
        if (i < lastParenthesis) {
          const {text, end} = readEnclosed(value, i, ')')
          entry.pieces.push({kind: 'comment', text, raw: value.slice(i, end), apart})
          i = end
        } else {
          entry.pieces.push({kind: 'atom', text: char, raw: char, apart})
          i++
        }
        break
      default: {
        const end = endOfAtom(value, i)
        const raw = value.slice(i, end)
        entry.pieces.push({kind: 'atom', text: raw, raw, apart})
        entry.hasAt ||= raw.includes('@')
        i = end
      }
    }
    apart = false
  }
  finish(false)
  return addresses.slice(0, MAX_ADDRESSES + 1)
}

/** Names that are put together of more than this are no names: a long list of words without any address. */
const MAX_NAME_LENGTH = 998

/** The first character after an atom, which may hold encoded words and a domain literal. */
function endOfAtom(value: string, start: number): number {
  let i = start
  while (i < value.length) {
    const char = value[i]!
    if (char === '=' && value[i + 1] === '?') {
      const end = encodedWordEnd(value, i)
      if (end !== null) {
        i = end
        continue
      }
    }
    if (char === '[') {
      LITERAL.lastIndex = i
      if (LITERAL.test(value)) {
        i = LITERAL.lastIndex
        continue
      }
    }
    if (i > start && SPECIAL.has(char)) break
    i++
  }
  return i
}

/** What ends an atom (RFC 5322 3.2.3), and white space. */
const SPECIAL: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n', ',', ';', ':', '<', '>', '"', '('])

/** A domain literal (RFC 5321 4.1.3) at one place: an IPv6 address with its tag has 45 characters. */
const LITERAL = /\[[\w:.-]{1,60}\]/y

/** The place of the `>` that closes an angle bracket, or of what shows that it is missing. */
function endOfRoute(value: string, start: number): number {
  let quoted = false
  let hasAt = false
  for (let i = start; i < value.length; i++) {
    const char = value[i]!
    if (quoted) {
      if (char === '\\') i++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '>' || (char === '<' && i > start)) return i
    // RFC 5322 4.4: commas stand in a route, which ends with a colon; after the address, one begins the next.
    else if (char === ',' && hasAt && value[start] !== '@') return i
    else if (char === '@') hasAt = true
  }
  return value.length
}

/** A quoted string, or a comment with those within it: its text without quotes and backslashes. */
function readEnclosed(value: string, start: number, closing: '"' | ')'): {text: string; end: number} {
  let text = ''
  let depth = 1
  let i = start + 1
  for (; i < value.length; i++) {
    const char = value[i]!
    if (char === '\\' && i + 1 < value.length) text += value[++i]!
    else if (char === closing && --depth === 0) return {text, end: i + 1}
    else {
      if (char === '(' && closing === ')') depth++
      text += char
    }
  }
  return {text, end: i}
}

function addressesOf({pieces, route}: Entry, before: string): Address[] {
  if (route !== null) {
    const address = readAddress(route)
    if (address === null) return []
    const name = nameOf(pieces)
    return [{name: before === '' ? name : name === '' ? before : `${before}, ${name}`, address}]
  }
  const found: string[] = []
  const rest: Piece[] = []
  for (const joined of joinAtSigns(pieces)) {
    const address = joined.kind === 'atom' && joined.raw.includes('@') ? readAddress(joined.raw) : null
    if (address === null) rest.push(joined)
    else found.push(address)
  }
  // RFC 5322 3.4: a name may stand as a comment behind the address. Of several addresses, none is known to own it.
  const name = found.length === 1 ? nameOf(rest) : ''
  return found.map((address) => ({name, address}))
}

/** Puts together what was taken apart at quotes, and at spaces around an `@` and dots: `"a b"@host`, `a @ host . net`. */
function joinAtSigns(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    const belongs =
      last !== undefined &&
      last.kind !== 'comment' &&
      piece.kind === 'atom' &&
      last.raw.length <= MAX_ADDRESS_LENGTH &&
      ((last.kind === 'atom' && /(?:@| \.)$/.test(last.raw)) || piece.raw === '.' || piece.raw.startsWith('@'))
    if (!belongs) joined.push(piece)
    else {
      const raw = last.raw + (piece.raw === '.' ? ' .' : piece.raw)
      joined[joined.length - 1] = {...last, kind: 'atom', text: raw, raw}
    }
  }
  return joined
}

/** The name that pieces make, decoded, on one line. */
function nameOf(pieces: readonly Piece[]): string {
  const names = pieces.some(({kind}) => kind !== 'comment')
  let text = ''
  for (const piece of pieces) {
    const shown = piece.kind === 'comment' && names ? `(${piece.text})` : piece.text
    text += text !== '' && (piece.apart || piece.kind === 'comment') ? ` ${shown}` : shown
  }
  const name = decodeWords(text).replace(/\s+/g, ' ').trim()
  // Programs that encode the quotes with the name.
  return /^"[^"]+"$/.test(name) || /^'[^']+'$/.test(name) ? name.slice(1, -1).trim() : name
}

/** `local@domain`; the local part is a word or a quoted string, as sent (RFC 5322 3.4.1, RFC 6532 3.2). */
const ADDRESS = /^("(?:[^"\\]|\\.)+"|[^\s@"<>()[\]\\,;:]+)@(\[[\w:.-]+\]|[^\s@"<>()[\]\\,;:!?=*|{}]+)$/s

/** RFC 5321 4.5.3.1: 64 and 255; some programs have longer local parts in what they send themselves. */
const MAX_ADDRESS_LENGTH = 998

/**
 * The address that a text is, its domain in lower case (RFC 5321 2.4); null where it is none. A route before it is
 * ignored (RFC 5322 4.4), as is white space around the `@` and dots, comments, and `mailto:`.
 */
export function readAddress(text: string): string | null {
  if (text.length > MAX_ADDRESS_LENGTH) return null
  const bare = text
    .replace(/^@[^:]*:/, '')
    .replace(/^mailto:/i, '')
    .replace(/\([^()]*\)/g, '')
    .trim()
    .replace(/(?<![\s.@])\s+(?=[.@])/g, '')
    .replace(/([.@])\s+/g, '$1')
  const match = ADDRESS.exec(bare)
  const domain = match?.[2]?.replace(/\.+$/, '').toLowerCase() ?? ''
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return domain === '' || /[\u0000-\u001f\u007f-\u009f]/.test(bare) ? null : `${match![1]}@${domain}`
}

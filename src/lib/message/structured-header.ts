import {decodeCharset} from './charset.ts'

/** A value with parameters, as Content-Type and Content-Disposition have them (RFC 2045 5.1, RFC 2183 2). */
export interface StructuredHeader {
  /** The value in lower case, without parameters and comments. */
  readonly value: string
  /** Parameters by name in lower case, pieces joined and decoded (RFC 2231). The first of a repeated one counts. */
  readonly parameters: ReadonlyMap<string, string>
}

/** `name*3*`: a name, the number of a piece, and whether it is percent-encoded (RFC 2231 3 and 4). */
const EXTENDED_NAME = /^([^*]+)\*(?:(\d{1,4})(\*)?)?$/

interface Piece {
  readonly number: number
  readonly text: string
  readonly encoded: boolean
}

/**
 * Reads a header value with parameters. Takes what real mail does: semicolons that are missing, junk after quotes.
 * Never throws, takes linear time.
 */
export function readStructuredHeader(text: string): StructuredHeader {
  const parameters = new Map<string, string>()
  const pieces = new Map<string, Piece[]>()
  const [first, ...segments] = splitSegments(text)
  const words = (first?.text ?? '').trim()
  // `text/html charset=utf-8`: the semicolon after the value is missing.
  const space = words.search(/[\s,]/)
  const value = (space === -1 ? words : words.slice(0, space)).toLowerCase()
  if (first !== undefined && first.equals > space && space !== -1) {
    const name = 1 + Math.max(...[' ', '\t', ','].map((end) => words.lastIndexOf(end, first.equals)))
    segments.unshift({text: words.slice(name), equals: first.equals - name})
  }

  for (const {text: segment, equals} of segments) {
    if (equals === -1) continue
    const name = segment.slice(0, equals).trim().toLowerCase()
    const content = segment.slice(equals + 1)
    const extended = name.includes('*') ? EXTENDED_NAME.exec(name) : null
    if (extended?.[1] === undefined) {
      if (name !== '' && !parameters.has(name)) parameters.set(name, content)
      continue
    }
    const list = pieces.get(extended[1]) ?? []
    pieces.set(extended[1], list)
    const number = Number(extended[2] ?? 0)
    // A name without a number is encoded by its star alone: `filename*=utf-8''a` (RFC 2231 4).
    list.push({number, text: content, encoded: extended[2] === undefined || extended[3] !== undefined})
  }
  // Where both forms are given, the extended one says more; the plain one is there for old readers (RFC 6266 4.3).
  for (const [name, list] of pieces) parameters.set(name, joinPieces(list))
  return {value, parameters}
}

interface Segment {
  /** Comments removed, quotes resolved. */
  readonly text: string
  /** Position in `text` of the first `=` outside quotes, -1 where there is none. */
  readonly equals: number
}

/** Splits at semicolons outside quotes and comments. One pass over the characters. */
function splitSegments(text: string): Segment[] {
  const segments: Segment[] = []
  let current = ''
  let equals = -1
  let quoted = false
  // Set once a quoted value is closed: what follows up to the semicolon is junk (RFC 2045 5.1: a token or a quoted string).
  let closed = false
  let comment = 0
  // A comment that is never closed is none: its text may be all there is of a value.
  const lastParenthesis = text.lastIndexOf(')')
  // Spaces around the value are padding, spaces within quotes are not.
  const finish = () => {
    segments.push({text: closed ? current : current.trimEnd(), equals})
    current = ''
    equals = -1
    closed = false
  }
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (comment > 0) {
      if (char === '\\') i++
      else if (char === '(') comment++
      else if (char === ')') comment--
    } else if (quoted) {
      if (char === '\\' && i + 1 < text.length) current += text[++i]!
      else if (char === '"') {
        quoted = false
        closed = true
      } else current += char
    } else if (char === ';') finish()
    else if (closed) continue
    else if (char === '"') quoted = true
    else if (char === '(' && i < lastParenthesis) comment = 1
    else if (char === '=' && equals === -1) {
      current = current.trim()
      equals = current.length
      current += char
    } else if ((char === ' ' || char === '\t') && current.length === equals + 1) continue
    else current += char
  }
  finish()
  return segments
}

/** Joins the pieces of a parameter in the order of their numbers (RFC 2231 3, 4.1). */
function joinPieces(pieces: Piece[]): string {
  pieces.sort((a, b) => a.number - b.number)
  let charset = 'utf-8'
  let result = ''
  // Neighbouring encoded pieces are decoded together: a character may be split between them.
  let bytes: Buffer[] = []
  const flush = () => {
    if (bytes.length > 0) result += decodeCharset(Buffer.concat(bytes), charset).text
    bytes = []
  }
  for (const [index, piece] of pieces.entries()) {
    // Of a number that stands twice, the first counts, as it does of a parameter.
    if (index > 0 && piece.number === pieces[index - 1]!.number) continue
    if (!piece.encoded) {
      flush()
      result += piece.text
      continue
    }
    const prefix = index === 0 ? /^([^']*)'[^']*'/.exec(piece.text) : null
    if (prefix?.[1] !== undefined && prefix[1] !== '') charset = prefix[1]
    bytes.push(decodePercent(piece.text.slice(prefix?.[0].length ?? 0)))
  }
  flush()
  return result
}

function decodePercent(text: string): Buffer {
  if (!text.includes('%')) return Buffer.from(text, 'utf8')
  const bytes = Buffer.from(text, 'utf8')
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    const code = byte === 0x25 ? bytes.toString('latin1', i + 1, i + 3) : ''
    if (/^[0-9A-Fa-f]{2}$/.test(code)) {
      bytes[length++] = Number.parseInt(code, 16)
      i += 2
    } else bytes[length++] = byte
  }
  return bytes.subarray(0, length)
}

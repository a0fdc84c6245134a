/** Words of people in header fields, written so that they arrive as they are and can be nothing but words (RFC 2047). */

/** Characters of a line that has encoded words in it (RFC 2047 2); RFC 5322 2.1.1 wants 78 of any other. */
const MAX_LINE = 76

/** Characters of one word, encoded or not: with the longest name of a field before it, it still fits its line. */
const MAX_WORD = 60

const OPENING_Q = '=?utf-8?Q?'
const OPENING_B = '=?utf-8?B?'
const CLOSING = '?='
const MAX_PAYLOAD = MAX_WORD - OPENING_B.length - CLOSING.length

/** What breaks a line, in any system: it is a blank in a field, which has one line. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]/g

/**
 * Control characters, and what makes text read in another order than it is written (Unicode TR9 2.1 to 2.4): in a name it
 * hides who writes, in a file name what the file is.
 */
const HARMFUL = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** Text for a header field: one line, single blanks, no control characters, no halves of characters. */
export const oneLine = (text: string): string =>
  text.toWellFormed().replace(BREAKS, ' ').replace(HARMFUL, '').replace(/ {2,}/g, ' ').trim()

/**
 * The words of an unstructured field (RFC 5322 3.2.5). Encoded as a whole or not at all: readers differ in what becomes of
 * the blanks between encoded and other words. Text that looks like an encoded word is encoded, or a reader would decode it.
 */
export function encodeText(text: string): readonly string[] {
  const line = oneLine(text)
  return isPlain(line) ? line.split(' ') : encodedWords(line)
}

/** A name before an address: words, a quoted string, or encoded words (RFC 5322 3.2.5 phrase). None for an empty name. */
export function encodePhrase(name: string): readonly string[] {
  const line = oneLine(name)
  if (line === '') return []
  if (!isPlain(line)) return encodedWords(line)
  if (ATOMS.test(line)) return line.split(' ')
  // Blanks within a quoted string are a place to fold as well (RFC 5322 3.2.4).
  return `"${line.replace(/["\\]/g, '\\$&')}"`.split(' ')
}

/** RFC 5322 3.2.3; a dot within a name is only of its obsolete syntax. */
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+$/

const isPlain = (line: string): boolean =>
  /^[\x20-\x7e]*$/.test(line) && !line.includes('=?') && line.split(' ').every(({length}) => length <= MAX_WORD)

function encodedWords(line: string): readonly string[] {
  const bytes = Buffer.from(line)
  const inQ = lengthInQ(line) <= Math.ceil(bytes.length / 3) * 4
  const [opening, lengthOf, encode] = inQ
    ? ([OPENING_Q, lengthInQ, encodeQ] as const)
    : ([OPENING_B, lengthInB, encodeB] as const)
  return piecesOf(line, lengthOf).map((piece) => opening + encode(piece) + CLOSING)
}

/** Text in pieces that fit a word each. What a person sees as one character stays together where it fits. */
function piecesOf(line: string, lengthOf: (piece: string) => number): readonly string[] {
  const pieces: string[] = []
  let piece = ''
  for (const character of charactersOf(line, lengthOf)) {
    if (piece !== '' && lengthOf(piece + character) > MAX_PAYLOAD) {
      pieces.push(piece)
      piece = ''
    }
    piece += character
  }
  pieces.push(piece)
  return pieces
}

function* charactersOf(line: string, lengthOf: (piece: string) => number): Iterable<string> {
  for (const {segment} of new Intl.Segmenter().segment(line))
    // RFC 2047 5 (3): at the least, each word has whole characters, which are code points there.
    if (lengthOf(segment) <= MAX_PAYLOAD) yield segment
    else yield* segment
}

/** RFC 2047 5 (3): all but these may stand for themselves also in a phrase; the blank becomes `_`. */
const ESCAPED_IN_Q = /[^A-Za-z0-9!*+/ -]/gu

const encodeQ = (text: string): string => text.replace(ESCAPED_IN_Q, hexOf).replaceAll(' ', '_')
const lengthInQ = (text: string): number => encodeQ(text).length

const hexOf = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

const encodeB = (text: string): string => Buffer.from(text).toString('base64')
const lengthInB = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3) * 4

/** A field with its line end, folded between words (RFC 5322 2.2.3), never before the first: some readers drop such a line. */
export function foldField(name: string, words: readonly string[]): string {
  let field = `${name}:`
  let length = field.length
  for (const [at, word] of words.entries()) {
    const size = Buffer.byteLength(word) + 1
    const folded = at > 0 && length + size > MAX_LINE
    field += folded ? `\r\n ${word}` : ` ${word}`
    length = folded ? size : length + size
  }
  return `${field}\r\n`
}

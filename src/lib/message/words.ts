/** Encoded words in the values of header fields (RFC 2047), as mail programs write them and not only as they should. */
import {decodeCharset} from './charset.ts'
import {createTransferDecoder} from './transfer-encoding.ts'

/** An encoded word in a text. */
interface Word {
  /** Place in the text. */
  readonly start: number
  readonly end: number
  readonly charset: string
  readonly bytes: Buffer
}

/** Longest charset name with its language (RFC 2231 5). */
const MAX_LABEL_LENGTH = 80

/** `=?charset?encoding?`, at one place. */
const OPENING = new RegExp(`=\\?([^?\\s=<>"]{1,${MAX_LABEL_LENGTH}})\\?([bBqQ])\\?`, 'y')

/** The bytes of each word, where one stands between words: only white space, which is not part of the text (RFC 2047 6.2). */
const ONLY_SPACE = /^[ \t\r\n]*$/

/**
 * The text with its encoded words decoded. Beyond the standard: words need no white space around them; neighbours of
 * one charset are decoded together, as programs cut characters and escape sequences in two; payloads may hold spaces
 * and question marks, and may lack their end. What is no encoded word stays as it stands. Never throws, linear in time.
 */
export function decodeWords(text: string): string {
  const first = text.indexOf('=?')
  if (first === -1) return text
  const finder = new WordFinder(text)
  const pieces: string[] = []
  let end = 0
  /** Words of one charset that follow each other. */
  let run: Word[] = []
  const flush = () => {
    if (run.length > 0) pieces.push(decodeCharset(Buffer.concat(run.map(({bytes}) => bytes)), run[0]!.charset).text)
    run = []
  }
  for (let at = first; at !== -1; at = text.indexOf('=?', at)) {
    const word = finder.wordAt(at)
    if (word === null) {
      at += 2
      continue
    }
    const between = text.slice(end, word.start)
    if (run.length > 0 && ONLY_SPACE.test(between)) {
      if (run[0]!.charset !== word.charset) flush()
    } else {
      flush()
      pieces.push(between)
    }
    run.push(word)
    end = word.end
    at = end
  }
  flush()
  pieces.push(text.slice(end))
  return pieces.join('')
}

/** True where an encoded word stands at that place; `end` is where it ends. */
export function encodedWordEnd(text: string, at: number): number | null {
  OPENING.lastIndex = at
  if (!OPENING.test(text)) return null
  // Within an address list, a payload has neither brackets nor quotes (RFC 2047 5 rule 3).
  STRICT_PAYLOAD.lastIndex = OPENING.lastIndex
  return STRICT_PAYLOAD.test(text) ? STRICT_PAYLOAD.lastIndex : null
}

const STRICT_PAYLOAD = /[^?<>"\r\n]*\?=/y

class WordFinder {
  readonly #text: string
  /** The next `?=` at or after the place that was asked for last. Places only grow, so the text is searched once. */
  #closing = -1
  /** The next `=?`, in the same way. */
  #opening = -1

  constructor(text: string) {
    this.#text = text
  }

  wordAt(start: number): Word | null {
    OPENING.lastIndex = start
    const match = OPENING.exec(this.#text)
    if (match === null) return null
    const [opening, label = '', letter = ''] = match
    const from = start + opening.length
    const isQ = letter === 'q' || letter === 'Q'
    const {payloadEnd, end} = this.#endOf(from, isQ)
    const payload = this.#text.slice(from, payloadEnd)
    return {
      start,
      end,
      charset: label.replace(/\*.*$/s, '').toLowerCase(),
      bytes: isQ ? decodeQ(payload) : decodeBase64(payload),
    }
  }

  /** Where the payload and the word end. */
  #endOf(from: number, isQ: boolean): {payloadEnd: number; end: number} {
    const opening = this.#nextOpening(from)
    const closing = isQ ? this.#lastClosing(from, opening) : this.#nextClosing(from)
    // `?=?` after a payload is its end and a question mark, or, if a word begins there, a missing question mark.
    if (closing !== -1 && (opening === -1 || closing <= opening + 1)) return {payloadEnd: closing, end: closing + 2}
    // No end before the next word, or none at all: the payload goes as far as its characters do.
    UNCLOSED.lastIndex = from
    UNCLOSED.test(this.#text)
    const end = opening === -1 ? UNCLOSED.lastIndex : Math.min(UNCLOSED.lastIndex, opening)
    return {payloadEnd: end, end: this.#text[end] === '?' ? end + 1 : end}
  }

  /** `?=3D` within Q is a question mark that was not encoded, if the word has another end. */
  #lastClosing(from: number, opening: number): number {
    let closing = this.#nextClosing(from)
    while (closing !== -1 && HEX_PAIR.test(this.#text.slice(closing + 2, closing + 4))) {
      const next = this.#nextClosing(closing + 2)
      if (next === -1 || (opening !== -1 && opening < next)) break
      closing = next
    }
    return closing
  }

  #nextClosing(from: number): number {
    if (this.#closing < from) this.#closing = orEnd(this.#text.indexOf('?=', from))
    return this.#closing === Infinity ? -1 : this.#closing
  }

  #nextOpening(from: number): number {
    if (this.#opening < from) this.#opening = orEnd(this.#text.indexOf('=?', from))
    return this.#opening === Infinity ? -1 : this.#opening
  }
}

const orEnd = (place: number): number => (place === -1 ? Infinity : place)

const HEX_PAIR = /^[0-9A-Fa-f]{2}/
const UNCLOSED = /[^\s?<>"(),]*/y

/** The Q encoding (RFC 2047 4.2). What is no escape stays. */
function decodeQ(payload: string): Buffer {
  // A character beyond ASCII has no place here; where one stands, the header was read as Unicode already.
  const bytes = Buffer.from(payload, 'utf8')
  let size = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    const value = byte === 0x3d ? hexPair(bytes[i + 1], bytes[i + 2]) : -1
    if (value !== -1) i += 2
    bytes[size++] = value !== -1 ? value : byte === 0x5f ? 0x20 : byte
  }
  return bytes.subarray(0, size)
}

function hexPair(high: number | undefined, low: number | undefined): number {
  return high === undefined || low === undefined
    ? -1
    : (HEX[high] ?? -1) < 0 || (HEX[low] ?? -1) < 0
      ? -1
      : HEX[high]! * 16 + HEX[low]!
}

/** The value of a hexadecimal digit by its code, -1 for other characters. */
const HEX: readonly number[] = Array.from({length: 128}, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? -1 : digit
})

/** The B encoding (RFC 2047 4.1), with the same leniency as in a body. */
function decodeBase64(payload: string): Buffer {
  const decoder = createTransferDecoder('base64')
  return Buffer.concat([decoder.push(Buffer.from(payload, 'latin1')), decoder.end()])
}

import type {PlainEncoding, TransferEncoding} from './message.ts'
import {UuencodeDecoder} from './uuencode.ts'

/** Decodes the body of a leaf piece by piece (RFC 2045 6). Pieces may be cut anywhere; the result is the same. */
export interface TransferDecoder {
  /** Bytes that are certain by now. */
  push(encoded: Buffer): Buffer
  /** What is left at the end. */
  end(): Buffer
  /** True once the input broke the rules of the encoding. */
  readonly malformed: boolean
}

const NOTHING = Buffer.alloc(0)

/** The decoder of an encoding. Time is linear in the input, memory is that of one piece. */
export function createTransferDecoder(encoding: TransferEncoding): TransferDecoder {
  switch (encoding) {
    case 'base64':
      return new Base64Decoder()
    case 'quoted-printable':
      return new QuotedPrintableDecoder()
    case 'uuencode':
      return new UuencodeDecoder()
    case '7bit':
    case '8bit':
    case 'binary':
      return {push: (bytes) => bytes, end: () => NOTHING, malformed: false}
    default:
      return new InnerDecoder(encoding)
  }
}

/** How to decode what stands within something that has to be decoded itself: `base64 120+4000 binary`. */
export function encodingWithin(
  outer: TransferEncoding,
  offset: number,
  length: number,
  inner: TransferEncoding,
): TransferEncoding {
  return `${outer} ${offset}+${length} ${inner}` as TransferEncoding
}

const WITHIN = /^([\w-]+) (\d+)\+(\d+) (.+)$/

/** Decodes the outer encoding, and of what that gives a stretch in the inner one. */
class InnerDecoder implements TransferDecoder {
  readonly #outer: TransferDecoder
  readonly #inner: TransferDecoder
  /** Bytes of the outer before the stretch, and of the stretch, that are still to come. */
  #before: number
  #left: number

  constructor(encoding: TransferEncoding) {
    const match = WITHIN.exec(encoding)
    if (match === null) throw new TypeError(`no transfer encoding: ${encoding}`)
    const [, outer = '', offset, length, inner = ''] = match
    this.#outer = createTransferDecoder(outer as TransferEncoding)
    this.#inner = createTransferDecoder(inner as TransferEncoding)
    this.#before = Number(offset)
    this.#left = Number(length)
  }

  get malformed(): boolean {
    return this.#outer.malformed || this.#inner.malformed
  }

  push(encoded: Buffer): Buffer {
    return this.#take(this.#outer.push(encoded))
  }

  end(): Buffer {
    return Buffer.concat([this.#take(this.#outer.end()), this.#inner.end()])
  }

  #take(decoded: Buffer): Buffer {
    const start = Math.min(this.#before, decoded.length)
    const taken = decoded.subarray(start, start + this.#left)
    this.#before -= start
    this.#left -= taken.length
    return taken.length === 0 ? NOTHING : this.#inner.push(taken)
  }
}

/** What a Content-Transfer-Encoding field means: its first word, comments skipped; null for a word that is unknown. */
export function readTransferEncoding(value: string | null): PlainEncoding | null {
  if (value === null) return '7bit'
  const word = /^(?:\([^)]*\)|[\s"])*([\w-]+)/.exec(value)?.[1]?.toLowerCase()
  switch (word) {
    case '7bit':
    case '8bit':
    case 'binary':
    case 'base64':
    case 'quoted-printable':
      return word
    case '7-bit':
      return '7bit'
    case '8-bit':
      return '8bit'
    case 'uuencode':
    case 'x-uuencode':
    case 'x-uue':
    case 'uue':
      return 'uuencode'
    case undefined:
    default:
      return null
  }
}

/** Not of the alphabet (RFC 2045 6.8, and the two letters that RFC 4648 5 has instead), and not padding. */
const NOT_BASE64 = /[^A-Za-z0-9+/=_-]+/g

/**
 * Base64 (RFC 2045 6.8). Foreign characters are skipped. Padding in the middle ends a quantum and decoding goes on:
 * some programs encode each line on its own.
 */
class Base64Decoder implements TransferDecoder {
  malformed = false
  /** Up to three characters that wait for the rest of their quantum. */
  #carry = ''
  #padded = false

  push(encoded: Buffer): Buffer {
    const text = this.#carry + encoded.toString('latin1').replace(/\s+/g, '')
    if (!this.#padded) {
      const end = text.endsWith('=') ? text.length - (text.at(-2) === '=' ? 2 : 1) : text.length
      const padded = end < text.length
      // Padding ends the last quantum; without it, an incomplete one waits for the next piece.
      const whole = padded ? end : end - (end % 4)
      const decoded = Buffer.from(whole === text.length ? text : text.slice(0, whole), 'base64')
      // The decoder skips what is foreign and stops at padding: the length tells whether there was any.
      if (decoded.length === Math.floor((whole * 3) / 4) && whole % 4 !== 1) {
        this.#carry = text.slice(whole, end)
        this.#padded = padded
        return decoded
      }
    }
    return this.#pushOdd(text)
  }

  #pushOdd(all: string): Buffer {
    const text = all.replace(NOT_BASE64, '')
    if (text.length < all.length) this.malformed = true
    const decoded: Buffer[] = []
    this.#carry = ''
    let start = 0
    while (start < text.length) {
      const padding = text.indexOf('=', start)
      const end = padding === -1 ? text.length : padding
      if (end > start) {
        if (this.#padded) this.malformed = true
        this.#padded = false
      }
      const whole = padding === -1 ? end - ((end - start) % 4) : end
      if (padding !== -1 && (end - start) % 4 === 1) this.malformed = true
      if (whole > start) decoded.push(Buffer.from(text.slice(start, whole), 'base64'))
      this.#carry = text.slice(whole, end)
      if (padding !== -1) this.#padded = true
      start = end + 1
    }
    return decoded.length === 1 ? decoded[0]! : Buffer.concat(decoded)
  }

  end(): Buffer {
    const decoded = this.#pushOdd(this.#carry)
    const rest = Buffer.from(this.#carry, 'base64')
    // One character holds six bits, too few for a byte.
    if (this.#carry.length === 1) this.malformed = true
    return rest.length === 0 ? decoded : Buffer.concat([decoded, rest])
  }
}

/** White space at the end of a line that may be padding of transport; a longer run is content, whatever follows. */
const MAX_TRAILING_SPACES = 998

/** Quoted-printable (RFC 2045 6.7). What is no valid escape is kept as it stands. */
class QuotedPrintableDecoder implements TransferDecoder {
  malformed = false
  /** The start of an escape, or spaces of which it is not known yet whether they end the line. */
  #carry: Buffer = NOTHING

  push(encoded: Buffer): Buffer {
    return this.#decode(this.#carry.length === 0 ? encoded : Buffer.concat([this.#carry, encoded]), false)
  }

  end(): Buffer {
    return this.#decode(this.#carry, true)
  }

  #decode(input: Buffer, final: boolean): Buffer {
    const {length} = input
    const output = Buffer.allocUnsafe(length)
    let size = 0
    let i = 0
    while (i < length) {
      const byte = input[i]!
      // Spaces within a line are the most of them: a visible character follows.
      if (byte !== 0x3d && ((byte !== 0x20 && byte !== 0x09) || input[i + 1]! > 0x20)) {
        output[size++] = byte
        i++
        continue
      }
      // Both need what follows: an escape its two digits or its line break, spaces the end of the line.
      let after = i + 1
      const limit = Math.min(length, i + 1 + MAX_TRAILING_SPACES)
      while (after < limit && (input[after] === 0x20 || input[after] === 0x09)) after++
      const runTooLong = after === i + 1 + MAX_TRAILING_SPACES
      if (!final && !runTooLong && (after === length || (after === length - 1 && isEscapeStart(input, i, after)))) break

      if (byte === 0x3d) {
        const high = after === i + 1 ? hexDigit(input[i + 1]) : -1
        const low = high === -1 ? -1 : hexDigit(input[i + 2])
        if (low !== -1) {
          output[size++] = (high << 4) | low
          i += 3
        } else if (after === length || input[after] === 0x0a) i = after + 1
        else if (input[after] === 0x0d && input[after + 1] === 0x0a) i = after + 2
        else {
          this.malformed = true
          output[size++] = byte
          i++
        }
      } else if (!runTooLong && (after === length || input[after] === 0x0a || input[after] === 0x0d)) {
        // RFC 2045 6.7 rule 3: white space at the end of a line was added on the way.
        i = after
      } else {
        while (i < after) output[size++] = input[i++]!
      }
    }
    // A copy: the input may be memory that its owner uses again.
    this.#carry = i < length ? Buffer.from(input.subarray(i)) : NOTHING
    return output.subarray(0, size)
  }
}

/** True where the byte at `after` is the last one at hand, and an escape that starts at `i` would need one more. */
function isEscapeStart(input: Buffer, i: number, after: number): boolean {
  return input[i] === 0x3d && (input[after] === 0x0d || after === i + 1)
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37
  // Lower case is not allowed, and common.
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57
  return -1
}

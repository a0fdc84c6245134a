/** Charsets of the time when mail had seven bits, most turned into their eight-bit twins, which libraries can read. */

const ESC = 0x1b
const SHIFT_OUT = 0x0e
const SHIFT_IN = 0x0f
const LF = 0x0a
const TILDE = 0x7e
const NO_CHARACTER = 0xff

/** HZ (RFC 1843) as GBK: `~{` and `~}` enclose pairs without their high bits, `~~` is a tilde, `~` at an end joins lines. */
export function hzToGbk(bytes: Buffer): Buffer {
  const output = Buffer.allocUnsafe(bytes.length)
  let size = 0
  let chinese = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === TILDE) {
      const next = bytes[i + 1]
      if (next === 0x7b || next === 0x7d) chinese = next === 0x7b
      else if (next === TILDE) output[size++] = TILDE
      else if (next !== LF) {
        output[size++] = byte
        continue
      }
      i++
      continue
    }
    // RFC 1843 2: a line ends in ASCII, whatever was forgotten.
    if (byte === LF) chinese = false
    output[size++] = chinese && byte > 0x20 ? byte | 0x80 : byte
  }
  return output.subarray(0, size)
}

/**
 * ISO-2022-KR (RFC 1557) as EUC-KR and ISO-2022-CN (RFC 1922) as GBK: what stands between SO and SI gets its high bits.
 * `designation` is the last letter of the escape that names the set which is known (`ESC $ ) C`); characters of other
 * sets become a byte that is no character.
 */
export function shiftedToEightBit(bytes: Buffer, designation: 'A' | 'C'): Buffer {
  const known = designation.charCodeAt(0)
  const output = Buffer.allocUnsafe(bytes.length)
  let size = 0
  let shifted = false
  let readable = true
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!
    if (byte === ESC && bytes[i + 1] === 0x24 && (bytes[i + 2] === 0x29 || bytes[i + 2] === 0x2a)) {
      if (bytes[i + 2] === 0x29) readable = bytes[i + 3] === known
      i += 3
    } else if (byte === SHIFT_OUT || byte === SHIFT_IN) shifted = byte === SHIFT_OUT
    else {
      if (byte === LF) shifted = false
      output[size++] = !shifted || byte <= 0x20 ? byte : readable ? byte | 0x80 : NO_CHARACTER
    }
  }
  return output.subarray(0, size)
}

/** A shift of UTF-7 (RFC 2152): `+`, UTF-16 in base64, and a minus where the next character could be meant as more. */
const UTF7_SHIFT = /\+([A-Za-z0-9+/]*)-?/g

/** UTF-7 (RFC 2152). Bytes beyond ASCII, which it has not, are characters of Latin-1. iconv-lite takes a microsecond a byte. */
export function decodeUtf7(bytes: Buffer): string {
  return bytes.toString('latin1').replace(UTF7_SHIFT, (shift, base64: string) => {
    if (base64 === '') return shift === '+-' ? '+' : shift
    const utf16 = Buffer.from(base64, 'base64')
    // Bits that do not fill a character are padding.
    return utf16
      .subarray(0, utf16.length & ~1)
      .swap16()
      .toString('utf16le')
  })
}

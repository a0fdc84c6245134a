import {isAscii, isUtf8} from 'node:buffer'
import {TextDecoder} from 'node:util'
import {iconv} from './iconv.ts'
import {decodeUtf7, hzToGbk, shiftedToEightBit} from './seven-bit-charset.ts'

/** Text made of bytes, and whether the charset that was named is one we can read, and the one it was written in. */
export interface DecodedText {
  readonly text: string
  /** False where the name is unknown, and the bytes were read as UTF-8 or else as windows-1252. */
  readonly known: boolean
  /** True where the bytes are not of the charset that was named: another was taken, or some are lost. */
  readonly wrong: boolean
}

type Decode = (bytes: Buffer) => string

/**
 * Turns bytes into text by the charset that a mail names; null where it names none. Never throws, takes linear time.
 * US-ASCII and a missing or unknown charset are read as UTF-8 where the bytes are valid UTF-8, else as windows-1252.
 */
export function decodeCharset(bytes: Buffer, charset: string | null): DecodedText {
  const name = charsetName(charset)
  const marked = decodeMarked(bytes)
  if (marked !== null) return {text: marked, known: true, wrong: false}
  if (UNNAMED.has(name)) return {text: decodeUnnamed(bytes), known: true, wrong: false}
  const decode = decoderOf(name)
  if (decode === null) return {text: decodeUnnamed(bytes), known: false, wrong: false}
  if (decode === decodeUtf8) {
    if (isUtf8(bytes)) return {text: decodeUtf8(bytes), known: true, wrong: false}
    return {...decodeDamagedUtf8(bytes), known: true}
  }
  if (isAscii(bytes)) return {text: decode(bytes), known: true, wrong: false}
  if (isUtf8(bytes) && isCertainlyUtf8(bytes, name)) return {text: decodeUtf8(bytes), known: true, wrong: true}
  if (name.startsWith('iso-2022-jp')) return {text: decodeEightBitJapanese(bytes), known: true, wrong: true}
  const text = decode(bytes)
  return {text, known: true, wrong: text.includes(REPLACEMENT)}
}

/**
 * The text of bytes if they are written in that charset without a flaw, null else: for guesses. Control characters of
 * C1 are a flaw, as nobody writes them and wrong guesses have them.
 */
export function decodeClean(bytes: Buffer, charset: string): string | null {
  const decode = decoderOf(charsetName(charset))
  if (decode === null) return null
  const text = decode(bytes)
  return FLAW.test(text) ? null : text
}

const REPLACEMENT = '\ufffd'
const FLAW = /[\ufffd\u0080-\u009f]/

/** Longest name of a charset that there is, and then some. */
const MAX_NAME_LENGTH = 60

/** The name in lower case, without quotes, a language (RFC 2231 5: `utf-8*en`) and what does not belong to it. */
function charsetName(charset: string | null): string {
  if (charset === null) return ''
  const name = /^[\s"']*([^\s"';,*]*)/.exec(charset.slice(0, MAX_NAME_LENGTH))?.[1] ?? ''
  return name.toLowerCase()
}

/** Names that promise nothing of the bytes above 127: US-ASCII has none, and RFC 1428 has a name for not knowing. */
const UNNAMED: ReadonlySet<string> = new Set([
  '',
  'us-ascii',
  'ascii',
  'ansi_x3.4-1968',
  'iso-ir-6',
  'iso646-us',
  'unknown-8bit',
  'x-unknown',
  'unknown',
  'default',
  'binary',
  '8bit',
  '7bit',
])

/** Names that are written otherwise than by those who know them. */
const ALIASES: Readonly<Record<string, string>> = {
  'unicode-1-1-utf-7': 'utf-7',
  'x-unicode-2-0-utf-7': 'utf-7',
  'utf-8mac': 'utf-8',
  'utf-8-mac': 'utf-8',
  'x-utf-8': 'utf-8',
  utf_8: 'utf-8',
  cp65001: 'utf-8',
  'windows-65001': 'utf-8',
  'iso-10646-ucs-2': 'utf-16be',
  'ucs-2': 'utf-16be',
  'iso-10646-ucs-4': 'utf-32be',
  // T.61 is not Latin-1, but has its letters in one byte in no mail that was ever seen: the name stands for Latin-1.
  'ansi_x3.110-1983': 'windows-1252',
  'x-ansi': 'windows-1252',
  'iso-8859-8-e': 'iso-8859-8',
  eucgb2312cn: 'gb18030',
  'x-gb2312': 'gb18030',
  cp936: 'gb18030',
  cp54936: 'gb18030',
  cswindows31j: 'shift_jis',
  cp932: 'shift_jis',
  'x-ms-cp932': 'shift_jis',
  cp943: 'shift_jis',
  cp51932: 'euc-jp',
  eucjp: 'euc-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  cp50222: 'iso-2022-jp',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-3': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'x-windows-949': 'cp949',
  'x-mac-roman': 'macintosh',
  'x-mac-ce': 'maccenteuro',
  'x-mac-centraleurroman': 'maccenteuro',
  'x-viet-tcvn5712': 'tcvn',
  'tcvn-5712': 'tcvn',
  hz: 'hz-gb-2312',
}

/** What iconv-lite offers beside charsets. */
const NO_CHARSETS: ReadonlySet<string> = new Set(['base64', 'hex', 'binary', 'utf-7-imap', 'utf7imap'])

/** Those that Node knows by halves: it lacks 8,822 syllables of Korean (cp949) and the signs of Hong Kong. */
const OF_ICONV =
  /^(?:(?:x-)?euc-?kr|ks_?c_?5601.*|korean|iso-ir-149|cseuckr|csksc56011987|windows-949|big5.*|cn-big5|x-x-big5|csbig5)$/

const utf8 = new TextDecoder('utf-8')
const windows1252 = new TextDecoder('windows-1252')
const gb18030 = new TextDecoder('gb18030')
const decodeUtf8: Decode = (bytes) => utf8.decode(bytes)

/** One decoder a charset; null for names that are unknown. */
const decoders = new Map<string, Decode | null>()

/** Decoders kept: there are some 200 names; those that strangers invent must not fill the memory. */
const MAX_DECODERS = 300

function decoderOf(name: string): Decode | null {
  const cached = decoders.get(name)
  if (cached !== undefined) return cached
  const decode = findDecoder(Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name)
  if (decoders.size < MAX_DECODERS) decoders.set(name, decode)
  return decode
}

function findDecoder(name: string): Decode | null {
  switch (name) {
    case 'utf-16':
    case 'utf-7':
    case 'hz-gb-2312':
    case 'iso-2022-kr':
    case 'iso-2022-cn':
    case 'iso-2022-cn-ext':
      return SPECIAL[name]
    default:
      return (
        (OF_ICONV.test(name) ? null : findInNode(name)) ?? findInIconv(name) ?? findInIconv(name.replace(/^x-/, ''))
      )
  }
}

const SPECIAL = {
  // Without a byte order mark RFC 2781 4.3 says big-endian; programs that forget it are of Windows: iconv-lite counts.
  'utf-16': (bytes: Buffer) => iconv().decode(bytes, 'utf-16'),
  'utf-7': decodeUtf7,
  'hz-gb-2312': (bytes: Buffer) => gb18030.decode(hzToGbk(bytes)),
  'iso-2022-kr': (bytes: Buffer) => iconv().decode(shiftedToEightBit(bytes, 'C'), 'cp949'),
  'iso-2022-cn': (bytes: Buffer) => gb18030.decode(shiftedToEightBit(bytes, 'A')),
  'iso-2022-cn-ext': (bytes: Buffer) => gb18030.decode(shiftedToEightBit(bytes, 'A')),
} as const

function findInNode(name: string): Decode | null {
  try {
    const decoder = new TextDecoder(name)
    return decoder.encoding === 'utf-8' ? decodeUtf8 : (bytes) => decoder.decode(bytes)
  } catch {
    // RangeError: no such label in the Encoding Standard, or one it refuses to decode.
    return null
  }
}

/** iconv-lite reads its tables when the first of these names is asked for. */
function findInIconv(name: string): Decode | null {
  return name === '' || NO_CHARSETS.has(name) || !iconv().encodingExists(name)
    ? null
    : (bytes) => iconv().decode(bytes, name)
}

/** By a byte order mark, which no text of another charset begins with; null where there is none. */
function decodeMarked(bytes: Buffer): string | null {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) {
    return iconv().decode(bytes, bytes[2] === 0 && bytes[3] === 0 && bytes.length >= 4 ? 'utf-32le' : 'utf-16le')
  }
  if (first === 0xfe && second === 0xff) return iconv().decode(bytes, 'utf-16be')
  return null
}

function decodeUnnamed(bytes: Buffer): string {
  // Mail programs of Japan left the label out: the escapes of ISO-2022-JP (RFC 1468) stand in no other text.
  if (isAscii(bytes))
    return /\x1b\$[@B]/.test(bytes.toString('latin1')) ? iso2022jp.decode(bytes) : bytes.toString('latin1') // oxlint-disable-line no-control-regex
  return (isUtf8(bytes) ? utf8 : windows1252).decode(bytes)
}

const iso2022jp = new TextDecoder('iso-2022-jp')

/**
 * Charsets in which one valid sequence of UTF-8 is proof. Its bytes are C2–F4, then 80–BF: here a letter and then a
 * sign, or a control character (`Ã¤`, `Ð¿`), for each and every letter of the text, which no language writes.
 */
const LETTER_THEN_SIGN =
  /^(?:(?:x-)?(?:windows-|cp)125[0-57]|iso[-_]?8859-?(?:[1-9]|1[03-6])(?:[-_:].*)?|latin[-_]?[0-9]+|l[1-9]|koi8-r)$/

/**
 * Sequences that are proof in other charsets: of a pair of GBK, the densest of them, one in seven looks like UTF-8,
 * and all have to.
 */
const CERTAIN_SEQUENCES = 6

/** Whether bytes that are valid UTF-8, and not ASCII, can be nothing else, though another charset is named. */
function isCertainlyUtf8(bytes: Buffer, name: string): boolean {
  if (LETTER_THEN_SIGN.test(name)) return true
  let sequences = 0
  for (const byte of bytes) if (byte >= 0xc2 && ++sequences === CERTAIN_SEQUENCES) return true
  return false
}

/** ISO-2022-JP has seven bits. What carries its name and has eight is one of the two other charsets of Japan. */
function decodeEightBitJapanese(bytes: Buffer): string {
  for (const name of ['euc-jp', 'shift_jis']) {
    const text = decodeClean(bytes, name)
    if (text !== null) return text
  }
  return decodeUnnamed(bytes)
}

/**
 * Text that claims to be UTF-8 and is not, or not all of it: a footer that a list added, a program that knows only
 * windows-1252. Sequences that are UTF-8 are read as such, other bytes as windows-1252. A sequence that is cut off
 * is U+FFFD; at the very end that is where the text was cut, and nothing is wrong with its charset.
 */
function decodeDamagedUtf8(bytes: Buffer): {text: string; wrong: boolean} {
  // Written as clean UTF-8 first and decoded once: a call for each piece would take seconds for a long text.
  const mended = Buffer.allocUnsafe(bytes.length * LONGEST_REPLACEMENT)
  let size = 0
  let wrong = false
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i)
    if (length > 0) {
      for (const end = i + length; i < end; i++) mended[size++] = bytes[i]!
      continue
    }
    const isCut = length < -1
    size += (isCut ? CUT_SEQUENCE : WINDOWS_1252_AS_UTF8[bytes[i]! - 0x80]!).copy(mended, size)
    i -= length
    wrong ||= !isCut || i < bytes.length
  }
  return {text: decodeUtf8(mended.subarray(0, size)), wrong}
}

const CUT_SEQUENCE = Buffer.from(REPLACEMENT)
const WINDOWS_1252_AS_UTF8 = Array.from({length: 128}, (_, index) =>
  Buffer.from(windows1252.decode(Buffer.from([0x80 + index]))),
)
/** Bytes of UTF-8 that one byte may become: the signs of windows-1252 lie below U+FFFF. */
const LONGEST_REPLACEMENT = 3

/** Bytes of the sequence of UTF-8 at that place; where it is none, minus the bytes that look like its beginning. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  if (first < 0x80) return 1
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0
  if (length === 0 || first > 0xf4) return -1
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined || byte < 0x80 || byte > 0xbf) return -i
    // Overlong forms, surrogates, and what lies beyond U+10FFFF (RFC 3629 4).
    if (i === 1 && ((first === 0xe0 && byte < 0xa0) || (first === 0xed && byte > 0x9f))) return -1
    if (i === 1 && ((first === 0xf0 && byte < 0x90) || (first === 0xf4 && byte > 0x8f))) return -1
  }
  return length
}

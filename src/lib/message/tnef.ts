/** The winmail.dat of Outlook and Exchange (MS-OXTNEF): the message as MAPI has it, wrapped into one attachment. */
import {decodeCharset} from './charset.ts'
import {Digest} from './digest.ts'
import {MAX_PARTS, MAX_TNEF_PROPERTIES_BYTES} from './limits.ts'
import {decompressRtf} from './compressed-rtf.ts'
import {readRtf} from './rtf.ts'

/** A file within a winmail.dat. */
export interface TnefFile {
  readonly filename: string | null
  readonly contentType: string
  readonly contentId: string | null
  /** Where its bytes stand in the winmail.dat. */
  readonly offset: number
  readonly length: number
  readonly sha256: string
}

/** What a winmail.dat says. */
export interface TnefContent {
  /** Such as `IPM.Note` (MS-OXCMSG 2.2.1.3), empty where it has none. */
  readonly messageClass: string
  readonly subject: string
  /** The plain text, or that of its RTF; null where there is none. */
  readonly text: string | null
  readonly html: string | null
  /** In UTC (ISO 8601), of a meeting; null where there is none. */
  readonly start: string | null
  readonly end: string | null
  readonly location: string | null
  readonly files: readonly TnefFile[]
  /** False where it is no TNEF, or damaged; then what could be read is here nevertheless. */
  readonly whole: boolean
}

/** MS-OXTNEF 2.1.3.1. */
const SIGNATURE = 0x223e9f78
const HEADER_BYTES = 6
/** Level, id and length of an attribute (2.1.3.2). */
const ATTRIBUTE_HEADER_BYTES = 9
const CHECKSUM_BYTES = 2

/** Attributes (MS-OXTNEF 2.1.3.2), by the lower half of their id. */
const ATT = {
  subject: 0x8004,
  messageClass: 0x8008,
  body: 0x800c,
  attachData: 0x800f,
  attachTitle: 0x8010,
  attachTransportName: 0x9001,
  attachRenderData: 0x9002,
  messageProperties: 0x9003,
  attachProperties: 0x9005,
  codePage: 0x9007,
} as const

/** Properties (MS-OXPROPS), by their id. */
const PR = {
  messageClass: 0x001a,
  subject: 0x0037,
  startDate: 0x0060,
  endDate: 0x0061,
  body: 0x1000,
  compressedRtf: 0x1009,
  html: 0x1013,
  displayName: 0x3001,
  attachData: 0x3701,
  attachFilename: 0x3704,
  attachLongFilename: 0x3707,
  attachMimeTag: 0x370e,
  attachContentId: 0x3712,
  internetCodePage: 0x3fde,
} as const

/** Named properties of appointments (MS-OXOCAL 2.2.1), by their number. */
const NAMED = {location: 0x8208, start: 0x820d, end: 0x820e} as const
const NAMED_KEYS = {[NAMED.location]: 'location', [NAMED.start]: 'start', [NAMED.end]: 'end'} as const

/** A property of MAPI with its first value. */
interface Property {
  readonly type: number
  /** The id, or for a named property its number behind a sign that no id has. */
  readonly key: number | string
  /** Where the value begins in the bytes that were read. */
  readonly at: number
  readonly value: Buffer
}

interface OpenFile {
  title: string | null
  properties: readonly Property[]
  /** Of the attribute that holds the properties, in the winmail.dat. */
  propertiesOffset: number
  data: {readonly offset: number; readonly length: number; readonly sha256: string} | null
}

/** What becomes of the attribute that is being read. */
type Attribute =
  | {readonly kind: 'kept'; readonly id: number; readonly offset: number; readonly bytes: Buffer; filled: number}
  | {readonly kind: 'file'; readonly offset: number; readonly length: number; readonly digest: Digest}
  | {readonly kind: 'skipped'}

/**
 * Takes a winmail.dat in pieces. Files are hashed in passing, only properties are kept, and those within a bound:
 * memory does not grow with the files. Never throws, linear in time.
 */
export class TnefReader {
  #carry: Buffer = Buffer.alloc(0)
  #offset = 0
  #started = false
  #attribute: Attribute | null = null
  /** Bytes of the attribute that are still to come, without its checksum; then -1 while that is. */
  #left = 0
  #checksum = 0
  /** It cannot be read on. */
  #broken = false
  /** Something in it is damaged, or more than is kept. */
  #flawed = false
  /** Bytes of properties that may still be kept. */
  #budget = MAX_TNEF_PROPERTIES_BYTES
  #codePage = 'windows-1252'
  #message = {messageClass: '', subject: '', body: null as Buffer | null}
  #properties: readonly Property[] = []
  readonly #files: OpenFile[] = []

  push(bytes: Buffer): void {
    if (this.#broken) return
    let input = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes])
    for (;;) {
      const used = this.#step(input)
      if (used === 0) break
      this.#offset += used
      input = input.subarray(used)
    }
    this.#carry = Buffer.from(input)
  }

  end(): TnefContent {
    // Less than an attribute at the end is padding of transport.
    const whole =
      this.#started &&
      !this.#broken &&
      !this.#flawed &&
      this.#attribute === null &&
      this.#carry.length < ATTRIBUTE_HEADER_BYTES
    const properties = new Map(this.#properties.map((property) => [property.key, property]))
    const text = (key: number | string) => this.#text(properties.get(key))
    const codePage = properties.get(PR.internetCodePage)
    const charset = codePage === undefined ? this.#codePage : charsetOf(codePage.value.readUInt32LE())
    const html = properties.get(PR.html)
    const {html: rtfHtml, text: rtfText} = this.#rtf(properties.get(PR.compressedRtf))
    return {
      messageClass: text(PR.messageClass) ?? this.#message.messageClass,
      subject: text(PR.subject) ?? this.#message.subject,
      text: text(PR.body) ?? (this.#message.body === null ? rtfText : this.#string8(this.#message.body)),
      html:
        html === undefined
          ? rtfHtml
          : html.type === 0x0102
            ? decodeCharset(html.value, charset).text
            : this.#text(html),
      start: momentOf(properties.get(NAMED_KEYS[NAMED.start]) ?? properties.get(PR.startDate)),
      end: momentOf(properties.get(NAMED_KEYS[NAMED.end]) ?? properties.get(PR.endDate)),
      location: text(NAMED_KEYS[NAMED.location]),
      files: this.#files.flatMap((file) => this.#describe(file)),
      whole,
    }
  }

  /** Works on what is there; the number of bytes that are done with, 0 where more are needed. */
  #step(input: Buffer): number {
    if (this.#broken) return input.length
    if (!this.#started) {
      if (input.length < HEADER_BYTES) return 0
      this.#started = true
      if (input.readUInt32LE() !== SIGNATURE) this.#broken = true
      return HEADER_BYTES
    }
    if (this.#attribute === null) return this.#begin(input)
    if (this.#left > 0) return this.#read(this.#attribute, input)
    if (input.length < CHECKSUM_BYTES) return 0
    // 2.1.3.2: the sum of the bytes. A wrong one says that the mail was damaged on its way; the rest may be sound.
    if (input.readUInt16LE() !== (this.#checksum & 0xffff)) this.#flawed = true
    this.#finish(this.#attribute)
    this.#attribute = null
    return CHECKSUM_BYTES
  }

  #begin(input: Buffer): number {
    if (input.length < ATTRIBUTE_HEADER_BYTES) return 0
    const level = input[0]!
    const id = input.readUInt16LE(1)
    const length = input.readUInt32LE(5)
    if (level !== 1 && level !== 2) {
      this.#broken = true
      return input.length
    }
    const offset = this.#offset + ATTRIBUTE_HEADER_BYTES
    this.#left = length
    this.#checksum = 0
    if (id === ATT.attachRenderData) this.#newFile()
    if (id === ATT.attachData) this.#attribute = {kind: 'file', offset, length, digest: new Digest()}
    else if (!KEPT.has(id)) this.#attribute = {kind: 'skipped'}
    else if (length > this.#budget) {
      this.#flawed = true
      this.#attribute = {kind: 'skipped'}
    } else {
      this.#budget -= length
      this.#attribute = {kind: 'kept', id, offset, bytes: Buffer.alloc(length), filled: 0}
    }
    return ATTRIBUTE_HEADER_BYTES
  }

  #read(attribute: Attribute, input: Buffer): number {
    const bytes = input.subarray(0, this.#left)
    this.#left -= bytes.length
    let sum = 0
    for (const byte of bytes) sum += byte
    this.#checksum = (this.#checksum + sum) & 0xffff
    if (attribute.kind === 'kept') attribute.filled += bytes.copy(attribute.bytes, attribute.filled)
    // A copy: the input may be memory that its owner uses again.
    else if (attribute.kind === 'file') attribute.digest.push(Buffer.from(bytes))
    return bytes.length
  }

  #newFile(): OpenFile {
    const file: OpenFile = {title: null, properties: [], propertiesOffset: 0, data: null}
    if (this.#files.length >= MAX_PARTS) this.#flawed = true
    else this.#files.push(file)
    return file
  }

  #finish(attribute: Attribute): void {
    if (attribute.kind === 'skipped') return
    if (attribute.kind === 'file') {
      const {offset, length, digest} = attribute
      this.#file().data = {offset, length, sha256: digest.end()}
      return
    }
    const {id, bytes, offset} = attribute
    switch (id) {
      case ATT.codePage:
        if (bytes.length >= 4) this.#codePage = charsetOf(bytes.readUInt32LE())
        break
      case ATT.messageClass:
        this.#message.messageClass = withoutNul(bytes.toString('latin1'))
        break
      case ATT.subject:
        this.#message.subject = this.#string8(bytes)
        break
      case ATT.body:
        this.#message.body = bytes
        break
      case ATT.attachTitle:
      case ATT.attachTransportName:
        this.#file().title ??= this.#string8(bytes)
        break
      case ATT.messageProperties: {
        const {properties, whole} = readProperties(bytes)
        if (!whole) this.#flawed = true
        this.#properties = properties
        break
      }
      case ATT.attachProperties: {
        const {properties, whole} = readProperties(bytes)
        if (!whole) this.#flawed = true
        const file = this.#file()
        file.properties = properties
        file.propertiesOffset = offset
        break
      }
    }
  }

  /** The file that attributes are of: 2.1.3.3 has the rendering data first. */
  #file(): OpenFile {
    return this.#files.at(-1) ?? this.#newFile()
  }

  #describe({title, properties, propertiesOffset, data}: OpenFile): TnefFile[] {
    const byId = new Map(properties.map((property) => [property.key, property]))
    const text = (key: number) => this.#text(byId.get(key))
    const name = text(PR.attachLongFilename) ?? text(PR.attachFilename) ?? title ?? text(PR.displayName)
    const type = text(PR.attachMimeTag)?.toLowerCase() ?? ''
    const described = {
      filename: name === '' ? null : name,
      contentType: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
      contentId: text(PR.attachContentId)?.replace(/^<|>$/g, '') ?? null,
    }
    const object = byId.get(PR.attachData)
    if (data !== null && (data.length > 0 || object === undefined)) return [{...described, ...data}]
    if (object === undefined) return []
    // 2.1.3.4: an object begins with the id of its interface; that of a message is followed by a TNEF of its own.
    const isMessage = object.type === 0x000d && object.value.length > 20 && object.value.readUInt32LE(16) === SIGNATURE
    const value = object.type === 0x000d ? object.value.subarray(16) : object.value
    const digest = new Digest()
    digest.push(value)
    return [
      {
        ...described,
        contentType: isMessage ? 'application/vnd.ms-tnef' : described.contentType,
        offset: propertiesOffset + object.at + (object.type === 0x000d ? Math.min(16, object.value.length) : 0),
        length: value.length,
        sha256: digest.end(),
      },
    ]
  }

  #string8(bytes: Buffer): string {
    return withoutNul(decodeCharset(bytes.subarray(0, zeroAt(bytes, 1)), this.#codePage).text)
  }

  #text(property: Property | undefined): string | null {
    if (property?.type === 0x001f) return property.value.subarray(0, zeroAt(property.value, 2)).toString('utf16le')
    return property?.type === 0x001e ? this.#string8(property.value) : null
  }

  #rtf(property: Property | undefined): {text: string | null; html: string | null} {
    const rtf = property === undefined ? null : decompressRtf(property.value)
    return rtf === null ? {text: null, html: null} : readRtf(rtf)
  }
}

/** Attributes that are read; of all others only the length counts. */
const KEPT: ReadonlySet<number> = new Set<number>(
  Object.values(ATT).filter((id) => id !== ATT.attachData && id !== ATT.attachRenderData),
)

/** The list of properties in an attribute (MS-OXTNEF 2.1.3.4). `whole` is false where it does not add up. */
function readProperties(bytes: Buffer): {properties: Property[]; whole: boolean} {
  const properties: Property[] = []
  const count = bytes.length >= 4 ? bytes.readUInt32LE() : 0
  let at = 4
  for (let index = 0; index < count; index++) {
    if (at + 4 > bytes.length) return {properties, whole: false}
    const type = bytes.readUInt16LE(at)
    const id = bytes.readUInt16LE(at + 2)
    at += 4
    let key: number | string = id
    if (id >= 0x8000) {
      // A named property: the id of its set, whether it has a number or a name, and that.
      if (at + 24 > bytes.length) return {properties, whole: false}
      const isNumber = bytes.readUInt32LE(at + 16) === 0
      const value = bytes.readUInt32LE(at + 20)
      key = (isNumber ? NAMED_KEYS[value as keyof typeof NAMED_KEYS] : undefined) ?? ''
      at += 24 + (isNumber ? 0 : padded(value))
    }
    const single = type & 0x0fff
    const fixed = FIXED_BYTES[single]
    const varies = fixed === undefined
    if (varies && !VARYING.has(single)) return {properties, whole: false}
    let values = 1
    if ((type & 0x1000) !== 0 || varies) {
      if (at + 4 > bytes.length) return {properties, whole: false}
      values = bytes.readUInt32LE(at)
      at += 4
    }
    for (let nth = 0; nth < values; nth++) {
      let length = fixed ?? 0
      if (varies) {
        if (at + 4 > bytes.length) return {properties, whole: false}
        length = bytes.readUInt32LE(at)
        at += 4
      }
      if (at + length > bytes.length) return {properties, whole: false}
      if (nth === 0 && key !== '') properties.push({type: single, key, at, value: bytes.subarray(at, at + length)})
      at += padded(length)
    }
  }
  return {properties, whole: true}
}

/** Bytes of values of types whose size does not vary (MS-OXCDATA 2.11.1), as they stand here: never less than four. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  0x0001: 0,
  0x0002: 4,
  0x0003: 4,
  0x0004: 4,
  0x0005: 8,
  0x0006: 8,
  0x0007: 8,
  0x000a: 4,
  0x000b: 4,
  0x0014: 8,
  0x0040: 8,
  0x0048: 16,
}

/** Texts, bytes, objects. */
const VARYING: ReadonlySet<number> = new Set([0x001e, 0x001f, 0x0102, 0x000d])

const padded = (length: number): number => Math.ceil(length / 4) * 4

/** Where the first zero character stands; the length where there is none. */
function zeroAt(bytes: Buffer, width: 1 | 2): number {
  for (let at = 0; at + width <= bytes.length; at += width)
    if (bytes[at] === 0 && (width === 1 || bytes[at + 1] === 0)) return at
  return bytes.length
}

const withoutNul = (text: string): string => text.replaceAll('\0', '')

/** The name of a code page of Windows. */
function charsetOf(codePage: number): string {
  if (codePage >= 1250 && codePage <= 1258) return `windows-${codePage}`
  if (codePage === 65001 || codePage === 0) return 'utf-8'
  if (codePage >= 28591 && codePage <= 28606) return `iso-8859-${codePage - 28590}`
  return CODE_PAGES[codePage] ?? `cp${codePage}`
}

const CODE_PAGES: Readonly<Record<number, string>> = {
  1200: 'utf-16le',
  10000: 'macintosh',
  20127: 'us-ascii',
  20866: 'koi8-r',
  20932: 'euc-jp',
  21866: 'koi8-u',
  50220: 'iso-2022-jp',
  50225: 'iso-2022-kr',
  51932: 'euc-jp',
  51949: 'euc-kr',
  52936: 'hz-gb-2312',
  54936: 'gb18030',
}

/** FILETIME: 100 nanoseconds since 1601 (MS-DTYP 2.3.3). */
function momentOf(property: Property | undefined): string | null {
  if (property?.type !== 0x0040 || property.value.length < 8) return null
  const milliseconds = Number(property.value.readBigUInt64LE() / 10_000n) - FILETIME_EPOCH
  // Zero and the like mean no time; so does what no calendar has.
  if (milliseconds < 0 || milliseconds > LAST_MOMENT) return null
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z')
}

/** From 1601 to 1970. */
const FILETIME_EPOCH = 11_644_473_600_000
const LAST_MOMENT = Date.UTC(9999, 11, 31)

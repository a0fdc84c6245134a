/**
 * Finds the parts of a message in its bytes (RFC 2046 5.1), whatever the size: bytes come in pieces and are not kept,
 * save for headers and for the text that a person reads, both bounded. Attachments are described and hashed in passing.
 */
import {decodeCharset} from './charset.ts'
import {Digest, TrimmedDigest} from './digest.ts'
import {KeptBytes} from './kept-bytes.ts'
import {
  contentTypeOf,
  EXCERPTED,
  htmlCharset,
  isTnef,
  readContentId,
  readDisposition,
  TEXT_PLAIN,
} from './part-fields.ts'
import {fieldValue, readHeader, type Header} from './header.ts'
import {
  MAX_BOUNDARY_PADDING,
  MAX_DEPTH,
  MAX_EXCERPT_BYTES,
  MAX_HEADER_BYTES,
  MAX_PARTS,
  MAX_PART_HEADER_BYTES,
  MAX_SIGNED_BYTES,
  MAX_SIGNED_DEPTH,
  MAX_TEXT_BYTES,
} from './limits.ts'
import type {Defect, DefectCode, Field, PartLocation, TransferEncoding} from './message.ts'
import {isCms} from './security.ts'
import {readCms, type CmsContent} from './signed-data.ts'
import type {StructuredHeader} from './structured-header.ts'
import {TnefReader, type TnefContent} from './tnef.ts'
import {createTransferDecoder, readTransferEncoding, type TransferDecoder} from './transfer-encoding.ts'
import {UuencodeSplitter, type UuencodedFile} from './uuencode.ts'

/** What a leaf holds: text is kept for reading, anything else is only described. */
export type LeafContent = TextContent | OpaqueContent

export interface TextContent {
  readonly kind: 'text'
  /** Decoded, without the files that are uuencoded in it. */
  readonly text: string
  /** Counts the decoded bytes of `text` before the charset, up to the limit. */
  readonly size: number
  /** Files that are uuencoded in it, where there are any. */
  readonly files?: readonly UuencodedFile[]
  /** For text in the format `flowed` (RFC 3676 4), whose soft line breaks are still in it. */
  readonly flowed?: {readonly delSp: boolean}
}

export interface OpaqueContent {
  readonly kind: 'opaque'
  readonly size: number
  readonly sha256: string
  /** The beginning of what a machine reads (a report, a returned message, an invitation), decoded; else null. */
  readonly excerpt: string | null
  /** For a winmail.dat: what it says. */
  readonly tnef?: TnefContent
  /** For a signed or encrypted message (RFC 8551 3): what can be told of it without keys. */
  readonly cms?: OpenedCms
}

/** A message in CMS. */
export interface OpenedCms {
  readonly kind: CmsContent['kind']
  /** What was signed, if that could be read. */
  readonly inner: Structure | null
  /** Where it begins in the decoded bytes; null where it stands there in pieces. */
  readonly offset: number | null
}

/** A part without parts. A `message/rfc822` part is one: its inside is read by parsing its decoded bytes. */
export interface Leaf extends PartLocation {
  /** The position in the tree (RFC 9051 6.4.5). */
  readonly part: string
  /** `type/subtype` in lower case. */
  readonly contentType: string
  /** `attachment`, `inline` or another word in lower case; null where the field is missing. */
  readonly disposition: string | null
  /** As it stands in the parameters, encoded words not decoded; null where none is given. */
  readonly filename: string | null
  /** Without angle brackets. */
  readonly contentId: string | null
  /** Number of the outermost multipart/alternative around it, null outside of any: leaves of one say the same. */
  readonly alternative: number | null
  /** True inside multipart/related (RFC 2387). */
  readonly related: boolean
  readonly content: LeafContent
}

/** A message as its bytes tell it. */
export interface Structure {
  readonly fields: readonly Field[]
  readonly leaves: readonly Leaf[]
  /** At most one of a code: the first. */
  readonly defects: readonly Defect[]
  readonly size: number
  /** SHA-256 of all bytes, in hex. */
  readonly sha256: string
  /** SHA-256 of the bytes after the header without white space at the end, in hex. */
  readonly bodySha256: string
}

/** Finds the structure of a message that is in memory. Never throws for what stands in it. */
export function scanStructure(raw: Uint8Array): Structure {
  return new StructureScanner().end(raw)
}

const DELIMITER_START = Buffer.from('\n--')
const NOTHING = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d

/** Bytes that can be the start of a line break and a delimiter, and must wait for what follows: CR LF and one dash. */
const HELD_BACK = 3

/**
 * Decoding works on pieces of this size, so that a large attachment in memory is not held three times. Of larger pieces
 * V8 makes strings among the objects that live long: with 256 KB a mail takes a tenth more time.
 */
const DECODE_PIECE_BYTES = 64 * 1024

/** An open multipart. */
interface Frame {
  /** The bytes after `--` (RFC 2046 5.1.1). */
  readonly boundary: Buffer
  readonly path: string
  readonly digest: boolean
  readonly alternative: number | null
  readonly related: boolean
  /** Parts begun so far. */
  parts: number
}

/** A leaf whose end is not reached yet. */
interface OpenLeaf {
  readonly described: Omit<Leaf, 'length' | 'content'>
  readonly sink: Sink
}

interface Sink {
  /** `original`: the bytes as they came, of the same length, where line feeds were put in for lone CRs. */
  push(bytes: Buffer, original: Buffer): void
  end(): LeafContent
}

/** Reads the decoded bytes of an opaque part, which must not be kept without a copy. */
interface OpaqueReader {
  push(decoded: Buffer): void
  end(): Partial<OpaqueContent>
}

/** How a candidate for a delimiter line turned out; for a hit, `#hit` says more. */
type Match = 'hit' | 'none' | 'unknown'

/** Takes a message in pieces: any number of `push`, then one `end`. Pieces may be reused after the call. */
export class StructureScanner {
  readonly #raw = new Digest()
  readonly #body = new TrimmedDigest()
  readonly #defects = new Map<DefectCode, string>()
  readonly #leaves: Leaf[] = []
  readonly #frames: Frame[] = []
  #fields: readonly Field[] = []

  /** Bytes that are not consumed yet; `#windowOffset` is the place of the first in the message. */
  #window: Buffer = NOTHING
  #windowOffset = 0
  #size = 0
  /** How lines end, told by the first that does: a lone CR is what mail stored on old Macs has. */
  #lineEnds: 'unknown' | 'usual' | 'cr' = 'unknown'
  /** Among lone CRs: true where a CR waits for the byte after it. */
  #heldCr = false
  /** Among lone CRs: the window as it came, for what is hashed. */
  #original: Buffer | null = null
  /** True when all bytes are in the window. */
  #final = false
  /** True once bytes came by `push`: then nothing may be kept that points into them. */
  #pieces = false

  #state: 'header' | 'header-rest' | 'body' | 'ignored' = 'header'
  /** In a header: where in the window the next line starts that was not looked at. */
  #line = 0
  /** In the rest of a header: what was read of it. */
  #header: Header | null = null
  /** In the rest of a header: true where the window starts within a line. */
  #midLine = false
  /** In a body: true where the window starts at the start of a line. */
  #lineStart = false
  /** True until the header of the message itself is read. */
  #atRoot = true
  #open: OpenLeaf | null = null
  #entities = 0
  #alternatives = 0
  #textLeft = MAX_TEXT_BYTES
  #hit = {level: 0, closes: false, end: 0}
  /** The header of the message where it has raw bytes whose charset the parts may tell; else null. */
  #rawHeader: Buffer | null = null
  /** The charset of the first text that names one. */
  #textCharset: string | null = null
  /** How many signed messages this one is within. */
  readonly #signedDepth: number

  constructor(signedDepth = 0) {
    this.#signedDepth = signedDepth
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#pieces = true
    this.#take(Buffer.from(chunk))
  }

  /** `rest` may be the whole message: then nothing of it is copied. */
  end(rest: Uint8Array = NOTHING): Structure {
    this.#final = true
    this.#take(Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength))
    for (const frame of this.#frames.toReversed()) this.#closeUnfinished(frame)
    return {
      fields: this.#rawHeader === null ? this.#fields : readHeader(this.#rawHeader, this.#textCharset).fields,
      leaves: this.#leaves,
      defects: [...this.#defects].map(([code, detail]) => ({code, detail})),
      size: this.#size,
      sha256: this.#raw.end(),
      bodySha256: this.#body.end(),
    }
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length
    this.#raw.push(chunk)
    const bytes = this.#lineEnds === 'cr' ? this.#lineFeeds(chunk) : chunk
    if (!this.#atRoot) this.#body.push(bytes, this.#final)
    this.#window = this.#window.length === 0 ? bytes : Buffer.concat([this.#window, bytes])
    if (this.#lineEnds === 'unknown') this.#tellLineEnds()
    while (this.#step());
  }

  /** Nothing of the window is consumed before its first line has ended, or is longer than any header. */
  #tellLineEnds(): void {
    const start = this.#window.subarray(0, MAX_HEADER_BYTES)
    const end = start.findIndex((byte) => byte === CR || byte === LF)
    // Whether a CR at the end is alone shows with the next byte.
    if (start.length < MAX_HEADER_BYTES && !this.#final && (end === -1 || end === start.length - 1)) return
    // CR CR LF is a line end that a gateway has doubled.
    const next = start[end + 1]
    this.#lineEnds = end !== -1 && start[end] === CR && next !== LF && next !== CR ? 'cr' : 'usual'
    if (this.#lineEnds === 'cr') this.#window = this.#lineFeeds(this.#window)
  }

  /** A copy with line feeds in the place of lone CRs, so that every offset stays what it is; the original is kept. */
  #lineFeeds(chunk: Buffer): Buffer {
    const bytes = this.#heldCr ? Buffer.concat([Buffer.of(CR), chunk]) : Buffer.from(chunk)
    this.#heldCr = !this.#final && bytes.at(-1) === CR
    const original = Buffer.from(this.#heldCr ? bytes.subarray(0, -1) : bytes)
    this.#original = this.#original === null ? original : Buffer.concat([this.#original, original])
    for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
      if (bytes[at + 1] !== LF) bytes[at] = LF
    }
    return this.#heldCr ? bytes.subarray(0, -1) : bytes
  }

  /** Works on the window. False when it needs more bytes, or there are no more. */
  #step(): boolean {
    switch (this.#state) {
      case 'header':
        return this.#readHeader()
      case 'header-rest':
        return this.#skipHeader()
      case 'body':
        return this.#readBody()
      case 'ignored':
        this.#consume(this.#window.length)
        return false
    }
  }

  /** Drops the first bytes of the window. */
  #consume(count: number): void {
    this.#windowOffset += count
    this.#window = this.#window.subarray(count)
    if (this.#original !== null) this.#original = this.#original.subarray(count)
  }

  #note(code: DefectCode, detail: string): void {
    if (!this.#defects.has(code)) this.#defects.set(code, detail)
  }

  // Header ----------------------------------------------------------------------------------------------------------

  /** The window starts at the first byte of a header. */
  #readHeader(): boolean {
    const window = this.#window
    const limit = this.#atRoot ? MAX_HEADER_BYTES : MAX_PART_HEADER_BYTES
    while (this.#line <= limit) {
      const line = this.#line
      const length = this.#emptyLine(line)
      if (length === -1) return this.#endOfHeaderBytes()
      if (length > 0) {
        this.#endHeader(line, line + length)
        return true
      }
      if (window[line] === DASH) {
        const match = this.#matchDelimiter(line)
        if (match === 'unknown') return false
        if (match === 'hit') {
          this.#endHeader(line, line)
          return true
        }
      }
      const newline = window.indexOf(LF, line)
      if (newline === -1) {
        if (window.length > limit) break
        return this.#endOfHeaderBytes()
      }
      this.#line = newline + 1
    }
    this.#note('header-too-large', `only the first ${limit} bytes of a header are read`)
    this.#header = readHeader(window.subarray(0, limit))
    this.#consume(this.#line)
    this.#line = 0
    this.#midLine = false
    this.#state = 'header-rest'
    return true
  }

  /**
   * Length of the empty line at that place: 0 where there is none, -1 where the window ends too early to tell. A line
   * break that a program turned into CRLF a second time has two carriage returns.
   */
  #emptyLine(at: number): number {
    const window = this.#window
    let end = at
    while (window[end] === CR && end < at + 2) end++
    if (end >= window.length) return -1
    return window[end] === LF ? end - at + 1 : 0
  }

  /** The window ended within a header. */
  #endOfHeaderBytes(): boolean {
    if (!this.#final) return false
    const window = this.#window
    if (this.#atRoot && !window.includes(LF) && window.includes(CR)) {
      // Lines of old Macintosh programs: carriage returns alone. The body is read as one text.
      const empty = window.indexOf('\r\r')
      this.#endHeader(empty === -1 ? window.length : empty, empty === -1 ? window.length : empty + 2)
      return true
    }
    const header = readHeader(window)
    // A message without an empty line may still have a body: it starts where lines stop to be fields. Where there is
    // an empty line, such lines are damage within the header, and the fields after them count.
    let end = window.length
    if (this.#atRoot && header.firstMalformed !== -1) {
      end = header.firstMalformed
      this.#note(
        'header-line-malformed',
        'no empty line ends the header; the body starts at the first line that is no field',
      )
    }
    this.#endHeader(end, end)
    return true
  }

  /** Skips what is over the limit of a header, up to the empty line or a delimiter. */
  #skipHeader(): boolean {
    const window = this.#window
    let line = 0
    if (this.#midLine) {
      line = window.indexOf(LF) + 1
      if (line === 0) {
        this.#consume(window.length)
        if (this.#final) this.#endHeader(0, 0)
        return this.#final
      }
      this.#midLine = false
    }
    for (;;) {
      const length = this.#emptyLine(line)
      const match = length === 0 && window[line] === DASH ? this.#matchDelimiter(line) : 'none'
      if (length > 0 || match === 'hit') {
        this.#endHeader(line, line + Math.max(length, 0))
        return true
      }
      if (length === -1 || match === 'unknown') {
        this.#consume(line)
        if (this.#final) this.#endHeader(this.#window.length, this.#window.length)
        return this.#final
      }
      const newline = window.indexOf(LF, line)
      if (newline === -1) {
        this.#midLine = true
        this.#consume(window.length)
        if (this.#final) this.#endHeader(0, 0)
        return this.#final
      }
      line = newline + 1
    }
  }

  /** A header ends before `end`, the body starts at `body`. */
  #endHeader(end: number, body: number): void {
    const block = this.#window.subarray(0, end)
    const header = this.#header ?? readHeader(block)
    if (this.#atRoot && header.notUtf8 && this.#header === null) this.#rawHeader = Buffer.from(block)
    this.#header = null
    this.#line = 0
    if (header.notUtf8) this.#note('header-not-utf8', 'a header has bytes that are not UTF-8')
    if (header.tooManyFields) this.#note('header-too-large', `only the first ${header.fields.length} fields are read`)
    if (header.malformedLines > 0) {
      this.#note('header-line-malformed', `lines of a header that are no field: ${header.malformedLines}`)
    }
    this.#consume(body)
    if (this.#atRoot) {
      this.#atRoot = false
      this.#fields = header.fields
      this.#body.push(this.#window, this.#final)
    }
    this.#state = 'body'
    this.#lineStart = true
    this.#beginEntity(header.fields)
  }

  // Parts -----------------------------------------------------------------------------------------------------------

  /** Something with a header begins its body: a multipart is entered, anything else becomes a leaf. */
  #beginEntity(fields: readonly Field[]): void {
    const parent = this.#frames.at(-1)
    if (++this.#entities > MAX_PARTS) {
      this.#note('too-many-parts', `only the first ${MAX_PARTS} are read`)
      this.#frames.length = 0
      this.#state = 'ignored'
      return
    }
    const type = contentTypeOf(fieldValue(fields, 'content-type'), parent?.digest ?? false)
    const path = parent === undefined ? '' : parent.path + String(parent.parts)
    if (type.value.startsWith('multipart/') && this.#enter(type, path, parent)) return
    this.#beginLeaf(fields, type, path === '' ? '1' : path, parent)
  }

  /** Enters a multipart. False where that cannot be, and it is a leaf instead. */
  #enter(type: StructuredHeader, path: string, parent: Frame | undefined): boolean {
    const boundary = type.parameters.get('boundary') ?? ''
    if (boundary === '') {
      this.#note('boundary-missing', `a ${type.value} names no boundary`)
      return false
    }
    if (this.#frames.length >= MAX_DEPTH) {
      this.#note('nested-too-deep', `only ${MAX_DEPTH} nested multiparts are read`)
      return false
    }
    const alternative = type.value === 'multipart/alternative' ? this.#alternatives++ : null
    this.#frames.push({
      boundary: Buffer.from(boundary, 'utf8'),
      path: path === '' ? '' : `${path}.`,
      digest: type.value === 'multipart/digest',
      alternative: parent?.alternative ?? alternative,
      related: type.value === 'multipart/related' || (parent?.related ?? false),
      parts: 0,
    })
    // What stands before the first delimiter is for readers that know no MIME; but where no delimiter ever comes, it
    // is all there is, and shown.
    this.#open = {
      described: {
        part: path === '' ? '1' : path,
        offset: this.#windowOffset,
        transferEncoding: '7bit',
        contentType: 'text/plain',
        disposition: null,
        filename: null,
        contentId: null,
        alternative: null,
        related: false,
      },
      sink: this.#textSink('7bit', TEXT_PLAIN),
    }
    return true
  }

  #beginLeaf(fields: readonly Field[], type: StructuredHeader, part: string, parent: Frame | undefined): void {
    const disposition = readDisposition(fieldValue(fields, 'content-disposition'))
    // An empty name is none; the other field may have one.
    const names = [disposition?.parameters.get('filename'), type.parameters.get('name')]
    const filename = names.find((name) => name !== undefined && name.trim() !== '') ?? null
    const encodingField = fieldValue(fields, 'content-transfer-encoding')
    const transferEncoding = readTransferEncoding(encodingField)
    if (transferEncoding === null) {
      this.#note('encoding-unknown', `Content-Transfer-Encoding ${encodingField?.slice(0, 60) ?? ''}`)
    }
    const described = {
      part,
      offset: this.#windowOffset,
      transferEncoding: transferEncoding ?? 'binary',
      // A multipart that could not be entered is shown as the text it is, unless it is deep within others.
      contentType: type.value.startsWith('multipart/') && this.#frames.length < MAX_DEPTH ? 'text/plain' : type.value,
      disposition: disposition?.value ?? null,
      filename,
      contentId: readContentId(fieldValue(fields, 'content-id')),
      alternative: parent?.alternative ?? null,
      related: parent?.related ?? false,
    }
    const isText = described.contentType === 'text/plain' || described.contentType === 'text/html'
    const charset = type.parameters.get('charset') ?? null
    if (type.value.startsWith('text/')) this.#textCharset ??= charset
    const isAttached = described.disposition === 'attachment' || (filename !== null && parent !== undefined)
    this.#noteElsewhere(type, part)
    this.#open = {
      described,
      sink:
        isText && !isAttached
          ? this.#textSink(described.transferEncoding, type)
          : this.#opaqueSink(described.transferEncoding, this.#readerOf(type, filename)),
    }
  }

  /** RFC 2046 5.2.2 and 5.2.3: parts that only stand for something. */
  #noteElsewhere({value, parameters}: StructuredHeader, part: string): void {
    const told = (name: string) => parameters.get(name)?.slice(0, 60) ?? '?'
    if (value === 'message/partial') {
      this.#note('content-elsewhere', `part ${part} is piece ${told('number')} of ${told('total')} of a message`)
    } else if (value === 'message/external-body') {
      this.#note('content-elsewhere', `part ${part} is to be fetched by ${told('access-type')}`)
    }
  }

  /** Decodes, cuts out uuencoded files, and keeps the rest up to the limit. */
  #textSink(encoding: TransferEncoding, {value, parameters}: StructuredHeader): Sink {
    const decoder = createTransferDecoder(encoding)
    const kept: Buffer[] = []
    const keep = (bytes: Buffer) => {
      const taken = bytes.subarray(0, this.#textLeft)
      if (taken.length < bytes.length) this.#note('text-truncated', `only ${MAX_TEXT_BYTES} bytes of text are read`)
      this.#textLeft -= taken.length
      if (taken.length > 0) kept.push(this.#pieces ? Buffer.from(taken) : taken)
    }
    const splitter = value === 'text/html' ? null : new UuencodeSplitter(keep)
    const take = (decoded: Buffer) => (splitter === null ? keep(decoded) : splitter.push(decoded))
    return {
      push: (bytes) => {
        for (let start = 0; start < bytes.length; start += DECODE_PIECE_BYTES) {
          take(decoder.push(bytes.subarray(start, start + DECODE_PIECE_BYTES)))
        }
      },
      end: () => {
        take(decoder.end())
        splitter?.end()
        this.#noteMalformed(decoder, encoding)
        const bytes = kept.length === 1 ? kept[0]! : Buffer.concat(kept)
        const charset = parameters.get('charset') ?? (value === 'text/html' ? htmlCharset(bytes) : null)
        const {text, known, wrong} = decodeCharset(bytes, charset)
        if (!known) this.#note('charset-unknown', `charset ${charset?.slice(0, 60) ?? ''}`)
        if (wrong) this.#note('charset-wrong', `a text is not in charset ${charset?.slice(0, 60) ?? ''}`)
        const files = splitter?.files ?? []
        if (files.some(({cut}) => cut)) this.#note('encoding-malformed', 'a uuencoded file has no end')
        const isFlowed = value !== 'text/html' && parameters.get('format')?.trim().toLowerCase() === 'flowed'
        return {
          kind: 'text',
          text,
          size: bytes.length,
          ...(files.length > 0 && {files}),
          ...(isFlowed && {flowed: {delSp: parameters.get('delsp')?.trim().toLowerCase() === 'yes'}}),
        }
      },
    }
  }

  /** Hashes and counts, and lets a reader see the decoded bytes. */
  #opaqueSink(encoding: TransferEncoding, reader: OpaqueReader | null): Sink {
    const decoder = createTransferDecoder(encoding)
    const digest = new Digest()
    let size = 0
    const take = (decoded: Buffer) => {
      reader?.push(decoded)
      size += decoded.length
      digest.push(decoded)
    }
    return {
      push: (_bytes, original) => {
        for (let start = 0; start < original.length; start += DECODE_PIECE_BYTES) {
          take(decoder.push(original.subarray(start, start + DECODE_PIECE_BYTES)))
        }
      },
      end: () => {
        take(decoder.end())
        this.#noteMalformed(decoder, encoding)
        const read = {excerpt: null, ...reader?.end()}
        // Within an encoding lines end as in the rest of the mail.
        const excerpt = this.#lineEnds === 'cr' ? (read.excerpt?.replaceAll(/\r(?!\n)/g, '\n') ?? null) : read.excerpt
        return {kind: 'opaque', size, sha256: digest.end(), ...read, excerpt}
      },
    }
  }

  /** What is to be read of an opaque part; null for nothing. */
  #readerOf(type: StructuredHeader, filename: string | null): OpaqueReader | null {
    if (EXCERPTED.has(type.value)) return excerptReader(type.parameters.get('charset') ?? null)
    if (isTnef(type.value, filename)) return this.#tnefReader()
    return isCms(type.value) ? this.#cmsReader(type.parameters.get('smime-type')?.toLowerCase() ?? '') : null
  }

  #tnefReader(): OpaqueReader {
    const reader = new TnefReader()
    return {
      push: (bytes) => reader.push(bytes),
      end: () => {
        const tnef = reader.end()
        if (!tnef.whole) this.#note('tnef-malformed', 'a winmail.dat is damaged, or none')
        return {tnef}
      },
    }
  }

  #cmsReader(smimeType: string): OpaqueReader {
    const kept = new KeptBytes(MAX_SIGNED_BYTES)
    return {
      push: (bytes) => kept.push(bytes),
      end: () => {
        const cms = readCms(kept.end())
        // RFC 8551 3.2.2. Where the bytes cannot tell, most of what has no such parameter is encrypted.
        const kind = cms?.kind ?? (smimeType.startsWith('signed') ? 'signed' : 'encrypted')
        const content = this.#signedDepth < MAX_SIGNED_DEPTH ? (cms?.content ?? null) : null
        if (content === null) return {cms: {kind, inner: null, offset: null}}
        const inner = new StructureScanner(this.#signedDepth + 1).end(content)
        for (const {code, detail} of inner.defects) this.#note(code, detail)
        return {cms: {kind, inner, offset: cms?.offset ?? null}}
      },
    }
  }

  #noteMalformed(decoder: TransferDecoder, encoding: TransferEncoding): void {
    if (decoder.malformed) this.#note('encoding-malformed', `a part is not clean ${encoding}`)
  }

  // Body ------------------------------------------------------------------------------------------------------------

  /** The window starts within a body: of a leaf, or before the first or after the last part of a multipart. */
  #readBody(): boolean {
    const window = this.#window
    if (this.#frames.length === 0) {
      this.#bodyBytes(window.length)
      if (this.#final) this.#closeLeaf()
      return false
    }
    if (this.#lineStart) {
      // An empty body: the line break before the delimiter is the empty line after the header.
      if (window.length < 2 && !this.#final) return false
      const match = this.#matchDelimiter(0)
      if (match === 'unknown') return false
      this.#lineStart = false
      if (match === 'hit') {
        this.#passDelimiter()
        return true
      }
    }
    let from = 0
    for (;;) {
      const newline = window.indexOf(DELIMITER_START, from)
      if (newline === -1) {
        this.#bodyBytes(this.#final ? window.length : Math.max(0, window.length - HELD_BACK))
        if (this.#final) this.#closeLeaf()
        return false
      }
      const match = this.#matchDelimiter(newline + 1)
      if (match !== 'none') {
        // RFC 2046 5.1.1: the line break before the delimiter belongs to the delimiter.
        const content = newline > 0 && window[newline - 1] === CR ? newline - 1 : newline
        const hitEnd = this.#hit.end
        this.#bodyBytes(content)
        if (match === 'unknown') return false
        this.#hit.end = hitEnd - content
        this.#passDelimiter()
        return true
      }
      from = newline + DELIMITER_START.length
    }
  }

  /** The first bytes of the window are content. */
  #bodyBytes(count: number): void {
    if (count > 0) {
      const bytes = this.#window.subarray(0, count)
      this.#open?.sink.push(bytes, this.#original?.subarray(0, count) ?? bytes)
    }
    this.#consume(count)
  }

  /** The leaf that is open ends before the window. */
  #closeLeaf(): void {
    const open = this.#open
    if (open === null) return
    this.#open = null
    this.#leaves.push({
      ...open.described,
      length: this.#windowOffset - open.described.offset,
      content: open.sink.end(),
    })
  }

  /**
   * Tells whether the line at that place of the window is a delimiter of an open multipart, the innermost first:
   * `--`, the boundary, `--` for the last one, white space (RFC 2046 5.1.1).
   */
  #matchDelimiter(at: number): Match {
    const window = this.#window
    if (window[at] !== DASH || window[at + 1] !== DASH) return 'none'
    for (let level = this.#frames.length - 1; level >= 0; level--) {
      const match = this.#matchBoundary(this.#frames[level]!.boundary, at + 2)
      if (match === 'none') continue
      this.#hit.level = level
      return match
    }
    return 'none'
  }

  #matchBoundary(boundary: Buffer, start: number): Match {
    const window = this.#window
    const {length} = window
    const atEnd = (): Match => (this.#final ? 'hit' : 'unknown')
    for (let i = 0; i < boundary.length; i++) {
      if (start + i >= length) return this.#final ? 'none' : 'unknown'
      if (window[start + i] !== boundary[i]) return 'none'
    }
    let i = start + boundary.length
    if (i + 1 >= length && !this.#final) return 'unknown'
    const closes = window[i] === DASH && window[i + 1] === DASH
    if (closes) i += 2
    const limit = i + MAX_BOUNDARY_PADDING
    while (i < limit && (window[i] === 0x20 || window[i] === 0x09)) i++
    // Two where a program turned CRLF into CRLF once more.
    for (const end = i + 2; i < end && window[i] === CR;) i++
    this.#hit = {level: 0, closes, end: Math.min(i + 1, length)}
    if (i >= length) return atEnd()
    return window[i] === LF ? 'hit' : 'none'
  }

  /** The window starts with a delimiter, or its line break, that was just matched. */
  #passDelimiter(): void {
    const {level, closes, end} = this.#hit
    // Before the first part of a multipart: what is open is not a leaf, after all.
    if (level === this.#frames.length - 1 && this.#frames[level]!.parts === 0) this.#open = null
    this.#closeLeaf()
    for (const frame of this.#frames.slice(level + 1).toReversed()) this.#closeUnfinished(frame)
    this.#frames.length = level + 1
    this.#consume(end)
    this.#lineStart = true
    if (closes) {
      this.#frames.length = level
      this.#state = 'body'
      return
    }
    this.#frames[level]!.parts++
    this.#state = 'header'
    this.#line = 0
  }

  /** A multipart that is not closed by its own last delimiter. */
  #closeUnfinished(frame: Frame): void {
    if (frame.parts === 0) this.#note('boundary-missing', 'a multipart without any of its boundaries')
    else this.#note('boundary-unclosed', 'a multipart that is not closed')
  }
}

function excerptReader(charset: string | null): OpaqueReader {
  const kept = new KeptBytes(MAX_EXCERPT_BYTES)
  return {push: (bytes) => kept.push(bytes), end: () => ({excerpt: decodeCharset(kept.end(), charset).text})}
}

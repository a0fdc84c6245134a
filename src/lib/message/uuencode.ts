/** Files that programs of the time before MIME put into the text of a mail (POSIX uuencode). */
import {Digest} from './digest.ts'
import {MAX_TEXT_BYTES} from './limits.ts'
import type {TransferDecoder} from './transfer-encoding.ts'

/** A file that stood in a text, between a line `begin MODE NAME` and a line `end`. */
export interface UuencodedFile {
  readonly filename: string
  /** Where its block begins in the bytes of the text, at `begin`. */
  readonly offset: number
  /** Bytes of the block, `end` and its line break included. */
  readonly length: number
  /** Bytes after decoding. */
  readonly size: number
  readonly sha256: string
  /** True where the text ended within the block. */
  readonly cut: boolean
}

const LF = 0x0a
const CR = 0x0d
const BEGIN = Buffer.from('begin ')
const NOTHING = Buffer.alloc(0)

/** `begin 644 name`: POSIX has three digits, some programs have four; names may hold spaces. */
const BEGIN_LINE = /^begin [0-7]{3,4} +(\S[^\r\n]*)$/

/** Bytes of a line within a block: 45 bytes make 61 characters, some programs add one or two to check it. */
const MAX_DATA_LINE = 64

/** Bytes of a `begin` line: a file name has at most 255. */
const MAX_BEGIN_LINE = 512

/** Decoded bytes that are hashed at once. */
const HASHED_AT_ONCE = 32 * 1024

/** Bytes of a line of data, whose end may lack spaces that a hop removed; null for what is no such line. */
function decodeLine(line: Buffer): Buffer | null {
  if (line.length === 0 || line.length > MAX_DATA_LINE) return null
  for (const byte of line) if (byte < 0x20 || byte > 0x60) return null
  const size = (line[0]! - 0x20) & 63
  // A group of four characters for three bytes, begun or whole.
  const needed = 1 + Math.ceil(size / 3) * 4
  if (line.length > needed + 2) return null
  const decoded = Buffer.alloc(size)
  let at = 0
  for (let i = 1; at < size; i += 4) {
    const [a, b, c, d] = [sixBits(line[i]), sixBits(line[i + 1]), sixBits(line[i + 2]), sixBits(line[i + 3])]
    // Writes beyond the end are ignored: the last group may be padding.
    decoded[at++] = (a << 2) | (b >> 4)
    if (at < size) decoded[at++] = ((b & 15) << 4) | (c >> 2)
    if (at < size) decoded[at++] = ((c & 3) << 6) | d
  }
  return decoded
}

/** A character stands for its code less 32; the back quote, for zero, which as a space might be removed. */
const sixBits = (byte: number | undefined): number => (byte === undefined ? 0 : (byte - 0x20) & 63)

const isEnd = (line: Buffer): boolean => line.length >= 3 && /^end\s*$/.test(line.toString('latin1'))

/** Without the carriage return at its end. */
const bare = (line: Buffer): Buffer => (line.at(-1) === CR ? line.subarray(0, -1) : line)

/** A block that is being read. */
interface OpenBlock {
  readonly filename: string
  readonly offset: number
  readonly digest: Digest
  size: number
  /** Decoded lines that are not hashed yet. */
  waiting: Buffer[]
  waitingSize: number
  /** What stood in it so far, should it turn out to be text; a little more than could be shown. */
  kept: Buffer[]
  keptSize: number
  /** True after the line that holds nothing, which comes before `end`. */
  ending: boolean
}

/**
 * Takes the bytes of a text in pieces and hands out those that are text. Uuencoded blocks are decoded and hashed in
 * passing, and cut out. A `begin` whose lines are no data is text, and so is all that follows it. Linear in time.
 */
export class UuencodeSplitter {
  readonly files: UuencodedFile[] = []
  readonly #onText: (bytes: Buffer) => void
  #carry: Buffer = NOTHING
  /** Place of the first byte of `#carry`, or of what comes next, in the text. */
  #offset = 0
  #lineStart = true
  #block: OpenBlock | null = null

  constructor(onText: (bytes: Buffer) => void) {
    this.#onText = onText
  }

  push(bytes: Buffer): void {
    this.#take(bytes, false)
  }

  end(): void {
    this.#take(NOTHING, true)
    const block = this.#block
    if (block === null) return
    // All lines were data, and there were some: the mail was cut off within a file.
    if (block.size > 0) this.#close(block, this.#offset, true)
    else this.#giveBack(block)
  }

  #take(bytes: Buffer, final: boolean): void {
    let input = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes])
    this.#carry = NOTHING
    while (input.length > 0) {
      const block = this.#block
      const used = block === null ? this.#readText(input, final) : this.#readBlock(block, input, final)
      this.#offset += used
      input = input.subarray(used)
      if (used === 0 && this.#block === block) break
    }
    // A copy: the input may be memory that its owner uses again.
    if (input.length > 0) this.#carry = Buffer.from(input)
  }

  /** Hands out text up to a block; the number of bytes that are done with. */
  #readText(input: Buffer, final: boolean): number {
    for (let at = input.indexOf(BEGIN); at !== -1; at = input.indexOf(BEGIN, at + 1)) {
      if (at > 0 ? input[at - 1] !== LF : !this.#lineStart) continue
      const lineEnd = input.indexOf(LF, at)
      if (lineEnd === -1 && !final && input.length - at <= MAX_BEGIN_LINE) return this.#text(input, at)
      const line = lineEnd === -1 || lineEnd - at > MAX_BEGIN_LINE ? NOTHING : bare(input.subarray(at, lineEnd))
      const filename = BEGIN_LINE.exec(line.toString('utf8'))?.[1]?.trim()
      if (filename === undefined) continue
      this.#text(input, at)
      this.#block = {
        filename,
        offset: this.#offset + at,
        digest: new Digest(),
        size: 0,
        waiting: [],
        waitingSize: 0,
        kept: [],
        keptSize: 0,
        ending: false,
      }
      this.#keep(this.#block, input.subarray(at, lineEnd + 1))
      return lineEnd + 1
    }
    return this.#text(input, final ? input.length : withoutBeginning(input, this.#lineStart))
  }

  /** Hands out the first bytes. */
  #text(input: Buffer, length: number): number {
    if (length === 0) return 0
    this.#onText(input.subarray(0, length))
    this.#lineStart = input[length - 1] === LF
    return length
  }

  /** Reads lines of a block; the number of bytes that are done with. */
  #readBlock(block: OpenBlock, input: Buffer, final: boolean): number {
    let start = 0
    while (start < input.length) {
      const newline = input.indexOf(LF, start)
      if (newline === -1 && !final && input.length - start <= MAX_DATA_LINE + 1) break
      const next = newline === -1 ? input.length : newline + 1
      const line = bare(input.subarray(start, newline === -1 ? input.length : newline))
      if (isEnd(line) && (block.ending || block.size > 0)) {
        this.#close(block, this.#offset + next, false)
        return next
      }
      const decoded = line.length === 0 && block.ending ? NOTHING : decodeLine(line)
      if (decoded === null || (block.ending && decoded.length > 0)) {
        this.#giveBack(block)
        return start
      }
      if (decoded.length === 0) block.ending = true
      this.#decoded(block, decoded)
      this.#keep(block, input.subarray(start, next))
      start = next
    }
    return start
  }

  #decoded(block: OpenBlock, bytes: Buffer): void {
    block.size += bytes.length
    block.waiting.push(bytes)
    block.waitingSize += bytes.length
    if (block.waitingSize >= HASHED_AT_ONCE) flush(block)
  }

  #keep(block: OpenBlock, bytes: Buffer): void {
    if (block.keptSize > MAX_TEXT_BYTES) return
    block.kept.push(Buffer.from(bytes))
    block.keptSize += bytes.length
  }

  #close(block: OpenBlock, end: number, cut: boolean): void {
    flush(block)
    const {filename, offset, size} = block
    this.files.push({filename, offset, length: end - offset, size, sha256: block.digest.end(), cut})
    this.#block = null
    this.#lineStart = true
  }

  /** It was text after all. */
  #giveBack(block: OpenBlock): void {
    this.#onText(Buffer.concat(block.kept))
    this.#block = null
    this.#lineStart = true
  }
}

function flush(block: OpenBlock): void {
  block.digest.push(Buffer.concat(block.waiting))
  block.waiting = []
  block.waitingSize = 0
}

/** Bytes without a last line that may become a `begin` line. */
function withoutBeginning(input: Buffer, lineStart: boolean): number {
  const line = input.lastIndexOf(LF) + 1
  if ((line === 0 && !lineStart) || input.length - line >= BEGIN.length) return input.length
  return BEGIN.subarray(0, input.length - line).equals(input.subarray(line)) ? line : input.length
}

/** LF, or CR in a mail whose lines end so; null where the bytes do not tell yet. */
function lineEndOf(input: Buffer, final: boolean): number | null {
  const end = input.findIndex((byte) => byte === CR || byte === LF)
  if (end === -1 || input[end] === LF) return end === -1 ? null : LF
  if (end === input.length - 1) return final ? CR : null
  return input[end + 1] === LF || input[end + 1] === CR ? LF : CR
}

/** Decodes a block, from its `begin` line on (also as the Content-Transfer-Encoding x-uuencode). */
export class UuencodeDecoder implements TransferDecoder {
  malformed = false
  #carry: Buffer = NOTHING
  #state: 'before' | 'data' | 'after' = 'before'
  /** The byte that ends lines: the first one tells, as it does for the whole mail (structure.ts). */
  #lineEnd: number | null = null

  push(encoded: Buffer): Buffer {
    return this.#decode(this.#carry.length === 0 ? encoded : Buffer.concat([this.#carry, encoded]), false)
  }

  end(): Buffer {
    const rest = this.#decode(this.#carry, true)
    if (this.#state !== 'after') this.malformed = true
    return rest
  }

  #decode(input: Buffer, final: boolean): Buffer {
    const decoded: Buffer[] = []
    let start = 0
    this.#lineEnd ??= lineEndOf(input, final)
    while (start < input.length && this.#state !== 'after') {
      const newline = input.indexOf(this.#lineEnd ?? LF, start)
      if (newline === -1 && !final && input.length - start <= MAX_BEGIN_LINE) break
      const line = bare(input.subarray(start, newline === -1 ? input.length : newline))
      start = newline === -1 ? input.length : newline + 1
      if (this.#state === 'before') {
        if (line.length <= MAX_BEGIN_LINE && BEGIN_LINE.test(line.toString('utf8'))) this.#state = 'data'
      } else if (isEnd(line)) this.#state = 'after'
      else {
        const bytes = decodeLine(line)
        if (bytes !== null) decoded.push(bytes)
        else if (line.length > 0) this.malformed = true
      }
    }
    this.#carry = start < input.length && this.#state !== 'after' ? Buffer.from(input.subarray(start)) : NOTHING
    return Buffer.concat(decoded)
  }
}

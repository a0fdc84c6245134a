/**
 * Takes a mailbox file apart into its messages (RFC 4155; mbox(5) of qmail, which names the variants). Works on pieces of
 * any size, in linear time, holding one message.
 *
 * - A message begins at a line `From `, an address and a date, at the start of the file or after an empty line.
 * - `>From `, `>>From `… at the start of a line lose one `>`: exact for mboxrd. In mboxo a line that was `>From ` before
 *   it was written cannot be told from one that was `From `, and is taken for the latter, as it is the likelier one.
 * - Content-Length (mboxcl, mboxcl2) is believed where it leads exactly to the next message or to the end of the file, so
 *   that `From ` lines within that length are text. Programs that edit mailboxes leave wrong ones behind.
 */
import {readHeader} from './header.ts'
import {MAX_FALLBACK_HEADER_BYTES} from './limits.ts'

/** A message of a mailbox file. */
export type MboxMessage =
  | {readonly kind: 'message'; readonly bytes: Buffer}
  /** It is larger than the limit: its first bytes, and how many it has. */
  | {readonly kind: 'oversized'; readonly header: Buffer; readonly size: number}

/** Bytes of the line that begins a message: an address (RFC 5321: 254 octets) and a date, with room for odd ones. */
const MAX_FROM_LINE = 1000

/** `From ` lines that may wait for a Content-Length to be judged; with more of them it is not believed. */
const MAX_WAITING = 10_000

/**
 * `From jane@example.com Mon Jan  5 06:12:13 2026`: the date as asctime(3) writes it (RFC 4155, appendix A), and as
 * programs vary it: no seconds, a zone before or after the year, a comma and the day first as in mail. What stands before
 * it may have blanks (`From "jane doe"@example.com …`), or be missing.
 */
const FROM_LINE =
  /^From (?:.* )?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} +\d{1,2}:\d\d(?::\d\d)?(?: +[A-Z]{1,5}| +[+-]\d{4})* +\d{4}|\d{1,2} +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{4} +\d{1,2}:\d\d)/

const LF = 0x0a
const CR = 0x0d
const GREATER = 0x3e

/** True where bytes begin as a mailbox file does. */
export function beginsMbox(start: Buffer): boolean {
  const newline = start.indexOf(LF)
  return isFromLine(start, 0, newline === -1 ? start.length : newline)
}

function isFromLine(bytes: Buffer, start: number, end: number): boolean {
  return end - start <= MAX_FROM_LINE && FROM_LINE.test(bytes.toString('latin1', start, end))
}

/** A line that may begin a message. Offsets count the bytes of the file. */
interface FromLine {
  readonly start: number
  /** The first byte after the line. */
  readonly end: number
  /** Where the message before it ends, were this the next one: the empty line before belongs to neither. */
  readonly before: number
  /** False where no empty line stands before it: only a Content-Length can make it the beginning of a message. */
  readonly afterEmptyLine: boolean
}

/** Pieces of a mailbox file in, messages out. */
export class MboxSplitter {
  readonly #limit: number
  /** The bytes from `#kept` on. */
  #pieces: Buffer[] = []
  #kept = 0
  /** How far the file was read. */
  #end = 0
  /** The end of what was read, too short yet to tell what its last line is. */
  #tail: Buffer = Buffer.alloc(0)
  /** Lines that start before this offset were looked at. */
  #looked = 0
  /** What may begin a message, in the order of the file; what stands before `#next` is settled. */
  #found: FromLine[] = []
  #next = 0
  /** Where the present message starts; -1 before the first. */
  #start = -1
  /** Where the Content-Length of the present message ends it; null for none, undefined while its header is not there. */
  #claimed: number | null | undefined = null
  /** Bytes in which the end of that header was looked for in vain. */
  #tried = 0
  /** The first bytes of the present message, once it is too large for the rest to be kept. */
  #head: Buffer | null = null

  /** `limit` is in bytes: of a larger message the header alone is kept. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** The messages that end in this piece. The piece must not change afterwards. */
  *push(piece: Buffer): Generator<MboxMessage> {
    this.#pieces.push(piece)
    this.#end += piece.length
    this.#look(piece, false)
    yield* this.#judge(false)
    this.#shed()
  }

  /** The rest. */
  *end(): Generator<MboxMessage> {
    this.#look(Buffer.alloc(0), true)
    yield* this.#judge(true)
  }

  /** Finds the lines that may begin a message. */
  #look(piece: Buffer, final: boolean): void {
    const window = this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece])
    const offset = this.#end - window.length
    // The first line of the file has no line feed before it.
    let before = this.#looked === 0 ? -1 : window.indexOf(LINE)
    let unread = Math.max(0, window.length - MIN_TAIL)
    for (; before !== -1 || this.#looked === 0; before = window.indexOf(LINE, before + 1)) {
      const start = before + 1
      const newline = window.indexOf(LF, start)
      if (newline === -1 && !final && window.length - start <= MAX_FROM_LINE) {
        unread = Math.max(0, start - LOOK_BACK)
        break
      }
      this.#note(window, offset, start, newline === -1 ? window.length : newline)
    }
    this.#tail = Buffer.from(window.subarray(unread))
  }

  #note(window: Buffer, offset: number, start: number, newline: number): void {
    if (offset + start < this.#looked) return
    this.#looked = offset + start + 1
    if (!isFromLine(window, start, newline)) return
    const empty = emptyLineBefore(window, start)
    this.#found.push({
      start: offset + start,
      end: Math.min(offset + newline + 1, this.#end),
      before: offset + start - empty,
      afterEmptyLine: empty > 0 || offset + start === 0,
    })
  }

  /** Ends messages as far as can be told. */
  *#judge(final: boolean): Generator<MboxMessage> {
    if (this.#start === -1) {
      if (this.#found[0]?.start !== 0) return
      this.#begin(0)
    }
    for (;;) {
      if (this.#claimed === undefined) this.#claimed = this.#readClaim(final)
      if (this.#claimed === undefined) return
      if (this.#claimed !== null) {
        const claimed = this.#claimed
        const isFar = final || this.#end >= claimed + LONGEST_GAP + MAX_FROM_LINE
        if (!isFar && this.#found.length - this.#next <= MAX_WAITING) return
        const next = this.#beginningAt(claimed)
        if (next !== -1 || (final && this.#isGap(claimed, this.#end))) {
          yield this.#message(claimed, true)
          if (next === -1) return
          this.#begin(next)
          continue
        }
        this.#claimed = null
      }
      while (this.#found[this.#next]?.afterEmptyLine === false) this.#next++
      const next = this.#found[this.#next]
      if (next !== undefined) {
        yield this.#message(Math.max(next.before, this.#start), false)
        this.#begin(this.#next)
        continue
      }
      if (final) yield this.#message(this.#withoutLastEmptyLine(), false)
      return
    }
  }

  /** Which of the found lines begins a message where a Content-Length ends the one before; -1 for none. */
  #beginningAt(claimed: number): number {
    let [low, high] = [this.#next, this.#found.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#found[middle]!.start < claimed) low = middle + 1
      else high = middle
    }
    const line = this.#found[low]
    return line !== undefined && this.#isGap(claimed, line.start) ? low : -1
  }

  /** True where nothing or one empty line stands between a message and what follows it. */
  #isGap(from: number, to: number): boolean {
    return to >= from && to - from <= LONGEST_GAP && /^\r?\n?$/.test(this.#slice(from, to).toString('latin1'))
  }

  /** The found line of this index begins the present message. */
  #begin(index: number): void {
    this.#start = this.#found[index]!.end
    this.#next = index + 1
    this.#claimed = undefined
    this.#tried = 0
    this.#head = null
    this.#drop(this.#start)
    if (this.#next < SETTLED_LINES) return
    this.#found = this.#found.slice(this.#next)
    this.#next = 0
  }

  /** Where Content-Length says that the message ends; undefined while its header is not whole. */
  #readClaim(final: boolean): number | null | undefined {
    const there = Math.min(this.#end - this.#start, MAX_FALLBACK_HEADER_BYTES)
    // Looked for again only in twice as much, however small the pieces are.
    if (!final && there < MAX_FALLBACK_HEADER_BYTES && there < 2 * this.#tried) return undefined
    const start = this.#slice(this.#start, this.#start + there)
    const empty = endOfHeader(start)
    this.#tried = there
    if (empty === -1) return final || there === MAX_FALLBACK_HEADER_BYTES ? null : undefined
    const field = readHeader(start.subarray(0, empty)).fields.find(({name}) => name === 'content-length')
    if (field === undefined || !/^\d{1,15}$/.test(field.value)) return null
    const claimed = this.#start + empty + Number(field.value)
    return claimed - this.#start <= this.#limit ? claimed : null
  }

  #message(end: number, measured: boolean): MboxMessage {
    const size = end - this.#start
    if (size > this.#limit) {
      const header = this.#head ?? this.#slice(this.#start, this.#start + MAX_FALLBACK_HEADER_BYTES)
      return {kind: 'oversized', header, size}
    }
    const bytes = this.#slice(this.#start, end)
    // In mboxcl2 nothing is quoted, and a bare `From ` within the length shows that it is that.
    return {kind: 'message', bytes: measured && bytes.includes(LINE) ? bytes : unquote(bytes)}
  }

  #withoutLastEmptyLine(): number {
    const last = this.#slice(Math.max(this.#start, this.#end - LONGEST_GAP * 2), this.#end).toString('latin1')
    return this.#end - (last.endsWith('\r\n\r\n') ? 2 : last.endsWith('\n\n') ? 1 : 0)
  }

  /** Of a message that is too large, wherever it ends, no more than its header is held. */
  #shed(): void {
    if (this.#start === -1) this.#drop(this.#end)
    else if (this.#claimed === null && this.#end - this.#start > this.#limit + MIN_TAIL) {
      this.#head ??= this.#slice(this.#start, this.#start + MAX_FALLBACK_HEADER_BYTES)
      this.#drop(this.#end - MIN_TAIL)
    }
  }

  /** The bytes of the file between two offsets, as far as they are there. */
  #slice(from: number, to: number): Buffer {
    const parts: Buffer[] = []
    let at = this.#kept
    for (const piece of this.#pieces) {
      if (at >= to) break
      if (at + piece.length > from) parts.push(piece.subarray(Math.max(0, from - at), Math.min(piece.length, to - at)))
      at += piece.length
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** Nothing before that offset is needed any more. */
  #drop(before: number): void {
    let gone = 0
    while (gone < this.#pieces.length && this.#kept + this.#pieces[gone]!.length <= before)
      this.#kept += this.#pieces[gone++]!.length
    this.#pieces.splice(0, gone)
  }
}

/** What stands before and at the beginning of every message but the first. */
const LINE = '\nFrom '
/** Bytes before a `From ` that tell whether an empty line stands there. */
const LOOK_BACK = 3
/** What is kept of a piece in any case: the beginning of `From ` may be its end. */
const MIN_TAIL = LOOK_BACK + LINE.length
/** Bytes between the end that a Content-Length names and the next message: those of an empty line, or none. */
const LONGEST_GAP = 2
/** Settled lines that are kept before they are let go together. */
const SETTLED_LINES = 1000

/** Length of the empty line before a line: of `\n` or `\r\n`; 0 where there is none. */
function emptyLineBefore(bytes: Buffer, start: number): number {
  if (start < 2 || bytes[start - 1] !== LF) return 0
  if (bytes[start - 2] === LF) return 1
  return bytes[start - 2] === CR && bytes[start - 3] === LF ? 2 : 0
}

/** The first byte after the empty line that ends a header; -1 where there is none. */
function endOfHeader(bytes: Buffer): number {
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return -1
}

/** Takes one `>` from every line that begins with some of them and `From `. */
function unquote(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let copied = 0
  for (let at = bytes.indexOf('>From '); at !== -1; at = bytes.indexOf('>From ', at + 1)) {
    let start = at
    while (start > copied && bytes[start - 1] === GREATER) start--
    if (start > 0 && bytes[start - 1] !== LF) continue
    parts.push(bytes.subarray(copied, start))
    copied = start + 1
  }
  if (copied === 0) return bytes
  return Buffer.concat([...parts, bytes.subarray(copied)])
}

import {setImmediate as nextTurn} from 'node:timers/promises'

/** Bytes handed on at once: between two pieces the rest of the program has its turn. */
const PIECE_BYTES = 64 * 1024

/**
 * Lines of a header that is verified. The library takes quadratic time to unfold: 20 ms for 5,000 lines, 7 s for 40,000.
 * Mail to a few thousand recipients by name has as many.
 */
const MAX_HEADER_LINES = 5000

/** Bytes of such a header: 5,000 lines of usual length. */
const MAX_HEADER_BYTES = 512 * 1024

/**
 * Bytes of a line of the body. The library goes over an unfinished line again with each piece; SMTP forbids more than 998
 * (RFC 5321 4.5.3.1.6), and HTML without a line break reaches some 100 KB.
 */
const MAX_LINE_BYTES = 1024 * 1024

const LF = 0x0a
const CR = 0x0d

/** The bytes of a mail on their way to be verified. */
export interface MailPieces {
  readonly pieces: AsyncIterable<Buffer>
  /** Why the pieces ended before the mail did; null where they did not. */
  cutShort(): string | null
  /** Whether an error is one of whoever hands in the bytes, rather than of what became of them. */
  isOfSource(error: unknown): boolean
}

/**
 * Cuts a mail into pieces, and stops where going on would cost more than a mail may. Bare line feeds become CRLF, as they
 * were when the mail was signed: a Maildir keeps lines without the CR (RFC 6376 5.3); nothing else is changed.
 */
export function mailPieces(raw: Uint8Array | AsyncIterable<Uint8Array>, deadline: AbortSignal): MailPieces {
  let why: string | null = null
  let failure: {readonly error: unknown} | null = null
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (raw instanceof Uint8Array) yield raw
      else yield* raw
    } catch (error) {
      failure = {error}
      throw error
    }
  }
  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    const check = createCheck()
    let last = LF
    for await (const bytes of source()) {
      const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let start = 0; start < all.length; start += PIECE_BYTES) {
        const piece = all.subarray(start, start + PIECE_BYTES)
        why = deadline.aborted ? 'verifying it took too long' : check(piece)
        if (why !== null) return
        yield withCrlf(piece, last)
        last = piece.at(-1)!
        await nextTurn()
      }
    }
  }
  return {pieces: pieces(), cutShort: () => why, isOfSource: (error) => failure?.error === error}
}

/** Looks at one piece after the other, and says what is too much. */
function createCheck(): (piece: Buffer) => string | null {
  let inHeader = true
  let headerLines = 0
  let headerBytes = 0
  /** Bytes of the line that is not yet at its end, without its CR. */
  let line = 0
  return (piece) => {
    for (let start = 0; start < piece.length;) {
      const newline = piece.indexOf(LF, start)
      const end = newline === -1 ? piece.length : newline
      line += end - start
      if (line > MAX_LINE_BYTES) return 'it has a line of more than 1 MB'
      if (inHeader) {
        headerBytes += end - start
        if (newline !== -1) headerLines++
        if (headerLines > MAX_HEADER_LINES || headerBytes > MAX_HEADER_BYTES) return 'its header is too large'
      }
      if (newline === -1) break
      const isEmpty = line === 0 || (line === 1 && piece[newline - 1] === CR)
      inHeader &&= !isEmpty
      line = 0
      start = newline + 1
    }
    return null
  }
}

/** The piece with CRLF for each bare LF; the same bytes where there is none. */
function withCrlf(piece: Buffer, before: number): Buffer {
  let bare = 0
  for (let at = piece.indexOf(LF); at !== -1; at = piece.indexOf(LF, at + 1))
    if ((at === 0 ? before : piece[at - 1]) !== CR) bare++
  if (bare === 0) return piece
  const result = Buffer.allocUnsafe(piece.length + bare)
  let length = 0
  let start = 0
  for (let at = piece.indexOf(LF); at !== -1; at = piece.indexOf(LF, at + 1)) {
    if ((at === 0 ? before : piece[at - 1]) === CR) continue
    length += piece.copy(result, length, start, at)
    result[length++] = CR
    start = at
  }
  piece.copy(result, length, start)
  return result
}

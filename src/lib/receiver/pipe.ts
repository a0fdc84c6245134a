/** Mail on standard input, as an MTA pipes it (Postfix pipe(8), Exim's pipe transport). */
import type {Content} from '../channel/delivery.ts'

/** Up to this size a mail is held in memory and committed in one go; a larger one streams into the store, in pieces of it. */
const PIECE_BYTES = 1024 * 1024

/** Reads to the end, or as far as memory should hold; null where there is nothing. */
export async function readPipe(input: AsyncIterable<Uint8Array>): Promise<Content | null> {
  const pieces = pieced(input)
  const first = await pieces.next()
  if (first.done) return null
  const second = await pieces.next()
  if (second.done) return {kind: 'raw', bytes: first.value}
  const [one, two] = [first.value, second.value]
  async function* all() {
    yield one
    yield two
    yield* pieces
  }
  return {kind: 'stream', chunks: all()}
}

/** Pieces of one size, whatever the pipe hands out, each in memory of its own. Never an empty one. */
async function* pieced(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  let filled = 0
  for await (const chunk of input)
    for (let start = 0; start < chunk.length;) {
      const part = chunk.subarray(start, start + PIECE_BYTES - filled)
      piece.set(part, filled)
      filled += part.length
      start += part.length
      if (filled < PIECE_BYTES) continue
      yield piece
      piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
      filled = 0
    }
  if (filled > 0) yield Uint8Array.prototype.slice.call(piece, 0, filled)
}

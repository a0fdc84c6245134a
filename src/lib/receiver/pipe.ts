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

/** Pieces of one size, whatever the pipe hands out. Never an empty one. */
async function* pieced(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const chunk of input) {
    held.push(chunk)
    size += chunk.length
    while (size >= PIECE_BYTES) {
      const all = Buffer.concat(held)
      yield all.subarray(0, PIECE_BYTES)
      held = [all.subarray(PIECE_BYTES)]
      size -= PIECE_BYTES
    }
  }
  if (size > 0) yield Buffer.concat(held)
}

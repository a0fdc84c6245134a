/**
 * What goes between the main thread and a worker that reads raw mail. Messages travel in batches, each packed into one
 * buffer: a transfer a batch instead of a copy for each message.
 */

/** Pieces of bytes, one after the other in a buffer of their own, which can be transferred. */
export interface Packed {
  readonly bytes: ArrayBuffer
  readonly lengths: readonly number[]
}

/** A batch of raw messages. */
export interface BatchRequest extends Packed {
  readonly batch: number
}

/** Shared with the main thread: which message is being worked on, so that it knows which one hangs or crashes. */
export interface WorkerInput {
  /** Batch number and index of the message in it. */
  readonly progress: Int32Array
}

/** Copies pieces of bytes into one buffer. */
export function pack(pieces: readonly Uint8Array[]): Packed {
  // Slow: never in the pool that Node shares out, which cannot be transferred.
  const bytes = Buffer.allocUnsafeSlow(pieces.reduce((sum, {length}) => sum + length, 0))
  let end = 0
  for (const piece of pieces) {
    bytes.set(piece, end)
    end += piece.length
  }
  return {bytes: bytes.buffer, lengths: pieces.map(({length}) => length)}
}

/** The pieces, without a copy. */
export function unpack({bytes, lengths}: Packed): Uint8Array[] {
  let end = 0
  return lengths.map((length) => {
    end += length
    return new Uint8Array(bytes, end - length, length)
  })
}

/** Does the same to every message of a batch, in order, noting in `progress` where it is. */
export function workThrough(request: BatchRequest, progress: Int32Array, work: (raw: Uint8Array) => void): void {
  // The index first: between the two, the place must not be a message that is not worked on.
  Atomics.store(progress, 1, 0)
  Atomics.store(progress, 0, request.batch)
  for (const [index, raw] of unpack(request).entries()) {
    Atomics.store(progress, 1, index)
    work(raw)
  }
}

/**
 * What goes between the main thread and a worker that reads raw mail. Messages travel in batches, each packed into one
 * buffer: a transfer a batch instead of a copy for each message.
 */

/** A batch of raw messages, one after the other in `bytes`. */
export interface BatchRequest {
  readonly batch: number
  readonly bytes: ArrayBuffer
  readonly lengths: readonly number[]
}

/** Shared with the main thread: which message is being worked on, so that it knows which one hangs or crashes. */
export interface WorkerInput {
  /** Batch number and index of the message in it. */
  readonly progress: Int32Array
}

/** Does the same to every message of a batch, in order, noting in `progress` where it is. */
export function workThrough(
  {batch, bytes, lengths}: BatchRequest,
  progress: Int32Array,
  work: (raw: Uint8Array) => void,
): void {
  let offset = 0
  // The index first: between the two, the place must not be a message that is not worked on.
  Atomics.store(progress, 1, 0)
  Atomics.store(progress, 0, batch)
  for (const [index, length] of lengths.entries()) {
    Atomics.store(progress, 1, index)
    work(new Uint8Array(bytes, offset, length))
    offset += length
  }
}

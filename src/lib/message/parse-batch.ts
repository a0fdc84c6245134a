/**
 * What goes between the main thread and the parse worker. Messages travel in batches, each packed into one buffer: two
 * transfers a batch instead of a copy for each message.
 */
import {messageOf} from '../errors.ts'
import type {Message} from './message.ts'
import {describeUnparsed} from './parse.ts'
import {compressChunks, type RawChunk} from './raw-chunks.ts'

/** A batch of raw messages, one after the other in `bytes`. */
export interface ParseRequest {
  readonly batch: number
  readonly bytes: ArrayBuffer
  readonly lengths: readonly number[]
}

/** Where a chunk stands in the buffer of its reply. */
export type PackedChunk = Omit<RawChunk, 'data'> & {readonly length: number}

/** The messages of a batch as JSON, which costs both threads less than a structured clone, and their chunks packed. */
export interface ParseReply {
  readonly messages: string
  /** Of each message, in order. */
  readonly chunks: readonly (readonly PackedChunk[])[]
  readonly bytes: ArrayBuffer
  /** Milliseconds the batch took. */
  readonly ms: number
}

/** Shared with the main thread: which message is being worked on, so that it knows which one hangs or crashes. */
export interface WorkerInput {
  /** Batch number and index of the message in it. */
  readonly progress: Int32Array
}

/** Parses and compresses a batch, noting in `progress` where it is. What `parse` throws costs its message only. */
export function parseBatch(
  {batch, bytes, lengths}: ParseRequest,
  progress: Int32Array,
  parse: (raw: Uint8Array) => Message,
): ParseReply {
  const started = performance.now()
  const messages: Message[] = []
  const chunks: RawChunk[][] = []
  let offset = 0
  // The index first: between the two, the place must not be a message that is not worked on.
  Atomics.store(progress, 1, 0)
  Atomics.store(progress, 0, batch)
  for (const [index, length] of lengths.entries()) {
    Atomics.store(progress, 1, index)
    const raw = new Uint8Array(bytes, offset, length)
    offset += length
    try {
      messages.push(parse(raw))
    } catch (error) {
      messages.push(describeUnparsed(raw, messageOf(error)))
    }
    chunks.push(compressChunks(raw))
  }
  const data = chunks.flat().map((chunk) => chunk.data)
  const packed = Buffer.allocUnsafeSlow(data.reduce((sum, {length}) => sum + length, 0))
  let end = 0
  for (const piece of data) {
    packed.set(piece, end)
    end += piece.length
  }
  return {
    messages: JSON.stringify(messages),
    chunks: chunks.map((list) => list.map(({encoding, size, data}) => ({encoding, size, length: data.length}))),
    bytes: packed.buffer,
    ms: performance.now() - started,
  }
}

/** What the parse worker does with a batch: the facts of its messages, and their bytes as they are stored. */
import {messageOf} from '../errors.ts'
import {workThrough, type BatchRequest} from './batch.ts'
import type {Message} from './message.ts'
import {describeUnparsed} from './parse.ts'
import {compressChunks, type RawChunk} from './raw-chunks.ts'

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

/** Parses and compresses a batch, noting in `progress` where it is. What `parse` throws costs its message only. */
export function parseBatch(
  request: BatchRequest,
  progress: Int32Array,
  parse: (raw: Uint8Array) => Message,
): ParseReply {
  const started = performance.now()
  const messages: Message[] = []
  const chunks: RawChunk[][] = []
  workThrough(request, progress, (raw) => {
    try {
      messages.push(parse(raw))
    } catch (error) {
      messages.push(describeUnparsed(raw, messageOf(error)))
    }
    chunks.push(compressChunks(raw))
  })
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

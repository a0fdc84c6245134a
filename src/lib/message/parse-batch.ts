/** What the parse worker does with a batch: the facts of its messages, and their bytes as they are stored. */
import {messageOf} from '../errors.ts'
import {pack, workThrough, type BatchRequest, type Packed} from './batch.ts'
import type {Message} from './message.ts'
import {describeUnparsed} from './parse.ts'
import {compressChunks, type RawChunk} from './raw-chunks.ts'

/** A chunk whose data is among what is packed. */
export type PackedChunk = Omit<RawChunk, 'data'>

/** The messages of a batch as JSON, which costs both threads less than a structured clone, and their chunks packed. */
export interface ParseReply extends Packed {
  readonly messages: string
  /** Of each message, in order. */
  readonly chunks: readonly (readonly PackedChunk[])[]
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
  return {
    messages: JSON.stringify(messages),
    chunks: chunks.map((list) => list.map(({encoding, size}) => ({encoding, size}))),
    ...pack(chunks.flat().map(({data}) => data)),
    ms: performance.now() - started,
  }
}

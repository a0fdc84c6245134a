import {unpack as unpackBytes} from './batch.ts'
import {createBatchPool} from './batch-pool.ts'
import type {Message} from './message.ts'
import {describeUnparsed} from './parse.ts'
import type {ParseReply} from './parse-batch.ts'
import {compressChunks, type RawChunk} from './raw-chunks.ts'

/** A message as the store takes it: its facts, and its bytes in compressed chunks. */
export interface ParsedRaw {
  readonly message: Message
  readonly chunks: readonly RawChunk[]
}

/** Parses beside the main thread. What a message does to the thread that parses it costs that message only. */
export interface ParsePool {
  /**
   * The messages of a batch, in order. Batches are worked on in the order of the calls; call again before the first is
   * done, and the worker never waits. The bytes stay the caller's and must not change meanwhile. A message that hangs
   * or crashes the parser has the defect `parse-failed`. Rejects only where the worker cannot run at all.
   */
  parse(batch: readonly Uint8Array[]): Promise<readonly ParsedRaw[]>
  /** Ends the worker; batches that are not done are rejected. */
  close(): Promise<void>
}

export interface ParsePoolOptions {
  /** Milliseconds for one message. */
  readonly deadlineMs?: number
  /** Where the time that the worker was busy is added. */
  readonly timings?: {parseMs: number}
  /** Another worker file, for tests of what a broken one does. */
  readonly worker?: URL
}

/** Beside this file: the source when run from source, an entry of its own when bundled. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './parse-worker.ts' : './parse-worker.js', import.meta.url)

/** Makes a pool of one worker, started with the first batch: fetching and committing take the other processor. */
export function createParsePool({deadlineMs, timings, worker}: ParsePoolOptions = {}): ParsePool {
  const pool = createBatchPool<ParseReply, ParsedRaw>({
    file: worker ?? WORKER,
    workers: 1,
    ...(deadlineMs === undefined ? {} : {deadlineMs}),
    unpack: (reply) => {
      if (timings) timings.parseMs += reply.ms
      return unpack(reply)
    },
    unreadable: (raw, why) => ({message: describeUnparsed(raw, why), chunks: compressChunks(raw)}),
  })
  return {parse: (batch) => pool.run(batch), close: () => pool.close()}
}

function unpack(reply: ParseReply): ParsedRaw[] {
  const messages = JSON.parse(reply.messages) as Message[]
  const pieces = unpackBytes(reply)
  let next = 0
  return messages.map((message, index) => ({
    message,
    chunks: (reply.chunks[index] ?? []).map((chunk) => ({...chunk, data: pieces[next++]!})),
  }))
}

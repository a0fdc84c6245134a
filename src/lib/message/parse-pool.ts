import {Worker} from 'node:worker_threads'
import {PARSE_DEADLINE_MS, PARSE_HEAP_MB, PARSE_YOUNG_HEAP_MB} from './limits.ts'
import type {Message} from './message.ts'
import {describeUnparsed} from './parse.ts'
import type {ParseReply, ParseRequest, WorkerInput} from './parse-batch.ts'
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

/** Batches handed to the worker at once: with a second one waiting there, it goes on while the main thread is busy. */
const MAX_POSTED = 2

/** Deaths of the worker in a row outside of any message, after which it is taken to be unable to run. */
const MAX_FAILED_STARTS = 2

interface Job {
  readonly number: number
  readonly batch: readonly Uint8Array[]
  /** By index in the batch; what is missing is still to be parsed. */
  readonly results: (ParsedRaw | undefined)[]
  readonly resolve: (results: readonly ParsedRaw[]) => void
  readonly reject: (reason: unknown) => void
  /** Indexes in the batch of the messages that were posted last. */
  posted: readonly number[]
}

/** Makes a pool of one worker, started with the first batch: fetching and committing take the other processor. */
export function createParsePool(options: ParsePoolOptions = {}): ParsePool {
  const deadlineMs = options.deadlineMs ?? PARSE_DEADLINE_MS
  const waiting: Job[] = []
  const posted: Job[] = []
  let jobs = 0
  let failedStarts = 0
  let closed = false
  let running: RunningWorker | null = null

  const post = () => {
    while (posted.length < MAX_POSTED && waiting.length > 0) {
      running ??= startWorker(options.worker ?? WORKER, deadlineMs, {onReply, onDeath})
      const job = waiting.shift()!
      job.posted = [...job.batch.keys()].filter((index) => job.results[index] === undefined)
      posted.push(job)
      running.post(pack(job))
    }
    if (posted.length === 0) running?.idle()
  }

  const onReply = (reply: ParseReply) => {
    failedStarts = 0
    if (options.timings) options.timings.parseMs += reply.ms
    const job = posted.shift()
    if (job === undefined) return
    for (const [index, parsed] of unpack(reply).entries()) job.results[job.posted[index]!] = parsed
    job.resolve(job.results as ParsedRaw[])
    post()
  }

  /** The worker is gone. The message it worked on is described without it; all others are parsed by a new one. */
  const onDeath = (number: number, posting: number, why: string) => {
    running = null
    if (closed) return
    const culprit = posted.find((job) => job.number === number)
    const index = culprit?.posted[posting]
    if (culprit === undefined || index === undefined) {
      if (++failedStarts >= MAX_FAILED_STARTS) {
        for (const job of [...posted.splice(0), ...waiting.splice(0)]) {
          job.reject(new Error(`the parser cannot be started: ${why}`))
        }
        return
      }
    } else {
      failedStarts = 0
      const raw = culprit.batch[index]!
      culprit.results[index] = {message: describeUnparsed(raw, why), chunks: compressChunks(raw)}
    }
    waiting.unshift(...posted.splice(0))
    post()
  }

  return {
    parse: (batch) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(new Error('the parser is closed'))
          return
        }
        jobs++
        waiting.push({number: jobs, batch, results: Array.from({length: batch.length}), resolve, reject, posted: []})
        post()
      }),
    close: async () => {
      closed = true
      for (const job of [...posted.splice(0), ...waiting.splice(0)]) job.reject(new Error('the parser is closed'))
      await running?.stop()
    },
  }
}

interface RunningWorker {
  post(request: ParseRequest): void
  /** Nothing is posted: the worker must not keep the process alive. */
  idle(): void
  stop(): Promise<void>
}

interface WorkerEvents {
  readonly onReply: (reply: ParseReply) => void
  /** Batch number and index of the message that was being parsed (-1 before the first), and why the worker ended. */
  readonly onDeath: (batch: number, index: number, why: string) => void
}

function startWorker(file: URL, deadlineMs: number, {onReply, onDeath}: WorkerEvents): RunningWorker {
  const progress = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)).fill(-1)
  const worker = new Worker(file, {
    workerData: {progress} satisfies WorkerInput,
    resourceLimits: {maxOldGenerationSizeMb: PARSE_HEAP_MB, maxYoungGenerationSizeMb: PARSE_YOUNG_HEAP_MB},
  })
  let why = ''
  let busy = false
  // A message that makes no progress between two looks ages; how long it took before the first look does not matter.
  let seen = ''
  let seenAt = 0
  const watch = setInterval(
    () => {
      const batch = Atomics.load(progress, 0)
      const place = `${batch}/${Atomics.load(progress, 1)}`
      // Before its first message the worker reads its own code, which no message is to blame for.
      const limitMs = batch === -1 ? Math.max(deadlineMs, PARSE_DEADLINE_MS) : deadlineMs
      if (!busy || place !== seen) {
        seen = place
        seenAt = performance.now()
      } else if (performance.now() - seenAt > limitMs) {
        why = `parsing took more than ${limitMs / 1000} seconds`
        void worker.terminate()
      }
    },
    Math.min(1000, deadlineMs / 4),
  )
  watch.unref()

  worker.on('message', (reply: ParseReply) => {
    // The last message of a batch may have waited long for the main thread: a new batch starts a new age.
    seen = ''
    onReply(reply)
  })
  worker.on('error', (error: Error) => {
    why ||= error.message
  })
  worker.on('exit', () => {
    clearInterval(watch)
    onDeath(Atomics.load(progress, 0), Atomics.load(progress, 1), why || 'the parser ended')
  })
  return {
    post: (request) => {
      busy = true
      worker.ref()
      worker.postMessage(request, [request.bytes])
    },
    idle: () => {
      busy = false
      worker.unref()
    },
    stop: async () => {
      await worker.terminate()
    },
  }
}

/**
 * Copies what is left of a batch into one buffer to be transferred. The messages themselves cannot be: they are needed
 * again when the worker dies, and small buffers share memory with others.
 */
function pack({number, batch, posted}: Job): ParseRequest {
  const raws = posted.map((index) => batch[index]!)
  const bytes = Buffer.allocUnsafeSlow(raws.reduce((sum, {length}) => sum + length, 0))
  let end = 0
  for (const raw of raws) {
    bytes.set(raw, end)
    end += raw.length
  }
  return {batch: number, bytes: bytes.buffer, lengths: raws.map(({length}) => length)}
}

function unpack(reply: ParseReply): ParsedRaw[] {
  const messages = JSON.parse(reply.messages) as Message[]
  let end = 0
  return messages.map((message, index) => ({
    message,
    chunks: (reply.chunks[index] ?? []).map(({encoding, size, length}) => {
      const data = new Uint8Array(reply.bytes, end, length)
      end += length
      return {encoding, size, data}
    }),
  }))
}

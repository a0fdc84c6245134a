/** Workers that read raw mail beside the main thread. What a message does to its thread costs that message only. */
import {Worker} from 'node:worker_threads'
import {pack, type BatchRequest, type WorkerInput} from './batch.ts'
import {PARSE_DEADLINE_MS, PARSE_HEAP_MB, PARSE_YOUNG_HEAP_MB} from './limits.ts'

/** Takes batches of raw messages, and gives what its workers make of each message. */
export interface BatchPool<Result> {
  /**
   * What was made of the messages of a batch, in order. Batches are begun in the order of the calls; call again before
   * the first is done, and no worker waits. The bytes stay the caller's and must not change meanwhile. Rejects only
   * where no worker can run at all.
   */
  run(batch: readonly Uint8Array[]): Promise<readonly Result[]>
  /** Ends the workers; batches that are not done are rejected. */
  close(): Promise<void>
}

/** What the workers do. `Reply` is what one posts for each `BatchRequest`. */
export interface BatchWork<Reply, Result> {
  /** The file that a worker runs; it answers every request, in order. */
  readonly file: URL
  /** Threads at most; each is started when there is something for it. */
  readonly workers: number
  /** Milliseconds for one message. */
  readonly deadlineMs?: number
  /** Of the heap of each, MB for what lives for one message only. */
  readonly youngHeapMb?: number
  /** The results of a reply, in the order of its request. */
  unpack(reply: Reply): readonly Result[]
  /** For a message that hangs or crashes the worker, and why that ended. */
  unreadable(raw: Uint8Array, why: string): Result
}

/** Batches handed to a worker at once: with a second one waiting there, it goes on while the main thread is busy. */
const MAX_POSTED = 2

/** Deaths of workers in a row outside of any message, after which they are taken to be unable to run. */
const MAX_FAILED_STARTS = 2

interface Job<Result> {
  readonly number: number
  readonly batch: readonly Uint8Array[]
  /** By index in the batch; what is missing is still to be read. */
  readonly results: (Result | undefined)[]
  readonly resolve: (results: readonly Result[]) => void
  readonly reject: (reason: unknown) => void
  /** Indexes in the batch of the messages that were posted last. */
  posted: readonly number[]
}

/** Time a worker may take to load its code, in milliseconds: that is the machine's doing, and of no message. */
const START_DEADLINE_MS = 60_000

/** A place for a worker; null while none runs there. */
interface Seat<Result> {
  running: RunningWorker | null
  readonly posted: Job<Result>[]
}

/** Makes a pool; its workers are started with the first batches. */
export function createBatchPool<Reply, Result>(work: BatchWork<Reply, Result>): BatchPool<Result> {
  const {file, deadlineMs = PARSE_DEADLINE_MS, youngHeapMb = PARSE_YOUNG_HEAP_MB} = work
  const waiting: Job<Result>[] = []
  const seats = Array.from({length: work.workers}, (): Seat<Result> => ({running: null, posted: []}))
  let jobs = 0
  let failedStarts = 0
  let closed = false

  const post = () => {
    while (waiting.length > 0) {
      const seat = seats.reduce((a, b) => (b.posted.length < a.posted.length ? b : a))
      if (seat.posted.length >= MAX_POSTED) break
      seat.running ??= startWorker<Reply>(
        {file, deadlineMs, youngHeapMb},
        {
          onReply: (reply) => onReply(seat, reply),
          onDeath: (number, posting, why) => onDeath(seat, number, posting, why),
        },
      )
      const job = waiting.shift()!
      job.posted = [...job.batch.keys()].filter((index) => job.results[index] === undefined)
      seat.posted.push(job)
      // Copied: the messages themselves are needed again when the worker dies, and small buffers share memory with others.
      seat.running.post({batch: job.number, ...pack(job.posted.map((index) => job.batch[index]!))})
    }
    for (const seat of seats) if (seat.posted.length === 0) seat.running?.idle()
  }

  const onReply = (seat: Seat<Result>, reply: Reply) => {
    failedStarts = 0
    const job = seat.posted.shift()
    if (job === undefined) return
    for (const [index, result] of work.unpack(reply).entries()) job.results[job.posted[index]!] = result
    job.resolve(job.results as Result[])
    post()
  }

  /** A worker is gone. The message it worked on is described without it; all others are read by a new one. */
  const onDeath = (seat: Seat<Result>, number: number, posting: number, why: string) => {
    seat.running = null
    if (closed) return
    const culprit = seat.posted.find((job) => job.number === number)
    const index = culprit?.posted[posting]
    if (culprit === undefined || index === undefined) {
      if (++failedStarts >= MAX_FAILED_STARTS) {
        rejectAll(new Error(`the parser cannot be started: ${why}`))
        return
      }
    } else {
      failedStarts = 0
      culprit.results[index] = work.unreadable(culprit.batch[index]!, why)
    }
    waiting.unshift(...seat.posted.splice(0))
    post()
  }

  const rejectAll = (error: Error) => {
    for (const job of [...seats.flatMap(({posted}) => posted.splice(0)), ...waiting.splice(0)]) job.reject(error)
  }

  return {
    run: (batch) =>
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
      rejectAll(new Error('the parser is closed'))
      await Promise.all(seats.map(async ({running}) => running?.stop()))
    },
  }
}

interface RunningWorker {
  post(request: BatchRequest): void
  /** Nothing is posted: the worker must not keep the process alive. */
  idle(): void
  stop(): Promise<void>
}

interface WorkerEvents<Reply> {
  readonly onReply: (reply: Reply) => void
  /** Batch number and index of the message that was being read (-1 before the first), and why the worker ended. */
  readonly onDeath: (batch: number, index: number, why: string) => void
}

function startWorker<Reply>(
  {file, deadlineMs, youngHeapMb}: {readonly file: URL; readonly deadlineMs: number; readonly youngHeapMb: number},
  {onReply, onDeath}: WorkerEvents<Reply>,
): RunningWorker {
  const progress = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)).fill(-1)
  const worker = new Worker(file, {
    workerData: {progress} satisfies WorkerInput,
    resourceLimits: {maxOldGenerationSizeMb: PARSE_HEAP_MB, maxYoungGenerationSizeMb: youngHeapMb},
  })
  let why = ''
  let busy = false
  // A message that makes no progress between two looks ages; how long it took before the first look does not matter.
  let seen = ''
  let seenAt = 0
  const watch = setInterval(
    () => {
      const place = `${Atomics.load(progress, 0)}/${Atomics.load(progress, 1)}`
      if (!busy || place !== seen) {
        seen = place
        seenAt = performance.now()
      } else {
        const started = Atomics.load(progress, 0) !== -1
        const limitMs = started ? deadlineMs : START_DEADLINE_MS
        if (performance.now() - seenAt <= limitMs) return
        why = `${started ? 'parsing' : 'its start'} took more than ${limitMs / 1000} seconds`
        void worker.terminate()
      }
    },
    Math.min(1000, deadlineMs / 4),
  )
  watch.unref()

  worker.on('message', (reply: Reply) => {
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

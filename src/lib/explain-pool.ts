/** Reads mails to be explained on every processor. */
import {availableParallelism} from 'node:os'
import {tellUnread, unpackReply, type ExplainReply, type ReadMessage} from './explain-batch.ts'
import {createBatchPool, type BatchPool} from './message/batch-pool.ts'

/** Beside this file: the source when run from source, an entry of its own when bundled. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './explain-worker.ts' : './explain-worker.js', import.meta.url)

/** As many workers as processors: the main thread has little to do for each mail, and shares them. */
export const EXPLAIN_WORKERS = availableParallelism()

/**
 * MB of the heap of a worker for what lives for one message. With the text of the mail and its JSON that is more than for
 * a sync: 12 MB, as there, cost a seventh more time in all; 96 save nothing more.
 */
const YOUNG_HEAP_MB = 48

export const createExplainPool = (): BatchPool<ReadMessage> =>
  createBatchPool<ExplainReply, ReadMessage>({
    file: WORKER,
    workers: EXPLAIN_WORKERS,
    youngHeapMb: YOUNG_HEAP_MB,
    unpack: unpackReply,
    unreadable: tellUnread,
  })

/** Reads mails to be explained on every processor. */
import {availableParallelism} from 'node:os'
import {tellUnread, type ExplainReply, type ReadMessage} from './explain-batch.ts'
import {createBatchPool, type BatchPool} from './message/batch-pool.ts'
import type {Message} from './message/message.ts'

/** Beside this file: the source when run from source, an entry of its own when bundled. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './explain-worker.ts' : './explain-worker.js', import.meta.url)

/** As many workers as processors: the main thread has little to do for each mail, and shares them. */
export const EXPLAIN_WORKERS = availableParallelism()

export const createExplainPool = (): BatchPool<ReadMessage> =>
  createBatchPool<ExplainReply, ReadMessage>({
    file: WORKER,
    workers: EXPLAIN_WORKERS,
    unpack: ({messages, told}) =>
      (JSON.parse(messages) as Message[]).map((message, index) => ({message, told: told[index]!})),
    unreadable: tellUnread,
  })

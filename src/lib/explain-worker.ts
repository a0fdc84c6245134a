/** The thread that reads mails to be explained, started by explain-pool.ts. */
import {parentPort, workerData} from 'node:worker_threads'
import {explainBatch} from './explain-batch.ts'
import type {BatchRequest, WorkerInput} from './message/batch.ts'
import {releaseMemory} from './release-memory.ts'

const {progress} = workerData as WorkerInput
parentPort?.on('message', (request: BatchRequest) => {
  const reply = explainBatch(request, progress)
  releaseMemory(request.bytes)
  parentPort?.postMessage(reply, [reply.bytes])
})

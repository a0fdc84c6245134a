/** The thread that parses and compresses raw mail, started by parse-pool.ts. */
import {parentPort, workerData} from 'node:worker_threads'
import {releaseMemory} from '../release-memory.ts'
import type {BatchRequest, WorkerInput} from './batch.ts'
import {parseBatch} from './parse-batch.ts'
import {parseFacts} from './parse.ts'

const {progress} = workerData as WorkerInput
parentPort?.on('message', (request: BatchRequest) => {
  const reply = parseBatch(request, progress, parseFacts)
  releaseMemory(request.bytes)
  parentPort?.postMessage(reply, [reply.bytes])
})

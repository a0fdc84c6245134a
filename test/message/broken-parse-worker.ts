/** A parse worker that a mail can make hang, crash or run out of memory, by its header. */
import {parentPort, workerData} from 'node:worker_threads'
import type {BatchRequest, WorkerInput} from '../../src/lib/message/batch.ts'
import {parseBatch} from '../../src/lib/message/parse-batch.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'

const {progress} = workerData as WorkerInput
parentPort?.on('message', (request: BatchRequest) => {
  const reply = parseBatch(request, progress, (raw) => {
    const message = parseFacts(raw)
    const wish = message.fields[0]?.name === 'x-do' ? message.fields[0].value : ''
    if (wish === 'throw') throw new Error('asked to throw')
    if (wish === 'hang') for (;;);
    if (wish === 'exit') process.exit(3)
    if (wish === 'eat') eat()
    return message
  })
  parentPort?.postMessage(reply, [reply.bytes])
})

function eat(): never {
  for (const eaten: number[][] = []; ;) eaten.push(Array.from<number>({length: 1_000_000}).fill(1.5))
}

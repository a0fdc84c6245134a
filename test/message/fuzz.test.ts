import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'
import {parseMessage, parseStream} from '../../src/lib/message/parse.ts'
import {checkParsing} from '../support/check-parsing.ts'
import {mutateMail, seedMails} from '../support/mutate-mail.ts'
import {pieces, seededRandom, stream} from './mail.ts'

const ROUNDS = 21_000
/** One in so many is also read as a stream. */
const STREAMED = 20
/** Milliseconds for one mail, on a machine that does other things besides. */
const DEADLINE = 1000
/** Bytes that the heap may differ by between thirds of the run: caches fill, nothing grows. */
const HEAP_GROWTH = 8 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('whatever comes is read, in time, in the same memory, and printed harmlessly', async (t) => {
  const seeds = seedMails()
  const random = seededRandom(20_261_127)
  const heaps: number[] = []
  let slowest = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const raw = mutateMail(seeds, random)
    try {
      slowest = Math.max(slowest, checkParsing(raw))
      if (round % STREAMED === 0) {
        assert.deepEqual(await parseStream(stream(pieces(raw, 4000, random))), parseMessage(raw))
      }
    } catch (error) {
      throw new Error(`round ${round}: ${raw.toString('base64').slice(0, 4000)}`, {cause: error})
    }
    if (round % (ROUNDS / 3) === 0) {
      collectGarbage()
      heaps.push(process.memoryUsage().heapUsed)
    }
  }
  t.diagnostic(
    `slowest mail ${slowest.toFixed(0)} ms, heaps ${heaps.map((bytes) => `${(bytes / 1e6).toFixed(1)} MB`).join(', ')}`,
  )
  assert.ok(slowest < DEADLINE, `${slowest} ms`)
  assert.ok(heaps.at(-1)! - heaps[0]! < HEAP_GROWTH, heaps.join(' '))
})

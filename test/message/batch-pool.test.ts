import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {createBatchPool} from '../../src/lib/message/batch-pool.ts'
import type {Message} from '../../src/lib/message/message.ts'
import type {ParseReply} from '../../src/lib/message/parse-batch.ts'

const WORKERS = 3
/** Long enough for the start of a worker on a busy machine. */
const DEADLINE_MS = 3000
const mail = (text: string) => Buffer.from(`${text}\r\n\r\nbody`)

/** Several workers that a mail can make hang or end; what they give of a mail is its subject. */
function poolFor(t: TestContext) {
  const pool = createBatchPool<ParseReply, string>({
    file: new URL('./broken-parse-worker.ts', import.meta.url),
    workers: WORKERS,
    deadlineMs: DEADLINE_MS,
    unpack: ({messages}) => (JSON.parse(messages) as Message[]).map(({subject}) => subject),
    unreadable: (_, why) => `unreadable: ${why}`,
  })
  t.after(() => pool.close())
  return pool
}

describe('a pool of several workers', () => {
  test('gives each batch what was made of it, however the workers share them', async (t) => {
    const pool = poolFor(t)
    const batches = Array.from({length: 20}, (_, index) => [mail(`Subject: ${index}`), mail(`Subject: ${index}b`)])
    const results = await Promise.all(batches.map((batch) => pool.run(batch)))
    assert.deepEqual(
      results,
      batches.map((_, index) => [String(index), `${index}b`]),
    )
  })

  test('a worker that hangs or ends costs its message, and no batch of another', async (t) => {
    const pool = poolFor(t)
    const bad = (what: string) => [
      mail('Subject: before'),
      mail(`X-Do: ${what}\r\nSubject: bad`),
      mail('Subject: after'),
    ]
    const good = [mail('Subject: good')]
    const batches = [bad('hang'), good, bad('exit'), good, good, bad('hang'), good]
    const results = await Promise.all(batches.map((batch) => pool.run(batch)))
    for (const [index, batch] of batches.entries())
      if (batch === good) assert.deepEqual(results[index], ['good'])
      else {
        assert.deepEqual([results[index]?.[0], results[index]?.[2]], ['before', 'after'])
        assert.match(results[index]?.[1] ?? '', /^unreadable: (parsing took more than 3 seconds|the parser ended)$/)
      }
  })

  test('rejects what is not done when it is closed', async (t) => {
    const pool = poolFor(t)
    const waiting = Promise.allSettled(Array.from({length: 10}, () => pool.run([mail('X-Do: hang')])))
    await pool.close()
    assert.ok((await waiting).every(({status}) => status === 'rejected'))
    await assert.rejects(pool.run([mail('Subject: x')]), /closed/)
  })
})

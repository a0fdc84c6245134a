/** A run that commits nothing tells what the real run would do, also where a mail leads to a decision of an earlier batch. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {silent} from '../src/lib/log.ts'
import {createParsePool} from '../src/lib/message/parse-pool.ts'
import {createDryRun} from '../src/lib/receive.ts'
import {NOW, unchecked} from './support/portal.ts'
import {customerMail, startDesk} from './support/seed.ts'
import {STORES} from './support/stores.ts'

for (const kind of STORES)
  test(`a participant of a ticket is one in every batch of a dry run, on ${kind}`, async (t) => {
    const desk = await startDesk(t, kind)
    const [jane, boss] = [{From: 'jane@example.com'}, {From: 'boss@example.com'}]
    await desk.deliver([customerMail({...jane, Cc: 'boss@example.com', 'Message-ID': '<m1@example.com>'})])
    const batches = [
      [customerMail({...jane, 'Message-ID': '<m2@example.com>', 'In-Reply-To': '<m1@example.com>'})],
      // The one that it answers stands in no store yet.
      [customerMail({...boss, 'Message-ID': '<m3@example.com>', 'In-Reply-To': '<m2@example.com>'})],
      [customerMail({From: 'eve@evil.example', 'In-Reply-To': '<m3@example.com>'})],
    ]
    const pool = createParsePool()
    t.after(() => pool.close())
    const dryRun = createDryRun({
      store: desk.store,
      portal: desk.portal,
      source: {id: 1, kind: 'pipe', catchAll: null, envelopeHeader: null, trustedAuthservId: null, replacedAt: null},
      pool,
      checkSender: unchecked,
      clock: {now: () => NOW},
      log: silent,
      timings: {commitMs: 0},
    })
    let uid = 0
    for (const batch of batches) {
      const deliveries = batch.map((bytes) => ({
        item: {epoch: '1', key: String(++uid)},
        content: {kind: 'raw' as const, bytes},
        envelope: null,
        receivedAt: NOW,
        cursor: {},
      }))
      const told = (await dryRun(deliveries)).map((outcome) => outcome.kind)
      assert.deepEqual(told, [uid === 3 ? 'created' : 'appended'])
    }
    const done = []
    for (const batch of batches) done.push(...(await desk.deliver(batch)))
    assert.deepEqual(
      done.map((outcome) => outcome.kind),
      ['appended', 'appended', 'created'],
    )
  })

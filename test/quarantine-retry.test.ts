import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {systemClock} from '../src/lib/clock.ts'
import {silent} from '../src/lib/log.ts'
import {retryQuarantined, type RetriedItem, type RetryOptions} from '../src/lib/quarantine-retry.ts'
import {resolveSelection} from '../src/lib/quarantine-selection.ts'
import type {QuarantineSelection} from '../src/lib/store/quarantine.ts'
import {findChannel} from '../src/lib/store/channels.ts'
import {listMessages, findTicket} from '../src/lib/store/tickets.ts'
import {NOW, unchecked} from './support/portal.ts'
import {handIn, strays} from './support/quarantined.ts'
import {customerMail, startDesk, type Desk} from './support/seed.ts'
import {STORES} from './support/stores.ts'

/** More than a page of the walk, and than a batch of one transaction. */
const MANY = 450

async function retry({store, portal}: Desk, selection: QuarantineSelection, more: Partial<RetryOptions> = {}) {
  const items: RetriedItem[] = []
  const options = {store, portal, selection, checkSender: unchecked, clock: systemClock, log: silent, ...more}
  for await (const batch of retryQuarantined(options)) items.push(...batch)
  return items
}

/** Lets the address of the strays lead to the portal's first channel. */
async function addAddress({store, portal}: Desk, address = 'nobody@acme.example'): Promise<void> {
  const {id} = (await findChannel(store.db, portal.id, 'support@acme.example'))!
  await store.db.insertInto('channel_address').values({portal_id: portal.id, address, channel_id: id}).execute()
}

const outcomes = (items: readonly RetriedItem[]) => items.map(({outcome}) => outcome)

for (const kind of STORES)
  describe(`retrying many quarantined mails on ${kind}`, () => {
    test('each is met once, the oldest first, those that wait on as well', async (t) => {
      const desk = await startDesk(t, kind)
      const [stay, go] = [strays(MANY, {To: 'gone@acme.example'}), strays(MANY)]
      await desk.deliver(stay.flatMap((mail, index) => [mail, go[index]!]))
      await addAddress(desk)
      const told: number[] = []
      const items = await retry(desk, {}, {onProgress: ({expected, taken}) => told.push(expected - taken)})
      assert.deepEqual(
        items.map(({id}) => id),
        items.map(({id}) => id).toSorted((a, b) => a - b),
      )
      assert.equal(new Set(items.map(({id}) => id)).size, MANY * 2)
      assert.deepEqual(Object.groupBy(outcomes(items), (outcome) => outcome).created?.length, MANY)
      assert.deepEqual([told[0]! > told[1]!, told.at(-1)], [true, 0])
      const left = await desk.store.db.selectFrom('quarantine').select('id').orderBy('id').execute()
      assert.deepEqual(
        left.map(({id}) => id),
        items.filter(({outcome}) => outcome === 'quarantined').map(({id}) => id),
        'what waits on keeps its id',
      )
      const again = await retry(desk, {reasons: ['unknown-recipient']})
      assert.deepEqual(new Set(outcomes(again)), new Set(['quarantined']))
    })

    test('an answer in the quarantine finds the mail it answers', async (t) => {
      const desk = await startDesk(t, kind)
      const answer = {'In-Reply-To': '<asked@example.com>', References: '<asked@example.com>'}
      await desk.deliver([...strays(1, {'Message-ID': '<asked@example.com>'}), ...strays(2, answer)])
      await addAddress(desk)
      const items = await retry(desk, {})
      assert.deepEqual(outcomes(items), ['created', 'appended', 'appended'])
      assert.deepEqual(new Set(items.map(({ticket}) => ticket)), new Set([1]))
    })

    test('the envelope and the time of receipt are those of its delivery', async (t) => {
      const desk = await startDesk(t, kind)
      // Its header names another address: only the envelope says whom it is for.
      await handIn(desk, 'later@acme.example', [customerMail({To: 'info@elsewhere.example'})])
      await addAddress(desk, 'later@acme.example')
      assert.deepEqual(outcomes(await retry(desk, {})), ['created'])
      const ticket = (await findTicket(desk.store.db, desk.portal.id, 1))!
      const [message] = await listMessages(desk.store.db, ticket)
      assert.equal(message!.received_at, NOW)
      assert.deepEqual(JSON.parse(message!.envelope!), {
        recipients: ['later@acme.example'],
        sender: 'jane@example.com',
      })
    })

    test('mails of the same bytes in one batch make one ticket, and the bytes stay', async (t) => {
      const desk = await startDesk(t, kind)
      const [mail] = strays(1)
      await handIn(desk, 'nobody@acme.example', [mail!])
      await handIn(desk, 'gone@acme.example', [mail!])
      await desk.deliver([mail!])
      await addAddress(desk)
      assert.deepEqual(outcomes(await retry(desk, {})).toSorted(), ['created', 'duplicate', 'duplicate'])
      assert.equal((await desk.store.db.selectFrom('raw').select('id').execute()).length, 1)
    })

    test('a damaged mail stays, and does not hold up the others', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(3))
      await addAddress(desk)
      const [, second] = await desk.store.db.selectFrom('quarantine').selectAll().orderBy('id').execute()
      await desk.store.db.deleteFrom('raw_chunk').where('raw_id', '=', second!.raw_id!).execute()
      const items = await retry(desk, {})
      assert.deepEqual(outcomes(items), ['created', 'kept', 'created'])
      assert.match(items[1]!.reason, /0 of its \d+ bytes/)
    })

    test('what was purged or dropped meanwhile is left alone', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(2))
      await addAddress(desk)
      const [first, second] = await desk.store.db.selectFrom('quarantine').select('id').orderBy('id').execute()
      await desk.store.db
        .updateTable('quarantine')
        .set({purged_at: NOW, raw_id: null})
        .where('id', '=', first!.id)
        .execute()
      await desk.store.db.deleteFrom('quarantine').where('id', '=', second!.id).execute()
      const items = await retry(desk, {ids: [second!.id, first!.id]})
      assert.deepEqual(outcomes(items), ['kept'])
      assert.match(items[0]!.reason, /purged/)
    })

    test('it ends between two batches when it is told to', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(MANY))
      await addAddress(desk)
      const stop = new AbortController()
      const items = await retry(desk, {}, {signal: stop.signal, onProgress: () => stop.abort()})
      assert.ok(items.length > 0 && items.length < MANY, String(items.length))
      const left = await desk.store.db.selectFrom('quarantine').select('id').execute()
      assert.equal(left.length, MANY - items.length)
      assert.equal((await retry(desk, {})).length, left.length)
    })

    test('those of an address are chosen by it, and by how long they wait', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support', 'sales']})
      await desk.store.db.updateTable('channel').set({deactivated_at: NOW}).execute()
      await desk.deliver([customerMail(), customerMail({To: 'sales@acme.example'}), ...strays(1)])
      await desk.store.db.updateTable('channel').set({deactivated_at: null}).execute()
      const {store, portal} = desk
      const choose = (request: Parameters<typeof resolveSelection>[2]) =>
        resolveSelection(store, portal, request, {now: NOW, whole: true})
      assert.deepEqual(await retry(desk, await choose({olderThanDays: 1})), [])
      assert.deepEqual(outcomes(await retry(desk, await choose({channel: 'sales@acme.example'}))), ['created'])
      assert.deepEqual(outcomes(await retry(desk, await choose({reason: 'channel-inactive'}))), ['created'])
      await assert.rejects(choose({channel: 'other@acme.example'}), {exitCode: 67})
    })
  })

import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {createHash} from 'node:crypto'
import type {Content, Delivery, Outcome} from '../src/lib/channel/delivery.ts'
import {systemClock} from '../src/lib/clock.ts'
import type {SourceFacts} from '../src/lib/intake/facts.ts'
import {silent} from '../src/lib/log.ts'
import {createParsePool} from '../src/lib/message/parse-pool.ts'
import {decompressChunk} from '../src/lib/message/raw-chunks.ts'
import {retryQuarantined, type RetriedItem, type RetryOptions} from '../src/lib/quarantine-retry.ts'
import {createReceive} from '../src/lib/receive.ts'
import type {Store} from '../src/lib/store/open.ts'
import type {PortalRow} from '../src/lib/store/portals.ts'
import {readRaw} from '../src/lib/store/raw.ts'
import {acquireLease, ledgerOf, putSource} from '../src/lib/store/sources.ts'
import {findTicket, listMessages, listTickets, setStatus} from '../src/lib/store/tickets.ts'
import {mail, NOW, seedPortal, type PortalSeed, unchecked} from './support/portal.ts'
import {startStore, STORES, type StoreKind} from './support/stores.ts'

interface Reception {
  readonly store: Store
  readonly portal: PortalRow
  /** Hands in mails as one batch. */
  readonly receive: {
    (...mails: (Buffer | Content)[]): Promise<readonly Outcome[]>
    /** Hands in what is found at a UID of before. */
    again(uid: number, content: Content): Promise<readonly Outcome[]>
  }
}

let sources = 0

async function reception(t: TestContext, kind: StoreKind, seed: PortalSeed = {}, into?: Reception): Promise<Reception> {
  const store = into?.store ?? (await startStore(t, kind))
  const portal = into?.portal ?? (await seedPortal(store, seed))
  const row = await store.transaction((tx) =>
    putSource(tx, portal.id, {kind: 'imap', identity: `imap:${sources++}`, config: '{}'}, NOW),
  )
  const lease = await acquireLease(store, row, 'the inbound')
  const pool = createParsePool()
  t.after(() => pool.close())
  const source: SourceFacts = {
    id: row.id,
    kind: 'imap',
    catchAll: null,
    envelopeHeader: null,
    trustedAuthservId: null,
    replacedAt: null,
  }
  const receive = createReceive({
    store,
    portal,
    source,
    lease,
    effects: false,
    pool,
    checkSender: unchecked,
    clock: systemClock,
    log: silent,
    timings: {commitMs: 0},
  })
  let uid = 0
  const deliver = (at: number, content: Content): Delivery => ({
    item: {epoch: '7', key: String(at).padStart(10, '0')},
    content,
    envelope: null,
    receivedAt: NOW,
    cursor: {uid: at},
  })
  const all = (...mails: (Buffer | Content)[]) =>
    receive(mails.map((mail) => deliver(++uid, Buffer.isBuffer(mail) ? {kind: 'raw', bytes: mail} : mail)))
  return {
    store,
    portal,
    receive: Object.assign(all, {again: (at: number, content: Content) => receive([deliver(at, content)])}),
  }
}

const first = {
  From: 'Jane <jane@example.com>',
  To: 'support@acme.example',
  Subject: 'My order',
  Date: 'Sun, 01 Mar 2026 08:00:00 +0000',
  'Message-ID': '<one@example.com>',
}

for (const kind of STORES)
  describe(`reception on ${kind}`, () => {
    test('a new mail opens a ticket, its answer joins it, and the same mail again is a duplicate', async (t) => {
      const {store, portal, receive} = await reception(t, kind, {
        agents: {'ann@acme.example': false, 'bob@acme.example': true},
      })
      const [created, appended, duplicate] = await receive(
        mail(first),
        mail({
          ...first,
          'Message-ID': '<two@example.com>',
          'In-Reply-To': '<one@example.com>',
          Subject: 'Re: My order',
        }),
        mail({Received: 'from elsewhere', ...first}),
      )
      assert.deepEqual(
        [created, appended, duplicate].map((outcome) => [outcome!.kind, outcome!.ticket]),
        [
          ['created', 1],
          ['appended', 1],
          ['duplicate', 1],
        ],
      )
      const ticket = (await findTicket(store.db, portal.id, 1))!
      assert.deepEqual(
        [ticket.subject, ticket.requester_address, ticket.owner_email, ticket.queue_key, ticket.message_count],
        ['My order', 'jane@example.com', 'bob@acme.example', 'support', 2],
      )
      // The same again in a later batch, from what the store remembers.
      const later = await receive(
        mail(first),
        mail({...first, 'Message-ID': '<3@x>', References: '<zero@x> <two@example.com>'}),
      )
      assert.deepEqual(
        later.map((outcome) => outcome.kind),
        ['duplicate', 'appended'],
      )
    })

    test('an answer that comes before the mail it answers shares its ticket', async (t) => {
      const {receive} = await reception(t, kind)
      const [answer] = await receive(mail({...first, 'Message-ID': '<two@x>', 'In-Reply-To': '<one@example.com>'}))
      const [parent] = await receive(mail(first))
      assert.deepEqual([answer!.kind, parent!.kind, parent!.ticket], ['created', 'appended', answer!.ticket])
    })

    test('a reused Message-ID with other content is another mail', async (t) => {
      const {receive} = await reception(t, kind)
      const outcomes = await receive(mail(first), mail(first, 'Something else\n'))
      assert.deepEqual(
        outcomes.map((outcome) => outcome.kind),
        ['created', 'created'],
      )
    })

    test('equal mails without a Message-ID are two in one mailbox, and one when listed again by a new source', async (t) => {
      const {'Message-ID': _, ...anonymous} = first
      const here = await reception(t, kind)
      assert.deepEqual(
        (await here.receive(mail(anonymous), mail(anonymous))).map((o) => o.kind),
        ['created', 'created'],
      )
      const there = await reception(t, kind, {}, here)
      assert.deepEqual(
        (await there.receive(mail(anonymous))).map((o) => o.kind),
        ['duplicate'],
      )
    })

    test('a forwarder that changes bytes does not make a second mail within a day', async (t) => {
      const here = await reception(t, kind)
      const there = await reception(t, kind, {}, here)
      await here.receive(mail(first))
      assert.deepEqual(
        (await there.receive(mail(first, 'Hello\n-- \nforwarded\n'))).map((o) => o.kind),
        ['duplicate'],
      )
    })

    test('mail for nobody waits in the quarantine with its bytes', async (t) => {
      const {store, portal, receive} = await reception(t, kind)
      const [outcome] = await receive(mail({...first, To: 'nobody@acme.example'}))
      assert.match(outcome!.reason, /^unknown-recipient: To and Cc name only nobody@acme.example/)
      const row = await store.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow()
      assert.deepEqual(
        [row.reason, row.subject, row.from_text],
        ['unknown-recipient', 'My order', 'Jane <jane@example.com>'],
      )
      const bytes: Uint8Array[] = []
      for await (const chunk of readRaw(store.db, portal.id, row.raw_id!)) bytes.push(decompressChunk(chunk))
      assert.deepEqual(Buffer.concat(bytes), mail({...first, To: 'nobody@acme.example'}))
    })

    test('only fields above the first Received are believed', async (t) => {
      const {receive} = await reception(t, kind, {addresses: ['support', 'billing']})
      const outcomes = await receive(
        mail({'Delivered-To': 'billing@acme.example', Received: 'by mx', ...first}),
        mail({Received: 'by mx', 'Delivered-To': 'billing@acme.example', ...first, 'Message-ID': '<forged@x>'}),
        mail({'Delivered-To': 'gone@acme.example', Received: 'by mx', ...first, 'Message-ID': '<gone@x>'}),
        mail({
          'Delivered-To': 'catchall@provider.example',
          Received: 'by mx',
          ...first,
          To: 'support+tag@acme.example',
          'Message-ID': '<c@x>',
        }),
      )
      assert.deepEqual(
        outcomes.map((o) => o.address),
        ['billing@acme.example', 'support@acme.example', null, 'support@acme.example'],
      )
    })

    test('a closed ticket follows the policy of its queue', async (t) => {
      for (const [policy, expected] of [
        ['reopen', 'appended'],
        ['new', 'created'],
        ['new-after=0', 'created'],
        ['new-after=1', 'appended'],
      ] as const) {
        const {store, portal, receive} = await reception(t, kind, {closedPolicy: policy})
        await receive(mail(first))
        const ticket = (await findTicket(store.db, portal.id, 1))!
        const closedAt = policy === 'new-after=0' ? '2026-01-01T00:00:00.000Z' : new Date().toISOString()
        await store.transaction((tx) => setStatus(tx, ticket, 'closed', {by: 'test', now: closedAt}))
        const [answer] = await receive(mail({...first, 'Message-ID': '<two@x>', 'In-Reply-To': '<one@example.com>'}))
        assert.equal(answer!.kind, expected, policy)
        assert.equal(
          (await findTicket(store.db, portal.id, 1))!.status,
          expected === 'appended' ? 'open' : 'closed',
          policy,
        )
      }
    })

    test('a large mail streams into the store and is the same mail again', async (t) => {
      const {store, portal, receive} = await reception(t, kind)
      const body = Buffer.from(`${'0123456789abcdef'.repeat(4)}\r\n`.repeat(50_000))
      const whole = Buffer.concat([mail(first, ''), body])
      const stream = (): Content => ({
        kind: 'stream',
        chunks: (async function* () {
          for (let start = 0; start < whole.length; start += 700_000) yield whole.subarray(start, start + 700_000)
        })(),
      })
      assert.deepEqual(
        (await receive(stream(), stream())).map((o) => o.kind),
        ['created', 'duplicate'],
      )
      const raws = await store.db.selectFrom('raw').selectAll().execute()
      assert.deepEqual(
        raws.map((raw) => [raw.size, raw.sha256]),
        [[whole.length, createHash('sha256').update(whole).digest('hex')]],
      )
      const chunks = await store.db.selectFrom('raw_chunk').select('size').where('portal_id', '=', portal.id).execute()
      assert.equal(
        chunks.reduce((sum, chunk) => sum + chunk.size, 0),
        whole.length,
      )
    })

    test('a mail over the size limit is in the quarantine with its header, and nothing else of it is kept', async (t) => {
      const {store, receive} = await reception(t, kind, {maxMessageSize: 3_000_000})
      const chunks = (async function* () {
        yield mail(first)
        for (let sent = 0; sent < 5; sent++) yield Buffer.alloc(1_000_000, 'x')
      })()
      const [outcome] = await receive({kind: 'stream', chunks})
      assert.match(outcome!.reason, /^oversized: 5\d+ bytes/)
      const row = await store.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow()
      assert.match(Buffer.from(row.header!).toString(), /^From: Jane/)
      assert.deepEqual([row.raw_id, row.subject], [null, 'My order'])
      assert.deepEqual(await store.db.selectFrom('raw').selectAll().execute(), [])
    })

    test('NUL, lone surrogates and control characters in a header do not stop the batch', async (t) => {
      const {receive, store, portal} = await reception(t, kind)
      const odd = mail({...first, Subject: 'a\0b \u202E =?utf-16?B?2AA=?=', 'Message-ID': '<\0@x>'})
      assert.deepEqual(
        (await receive(odd, mail(first))).map((o) => o.kind),
        ['created', 'created'],
      )
      assert.equal((await listTickets(store.db, portal.id, {limit: 10})).length, 2)
    })

    test('an id that is too long for an index costs the mail its thread only', async (t) => {
      const {receive} = await reception(t, kind)
      const id = '漢'.repeat(990)
      const [one] = await receive(mail({...first, 'Message-ID': `<${id}@x>`}))
      const [two] = await receive(mail({...first, 'Message-ID': '<b@x>', References: `<${id}@x>`}))
      assert.deepEqual([one!.kind, two!.kind], ['created', 'created'])
    })

    test('a field above Received that names an address of before is believed', async (t) => {
      const {store, portal, receive} = await reception(t, kind, {addresses: ['support', 'sales']})
      const old = {portal_id: portal.id, address: 'support@old.example', channel_id: await channelId(store)}
      await store.db.insertInto('channel_address').values(old).execute()
      const [outcome] = await receive(
        mail({'Delivered-To': 'support@old.example', Received: 'by mx', ...first, To: 'sales@acme.example'}),
      )
      assert.equal(outcome!.address, 'support@acme.example')
    })

    test('two portals in one store know nothing of each other', async (t) => {
      const one = await reception(t, kind)
      const portal = await seedPortal(one.store, {key: 'other', domain: 'other.example'})
      const two = await reception(t, kind, {}, {...one, portal})
      assert.equal((await one.receive(mail(first)))[0]!.ticket, 1)
      const [outcome] = await two.receive(
        mail({...first, 'In-Reply-To': '<one@example.com>', To: 'support@other.example'}),
      )
      assert.deepEqual([outcome!.kind, outcome!.ticket], ['created', 1])
      assert.equal((await two.receive(mail({...first, 'Message-ID': '<x@y>'})))[0]!.kind, 'quarantined')
      const ticket = (await findTicket(one.store.db, portal.id, 1))!
      assert.equal((await listMessages(one.store.db, ticket)).length, 1)
    })

    test('an owner that was taken over can commit nothing', async (t) => {
      const {store, receive} = await reception(t, kind)
      await store.db
        .updateTable('source')
        .set((eb) => ({lease_token: eb('lease_token', '+', 1)}))
        .execute()
      await assert.rejects(receive(mail(first)), {code: 'LEASE_LOST', exitCode: 75})
      assert.deepEqual(await store.db.selectFrom('ticket').selectAll().execute(), [])
    })
  })

for (const kind of STORES)
  describe(`retrying quarantined mail on ${kind}`, () => {
    test('a mail for an address that exists now becomes a ticket, and the quarantine lets it go', async (t) => {
      const {store, portal, receive} = await reception(t, kind)
      await receive(mail({...first, To: 'later@acme.example'}))
      const {id} = await store.db.selectFrom('quarantine').select('id').executeTakeFirstOrThrow()
      const options = {store, portal, ids: [id], checkSender: unchecked, clock: systemClock, log: silent}
      assert.equal((await retry(options))[0]!.outcome, 'quarantined')
      const again = await store.db.selectFrom('quarantine').select('id').executeTakeFirstOrThrow()
      await store.db
        .insertInto('channel_address')
        .values({portal_id: portal.id, address: 'later@acme.example', channel_id: await channelId(store)})
        .execute()
      const [item] = await retry({...options, ids: [again.id]})
      assert.deepEqual([item!.outcome, item!.ticket], ['created', 1])
      assert.deepEqual(await store.db.selectFrom('quarantine').selectAll().execute(), [])
      assert.equal((await store.db.selectFrom('raw').selectAll().execute()).length, 1)
    })

    test('two retries of one mail at once make one ticket', async (t) => {
      const {store, portal, receive} = await reception(t, kind)
      const {'Message-ID': _, ...anonymous} = first
      await receive(mail({...anonymous, To: 'later@acme.example'}))
      const {id} = await store.db.selectFrom('quarantine').select('id').executeTakeFirstOrThrow()
      const address = {portal_id: portal.id, address: 'later@acme.example', channel_id: await channelId(store)}
      await store.db.insertInto('channel_address').values(address).execute()
      const options = {store, portal, ids: [id], checkSender: unchecked, clock: systemClock, log: silent}
      const outcomes = (await Promise.all([retry(options), retry(options)])).flat()
      assert.deepEqual(outcomes.map((item) => item.outcome).sort(), ['created', 'kept'])
      assert.equal((await listTickets(store.db, portal.id, {limit: 10})).length, 1)
    })

    test('a mail that is kept whole stays whole when the portal takes less by now', async (t) => {
      const {store, portal, receive} = await reception(t, kind)
      await receive(mail({...first, To: 'later@acme.example'}, 'x'.repeat(50_000)))
      const row = await store.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow()
      const options = {
        store,
        portal: {...portal, max_message_size: 1000},
        ids: [row.id],
        checkSender: unchecked,
        clock: systemClock,
        log: silent,
      }
      await retry(options)
      const after = await store.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow()
      assert.deepEqual([after.reason, after.raw_id], ['unknown-recipient', row.raw_id])
      assert.equal((await store.db.selectFrom('raw').selectAll().execute()).length, 1)
    })

    test('what is kept of a mail outlives its mailbox', async (t) => {
      const {store, receive} = await reception(t, kind)
      const oversized: Content = {kind: 'oversized', header: mail(first, ''), size: 500_000_000}
      await receive(oversized)
      await receive.again(1, {kind: 'gone'})
      assert.equal((await store.db.selectFrom('quarantine').selectAll().execute()).length, 1)
    })

    test('a mail that the server withholds again keeps its id and its time', async (t) => {
      const {store, receive} = await reception(t, kind)
      await receive({kind: 'poison', why: 'NO [SERVERBUG]'})
      const read = () => store.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow()
      const before = await read()
      await receive.again(1, {kind: 'poison', why: 'NO [UNAVAILABLE]'})
      const after = await read()
      assert.deepEqual([after.id, after.created_at], [before.id, before.created_at])
      assert.equal(after.detail, 'NO [UNAVAILABLE]')
    })

    test('a mail that was too large is asked for again once the portal takes that much', async (t) => {
      const {store, portal, receive} = await reception(t, kind, {maxMessageSize: 3_000_000})
      await receive({kind: 'oversized', header: mail(first, ''), size: 5_000_000})
      const {id} = await store.db.selectFrom('quarantine').select('id').executeTakeFirstOrThrow()
      const row = await store.db.selectFrom('source').selectAll().where('kind', '=', 'imap').executeTakeFirstOrThrow()
      const inbound = {...portal, inbound_source_id: row.id}
      const options = {store, ids: [id], checkSender: unchecked, clock: systemClock, log: silent}
      assert.equal((await retry({...options, portal: inbound}))[0]!.outcome, 'kept')
      const larger = {...inbound, max_message_size: 6_000_000}
      assert.equal((await retry({...options, portal: larger}))[0]!.outcome, 'waits')
      assert.deepEqual(await ledgerOf(store, row).due('7'), ['0000000001'])
    })
  })

/** What became of the mails with these ids. */
async function retry({ids, ...options}: Omit<RetryOptions, 'selection'> & {ids: readonly number[]}) {
  const items: RetriedItem[] = []
  for await (const batch of retryQuarantined({...options, selection: {ids}})) items.push(...batch)
  return items
}

async function channelId(store: Store): Promise<number> {
  return (await store.db.selectFrom('channel').select('id').executeTakeFirstOrThrow()).id
}

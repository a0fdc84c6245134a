/** `email sync` against mailboxes that change: each mail becomes one ticket, whatever the server does with its numbers. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {dovecotMissing, startDovecot, type DovecotServer} from '../support/dovecot.ts'
import {makeMessage} from '../support/maildir.ts'
import {mail} from '../support/portal.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk, type SyncDesk, until} from '../support/sync-desk.ts'

const skip = dovecotMissing()

/** As a form on a web site sends it. */
const withoutMessageId = (number: number) =>
  mail({
    From: 'Form <form@customer.example>',
    To: 'help@acme.example',
    Subject: `Form ${number}`,
    Date: 'Mon, 02 Mar 2026 09:30:00 +0000',
  })

async function fill(server: DovecotServer): Promise<void> {
  await server.fill(5)
  for (let number = 1; number <= 5; number++) await server.deliver(withoutMessageId(number))
}

/** Seen, created and duplicates of a report. */
const counted = ({result: {totals}}: Awaited<ReturnType<SyncDesk['sync']>>) => [
  totals.seen,
  totals.created,
  totals.duplicates,
]

const messages = (...uids: readonly number[]) => uids.map((uid) => ({uid, bytes: makeMessage(uid, 500)}))

for (const kind of STORES) {
  test(`${kind}: another UIDVALIDITY makes no second ticket, with and without Message-ID`, {skip}, async (t) => {
    const server = await startDovecot(t)
    await fill(server)
    const desk = await startSyncDesk(t, kind)
    await desk.setImap(server)
    assert.deepEqual(counted(await desk.sync()), [10, 10, 0])
    await server.changeUidValidity()
    await server.fill(1, {first: 6})
    const again = await desk.sync()
    assert.deepEqual(counted(again), [11, 1, 10], JSON.stringify(again))
    assert.notEqual(again.result.channels[0].cursorAfter.epoch, again.result.channels[0].cursorBefore.epoch)
    assert.deepEqual([await desk.count('ticket'), await desk.count('message')], [11, 11])
    assert.deepEqual(counted(await desk.sync()), [0, 0, 0])
  })

  test(`${kind}: another server with the same UIDVALIDITY is another source, and known mail is recognised`, async (t) => {
    const known = [...messages(1, 2, 3), {uid: 4, bytes: withoutMessageId(4)}]
    const old = await startScriptedImap(t, known)
    const desk = await startSyncDesk(t, kind)
    await desk.setImap(old)
    assert.deepEqual(counted(await desk.sync()), [4, 4, 0])
    // The same UIDs for other messages: what is known of the old server must not hide them.
    const moved = [
      {uid: 1, bytes: makeMessage(21, 500)},
      {uid: 2, bytes: known[3]!.bytes},
      {uid: 3, bytes: makeMessage(1, 500)},
      {uid: 4, bytes: makeMessage(22, 500)},
    ]
    const next = await startScriptedImap(t, moved)
    await desk.setImap(next)
    const report = await desk.sync()
    assert.deepEqual(counted(report), [4, 2, 2], JSON.stringify(report))
    assert.equal(report.result.channels[0].cursorBefore, null)
    assert.equal(await desk.count('source'), 2)
    assert.deepEqual((await desk.subjects()).slice(4), ['Message 21', 'Message 22'])
    // Back again: the old ledger still holds.
    await desk.setImap(old)
    assert.deepEqual(counted(await desk.sync()), [0, 0, 0])
  })
}

test('a mailbox that has shrunk below and above the cursor loses and doubles nothing', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(10)
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  assert.deepEqual(counted(await desk.sync('--limit', '6')), [6, 6, 0])
  await server.expunge('2:3,8,10')
  const rest = await desk.sync()
  assert.deepEqual([counted(rest), rest.exitCode], [[2, 2, 0], 0])
  await server.expunge('1:9')
  assert.deepEqual(counted(await desk.sync()), [0, 0, 0])
  await server.fill(1, {first: 11})
  assert.deepEqual(counted(await desk.sync()), [1, 1, 0])
  const expected = [1, 2, 3, 4, 5, 6, 7, 9, 11].map((number) => `Message ${number}`)
  assert.deepEqual(await desk.subjects(), expected)
})

test('a message that is expunged between SEARCH and FETCH is skipped, with the reason', async (t) => {
  const server = await startScriptedImap(t, messages(1, 2, 3))
  server.script.set('UID FETCH', (exchange) => {
    if (exchange.args.includes('BODY.PEEK[]'))
      server.state.messages = server.state.messages.filter(({uid}) => uid !== 2)
    exchange.usual()
  })
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const {code, stdout} = await desk.run(['email', 'sync', '--jsonl'])
  assert.equal(code, 0)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({sourceId, outcome, ticket}) => [sourceId, outcome, ticket]),
    [
      ['7/0000000001', 'created', 1],
      ['7/0000000002', 'skipped', null],
      ['7/0000000003', 'created', 2],
    ],
  )
  assert.match(lines[1].reason, /no longer in the mailbox/)
  assert.equal((await desk.sync()).result.totals.seen, 0)
})

test(
  '--limit leaves the rest to the next run, --since to a wider one, in the zone of the portal',
  {skip},
  async (t) => {
    const server = await startDovecot(t)
    // Midnight of the 1st of March in Hanoi is 17:00 of the 28th of February in UTC.
    const arrivals = ['2026-02-20T12:00:00Z', '2026-02-28T16:59:00Z', '2026-02-28T17:01:00Z', '2026-03-01T08:00:00Z']
    for (const [index, arrived] of arrivals.entries()) await server.deliver(makeMessage(index + 1), new Date(arrived))
    await server.deliver(makeMessage(5), new Date('2026-03-02T08:00:00Z'))
    const desk = await startSyncDesk(t, 'sqlite')
    await desk.setImap(server)
    const updated = await desk.run(['portal', 'update', 'acme', '--timezone', 'Asia/Ho_Chi_Minh'])
    assert.equal(updated.code, 0, updated.stderr)

    const limited = await desk.sync('--since', '2026-03-01', '--limit', '2')
    assert.deepEqual(await desk.subjects(), ['Message 3', 'Message 4'])
    assert.deepEqual([limited.result.totals.created, limited.result.totals.skipped], [2, 2])
    await desk.sync()
    assert.deepEqual(await desk.subjects(), ['Message 3', 'Message 4', 'Message 5'])
    await desk.sync()
    assert.equal(await desk.count('message'), 3)
    await desk.sync('--since', '2026-02-28')
    assert.deepEqual((await desk.subjects()).slice(3), ['Message 2'])
    await desk.sync('--since', 'all', '--limit', '1')
    assert.deepEqual((await desk.subjects()).slice(4), ['Message 1'])
    assert.equal((await desk.sync('--since', 'all')).result.totals.seen, 0)
  },
)

test('a run beside another one ends with 75 at once and names its process', async (t) => {
  const server = await startScriptedImap(t, messages(1, 2))
  const held: (() => void)[] = []
  server.script.set('UID FETCH', (exchange) => held.push(() => exchange.usual()))
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const first = desk.start(['email', 'sync', '--json'])
  await until(() => held.length === 1)
  const began = performance.now()
  const second = await desk.sync()
  assert.ok(performance.now() - began < 3000, 'it waited')
  assert.deepEqual([second.exitCode, second.error.code], [75, 'SYNC_RUNNING'])
  assert.match(second.error.why, new RegExp(`process ${first.pid} `))
  const dry = desk.start(['email', 'sync', '--dry-run', '--json'])
  await until(() => held.length === 2)
  server.script.clear()
  for (const answer of held) answer()
  assert.equal((await first.ended).code, 0)
  assert.equal((await dry.ended).code, 0, 'a dry run needs no lease')
  assert.equal(await desk.count('ticket'), 2)
})

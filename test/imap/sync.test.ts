/** The source against a real Dovecot. */
import assert from 'node:assert/strict'
import {setTimeout as sleep} from 'node:timers/promises'
import {test} from 'node:test'
import type {Cursor, Source, SourceRun} from '../../src/lib/channel/delivery.ts'
import {PostdeskError} from '../../src/lib/errors.ts'
import type {ImapAccount} from '../../src/lib/imap/connect.ts'
import {fetchOne} from '../../src/lib/imap/fetch-one.ts'
import {imapSource, type ImapSourceOptions} from '../../src/lib/imap/source.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {dovecotMissing, type DovecotServer, startDovecot} from '../support/dovecot.ts'
import {startImapProxy} from '../support/imap-proxy.ts'
import {makeMessage} from '../support/maildir.ts'
import {memoryReception, type MemoryReception, sha256} from '../support/memory-ledger.ts'

const skip = dovecotMissing()
const LIMIT = 20 * 2 ** 20

const accountOf = (server: DovecotServer, more: Partial<ImapAccount> = {}): ImapAccount => ({
  host: server.host,
  port: server.port,
  security: 'none',
  user: server.user,
  password: new Secret(server.password),
  mailbox: 'INBOX',
  ...more,
})

function runOf(reception: MemoryReception, more: Partial<SourceRun> = {}): SourceRun {
  const {ledger} = reception
  return {cursor: null, ledger, readOnly: false, signal: AbortSignal.timeout(60_000), ...more}
}

/** One run of a source of its own, as a process that starts, syncs and ends. */
async function syncOnce(
  account: ImapAccount,
  reception: MemoryReception,
  run: Partial<SourceRun> = {},
  options: Partial<ImapSourceOptions> = {},
): Promise<Cursor | null> {
  const source = imapSource(account, {sizeLimit: LIMIT, ...options})
  try {
    return await source.run(reception.receive, runOf(reception, run))
  } finally {
    await source.close()
  }
}

const flagsOf = (server: DovecotServer, mailbox = 'INBOX') =>
  server.withMailbox(async (client) => {
    const flags: string[] = []
    for await (const {uid, flags: set} of client.fetch('1:*', {uid: true, flags: true})) {
      flags.push(`${uid} ${[...(set ?? [])].filter((flag) => flag !== '\\Recent').join(' ')}`.trim())
    }
    return flags
  }, mailbox)

const create = (server: DovecotServer, name: string) => server.withMailbox((client) => client.mailboxCreate(name))

test('takes everything once, then nothing, then what is new', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(3)
  const proxy = await startImapProxy(t, server.port)
  const account = accountOf(server, {port: proxy.port})
  const reception = memoryReception()

  const cursor = await syncOnce(account, reception)
  assert.deepEqual(reception.keys(), ['0000000001', '0000000002', '0000000003'])
  assert.deepEqual(reception.subjects().toSorted(), ['Message 1', 'Message 2', 'Message 3'])
  assert.deepEqual(await flagsOf(server), ['1', '2', '3'], 'fetching marks nothing')
  assert.match(reception.received[0]!.delivery.receivedAt, /^20\d\d-\d\d-\d\dT.*Z$/)

  proxy.commands.length = 0
  assert.deepEqual(await syncOnce(account, reception, {cursor}), cursor)
  const afterLogin = proxy.commands.slice(proxy.commands.findIndex((command) => command.startsWith('NAMESPACE')) + 1)
  assert.deepEqual(afterLogin, ['STATUS INBOX (UIDNEXT UIDVALIDITY)'])
  assert.equal(reception.received.length, 3)

  await server.fill(2, {first: 4})
  const next = await syncOnce(account, reception, {cursor})
  assert.deepEqual(reception.keys().slice(3), ['0000000004', '0000000005'])
  assert.equal(next?.['lowest'], 6)
})

test('takes a thousand messages in batches, with a cursor that a crash can resume from', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(1000)
  const account = accountOf(server)
  const progress: number[] = []
  let asked = 0
  const reception = memoryReception({
    before: (_, batch) => {
      if (batch === 2) throw new Error('the disk is full')
    },
  })
  const confirm = async (expected: number) => {
    asked = expected
    return true
  }
  const run = {confirm, onProgress: ({taken}: {taken: number}) => progress.push(taken)}
  await assert.rejects(syncOnce(account, reception, run), /the disk is full/)
  assert.equal(asked, 1000)
  assert.deepEqual(reception.batches.slice(0, 2), [100, 100])
  const stored = new Set(reception.keys())

  // The third batch was lost; whatever followed it was not committed by a store, and here is asked for by the ledger.
  const resumed = memoryReception()
  await syncOnce(account, resumed, {
    cursor: reception.received[199]!.delivery.cursor,
    ledger: reception.ledger,
  })
  assert.deepEqual(
    resumed.keys().filter((key) => stored.has(key)),
    [],
  )
  assert.equal(stored.size + resumed.keys().length, 1000)
  assert.deepEqual(progress.slice(0, 3), [0, 100, 200])
})

test('ends without taking anything where the confirmation is refused', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(2)
  const reception = memoryReception()
  assert.equal(await syncOnce(accountOf(server), reception, {confirm: async () => false}), null)
  assert.equal(reception.received.length, 0)
})

test('keeps at most three batches in flight', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(1200, {size: 200})
  const reception = memoryReception()
  let open = 0
  let most = 0
  const source = imapSource(accountOf(server), {sizeLimit: LIMIT})
  t.after(() => source.close())
  await source.run(async (deliveries) => {
    most = Math.max(most, ++open)
    await sleep(150)
    open--
    return reception.receive(deliveries)
  }, runOf(reception))
  assert.equal(reception.received.length, 1200)
  // Two that are received, and the one that is fetched meanwhile and handed over when the first is done.
  assert.ok(most <= 3, `${most} at once`)
  assert.ok(most >= 2, 'fetching goes on while a batch is received')
})

test('streams a big message, keeps only the header of an oversized one, and fetches that later', {skip}, async (t) => {
  const server = await startDovecot(t)
  const [big, oversized] = [makeMessage(2, 7 * 2 ** 20), makeMessage(3, 11 * 2 ** 20)]
  const messages = [makeMessage(1), big, oversized, makeMessage(4)]
  for (const [index, message] of messages.entries())
    await server.deliver(message, new Date(Date.UTC(2026, 2, 1, 0, index)))
  const account = accountOf(server)
  const reception = memoryReception()
  await syncOnce(account, reception, {}, {sizeLimit: 10 * 2 ** 20})
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'stream', 'oversized', 'raw'])
  assert.equal(sha256(reception.received[1]!.bytes), sha256(big))
  const {delivery, bytes} = reception.received[2]!
  assert.ok(bytes.toString().endsWith('charset=utf-8\r\n\r\n'))
  assert.equal(delivery.content.kind === 'oversized' && delivery.content.size, oversized.length)

  const later = await fetchOne(account, delivery.item, AbortSignal.timeout(30_000))
  assert.equal(later.kind, 'stream')
  const pieces: Uint8Array[] = []
  if (later.kind === 'stream') for await (const piece of later.chunks) pieces.push(piece)
  assert.ok(pieces.every((piece) => piece.length <= 2 ** 20))
  assert.equal(sha256(Buffer.concat(pieces)), sha256(oversized))
  const gone = await fetchOne(account, {...delivery.item, epoch: '1'}, AbortSignal.timeout(30_000))
  assert.deepEqual(gone, {kind: 'gone'})
})

test('lists everything again after a change of UIDVALIDITY', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(2)
  const account = accountOf(server)
  const reception = memoryReception()
  const cursor = await syncOnce(account, reception)
  await server.changeUidValidity()
  const next = await syncOnce(account, reception, {cursor})
  assert.equal(reception.received.length, 4)
  const epochs = reception.received.map(({delivery}) => delivery.item.epoch)
  assert.deepEqual(new Set(epochs).size, 2)
  assert.notEqual(next?.['epoch'], cursor?.['epoch'])
})

test('reports a message gone that was expunged between SEARCH and FETCH', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(3)
  const reception = memoryReception()
  const confirm = async () => {
    await server.expunge('2')
    return true
  }
  await syncOnce(accountOf(server), reception, {confirm})
  assert.deepEqual(reception.kinds(), {'0000000001': 'raw', '0000000002': 'gone', '0000000003': 'raw'})
})

test('takes new mail from a mailbox that has shrunk', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(5)
  const account = accountOf(server)
  const reception = memoryReception()
  const cursor = await syncOnce(account, reception)
  await server.expunge('1:5')
  const empty = await syncOnce(account, reception, {cursor})
  assert.equal(empty?.['lowest'], 6)
  await server.fill(1, {first: 6})
  await syncOnce(account, reception, {cursor: empty})
  assert.deepEqual(reception.keys().slice(5), ['0000000006'])
})

test('works on sdbox too', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox'})
  await server.append(makeMessage(1))
  await server.append(makeMessage(2))
  const reception = memoryReception()
  await syncOnce(accountOf(server), reception)
  assert.deepEqual(reception.subjects(), ['Message 1', 'Message 2'])
})

test('limit takes the oldest, and the next run the rest', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(7)
  const account = accountOf(server)
  const reception = memoryReception()
  const cursor = await syncOnce(account, reception, {limit: 3})
  assert.equal(reception.received.length, 3)
  assert.equal(cursor?.['lowest'], 4)
  await syncOnce(account, reception, {cursor})
  assert.deepEqual(
    reception.keys(),
    [1, 2, 3, 4, 5, 6, 7].map((uid) => String(uid).padStart(10, '0')),
  )
})

test('since defers what is older, and a wider since takes it', {skip}, async (t) => {
  const server = await startDovecot(t)
  for (const [index, month] of [0, 1, 2, 3].entries())
    await server.deliver(makeMessage(index + 1), new Date(Date.UTC(2026, month, 10)))
  const account = accountOf(server)
  const reception = memoryReception()
  let asked = 0
  const confirm = async (expected: number) => {
    asked = expected
    return true
  }
  const cursor = await syncOnce(account, reception, {since: '2026-03-01T00:00:00.000Z', limit: 1, confirm})
  assert.equal(asked, 1)
  const kinds = Object.values(reception.kinds())
  assert.deepEqual(kinds.toSorted(), ['deferred', 'deferred', 'raw'])
  const deferred = reception.received.filter(({delivery}) => delivery.content.kind === 'deferred')
  for (const {delivery} of deferred) reception.due.add(delivery.item.key)
  await syncOnce(account, reception, {cursor})
  assert.deepEqual(reception.subjects().filter(Boolean).toSorted(), [
    'Message 1',
    'Message 2',
    'Message 3',
    'Message 4',
  ])
})

test('marks as seen after the commit only, and after a crash at the next run', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(2)
  const account = accountOf(server)
  let during: string[] = []
  const reception = memoryReception({
    before: async () => {
      during = await flagsOf(server)
    },
  })
  const cursor = await syncOnce(account, reception, {}, {markSeen: true})
  assert.deepEqual(during, ['1', '2'])
  assert.deepEqual(await flagsOf(server), ['1 \\Seen', '2 \\Seen'])
  assert.equal(reception.finished.size, 2)

  // Committed by a process that died before it told the server: only the ledger knows.
  await server.fill(1, {first: 3})
  const committed = await syncOnce(account, reception, {cursor})
  assert.deepEqual(await flagsOf(server), ['1 \\Seen', '2 \\Seen', '3'])
  await syncOnce(account, reception, {cursor: committed}, {markSeen: true})
  assert.deepEqual(await flagsOf(server), ['1 \\Seen', '2 \\Seen', '3 \\Seen'])
  assert.equal(reception.received.length, 3)
  assert.equal(reception.finished.size, 3)
})

test(
  'moves after the commit, leaves skipped and oversized mail, and names a destination that is missing',
  {skip},
  async (t) => {
    const server = await startDovecot(t)
    await create(server, 'Done')
    for (const [index, size] of [1000, 1000, 50_000, 1000].entries())
      await server.deliver(makeMessage(index + 1, size), new Date(Date.UTC(2026, 2, 1, 0, index)))
    const account = accountOf(server)
    const reception = memoryReception({
      outcome: ({item, content}) =>
        content.kind === 'oversized' ? 'quarantined' : item.key === '0000000002' ? 'skipped' : 'created',
    })
    const options = {moveTo: 'Done', markSeen: true, sizeLimit: 10_000}
    await assert.rejects(syncOnce(account, reception, {}, {...options, moveTo: 'Dune'}), (error: unknown) => {
      assert.ok(error instanceof PostdeskError)
      assert.equal(error.code, 'IMAP_NO_MAILBOX')
      assert.equal(error.title, 'There is no mailbox "Dune"')
      assert.match(error.fixes[0]?.text ?? '', /"Done"/)
      return true
    })
    // The mail was committed before; its effect was only late.
    await syncOnce(account, reception, {cursor: reception.cursor()}, options)
    assert.deepEqual(await flagsOf(server), ['2', '3'])
    assert.deepEqual(await flagsOf(server, 'Done'), ['1 \\Seen', '2 \\Seen'])
  },
)

test('a dry run changes nothing on the server', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(1)
  const proxy = await startImapProxy(t, server.port)
  const reception = memoryReception()
  await syncOnce(
    accountOf(server, {port: proxy.port}),
    reception,
    {readOnly: true},
    {markSeen: true, moveTo: 'Nowhere'},
  )
  assert.equal(reception.received.length, 1)
  assert.deepEqual(await flagsOf(server), ['1'])
  assert.ok(proxy.commands.some((command) => command.startsWith('EXAMINE')))
  assert.ok(!proxy.commands.some((command) => /^(SELECT|UID STORE|UID MOVE)/.test(command)))
})

test('stops within two seconds, and the next run takes the rest', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(1500, {size: 20_000})
  const account = accountOf(server)
  const stop = new AbortController()
  const reception = memoryReception({
    before: (_, batch) => {
      if (batch === 1) setTimeout(() => stop.abort(), 5)
    },
  })
  let stoppedAt = 0
  stop.signal.addEventListener('abort', () => {
    stoppedAt = Date.now()
  })
  const cursor = await syncOnce(account, reception, {signal: stop.signal})
  assert.ok(Date.now() - stoppedAt < 2000)
  const first = reception.received.length
  assert.ok(first >= 100 && first < 1500, `${first} were taken`)
  assert.deepEqual(cursor, reception.cursor())
  await syncOnce(account, reception, {cursor})
  assert.equal(new Set(reception.keys()).size, 1500)
  assert.equal(reception.keys().length, 1500)
})

test('wait is rung by new mail, keeps its connection, and survives its loss', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(1)
  const proxy = await startImapProxy(t, server.port)
  const source: Source = imapSource(accountOf(server, {port: proxy.port}), {sizeLimit: LIMIT})
  t.after(() => source.close())
  const reception = memoryReception()
  let cursor: Cursor | null = null
  const run = async () => {
    cursor = await source.run(reception.receive, runOf(reception, {cursor}))
  }
  const {signal} = new AbortController()
  await run()
  const began = Date.now()
  const waiting = source.wait(20_000, signal)
  await sleep(300)
  await server.append(makeMessage(2))
  await waiting
  assert.ok(Date.now() - began < 10_000)
  await run()
  assert.equal(reception.received.length, 2)
  assert.equal(proxy.connections(), 1)

  // With the mailbox open, looking for news is one command as well.
  proxy.commands.length = 0
  await run()
  assert.deepEqual(proxy.commands, ['EXAMINE INBOX'])

  const interrupted = source.wait(500, signal)
  proxy.cut()
  await interrupted
  await server.append(makeMessage(3))
  await run()
  assert.equal(reception.received.length, 3)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 50)
  await source.wait(20_000, stop.signal)
})

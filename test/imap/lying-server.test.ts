/** The source against servers that are wrong: about rows, sizes, UIDs, and about being there. */
import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import type {Cursor, SourceRun} from '../../src/lib/channel/delivery.ts'
import {PostdeskError} from '../../src/lib/errors.ts'
import {fetchOne} from '../../src/lib/imap/fetch-one.ts'
import type {ImapAccount} from '../../src/lib/imap/connect.ts'
import {imapSource, type ImapSourceOptions} from '../../src/lib/imap/source.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {makeMessage} from '../support/maildir.ts'
import {memoryReception, type MemoryReception, sha256} from '../support/memory-ledger.ts'
import {type Exchange, type ScriptedImap, type ScriptedMessage, startScriptedImap} from '../support/scripted-imap.ts'

const MB = 2 ** 20
const key = (uid: number) => String(uid).padStart(10, '0')

const messages = (...uids: readonly number[]): ScriptedMessage[] =>
  uids.map((uid) => ({uid, bytes: makeMessage(uid, 500)}))

const accountOf = (server: ScriptedImap): ImapAccount => ({
  host: '127.0.0.1',
  port: server.port,
  security: 'none',
  user: 'help@acme.example',
  password: new Secret(server.state.password),
  mailbox: 'INBOX',
})

async function syncOnce(
  server: ScriptedImap,
  reception: MemoryReception,
  run: Partial<SourceRun> = {},
  options: Partial<ImapSourceOptions> = {},
): Promise<Cursor | null> {
  const source = imapSource(accountOf(server), {sizeLimit: 20 * MB, deadlines: {commandMs: 300}, ...options})
  try {
    const {ledger} = reception
    return await source.run(reception.receive, {
      cursor: null,
      ledger,
      readOnly: false,
      signal: AbortSignal.timeout(30_000),
      ...run,
    })
  } finally {
    await source.close()
  }
}

/** Sets what the server does for a FETCH of bytes; sizes are answered as usual. */
const onFetch = (server: ScriptedImap, handler: (exchange: Exchange) => void) =>
  server.script.set('UID FETCH', (exchange) =>
    exchange.args.includes('BODY.PEEK[]') ? handler(exchange) : exchange.usual(),
  )

const fetches = (server: ScriptedImap) => server.commands.filter((command) => command.includes('BODY.PEEK[]'))

const start = (t: TestContext, ...uids: readonly number[]) => startScriptedImap(t, messages(...uids))

test('a row that is missing is asked for again alone, and taken', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    const asked = exchange.asked()
    for (const message of asked) if (asked.length === 1 || message.uid !== 2) exchange.raw(exchange.row(message))
    exchange.ok()
  })
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.deepEqual(reception.keys(), [1, 2, 3].map(key))
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'raw', 'raw'])
  assert.equal(cursor?.['lowest'], 4)
})

test('a row that never comes is poison, is listed once, and costs the others nothing', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    for (const message of exchange.asked()) if (message.uid !== 2) exchange.raw(exchange.row(message))
    exchange.ok()
  })
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'poison', [key(3)]: 'raw'})
  assert.equal(fetches(server).length, 2)

  await syncOnce(server, reception, {cursor})
  assert.equal(fetches(server).length, 2)
  // Due again, and the server has mended its ways.
  server.script.clear()
  reception.due.add(key(2))
  const next = await syncOnce(server, reception, {cursor})
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'raw', [key(3)]: 'raw'})
  assert.deepEqual(next, {...cursor, reconciledAt: next?.['reconciledAt'] ?? null})
})

test('a row that cannot be read is poison, and is not lost in silence', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    for (const message of exchange.asked()) {
      if (message.uid === 2) exchange.line('* 2 FETCH (UID 2 BODY[] {abc} (((')
      else exchange.raw(exchange.row(message))
    }
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'poison', [key(3)]: 'raw'})
})

test('an empty body or NIL where there is a message is poison; a message of no bytes is not', async (t) => {
  const server = await startScriptedImap(t, [...messages(1, 2), {uid: 3, bytes: Buffer.alloc(0)}])
  onFetch(server, (exchange) => {
    for (const message of exchange.asked()) {
      if (message.uid === 1) exchange.line('* 1 FETCH (UID 1 BODY[] NIL)')
      else if (message.uid === 2) exchange.line('* 2 FETCH (UID 2 BODY[] "")')
      else exchange.raw(exchange.row(message))
    }
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'poison', [key(2)]: 'poison', [key(3)]: 'raw'})
})

test('the last message, which n:* always gives, is not new', async (t) => {
  const server = await start(t, 1, 2)
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  const place = {...cursor, uidNext: 5000, lowest: 5000}
  server.state.uidNext = 5001
  await syncOnce(server, reception, {cursor: place})
  assert.ok(server.commands.some((command) => command.startsWith('UID SEARCH UID 4000:*')))
  assert.equal(reception.received.length, 2)
})

test('UIDNEXT that goes back lets no message of a reused UID be lost', async (t) => {
  const server = await start(t, 1, 2, 3)
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.equal(cursor?.['uidNext'], 4)
  server.state.messages = messages(1, 2)
  const next = await syncOnce(server, reception, {cursor})
  assert.equal(next?.['uidNext'], 3)
  server.state.messages.push({uid: 3, bytes: makeMessage(100)})
  await syncOnce(server, reception, {cursor: next})
  assert.deepEqual(reception.subjects().slice(3), ['Message 100'])
  // Another epoch, by which the intake knows a mail without Message-ID that is listed again.
  const [reused] = reception.received.slice(3)
  assert.deepEqual(reused?.delivery.item, {epoch: '7.1', key: key(3)})
  assert.equal(next?.['epoch'], '7')
  const content = await fetchOne(accountOf(server), reused.delivery.item, AbortSignal.timeout(5000))
  assert.equal(content.kind, 'stream')
  if (content.kind === 'stream')
    for await (const piece of content.chunks) assert.match(String(piece), /Subject: Message 100/)

  // What is due and what is to be marked is found in both epochs, and in the right generation only.
  reception.due.add(key(1)).add(key(3))
  await syncOnce(server, reception, {cursor: reception.cursor()}, {markSeen: true})
  const items = reception.received.slice(4).map(({delivery}) => delivery.item)
  assert.deepEqual(items, [
    {epoch: '7', key: key(1)},
    {epoch: '7.1', key: key(3)},
  ])
  assert.deepEqual(
    server.state.messages.map(({flags}) => flags),
    [['\\Seen'], ['\\Seen'], ['\\Seen']],
  )
})

test('without UIDNEXT each run looks, and takes nothing twice', async (t) => {
  const server = await start(t, 1, 2)
  server.state.uidNext = null
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.equal(cursor?.['uidNext'], null)
  server.state.messages.push(...messages(3))
  const next = await syncOnce(server, reception, {cursor})
  assert.deepEqual(reception.keys(), [1, 2, 3].map(key))
  await syncOnce(server, reception, {cursor: next})
  assert.equal(reception.received.length, 3)
})

for (const uidValidity of [null, 0])
  test(`UIDVALIDITY ${uidValidity}: messages are known by what they are, whatever their UIDs`, async (t) => {
    const server = await start(t, 1, 2)
    server.state.uidValidity = uidValidity
    const reception = memoryReception()
    const cursor = await syncOnce(server, reception, {}, {markSeen: true})
    assert.equal(cursor?.['epoch'], 'unstable')
    assert.deepEqual(
      server.state.messages.map(({flags}) => flags),
      [['\\Seen'], ['\\Seen']],
    )
    server.state.messages = [
      {uid: 1, bytes: makeMessage(9, 700)},
      ...messages(2).map((message) => ({...message, uid: 7})),
    ]
    await syncOnce(server, reception, {cursor})
    assert.deepEqual(reception.subjects(), ['Message 1', 'Message 2', 'Message 9'])
    const later = await fetchOne(accountOf(server), reception.received[2]!.delivery.item, AbortSignal.timeout(5000))
    assert.equal(later.kind, 'stream')
    if (later.kind === 'stream')
      for await (const piece of later.chunks) assert.match(String(piece), /Subject: Message 9/)
  })

test('rows of messages that were not asked for, twice, and out of order', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    exchange.line('* 1 FETCH (FLAGS (\\Seen) UID 1)')
    exchange.raw(exchange.row({uid: 77, bytes: makeMessage(77)}))
    for (const message of exchange.asked().toReversed()) exchange.raw(exchange.row(message))
    exchange.raw(exchange.row({uid: 2, bytes: makeMessage(66)}))
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.subjects(), ['Message 1', 'Message 2', 'Message 3'])
  assert.deepEqual(reception.keys(), [1, 2, 3].map(key))
})

test('sizes that are a little wrong change nothing', async (t) => {
  const off = messages(1, 2, 3).map((message, index) => ({...message, size: [message.bytes.length + 29, 1, 0][index]!}))
  const server = await startScriptedImap(t, off)
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(
    reception.received.map(({bytes}) => bytes),
    off.map(({bytes}) => bytes),
  )
})

test('a message far larger than announced is streamed in pieces, or cut down to its header', async (t) => {
  const server = await startScriptedImap(t, [
    ...messages(1),
    {uid: 2, bytes: makeMessage(2, 3 * MB), size: 400},
    {uid: 3, bytes: makeMessage(3, 9 * MB), size: 5 * MB},
    {uid: 4, bytes: makeMessage(4, 4 * MB), size: 7 * MB},
  ])
  // What was small by its size does not come in a set, as where it was too much to be taken at once.
  onFetch(server, (exchange) => {
    const set = !exchange.args.includes('<')
    for (const message of exchange.asked()) if (!set || message.uid !== 2) exchange.raw(exchange.row(message))
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception, {}, {sizeLimit: 8 * MB, bigLimit: 4 * MB})
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'stream', 'oversized', 'stream'])
  assert.equal(sha256(reception.received[1]!.bytes), sha256(server.state.messages[1]!.bytes))
  assert.equal(sha256(reception.received[3]!.bytes), sha256(server.state.messages[3]!.bytes))
})

test('a server that ignores partial fetches gives a big message once', async (t) => {
  const bytes = makeMessage(1, 5 * MB)
  const server = await startScriptedImap(t, [{uid: 1, bytes}])
  onFetch(server, (exchange) => {
    exchange.raw(
      Buffer.concat([Buffer.from(`* 1 FETCH (UID 1 BODY[] {${bytes.length}}\r\n`), bytes, Buffer.from(')\r\n')]),
    )
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'stream'})
  assert.equal(sha256(reception.received[0]!.bytes), sha256(bytes))
})

test('a literal too large to take is the fault of one message', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    for (const message of exchange.asked()) {
      if (message.uid === 2) exchange.raw(`* 2 FETCH (UID 2 BODY[] {${900 * MB}}\r\n`)
      else exchange.raw(exchange.row(message))
    }
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'poison', [key(3)]: 'raw'})
})

test('a connection that ends in the middle of a message is made again, once for all', async (t) => {
  const server = await start(t, 1, 2, 3)
  let broken = false
  onFetch(server, (exchange) => {
    if (broken) return exchange.usual()
    broken = true
    exchange.raw(exchange.row(exchange.asked()[0]!))
    exchange.raw('* 2 FETCH (UID 2 BODY[] {500}\r\nFrom: a')
    setTimeout(() => exchange.hangUp(), 20)
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'raw', 'raw'])
  assert.equal(server.connections(), 2)
})

test('a message that always ends the connection is poison, and the rest is taken', async (t) => {
  const server = await start(t, 1, 2, 3, 4)
  onFetch(server, (exchange) => {
    for (const message of exchange.asked()) {
      if (message.uid === 2) return exchange.hangUp()
      exchange.raw(exchange.row(message))
    }
    exchange.ok()
  })
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'poison', 'raw', 'raw'])
  assert.equal(cursor?.['lowest'], 5)
})

test('a big message that breaks off is continued where it stopped', async (t) => {
  const bytes = makeMessage(1, 6 * MB)
  const server = await startScriptedImap(t, [{uid: 1, bytes}])
  let pieces = 0
  onFetch(server, (exchange) => {
    if (++pieces === 4) return exchange.hangUp()
    exchange.usual()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.equal(sha256(reception.received[0]!.bytes), sha256(bytes))
  const offsets = fetches(server).map((command) => Number(/<(\d+)\./.exec(command)?.[1]) / MB)
  assert.deepEqual(offsets, [0, 1, 2, 3, 3, 4, 5, 6])
})

test('a big message that vanishes while it is fetched is gone', async (t) => {
  const server = await startScriptedImap(t, [{uid: 1, bytes: makeMessage(1, 6 * MB)}, ...messages(2)])
  let pieces = 0
  onFetch(server, (exchange) => {
    if (++pieces === 3) server.state.messages.shift()
    exchange.usual()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'gone', [key(2)]: 'raw'})
})

test('a server that stalls ends the run with 75 after its deadlines, and keeps what came', async (t) => {
  const server = await start(t, 1, 2, 3, 4)
  onFetch(server, (exchange) => {
    // It says one message, and then nothing any more, whatever is asked.
    if (server.connections() === 1) exchange.raw(exchange.row(exchange.asked()[0]!))
  })
  const reception = memoryReception()
  const began = Date.now()
  const error = await syncOnce(server, reception).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.deepEqual([error.code, error.exitCode], ['IMAP_STALLED', 75])
  assert.ok(Date.now() - began < 5000)
  assert.equal(reception.keys()[0], key(1))
})

test('a server that is gone for good ends the run with its error', async (t) => {
  const server = await start(t, 1, 2)
  onFetch(server, (exchange) => {
    server.script.set('greeting', ({line, hangUp}) => {
      line('* BYE Too many connections')
      hangUp()
    })
    exchange.raw(exchange.row(exchange.asked()[0]!))
    setTimeout(() => exchange.hangUp(), 20)
  })
  const reception = memoryReception()
  const error = await syncOnce(server, reception).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.deepEqual([error.code, error.exitCode], ['IMAP_TOO_MANY_CONNECTIONS', 75])
  assert.deepEqual(reception.keys(), [key(1)])
})

test('a goodbye in the middle of a fetch is survived', async (t) => {
  const server = await start(t, 1, 2, 3)
  let said = false
  onFetch(server, (exchange) => {
    if (said) return exchange.usual()
    said = true
    exchange.raw(exchange.row(exchange.asked()[0]!))
    exchange.line('* BYE Server shutting down')
    exchange.hangUp()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.keys(), [1, 2, 3].map(key))
})

test('NO "no longer exist" is no success for what did not come', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    if (exchange.asked().length !== 3) return exchange.usual()
    server.state.messages = server.state.messages.filter(({uid}) => uid !== 2)
    exchange.raw(exchange.row(exchange.asked()[0]!))
    exchange.no('Some of the requested messages no longer exist')
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'gone', [key(3)]: 'raw'})
})

test('a message that the server refuses is poison, with its words', async (t) => {
  const server = await start(t, 1, 2, 3)
  onFetch(server, (exchange) => {
    if (exchange.asked().some(({uid}) => uid === 2)) return exchange.no('[SERVERBUG] Internal error occurred')
    exchange.usual()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'poison', 'raw'])
  const {content} = reception.received[1]!.delivery
  assert.equal(content.kind === 'poison' && content.why, 'NO [SERVERBUG] Internal error occurred')
})

for (const reply of ['[UNAVAILABLE] Mailbox store is down', 'Not now'])
  test(`a server that refuses every message, NO ${reply}, makes none of them poison`, async (t) => {
    const server = await start(t, 1, 2, 3, 4, 5)
    const reception = memoryReception()
    const cursor = await syncOnce(server, reception, {limit: 2})
    // Also where nothing has come yet to compare with.
    for (const from of [cursor, null]) {
      const fresh = from === null ? memoryReception() : reception
      const before = fresh.received.length
      onFetch(server, ({no}) => no(reply))
      const error = await syncOnce(server, fresh, {cursor: from}).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof PostdeskError)
      assert.deepEqual([error.code, error.exitCode, error.serverReply], ['IMAP_UNAVAILABLE', 75, `NO ${reply}`])
      assert.equal(fresh.received.length, before)
      assert.ok(fetches(server).length < 20)
      server.script.clear()
      await syncOnce(server, fresh, {cursor: from})
      assert.deepEqual(fresh.keys(), [1, 2, 3, 4, 5].map(key))
    }
  })

test('a server that begins to refuse in the middle of a run keeps what came, and makes nothing poison', async (t) => {
  const server = await start(t, 1, 2, 3, 4)
  let asked = 0
  onFetch(server, (exchange) => {
    if (++asked > 1) return exchange.no('[INUSE] Try again')
    for (const message of exchange.asked().slice(0, 2)) exchange.raw(exchange.row(message))
    exchange.no('[INUSE] Try again')
  })
  const reception = memoryReception()
  const error = await syncOnce(server, reception).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.equal(error.exitCode, 75)
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'raw'})
  assert.equal(reception.cursor()?.['lowest'], 3)
})

test('messages that are refused while others come are poison, wherever they stand', async (t) => {
  const server = await start(t, 1, 2, 3, 4, 5)
  onFetch(server, (exchange) => {
    if (exchange.asked().some(({uid}) => uid !== 5)) return exchange.no('[UNAVAILABLE] Not this one')
    exchange.usual()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['poison', 'poison', 'poison', 'poison', 'raw'])
})

test('a message that is refused is poison also where it waits alone, and stays so when it is due again', async (t) => {
  const server = await start(t, 1)
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  server.state.messages.push(...messages(2))
  onFetch(server, (exchange) => {
    if (exchange.asked().some(({uid}) => uid === 2)) return exchange.no('[SERVERBUG] Internal error occurred')
    exchange.usual()
  })
  await syncOnce(server, reception, {cursor})
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'poison'})
  server.state.messages.shift()
  reception.due.add(key(2))
  await syncOnce(server, reception, {cursor: reception.cursor()})
  assert.deepEqual(reception.kinds(), {[key(1)]: 'raw', [key(2)]: 'poison'})
  assert.equal(reception.received.length, 3)
})

test('UIDs that mean nothing: what gives no row is asked for alone, and said where it never comes', async (t) => {
  const server = await start(t, 1, 2, 3, 4)
  server.state.uidValidity = null
  server.script.set('UID FETCH', (exchange) => {
    const asked = exchange.asked()
    const sizes = exchange.args.includes('RFC822.SIZE')
    for (const message of asked) {
      // 2 gives its row alone; 3 never a row but its bytes; 4 nothing at all.
      if (message.uid === 4 || (sizes && message.uid === 3) || (sizes && message.uid === 2 && asked.length > 1))
        continue
      exchange.raw(exchange.row(message))
    }
    exchange.ok()
  })
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['raw', 'raw', 'raw', 'poison'])
  assert.deepEqual(reception.subjects().slice(0, 3), ['Message 1', 'Message 2', 'Message 3'])
  await syncOnce(server, reception, {cursor})
  assert.equal(reception.received.length, 4)
})

test('waiting leaves no listeners behind', async (t) => {
  const server = await start(t, 1)
  const warnings: string[] = []
  const note = ({name}: Error) => void warnings.push(name)
  process.on('warning', note)
  t.after(() => process.off('warning', note))
  const reception = memoryReception()
  const source = imapSource(accountOf(server), {sizeLimit: 20 * MB})
  t.after(() => source.close())
  const signal = AbortSignal.timeout(30_000)
  await source.run(reception.receive, {cursor: null, ledger: reception.ledger, readOnly: false, signal})
  for (let waits = 0; waits < 14; waits++) await source.wait(5, signal)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(warnings, [])
})

test('throttling ends the run with 75 and the words of the server', async (t) => {
  const server = await start(t, 1)
  const reply = 'Request is throttled. Suggested Backoff Time: 92415 milliseconds'
  onFetch(server, ({bad}) => bad(reply))
  const error = await syncOnce(server, memoryReception()).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.deepEqual([error.code, error.exitCode, error.serverReply], ['IMAP_THROTTLED', 75, `BAD ${reply}`])
})

test('ESEARCH that is announced and not given falls back to SEARCH', async (t) => {
  const server = await start(t, 1, 2)
  server.state.capabilities += ' ESEARCH'
  server.script.set('UID SEARCH', (exchange) => {
    if (!exchange.args.startsWith('RETURN')) return exchange.usual()
    exchange.line('* ESEARCH (TAG "x") UID')
    exchange.ok()
  })
  const reception = memoryReception()
  await syncOnce(server, reception)
  assert.equal(reception.received.length, 2)
})

test('a message that appears late, below newer ones, is taken', async (t) => {
  const server = await start(t, 1, 3)
  const reception = memoryReception()
  const cursor = await syncOnce(server, reception)
  server.state.messages = messages(1, 2, 3, 4)
  await syncOnce(server, reception, {cursor})
  assert.deepEqual(reception.keys().slice(2), [2, 4].map(key))
})

test('once a day everything is compared, also far below the cursor', async (t) => {
  const server = await start(t, 1, 5000)
  const reception = memoryReception()
  const clockAt = (now: string) => ({clock: {now: () => now}})
  const cursor = await syncOnce(server, reception, {}, clockAt('2026-03-01T08:00:00.000Z'))
  server.state.messages = messages(1, 2, 5000)
  await syncOnce(server, reception, {cursor}, clockAt('2026-03-02T07:00:00.000Z'))
  assert.equal(reception.received.length, 2)
  const next = await syncOnce(server, reception, {cursor}, clockAt('2026-03-02T09:00:00.000Z'))
  assert.deepEqual(reception.keys().slice(2), [key(2)])
  assert.equal(next?.['reconciledAt'], '2026-03-02T09:00:00.000Z')
})

test('a move needs a server that removes nothing else', async (t) => {
  const server = await start(t, 1)
  server.state.capabilities = 'IMAP4rev1 AUTH=PLAIN'
  const error = await syncOnce(server, memoryReception(), {}, {moveTo: 'Done'}).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.equal(error.code, 'IMAP_NO_MOVE')
})

test('a failure of the reception stops the run, and nothing is marked', async (t) => {
  const server = await start(t, 1, 2)
  const reception = memoryReception({
    before: () => {
      throw new Error('the disk is full')
    },
  })
  await assert.rejects(syncOnce(server, reception, {}, {markSeen: true}), /the disk is full/)
  assert.deepEqual(
    server.state.messages.map(({flags}) => flags),
    [undefined, undefined],
  )
})

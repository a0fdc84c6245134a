/** The source against real directories. */
import assert from 'node:assert/strict'
import {chmod, mkdir, readdir, rename, rm, symlink, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {test} from 'node:test'
import type {Cursor, SourceRun} from '../../src/lib/channel/delivery.ts'
import {PostdeskError} from '../../src/lib/errors.ts'
import {maildirSource, type MaildirSourceOptions} from '../../src/lib/maildir/source.ts'
import {deliverToMaildir, makeMaildir, makeMessage} from '../support/maildir.ts'
import {memoryReception, type MemoryReception, sha256} from '../support/memory-ledger.ts'

const MB = 2 ** 20

const day = (number: number) => new Date(Date.UTC(2026, 2, number))

function syncOnce(
  path: string,
  reception: MemoryReception,
  run: Partial<SourceRun> = {},
  options: Partial<MaildirSourceOptions> = {},
): Promise<Cursor | null> {
  return maildirSource({path, sizeLimit: 10 * MB, ...options}).run(reception.receive, {
    cursor: null,
    ledger: reception.ledger,
    readOnly: false,
    signal: AbortSignal.timeout(30_000),
    ...run,
  })
}

const files = async (path: string) => ({
  new: (await readdir(join(path, 'new'))).toSorted(),
  cur: (await readdir(join(path, 'cur'))).toSorted(),
})

test('takes each message once, oldest first, whatever its flags become', async (t) => {
  const path = await makeMaildir(t)
  const second = await deliverToMaildir(path, makeMessage(2), {arrived: day(2)})
  const first = await deliverToMaildir(path, makeMessage(1), {arrived: day(1), directory: 'cur', info: ':2,S'})
  await writeFile(join(path, 'new', '.hidden'), 'not mail')
  await mkdir(join(path, 'cur', 'directory'))
  const before = await files(path)
  const reception = memoryReception()
  const cursor = await syncOnce(path, reception)
  assert.deepEqual(reception.keys(), [first, second])
  assert.equal(reception.received[0]!.delivery.receivedAt, day(1).toISOString())
  assert.deepEqual(await files(path), before, 'nothing was altered')

  await rename(join(path, 'new', second), join(path, 'cur', `${second}:2,RS`))
  await syncOnce(path, reception, {cursor})
  assert.equal(reception.received.length, 2)
})

test('streams big messages, and takes the header of oversized ones', async (t) => {
  const path = await makeMaildir(t)
  const big = makeMessage(1, 6 * MB)
  await deliverToMaildir(path, big, {arrived: day(1)})
  await deliverToMaildir(path, makeMessage(2, 12 * MB), {arrived: day(2)})
  await deliverToMaildir(path, makeMessage(3), {arrived: day(3)})
  const reception = memoryReception()
  await syncOnce(path, reception)
  assert.deepEqual(Object.values(reception.kinds()), ['stream', 'oversized', 'raw'])
  assert.equal(sha256(reception.received[0]!.bytes), sha256(big))
  assert.ok(reception.received[1]!.bytes.toString().endsWith('charset=utf-8\r\n\r\n'))
})

test('a message that vanishes is gone, one that moves is found, one that cannot be read is poison', async (t) => {
  const path = await makeMaildir(t)
  const vanishing = await deliverToMaildir(path, makeMessage(1), {arrived: day(1)})
  const moving = await deliverToMaildir(path, makeMessage(2), {arrived: day(2)})
  await symlink('loop', join(path, 'new', 'loop'))
  const confirm = async () => {
    await rm(join(path, 'new', vanishing))
    await rename(join(path, 'new', moving), join(path, 'cur', `${moving}:2,`))
    return true
  }
  const reception = memoryReception()
  await syncOnce(path, reception, {confirm})
  assert.deepEqual(reception.kinds(), {loop: 'poison', [vanishing]: 'gone', [moving]: 'raw'})
})

test('a missing Maildir is 66 and says which directory', async (t) => {
  const path = await makeMaildir(t)
  await rm(join(path, 'cur'), {recursive: true})
  const error = await syncOnce(path, memoryReception()).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.deepEqual([error.code, error.exitCode], ['MAILDIR_MISSING', 66])
  assert.ok(error.why.includes(join(path, 'cur')))
})

test('limit, since and a refused confirmation', async (t) => {
  const path = await makeMaildir(t)
  const names: string[] = []
  for (const number of [1, 2, 3, 4])
    names.push(await deliverToMaildir(path, makeMessage(number), {arrived: day(number)}))
  const reception = memoryReception()
  assert.equal(await syncOnce(path, reception, {confirm: async () => false}), null)
  assert.equal(reception.received.length, 0)
  await syncOnce(path, reception, {since: day(2).toISOString(), limit: 2})
  assert.deepEqual(reception.kinds(), {[names[0]!]: 'deferred', [names[1]!]: 'raw', [names[2]!]: 'raw'})
  reception.due.add(names[0]!)
  await syncOnce(path, reception)
  assert.deepEqual(new Set(reception.keys().slice(3)), new Set([names[0], names[3]]))
})

test('marks as seen after the commit only, and after a crash at the next run', async (t) => {
  const path = await makeMaildir(t)
  const one = await deliverToMaildir(path, makeMessage(1))
  const two = await deliverToMaildir(path, makeMessage(2), {directory: 'cur', info: ':2,F'})
  const reception = memoryReception()
  await syncOnce(path, reception)
  assert.deepEqual(await files(path), {new: [one], cur: [`${two}:2,F`]})
  await syncOnce(path, reception, {readOnly: true}, {markSeen: true})
  assert.deepEqual((await files(path)).new, [one], 'a dry run alters nothing')
  await syncOnce(path, reception, {}, {markSeen: true})
  assert.deepEqual(await files(path), {new: [], cur: [`${one}:2,S`, `${two}:2,FS`].toSorted()})
  assert.equal(reception.received.length, 2)
  assert.equal(reception.finished.size, 2)
})

test('moves to another Maildir, and leaves what was skipped', async (t) => {
  const [path, moveTo] = [await makeMaildir(t), await makeMaildir(t)]
  const one = await deliverToMaildir(path, makeMessage(1))
  const two = await deliverToMaildir(path, makeMessage(2))
  const reception = memoryReception({outcome: ({item}) => (item.key === two ? 'skipped' : 'created')})
  await syncOnce(path, reception, {}, {moveTo})
  assert.deepEqual(await files(path), {new: [two], cur: []})
  assert.deepEqual((await files(moveTo)).cur, [`${one}:2,`])
})

test('stops between batches when told to', async (t) => {
  const path = await makeMaildir(t)
  for (let number = 1; number <= 450; number++) await deliverToMaildir(path, makeMessage(number, 300))
  const stop = new AbortController()
  const reception = memoryReception({before: (_, batch) => (batch === 0 ? stop.abort() : undefined)})
  await syncOnce(path, reception, {signal: stop.signal})
  assert.deepEqual(reception.batches, [200])
  await syncOnce(path, reception)
  assert.equal(new Set(reception.keys()).size, 450)
})

test('a name that is not UTF-8 is a message like any other', async (t) => {
  const path = await makeMaildir(t)
  const name = Buffer.from('1.M\xfc1.test', 'latin1')
  await writeFile(Buffer.concat([Buffer.from(join(path, 'new', '/')), name]), makeMessage(1))
  await deliverToMaildir(path, makeMessage(2), {directory: 'cur', info: ':2,'})
  await writeFile(join(path, 'new', '2.Mü2.test'), makeMessage(3))
  const reception = memoryReception()
  await syncOnce(path, reception, {}, {markSeen: true})
  assert.deepEqual(reception.subjects().toSorted(), ['Message 1', 'Message 2', 'Message 3'])
  assert.ok(reception.keys().includes('1.M=fc1.test') && reception.keys().includes('2.Mü2.test'))
  assert.deepEqual(await readdir(join(path, 'new')), [])
  const names = await readdir(join(path, 'cur'), 'buffer')
  assert.ok(names.some((found) => found.equals(Buffer.concat([name, Buffer.from(':2,S')]))))
  await syncOnce(path, reception)
  assert.equal(reception.received.length, 3)
})

test('what is due and no longer listed is gone', async (t) => {
  const path = await makeMaildir(t)
  const base = await deliverToMaildir(path, makeMessage(1))
  const reception = memoryReception()
  await syncOnce(path, reception, {since: new Date(Date.now() + 60_000).toISOString()})
  await rm(join(path, 'new', base))
  reception.due.add(base)
  await syncOnce(path, reception, {limit: 1})
  assert.deepEqual(reception.kinds(), {[base]: 'gone'})
  assert.deepEqual([...reception.due], [])
})

test('asks the ledger for nothing but what is listed', async (t) => {
  const path = await makeMaildir(t)
  const base = await deliverToMaildir(path, makeMessage(1))
  const {ledger, receive} = memoryReception()
  const asked: unknown[] = []
  const settled: typeof ledger.settled = (epoch, from, among) => {
    asked.push(among)
    return ledger.settled(epoch, from, among)
  }
  await maildirSource({path, sizeLimit: MB}).run(receive, {
    cursor: null,
    ledger: {...ledger, settled},
    readOnly: false,
    signal: AbortSignal.timeout(30_000),
  })
  assert.deepEqual(asked, [[base]])
})

/** Runs `work` as a user whom file modes bind: they do not bind root. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return work()
  process.seteuid!(65_534)
  try {
    return await work()
  } finally {
    process.seteuid!(0)
  }
}

test('one file that may not be read is poison; where most may not, the run ends and none is', async (t) => {
  const path = await makeMaildir(t)
  await chmod(path, 0o755)
  const names: string[] = []
  for (const number of [1, 2, 3, 4]) names.push(await deliverToMaildir(path, makeMessage(number)))
  const forbid = (name: string) => chmod(join(path, 'new', name), 0)
  for (const name of names.slice(1)) await forbid(name)
  const reception = memoryReception()
  const error = await asNobody(() => syncOnce(path, reception)).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  assert.deepEqual([error.code, error.exitCode], ['MAILDIR_UNREADABLE', 77])
  assert.equal(reception.received.length, 0)

  for (const name of names.slice(2)) await chmod(join(path, 'new', name), 0o644)
  await asNobody(() => syncOnce(path, reception))
  assert.deepEqual(reception.kinds(), {
    [names[1]!]: 'poison',
    ...Object.fromEntries([0, 2, 3].map((index) => [names[index], 'raw'])),
  })

  // Poison that is due again stays poison, however many there are.
  for (const name of names) await forbid(name)
  for (const name of names) reception.due.add(name)
  await asNobody(() => syncOnce(path, reception))
  assert.deepEqual(new Set(Object.values(reception.kinds())), new Set(['poison']))
})

test('wait is rung by new mail, also by what came before it began', async (t) => {
  const path = await makeMaildir(t)
  const source = maildirSource({path, sizeLimit: MB})
  const reception = memoryReception()
  const {signal} = new AbortController()
  const run = () => source.run(reception.receive, {cursor: null, ledger: reception.ledger, readOnly: false, signal})
  await run()
  const began = Date.now()
  const waiting = source.wait(20_000, signal)
  await sleep(50)
  await deliverToMaildir(path, makeMessage(1))
  await waiting
  await run()
  await sleep(20)
  await deliverToMaildir(path, makeMessage(2))
  await source.wait(20_000, signal)
  assert.ok(Date.now() - began < 5000)
  await run()
  assert.equal(reception.received.length, 2)
  await source.wait(30, signal)
})

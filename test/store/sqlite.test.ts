import assert from 'node:assert/strict'
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import Database from 'better-sqlite3'
import {sql} from 'kysely'
import {readConversation} from '../../src/lib/conversation.ts'
import {storeStatus} from '../../src/lib/store-status.ts'
import {parseStoreUrl} from '../../src/lib/store/location.ts'
import {openStore} from '../../src/lib/store/open.ts'
import {listTickets} from '../../src/lib/store/tickets.ts'
import {noteTicket, setStatusOf} from '../../src/lib/ticket-changes.ts'
import {NOW} from '../support/portal.ts'
import {postdesk, ROOT, temporaryHome} from '../support/run-postdesk.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {emptyStoreUrl, freePort, startStore, STORES} from '../support/stores.ts'

const locate = (url: string) => parseStoreUrl(url, {onCommandLine: false})

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-sqlite-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  return directory
}

interface Failure {
  readonly code: string
  readonly exitCode: number
  readonly why: string
  readonly fixes: readonly {text: string}[]
}

/** Every error of a store says what, why, and how to mend it. */
function isStoreError(code: string, exitCode: number, why: RegExp) {
  return (error: Failure): boolean => {
    assert.deepEqual([error.code, error.exitCode], [code, exitCode])
    assert.match(error.why, why)
    assert.ok(error.fixes.length > 0)
    return true
  }
}

describe('an SQLite store', () => {
  test('commits to a write-ahead log that survives a power failure, and checks references', async (t) => {
    const {db} = await startStore(t, 'sqlite')
    const pragma = async (name: string) =>
      (await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(db)).rows[0]
    assert.deepEqual(await pragma('journal_mode'), {journal_mode: 'wal'})
    assert.deepEqual(await pragma('synchronous'), {synchronous: 2}) // FULL
    assert.deepEqual(await pragma('foreign_keys'), {foreign_keys: 1})
  })

  test('takes the writes of 20 processes at once, every one of them', async (t) => {
    const {store, portal, deliver} = await startDesk(t, 'sqlite')
    await deliver([customerMail()])
    const home = await temporaryHome(t)
    const runs = await Promise.all(
      Array.from({length: 20}, (_, index) =>
        postdesk(['ticket', 'note', '1', '--body', `note ${index}`], {home, env: {POSTDESK_STORE: store.url}}),
      ),
    )
    for (const run of runs) assert.equal(run.code, 0, run.stderr)
    const {conversation} = await readConversation(store, portal, 1)
    assert.deepEqual(
      new Set(conversation.messages.filter(({direction}) => direction === 'note').map(({text}) => text)),
      new Set(Array.from({length: 20}, (_, index) => `note ${index}`)),
    )
  })

  test('is waited for without blocking while another process writes', async (t) => {
    const {store, portal, deliver} = await startDesk(t, 'sqlite')
    await deliver([customerMail()])
    const other = new Database(store.url.slice('sqlite:'.length))
    t.after(() => other.close())
    other.exec('begin immediate')
    let beats = 0
    const heart = setInterval(() => beats++, 10)
    const writing = noteTicket(store, portal, 1, 'at last', {now: NOW})
    await sleep(600)
    clearInterval(heart)
    other.exec('rollback')
    await writing
    assert.ok(beats >= 10, `the process went on meanwhile (${beats} beats)`)
  })

  test('that is full changes nothing, says so, and goes on when there is room', async (t) => {
    const desk = await startDesk(t, 'sqlite')
    const {db} = desk.store
    const {rows} = await sql<{page_count: number}>`pragma page_count`.execute(db)
    await sql.raw(`pragma max_page_count = ${rows[0]!.page_count + 5}`).execute(db)
    // Random letters, so that they do not shrink.
    const large = customerMail({}, Buffer.from(Array.from({length: 200_000}, () => 33 + Math.random() * 90)).toString())
    await assert.rejects(desk.deliver([customerMail(), large]), isStoreError('STORE_FULL', 75, /disk is full/))
    assert.deepEqual(await listTickets(db, desk.portal.id, {limit: 5}), [])
    await sql.raw('pragma max_page_count = 1000000').execute(db)
    assert.equal((await desk.deliver([large])).length, 1)
  })

  test('on a full disk keeps what was committed', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'postdesk-full-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'postdesk-test', directory])
    t.after(async () => {
      spawnSync('umount', [directory])
      await rm(directory, {recursive: true, force: true})
    })
    if (mounted.status !== 0) return t.skip('this user may not mount a small file system')
    const home = await temporaryHome(t)
    const options = {home, env: {POSTDESK_STORE: `sqlite:${join(directory, 'store.sqlite')}`}}
    await postdesk(['portal', 'add', 'acme', '--domain', 'acme.example'], options)
    await writeFile(join(directory, 'fill'), Buffer.alloc(1_000_000)).catch(() => {}) // as much as there is room for
    const run = await postdesk(['agent', 'add', 'ann@acme.example', '--name', 'A'.repeat(200), '--json'], options)
    assert.match(run.stdout, /"code": "STORE_FULL"|"code": "STORE_UNAVAILABLE"/)
    await rm(join(directory, 'fill'))
    const list = await postdesk(['portal', 'list', '--json'], options)
    assert.match(list.stdout, /"acme.example"/)
    return undefined
  })

  test('that is a directory, or another kind of file, is refused', async (t) => {
    const directory = await temporaryDirectory(t)
    await assert.rejects(
      openStore(locate(`sqlite:${directory}`)),
      isStoreError('STORE_UNAVAILABLE', 69, /unable to open database file|directory/),
    )
    const letter = join(directory, 'letter.txt')
    await writeFile(letter, 'Dear database, you are none. '.repeat(50))
    await assert.rejects(openStore(locate(letter)), isStoreError('STORE_UNAVAILABLE', 69, /no SQLite database/))
    await writeFile(join(directory, 'file'), '')
    await assert.rejects(
      openStore(locate(join(directory, 'file', 'store.sqlite'))),
      isStoreError('STORE_UNAVAILABLE', 69, /ENOTDIR|EEXIST/),
    )
  })

  test('whose pages are damaged says so, wherever that shows', async (t) => {
    const desk = await startDesk(t, 'sqlite')
    await desk.deliver(Array.from({length: 200}, () => customerMail()))
    const path = desk.store.url.slice('sqlite:'.length)
    await desk.store.db.executeQuery(sql`pragma wal_checkpoint(truncate)`.compile(desk.store.db))
    await desk.store.close()
    const bytes = await readFile(path)
    const home = await temporaryHome(t)
    const options = {home, env: {POSTDESK_STORE: desk.store.url}}
    // Behind the schema, which is read when the store is opened, and in it.
    for (const first of [30, 3]) {
      for (let page = first; page * 4096 < bytes.length; page++) bytes.fill(0xa5, page * 4096 + 8, page * 4096 + 3000)
      await writeFile(path, bytes)
      const list = await postdesk(['ticket', 'list', '--json'], options)
      assert.equal(list.code, 69, list.stdout)
      assert.match(list.stdout, /"code": "STORE_DAMAGED"/)
      const check = await postdesk(['store', 'check', '--json'], options)
      assert.equal(check.code, 69, check.stdout)
      const {result, error} = JSON.parse(check.stdout) as {result: {damage: unknown[]}; error: {code: string}}
      assert.equal(error.code, 'STORE_DAMAGED')
      assert.ok(result.damage.length > 0)
    }
  })

  test('that may not be read, or only be read, is refused with the mend', async (t) => {
    const {store, portal, deliver} = await startDesk(t, 'sqlite')
    await deliver([customerMail()])
    const path = store.url.slice('sqlite:'.length)
    await setStatusOf(store, portal, [1], 'closed', {now: NOW})
    await store.close()
    const directory = join(path, '..')
    const prefix = boundByModes()
    if (prefix === null) return t.skip('file modes do not bind this user')
    const run = async (words: string[]) => {
      const [command, ...rest] = [...prefix, process.execPath, join(ROOT, 'bin/run.js'), ...words]
      const env = {...process.env, POSTDESK_HOME: directory, POSTDESK_STORE: store.url}
      const child = spawn(command!, rest, {env, stdio: ['ignore', 'pipe', 'inherit']})
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
      const [code] = (await once(child, 'close')) as [number | null]
      return {code, output}
    }
    await chmod(path, 0o000)
    const unreadable = await run(['ticket', 'list', '--json'])
    assert.equal(unreadable.code, 69, unreadable.output)
    assert.match(unreadable.output, /STORE_UNAVAILABLE/)
    await chmod(path, 0o444)
    const readOnly = await run(['ticket', 'note', '1', '--body', 'x', '--json'])
    assert.equal(readOnly.code, 69, readOnly.output)
    assert.match(readOnly.output, /STORE_UNAVAILABLE/)
    return undefined
  })
})

/** The words before a command that make file modes bind it: none, or what takes from root the right to pass over them. */
function boundByModes(): string[] | null {
  if (process.getuid === undefined) return null
  if (process.getuid() !== 0) return []
  const words = ['setpriv', '--bounding-set=-dac_override,-dac_read_search']
  return spawnSync(words[0]!, [...words.slice(1), 'true']).status === 0 ? words : null
}

describe('a PostgreSQL store', {skip: !STORES.includes('postgres')}, () => {
  test('that cannot be reached or used says why, and never shows the password', async (t) => {
    const good = new URL(await emptyStoreUrl(t, 'postgres'))
    const change = (fields: Partial<Pick<URL, 'port' | 'password' | 'pathname' | 'hostname'>>) =>
      locate(Object.assign(new URL(good), fields).href)
    const fails = async (location: ReturnType<typeof locate>, why: RegExp) => {
      for (const act of [() => openStore(location), () => storeStatus(location)])
        await assert.rejects(act(), (error: Failure & {message: string}) => {
          assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /postdesk-test|hunter2/)
          return isStoreError('STORE_UNAVAILABLE', 69, why)(error)
        })
    }
    await fails(change({port: String(await freePort())}), /nothing listens/)
    await fails(change({password: 'hunter2'}), /refused the login/)
    await fails(change({pathname: '/missing'}), /"missing" does not exist/)
    await fails(change({hostname: 'no-such-host.invalid'}), /host name cannot be found/)
    // A server that closes the door without a word.
    const silent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    t.after(() => silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    await fails(change({port: String((silent.address() as {port: number}).port)}), /connection/i)
  })

  test('that ends in the middle of a command is told as such', async (t) => {
    const {store, portal, deliver} = await startDesk(t, 'postgres')
    await deliver([customerMail()])
    await assert.rejects(
      store.transaction(async (tx) => {
        await tx.selectFrom('portal').select('id').where('id', '=', portal.id).execute()
        await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
      }),
      isStoreError('STORE_UNAVAILABLE', 69, /connection/),
    )
    assert.equal((await listTickets(store.db, portal.id, {limit: 1})).length, 1, 'the next query has a new connection')
  })
})

import assert from 'node:assert/strict'
import {hash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {existsSync, statSync} from 'node:fs'
import {describe, test, type TestContext} from 'node:test'
import Database from 'better-sqlite3'
import {Client} from 'pg'
import {readConversation} from '../../src/lib/conversation.ts'
import {checkStore} from '../../src/lib/store-check.ts'
import {migrateStore, storeStatus} from '../../src/lib/store-status.ts'
import {parseStoreUrl, type StoreLocation} from '../../src/lib/store/location.ts'
import {SCHEMA_VERSION} from '../../src/lib/store/migrations/index.ts'
import {openStore} from '../../src/lib/store/open.ts'
import {listPortals} from '../../src/lib/store/portals.ts'
import type {Db, Schema} from '../../src/lib/store/schema.ts'
import {FIRST_ROWS, firstSchema, firstSchemaFile} from '../support/first-schema.ts'
import {postdesk, temporaryHome} from '../support/run-postdesk.ts'
import {emptyStoreUrl, STORES, type StoreKind} from '../support/stores.ts'

/** Runs statements in a store, past the program. */
async function execute(url: string, sql: string): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const database = new Database(url.slice('sqlite:'.length))
    database.exec(sql)
    database.close()
    return
  }
  const client = new Client({connectionString: url})
  await client.connect()
  await client.query(sql)
  await client.end()
}

const locate = (url: string): StoreLocation => parseStoreUrl(url, {onCommandLine: false})

/** A store that the first version of the program made. */
async function firstStore(t: TestContext, kind: StoreKind): Promise<{url: string; location: StoreLocation}> {
  const url = await emptyStoreUrl(t, kind)
  await execute(url, await readFile(firstSchemaFile(kind), 'utf8'))
  return {url, location: locate(url)}
}

/** Bytes compare as bytes, whatever object the driver puts them in. */
const plain = (row: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ]),
  )

async function assertFirstRows(db: Db): Promise<void> {
  for (const [table, row] of Object.entries(FIRST_ROWS)) {
    const kept = await db
      .selectFrom(table as keyof Schema)
      .selectAll()
      .execute()
    const found = kept.find((other) => table !== 'migration' || (other as {version?: number}).version === 1)
    assert.deepEqual(plain({...found, ...row}), plain(found ?? {}), table)
    if (table !== 'migration') assert.equal(kept.length, 1, table)
  }
}

for (const kind of STORES)
  describe(`migrations on ${kind}`, () => {
    test('the first migration still makes the first schema', async () => {
      assert.ok(
        firstSchema(kind) === (await readFile(firstSchemaFile(kind), 'utf8')),
        'a migration never changes once it was released; before that, run node test/support/first-schema.ts',
      )
    })

    test('a store of the first schema keeps every row, and its mail can be read', async (t) => {
      const {location} = await firstStore(t, kind)
      if (kind === 'postgres')
        await assert.rejects(openStore(location), (error: {code: string; exitCode: number; fixes: unknown}) => {
          assert.deepEqual([error.code, error.exitCode], ['SCHEMA_TOO_OLD', 78])
          assert.match(JSON.stringify(error.fixes), /postdesk store migrate/)
          return true
        })
      else assert.equal((await storeStatus(location)).state, 'outdated')
      assert.equal((await storeStatus(location)).migrationDue, true)
      if (kind === 'postgres') {
        const {from, to, backup} = await migrateStore(location)
        assert.deepEqual([from, to, backup], [1, SCHEMA_VERSION, null])
      }
      const store = await openStore(location)
      t.after(() => store.close())
      await assertFirstRows(store.db)
      const [portal] = await listPortals(store.db)
      const {conversation, problems} = await readConversation(store, portal!, 7)
      assert.deepEqual(problems, [])
      assert.match(conversation.messages[0]!.text, /^Kept from the first schema on\./)
      const report = await checkStore(location, {full: true, repair: false})
      assert.deepEqual(report.damage, [])
      assert.equal((await storeStatus(location)).state, 'current')
    })

    test('who opened a ticket takes part in it from then on; what is no address does not stop the migration', async (t) => {
      const {url, location} = await firstStore(t, kind)
      const long = Array.from({length: 100}, (_, i) => hash('sha256', String(i), 'hex')).join('')
      await execute(
        url,
        `update message set from_address = 'Jane.Doe@example.com', threaded_by = 'new', direction = 'in';
         insert into ticket (portal_id, id, number, subject, status, requester_name, requester_address, message_count, created_at, updated_at)
           values (1, 90, 90, 'x', 'open', '', '${long}@example.com', 0, 'x', 'x')`,
      )
      await migrateStore(location)
      const store = await openStore(location)
      t.after(() => store.close())
      const {requester_address: requester} = FIRST_ROWS['ticket'] as {requester_address: string}
      assert.deepEqual(
        (await store.db.selectFrom('participant').select('address').orderBy('address').execute()).map(
          (row) => row.address,
        ),
        ['jane.doe@example.com', requester.toLowerCase()],
      )
    })

    test('several processes migrate at once, and one does it', async (t) => {
      const {url, location} = await firstStore(t, kind)
      const home = await temporaryHome(t)
      const runs = await Promise.all(
        Array.from({length: 4}, () => postdesk(['store', 'migrate', '--json'], {home, env: {POSTDESK_STORE: url}})),
      )
      const results = runs.map(
        (run) => JSON.parse(run.stdout) as {exitCode: number; result: {from: number; backup: string | null}},
      )
      assert.deepEqual(
        results.map(({exitCode}) => exitCode),
        [0, 0, 0, 0],
      )
      assert.deepEqual(
        results.map(({result}) => result.from).sort((a, b) => a - b),
        [1, SCHEMA_VERSION, SCHEMA_VERSION, SCHEMA_VERSION],
      )
      assert.equal(results.filter(({result}) => result.backup !== null).length, kind === 'sqlite' ? 1 : 0)
      const store = await openStore(location)
      t.after(() => store.close())
      await assertFirstRows(store.db)
      assert.equal((await store.db.selectFrom('migration').selectAll().execute()).length, SCHEMA_VERSION)
    })

    test('several processes make an empty store at once', async (t) => {
      const url = await emptyStoreUrl(t, kind)
      const home = await temporaryHome(t)
      const runs = await Promise.all(
        Array.from({length: 3}, () => postdesk(['store', 'migrate', '--json'], {home, env: {POSTDESK_STORE: url}})),
      )
      for (const run of runs) assert.equal(run.code, 0, run.stdout + run.stderr)
      const store = await openStore(locate(url))
      t.after(() => store.close())
      assert.equal((await store.db.selectFrom('store').selectAll().execute()).length, 1)
    })

    test('a store of a newer program is left alone by everything but status', async (t) => {
      const {url, location} = await firstStore(t, kind)
      await migrateStore(location)
      await execute(url, "insert into migration values (99, 'later', 'x')")
      const tooNew = {code: 'SCHEMA_TOO_NEW', exitCode: 78}
      await assert.rejects(openStore(location), tooNew)
      await assert.rejects(migrateStore(location), tooNew)
      await assert.rejects(checkStore(location, {full: false, repair: false}), tooNew)
      const status = await storeStatus(location)
      assert.deepEqual([status.state, status.schema.version, status.migrationDue], ['newer', 99, false])
      const home = await temporaryHome(t)
      const deliver = await postdesk(['email', 'deliver', '--recipient=support@acme.example'], {
        home,
        env: {POSTDESK_STORE: url},
        input: 'Subject: x\r\n\r\n',
      })
      assert.deepEqual([deliver.code, deliver.stdout], [75, '4.3.0 temporary failure\n'])
    })

    test('an empty store is told, and made by store migrate', async (t) => {
      const url = await emptyStoreUrl(t, kind)
      const location = locate(url)
      assert.equal((await storeStatus(location)).state, kind === 'sqlite' ? 'missing' : 'empty')
      if (location.kind === 'sqlite') assert.equal(existsSync(location.path), false, 'looking makes nothing')
      else await assert.rejects(openStore(location), {code: 'SCHEMA_TOO_OLD', exitCode: 78})
      const {from, to} = await migrateStore(location)
      assert.deepEqual([from, to], [0, SCHEMA_VERSION])
      assert.deepEqual((await migrateStore(location)).from, SCHEMA_VERSION)
    })
  })

describe('the backup of an SQLite store', () => {
  test('has the rows of before, and one of an earlier time is not written over', async (t) => {
    const {location} = await firstStore(t, 'sqlite')
    assert.ok(location.kind === 'sqlite')
    const earlier = `${location.path}.backup-1`
    const other = new Database(earlier)
    other.exec('create table earlier (x)')
    other.close()
    const {backup} = await migrateStore(location)
    assert.equal(backup, `${location.path}.backup-1-2`)
    const copy = new Database(backup, {readonly: true})
    t.after(() => copy.close())
    assert.deepEqual(copy.prepare('select max(version) as version from migration').get(), {version: 1})
    assert.deepEqual(copy.prepare('select subject from ticket').all(), [{subject: 'Hello'}])
    assert.equal(existsSync(`${backup}.partial`), false)
    assert.equal(statSync(backup).mode & 0o077, 0, 'for its user alone')
    const kept = new Database(earlier, {readonly: true})
    t.after(() => kept.close())
    assert.deepEqual(kept.prepare('select name from sqlite_schema').all(), [{name: 'earlier'}])
  })
})

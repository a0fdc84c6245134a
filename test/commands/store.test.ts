import assert from 'node:assert/strict'
import {existsSync} from 'node:fs'
import {describe, test} from 'node:test'
import type {CheckReport} from '../../src/lib/store-check.ts'
import type {StoreStatus} from '../../src/lib/store-status.ts'
import {SCHEMA_VERSION} from '../../src/lib/store/migrations/index.ts'
import {beginRaw} from '../../src/lib/store/raw.ts'
import {NOW} from '../support/portal.ts'
import {startProgram} from '../support/program.ts'
import {postdesk, temporaryHome} from '../support/run-postdesk.ts'
import {customerMail} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

for (const kind of STORES)
  describe(`the commands of the store on ${kind}`, () => {
    test('tell how it is, and never the password', async (t) => {
      const {json, run, store} = await startProgram(t, kind)
      const {result, exitCode, nextSteps} = await json<StoreStatus>(['store', 'status'])
      assert.deepEqual([exitCode, nextSteps], [0, []])
      const {bytes, store: where, ...rest} = result
      assert.deepEqual(rest, {
        dialect: kind,
        state: 'current',
        schema: {version: SCHEMA_VERSION, needed: SCHEMA_VERSION},
        migrationDue: false,
        journal: kind === 'sqlite' ? 'wal' : null,
        portals: [{key: 'acme', domain: 'acme.example', name: 'acme'}],
      })
      assert.ok(bytes !== null && bytes > 50_000)
      assert.ok(!where.includes('postdesk-test') && store.url.replace(':postdesk-test', '') === where)
      assert.match((await run(['store', 'status'])).stdout, new RegExp(`schema ${SCHEMA_VERSION}, as this program`))
      const migrated = await json<{changed: boolean; from: number}>(['store', 'migrate'])
      assert.deepEqual([migrated.result.changed, migrated.result.from], [false, SCHEMA_VERSION])
    })

    test('find every damage of a mail, and name the tickets it is seen in', async (t) => {
      const {json, store, deliver} = await startProgram(t, kind)
      const check = (...flags: string[]) => json<CheckReport & {changed: boolean}>(['store', 'check', ...flags])
      // Three pieces each, so that one can go from the middle.
      const large = () => customerMail({}, 'abcdefghij\n'.repeat(250_000))
      await deliver([large(), large(), large(), large(), customerMail({To: 'unknown@acme.example'})])
      const fine = await check('--full')
      assert.deepEqual([fine.exitCode, fine.result.damage], [0, []])
      assert.deepEqual(fine.result.raw, {finished: 5, unfinished: 0, unused: 0})
      assert.equal(fine.result.checks.find(({id}) => id === 'content')!.checked, 5)

      const raws = (await store.db.selectFrom('raw').select('id').orderBy('id').execute()).map(({id}) => id)
      const chunk = (raw: number, seq: number) => ({raw, seq})
      const remove = ({raw, seq}: {raw: number; seq: number}) =>
        store.db.deleteFrom('raw_chunk').where('raw_id', '=', raw).where('seq', '=', seq).execute()
      const overwrite = ({raw, seq}: {raw: number; seq: number}, data: Buffer, encoding: 'zstd' | 'none') =>
        store.db
          .updateTable('raw_chunk')
          .set({data, encoding})
          .where('raw_id', '=', raw)
          .where('seq', '=', seq)
          .execute()
      await remove(chunk(raws[0]!, 1))
      await remove(chunk(raws[1]!, 2))
      await overwrite(chunk(raws[2]!, 0), Buffer.from('rubbish'), 'zstd')
      await overwrite(chunk(raws[3]!, 0), Buffer.alloc(1024 * 1024, 'x'), 'none')
      await overwrite(chunk(raws[4]!, 0), Buffer.from('short'), 'none')
      const broken = await check('--full')
      assert.deepEqual([broken.exitCode, broken.error!.code], [65, 'RAW_DAMAGED'])
      assert.deepEqual(
        broken.result.damage.map(({check, portal, tickets}) => [check, portal, tickets]),
        [
          ['sequences', 'acme', [1]],
          ['sequences', 'acme', [2]],
          ['content', 'acme', [3]],
          ['content', 'acme', [4]],
          ['content', 'acme', []],
        ],
      )
      assert.match(broken.result.damage[4]!.text, /\(quarantined mail \d+\)$/)
      assert.equal((await check()).exitCode, 65, 'a sample of so few is all of them')
    })

    test('count what dead writers have left, and remove it when asked to', async (t) => {
      const {json, store, portal} = await startProgram(t, kind)
      await beginRaw(store, portal.id, NOW) // long ago
      await beginRaw(store, portal.id, new Date().toISOString())
      const check = (...flags: string[]) => json<CheckReport & {changed: boolean}>(['store', 'check', ...flags])
      assert.equal((await check()).result.raw.unfinished, 2)
      const {result} = await check('--repair')
      assert.deepEqual([result.swept, result.changed, result.raw.unfinished], [1, true, 1])
      assert.equal((await check('--repair')).result.changed, false)
    })
  })

describe('the commands of an SQLite store', () => {
  test('find a reference to nothing', async (t) => {
    const {json, store, deliver} = await startProgram(t, 'sqlite')
    await deliver([customerMail()])
    const {default: Database} = await import('better-sqlite3')
    const database = new Database(store.url.slice('sqlite:'.length))
    database.pragma('foreign_keys = off')
    database.exec('delete from raw')
    database.close()
    const {exitCode, result} = await json<CheckReport>(['store', 'check'])
    assert.equal(exitCode, 69)
    assert.deepEqual([...new Set(result.damage.map(({check}) => check))], ['references', 'messages'])
  })

  test('look at a missing one without making it, and make it when told to', async (t) => {
    const home = await temporaryHome(t)
    const path = `${home}/data/postdesk.sqlite`
    const json = async (...words: string[]) =>
      JSON.parse((await postdesk([...words, '--json'], {home})).stdout) as {
        exitCode: number
        result: Record<string, unknown>
      }
    assert.equal((await json('store', 'status')).result['state'], 'missing')
    assert.equal((await json('store', 'check')).exitCode, 69)
    assert.equal(existsSync(path), false)
    assert.deepEqual((await json('store', 'migrate')).result, {
      store: `sqlite:${path}`,
      from: 0,
      to: SCHEMA_VERSION,
      backup: null,
      changed: true,
    })
    assert.equal((await json('store', 'status')).result['state'], 'current')
  })
})

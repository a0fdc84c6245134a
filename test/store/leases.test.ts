import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {currentProcess, type ProcessIdentity} from '../../src/lib/process-identity.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {acquireLease, fence, findSource, putSource, saveCursor, type SourceRow} from '../../src/lib/store/sources.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {startStore, STORES, type StoreKind} from '../support/stores.ts'

interface Fixture {
  readonly store: Store & {readonly url: string}
  readonly source: SourceRow
}

async function startSource(t: TestContext, kind: StoreKind): Promise<Fixture> {
  const store = await startStore(t, kind)
  const portal = await seedPortal(store)
  const source = await store.transaction((tx) =>
    putSource(tx, portal.id, {kind: 'imap', identity: 'imap:test', config: '{}'}, NOW),
  )
  return {store, source}
}

/** Makes the lease look as if that process held it for so many seconds more. */
async function giveLease({store, source}: Fixture, owner: Partial<ProcessIdentity>, seconds: number): Promise<void> {
  await store.db
    .updateTable('source')
    .set({
      lease_owner: JSON.stringify({...currentProcess(), ...owner}),
      lease_token: 41,
      lease_until: store.dialect.inSeconds(seconds),
    })
    .where('id', '=', source.id)
    .execute()
}

const acquire = ({store, source}: Fixture) => acquireLease(store, source, 'the inbound of acme')

for (const kind of STORES)
  describe(`the lease of a source on ${kind}`, () => {
    test('is held by one process; when that is killed, the next has it at once', async (t) => {
      const fixture = await startSource(t, kind)
      const holder = spawn(
        process.execPath,
        [join(import.meta.dirname, '../support/hold-lease.ts'), fixture.store.url, fixture.source.identity],
        {stdio: ['ignore', 'pipe', 'inherit']},
      )
      t.after(() => holder.kill('SIGKILL'))
      await once(holder.stdout, 'data')
      await assert.rejects(acquire(fixture), (error: {code: string; exitCode: number; why: string}) => {
        assert.deepEqual([error.code, error.exitCode], ['SYNC_RUNNING', 75])
        assert.match(error.why, new RegExp(`process ${holder.pid} on `))
        return true
      })
      const ended = once(holder, 'exit')
      holder.kill('SIGKILL')
      await ended
      const started = performance.now()
      const lease = await acquire(fixture)
      assert.ok(performance.now() - started < 2000, 'not after the 60 s that another machine is given')
      await lease.release()
    })

    test('is free after its release, and not before', async (t) => {
      const fixture = await startSource(t, kind)
      const lease = await acquire(fixture)
      await assert.rejects(acquire(fixture), {code: 'SYNC_RUNNING'})
      await lease.release()
      await (await acquire(fixture)).release()
    })

    test('of another machine is waited for until it has run out', async (t) => {
      const fixture = await startSource(t, kind)
      await giveLease(fixture, {host: 'elsewhere'}, 30)
      await assert.rejects(acquire(fixture), (error: {why: string}) => /on elsewhere/.test(error.why))
      await giveLease(fixture, {host: 'elsewhere'}, -1)
      assert.equal((await acquire(fixture)).token, 42)
    })

    test('of a process before the last boot, or whose number another has now, is free', async (t) => {
      const fixture = await startSource(t, kind)
      if (currentProcess().boot === '') return t.skip('this system does not tell when a process started')
      for (const dead of [{boot: 'another'}, {start: '1'}, {pid: 2 ** 22 + 1}]) {
        await giveLease(fixture, dead, 30)
        assert.equal((await acquire(fixture)).token, 42, JSON.stringify(dead))
      }
      return undefined
    })

    test('that was taken over lets its former owner do nothing any more', async (t) => {
      const fixture = await startSource(t, kind)
      const {store, source} = fixture
      const lost = await acquire(fixture)
      await store.transaction((tx) => fence(tx, lost, {uid: 1}, 'the inbound'))
      await lost.heartbeat()
      // As if this machine had slept for longer than its lease.
      await store.db
        .updateTable('source')
        .set({lease_until: store.dialect.inSeconds(-1)})
        .execute()
      const lease = await acquire(fixture)
      const taken = {code: 'LEASE_LOST', exitCode: 75}
      await assert.rejects(
        store.transaction(async (tx) => {
          await tx.updateTable('portal').set({name: 'written by the former owner'}).execute()
          await fence(tx, lost, {uid: 2}, 'the inbound')
        }),
        taken,
      )
      await assert.rejects(saveCursor(store, lost, {uid: 2}, 'the inbound'), taken)
      await assert.rejects(lost.heartbeat(), taken)
      await lost.release()
      assert.equal((await findSource(store.db, source.portal_id, source.id))!.cursor, '{"uid":1}')
      assert.equal((await store.db.selectFrom('portal').select('name').executeTakeFirst())!.name, 'acme')
      await lease.heartbeat()
      await assert.rejects(acquire(fixture), {code: 'SYNC_RUNNING'}, 'the release of the former owner frees nothing')
    })
  })

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {EmailStatus} from '../../src/lib/email-status.ts'
import {emailStatus} from '../../src/lib/email-status.ts'
import {findPortal, updatePortal} from '../../src/lib/store/portals.ts'
import {noteFailure, noteSuccess, putSource} from '../../src/lib/store/sources.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {startProgram} from '../support/program.ts'
import {customerMail, startDesk, type Desk} from '../support/seed.ts'
import {startStore, STORES} from '../support/stores.ts'

/** Gives the portal an inbound that was never synced. */
async function addInbound({store, portal}: Pick<Desk, 'store' | 'portal'>) {
  return store.transaction(async (tx) => {
    const config = '{"kind":"maildir","path":"/srv/mail","envelopeHeader":null,"markSeen":false}'
    const source = await putSource(tx, portal.id, {kind: 'maildir', identity: 'maildir:/srv/mail', config}, NOW)
    await updatePortal(tx, portal.id, {inbound_source_id: source.id}, NOW)
    return source
  })
}

for (const kind of STORES)
  describe(`the status of the mail on ${kind}`, () => {
    test('finds what an admin should look at, and how to mend it', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const codes = async (options: {staleAfter?: number} = {}) => {
        const now = '2026-03-01T11:00:00.000Z'
        const status = await emailStatus(store, (await findPortal(store.db, 'acme'))!, {now, ...options})
        for (const {fixes} of status.findings) assert.ok(fixes.some(({command}) => command?.startsWith('postdesk ')))
        return status.findings.map(({code, failOn}) => (failOn === null ? code : `${code}:${failOn}`))
      }
      assert.deepEqual(await codes(), ['NO_INBOUND', 'QUEUE_WITHOUT_MEMBERS', 'QUEUE_WITHOUT_SENDER'])
      const source = await addInbound({store: store, portal})
      assert.deepEqual(await codes({staleAfter: 60}), ['STALE:stale', 'QUEUE_WITHOUT_MEMBERS', 'QUEUE_WITHOUT_SENDER'])
      await noteSuccess(store.db, source, NOW)
      assert.equal((await codes({staleAfter: 7199})).at(0), 'STALE:stale')
      assert.equal((await codes({staleAfter: 7200})).at(0), 'QUEUE_WITHOUT_MEMBERS')
      await noteFailure(store.db, source, {code: 'IMAP_AUTH', title: 'Refused', why: 'wrong password', at: NOW})
      assert.equal((await codes()).at(0), 'INBOUND_FAILING:error')
      await store.db.updateTable('channel').set({queue_id: null}).execute()
      assert.deepEqual(await codes(), ['INBOUND_FAILING:error', 'CHANNEL_WITHOUT_QUEUE'])
    })

    test('counts what waits for each address, and what is in the quarantine besides', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['sales', 'support'], agents: {'ann@acme.example': true}})
      await desk.store.db.updateTable('channel').set({deactivated_at: NOW}).where('name', '=', 'sales').execute()
      await desk.deliver([
        customerMail({To: 'sales@acme.example'}),
        customerMail({To: 'sales@acme.example'}),
        customerMail({To: 'nobody@acme.example'}),
        customerMail(),
      ])
      const {channels, outbox, findings} = await emailStatus(desk.store, desk.portal, {now: NOW})
      assert.deepEqual(channels, [
        {
          address: 'sales@acme.example',
          state: 'inactive',
          lastSyncAt: null,
          staleFor: null,
          quarantined: 2,
          waiting: 2,
        },
        {address: 'support@acme.example', state: 'ready', lastSyncAt: null, staleFor: null, quarantined: 0, waiting: 0},
      ])
      assert.deepEqual(outbox, {})
      assert.deepEqual(
        findings.map(({code, text}) => [code, text.slice(0, 40)]),
        [
          ['QUEUE_WITHOUT_SENDER', 'Queue support has no sender: what comes '],
          ['CHANNEL_WAITING', '2 mails wait for sales@acme.example, whi'],
          ['QUARANTINE_NOT_EMPTY', '1 mail waits in the quarantine: 1 unknow'],
        ],
        'mail was handed in by a pipe, so no inbound is missed',
      )
    })
  })

test('email status exits with 2 for what --fail-on names, and with 0 else', async (t) => {
  const {json, run, store, portal} = await startProgram(t, 'sqlite')
  const source = await addInbound({store, portal})
  await noteSuccess(store.db, source, new Date(Date.now() - 90 * 60_000).toISOString())
  await noteFailure(store.db, source, {code: 'X', title: 'T', why: 'w', at: NOW})
  const exitCode = async (...failOn: string[]) =>
    (await json(['email', 'status', ...failOn.flatMap((word) => ['--fail-on', word])])).exitCode
  assert.equal(await exitCode(), 0)
  assert.equal(await exitCode('error'), 2)
  assert.equal(await exitCode('stale=1h'), 2)
  assert.equal(await exitCode('stale=2h,consent', 'unverified'), 0)
  for (const wrong of ['stale', 'stale=soon', 'error=1h', 'eror', '']) assert.equal(await exitCode(wrong), 64, wrong)
  const {result} = await json<EmailStatus>(['email', 'status'])
  const [channel] = result.channels
  assert.deepEqual([channel!.state, channel!.error!.code], ['failing', 'X'])
  assert.ok(Math.abs(channel!.staleFor! - 5400) < 60)
  assert.match((await run(['email', 'status'])).stdout, /support@acme\.example +failing/)
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {EmailStatus} from '../../src/lib/email-status.ts'
import {emailStatus} from '../../src/lib/email-status.ts'
import {findPortal, updatePortal} from '../../src/lib/store/portals.ts'
import {noteFailure, noteSuccess, putSource} from '../../src/lib/store/sources.ts'
import type {SmtpChannelRow} from '../../src/lib/store/channels.ts'
import {startOutbox} from '../support/outbox.ts'
import {addSmtpChannel} from '../support/outgoing.ts'
import {pauseAccount} from '../support/pause-account.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {startProgram} from '../support/program.ts'
import {customerMail, startDesk, type Desk} from '../support/seed.ts'
import {startStore, STORES} from '../support/stores.ts'

/** What a run notes of an account whose login was refused. */
const REFUSED = {code: 'SMTP_AUTH', exitCode: 24, title: 'Refused', why: 'wrong password', at: NOW}

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
      assert.deepEqual(await codes(), ['NO_INBOUND:error', 'QUEUE_WITHOUT_MEMBERS', 'QUEUE_WITHOUT_SENDER'])
      assert.deepEqual((await codes({staleAfter: 60})).slice(0, 2), ['NO_INBOUND:error', 'STALE:stale'])
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

for (const kind of STORES)
  describe(`--fail-on of email status on ${kind}`, () => {
    test('unverified is a login that nobody has seen succeed, and a forwarding that nobody has seen work', async (t) => {
      const {store, portal} = await startDesk(t, kind)
      const [internal] = await store.db.selectFrom('channel').selectAll().execute()
      const id = await addSmtpChannel(store, portal, 'help@customer-care.example', {})
      const smtp = (fields: Partial<SmtpChannelRow>) =>
        store.db.updateTable('smtp_channel').set(fields).where('channel_id', '=', id).execute()
      await smtp({verified_at: null, forwards_to_id: internal!.id})
      const unverified = async () => {
        const {findings} = await emailStatus(store, (await findPortal(store.db, 'acme'))!, {now: NOW})
        return findings
          .filter(({failOn}) => failOn === 'unverified')
          .map(({code, text, fixes}) => [code, text.split(':')[0], fixes[0]!.command])
      }
      const login = [
        'LOGIN_UNVERIFIED',
        'Nobody has seen a login of help@customer-care.example succeed',
        'postdesk email test help@customer-care.example --portal acme',
      ]
      const forwarding = [
        'FORWARDING_UNVERIFIED',
        'Nobody has seen mail for help@customer-care.example arrive at support@acme.example',
        'postdesk email test help@customer-care.example --roundtrip --portal acme',
      ]
      assert.deepEqual(await unverified(), [login, forwarding])
      await smtp({verified_at: NOW})
      assert.deepEqual(await unverified(), [forwarding])
      await smtp({forwarding_verified_at: NOW})
      assert.deepEqual(await unverified(), [])
      await smtp({verified_at: null, forwards_to_id: null, forwarding_verified_at: null})
      assert.deepEqual(await unverified(), [login], 'without a forwarding there is none to verify')
      await store.db.updateTable('channel').set({deactivated_at: NOW}).where('id', '=', id).execute()
      assert.deepEqual(await unverified(), [], 'what is switched off need not work')
      const relay = {
        kind: 'smtp',
        host: 'smtp.acme.example',
        port: 587,
        security: 'starttls',
        user: 'desk',
        verifiedAt: null,
      }
      await updatePortal(store.db, portal.id, {relay: JSON.stringify(relay)}, NOW)
      assert.deepEqual(
        (await unverified()).map(([, , command]) => command),
        ['postdesk email test relay --portal acme'],
      )
      await updatePortal(store.db, portal.id, {relay: JSON.stringify({...relay, user: null})}, NOW)
      assert.deepEqual(await unverified(), [], 'a server without a login has none to prove')
    })

    test('error is whatever keeps mail from coming in, leaving or arriving', async (t) => {
      const desk = await startOutbox(t, kind, {host: '127.0.0.1', port: 9})
      const {store, portal, channelId} = desk
      const {id: queueId} = await store.db.selectFrom('queue').select('id').executeTakeFirstOrThrow()
      await store.db.updateTable('channel').set({queue_id: queueId}).execute()
      const errors = async (options: Partial<Parameters<typeof emailStatus>[2]> = {}) => {
        const {findings} = await emailStatus(store, (await findPortal(store.db, 'acme'))!, {now: desk.now, ...options})
        for (const {code, failOn, exitCode} of findings)
          assert.ok(exitCode === undefined || failOn === 'error', `${code} fails doctor and no monitor`)
        return findings.filter(({failOn}) => failOn === 'error').map(({code, exitCode}) => [code, exitCode])
      }
      assert.deepEqual(await errors(), [])
      const {message: id} = await desk.reply()
      const recipients = (state: 'unknown' | 'failed') =>
        store.db.updateTable('outgoing_recipient').set({state}).where('message_id', '=', id).execute()
      await recipients('unknown')
      assert.deepEqual(await errors(), [['OUTBOX_UNKNOWN', undefined]])
      await recipients('failed')
      assert.deepEqual(await errors(), [['OUTBOX_FAILED', undefined]])
      await store.db.updateTable('outgoing').set({dismissed_at: NOW}).execute()
      assert.deepEqual(await errors(), [], 'once somebody has dealt with it')
      await desk.reply()
      desk.wait(14)
      assert.deepEqual(await errors(), [])
      desk.wait(2)
      assert.deepEqual(await errors(), [['OUTBOX_OVERDUE', 28]])
      await pauseAccount(store.db, portal.id, channelId, REFUSED)
      assert.deepEqual(await errors(), [['SENDER_PAUSED', 24]])
      assert.deepEqual(await errors({hasPassword: () => Promise.resolve(false)}), [
        ['SECRET_MISSING_HERE', 78],
        ['SENDER_PAUSED', 24],
      ])
    })

    test('a password that this machine lacks is missed for the inbound and the relay, too', async (t) => {
      const {store, portal} = await startDesk(t, kind)
      const imap = {kind: 'imap', host: 'imap.acme.example', port: 993, security: 'tls', user: 'catchall'}
      await store.transaction(async (tx) => {
        const source = await putSource(
          tx,
          portal.id,
          {kind: 'imap', identity: 'imap:x', config: JSON.stringify(imap)},
          NOW,
        )
        const relay = {
          kind: 'smtp',
          host: 'smtp.acme.example',
          port: 587,
          security: 'starttls',
          user: 'desk',
          verifiedAt: NOW,
        }
        await updatePortal(tx, portal.id, {inbound_source_id: source.id, relay: JSON.stringify(relay)}, NOW)
      })
      const missing = async (hasPassword: () => Promise<boolean>) => {
        const {findings} = await emailStatus(store, (await findPortal(store.db, 'acme'))!, {now: NOW, hasPassword})
        return findings.filter(({code}) => code === 'SECRET_MISSING_HERE').map(({fixes}) => fixes[0]!.command)
      }
      assert.deepEqual(await missing(() => Promise.resolve(false)), [
        'postdesk secret set acme/inbound/password',
        'postdesk secret set acme/relay/password',
      ])
      assert.deepEqual(await missing(() => Promise.resolve(true)), [])
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

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {checkAddress, checkLocalPart} from '../../src/lib/address.ts'
import {summariseChannel, summariseChannels} from '../../src/lib/channel-summary.ts'
import {addInternalAddress, internalAddress, onlyQueue, updateInternalAddress} from '../../src/lib/internal-address.ts'
import {removeAddress} from '../../src/lib/channel-address.ts'
import {addQueue} from '../../src/lib/queue.ts'
import {findChannel} from '../../src/lib/store/channels.ts'
import {findTicket} from '../../src/lib/store/tickets.ts'
import {findSource, noteFailure} from '../../src/lib/store/sources.ts'
import {findPortal} from '../../src/lib/store/portals.ts'
import {maildirInbound, setInbound} from '../../src/lib/inbound.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {startStore, STORES} from '../support/stores.ts'

const once = {ifNotExists: false, now: NOW}
/** An internal address has none. */
const noSecrets = {now: NOW, secrets: () => Promise.reject(new Error('asked for secrets'))}
const again = {ifNotExists: true, now: NOW}

describe('the syntax of addresses', () => {
  test('a local part is a dot-atom of at most 64 characters (RFC 5321 4.1.2, 4.5.3.1.1)', () => {
    for (const good of ['support', "o'neil", 'a.b.c', 'x+y', 'A_1', '!#$%&*/=?^`{|}~-', 'a'.repeat(64)])
      assert.equal(checkLocalPart(good), null, good)
    for (const bad of ['', '.a', 'a.', 'a..b', 'a b', 'a@b', '"a b"', 'ü', 'a,b', 'a<b', 'a\n', 'a'.repeat(65)])
      assert.notEqual(checkLocalPart(bad), null, bad)
  })

  test('an address has a full domain', () => {
    assert.equal(checkAddress('Ann@Acme.example'), null)
    for (const bad of ['ann', 'ann@acme', '@acme.example', 'ann@acme.example.', 'ann@-a.example', 'ann@a_b.example'])
      assert.notEqual(checkAddress(bad), null, bad)
  })

  test("an internal address is at the portal's own domain", () => {
    const portal = {key: 'acme', domain: 'acme.example'}
    assert.equal(internalAddress('Support', portal), 'Support@acme.example')
    assert.equal(internalAddress('support@ACME.example', portal), 'support@acme.example')
    assert.throws(() => internalAddress('support@other.example', portal), {exitCode: 64, why: /acme\.example/})
  })
})

for (const kind of STORES)
  describe(`internal addresses on ${kind}`, () => {
    test('one is added once, whatever the case of its letters', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store, {addresses: []})
      const settings = {name: 'Acme Support', queue: 'support', assignOnline: true}
      await assert.rejects(addInternalAddress(store, portal, 'help', {...settings, queue: 'suport'}, once), {
        exitCode: 67,
      })
      await assert.rejects(addInternalAddress(store, portal, 'help', {...settings, autoReply: true}, once), {
        exitCode: 64,
        why: /subject and a text/,
      })
      await assert.rejects(addInternalAddress(store, portal, 'help', {...settings, name: 'a\r\nBcc: x'}, once), {
        exitCode: 64,
      })
      assert.deepEqual(await summariseChannels(store.db, portal), [])

      const {channel} = await addInternalAddress(store, portal, 'Help', settings, once)
      assert.deepEqual(channel, {
        address: 'Help@acme.example',
        kind: 'internal',
        name: 'Acme Support',
        active: true,
        queue: 'support',
        assignOnline: true,
        canReceive: true,
        canSend: false,
        missingScopes: [],
        state: 'ready',
        forwardsTo: null,
        forwardingVerifiedAt: null,
        autoReply: null,
        lastSyncAt: null,
        lastError: null,
      })
      assert.equal((await addInternalAddress(store, portal, 'help@acme.example', settings, again)).changed, false)
      await assert.rejects(addInternalAddress(store, portal, 'help', {...settings, assignOnline: false}, again), {
        code: 'ADDRESS_EXISTS',
        exitCode: 73,
        why: 'with another assign-online',
      })
      await assert.rejects(addInternalAddress(store, portal, 'help', settings, once), {exitCode: 73})
    })

    test('the only queue is found; several are not guessed among', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      assert.equal(await onlyQueue(store.db, portal), 'support')
      await addQueue(store, portal, 'sales', {}, once)
      assert.equal(await onlyQueue(store.db, portal), null)
    })

    test('a former address leads on, cannot be taken by accident, and can be freed', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const {channel} = await updateInternalAddress(store, portal, 'support', {address: 'help'}, NOW)
      assert.equal(channel.address, 'help@acme.example')
      assert.equal((await findChannel(store.db, portal.id, 'SUPPORT@acme.example'))?.address, 'help@acme.example')
      const add = () => addInternalAddress(store, portal, 'support', {name: 'S', queue: 'support'}, once)
      await assert.rejects(add(), {code: 'ADDRESS_EXISTS', why: /help@acme\.example/})
      await assert.rejects(updateInternalAddress(store, portal, 'help', {dropAlias: 'help'}, NOW), {exitCode: 64})
      await assert.rejects(updateInternalAddress(store, portal, 'help', {dropAlias: 'nope'}, NOW), {exitCode: 67})
      await updateInternalAddress(store, portal, 'help', {dropAlias: 'support'}, NOW)
      await add()
      await assert.rejects(updateInternalAddress(store, portal, 'help', {address: 'support'}, NOW), {exitCode: 73})
    })

    test('an automatic reply keeps its text while it is off', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const update = async (changes: Parameters<typeof updateInternalAddress>[3]) =>
        (await updateInternalAddress(store, portal, 'support', changes, NOW)).channel.autoReply
      await assert.rejects(update({autoReply: true, autoReplySubject: 'Hi'}), {exitCode: 64})
      const text = {subject: 'Hi', body: 'We got it.\nThank you.'}
      assert.deepEqual(await update({autoReply: true, autoReplySubject: text.subject, autoReplyBody: text.body}), text)
      assert.equal(await update({autoReply: false}), null)
      assert.deepEqual(await update({autoReply: true}), text)
    })

    test('mail for an address that is off waits for it, also when it is renamed', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support', 'info']})
      const {store, portal} = desk
      const off = await updateInternalAddress(store, portal, 'support', {active: false}, NOW)
      assert.deepEqual([off.channel.state, off.channel.active, off.waiting], ['inactive', false, []])
      await desk.deliver([customerMail(), customerMail({To: 'info@acme.example'}), customerMail()])
      await updateInternalAddress(store, portal, 'support', {address: 'help'}, NOW)
      const on = await updateInternalAddress(store, portal, 'help', {active: true}, NOW)
      assert.deepEqual([on.channel.state, on.waiting.length], ['ready', 2])
      assert.deepEqual((await updateInternalAddress(store, portal, 'info', {active: true}, NOW)).waiting, [])
    })

    test('a failing inbound shows at its addresses', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      await setInbound(store, portal, maildirInbound({path: '/var/mail/acme'}), NOW)
      const fresh = (await findPortal(store.db, 'acme'))!
      const source = (await findSource(store.db, portal.id, fresh.inbound_source_id!))!
      const error = {code: 'TCP_REFUSED', title: 'Refused', why: 'nothing listens', at: NOW}
      await noteFailure(store.db, source, error)
      const row = (await findChannel(store.db, portal.id, 'support@acme.example'))!
      const {state, lastError} = await summariseChannel(store.db, fresh, row)
      assert.deepEqual([state, lastError], ['failing', error])
    })

    test('a removed address leaves its tickets', async (t) => {
      const desk = await startDesk(t, kind)
      const {store, portal} = desk
      await desk.deliver([customerMail()])
      await removeAddress(store, portal, 'support@acme.example', noSecrets)
      assert.equal((await findTicket(store.db, portal.id, 1))?.channel_id, null)
      assert.deepEqual(await summariseChannels(store.db, portal), [])
      await assert.rejects(removeAddress(store, portal, 'support@acme.example', noSecrets), {exitCode: 67})
    })
  })

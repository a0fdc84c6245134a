import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {
  checkInbound,
  describeInbound,
  identityOf,
  imapInbound,
  maildirInbound,
  setInbound,
  unsetInbound,
} from '../../src/lib/inbound.ts'
import {checkHost, isLoopback} from '../../src/lib/server-settings.ts'
import {findPortal} from '../../src/lib/store/portals.ts'
import {findSourceByIdentity} from '../../src/lib/store/sources.ts'
import {findSecret} from '../../src/lib/store/secrets.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {startStore, STORES} from '../support/stores.ts'

describe('the settings of an inbound', () => {
  test('port and security complete each other', () => {
    const complete = (port?: number, security?: 'tls' | 'starttls' | 'none') => {
      const config = imapInbound({host: 'h', user: 'u', port, security})
      return [config.port, config.security]
    }
    assert.deepEqual(complete(), [993, 'tls'])
    assert.deepEqual(complete(993), [993, 'tls'])
    assert.deepEqual(complete(143), [143, 'starttls'])
    assert.deepEqual(complete(1143), [1143, 'starttls'])
    assert.deepEqual(complete(undefined, 'starttls'), [143, 'starttls'])
    assert.deepEqual(complete(undefined, 'tls'), [993, 'tls'])
    assert.deepEqual(complete(1143, 'none'), [1143, 'none'])
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) assert.throws(() => complete(port), {exitCode: 64})
  })

  test('hosts, mailboxes and headers have one spelling', () => {
    const config = imapInbound({
      host: 'IMAP.Acme.Example.',
      user: 'All',
      mailbox: 'inbox',
      envelopeHeader: 'X-Original-To',
    })
    assert.equal(identityOf(config), 'imap:All@imap.acme.example:993/INBOX')
    assert.equal(config.envelopeHeader, 'x-original-to')
    assert.equal(imapInbound({host: 'münchen.example', user: 'u'}).host, 'xn--mnchen-3ya.example')
    assert.equal(identityOf(imapInbound({host: '[::1]', user: 'u', port: 143})), 'imap:u@[::1]:143/INBOX')
    assert.equal(identityOf(maildirInbound({path: '/var/mail/acme'})), 'maildir:/var/mail/acme')
  })

  test('what is no host, name or header is refused', () => {
    for (const bad of ['', 'imaps://h', 'h:993', 'a b', 'u@h', '-h', 'h/INBOX', 'a..b', '1.2.3.4.5/x'])
      assert.notEqual(checkHost(bad), null, bad)
    for (const settings of [
      {user: ''},
      {user: 'a\r\nb'},
      {mailbox: ''},
      {moveTo: 'inbox'},
      {envelopeHeader: 'To:'},
      {envelopeHeader: 'X Y'},
      {trustedAuthservId: '\0'},
    ])
      assert.throws(() => imapInbound({host: 'h', user: 'u', ...settings}), {exitCode: 64})
    assert.throws(() => maildirInbound({path: 'mail'}), {exitCode: 64})
  })

  test('this machine is known', () => {
    for (const here of ['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '::1']) assert.ok(isLoopback(here), here)
    for (const there of ['127.example.org', 'localhost.example', '10.0.0.1', '::2'])
      assert.ok(!isLoopback(there), there)
  })
})

const config = imapInbound({host: 'imap.acme.example', user: 'all'})

for (const kind of STORES)
  describe(`inbounds on ${kind}`, () => {
    test('the same settings again are no change; other flags keep the source', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      assert.equal((await setInbound(store, portal, config, NOW)).changed, true)
      const first = await findPortal(store.db, 'acme')
      assert.equal((await setInbound(store, portal, config, NOW)).changed, false)
      const marked = await setInbound(store, portal, {...config, markSeen: true}, NOW)
      assert.deepEqual([marked.changed, marked.inbound.markSeen], [true, true])
      assert.equal((await findPortal(store.db, 'acme'))?.inbound_source_id, first?.inbound_source_id)
    })

    test('another mailbox is another source, and the ledger of the one before is kept', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const current = async () => (await findPortal(store.db, 'acme'))?.inbound_source_id
      await setInbound(store, portal, config, NOW)
      const first = await current()
      for (const other of [
        {...config, host: 'other.example'},
        {...config, user: 'other'},
        {...config, mailbox: 'Other'},
        maildirInbound({path: '/var/mail/acme'}),
      ]) {
        await setInbound(store, portal, other, NOW)
        assert.notEqual(await current(), first)
      }
      await setInbound(store, portal, config, NOW)
      assert.equal(await current(), first)
    })

    test('the password belongs to host, port, security and user', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      const needs = async (changes: Partial<typeof config>) =>
        (await checkInbound(store.db, portal, {...config, ...changes})).needsPassword
      assert.equal(await needs({}), true)
      await setInbound(store, portal, config, NOW)
      assert.equal(await needs({mailbox: 'Other', markSeen: true}), false)
      for (const changes of [{host: 'other'}, {port: 143}, {security: 'starttls' as const}, {user: 'other'}])
        assert.equal(await needs(changes), true, JSON.stringify(changes))
      await setInbound(store, portal, maildirInbound({path: '/var/mail/acme'}), NOW)
      assert.equal(await findSecret(store.db, portal.id, 'inbound', 'password'), undefined)
    })

    test('a mailbox belongs to one portal, until that lets it go', async (t) => {
      const store = await startStore(t, kind)
      const acme = await seedPortal(store)
      const beta = await seedPortal(store, {key: 'beta', domain: 'beta.example'})
      await setInbound(store, acme, config, NOW)
      const before = await findSourceByIdentity(store.db, identityOf(config))
      await assert.rejects(setInbound(store, beta, config, NOW), {
        code: 'MAILBOX_IN_USE',
        exitCode: 73,
        why: 'it is the inbound of the portal acme',
      })
      assert.deepEqual(await findSourceByIdentity(store.db, identityOf(config)), before)
      assert.equal((await unsetInbound(store, acme, NOW)).changed, true)
      assert.equal((await unsetInbound(store, acme, NOW)).changed, false)
      await setInbound(store, beta, config, NOW)
      const after = await findSourceByIdentity(store.db, identityOf(config))
      assert.equal(after?.portal_id, beta.id)
      assert.notEqual(after?.id === before?.id && after?.portal_id === before?.portal_id, true)
      assert.equal(await describeInbound(store, (await findPortal(store.db, 'acme'))!), null)
      await assert.rejects(setInbound(store, acme, config, NOW), {why: 'it is the inbound of the portal beta'})
    })
  })

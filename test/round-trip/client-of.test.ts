import assert from 'node:assert/strict'
import {test} from 'node:test'
import {clientOf} from '../../src/lib/round-trip/client-of.ts'

const OWN = ['acme.example', 'imap.hoster.example']
const field = (name: string, value: string) => ({name, value})
const received = (from: string, ip: string, by: string) =>
  field('received', `from ${from} (${from} [${ip}]) by ${by} with ESMTP; Sun, 1 Mar 2026 09:00:00 +0000`)
const path = field('return-path', '<sales@provider.example>')

test('the client is whoever handed the mail over to the first server of ours', () => {
  const inside = received('mx.acme.example', '10.0.0.5', 'imap.hoster.example')
  const border = received('mail.forwarder.example', '192.0.2.7', 'mx.acme.example')
  const below = received('laptop', '198.51.100.9', 'smtp.provider.example')
  const client = {ip: '192.0.2.7', helo: 'mail.forwarder.example', sender: 'sales@provider.example'}
  assert.deepEqual(clientOf([path, inside, border, below], null, OWN), client)
  assert.deepEqual(clientOf([path, border, below], null, OWN), client)
})

test('what others wrote tells nothing, also where it names a server of ours', () => {
  const forged = received('evil.example', '192.0.2.66', 'mx.acme.example')
  const hoster = received('mail.forwarder.example', '192.0.2.7', 'mx.elsewhere.example')
  assert.equal(clientOf([path, hoster, forged], null, OWN), null)
  assert.equal(clientOf([path], null, OWN), null)
  assert.equal(clientOf([path, field('received', 'by mx.acme.example with LMTP')], null, OWN), null, 'no address')
})

test('an MTA that hands a mail in has written the topmost field, and knows the return path', () => {
  const topmost = received('mail.forwarder.example', '192.0.2.7', 'whatever.example')
  const client = {ip: '192.0.2.7', helo: 'mail.forwarder.example'}
  const recipients = ['support@acme.example']
  const of = (sender?: string | null) =>
    clientOf([path, topmost], sender === undefined ? {recipients} : {recipients, sender}, OWN)
  assert.deepEqual(of('srs0=x@forwarder.example'), {...client, sender: 'srs0=x@forwarder.example'})
  assert.deepEqual(of(null), {...client, sender: ''})
  assert.deepEqual(of(), {...client, sender: 'sales@provider.example'})
})

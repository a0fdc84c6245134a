import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {accepted, arrival, deskFacts, senderIs, TOKEN} from './desk.ts'

const FORWARD = [
  'Please see below.',
  '',
  '---------- Forwarded message ---------',
  'From: Carla Customer <carla@customer.example>',
  'Date: Sat, 28 Feb 2026 at 10:00',
  'Subject: My order',
  'To: Ann <ann@acme.example>',
  '',
  'Where is it?',
].join('\n')

describe('who asks', () => {
  const requester = (fields: Record<string, string>) => accepted(arrival(fields), deskFacts()).requester.address

  test('is the first Reply-To, else From', () => {
    assert.equal(requester({}), 'jane@example.com')
    assert.equal(requester({'Reply-To': 'Office <office@example.com>, x@y.example'}), 'office@example.com')
  })

  test('is never an address of the portal: a form that writes as us is of whoever filled it in', () => {
    assert.equal(requester({From: 'support@acme.example', 'Reply-To': 'joe@example.com'}), 'joe@example.com')
    assert.equal(requester({'Reply-To': 'support@acme.example'}), 'jane@example.com')
  })
})

describe('who belongs to a new ticket', () => {
  test('the sender, the one who is answered, and whom he wrote to beside us', () => {
    const {participants} = accepted(
      arrival({
        'Reply-To': 'Office@example.com',
        To: 'support+x@acme.example, joe@example.com',
        Cc: 'Boss <boss@example.com>',
      }),
      deskFacts(),
    )
    assert.deepEqual(participants, ['office@example.com', 'jane@example.com', 'joe@example.com', 'boss@example.com'])
  })

  test('of a machine the sender alone', () => {
    const {participants} = accepted(arrival({'Auto-Submitted': 'auto-replied', Cc: 'boss@example.com'}), deskFacts())
    assert.deepEqual(participants, ['jane@example.com'])
  })

  test('never an address with a token, which would be kept', () => {
    const {participants} = accepted(arrival({Cc: `former+t${TOKEN}@old.example`}), deskFacts())
    assert.deepEqual(participants, ['jane@example.com'])
  })

  test('fifty at most', () => {
    const Cc = Array.from({length: 200}, (_, i) => `p${i}@example.com`).join(', ')
    assert.equal(accepted(arrival({Cc}), deskFacts()).participants.length, 50)
  })
})

describe("an agent's forward", () => {
  const forward = (fields: Record<string, string> = {}, options = {}) =>
    accepted(
      arrival({From: 'Ann <ann@acme.example>', Subject: 'Fwd: My order', ...fields}, {body: FORWARD, ...options}),
      deskFacts(),
    )

  test('is the matter of the one who wrote the mail', () => {
    const {requester, forwardedBy, participants, autoReply} = forward()
    assert.deepEqual(requester, {name: 'Carla Customer', address: 'carla@customer.example'})
    assert.equal(forwardedBy, 'ann@acme.example')
    assert.deepEqual(participants.slice(0, 2), ['carla@customer.example', 'ann@acme.example'])
    assert.equal(autoReply.send, false)
  })

  test('of somebody who only claims to be an agent is his own', () => {
    const failed = {authentication: senderIs('fail')}
    assert.equal(forward({}, failed).requester.address, 'ann@acme.example')
    assert.equal(forward({From: 'eve@evil.example'}).requester.address, 'eve@evil.example')
  })

  test('without a mark in its subject is a mail like any other', () => {
    assert.equal(forward({Subject: 'My order'}).requester.address, 'ann@acme.example')
  })
})

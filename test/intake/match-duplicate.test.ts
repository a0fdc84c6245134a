import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {arrival, deskFacts, SUPPORT, take} from './desk.ts'

describe('equal mails without a Message-ID, handed in', () => {
  const envelope = {sender: 'alarm@example.com', recipients: [SUPPORT.address]}
  const alarm = (receivedAt: string, to = envelope) =>
    arrival({'Message-ID': '', Date: ''}, {envelope: to, receivedAt, source: {kind: 'pipe'}})
  const second = (mail: ReturnType<typeof alarm>) => {
    const facts = deskFacts()
    take(alarm('2026-03-01T09:00:00.000Z'), facts)
    return take(mail, facts).kind
  }

  test('in the same envelope soon after are one: the MTA did not hear our answer', () => {
    assert.equal(second(alarm('2026-03-01T09:30:00.000Z')), 'duplicate')
  })

  test('on another day are two: a machine writes the same alarm', () => {
    assert.equal(second(alarm('2026-03-02T09:30:00.000Z')), 'accept')
  })

  test('in another envelope are two', () => {
    assert.equal(second(alarm('2026-03-01T09:30:00.000Z', {...envelope, sender: 'other@example.com'})), 'accept')
  })
})

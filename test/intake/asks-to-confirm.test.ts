import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {decide} from '../../src/lib/intake/decide.ts'
import type {Arrival, Decision} from '../../src/lib/intake/facts.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {fixture} from '../message/mail.ts'
import {arrival, channel, deskFacts, senderIs, SUPPORT, type DeskFacts} from './desk.ts'

const confirmation = (more: Partial<Arrival> = {}, bytes = fixture('gmail-forwarding-code.eml')): Arrival => ({
  ...arrival(),
  message: parseFacts(bytes),
  ...more,
})

const decided = (mail: Arrival, desk: DeskFacts = {}): Decision => decide(mail, deskFacts(desk))

const waits = (mail: Arrival, desk: DeskFacts = {}): string => {
  const decision = decided(mail, desk)
  assert.ok(decision.kind === 'quarantine', JSON.stringify(decision))
  assert.equal(decision.reason, 'forwarding-confirmation')
  return decision.why
}

describe('a provider that asks to confirm a forward', () => {
  test('is told with whose mail it is, the code, the link, and whether its sender is proven', () => {
    const why = waits(confirmation({authentication: senderIs('pass')}))
    assert.match(
      why,
      /^Gmail asks whether mail of shop\.sales@gmail\.com \(no address of this portal\) may be forwarded to support@acme\.example; code: 99427480; link: https:\/\/mail-settings\.google\.com\/mail\/vf-\S+; proven to be sent by forwarding-noreply@google\.com$/,
    )
    assert.match(waits(confirmation()), /; nothing proves that forwarding-noreply@google\.com sent it$/)
  })

  test('asks for an address of the portal', () => {
    const sales = channel({id: 21, address: 'shop.sales@gmail.com', kind: 'smtp', forwardsTo: SUPPORT.id})
    assert.match(waits(confirmation(), {channels: [SUPPORT, sales]}), /mail of shop\.sales@gmail\.com may be forwarded/)
  })

  test('waits also where the address is switched off, or has no queue: it waits for an admin, and for no switch', () => {
    waits(confirmation(), {channels: [{...SUPPORT, active: false}]})
    waits(confirmation(), {channels: [{...SUPPORT, queueId: null}]})
  })

  test('is a mail as any other where it is shown to be forged', () => {
    assert.equal(decided(confirmation({authentication: senderIs('fail')})).kind, 'accept')
    const twice = Buffer.concat([Buffer.from('From: x@evil.example\r\n'), fixture('gmail-forwarding-code.eml')])
    assert.equal(decided(confirmation({}, twice)).kind, 'accept')
  })

  test('is a mail as any other where a person says so', () => {
    const decision = decided(confirmation({overruled: 'forwarding-confirmation'}))
    assert.ok(decision.kind === 'accept')
    assert.equal(decision.requester.address, 'forwarding-noreply@google.com')
    assert.equal(decision.autoReply.send, false)
  })

  test('at an address that is none of the portal is mail to nobody', () => {
    const decision = decided(confirmation(), {channels: [channel({id: 20, address: 'other@acme.example'})]})
    assert.equal(decision.kind === 'quarantine' && decision.reason, 'unknown-recipient')
  })
})

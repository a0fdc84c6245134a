import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {Address} from '../../src/lib/message/message.ts'
import {replyRecipients, type ReplyRequest} from '../../src/lib/ticket/reply-recipients.ts'

const person = (name: string, address = `${name}@customer.example`): Address => ({name, address})
const [ann, bob, eve] = [person('ann'), person('bob'), person('eve')]
const support = person('Support', 'support@acme.example')
const tagged = person('Support', `sales+t${'a'.repeat(26)}@acme.example`)

const PARTICIPANTS = new Set(['ann@customer.example', 'bob@customer.example', 'ann@home.example'])

const request = (changes: Partial<ReplyRequest>, mail: Partial<NonNullable<ReplyRequest['answered']>> = {}) =>
  replyRecipients({
    answered: {from: [ann], replyTo: [], to: [support], cc: [], ...mail},
    requester: ann,
    all: false,
    cc: [],
    isOwn: (address) => address.toLowerCase() === support.address,
    isParticipant: (address) => PARTICIPANTS.has(address.toLowerCase()),
    ...changes,
  })

describe('an answer goes', () => {
  test('to who wrote the mail', () => assert.deepEqual(request({}), {to: [ann], cc: [], leftOut: []}))

  test('to another participant who wrote it', () =>
    assert.deepEqual(request({}, {from: [bob]}), {to: [bob], cc: [], leftOut: []}))

  test('to Reply-To, where it names a participant', () => {
    const home = person('ann', 'Ann@home.example')
    assert.deepEqual(request({}, {replyTo: [home]}), {to: [home], cc: [], leftOut: []})
  })

  test('to From where Reply-To names a stranger, which is told', () =>
    assert.deepEqual(request({}, {replyTo: [eve]}), {
      to: [ann],
      cc: [],
      leftOut: [{address: eve.address, why: 'it is no participant of the ticket'}],
    }))

  test('to the requester where we wrote the mail, or there is none', () => {
    for (const from of [support, tagged])
      assert.deepEqual(request({}, {from: [from], replyTo: [tagged]}), {to: [ann], cc: [], leftOut: []})
    assert.deepEqual(request({answered: null, all: true}), {to: [ann], cc: [], leftOut: []})
  })

  test('to nobody where there is nobody', () => {
    assert.deepEqual(request({answered: null, requester: person('', '')}), {
      to: [],
      cc: [],
      leftOut: [{address: '', why: 'no mail can be sent to it'}],
    })
    assert.deepEqual(request({answered: null, requester: support}).leftOut, [
      {address: support.address, why: 'it is an address of this portal'},
    ])
  })
})

describe('an answer to all goes', () => {
  test('to the participants among To and Cc, each once, never to strangers and ourselves', () =>
    assert.deepEqual(
      request(
        {all: true},
        {
          to: [support, bob, person('ann', 'ANN@customer.example')],
          cc: [eve, tagged, person('BOB', 'BOB@CUSTOMER.example')],
        },
      ),
      {to: [ann], cc: [bob], leftOut: [{address: eve.address, why: 'it is no participant of the ticket'}]},
    ))

  test('to nobody more where it is not to all', () =>
    assert.deepEqual(request({}, {to: [support, bob], cc: [eve]}), {to: [ann], cc: [], leftOut: []}))
})

describe('whom the agent adds', () => {
  test('gets it, also as a stranger, once', () =>
    assert.deepEqual(request({all: true, cc: [eve, ann, bob, eve]}, {cc: [bob, eve]}), {
      to: [ann],
      cc: [bob, eve],
      leftOut: [],
    }))

  test('is told where it cannot be', () =>
    assert.deepEqual(request({cc: [support, tagged, person('x', 'x y@@')]}).leftOut, [
      {address: support.address, why: 'it is an address of this portal'},
      {address: tagged.address, why: 'it is an address of this portal'},
      {address: 'x y@@', why: 'no mail can be sent to it'},
    ]))
})

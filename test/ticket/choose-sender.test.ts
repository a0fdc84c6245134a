import assert from 'node:assert/strict'
import {test} from 'node:test'
import {chooseSender} from '../../src/lib/ticket/choose-sender.ts'

const channel = (address: string, canSend = true) => ({id: address.length, address, canSend})
const [internal, own, queue, asked] = [
  channel('support@acme.example', false),
  channel('sales@p.example'),
  channel('queue@p.example'),
  channel('other@p.example'),
]
const NOTHING = {asked: null, ticketChannel: null, queueSender: null, queue: null}

test('the address that was asked for, then the one that the ticket came by, then the sender of its queue', () => {
  for (const [from, chosen, why] of [
    [{...NOTHING, asked, ticketChannel: own, queueSender: queue}, asked, 'asked for'],
    [{...NOTHING, ticketChannel: own, queueSender: queue}, own, "the ticket's own"],
    [{...NOTHING, ticketChannel: internal, queueSender: queue, queue: 'support'}, queue, "the queue's sender"],
    [{...NOTHING, queueSender: queue}, queue, "the queue's sender"],
  ] as const)
    assert.deepEqual(chooseSender(from), {channel: chosen, why})
})

test('where none can send, that is said with the queue that could have one', () => {
  for (const [from, why] of [
    [
      {...NOTHING, ticketChannel: internal, queue: 'support'},
      /support@acme.example, an internal.*queue support has no/,
    ],
    [{...NOTHING, ticketChannel: internal}, /in no queue/],
    [{...NOTHING, queue: 'support'}, /was removed/],
    [{...NOTHING, asked: internal, ticketChannel: own}, /support@acme.example is an internal address/],
    [{...NOTHING, ticketChannel: internal, queueSender: internal, queue: 'support'}, /has no sender/],
  ] as const) {
    const choice = chooseSender(from)
    assert.equal(choice.channel, null)
    assert.match(choice.why, why)
  }
})

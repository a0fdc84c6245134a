import assert from 'node:assert/strict'
import {test} from 'node:test'
import {decide} from '../../src/lib/intake/decide.ts'
import type {ChannelFacts, Facts} from '../../src/lib/intake/facts.ts'
import {matchLoop} from '../../src/lib/intake/match-loop.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {NOW} from '../support/portal.ts'

const channel: ChannelFacts = {id: 1, address: 'support@acme.example', queueId: 2, assignOnline: true, active: true}
const recipient = {channel, address: 'support@acme.example', header: 'delivered-to'}

const message = (...fields: readonly string[]) =>
  parseFacts(Buffer.from(`${[...fields, 'From: jane@example.com', 'Subject: Hi'].join('\r\n')}\r\n\r\nHello\r\n`))
const hop = 'Received: from mx.example by mail.example; Sun, 01 Mar 2026 08:00:00 +0000'
const hops = (count: number) => Array.from({length: count}, () => hop)
const delivered = (address: string) => `Delivered-To: ${address}`

test('a mail of more hops than any honest way has goes round', () => {
  assert.equal(matchLoop(message(...hops(100)), recipient), null)
  assert.match(matchLoop(message(...hops(101)), recipient)!, /101 Received fields/)
  assert.match(matchLoop(message(...hops(101)), null)!, /101/, 'also where it is for nobody')
})

test('a mail that came to the same address twice before goes round', () => {
  const own = delivered('support@acme.example')
  for (const [fields, loops] of [
    [[own, hop], false],
    // A person sends an old mail anew, or a program fetched it elsewhere.
    [[own, hop, own, hop], false],
    [[own, hop, own, hop, own, hop], true],
    [[own, hop, delivered('<Support@ACME.example>'), hop, own, hop], true],
    // A forwarder between counts for itself, not for the address.
    [[own, hop, delivered('info@shop.example'), hop, delivered('info@shop.example'), hop], false],
    // Without a trace nothing tells earlier deliveries from the last.
    [[own, own, own], false],
  ] as const)
    assert.equal(matchLoop(message(...fields), recipient) !== null, loops, fields.join(' | '))
  assert.equal(matchLoop(message(own, hop, own, hop, own, hop), null), null)
})

test('what goes round is quarantined, whether its address is known or not', () => {
  const facts: Facts = {
    portal: {id: 1, key: 'acme', domain: 'acme.example'},
    now: NOW,
    channels: new Map([['support@acme.example', channel]]),
    queues: new Map(),
    agents: new Map(),
    tickets: new Map(),
    byFingerprint: new Map(),
    byHeaderId: new Map(),
    referringTo: new Map(),
  }
  for (const to of ['support@acme.example', 'nobody@acme.example']) {
    const decision = decide(
      {
        item: {epoch: '0', key: '1'},
        source: {id: 3, kind: 'maildir', catchAll: null, envelopeHeader: null},
        envelope: null,
        receivedAt: NOW,
        message: message(delivered(to), ...hops(101)),
      },
      facts,
    )
    assert.deepEqual([decision.kind, decision.kind === 'quarantine' && decision.reason], ['quarantine', 'loop'])
  }
})

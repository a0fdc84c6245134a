import assert from 'node:assert/strict'
import {test} from 'node:test'
import {decide} from '../../src/lib/intake/decide.ts'
import {matchLoop} from '../../src/lib/intake/match-loop.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {arrival, deskFacts, SUPPORT} from './desk.ts'

const recipient = {channel: SUPPORT, address: SUPPORT.address, header: 'delivered-to', internal: null}

const message = (...fields: readonly string[]) =>
  parseFacts(Buffer.from(`${[...fields, 'From: jane@example.com', 'Subject: Hi'].join('\r\n')}\r\n\r\nHello\r\n`))
const hop = 'Received: from mx.example by mail.example; Sun, 01 Mar 2026 08:00:00 +0000'
const hops = (count: number) => Array.from({length: count}, () => hop)
const delivered = (address: string) => `Delivered-To: ${address}`

test('a mail of more hops than any honest way has goes round', () => {
  assert.equal(matchLoop(message(...hops(100)), recipient), null)
  assert.match(matchLoop(message(...hops(101)), recipient)?.why ?? '', /101 Received fields/)
  assert.match(matchLoop(message(...hops(101)), null)?.why ?? '', /101/, 'also where it is for nobody')
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
  for (const to of ['support@acme.example', 'nobody@acme.example']) {
    const mail = {...arrival(), message: message(delivered(to), ...hops(101))}
    const decision = decide(mail, deskFacts())
    assert.deepEqual([decision.kind, decision.kind === 'quarantine' && decision.reason], ['quarantine', 'loop'])
  }
})

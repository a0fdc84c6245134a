import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {budgetAddress, needsAuthentication} from '../../src/lib/intake/auto-reply.ts'
import type {Facts} from '../../src/lib/intake/facts.ts'
import {accepted, arrival, channel, deskFacts, NOW, senderIs, SUPPORT, take, TOKEN, type MailOptions} from './desk.ts'

const ANSWERS = {...SUPPORT, autoReply: true}
const facts = (): Facts =>
  deskFacts({
    channels: [ANSWERS],
    tickets: [{id: 1, participants: ['jane@example.com']}],
    tokens: {[TOKEN]: {ticketId: 1, messageId: 7}},
  })
const answer = (fields: Record<string, string> = {}, options: MailOptions = {}, known = facts()) =>
  accepted(arrival(fields, options), known).autoReply
const DAYS = (days: number) => new Date(Date.parse(NOW) - days * 24 * 60 * 60 * 1000).toISOString()
const MINUTES = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60 * 1000).toISOString()

test('the first mail of a person to an address of ours is answered', () => {
  assert.equal(answer().send, true)
  const passed = answer({}, {authentication: senderIs('pass')})
  assert.equal(passed.send, true)
})

describe('no answer', () => {
  for (const [name, why, fields, options] of [
    ['to a machine', /auto-submitted/, {'Auto-Submitted': 'auto-generated'}, {}],
    ['to a list', /list-id/, {'List-Id': '<a.example>'}, {}],
    ['to the null return path', /null return path/, {'Return-Path': '<>'}, {}],
    ['to the null sender of an envelope', /null/, {}, {envelope: {sender: null, recipients: [SUPPORT.address]}}],
    ['in a ticket that there is', /first mail/, {'In-Reply-To': `<pd.${TOKEN}@acme.example>`}, {}],
    ['to what was written long ago', /three days/, {Date: 'Wed, 25 Feb 2026 08:00:00 +0000'}, {}],
    ['to what came in long ago', /three days/, {}, {receivedAt: DAYS(4)}],
    ['to noreply', /nobody reads/, {From: 'Shop <no-reply@shop.example>'}, {}],
    ['to noreply in Portuguese', /nobody reads/, {From: 'nao-responda@loja.example'}, {}],
    ['to mailer-daemon', /nobody reads/, {From: 'MAILER-DAEMON@shop.example'}, {}],
    ['to a Reply-To of another domain', /another domain/, {'Reply-To': 'victim@bank.example'}, {}],
    ['to a Reply-To that nobody reads', /nobody reads/, {'Reply-To': 'noreply+1@shop.example'}, {}],
    ['to ourselves', /address of this portal/, {From: 'support@acme.example'}, {}],
    ['to several senders', /several senders/, {From: 'a@b.example, c@d.example'}, {}],
    ['to who asks for none', /asks for no answer/, {'X-Auto-Response-Suppress': 'OOF, AutoReply'}, {}],
    ['to an assistant that says so in its subject', /out-of-office/, {Subject: 'Automatic reply: Printer'}, {}],
    [
      'to what names us nowhere',
      /To and Cc/,
      {To: 'undisclosed-recipients:;'},
      {envelope: {recipients: [SUPPORT.address]}},
    ],
    ['to a forged sender', /not of its sender/, {}, {authentication: senderIs('fail')}],
    [
      'to what an earlier inbound held',
      /place of another/,
      {},
      {receivedAt: DAYS(1), source: {replacedAt: MINUTES(5)}},
    ],
  ] as const)
    test(name, () => {
      const decision = answer(fields, options)
      assert.equal(decision.send, false)
      assert.match(decision.why, why)
    })

  test('from an address that has none', () => {
    const {send, why} = answer({}, {}, deskFacts())
    assert.deepEqual([send, why], [false, 'support@acme.example has no automatic reply'])
  })

  test('but to a Reply-To of the same company', () => {
    assert.equal(answer({From: 'jane@mail.example.com', 'Reply-To': 'office@example.com'}).send, true)
  })

  test('to a wish that says something else: DR, RN', () => {
    assert.equal(answer({'X-Auto-Response-Suppress': 'DR, RN, NRN'}).send, true)
  })
})

describe('the way of an answer', () => {
  const relay = channel({id: 23, kind: 'smtp', address: 'post@p.example'})
  const by = (portalRelay: Facts['portal']['relay'], channels = [ANSWERS, relay]) => {
    const known = deskFacts({channels})
    return answer({}, {}, {...known, portal: {...known.portal, relay: portalRelay}})
  }

  test('is the relay, in the name of the internal address', () => {
    assert.deepEqual(by({kind: 'smtp'}).by, {account: null, from: ANSWERS, replyTo: null})
  })

  test('is the channel that is the relay, in its own name, with answers to the internal address', () => {
    assert.deepEqual(by({kind: 'channel', channelId: relay.id}).by, {account: relay, from: relay, replyTo: ANSWERS})
  })

  test('is none without a relay, or with one that is gone, and the decision says so', () => {
    for (const [where, why] of [
      [by(null), /cannot leave: the portal has no relay/],
      [by({kind: 'channel', channelId: 99}), /cannot leave: the address that is the relay is gone/],
    ] as const) {
      assert.deepEqual([where.send, where.by], [true, null])
      assert.match(where.why, why)
    }
  })

  test('is the SMTP address that the mail was forwarded for, whatever the relay', () => {
    const shop = channel({id: 22, kind: 'smtp', address: 'shop@p.example', autoReply: true, forwardsTo: SUPPORT.id})
    const known = deskFacts({channels: [ANSWERS, shop]})
    const {by: way} = answer({To: 'shop@p.example', 'X-Forwarded-To': 'support@acme.example'}, {}, known)
    assert.deepEqual(way, {account: shop, from: shop, replyTo: null})
  })
})

describe('an SMTP address', () => {
  const smtp = (autoReply: boolean | null) =>
    channel({id: 22, kind: 'smtp', address: 'shop@p.example', autoReply, forwardsTo: SUPPORT.id})
  const answered = (own: boolean | null, internal: boolean) =>
    answer(
      {To: 'shop@p.example'},
      {envelope: {recipients: [SUPPORT.address]}},
      deskFacts({channels: [{...SUPPORT, autoReply: internal}, smtp(own)]}),
    ).send

  test('answers as it says itself, else as its internal address does', () => {
    assert.deepEqual([answered(null, true), answered(null, false)], [true, false])
    assert.deepEqual([answered(false, true), answered(true, false)], [false, true])
  })
})

describe('budgets', () => {
  test('one sender: once in 30 minutes, three times a day, whatever he varies in his address', () => {
    const known = facts()
    take(arrival({From: 'jane.doe+1@example.com'}), known)
    assert.match(answer({From: 'JaneDoe+2@example.com'}, {}, known).why, /last 30 minutes/)
    const earlier = facts()
    earlier.autoReplies.bySender.set('jane@example.com', [MINUTES(31), MINUTES(300), MINUTES(600)])
    assert.match(answer({}, {}, earlier).why, /3 times today/)
    earlier.autoReplies.bySender.set('jane@example.com', [MINUTES(31), MINUTES(300), MINUTES(60 * 25)])
    assert.equal(answer({}, {}, earlier).send, true)
  })

  test('one domain: 20 in an hour', () => {
    const known = facts()
    for (let i = 0; i < 20; i++) assert.equal(take(arrival({From: `p${i}@big.example`}), known).kind, 'accept')
    assert.match(answer({From: 'another@big.example'}, {}, known).why, /its domain/)
    assert.equal(answer({From: 'another@small.example'}, {}, known).send, true)
  })

  test('the portal: 100 in an hour', () => {
    const known = facts()
    for (let i = 0; i < 100; i++) take(arrival({From: `p@d${i}.example`}), known)
    assert.equal(known.autoReplies.portalLastHour, 100)
    assert.match(answer({From: 'one@more.example'}, {}, known).why, /the portal has answered 100/)
  })

  test('an address without tag, dots and case', () => {
    assert.equal(budgetAddress('Jane.Doe+x+y@Mail.Example.com'), 'janedoe@mail.example.com')
  })
})

test('authenticity is asked for only of young mail of people', () => {
  assert.equal(needsAuthentication(arrival(), NOW), true)
  assert.equal(needsAuthentication(arrival({'List-Id': '<a.example>'}), NOW), false)
  assert.equal(needsAuthentication(arrival({}, {receivedAt: DAYS(4)}), NOW), false)
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {explainDecision} from '../../src/lib/explain-result.ts'
import {decide} from '../../src/lib/intake/decide.ts'
import type {Decision, Facts} from '../../src/lib/intake/facts.ts'
import {outcomeOf} from '../../src/lib/intake/outcome.ts'
import {probeMessageId, probeWord} from '../../src/lib/message/probe-mark.ts'
import {
  arrival,
  channel,
  deskFacts,
  LOOP_MARK,
  NOW,
  senderIs,
  SUPPORT,
  TOKEN,
  OTHER_TOKEN,
  type DeskFacts,
} from './desk.ts'

const SALES = channel({
  id: 21,
  address: 'sales@shop.example',
  kind: 'smtp',
  queueId: null,
  assignOnline: null,
  autoReply: null,
  forwardsTo: SUPPORT.id,
})
const IN_AN_HOUR = '2026-03-01T10:00:00.000Z'

const facts = (more: Partial<DeskFacts> = {}): Facts =>
  deskFacts({channels: [SUPPORT, SALES], probes: {[TOKEN]: IN_AN_HOUR}, ...more})

/** The fields of a probe as it comes back by a forward that changes nothing. */
const PROBE = {
  'Delivered-To': 'support@acme.example',
  Received: 'from mx.shop.example by mx.acme.example',
  'X-Postdesk-Probe': probeWord(TOKEN),
  'Message-ID': `<${probeMessageId(TOKEN, 'acme.example')}>`,
  'X-Postdesk-Instance': LOOP_MARK,
  'Auto-Submitted': 'auto-generated',
  From: 'Sales <sales@shop.example>',
  'Reply-To': 'sales@shop.example',
  To: 'sales@shop.example',
  Subject: '[probe K7QM] please ignore',
}

type ProbeDecision = Extract<Decision, {kind: 'probe'}>

function probed(decision: Decision): ProbeDecision {
  assert.equal(decision.kind, 'probe', JSON.stringify(decision))
  return decision
}

describe('a probe that comes back', () => {
  test('is noted with all that tells of its way, and is no mail for anybody', () => {
    const mail = arrival(PROBE, {authentication: senderIs('pass')})
    const decision = probed(decide(mail, facts()))
    assert.equal(decision.probe.id, 700)
    assert.equal(decision.recipient?.channel.id, SALES.id)
    const {sighting} = decision
    assert.ok(sighting.kind === 'arrived')
    assert.deepEqual(
      {
        at: sighting.at,
        place: sighting.place,
        source: sighting.source,
        channel: sighting.match.match?.channel.id,
        internal: sighting.match.match?.internal?.id,
        messageId: sighting.messageId,
        from: sighting.from,
        replyTo: sighting.replyTo,
        dmarc: sighting.authentication?.dmarc,
        fields: sighting.fields.filter(({name}) => ['delivered-to', 'received'].includes(name)),
      },
      {
        at: NOW,
        place: 'header',
        source: {id: 1, kind: 'imap'},
        channel: SALES.id,
        internal: SUPPORT.id,
        messageId: probeMessageId(TOKEN, 'acme.example'),
        from: [{name: 'Sales', address: 'sales@shop.example'}],
        replyTo: [{name: '', address: 'sales@shop.example'}],
        dmarc: 'pass',
        fields: [
          {name: 'delivered-to', value: 'support@acme.example'},
          {name: 'received', value: 'from mx.shop.example by mx.acme.example'},
        ],
      },
    )
    assert.deepEqual(
      [decision.verdict.kind, decision.verdict.header, decision.verdict.reason],
      ['own', 'x-postdesk-probe', 'a probe: the forwarding of sales@shop.example is being tested'],
    )
    assert.deepEqual(outcomeOf(mail, decision, null), {
      item: mail.item,
      kind: 'skipped',
      ticket: null,
      address: 'sales@shop.example',
      reason: 'probe: the forwarding of sales@shop.example is being tested',
      bytes: mail.message.size,
    })
  })

  test('is one wherever it comes: at another address, at none, and as a loop', () => {
    for (const Delivered of ['billing@acme.example', 'support@acme.example']) {
      const {sighting} = probed(decide(arrival({...PROBE, 'Delivered-To': Delivered}), facts()))
      assert.ok(sighting.kind === 'arrived')
      assert.equal(sighting.match.match === null, Delivered.startsWith('billing'))
    }
    const hops = Array.from({length: 120}, (_, index) => `from a by b; ${index}`)
    probed(decide(arrival({...PROBE, Received: hops.join('\r\nReceived: ')}), facts()))
  })

  test('is told as one that joins no ticket, whatever it refers to', () => {
    const tokens = {[OTHER_TOKEN]: {ticketId: 5, messageId: 6}}
    const known = facts({tickets: [{id: 5}], tokens})
    const mail = arrival({...PROBE, References: `<pd.${OTHER_TOKEN}@acme.example>`})
    const {thread} = explainDecision(mail, probed(decide(mail, known)), known, new Map())
    assert.deepEqual([thread.method, thread.ticket, thread.value, thread.thirdParty], ['new', null, null, false])
  })

  test('is one also where its address is switched off', () => {
    probed(decide(arrival(PROBE), facts({channels: [{...SUPPORT, active: false}, SALES]})))
  })

  test('is told from our answers, which have another id', () => {
    const tokens = {[OTHER_TOKEN]: {ticketId: 5, messageId: 6}}
    const answer = {From: 'support@acme.example', 'Message-ID': `<pd.${OTHER_TOKEN}@acme.example>`}
    assert.equal(decide(arrival(answer), facts({tickets: [{id: 5}], tokens})).kind, 'duplicate')
  })

  test('counts by when it came, and not by when it is read', () => {
    assert.equal(decide(arrival(PROBE, {receivedAt: IN_AN_HOUR}), facts()).kind, 'probe')
    assert.notEqual(decide(arrival(PROBE, {receivedAt: '2026-03-01T10:00:00.001Z'}), facts()).kind, 'probe')
  })

  test('keeps of its header what has room, from the top', () => {
    const long = 'x'.repeat(40_000)
    const {sighting} = probed(decide(arrival({...PROBE, 'X-One': long, 'X-Two': long}), facts()))
    assert.ok(sighting.kind === 'arrived')
    assert.deepEqual(
      [sighting.fields.some(({name}) => name === 'x-one'), sighting.fields.some(({name}) => name === 'x-two')],
      [true, false],
    )
    assert.equal(sighting.from.length, 1)
  })
})

describe('a mark that nobody gave out', () => {
  test('changes nothing: the mail goes its way', () => {
    const forged = {'X-Postdesk-Probe': probeWord(OTHER_TOKEN), To: 'support@acme.example'}
    const decision = decide(arrival(forged), facts())
    assert.deepEqual([decision.kind, decision.verdict.kind], ['accept', 'human'])
  })

  test('of a probe that has ended does not open a ticket either: our loop mark keeps it out', () => {
    const decision = decide(arrival(PROBE), facts({probes: {[TOKEN]: '2026-03-01T08:59:59.000Z'}}))
    assert.deepEqual([decision.kind, decision.kind === 'quarantine' && decision.reason], ['quarantine', 'loop'])
  })

  test('of another portal is none here', () => {
    const decision = decide(arrival({...PROBE, 'X-Postdesk-Instance': 'fedcba9876543210'}), facts({probes: {}}))
    assert.equal(decision.kind, 'accept')
  })
})

describe('a report on a probe', () => {
  /** As the server of the provider writes it to the owner, whose mail is forwarded. */
  const report = (action: string, status: string) =>
    arrival(
      {
        From: 'MAILER-DAEMON@mx.shop.example',
        To: 'sales@shop.example',
        Subject: 'Delivery Status Notification',
        'Delivered-To': 'support@acme.example',
        Received: 'from mx.shop.example by mx.acme.example',
        'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
      },
      {
        body: [
          '--b',
          '',
          'About your mail.',
          '--b',
          'Content-Type: message/delivery-status',
          '',
          'Reporting-MTA: dns; mx.shop.example',
          '',
          'Final-Recipient: rfc822; support@acme.example',
          `Action: ${action}`,
          `Status: ${status}`,
          'Diagnostic-Code: smtp; 550 5.7.520 Access denied, forwarding is not allowed',
          '--b',
          'Content-Type: text/rfc822-headers',
          '',
          `Message-ID: <${probeMessageId(TOKEN, 'acme.example')}>`,
          '--b--',
          '',
        ].join('\n'),
      },
    )

  test('is noted with the words of the server, and opens nothing', () => {
    const decision = probed(decide(report('failed', '5.7.520'), facts()))
    const {sighting, verdict} = decision
    assert.ok(sighting.kind === 'bounced')
    assert.deepEqual(
      sighting.recipients.map(({recipient, status, diagnostic}) => [recipient, status, diagnostic]),
      [['support@acme.example', '5.7.520', '550 5.7.520 Access denied, forwarding is not allowed']],
    )
    assert.deepEqual([verdict.kind, verdict.bounces.length], ['own', 1])
    assert.match(verdict.reason, /^a probe: .* could not be delivered$/)
  })

  test('that it is delayed is no failure', () => {
    assert.equal(probed(decide(report('delayed', '4.4.1'), facts())).sighting.kind, 'delayed')
  })

  test('on a probe that nobody sent is a report as any other', () => {
    assert.equal(decide(report('failed', '5.7.520'), facts({probes: {}})).verdict.kind, 'bounce')
  })
})

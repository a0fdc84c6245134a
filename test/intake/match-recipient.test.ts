import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {decide} from '../../src/lib/intake/decide.ts'
import {matchRecipient} from '../../src/lib/intake/match-recipient.ts'
import {accepted, arrival, channel, deskFacts, SUPPORT} from './desk.ts'

const SALES = channel({id: 21, address: 'sales@acme.example', queueId: null})
const SHOP = channel({
  id: 22,
  kind: 'smtp',
  address: 'shop@provider.example',
  queueId: null,
  assignOnline: null,
  autoReply: null,
  forwardsTo: SUPPORT.id,
})
const facts = () => deskFacts({channels: [SUPPORT, SALES, SHOP]})

/** Which channel, by which header, and through which internal address. */
const matched = (fields: Record<string, string>, options = {}) => {
  const {match} = matchRecipient(arrival(fields, options), facts())
  return match === null ? null : [match.channel.address, match.header, match.internal?.address ?? null]
}
const envelope = (recipient: string) => ({envelope: {recipients: [recipient]}})

describe('mail that is forwarded for an SMTP address', () => {
  test('belongs to it, by whichever field names it', () => {
    for (const [fields, header] of [
      [{To: 'Shop <shop@provider.example>'}, 'to'],
      [{To: 'x@y.example', Cc: 'SHOP@Provider.example'}, 'cc'],
      [{To: 'x@y.example', 'X-Forwarded-For': 'shop@provider.example support@acme.example'}, 'x-forwarded-for'],
      [{To: 'x@y.example', 'Delivered-To': 'shop@provider.example'}, 'delivered-to'],
    ] as const)
      assert.deepEqual(matched(fields, envelope('support@acme.example')), [
        'shop@provider.example',
        header,
        'support@acme.example',
      ])
  })

  test('what names the internal address itself came straight there, unless a forwarder says otherwise', () => {
    const both = {To: 'support@acme.example', Cc: 'shop@provider.example'}
    assert.equal(matched(both, envelope('support@acme.example'))?.[0], 'support@acme.example')
    const forwarded = {...both, 'X-Forwarded-For': 'shop@provider.example support@acme.example'}
    assert.equal(matched(forwarded, envelope('support@acme.example'))?.[0], 'shop@provider.example')
  })

  test('a name with a detail is that address too', () => {
    assert.equal(matched({To: 'shop+news@provider.example'}, envelope('support@acme.example'))?.[0], SHOP.address)
  })

  test('at another internal address than the one it forwards to, it belongs to that internal one', () => {
    assert.deepEqual(matched({To: 'shop@provider.example'}, envelope('sales@acme.example')), [
      'sales@acme.example',
      'envelope',
      null,
    ])
  })

  test('the sender cannot choose another internal address by a header', () => {
    for (const name of [
      'X-Forwarded-To',
      'X-Original-To',
      'Delivered-To',
      'Envelope-To',
      'X-Forwarded-For',
      'Resent-To',
    ])
      assert.deepEqual(matched({[name]: 'sales@acme.example'}, envelope('support@acme.example')), [
        'support@acme.example',
        'envelope',
        null,
      ])
  })

  test('nor by a second field of the name that the inbound says is the recipient', () => {
    const hop = {name: 'received', value: 'from a.example by b.example; Sun, 1 Mar 2026 08:00:00 +0000'}
    const written = (value: string) => ({name: 'x-envelope-to', value})
    const forged = written('sales@acme.example')
    for (const [fields, expected] of [
      [[written('guessed@acme.example'), hop, forged], null],
      [[hop, written('guessed@acme.example'), forged], null],
      [[hop, written('support@acme.example'), forged], 'support@acme.example'],
      [[written('all@acme.example'), written('support@acme.example'), hop, forged], 'support@acme.example'],
    ] as const) {
      const mail = arrival({}, {source: {envelopeHeader: 'x-envelope-to', catchAll: 'all@acme.example'}})
      const read = {...mail, message: {...mail.message, fields: [...fields, ...mail.message.fields]}}
      assert.equal(matchRecipient(read, facts()).match?.address ?? null, expected)
    }
  })

  test('pulled without any trace of the internal address, To may name it', () => {
    assert.deepEqual(matched({To: 'shop@provider.example'}), ['shop@provider.example', 'to', 'support@acme.example'])
  })

  test('queue and preference are those of the internal address where it says nothing itself', () => {
    const decision = accepted(arrival({To: SHOP.address}, envelope(SUPPORT.address)), facts())
    assert.equal(decision.route?.queueId, 10)
  })

  test('without any queue a new matter waits for one', () => {
    const decision = decide(arrival({To: SALES.address}, envelope(SALES.address)), facts())
    assert.deepEqual([decision.kind, 'reason' in decision ? decision.reason : null], ['quarantine', 'needs-queue'])
  })

  test('an inactive one keeps its mail waiting, and so does an inactive internal address', () => {
    for (const [shop, support] of [
      [false, true],
      [true, false],
    ]) {
      const inactive = deskFacts({
        channels: [
          {...SUPPORT, active: support!},
          {...SHOP, active: shop!},
        ],
      })
      const decision = decide(arrival({To: SHOP.address}, envelope(SUPPORT.address)), inactive)
      assert.deepEqual(
        [decision.kind, 'reason' in decision ? decision.reason : null, decision.recipient?.channel.address],
        ['quarantine', 'channel-inactive', SHOP.address],
      )
    }
  })
})

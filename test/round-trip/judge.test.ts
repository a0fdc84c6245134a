/** The judges of a round trip, by headers as providers and forwarders write them; the reception says for whom each is. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Finding} from '../../src/lib/channel/stage.ts'
import type {ArrivalAuthentication} from '../../src/lib/authentication/authenticate-arrival.ts'
import type {ErrorParts} from '../../src/lib/errors.ts'
import {matchRecipient} from '../../src/lib/intake/match-recipient.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {judgeAbsence, judgeBounce} from '../../src/lib/round-trip/judge-absence.ts'
import {isRight, judgeArrival} from '../../src/lib/round-trip/judge-arrival.ts'
import {judgeAuthentication} from '../../src/lib/round-trip/judge-authentication.ts'
import {judgeFrom} from '../../src/lib/round-trip/judge-from.ts'
import {judgePlusAddressing} from '../../src/lib/round-trip/judge-plus-addressing.ts'
import {judgeMessageId} from '../../src/lib/round-trip/judge-message-id.ts'
import type {ArrivedProbe, DetailFate, Forward, SentProbe} from '../../src/lib/round-trip/probe.ts'
import {arrival, channel, deskFacts, SUPPORT} from '../intake/desk.ts'

const BILLING = channel({id: 21, address: 'billing@acme.example'})
const SALES = channel({id: 30, kind: 'smtp', address: 'sales@provider.example', forwardsTo: SUPPORT.id})
const OTHER = channel({id: 31, kind: 'smtp', address: 'info@provider.example', forwardsTo: SUPPORT.id})
const FACTS = deskFacts({channels: [SUPPORT, BILLING, SALES, OTHER]})

const FORWARD: Forward = {channel: SALES, internal: SUPPORT, login: 'owner@provider.example', portalKey: 'acme'}
const SENT: SentProbe = {
  messageId: 'pd.probe@acme.example',
  replacedBy: null,
  to: SALES.address,
  at: '2026-03-01T09:00:00.000Z',
}
const STEPS = [{text: 'In Settings > Forwarding enter support@acme.example.'}]

type Fields = Readonly<Record<string, string>>

/** A probe that a provider has forwarded to support@acme.example. */
const GOOD: Fields = {
  'Return-Path': '<sales@provider.example>',
  'Delivered-To': 'support@acme.example',
  Received:
    'from mail.provider.example (mail.provider.example [192.0.2.7]) by mx.acme.example with ESMTPS; Sun, 1 Mar 2026 09:00:12 +0000',
  'X-Forwarded-To': 'support@acme.example',
  'X-Forwarded-For': 'sales@provider.example support@acme.example',
  From: 'Acme Sales <sales@provider.example>',
  To: 'sales@provider.example',
  'Reply-To': 'sales@provider.example',
  'Message-ID': '<pd.probe@acme.example>',
}

function arrived(fields: Fields = {}, seen: ArrivedProbe['seen'] = {by: 'intake'}): ArrivedProbe {
  const all = Object.entries({...GOOD, ...fields}).filter(([, value]) => value !== '')
  const message = parseFacts(Buffer.from(`${all.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n`))
  return {
    seen,
    at: '2026-03-01T09:00:12.400Z',
    message,
    match: matchRecipient({...arrival({}), message}, FACTS),
    envelope: null,
    authentication: null,
    raw: null,
  }
}

const look = (place: string, role: 'inbound' | 'junk' | 'other') => ({by: 'look', place, role}) as const

/** What a finding comes to: its code where something is wrong, else its status. */
const outcome = (finding: Finding) =>
  finding.status === 'warn' || finding.status === 'fail'
    ? `${finding.status} ${finding.problem.code} ${finding.problem.exitCode}`
    : finding.status

const problemOf = (finding: Finding): ErrorParts => {
  assert.ok(finding.status === 'fail' || finding.status === 'warn')
  return finding.problem
}

test('a probe is where it belongs, or it is said where it is instead', () => {
  const cases: readonly [name: string, arrived: ArrivedProbe, expected: string, title?: RegExp][] = [
    ['as it is to be', arrived(), 'pass'],
    ['seen before it was taken', arrived({}, look('INBOX', 'inbound')), 'pass'],
    ['no header of the forwarder, To alone', arrived({'X-Forwarded-To': '', 'X-Forwarded-For': ''}), 'pass'],
    ['among the junk', arrived({}, look('Spam', 'junk')), 'fail PROBE_IN_JUNK 28', /among the junk/],
    ['in a folder', arrived({}, look('Old', 'other')), 'fail PROBE_ELSEWHERE 28', /in another mailbox/],
    [
      'at another internal address',
      arrived({'Delivered-To': 'billing@acme.example', 'X-Forwarded-To': '', 'X-Forwarded-For': ''}),
      'fail PROBE_WRONG_TARGET 28',
      /comes in at billing@acme\.example, not at support@acme\.example$/,
    ],
    [
      'at an address that is not there',
      arrived({'Delivered-To': 'suport@acme.example', 'X-Forwarded-To': '', 'X-Forwarded-For': ''}),
      'fail PROBE_WRONG_TARGET 28',
      /to no address of this portal$/,
    ],
    [
      'with To rewritten',
      arrived({To: 'support@acme.example', 'X-Forwarded-To': '', 'X-Forwarded-For': ''}),
      'fail PROBE_NOT_RECOGNISED 28',
      /would be taken for support@acme\.example$/,
    ],
    [
      'with the header of another forward',
      arrived({'X-Forwarded-For': 'info@provider.example'}),
      'fail PROBE_NOT_RECOGNISED 28',
      /would be taken for info@provider\.example$/,
    ],
  ]
  for (const [name, probe, expected, title] of cases) {
    const finding = judgeArrival(FORWARD, SENT, probe, STEPS)
    assert.equal(outcome(finding), expected, name)
    assert.equal(isRight(FORWARD, probe), expected === 'pass', name)
    if (title) assert.match(problemOf(finding).title, title, name)
    if (expected !== 'pass') assert.ok((problemOf(finding).fixes?.length ?? 0) > 0, `${name} tells how to mend it`)
  }
})

test('its way is evidence: how long, by which servers, what the forwarder wrote', () => {
  const srs = 'SRS0=abcd=ef=provider.example=sales@forwarder.example'
  const {evidence} = judgeArrival(FORWARD, SENT, arrived({'Return-Path': `<${srs}>`}), STEPS)
  assert.deepEqual(evidence, {
    seconds: 12.4,
    seenBy: 'the reception',
    takenFor: 'sales@provider.example',
    takenBy: 'x-forwarded-for',
    forwarding: {
      'delivered-to': ['support@acme.example'],
      'x-forwarded-to': ['support@acme.example'],
      'x-forwarded-for': ['sales@provider.example support@acme.example'],
    },
    returnPath: `<${srs}>`,
    srs: true,
    hops: [
      {
        from: 'mail.provider.example',
        by: 'mx.acme.example',
        with: 'ESMTPS',
        at: '2026-03-01T09:00:12.000Z',
        delaySeconds: 12,
      },
    ],
  })
  const early = arrived({Received: 'from a by b; Sun, 1 Mar 2026 08:59:30 +0000'})
  const {hops} = judgeArrival(FORWARD, SENT, early, STEPS).evidence as {hops: readonly {delaySeconds: number}[]}
  assert.equal(hops[0]?.delaySeconds, -30, 'a clock that is wrong shows as such')
})

test('who wrote another address into From is told by what he left', () => {
  const cases: readonly [name: string, fields: Fields, expected: string][] = [
    ['nobody', {}, 'pass'],
    ['nobody, in other letters', {From: '"Sales" <Sales@Provider.example>'}, 'pass'],
    [
      'Gmail, from an address that is no alias',
      {From: 'Acme Sales <owner@gmail.com>', 'X-Google-Original-From': 'Acme Sales <sales@provider.example>'},
      'fail FROM_REWRITTEN_BY_PROVIDER 26',
    ],
    ['the login in its place', {From: 'owner@provider.example'}, 'fail FROM_REWRITTEN_BY_PROVIDER 26'],
    ['another name of the same domain', {From: 'noreply@provider.example'}, 'fail FROM_REWRITTEN_BY_PROVIDER 26'],
    [
      'a list, which keeps it in Reply-To',
      {From: '"Acme Sales via forward" <forward@lists.example>', 'Reply-To': 'sales@provider.example'},
      'fail FROM_REWRITTEN_BY_FORWARDER 26',
    ],
    [
      'a forwarder that writes it into the local part',
      {From: 'sales=provider.example@fwd.example', 'Reply-To': ''},
      'fail FROM_REWRITTEN_BY_FORWARDER 26',
    ],
    ['the target', {From: 'support@acme.example', 'Reply-To': ''}, 'fail FROM_REWRITTEN_BY_FORWARDER 26'],
    ['nobody can tell', {From: 'x@elsewhere.example', 'Reply-To': ''}, 'fail FROM_REWRITTEN 26'],
    ['no From at all', {From: '', 'Reply-To': ''}, 'fail FROM_REWRITTEN 26'],
    [
      'two authors',
      {From: 'sales@provider.example, x@elsewhere.example', 'Reply-To': ''},
      'fail FROM_REWRITTEN_BY_PROVIDER 26',
    ],
  ]
  for (const [name, fields, expected] of cases)
    assert.equal(outcome(judgeFrom(FORWARD, arrived(fields))), expected, name)
  const {causes} = problemOf(judgeFrom(FORWARD, arrived({From: 'x@elsewhere.example', 'Reply-To': ''})))
  assert.equal(causes?.length, 2)
})

test('a Message-ID that is replaced matters only where nothing else carries the thread', () => {
  const other = arrived({'Message-ID': '<0100018b@eu-west-1.amazonses.com>'})
  const told = {...SENT, replacedBy: '0100018b@eu-west-1.amazonses.com'}
  assert.equal(outcome(judgeMessageId(FORWARD, SENT, arrived(), false)), 'pass')
  assert.equal(outcome(judgeMessageId(FORWARD, told, other, false)), 'pass', 'the server said which it gives')
  assert.equal(outcome(judgeMessageId(FORWARD, SENT, other, true)), 'pass', 'the address carries it')
  assert.equal(outcome(judgeMessageId(FORWARD, SENT, other, false)), 'warn MESSAGE_ID_REPLACED 28')
  assert.equal(
    outcome(judgeMessageId(FORWARD, SENT, arrived({'Message-ID': ''}), false)),
    'warn MESSAGE_ID_REPLACED 28',
  )
})

const PROVEN: ArrivalAuthentication = {
  dkim: [{domain: 'provider.example', selector: 's1', result: 'pass', aligned: true, why: null}],
  unverified: null,
  arc: {result: 'none', sealers: [], why: null},
  spf: null,
  dmarc: 'pass',
  policy: 'reject',
}

test('SPF breaks on every forward, and matters only where no signature is left', () => {
  const dkim = (result: 'pass' | 'fail', domain = 'provider.example') => [
    {domain, selector: 's1', result, aligned: domain === 'provider.example', why: null},
  ]
  const cases: readonly [name: string, seen: Partial<ArrivalAuthentication>, expected: string][] = [
    ['DKIM survives', {spf: {result: 'fail', domain: 'provider.example', by: 'client'}}, 'pass'],
    ['DKIM is broken, and the policy is strict', {dkim: dkim('fail'), dmarc: 'unknown'}, 'warn FORWARD_BREAKS_DKIM 29'],
    ['DKIM is broken, and nobody minds', {dkim: dkim('fail'), dmarc: 'none', policy: 'unpublished'}, 'pass'],
    ['DKIM of another domain', {dkim: dkim('pass', 'sendgrid.net'), dmarc: 'fail'}, 'warn PROBE_FAILS_DMARC 29'],
    [
      'not signed, and the policy is strict',
      {dkim: [], dmarc: 'unknown', policy: 'quarantine'},
      'warn PROBE_NOT_SIGNED 29',
    ],
    ['not signed, and nobody minds', {dkim: [], dmarc: 'none', policy: 'unpublished'}, 'pass'],
    ['only a header', {dkim: [], dmarc: 'unknown', unverified: 'only the header of the mail is kept'}, 'pass'],
    ['DNS fails', {dkim: dkim('pass', 'x.example'), dmarc: 'unknown', policy: 'unknown'}, 'pass'],
  ]
  for (const [name, seen, expected] of cases)
    assert.equal(outcome(judgeAuthentication(FORWARD, {...PROVEN, ...seen})), expected, name)
  const {evidence} = judgeAuthentication(FORWARD, PROVEN)
  assert.deepEqual((evidence as {dkim: readonly {selector: string}[]}).dkim[0]?.selector, 's1', 'a key that is learned')
})

test('a report tells whose words they are, and at whose server it ended', () => {
  const bounce = (recipient: string, diagnostic: string) =>
    judgeBounce(
      FORWARD,
      {
        at: SENT.at,
        recipients: [
          {
            recipient,
            originalRecipient: null,
            status: '5.1.1',
            action: 'failed',
            reason: 'user-unknown',
            permanent: true,
            diagnostic,
          },
        ],
      },
      STEPS,
    )
  const atTarget = bounce('support@acme.example', '550 5.1.1 <support@acme.example>: no such user, says nobody known')
  assert.equal(problemOf(atTarget).exitCode, 28)
  assert.match(problemOf(atTarget).serverReply ?? '', /^550 5\.1\.1/)
  assert.equal(problemOf(atTarget).code, 'PROBE_BOUNCED')
  assert.match(problemOf(atTarget).why, /forwards it to support@acme\.example, and the server there refuses it/)
  assert.equal(problemOf(bounce('', '')).serverReply, undefined)
  const known = problemOf(
    bounce('x@blocked.example', '550 5.7.520 Access denied, Your organization does not allow external forwarding.'),
  )
  assert.deepEqual([known.code, known.exitCode, known.certainty], ['MS_EXTERNAL_FORWARDING_BLOCKED', 28, 'certain'])
})

test('nothing that comes is no certainty: causes stand in their order, the likeliest first', () => {
  const absence = {
    waitedSeconds: 300,
    blind: null,
    confirmation: null,
    confirms: true,
    slowestMs: null,
    verifiedAt: null,
  }
  const never = problemOf(judgeAbsence(FORWARD, absence, STEPS))
  assert.deepEqual([never.code, never.exitCode, never.certainty], ['PROBE_NOT_RECEIVED', 28, 'likely'])
  assert.match(never.causes?.[0] ?? '', /not forwarded to support@acme\.example at all/)
  assert.match(never.causes?.[1] ?? '', /was not confirmed yet/)
  assert.equal(never.fixes?.[0]?.text, STEPS[0]?.text)
  assert.equal(
    never.fixes?.at(-1)?.command,
    'postdesk email test sales@provider.example --roundtrip --wait 600 --portal acme',
  )

  const waits = {text: 'Enter the code 123456 there.'}
  const asked = problemOf(judgeAbsence(FORWARD, {...absence, confirmation: waits}, STEPS))
  assert.match(asked.causes?.[0] ?? '', /waits to be confirmed/)
  assert.deepEqual(asked.fixes?.[0], waits)

  const blind = problemOf(judgeAbsence(FORWARD, {...absence, blind: 'the password is not on this machine'}, STEPS))
  assert.match(blind.causes?.[0] ?? '', /^nobody has looked: the password/)
  const proved = problemOf(judgeAbsence(FORWARD, {...absence, verifiedAt: '2026-02-01T00:00:00.000Z'}, STEPS))
  assert.match(proved.why, /what was proved at 2026-02-01T00:00:00\.000Z stands until it is disproved/)
})

test('an address with a detail that does not arrive is no fault, and it is told why', () => {
  const why = (fate: DetailFate) => judgePlusAddressing(FORWARD, SENT, fate, false).evidence?.['why']
  assert.equal(why({kind: 'refused', reply: '550 5.1.1 no such user'}), '550 5.1.1 no such user')
  assert.equal(why({kind: 'absent', waitedMs: 10_200, blind: null}), 'it did not come in within 10 s')
  const works = judgePlusAddressing(FORWARD, SENT, {kind: 'arrived', probe: arrived()}, true)
  assert.deepEqual([works.status, works.evidence], ['pass', {works: true, seconds: 12.4}])
})

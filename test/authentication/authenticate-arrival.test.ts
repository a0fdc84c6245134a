import assert from 'node:assert/strict'
import {test} from 'node:test'
import {sealMessage} from 'mailauth/lib/arc/index.js'
import {authenticateArrival, type ArrivalQuestion} from '../../src/lib/authentication/authenticate-arrival.ts'
import type {Query} from '../../src/lib/dns/resolver.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {sign, signingKey} from '../support/signed-mail.ts'

const RECEIVED_AT = '2026-03-01T10:00:10.000Z'
const OWN = signingKey('provider.example', {selector: 's1'})
const BULK = signingKey('sender.example', {selector: 'bulk'})
const FORWARDER = signingKey('forwarder.example', {selector: 'arc'})

const MAIL = [
  'From: Acme Sales <sales@provider.example>',
  'To: sales@provider.example',
  'Subject: [probe 7F3K] please ignore',
  'Message-ID: <pd.probe@acme.example>',
  'Date: Sun, 1 Mar 2026 10:00:00 +0000',
  '',
  'This can be deleted.',
  '',
].join('\r\n')

/** A DNS that knows these TXT records, and the keys. */
function dns(records: Readonly<Record<string, string>> = {}): Query {
  const known: Record<string, string> = {
    ...Object.fromEntries([OWN, BULK, FORWARDER].map(({name, record}) => [name, record])),
    ...records,
  }
  return ((name: string, type: string) => {
    const record = type === 'TXT' ? known[name] : undefined
    return record === undefined
      ? Promise.reject(Object.assign(new Error('no such name'), {code: 'ENOTFOUND'}))
      : Promise.resolve([[record]])
  }) as Query
}

const ask = (raw: Uint8Array, query: Query, more: Partial<ArrivalQuestion> = {}) =>
  authenticateArrival(
    {
      raw,
      verifiedBefore: [],
      message: parseFacts(raw),
      trustedAuthservId: null,
      receivedAt: RECEIVED_AT,
      client: null,
      ...more,
    },
    query,
    new AbortController().signal,
  )

const seal = async (raw: Buffer, cv: 'none' | 'pass' = 'none') =>
  Buffer.concat([
    await sealMessage(raw, {
      signingDomain: FORWARDER.domain,
      selector: FORWARDER.selector,
      privateKey: FORWARDER.privateKey,
      cv,
      authResults: 'forwarder.example; dkim=pass header.d=provider.example',
    }),
    raw,
  ])

const REJECT = {'_dmarc.provider.example': 'v=DMARC1; p=reject'}

test('a signature that survives the forwarder makes DMARC pass, and names the key that was learned', async () => {
  const arrived = await ask(await sign(MAIL, OWN), dns(REJECT))
  assert.deepEqual(arrived, {
    dkim: [{domain: 'provider.example', selector: 's1', result: 'pass', aligned: true, why: null}],
    unverified: null,
    arc: {result: 'none', sealers: [], why: null},
    spf: null,
    dmarc: 'pass',
    policy: 'reject',
  })
})

test('whoever signed it is told, also one that may not speak for the author', async () => {
  const {dkim, dmarc} = await ask(await sign(await sign(MAIL, BULK), OWN), dns(REJECT))
  assert.deepEqual(
    dkim.map(({domain, selector, result, aligned}) => [domain, selector, result, aligned]),
    [
      ['provider.example', 's1', 'pass', true],
      ['sender.example', 'bulk', 'pass', false],
    ],
  )
  assert.equal(dmarc, 'pass')
  assert.equal((await ask(await sign(MAIL, BULK), dns(REJECT))).dmarc, 'unknown', 'SPF might have made it pass')
})

test('a forwarder that changes the body breaks the signature, and what the policy makes of that depends on SPF', async () => {
  const broken = Buffer.concat([await sign(MAIL, OWN), Buffer.from('-- \r\nForwarded by a list\r\n')])
  const {dkim, dmarc, policy} = await ask(broken, dns(REJECT))
  assert.deepEqual([dkim[0]?.result, dmarc, policy], ['fail', 'unknown', 'reject'])

  const client = {ip: '192.0.2.7', helo: 'mail.forwarder.example', sender: 'sales@provider.example'}
  const spf = (record: string) => dns({...REJECT, 'provider.example': record})
  const elsewhere = await ask(broken, spf('v=spf1 ip4:198.51.100.0/24 -all'), {client})
  assert.deepEqual(elsewhere.spf, {result: 'fail', domain: 'provider.example', by: 'client'})
  assert.equal(elsewhere.dmarc, 'fail')
  const covered = await ask(broken, spf('v=spf1 ip4:192.0.2.0/24 -all'), {client})
  assert.deepEqual([covered.spf?.result, covered.dmarc], ['pass', 'pass'])
  const rewritten = {...client, sender: 'SRS0=x=y=provider.example=sales@forwarder.example'}
  const srs = await ask(broken, dns({...REJECT, 'forwarder.example': 'v=spf1 ip4:192.0.2.7 -all'}), {client: rewritten})
  assert.deepEqual([srs.spf?.result, srs.spf?.domain, srs.dmarc], ['pass', 'forwarder.example', 'fail'])
})

test('a chain of seals is verified, and one that was tampered with does not hold', async () => {
  const sealed = await seal(await sign(MAIL, OWN))
  const {arc, dkim} = await ask(sealed, dns())
  assert.deepEqual(arc, {result: 'pass', sealers: ['forwarder.example'], why: null})
  assert.equal(dkim[0]?.result, 'pass')
  const unsigned = await ask(await seal(Buffer.from(MAIL)), dns())
  assert.deepEqual([unsigned.arc?.result, unsigned.dkim.length], ['pass', 0], 'also where nobody signed it')
  const changed = Buffer.from(sealed.toString().replace('can be deleted', 'is not the same'))
  assert.equal((await ask(changed, dns())).arc?.result, 'fail')
  const forged = Buffer.from(sealed.toString().replace(/ARC-Seal:[^]*?(?=\r\n\S)/, 'ARC-Seal: i=1; a=nonsense'))
  assert.equal((await ask(forged, dns())).arc?.result, 'fail')
})

test('the word of the trusted server stands, and what is verified here stands beside it', async () => {
  const word =
    'Authentication-Results: mx.acme.example; dmarc=fail header.from=provider.example; spf=softfail smtp.mailfrom=provider.example'
  const raw = Buffer.concat([Buffer.from(`${word}\r\n`), await sign(MAIL, OWN)])
  const {spf, dmarc, dkim} = await ask(raw, dns(REJECT), {trustedAuthservId: 'mx.acme.example'})
  assert.deepEqual(spf, {result: 'softfail', domain: 'provider.example', by: 'trusted-server'})
  assert.deepEqual([dmarc, dkim[0]?.result], ['fail', 'pass'])
  assert.equal((await ask(raw, dns(REJECT))).spf, null, 'nobody else is believed')
})

test('no policy is none, a DNS that fails is not known, and of a header alone nothing is verified', async () => {
  const signed = await sign(MAIL, OWN)
  assert.deepEqual(await ask(Buffer.from(MAIL), dns()).then(({dmarc, policy}) => [dmarc, policy]), [
    'none',
    'unpublished',
  ])
  const failing = (() => Promise.reject(Object.assign(new Error('DNS failed'), {code: 'ESERVFAIL'}))) as Query
  const unknown = await ask(signed, failing)
  assert.deepEqual([unknown.dkim[0]?.result, unknown.dmarc, unknown.policy], ['temperror', 'unknown', 'unknown'])
  const header = await ask(signed, dns(REJECT), {raw: null})
  assert.deepEqual([header.dkim, header.arc, header.unverified], [[], null, 'only the header of the mail is kept'])
  const before = [{domain: 'provider.example', selector: 's1', result: 'pass', aligned: true, why: null}] as const
  const known = await ask(signed, dns(REJECT), {raw: null, verifiedBefore: before})
  assert.deepEqual([known.dkim, known.unverified, known.dmarc], [before, null, 'pass'], 'the reception had all of it')
})

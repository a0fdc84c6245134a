/** The stages `mta-sts` and `tls-rpt`. */
import assert from 'node:assert/strict'
import type {RequestListener} from 'node:http'
import {describe, test, type TestContext} from 'node:test'
import {fetchPublicPolicy} from '../../../src/lib/diagnosis/domain/fetch-policy.ts'
import {createResolver} from '../../../src/lib/dns/resolver.ts'
import {startWeb} from '../../discovery/autoconfig-server.ts'
import {startDns} from '../../support/dns-server.ts'
import {assertWarns, lookAt, type Zone} from './look-at-domain.ts'

const [DOMAIN, WEAK, DNS] = [29, 2, 20]

const RECORD: Zone = {
  '_mta-sts.acme.test': {txt: ['v=STSv1; id=20261127;']},
  'acme.test': {mx: ['10 mx1.acme.test', '20 mx2.hoster.test']},
  'mx1.acme.test': {a: ['192.0.2.1']},
  'mx2.hoster.test': {a: ['192.0.2.2']},
}
const policy = (mode: string, ...mx: readonly string[]) =>
  ['version: STSv1', `mode: ${mode}`, ...mx.map((name) => `mx: ${name}`), 'max_age: 604800', ''].join('\r\n')
const GOOD = policy('enforce', 'mx1.acme.test', '*.hoster.test')

/** The policy is had from a web server with a certificate for its name, by the code that asks public ones. */
async function lookWith(t: TestContext, answer: RequestListener, zone: Zone = {}, names = ['mta-sts.acme.test']) {
  const web = await startWeb(t, names, answer)
  const dns = await startDns(t, {'mta-sts.acme.test': {a: ['127.0.0.1']}})
  const query = createResolver({address: dns.address})
  const {stage, questions} = await lookAt(
    t,
    'mta-sts',
    {...RECORD, ...zone},
    {fetchPolicy: fetchPublicPolicy(query, web)},
  )
  return {stage, questions, requests: web.requests}
}

const serves =
  (text: string, type = 'text/plain; charset=utf-8'): RequestListener =>
  (_request, response) =>
    void response.setHeader('content-type', type).end(text)

describe('the stage mta-sts', () => {
  test('passes where the policy knows the mail servers, and asks for it once', async (t) => {
    const {stage, requests} = await lookWith(t, serves(GOOD))
    assert.equal(stage.status, 'pass', JSON.stringify(stage.problem))
    assert.equal(stage.title, 'MTA-STS of acme.test is good (mode enforce)')
    assert.partialDeepStrictEqual(stage.evidence, {
      id: '20261127',
      mode: 'enforce',
      maxAge: 604800,
      mx: ['mx1.acme.test', '*.hoster.test'],
    })
    assert.deepEqual(requests, ['mta-sts.acme.test /.well-known/mta-sts.txt'])
  })

  test('a policy that is tested or switched off is noted', async (t) => {
    const testing = await lookWith(t, serves(policy('testing', '*.acme.test', '*.hoster.test')))
    assert.equal(testing.stage.status, 'pass')
    assert.match(JSON.stringify(testing.stage.evidence['notes']), /being tested/)
    const off = await lookWith(t, serves(policy('none')))
    assert.equal(off.stage.status, 'pass')
    assert.match(JSON.stringify(off.stage.evidence['notes']), /switched off/)
  })

  test('a policy that does not know a mail server is told with the one that does', async (t) => {
    const {stage} = await lookWith(t, serves(policy('enforce', 'mx1.acme.test')))
    assertWarns(stage, 'MTA_STS_MX_MISMATCH', DOMAIN, {
      title: /does not know mx2\.hoster\.test/,
      why: /deliver nothing there/,
      fix: 'version: STSv1 | mode: enforce | mx: mx1.acme.test | mx: mx2.hoster.test | max_age: 604800',
    })
    assertWarns(stage, 'MTA_STS_MX_MISMATCH', DOMAIN, {fix: /_mta-sts\.acme\.test\. TXT "v=STSv1; id=\d{14}"/})
  })

  test('a policy with an error is told', async (t) => {
    const {stage} = await lookWith(t, serves('mode: enforce'))
    assertWarns(stage, 'MTA_STS_POLICY_INVALID', DOMAIN, {why: /it does not say "version: STSv1"; its max_age/})
  })

  test('a policy that cannot be had is told with the reason', async (t) => {
    for (const [answer, why] of [
      [(_: unknown, response) => void response.writeHead(404).end(), /the web server answered 404/],
      [
        (_: unknown, response) => void response.writeHead(302, {location: 'https://acme.test/'}).end(),
        /answered 302, a redirect/,
      ],
      [serves(GOOD, 'text/html'), /sent text\/html instead of text\/plain/],
      [serves('x'.repeat(70_000)), /larger than 64 kB/],
    ] as readonly (readonly [RequestListener, RegExp])[]) {
      const {stage, requests} = await lookWith(t, answer)
      assertWarns(stage, 'MTA_STS_POLICY_UNREACHABLE', DOMAIN, {why, fix: 'Or remove the record _mta-sts.acme.test.'})
      assert.equal(requests.length, 1)
    }
    const otherName = await lookWith(t, serves(GOOD), {}, ['acme.test'])
    assertWarns(otherName.stage, 'MTA_STS_POLICY_UNREACHABLE', DOMAIN, {why: /altnames/})
  })

  test('an address that is not public is never asked', async (t) => {
    const {stage} = await lookAt(t, 'mta-sts', {...RECORD, 'mta-sts.acme.test': {a: ['127.0.0.1']}})
    assertWarns(stage, 'MTA_STS_POLICY_UNREACHABLE', DOMAIN, {why: /not public, and was not asked/})
  })

  test('without a record there is nothing wrong; what DANE says is noted', async (t) => {
    const tlsa = `3 1 1 ${'ab'.repeat(32)}`
    const {stage} = await lookAt(t, 'mta-sts', {
      'acme.test': {mx: ['10 mx.acme.test']},
      'mx.acme.test': {a: ['192.0.2.1']},
      '_25._tcp.mx.acme.test': {tlsa: [tlsa]},
      '_mta-sts.acme.test': {txt: ['unrelated']},
    })
    assert.equal(stage.status, 'skip')
    assert.match(stage.because!, /DANE is published for mx\.acme\.test/)
    assert.deepEqual(stage.evidence['dane'], ['mx.acme.test'])
  })

  test('several records, and one without an id, are told', async (t) => {
    const several = await lookAt(t, 'mta-sts', {
      ...RECORD,
      '_mta-sts.acme.test': {txt: ['v=STSv1; id=1;', 'v=STSv1; id=2;']},
    })
    assertWarns(several.stage, 'MTA_STS_SEVERAL', DOMAIN)
    const noId = await lookWith(t, serves(GOOD), {'_mta-sts.acme.test': {txt: ['v=STSv1; id=2026-11-27;']}})
    assertWarns(noId.stage, 'MTA_STS_RECORD', DOMAIN, {fix: /TXT "v=STSv1; id=\d{14}"/})
  })

  test('what the DNS does not say is not known', async (t) => {
    const record = await lookAt(t, 'mta-sts', {...RECORD, '_mta-sts.acme.test': 'servfail'})
    assertWarns(record.stage, 'DNS_FAILED', DNS)
    const host = await lookAt(t, 'mta-sts', {...RECORD, 'mta-sts.acme.test': 'servfail'})
    assertWarns(host.stage, 'DNS_FAILED', DNS, {why: /mta-sts\.acme\.test/})
    const mx = await lookWith(t, serves(GOOD), {'acme.test': 'servfail'})
    assertWarns(mx.stage, 'DNS_FAILED', DNS, {why: /acme\.test MX/})
  })
})

describe('the stage tls-rpt', () => {
  const at = (...txt: readonly string[]): Zone => ({'_smtp._tls.acme.test': {txt}})

  test('tells where reports go', async (t) => {
    const {stage} = await lookAt(t, 'tls-rpt', at('v=TLSRPTv1; rua=mailto:a@acme.test'))
    assert.equal(stage.status, 'pass')
    assert.equal(stage.title, 'Reports of failed TLS to acme.test go to mailto:a@acme.test')
  })

  test('without a record there is nothing wrong, and the one to publish is told', async (t) => {
    const {stage} = await lookAt(t, 'tls-rpt', {})
    assert.equal(stage.status, 'skip')
    assert.ok(stage.because!.includes('_smtp._tls.acme.test. TXT "v=TLSRPTv1; rua=mailto:postmaster@acme.test"'))
  })

  test('errors are weak, for mail is delivered all the same', async (t) => {
    const syntax = await lookAt(t, 'tls-rpt', at('v=TLSRPTv1; rua=a@acme.test'))
    assertWarns(syntax.stage, 'TLS_RPT_SYNTAX', WEAK, {fix: 'rua=mailto:postmaster@acme.test'})
    const several = await lookAt(t, 'tls-rpt', at('v=TLSRPTv1; rua=mailto:a@b.test', 'v=TLSRPTv1; rua=mailto:c@d.test'))
    assertWarns(several.stage, 'TLS_RPT_SEVERAL', WEAK)
  })

  test('what the DNS does not say is not known', async (t) => {
    const {stage} = await lookAt(t, 'tls-rpt', {'_smtp._tls.acme.test': 'silence'})
    assertWarns(stage, 'DNS_FAILED', DNS)
  })
})

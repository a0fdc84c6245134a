/** All stages of a domain together: what they cost, and that nothing that a stranger publishes upsets them. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {Stage} from '../../../src/lib/channel/stage.ts'
import {STAGE_IDS, STAGES} from '../../../src/lib/channel/stages.ts'
import {domainRungs} from '../../../src/lib/diagnosis/domain/domain-stages.ts'
import {sendingFactsOf} from '../../../src/lib/diagnosis/domain/sending-facts.ts'
import {verdictOf} from '../../../src/lib/diagnosis/verdict.ts'
import {PROVIDERS} from '../../../src/lib/discovery/providers.ts'
import {createResolver} from '../../../src/lib/dns/resolver.ts'
import {EXIT} from '../../../src/lib/errors.ts'
import {startDns} from '../../support/dns-server.ts'
import {ACME, lookAtAll, type Zone} from './look-at-domain.ts'

/** A domain in good order at Google. */
const GOOD: Zone = {
  'acme.test': {mx: ['1 smtp.google.com'], txt: ['v=spf1 include:_spf.google.com ~all']},
  'smtp.google.com': {a: ['192.0.2.1']},
  '_spf.google.com': {txt: ['v=spf1 ip4:192.0.2.0/24 ~all']},
  'google._domainkey.acme.test': {txt: ['v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=']},
  '_dmarc.acme.test': {txt: ['v=DMARC1; p=reject; rua=mailto:a@acme.test']},
  '_smtp._tls.acme.test': {txt: ['v=TLSRPTv1; rua=mailto:a@acme.test']},
}
const AT_GOOGLE = {host: 'smtp.gmail.com', provider: 'google-workspace'} as const

const statuses = (stages: readonly Stage[]) => Object.fromEntries(stages.map(({id, status}) => [id, status]))

describe('the stages of a domain', () => {
  test('come in the order of the table, need nothing, and pass for a domain in good order', async (t) => {
    const rungs = domainRungs({...ACME, query: () => assert.fail('nothing is asked before a stage is looked at')})
    const ids = rungs.map(({id}) => id)
    assert.deepEqual(
      ids,
      STAGE_IDS.filter((id) => ids.includes(id)),
    )
    assert.ok(rungs.every(({needs, early}) => needs.length === 0 && early === true))
    assert.deepEqual(new Set(ids.map((id) => STAGES[id].group)), new Set(['dns', 'domain']))

    const {stages, questions} = await lookAtAll(t, GOOD, AT_GOOGLE)
    assert.deepEqual(statuses(stages), {
      srv: 'skip',
      mx: 'pass',
      spf: 'pass',
      dkim: 'pass',
      dmarc: 'pass',
      'mta-sts': 'skip',
      'tls-rpt': 'pass',
    })
    // What several stages need is asked for once.
    assert.equal(new Set(questions).size, questions.length)
    assert.ok(questions.length <= 20, `${questions.length}`)
  })

  test('what is broken fails only where the authentication of the domain is required, what is weak never', async (t) => {
    const broken = await lookAtAll(t, {...GOOD, '_dmarc.acme.test': {txt: ['x']}}, AT_GOOGLE)
    assert.equal(verdictOf(broken.stages, {strict: false, requireDomainAuth: false}).exitCode, EXIT.ok)
    const required = verdictOf(broken.stages, {strict: false, requireDomainAuth: true})
    assert.deepEqual([required.code, required.exitCode], ['DMARC_MISSING', EXIT.domainAuthentication])
    const weak = await lookAtAll(t, {...GOOD, 'acme.test': {txt: ['v=spf1 include:_spf.google.com ?all']}}, AT_GOOGLE)
    assert.equal(statuses(weak.stages)['spf'], 'warn')
    assert.equal(verdictOf(weak.stages, {strict: false, requireDomainAuth: true}).exitCode, EXIT.ok)
    const silent = await lookAtAll(t, {...GOOD, '_dmarc.acme.test': 'servfail'}, AT_GOOGLE)
    assert.equal(verdictOf(silent.stages, {strict: false, requireDomainAuth: true}).exitCode, EXIT.ok)
  })

  test('a resolver that is silent holds nothing up, and nothing is taken for missing', async (t) => {
    const names = ['acme.test', '_dmarc.acme.test', '_dmarc.test', '_mta-sts.acme.test', '_smtp._tls.acme.test']
    const services = [
      '_submissions._tcp.acme.test',
      '_submission._tcp.acme.test',
      'smtp.acme.test',
      'k1._domainkey.acme.test',
    ]
    const zone = Object.fromEntries([...names, ...services].map((name) => [name, 'silence' as const]))
    const began = performance.now()
    const {stages} = await lookAtAll(t, zone, {selectors: ['k1']})
    assert.ok(performance.now() - began < 2000)
    for (const {id, status, problem} of stages)
      assert.deepEqual([id, status, problem?.code, problem?.exitCode], [id, 'warn', 'DNS_FAILED', EXIT.dns])
  })

  test('end with the reason of the signal', async (t) => {
    const dns = await startDns(t, {'acme.test': 'silence'})
    const query = createResolver({address: dns.address})
    const reason = new Error('stopped')
    const controller = new AbortController()
    const looks = domainRungs({...ACME, query})
      .filter(({id}) => ['mx', 'spf', 'dmarc'].includes(id))
      .map(({look}) => assert.rejects(look(controller.signal), reason))
    setTimeout(() => controller.abort(reason), 50)
    await Promise.all(looks)
  })

  test('whatever a stranger publishes is a finding', async (t) => {
    const long = 'a'.repeat(2000)
    const nasty = [
      '',
      ' ',
      '\0\x07\x1b[31m',
      ';;;;',
      '=;=;=',
      'v=',
      `v=spf1 ${'include:acme.test '.repeat(80)}-all`,
      `v=spf1 ${'%'.repeat(300)}`,
      `v=spf1 include:${'a.'.repeat(200)}test -all`,
      `v=spf1 exists:${'%{i}'.repeat(100)}.test -all`,
      'v=spf1 ip6:::::1 ip4:1.2.3.4.5 a//// mx:/ -all',
      `v=DMARC1; ${'p=none; '.repeat(200)}`,
      `v=DMARC1; p=none; rua=${'mailto:a@b.test,'.repeat(100)}`,
      `v=DMARC1; p=none; rua=mailto:a@${'b.'.repeat(300)}test`,
      `v=DKIM1; p=${long}`,
      `v=DKIM1; p=MIIB${'A'.repeat(1000)}`,
      `v=DKIM1; k=ed25519; p=${'A'.repeat(44)}`,
      `v=STSv1; id=${long}`,
      `v=TLSRPTv1; rua=${'x'.repeat(1000)},,,,`,
      '__proto__=1; constructor=2',
    ]
    for (const text of nasty) {
      const zone: Zone = Object.fromEntries(
        ['acme.test', '_dmarc.acme.test', '_mta-sts.acme.test', '_smtp._tls.acme.test', 'k1._domainkey.acme.test'].map(
          (name) => [name, {txt: [text], mx: ['0 a..b', '1 .'], a: ['192.0.2.1']}],
        ),
      )
      const {stages, questions} = await lookAtAll(t, zone, {selectors: ['k1']})
      assert.equal(stages.length, 7)
      for (const {id, status} of stages) assert.notEqual(status, 'fail', `${id}: ${JSON.stringify(text.slice(0, 40))}`)
      assert.ok(questions.length < 300)
    }
  })
})

describe('what is known of providers', () => {
  test('is known by ids of the table, with a source', () => {
    const known = PROVIDERS.filter(({id}) => sendingFactsOf(id) !== null)
    assert.ok(known.length >= 25, `${known.length}`)
    for (const {id} of known) {
      const facts = sendingFactsOf(id)!
      assert.match(facts.source, /^https:\/\//, id)
      assert.equal(facts.returnPath === 'provider', facts.spf.length === 0, id)
    }
    assert.equal(sendingFactsOf(null), null)
    assert.equal(sendingFactsOf('nobody'), null)
    // Those that send for others are all known.
    for (const {id, forwarding} of PROVIDERS.filter(({forwarding}) => forwarding === null)) {
      assert.equal(forwarding, null)
      assert.notEqual(sendingFactsOf(id), null, id)
    }
  })
})

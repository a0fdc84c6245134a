import assert from 'node:assert/strict'
import {generateKeyPairSync} from 'node:crypto'
import {describe, test} from 'node:test'
import {type Asked, assertWarns, lookAt, type Zone} from './look-at-domain.ts'

const [DOMAIN, WEAK, DNS] = [29, 2, 20]

const keyOf = (bits: number) =>
  `v=DKIM1; k=rsa; p=${generateKeyPairSync('rsa', {modulusLength: bits}).publicKey.export({format: 'der', type: 'spki'}).toString('base64')}`
const GOOD = keyOf(2048)

const MICROSOFT: Asked = {host: 'smtp.office365.com', provider: 'microsoft-365'}
const GOOGLE: Asked = {host: 'smtp.gmail.com', provider: 'google-workspace'}

const at = (selector: string) => `${selector}._domainkey.acme.test`

describe('the stage dkim', () => {
  test('a key of a given selector is looked at, in several strings, too', async (t) => {
    const zone: Zone = {[at('s1')]: {txt: [[GOOD.slice(0, 255), GOOD.slice(255)]]}}
    const {stage} = await lookAt(t, 'dkim', zone, {selectors: ['s1']})
    assert.equal(stage.status, 'pass')
    assert.equal(stage.title, 'DKIM of acme.test has a good key (s1)')
    assert.deepEqual(stage.evidence['selectors'], [
      {selector: 's1', name: at('s1'), state: 'key', type: 'rsa', bits: 2048, testing: false, revoked: false},
    ])
  })

  test('without a selector nothing is said, and that is no warning', async (t) => {
    for (const asked of [{}, {host: 'email-smtp.eu-west-1.amazonaws.com', provider: 'amazon-ses'}]) {
      const {stage, questions} = await lookAt(t, 'dkim', {}, asked)
      assert.equal(stage.status, 'skip')
      assert.match(stage.because!, /the round trip tells/)
      assert.deepEqual(questions, [])
    }
  })

  test('the usual selectors of a provider are tried, with where they lead', async (t) => {
    const target = 'selector1-acme-test._domainkey.acme.onmicrosoft.com'
    const {stage, questions} = await lookAt(
      t,
      'dkim',
      {[at('selector1')]: {cname: target}, [target]: {txt: [GOOD]}},
      MICROSOFT,
    )
    assert.equal(stage.status, 'pass')
    assert.partialDeepStrictEqual(stage.evidence, {
      source: 'usual',
      selectors: [
        {selector: 'selector1', alias: target, bits: 2048},
        {selector: 'selector2', state: 'none'},
      ],
    })
    assert.ok(questions.includes(`TXT ${at('selector2')}`))
  })

  test('none of the selectors that a provider always uses means that it does not sign for the domain', async (t) => {
    const {stage} = await lookAt(t, 'dkim', {}, MICROSOFT)
    assertWarns(stage, 'DKIM_KEY_MISSING', DOMAIN, {
      title: /^acme\.test has no DKIM key of Microsoft 365$/,
      why: /selector1\._domainkey\.acme\.test, selector2\._domainkey\.acme\.test/,
      fix: /learn\.microsoft\.com/,
    })
    assert.equal(stage.problem?.certainty, 'likely')
    const google = await lookAt(t, 'dkim', {}, GOOGLE)
    assertWarns(google.stage, 'DKIM_KEY_MISSING', DOMAIN)
    assert.match(google.stage.problem!.causes![1]!, /another selector was chosen/)
  })

  test('aliases whose targets are known are records to publish', async (t) => {
    const {stage} = await lookAt(t, 'dkim', {}, {host: 'smtp.fastmail.com', provider: 'fastmail'})
    assertWarns(stage, 'DKIM_KEY_MISSING', DOMAIN, {fix: `${at('fm2')}. CNAME fm2.acme.test.dkim.fmhosted.com.`})
    assert.equal((stage.evidence['publish'] as unknown[]).length, 3)
  })

  test('that examples of selectors are not there says nothing', async (t) => {
    const {stage} = await lookAt(t, 'dkim', {}, {host: 'smtppro.zoho.com', provider: 'zoho-organisation'})
    assert.equal(stage.status, 'skip')
    assert.match(stage.because!, /zmail, zoho/)
  })

  test('an alias that leads nowhere is told with its target', async (t) => {
    const target = 'selector1-acme-test._domainkey.acme.onmicrosoft.com'
    const {stage} = await lookAt(t, 'dkim', {[at('selector1')]: {cname: target}}, MICROSOFT)
    assertWarns(stage, 'DKIM_ALIAS_DANGLING', DOMAIN, {why: new RegExp(target.replaceAll('.', '\\.'))})
  })

  test('beside a good key an old one does no harm, alone it does', async (t) => {
    const beside = await lookAt(
      t,
      'dkim',
      {[at('selector1')]: {txt: [GOOD]}, [at('selector2')]: {txt: ['v=DKIM1; p=']}},
      MICROSOFT,
    )
    assert.equal(beside.stage.status, 'pass')
    assert.deepEqual(beside.stage.evidence['notes'], ['selector2: taken back, which does no harm beside a good one'])
    const alone = await lookAt(t, 'dkim', {[at('selector2')]: {txt: ['v=DKIM1; p=']}}, MICROSOFT)
    assertWarns(alone.stage, 'DKIM_KEY_REVOKED', DOMAIN)
    const given = await lookAt(
      t,
      'dkim',
      {[at('a')]: {txt: [GOOD]}, [at('b')]: {txt: ['v=DKIM1; p=']}},
      {selectors: ['a', 'b']},
    )
    assertWarns(given.stage, 'DKIM_KEY_REVOKED', DOMAIN)
  })

  test('each defect of a given key has its code and its way out', async (t) => {
    for (const [record, code, exitCode] of [
      ['v=DKIM1; p=', 'DKIM_KEY_REVOKED', DOMAIN],
      [GOOD.slice(0, 250), 'DKIM_KEY_SYNTAX', DOMAIN],
      ['v=DKIM1; p=not base64!', 'DKIM_KEY_SYNTAX', DOMAIN],
      [keyOf(768), 'DKIM_KEY_TOO_SHORT', DOMAIN],
      [keyOf(1024), 'DKIM_KEY_SHORT', WEAK],
      [GOOD.replace('k=rsa', 't=y; k=rsa'), 'DKIM_KEY_TESTING', WEAK],
      [GOOD.replace('k=rsa', 'k=dsa'), 'DKIM_KEY_TYPE_UNKNOWN', DOMAIN],
      [GOOD.replace('k=rsa', 'h=sha1'), 'DKIM_KEY_HASH', DOMAIN],
      [GOOD.replace('k=rsa', 's=other'), 'DKIM_KEY_NOT_FOR_MAIL', DOMAIN],
    ] as const) {
      const {stage} = await lookAt(t, 'dkim', {[at('k1')]: {txt: [record]}}, {selectors: ['k1']})
      assertWarns(stage, code, exitCode, {title: /k1\._domainkey\.acme\.test/, fix: /./})
    }
    const several = await lookAt(
      t,
      'dkim',
      {[at('k1')]: {txt: [GOOD, GOOD.replace('k=rsa', 'n=x')]}},
      {selectors: ['k1']},
    )
    assertWarns(several.stage, 'DKIM_KEY_SEVERAL', DOMAIN, {why: /RFC 6376 3\.6\.2\.2/})
    const none = await lookAt(t, 'dkim', {}, {selectors: ['k1']})
    assertWarns(none.stage, 'DKIM_KEY_MISSING', DOMAIN, {fix: /typing mistake/})
  })

  test('what the DNS does not say is not known', async (t) => {
    for (const asked of [{selectors: ['k1']}, {...MICROSOFT}]) {
      const {stage} = await lookAt(t, 'dkim', {[at('k1')]: 'servfail', [at('selector1')]: 'silence'}, asked)
      assertWarns(stage, 'DNS_FAILED', DNS)
    }
    const good = await lookAt(t, 'dkim', {[at('selector1')]: 'servfail', [at('selector2')]: {txt: [GOOD]}}, MICROSOFT)
    assert.equal(good.stage.status, 'pass')
  })

  test('keys of a domain that belongs to a provider are its own', async (t) => {
    const {stage, questions} = await lookAt(t, 'dkim', {}, {...GOOGLE, domain: 'gmail.com', provider: 'gmail'})
    assert.equal(stage.status, 'skip')
    assert.match(stage.because!, /gmail\.com belongs to Gmail/)
    assert.deepEqual(questions, [])
  })

  test('of many selectors a bounded number is asked for', async (t) => {
    const {questions} = await lookAt(t, 'dkim', {}, {selectors: Array.from({length: 50}, (_, i) => `s${i}`)})
    assert.equal(questions.length, 20)
  })
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {type Asked, assertWarns, lookAt, type Zone} from './look-at-domain.ts'

const [DOMAIN, WEAK, DNS] = [29, 2, 20]

/** SPF of the domain covers its server. */
const COVERED: Zone = {
  'acme.test': {txt: ['v=spf1 ip4:192.0.2.0/24 -all']},
  'smtp.acme.test': {a: ['192.0.2.25']},
}
const dmarc = (...records: readonly string[]): Zone => ({...COVERED, '_dmarc.acme.test': {txt: records}})

const alignmentOf = (evidence: object) =>
  (evidence as {alignment: {spf: string; dkim: string; passes: string; why: Record<string, string>}}).alignment

describe('the stage dmarc', () => {
  test('tells what the domain asks for; to watch only is no fault', async (t) => {
    for (const [record, title] of [
      ['v=DMARC1; p=none; rua=mailto:a@acme.test', 'DMARC of acme.test watches only (p=none)'],
      [
        'v=DMARC1; p=quarantine; rua=mailto:a@acme.test',
        'DMARC of acme.test asks to put aside what fails (quarantine)',
      ],
      ['v=DMARC1; p=reject; rua=mailto:a@acme.test', 'DMARC of acme.test asks to refuse what fails (reject)'],
      [
        'v=DMARC1; p=reject; t=y; rua=mailto:a@acme.test',
        'DMARC of acme.test asks to put aside what fails (quarantine)',
      ],
    ] as const) {
      const {stage} = await lookAt(t, 'dmarc', dmarc(record))
      assert.equal(stage.status, 'pass', record)
      assert.equal(stage.title, title)
    }
  })

  test('a record of the organization holds for the domains below it', async (t) => {
    const zone: Zone = {
      'help.acme.test': {txt: ['v=spf1 -all']},
      '_dmarc.acme.test': {txt: ['v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@acme.test']},
    }
    const {stage, questions} = await lookAt(t, 'dmarc', zone, {domain: 'help.acme.test', host: '127.0.0.1'})
    assert.equal(stage.status, 'pass')
    assert.equal(
      stage.title,
      'DMARC of help.acme.test asks to put aside what fails (quarantine), by the record of acme.test',
    )
    assert.partialDeepStrictEqual(stage.evidence, {foundAt: 'acme.test', organization: 'acme.test'})
    assert.deepEqual(questions.filter((question) => question.includes('_dmarc')).toSorted(), [
      'TXT _dmarc.acme.test',
      'TXT _dmarc.help.acme.test',
      'TXT _dmarc.test',
    ])
  })

  test('without a record it says which one to publish', async (t) => {
    const {stage} = await lookAt(t, 'dmarc', COVERED)
    assertWarns(stage, 'DMARC_MISSING', DOMAIN, {
      title: /^acme\.test has no DMARC record$/,
      fix: '_dmarc.acme.test. TXT "v=DMARC1; p=none; rua=mailto:postmaster@acme.test"',
    })
  })

  test('a record with another version, or at another name, is told with the right one', async (t) => {
    const version = await lookAt(t, 'dmarc', dmarc('v=dmarc1; p=reject'))
    assertWarns(version.stage, 'DMARC_VERSION', DOMAIN, {fix: '_dmarc.acme.test. TXT "v=DMARC1; p=reject"'})
    const place = await lookAt(t, 'dmarc', {'acme.test': {txt: ['v=spf1 -all', 'v=DMARC1; p=reject']}})
    assertWarns(place.stage, 'DMARC_WRONG_NAME', DOMAIN, {fix: '_dmarc.acme.test. TXT "v=DMARC1; p=reject"'})
  })

  test('several records are none', async (t) => {
    const {stage} = await lookAt(t, 'dmarc', dmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject', 'unrelated'))
    assertWarns(stage, 'DMARC_SEVERAL', DOMAIN, {
      title: /has 2 DMARC records/,
      fix: /v=DMARC1; p=none \| v=DMARC1; p=reject/,
    })
  })

  test('each defect of the record has its code', async (t) => {
    for (const [record, code, exitCode] of [
      ['v=DMARC1; p=rejct', 'DMARC_POLICY_INVALID', DOMAIN],
      ['v=DMARC1; p=none; p=reject', 'DMARC_SYNTAX', DOMAIN],
      ['v=DMARC1; rua=mailto:a@acme.test', 'DMARC_POLICY_MISSING', WEAK],
      ['v=DMARC1; p=none; rua=a@acme.test', 'DMARC_REPORT_URI', WEAK],
      ['v=DMARC1; p=none; adkim=relaxed', 'DMARC_TAG_INVALID', WEAK],
      ['v=DMARC1; p=none; Rua=mailto:a@acme.test', 'DMARC_TAG_UNKNOWN', WEAK],
    ] as const) {
      const {stage} = await lookAt(t, 'dmarc', dmarc(record))
      assertWarns(stage, code, exitCode, {title: /^The DMARC record of acme\.test /, fix: /_dmarc\.acme\.test/})
    }
  })

  test('tags of the past and missing reports are notes', async (t) => {
    const {stage} = await lookAt(t, 'dmarc', dmarc('v=DMARC1; p=reject; pct=20; ri=3600'))
    assert.equal(stage.status, 'pass')
    assert.deepEqual(stage.evidence['notes'], [
      'pct= has no effect any more (RFC 9989): receivers apply the policy to all mail; t=y asks for one step less',
      'ri= has no effect any more (RFC 9989): reports come once a day',
      'nobody gets reports (rua=)',
    ])
  })

  test('reports to another organization need its word (RFC 9990 4)', async (t) => {
    const record = 'v=DMARC1; p=none; rua=mailto:a@reports.test,mailto:b@yes.test,mailto:c@mail.acme.test'
    const {stage, questions} = await lookAt(t, 'dmarc', {
      ...dmarc(record),
      'acme.test._report._dmarc.yes.test': {txt: ['v=DMARC1']},
    })
    assert.equal(stage.status, 'pass')
    assert.deepEqual(stage.evidence['notes'], [
      'reports.test gets no reports before it publishes acme.test._report._dmarc.reports.test. TXT "v=DMARC1" (RFC 9990 4)',
    ])
    assert.equal(questions.filter((question) => question.includes('_report.')).length, 2)
  })

  test('what the DNS does not say is not known', async (t) => {
    for (const script of ['silence', 'servfail'] as const) {
      const {stage} = await lookAt(t, 'dmarc', {...COVERED, '_dmarc.acme.test': script})
      assertWarns(stage, 'DNS_FAILED', DNS, {why: /_dmarc\.acme\.test TXT/})
    }
    const above = await lookAt(t, 'dmarc', {
      ...dmarc('v=DMARC1; p=reject; rua=mailto:a@b.test'),
      '_dmarc.test': 'servfail',
    })
    assert.equal(above.stage.status, 'pass')
  })
})

describe('what DMARC will come to', () => {
  const REJECT = 'v=DMARC1; p=reject; rua=mailto:a@acme.test'

  test('SPF that covers the server is enough', async (t) => {
    const {stage} = await lookAt(t, 'dmarc', dmarc(REJECT))
    assert.partialDeepStrictEqual(alignmentOf(stage.evidence), {spf: 'yes', dkim: 'unknown', passes: 'yes'})
  })

  test('a key of the domain is enough', async (t) => {
    const key = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
    const asked = {host: 'smtp.sendgrid.net', provider: 'sendgrid'}
    const {stage} = await lookAt(t, 'dmarc', {...dmarc(REJECT), 's1._domainkey.acme.test': {txt: [key]}}, asked)
    assert.equal(stage.status, 'pass')
    assert.partialDeepStrictEqual(alignmentOf(stage.evidence), {spf: 'unknown', dkim: 'yes', passes: 'yes'})
  })

  test('where neither can pass, receivers are asked to refuse the mail, and that is told', async (t) => {
    const asked: Asked = {host: 'smtp.office365.com', provider: 'microsoft-365'}
    const zone = dmarc(REJECT)
    const {stage} = await lookAt(t, 'dmarc', zone, asked)
    assertWarns(stage, 'DMARC_CANNOT_PASS', DOMAIN, {
      title: /^Mail of acme\.test by smtp\.office365\.com fails DMARC$/,
      why: /does not include spf\.protection\.outlook\.com.*not signed with a key of the domain; receivers are asked to refuse it/,
    })
    assert.partialDeepStrictEqual(alignmentOf(stage.evidence), {spf: 'no', dkim: 'no', passes: 'no'})
    const watching = await lookAt(t, 'dmarc', dmarc('v=DMARC1; p=none; rua=mailto:a@acme.test'), asked)
    assert.equal(watching.stage.status, 'pass')
  })

  test('mail of a domain that belongs to a provider fails by any other server', async (t) => {
    const zone: Zone = {
      'yahoo.com': {txt: ['v=spf1 -all']},
      '_dmarc.yahoo.com': {txt: ['v=DMARC1; p=reject; rua=mailto:a@yahoo.com']},
    }
    const {stage} = await lookAt(t, 'dmarc', zone, {
      domain: 'yahoo.com',
      host: 'smtp.sendgrid.net',
      provider: 'sendgrid',
    })
    assertWarns(stage, 'DMARC_CANNOT_PASS', DOMAIN)
    const own = await lookAt(t, 'dmarc', zone, {domain: 'yahoo.com', host: 'smtp.mail.yahoo.com', provider: 'yahoo'})
    assert.equal(own.stage.status, 'pass')
  })

  test('a mailbox sends nothing, and nothing is foretold of it', async (t) => {
    const {stage} = await lookAt(t, 'dmarc', dmarc(REJECT), {protocol: 'imap', host: 'imap.acme.test'})
    assert.equal(stage.status, 'pass')
    assert.equal(stage.evidence['alignment'], undefined)
  })
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {isDmarc, readDmarc, resemblesDmarc} from '../../../src/lib/diagnosis/domain/read-dmarc.ts'

const seriousOf = (text: string) =>
  readDmarc(text)
    .defects.filter(({weight}) => weight !== 'note')
    .map(({code}) => code)
const notesOf = (text: string) =>
  readDmarc(text)
    .defects.filter(({weight}) => weight === 'note')
    .map(({why}) => why)

describe('reading DMARC', () => {
  test('records of RFC 9989 B.2 and of the field have no defect', () => {
    for (const text of [
      'v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com',
      'v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com; fo=1:d:s',
      'v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=n',
      'v=DMARC1;p=reject;sp=quarantine;np=reject;adkim=s;aspf=r;psd=n;',
      'V = DMARC1 ; p=REJECT',
      'v=DMARC1; p=reject; rua=mailto:a@b.test, mailto:c@d.test',
    ])
      assert.deepEqual(readDmarc(text).defects, [], text)
  })

  test('tells what the record asks for', () => {
    const {policy, subdomainPolicy, missingPolicy, strictDkim, strictSpf, psd, isTesting, aggregateUris, failureUris} =
      readDmarc(
        'v=DMARC1; p=reject; sp=Quarantine; np=none; adkim=s; psd=y; t=y; rua=mailto:a@b.test!10m; ruf=mailto:c@d.test',
      )
    assert.deepEqual(
      {policy, subdomainPolicy, missingPolicy, strictDkim, strictSpf, psd, isTesting, aggregateUris, failureUris},
      {
        policy: 'reject',
        subdomainPolicy: 'quarantine',
        missingPolicy: 'none',
        strictDkim: true,
        strictSpf: false,
        psd: 'y',
        isTesting: true,
        aggregateUris: ['mailto:a@b.test'],
        failureUris: ['mailto:c@d.test'],
      },
    )
  })

  test('a policy that is not valid counts as none where reports are wanted, else as no record (RFC 9989 4.10.1)', () => {
    assert.equal(readDmarc('v=DMARC1; p=rejct; rua=mailto:a@b.test').policy, 'none')
    assert.equal(readDmarc('v=DMARC1; p=rejct').policy, null)
    assert.equal(readDmarc('v=DMARC1; p=reject; sp=rejct; rua=mailto:a@b.test').policy, 'none')
    assert.equal(readDmarc('v=DMARC1; rua=mailto:a@b.test').policy, 'none')
    assert.equal(readDmarc('v=DMARC1').policy, null)
    assert.deepEqual(seriousOf('v=DMARC1; p=rejct'), ['DMARC_POLICY_INVALID'])
    assert.deepEqual(seriousOf('v=DMARC1; rua=mailto:a@b.test'), ['DMARC_POLICY_MISSING'])
  })

  test('errors are told', () => {
    for (const [text, codes] of [
      ['v=DMARC1; p=none; p=reject', ['DMARC_SYNTAX']],
      ['v=DMARC1; p=none; rubbish', ['DMARC_SYNTAX']],
      ['v=DMARC1; p=none; rua=a@b.test', ['DMARC_REPORT_URI']],
      ['v=DMARC1; p=none; rua=mailto:a@b.test mailto:c@d.test', ['DMARC_REPORT_URI']],
      ['v=DMARC1; p=none; rua=mailto:', ['DMARC_REPORT_URI']],
      ['v=DMARC1; p=none; rua=', ['DMARC_REPORT_URI']],
      ['v=DMARC1; p=none; adkim=strict', ['DMARC_TAG_INVALID']],
      ['v=DMARC1; p=none; ruf=mailto:a@b.test; fo=0:1', ['DMARC_TAG_INVALID']],
      ['v=DMARC1; p=none; psd=yes', ['DMARC_TAG_INVALID']],
      ['v=DMARC1; p=none; SP=reject', ['DMARC_TAG_UNKNOWN']],
    ] as const)
      assert.deepEqual(seriousOf(text), codes, text)
  })

  test('tags of the past and unknown ones are noted, and are no fault', () => {
    assert.deepEqual(notesOf('v=DMARC1; p=reject; pct=50; rf=afrf; ri=86400; x=1'), [
      'pct= has no effect any more (RFC 9989): receivers apply the policy to all mail; t=y asks for one step less',
      'rf= has no effect any more (RFC 9989): there is one format of failure reports',
      'ri= has no effect any more (RFC 9989): reports come once a day',
      'x= is no tag of DMARC, and has no effect',
    ])
    assert.deepEqual(notesOf('v=DMARC1; p=reject; pct=100'), ['pct= has no effect any more (RFC 9989)'])
    assert.deepEqual(notesOf('v=DMARC1; p=reject; t=y; fo=1; rua=mailto:a@b.test!10m'), [
      'the size in mailto:a@b.test!10m has no effect any more',
      'it is marked as a test (t=y): receivers apply one step less than its policy',
      'fo= has no effect without ruf=',
    ])
    assert.deepEqual(seriousOf('v=DMARC1; p=reject; pct=50; rf=afrf; ri=86400; x=1; t=y; fo=1'), [])
  })

  test('the version is exact, and what was meant as one is told', () => {
    for (const text of ['v=DMARC1', 'v=DMARC1;p=none', 'v = DMARC1 ; p=none', 'V=DMARC1; p=none'])
      assert.ok(isDmarc(text), text)
    for (const text of ['v=dmarc1; p=none', 'p=none; v=DMARC1', 'v=DMARC10', 'v=spf1 -all'])
      assert.ok(!isDmarc(text), text)
    for (const text of ['v=dmarc1; p=none', '"v=DMARC1; p=none"', 'v=DMARC1 p=none', 'DMARC1; p=none'])
      assert.ok(resemblesDmarc(text), text)
    assert.ok(!resemblesDmarc('v=spf1 -all'))
  })
})

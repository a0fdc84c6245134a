import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {
  isMtaSts,
  matchesMx,
  readMtaStsPolicy,
  readMtaStsRecord,
} from '../../../src/lib/diagnosis/domain/read-mta-sts.ts'
import {isTlsRpt, readTlsRpt} from '../../../src/lib/diagnosis/domain/read-tls-rpt.ts'

const policy = (...lines: readonly string[]) => readMtaStsPolicy(lines.join('\r\n'))
const whyOf = (...lines: readonly string[]) => policy(...lines).defects.map(({why}) => why)

describe('reading MTA-STS', () => {
  test('the record has an id of letters and digits', () => {
    assert.equal(readMtaStsRecord('v=STSv1; id=20160831085700Z;').id, '20160831085700Z')
    assert.deepEqual(readMtaStsRecord('v=STSv1; id=20160831085700Z; x=y;').defects, [])
    assert.deepEqual(readMtaStsRecord('v=STSv1;').defects, [
      {code: 'MTA_STS_RECORD', weight: 'broken', why: 'it has no id='},
    ])
    assert.equal(
      readMtaStsRecord('v=STSv1; id=2016-08-31').defects[0]?.why,
      '"id=2016-08-31" is none: 1 to 32 letters and digits are',
    )
    for (const text of ['v=STSv1', 'v=stsv1; id=1', ' v=STSv1; id=1', 'v=spf1 -all']) assert.ok(!isMtaSts(text), text)
  })

  test('the policy of RFC 8461 3.2 is read, with LF and CRLF', () => {
    const lines = [
      'version: STSv1',
      'mode: enforce',
      'mx: mail.example.com',
      'mx: *.Example.net',
      'max_age: 604800',
      '',
    ]
    for (const end of ['\n', '\r\n'])
      assert.deepEqual(readMtaStsPolicy(lines.join(end)), {
        mode: 'enforce',
        maxAge: 604800,
        mx: ['mail.example.com', '*.example.net'],
        defects: [],
      })
  })

  test('errors of a policy are told', () => {
    assert.deepEqual(whyOf('<html>'), [
      'it does not say "version: STSv1"',
      'it has no mode',
      'its max_age is no number of seconds up to 31557600',
      'it names no mail server (mx)',
      '"<html>" is no line of a policy',
    ])
    const good = ['version: STSv1', 'mode: enforce', 'mx: a.test', 'max_age: 604800']
    assert.deepEqual(whyOf(...good, 'mx: -.test'), ['"-.test" is no name of a mail server'])
    assert.deepEqual(whyOf('version: STSv1', 'mode: on', 'mx: a.test', 'max_age: 1d'), [
      'its mode is "on": enforce, testing and none are',
      'its max_age is no number of seconds up to 31557600',
    ])
    assert.deepEqual(
      policy('version: STSv1', 'mode: none', 'max_age: 86400').defects.map(({weight}) => weight),
      ['note'],
    )
    assert.deepEqual(
      policy(...good.with(3, 'max_age: 600')).defects.map(({code}) => code),
      ['MTA_STS_SHORT'],
    )
    assert.equal(policy(...good, ...Array.from({length: 100}, (_, i) => `mx: h${i}.test`)).mx.length, 50)
  })

  test('a star stands for exactly one label', () => {
    const {mx} = policy('mx: mail.a.test', 'mx: *.b.test')
    for (const host of ['mail.a.test', 'x.b.test']) assert.ok(matchesMx(host, {mx}), host)
    for (const host of ['a.test', 'x.mail.a.test', 'b.test', 'x.y.b.test']) assert.ok(!matchesMx(host, {mx}), host)
  })
})

describe('reading TLS reporting', () => {
  test('records of RFC 8460 3 are read', () => {
    assert.deepEqual(readTlsRpt('v=TLSRPTv1; rua=mailto:reports@example.com').uris, ['mailto:reports@example.com'])
    assert.deepEqual(readTlsRpt('v=TLSRPTv1;rua=mailto:a@b.test , https://reporting.example.com/v1/tlsrpt; x=y').uris, [
      'mailto:a@b.test',
      'https://reporting.example.com/v1/tlsrpt',
    ])
  })

  test('errors are told', () => {
    for (const [text, why] of [
      ['v=TLSRPTv1;', 'it does not say where reports go (rua=)'],
      ['v=TLSRPTv1; rua=', 'it does not say where reports go (rua=)'],
      ['v=TLSRPTv1; rua=a@b.test', '"a@b.test" takes no reports: mailto:NAME@DOMAIN and https://… do'],
      ['v=TLSRPTv1; rua=http://a.test/', '"http://a.test/" takes no reports: mailto:NAME@DOMAIN and https://… do'],
    ] as const)
      assert.deepEqual(readTlsRpt(text).defects, [{code: 'TLS_RPT_SYNTAX', weight: 'weak', why}])
    for (const text of ['v=TLSRPTv1', 'v=tlsrptv1; rua=mailto:a@b.test']) assert.ok(!isTlsRpt(text), text)
  })
})

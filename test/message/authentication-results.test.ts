import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readAuthenticationResults} from '../../src/lib/message/authentication-results.ts'
import {readHeader} from '../../src/lib/message/header.ts'
import {lines} from './mail.ts'

const ID = 'mx.acme.example'

/** What is read of a header, as `method=result name=value…`, in parentheses where it is uncertain. */
function read(...header: readonly string[]): readonly string[] {
  return readAuthenticationResults(readHeader(Buffer.from(lines(...header))).fields, ID).map(
    ({method, result, properties, certain}) => {
      const text = [`${method}=${result}`, ...[...properties].map(([name, value]) => `${name}=${value}`)].join(' ')
      return certain ? text : `(${text})`
    },
  )
}

describe('the syntax of a field (RFC 8601 2.2)', () => {
  const cases: readonly (readonly [value: string, ...results: readonly string[]])[] = [
    [`${ID}; none`],
    [ID],
    [`${ID};`],
    [`${ID}; spf=pass`, 'spf=pass'],
    [`${ID} 1; spf=pass`, 'spf=pass'],
    [`${ID} 2; spf=pass`],
    [`"${ID}"; spf=pass`, 'spf=pass'],
    [`MX.Acme.Example; SPF=Pass SMTP.MailFrom=A@Example.com`, 'spf=pass smtp.mailfrom=A@Example.com'],
    [` (a) ${ID} (b) 1 (c) ; spf (d) = (e) pass (f) smtp.helo = a.test`, 'spf=pass smtp.helo=a.test'],
    [`${ID}; spf/1=pass`, 'spf=pass'],
    [`${ID}; spf/2=pass; dkim=pass`, 'dkim=pass'],
    [
      `${ID};\r\n\tdkim=pass (good; "key) header.d=a.test header.s=s1;\r\n\tdkim=fail reason="bad; dmarc=pass" header.d=b.test`,
      'dkim=pass header.d=a.test header.s=s1',
      'dkim=fail header.d=b.test',
    ],
    [`${ID}; spf=pass smtp.mailfrom="a b; dmarc=pass"@a.test`, 'spf=pass smtp.mailfrom=a b; dmarc=pass@a.test'],
    [`${ID}; spf=pass smtp.mailfrom="a\\"b"@a.test`, 'spf=pass smtp.mailfrom=a"b@a.test'],
    [`${ID}; dkim=pass header.b=Ab/c+d= header.d=a.test`, 'dkim=pass header.b=Ab/c+d= header.d=a.test'],
    [`${ID}; dkim=pass header.d=a.test header.d=b.test`, 'dkim=pass header.d=a.test'],
    [
      `${ID}; dmarc=pass action=none header.from=a.test;compauth=pass reason=100`,
      'dmarc=pass header.from=a.test',
      'compauth=pass',
    ],
    [`${ID}; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.test`, 'dmarc=pass header.from=a.test'],
    [`${ID}; dkim-adsp=pass; x-tls.subject="/C=US"; auth=pass smtp.auth=a`, 'dkim-adsp=pass', 'auth=pass smtp.auth=a'],
    [`${ID}; iprev=pass policy.iprev=192.0.2.1 (a.test)`, 'iprev=pass policy.iprev=192.0.2.1'],
    [`${ID}; dmarc=pass@evil.test`],
    [`${ID}; dmarc = ; spf=pass`, 'spf=pass'],
    [`${ID}; =pass; spf=pass`, 'spf=pass'],
  ]
  for (const [value, ...results] of cases)
    test(JSON.stringify(value), () => assert.deepEqual(read(`Authentication-Results: ${value}`), results))
})

describe('who wrote it', () => {
  const forged: readonly (readonly [what: string, value: string])[] = [
    ['another server', 'mx.evil.test; dmarc=pass'],
    ['one that begins alike', `${ID}.evil.test; dmarc=pass`],
    ['one that ends alike', `evil.${ID}; dmarc=pass`],
    ['one with a dot at its end', `${ID}.; dmarc=pass`],
    ['the server in a comment', `mx.evil.test (${ID}; dmarc=pass); dmarc=pass`],
    ['a comment in a comment', `(a (${ID};) dmarc=pass) mx.evil.test; dmarc=pass`],
    ['an escaped end of a comment', `(\\) ${ID}; dmarc=pass`],
    ['a comment that is not closed', `${ID}; spf=fail (; dmarc=pass`],
    ['a quote that is not closed', `${ID}; spf=fail smtp.mailfrom="; dmarc=pass`],
    ['no server', 'dmarc=pass header.from=bank.test'],
    ['the server where a result is', `; ${ID}; dmarc=pass`],
    ['more than an id', `${ID} evil; dmarc=pass`],
    ['a letter whose lower case is an ASCII one', `mx.acme.example; dmarc=pass`.replace('m', '\u{1D5C6}')],
    ['a letter that lower case changes', `m\u{212A}.acme.example; dmarc=pass`],
    ['an encoded word', `=?utf-8?q?mx.acme.example?=; dmarc=pass`],
  ]
  for (const [what, value] of forged)
    test(`${what} is not the trusted server`, () => {
      assert.deepEqual(read(`Authentication-Results: ${value}`, `Received: by ${ID}; x`), [])
    })

  test('the Kelvin sign is no k', () => {
    const fields = [{name: 'authentication-results', value: 'mx.ban\u{212A}.example; dmarc=pass'}]
    assert.deepEqual(readAuthenticationResults(fields, 'mx.bank.example'), [])
  })

  test('other fields of results are not read', () => {
    for (const name of [
      'ARC-Authentication-Results: i=1',
      'X-Authentication-Results:',
      'Authentication-Results-Original:',
    ])
      assert.deepEqual(read(`${name}; ${ID}; dmarc=pass`), [])
  })
})

describe('where it stands (RFC 8601 5, 7.1)', () => {
  const own = `Received: from relay.test (relay.test [192.0.2.1]) by ${ID} (Postfix) with ESMTPS id 1; x`
  const theirs = 'Received: from pc by relay.test; x'
  const says = (results: string) => `Authentication-Results: ${ID}; ${results}`

  test('above the topmost Received line all fields are certain', () => {
    assert.deepEqual(read(says('dmarc=pass'), 'X-Spam: no', says('spf=fail'), own, theirs), ['dmarc=pass', 'spf=fail'])
  })

  test('without a Received line no stranger sent it', () => {
    assert.deepEqual(read('From: a@b.test', says('dmarc=pass')), ['dmarc=pass'])
  })

  test('below the line of the server only failures are read', () => {
    assert.deepEqual(read(own, says('spf=pass; dmarc=fail'), says('dmarc=pass'), theirs), ['(dmarc=fail)'])
    assert.deepEqual(read(own, says('dmarc=pass')), [])
  })

  test('below the line of whoever sent to it nothing is read', () => {
    assert.deepEqual(read(own, theirs, says('dmarc=pass; spf=fail')), [])
    assert.deepEqual(read('Received: by store.acme.example', own, theirs, says('dmarc=fail')), [])
  })

  test('servers of ours may stand above the one that is named', () => {
    const inner = 'Received: from mx by store.acme.example with LMTP; x'
    assert.deepEqual(read(says('dmarc=pass'), inner, own, theirs), ['dmarc=pass'])
    assert.deepEqual(read(inner, says('dmarc=pass; spf=fail'), own, says('dmarc=fail'), theirs), [
      '(spf=fail)',
      '(dmarc=fail)',
    ])
  })

  test('a stranger who writes a line of the server into his mail wins nothing', () => {
    const forged = `Received: from bank.test by ${ID}; x`
    assert.deepEqual(
      read('Received: from evil.test by mx2.acme.example; x', says('dmarc=pass'), forged, says('dmarc=pass')),
      [],
    )
    assert.deepEqual(read(own, forged, says('dmarc=pass')), [])
  })

  test('the id may be the domain of the hosts', () => {
    const fields = readHeader(
      Buffer.from(
        lines(
          'Received: by store.example.org; x',
          'Received: from a by MX1.acme.example; x',
          'Authentication-Results: acme.example; dmarc=fail',
          'Received: from b by notacme.example; x',
          'Authentication-Results: acme.example; spf=fail',
        ),
      ),
    ).fields
    const results = readAuthenticationResults(fields, 'acme.example')
    assert.deepEqual(
      results.map(({method, certain}) => [method, certain]),
      [['dmarc', false]],
    )
  })
})

test('takes time in line with its length, whatever is written', () => {
  const hostile = ['"a\\', '(', '((', ';', ' a.b=', ' ', '\t', '"', 'a=', '\\', '""', '()', 'a/1=b '].flatMap(
    (piece) => [
      `${ID}; ${piece.repeat(8000)}`,
      `${ID}; spf=pass ${piece.repeat(4000)}x`,
      `${piece.repeat(8000)} ${ID}; dmarc=pass`,
    ],
  )
  const started = performance.now()
  for (const value of hostile)
    readAuthenticationResults(
      Array.from({length: 100}, () => ({name: 'authentication-results', value})),
      ID,
    )
  assert.ok(performance.now() - started < 4000, `${performance.now() - started} ms`)
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {isSpf, readSpf, resemblesSpf} from '../../../src/lib/diagnosis/domain/read-spf.ts'
import {mended, merged, newRecord, withVersion} from '../../../src/lib/diagnosis/domain/spf-record-to-publish.ts'

const defectsOf = (text: string) => readSpf(text).defects.map(({code}) => code)

describe('reading SPF', () => {
  test('records of the field have no defect', () => {
    for (const text of [
      'v=spf1 include:_spf.google.com ~all',
      'v=spf1 include:spf.protection.outlook.com -all',
      'v=spf1 mx a:mail.acme.test ip4:192.0.2.0/24 ip6:2001:db8::/32 include:spf.mailjet.com ~all',
      'v=spf1 redirect=_spf.mail.acme.test',
      'v=spf1 -all',
      'V=SPF1 A MX -ALL',
      'v=spf1 a/24 mx//64 a:host.test/28//96 -all',
      'v=spf1 exists:%{ir}.%{v}._spf.%{d2} include:%{d}._spf.provider.test -all',
      'v=spf1 exists:%{l1r-}.%{d}.x.test exp=explain._spf.%{d} ~all',
      'v=spf1   include:a.test   ~all  ',
      'v=spf1 ip6:::ffff:192.0.2.1 ip4:192.0.2.1 ra=postmaster ~all',
    ])
      assert.deepEqual(readSpf(text).defects, [], text)
  })

  test('tells the terms with their qualifiers, names and networks', () => {
    const {mechanisms, redirect} = readSpf(
      'v=spf1 ?a:Host.Test./28 -ip4:192.0.2.0/24 ~ip6:2001:db8::1 mx redirect=Next.test.',
    )
    assert.deepEqual(mechanisms, [
      {qualifier: '?', text: '?a:Host.Test./28', kind: 'a', domain: 'host.test', prefix4: 28, prefix6: 128},
      {qualifier: '-', text: '-ip4:192.0.2.0/24', kind: 'ip4', address: '192.0.2.0', prefix: 24},
      {qualifier: '~', text: '~ip6:2001:db8::1', kind: 'ip6', address: '2001:db8::1', prefix: 128},
      {qualifier: '+', text: 'mx', kind: 'mx', domain: null, prefix4: 32, prefix6: 128},
    ])
    assert.equal(redirect, 'next.test')
  })

  test('an error is told with the term and what was meant', () => {
    for (const [text, why] of [
      ['v=spf1 ip4:2001:db8::1 -all', '"ip4:2001:db8::1" is no term of SPF: an address is written ip6:2001:db8::1'],
      ['v=spf1 192.0.2.1 -all', '"192.0.2.1" is no term of SPF: an address is written ip4:192.0.2.1'],
      ['v=spf1 ipv4:192.0.2.1 -all', '"ipv4:192.0.2.1" is no term of SPF: an address is written ip4:192.0.2.1'],
      ['v=spf1 mx:192.0.2.1 -all', '"mx:192.0.2.1" is no term of SPF: an address is written ip4:192.0.2.1'],
      [
        'v=spf1 include: a.test -all',
        '"include:" is no term of SPF: include: is followed by a domain, without a space',
      ],
      ['v=spf1 a.test -all', '"a.test" is no term of SPF'],
      ['v=spf1 a, mx -all', '"a," is no term of SPF: terms are parted by spaces alone'],
      ['v=spf1 ip4:192.0.2.0/33 -all', '"ip4:192.0.2.0/33" is no term of SPF'],
      ['v=spf1 ip4:192.0.2.0/024 -all', '"ip4:192.0.2.0/024" is no term of SPF'],
      ['v=spf1 ip4:192.0.2.256 -all', '"ip4:192.0.2.256" is no term of SPF'],
      ['v=spf1 include:%{x}.test -all', '"include:%{x}.test" is no term of SPF'],
      ['v=spf1 include:a.test%{c} -all', '"include:a.test%{c}" is no term of SPF'],
      ['v=spf1 include:localhost -all', '"include:localhost" is no term of SPF'],
      ['v=spf1 all:x', '"all:x" is no term of SPF'],
      ['v=spf1 redirect=', '"redirect=" is no good modifier'],
      ['v=spf1 redirect=a.test redirect=b.test', 'redirect= stands in it more than once'],
      ['v=spf1 mx –all', 'it has characters that are no printable ASCII'],
    ] as const) {
      const {defects} = readSpf(text)
      const first = defects.find(({code}) => code === 'SPF_SYNTAX')
      assert.deepEqual(first, {
        code: 'SPF_SYNTAX',
        weight: 'broken',
        why,
      })
    }
  })

  test('what lets everybody send is broken, what says nothing of others is weak', () => {
    assert.deepEqual(defectsOf('v=spf1 mx all'), ['SPF_ALLOWS_ALL'])
    assert.deepEqual(defectsOf('v=spf1 +all'), ['SPF_ALLOWS_ALL'])
    assert.deepEqual(defectsOf('v=spf1 mx ?all'), ['SPF_NEUTRAL'])
    assert.deepEqual(defectsOf('v=spf1 mx'), ['SPF_NO_ALL'])
    assert.deepEqual(defectsOf('v=spf1'), ['SPF_NO_ALL'])
    assert.deepEqual(defectsOf('v=spf1 ip4:0.0.0.0/0 -all'), ['SPF_WIDE_NETWORK'])
    assert.deepEqual(defectsOf('v=spf1 a/0 -all'), ['SPF_WIDE_NETWORK'])
    assert.deepEqual(defectsOf('v=spf1 -ip4:10.0.0.0/8 mx -all'), [])
    assert.deepEqual(
      readSpf('v=spf1 mx ?all').defects.map(({weight}) => weight),
      ['weak'],
    )
  })

  test('ptr, long records and terms without effect are told', () => {
    assert.deepEqual(defectsOf('v=spf1 ptr ptr:a.test -all'), ['SPF_PTR', 'SPF_PTR'])
    assert.deepEqual(defectsOf(`v=spf1 ${'ip4:192.0.2.100 '.repeat(30)}-all`), ['SPF_TOO_LONG'])
    assert.deepEqual(defectsOf('v=spf1 -all include:a.test'), ['SPF_TERMS_AFTER_ALL'])
    assert.deepEqual(defectsOf('v=spf1 -all redirect=a.test'), ['SPF_REDIRECT_IGNORED'])
    const {mechanisms, redirect} = readSpf('v=spf1 -all include:a.test redirect=b.test')
    assert.deepEqual(
      mechanisms.map(({kind}) => kind),
      ['all'],
    )
    assert.equal(redirect, null)
  })

  test('the version is exact, and what was meant as one is told', () => {
    for (const text of ['v=spf1', 'v=spf1 -all', 'V=SPF1 mx']) assert.ok(isSpf(text), text)
    for (const text of [
      'v=spf10 -all',
      'v=spf1;-all',
      'v=spf2 mx',
      'spf2.0/pra mx -all',
      'google-site-verification=x',
    ]) {
      assert.ok(!isSpf(text), text)
    }
    for (const text of [
      ' v=spf1 mx -all',
      '"v=spf1 mx -all"',
      'v=spf1; mx -all',
      'v = spf1 mx',
      'spf1 mx -all',
      'v=spf1include:a.test',
    ])
      assert.ok(resemblesSpf(text), text)
    for (const text of ['v=spf1 -all', 'google-site-verification=x', 'v=DMARC1; p=none'])
      assert.ok(!resemblesSpf(text), text)
  })
})

describe('SPF records to publish', () => {
  const nothing = {add: [], drop: [], dropPtr: false, newEnd: false}

  test('terms are added before the end', () => {
    const add = ['include:_spf.google.com']
    for (const [before, after] of [
      ['v=spf1 mx -all', 'v=spf1 mx include:_spf.google.com -all'],
      ['v=spf1 redirect=a.test', 'v=spf1 include:_spf.google.com redirect=a.test'],
      ['v=spf1 mx', 'v=spf1 mx include:_spf.google.com'],
    ] as const)
      assert.equal(mended(before, {...nothing, add}), after)
    assert.equal(mended('v=spf1 mx', {...nothing, add, newEnd: true}), 'v=spf1 mx include:_spf.google.com ~all')
    assert.equal(mended('v=spf1 a ptr mx ?all', {...nothing, dropPtr: true, newEnd: true}), 'v=spf1 a mx ~all')
    assert.equal(mended('v=spf1 mx include:a.test -all', {...nothing, drop: ['include:a.test']}), 'v=spf1 mx -all')
    assert.equal(mended('v=spf1 mx -all', nothing), 'v=spf1 mx -all')
  })

  test('several become one that allows what each of them allows', () => {
    assert.equal(merged(['v=spf1 mx -all', 'v=spf1 include:a.test -all']), 'v=spf1 mx include:a.test -all')
    assert.equal(merged(['v=spf1 mx ~all', 'v=spf1 mx redirect=a.test']), 'v=spf1 mx include:a.test ~all')
    assert.equal(newRecord(['mx']), 'v=spf1 mx ~all')
  })

  test('a version that nobody takes for one is set right, where the rest is good', () => {
    assert.equal(withVersion('v=spf1; mx -all'), 'v=spf1 mx -all')
    assert.equal(withVersion('"v=spf1 include:a.test ~all"'), 'v=spf1 include:a.test ~all')
    assert.equal(withVersion('spf1 rubbish!'), null)
  })
})

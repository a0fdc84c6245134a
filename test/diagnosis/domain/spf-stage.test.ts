import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {type Asked, assertWarns, lookAt, type Zone} from './look-at-domain.ts'

const [DOMAIN, WEAK, DNS] = [29, 2, 20]

/** A server of one's own. */
const SERVER: Zone = {'smtp.acme.test': {a: ['192.0.2.25']}}
const spf = (text: string, more: Zone = {}): Zone => ({...SERVER, 'acme.test': {txt: ['hello', text]}, ...more})

const GOOGLE: Asked = {host: 'smtp.gmail.com', provider: 'google-workspace'}
const GOOGLE_ZONE: Zone = {
  '_spf.google.com': {txt: ['v=spf1 include:_netblocks.google.com include:_netblocks2.google.com ~all']},
  '_netblocks.google.com': {txt: ['v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/24 ~all']},
  '_netblocks2.google.com': {txt: ['v=spf1 ip6:2001:db8::/48 ~all']},
}

const coversOf = (evidence: object) => (evidence as {covers: {verdict: string; how: string; certainty: string}}).covers

describe('the stage spf', () => {
  test('passes where the record lets the server of the domain send', async (t) => {
    const {stage} = await lookAt(t, 'spf', spf('v=spf1 ip4:192.0.2.0/24 -all'))
    assert.equal(stage.status, 'pass')
    assert.equal(stage.title, 'SPF of acme.test is good, and covers the server')
    assert.deepEqual(coversOf(stage.evidence), {
      verdict: 'covered',
      how: 'it lets 192.0.2.25 send, an address of smtp.acme.test',
      certainty: 'likely',
    })
  })

  test('without a record it says which one to publish', async (t) => {
    for (const [asked, record] of [
      [{}, 'v=spf1 mx a:smtp.acme.test ~all'],
      [{host: '192.0.2.7'}, 'v=spf1 mx ip4:192.0.2.7 ~all'],
      [{host: '127.0.0.1'}, 'v=spf1 mx ~all'],
      [GOOGLE, 'v=spf1 include:_spf.google.com ~all'],
      [{host: 'smtp.office365.com', provider: 'microsoft-365'}, 'v=spf1 include:spf.protection.outlook.com ~all'],
      [{protocol: 'imap', host: 'imap.acme.test', port: 993}, 'v=spf1 mx ~all'],
    ] as const) {
      const {stage} = await lookAt(t, 'spf', {'acme.test': {txt: ['hello']}, ...GOOGLE_ZONE}, asked)
      assertWarns(stage, 'SPF_MISSING', DOMAIN, {
        title: /^acme\.test has no SPF record$/,
        fix: `acme.test. TXT "${record}"`,
      })
      assert.deepEqual(stage.evidence['publish'], [{name: 'acme.test', type: 'TXT', value: record, replaces: false}])
    }
  })

  test('several records are one to publish', async (t) => {
    const {stage} = await lookAt(t, 'spf', {
      'acme.test': {txt: ['v=spf1 mx -all', 'v=spf1 include:_spf.google.com -all']},
    })
    assertWarns(stage, 'SPF_SEVERAL', DOMAIN, {
      title: /^acme\.test has 2 SPF records$/,
      fix: 'acme.test. TXT "v=spf1 mx include:_spf.google.com -all"',
    })
  })

  test('a record that nobody takes for one is set right', async (t) => {
    const {stage} = await lookAt(t, 'spf', {'acme.test': {txt: ['"v=spf1 mx -all"']}})
    assertWarns(stage, 'SPF_VERSION', DOMAIN, {fix: 'in the place of what is there: acme.test. TXT "v=spf1 mx -all"'})
  })

  test('a record in several strings is one, joined without a space', async (t) => {
    const {stage} = await lookAt(t, 'spf', {
      ...SERVER,
      'acme.test': {txt: [['v=spf1 ip4:192.0', '.2.25 -all']]},
    })
    assert.equal(stage.status, 'pass')
    const broken = await lookAt(t, 'spf', {'acme.test': {txt: [['v=spf1 mx', 'a -all']]}})
    assertWarns(broken.stage, 'SPF_SYNTAX', DOMAIN, {why: /"mxa" is no term of SPF/})
  })

  test('what lets everybody send, or nobody fail, is mended by an exact record', async (t) => {
    for (const [text, code, exitCode, mended] of [
      ['v=spf1 ip4:192.0.2.25 +all', 'SPF_ALLOWS_ALL', DOMAIN, 'v=spf1 ip4:192.0.2.25 ~all'],
      ['v=spf1 ip4:192.0.2.25 ?all', 'SPF_NEUTRAL', WEAK, 'v=spf1 ip4:192.0.2.25 ~all'],
      ['v=spf1 ip4:192.0.2.25', 'SPF_NO_ALL', WEAK, 'v=spf1 ip4:192.0.2.25 ~all'],
      ['v=spf1 ip4:192.0.2.25 ptr -all', 'SPF_PTR', WEAK, 'v=spf1 ip4:192.0.2.25 -all'],
      ['v=spf1 ip4:192.0.2.25 include:gone.test -all', 'SPF_INCLUDE_BROKEN', DOMAIN, 'v=spf1 ip4:192.0.2.25 -all'],
    ] as const) {
      const {stage} = await lookAt(t, 'spf', spf(text))
      assertWarns(stage, code, exitCode, {fix: `in the place of what is there: acme.test. TXT "${mended}"`})
    }
  })

  test('what only the owner of the domain can decide is told without a record', async (t) => {
    const many = Array.from({length: 11}, (_, i) => `a:h${i}.test`)
    const hosts = Object.fromEntries(many.map((term) => [term.slice(2), {a: ['192.0.2.25']}]))
    for (const [text, code] of [
      [`v=spf1 ${many.join(' ')} -all`, 'SPF_TOO_MANY_LOOKUPS'],
      ['v=spf1 ip4:192.0.2.25 a:x.test a:y.test a:z.test -all', 'SPF_TOO_MANY_VOID_LOOKUPS'],
      ['v=spf1 ip4:192.0.0.0/7 -all', 'SPF_WIDE_NETWORK'],
      ['v=spf1 ip4:192.0.2.25 redirect=gone.test', 'SPF_REDIRECT_BROKEN'],
      ['v=spf1 ip4:192.0.2.25 include:acme.test -all', 'SPF_LOOP'],
      ['v=spf1 ip5:x -all', 'SPF_SYNTAX'],
    ] as const) {
      const {stage} = await lookAt(t, 'spf', spf(text, hosts))
      assertWarns(stage, code, DOMAIN, {fix: /./})
      assert.equal(stage.evidence['publish'], undefined)
    }
  })

  test('the worst is the problem, and the others are told beside it', async (t) => {
    const {stage} = await lookAt(t, 'spf', spf('v=spf1 ip4:192.0.2.25 ptr include:gone.test ?all'))
    assertWarns(stage, 'SPF_INCLUDE_BROKEN', DOMAIN, {fix: '"v=spf1 ip4:192.0.2.25 ~all"'})
    assert.deepEqual(
      (stage.evidence['alsoWrong'] as {code: string}[]).map(({code}) => code),
      ['SPF_NEUTRAL', 'SPF_PTR'],
    )
  })

  test('what the DNS does not say is not known, unless the record is broken anyway', async (t) => {
    for (const script of ['silence', 'servfail'] as const) {
      const {stage} = await lookAt(t, 'spf', {'acme.test': script})
      assertWarns(stage, 'DNS_FAILED', DNS, {why: /acme\.test TXT/})
    }
    const part = await lookAt(t, 'spf', spf('v=spf1 ip4:192.0.2.25 include:slow.test -all', {'slow.test': 'servfail'}))
    assertWarns(part.stage, 'DNS_FAILED', DNS, {why: /slow\.test TXT/})
    const provider = await lookAt(
      t,
      'spf',
      {...GOOGLE_ZONE, 'acme.test': {txt: ['v=spf1 include:slow.test -all']}, 'slow.test': 'servfail'},
      GOOGLE,
    )
    assertWarns(provider.stage, 'DNS_FAILED', DNS)
    const broken = await lookAt(t, 'spf', spf('v=spf1 +all', {'slow.test': 'servfail'}))
    assertWarns(broken.stage, 'SPF_ALLOWS_ALL', DOMAIN)
  })
})

describe('whether SPF covers the server', () => {
  test('an include of the provider does, be it in another include or a redirect', async (t) => {
    for (const [text, how, more] of [
      ['v=spf1 include:_spf.google.com ~all', 'include:_spf.google.com', {}],
      ['v=spf1 redirect=_spf.google.com', 'redirect=_spf.google.com', {}],
      [
        'v=spf1 include:all.test -all',
        'include:_spf.google.com',
        {'all.test': {txt: ['v=spf1 include:_spf.google.com ~all']}},
      ],
    ] as const) {
      const {stage} = await lookAt(t, 'spf', {...GOOGLE_ZONE, 'acme.test': {txt: [text]}, ...more}, GOOGLE)
      assert.equal(stage.status, 'pass', text)
      assert.deepEqual(coversOf(stage.evidence), {
        verdict: 'covered',
        how: `${how} names the servers of Google Workspace`,
        certainty: 'certain',
      })
    }
  })

  test('without it the exact record has it, before the end', async (t) => {
    const {stage} = await lookAt(
      t,
      'spf',
      {...GOOGLE_ZONE, 'acme.test': {txt: ['v=spf1 ip4:203.0.113.1 -all']}},
      GOOGLE,
    )
    assertWarns(stage, 'SPF_DOES_NOT_COVER', DOMAIN, {
      title: /^SPF of acme\.test does not cover smtp\.gmail\.com$/,
      why: /does not include _spf\.google\.com/,
      fix: 'acme.test. TXT "v=spf1 ip4:203.0.113.1 include:_spf.google.com -all"',
    })
    assert.equal(stage.problem?.certainty, 'certain')
  })

  test('an include that forbids does not', async (t) => {
    const {stage} = await lookAt(
      t,
      'spf',
      {...GOOGLE_ZONE, 'acme.test': {txt: ['v=spf1 -include:_spf.google.com ~all']}},
      GOOGLE,
    )
    assertWarns(stage, 'SPF_DOES_NOT_COVER', DOMAIN)
  })

  test('the networks of the provider, listed one by one, do; some of them do not', async (t) => {
    const all = 'v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/23 ip6:2001:db8::/32 -all'
    const flat = await lookAt(t, 'spf', {...GOOGLE_ZONE, 'acme.test': {txt: [all]}}, GOOGLE)
    assert.equal(flat.stage.status, 'pass')
    assert.equal(coversOf(flat.stage.evidence).how, 'it lists all 3 networks of _spf.google.com')
    const part = await lookAt(t, 'spf', {...GOOGLE_ZONE, 'acme.test': {txt: ['v=spf1 ip4:192.0.2.0/24 -all']}}, GOOGLE)
    assertWarns(part.stage, 'SPF_DOES_NOT_COVER', DOMAIN, {why: /only 1 of its 3 networks are listed/})
  })

  test('the lookups that the include would cost are counted before', async (t) => {
    const names = Array.from({length: 8}, (_, i) => `h${i}.test`)
    const zone: Zone = {
      ...GOOGLE_ZONE,
      ...Object.fromEntries(names.map((name) => [name, {a: ['203.0.113.1']}])),
      'acme.test': {txt: [`v=spf1 ${names.map((name) => `a:${name}`).join(' ')} -all`]},
    }
    const {stage} = await lookAt(t, 'spf', zone, GOOGLE)
    assertWarns(stage, 'SPF_DOES_NOT_COVER', DOMAIN, {fix: 'That makes 11 lookups, and 10 are allowed'})
  })

  test('a provider that sends with an envelope sender of its own needs none', async (t) => {
    const asked = {host: 'smtp.sendgrid.net', provider: 'sendgrid'}
    const good = await lookAt(
      t,
      'spf',
      {'acme.test': {txt: ['v=spf1 mx -all'], mx: ['10 mx.test']}, 'mx.test': {a: ['192.0.2.1']}},
      asked,
    )
    assert.equal(good.stage.status, 'pass')
    assert.equal(coversOf(good.stage.evidence).verdict, 'not-asked')
    const none = await lookAt(t, 'spf', {'acme.test': {txt: ['hello']}}, asked)
    assert.equal(none.stage.status, 'skip')
    assert.match(
      none.stage.because!,
      /has no SPF record, and needs none: SendGrid sends with an envelope sender of its own/,
    )
  })

  test('where the account decides, nothing is held against the record', async (t) => {
    const asked = {host: 'smtp.mailgun.org', provider: 'mailgun'}
    const {stage} = await lookAt(t, 'spf', {'acme.test': {txt: ['v=spf1 ip4:203.0.113.1 -all']}}, asked)
    assert.equal(stage.status, 'pass')
    assert.match(stage.title, /Mailgun may send with an envelope sender of another domain of the account/)
    const none = await lookAt(t, 'spf', {'acme.test': {txt: ['hello']}}, asked)
    assertWarns(none.stage, 'SPF_MISSING', WEAK, {fix: 'acme.test. TXT "v=spf1 include:mailgun.org ~all"'})
  })

  test('a server of no known provider is judged by its addresses, and that is a guess', async (t) => {
    const {stage} = await lookAt(t, 'spf', spf('v=spf1 ip4:203.0.113.1 -all'))
    assertWarns(stage, 'SPF_DOES_NOT_COVER', WEAK, {
      why: /does not let 192\.0\.2\.25 send, the addresses of smtp\.acme\.test/,
      fix: 'acme.test. TXT "v=spf1 ip4:203.0.113.1 a:smtp.acme.test -all"',
    })
    assert.equal(stage.problem?.certainty, 'guess')
    assert.equal(stage.problem.causes?.length, 2)
  })

  test('an include of the domain of the server is taken for its own', async (t) => {
    const {stage} = await lookAt(
      t,
      'spf',
      spf('v=spf1 include:_spf.hoster.test -all', {
        'smtp.hoster.test': {a: ['192.0.2.25']},
        '_spf.hoster.test': {txt: ['v=spf1 ip4:203.0.113.0/24 -all']},
      }),
      {host: 'smtp.hoster.test'},
    )
    assert.equal(stage.status, 'pass')
    assert.deepEqual(coversOf(stage.evidence), {
      verdict: 'covered',
      how: 'include:_spf.hoster.test is of the domain of smtp.hoster.test',
      certainty: 'guess',
    })
  })

  test('macros, a server on this machine, and mailboxes leave it open', async (t) => {
    for (const [text, asked] of [
      ['v=spf1 exists:%{i}.spf.test -all', {}],
      ['v=spf1 exists:%{i}.spf.test -all', GOOGLE],
      ['v=spf1 ip4:203.0.113.1 -all', {host: 'localhost'}],
      ['v=spf1 ip4:203.0.113.1 -all', {protocol: 'imap', host: 'imap.acme.test'}],
      ['v=spf1 ip4:203.0.113.1 -all', {host: 'nowhere.acme.test'}],
    ] as const) {
      const {stage} = await lookAt(t, 'spf', {...spf(text), ...GOOGLE_ZONE}, asked)
      assert.equal(stage.status, 'pass', JSON.stringify(stage.problem))
      assert.equal(coversOf(stage.evidence).verdict, 'unknown')
    }
  })

  test('a domain that belongs to a provider is covered by its own servers alone', async (t) => {
    const zone: Zone = {...GOOGLE_ZONE, 'gmail.com': {txt: ['v=spf1 redirect=_spf.google.com']}}
    const own = await lookAt(t, 'spf', zone, {domain: 'gmail.com', host: 'smtp.gmail.com', provider: 'gmail'})
    assert.equal(own.stage.status, 'pass')
    const other = await lookAt(t, 'spf', zone, {domain: 'gmail.com', host: 'smtp.sendgrid.net', provider: 'sendgrid'})
    assertWarns(other.stage, 'SPF_DOES_NOT_COVER', DOMAIN, {
      why: /gmail\.com belongs to Gmail/,
      fix: 'Send mail of gmail.com by smtp.gmail.com',
    })
    assert.equal(other.stage.evidence['publish'], undefined)
  })
})

import assert from 'node:assert/strict'
import type {RequestListener} from 'node:http'
import {describe, test, type TestContext} from 'node:test'
import {discoverSmtp, type DiscoverOptions} from '../../src/lib/discovery/discover.ts'
import {createResolver} from '../../src/lib/dns/resolver.ts'
import {startDns, type Script} from '../support/dns-server.ts'
import {autoconfigFile, startWeb} from './autoconfig-server.ts'

const never = new AbortController().signal

/** Public addresses that are only ever looked at: nothing is connected to there. */
const PUBLIC = {a: ['9.9.9.9']}

type Zone = Readonly<Record<string, Script>>

async function withDns(t: TestContext, zone: Zone, more: Partial<DiscoverOptions> = {}) {
  const dns = await startDns(t, zone)
  const options = {query: createResolver({address: dns.address, queryTimeoutMs: 500}), signal: never, online: true}
  return {dns, discover: (address: string) => discoverSmtp(address, {...options, ...more})}
}

/** With a web server for `acme.test` and what else is named; the zone has its addresses. */
async function withWeb(t: TestContext, answer: RequestListener, zone: Zone = {}, more: Partial<DiscoverOptions> = {}) {
  const names = ['acme.test', 'autoconfig.acme.test', 'other.test']
  const web = await startWeb(t, names, answer)
  const local = {a: ['127.0.0.1']}
  return {
    web,
    ...(await withDns(
      t,
      {'acme.test': local, 'autoconfig.acme.test': local, 'other.test': local, 'smtp.acme.test': local, ...zone},
      {loopback: web, ...more},
    )),
  }
}

const file = autoconfigFile('smtp.acme.test 587 STARTTLS %EMAILLOCALPART%', 'smtp.acme.test 465 SSL %EMAILADDRESS%')

describe('what is bundled', () => {
  test("a provider's own domain needs no question at all", async (t) => {
    const {dns, discover} = await withDns(t, {})
    const {candidates, provider, tried} = await discover('Ann@Web.DE')
    assert.deepEqual(candidates[0], {
      host: 'smtp.web.de',
      port: 465,
      security: 'tls',
      user: 'Ann',
      userFrom: 'the table, for WEB.DE',
      source: {kind: 'table-domain', detail: 'web.de'},
      trusted: true,
      elsewhere: false,
    })
    assert.equal(provider?.id, 'web-de')
    assert.deepEqual(
      tried.map(({state}) => state),
      ['found'],
    )
    assert.deepEqual(dns.questions, [])
  })

  test('a domain is known by its most preferred mail exchanger, and nothing else is asked', async (t) => {
    const {dns, discover} = await withDns(t, {
      'acme.test': {mx: ['20 mx.acme.test', '10 acme-test.mail.protection.outlook.com']},
    })
    const {candidates, provider} = await discover('ann@acme.test')
    assert.equal(provider?.id, 'microsoft-365')
    assert.deepEqual(
      candidates.map(({host, port, source, trusted}) => [host, port, source.kind, source.detail, trusted]),
      [['smtp.office365.com', 587, 'table-mx', 'MX acme-test.mail.protection.outlook.com', true]],
    )
    assert.deepEqual(dns.questions, ['MX acme.test'])
  })

  test('offline only the exchanger is asked for', async (t) => {
    const {dns, discover} = await withDns(t, {'acme.test': {mx: ['10 mx.acme.test']}}, {online: false})
    const {candidates, provider, tried} = await discover('ann@acme.test')
    assert.deepEqual([candidates, provider], [[], null])
    assert.deepEqual(
      tried.map(({kind, state}) => [kind, state]),
      [
        ['table-domain', 'nothing'],
        ['table-mx', 'nothing'],
      ],
    )
    assert.deepEqual(dns.questions, ['MX acme.test'])
  })

  test('a domain that does not exist is asked for nothing more, and one that takes no mail is said to', async (t) => {
    const {dns, discover} = await withDns(t, {'silent.test': {mx: ['0 .']}})
    assert.match((await discover('ann@none.test')).tried.at(-1)!.outcome, /no such name/)
    assert.deepEqual(dns.questions, ['MX none.test'])
    const {nullMx, tried} = await discover('ann@silent.test')
    assert.ok(nullMx)
    assert.match(tried[1]!.outcome, /takes no mail/)
  })
})

describe('SRV records', () => {
  test('are taken by priority and weight, TLS from the first byte before STARTTLS', async (t) => {
    const {discover} = await withDns(t, {
      'acme.test': 'no-data',
      '_submission._tcp.acme.test': {srv: ['0 1 587 a.acme.test']},
      '_submissions._tcp.acme.test': {srv: ['10 1 465 c.acme.test', '5 1 465 b.acme.test', '5 9 4465 a.acme.test']},
      'a.acme.test': PUBLIC,
      'b.acme.test': PUBLIC,
      'c.acme.test': PUBLIC,
    })
    const {candidates, provider} = await discover('ann@acme.test')
    assert.deepEqual(
      candidates.map(({host, port, security}) => `${host}:${port} ${security}`),
      ['a.acme.test:4465 tls', 'b.acme.test:465 tls', 'c.acme.test:465 tls', 'a.acme.test:587 starttls'],
    )
    assert.equal(provider, null)
    assert.deepEqual(candidates[1], {
      host: 'b.acme.test',
      port: 465,
      security: 'tls',
      user: 'ann@acme.test',
      userFrom: 'the address, as RFC 6186 4 has it',
      source: {kind: 'srv', detail: '_submissions._tcp.acme.test SRV 5 1 465 b.acme.test'},
      trusted: false,
      elsewhere: false,
    })
  })

  test('may say that there is no such service', async (t) => {
    const {discover} = await withDns(t, {
      'acme.test': 'no-data',
      '_submission._tcp.acme.test': {srv: ['0 0 0 .']},
    })
    const {candidates, tried} = await discover('ann@acme.test')
    assert.deepEqual(candidates, [])
    assert.match(tried[2]!.outcome, /no such service/)
  })

  test('that lead out of the domain are shown as such, and to a known host with its provider', async (t) => {
    const {discover} = await withDns(t, {
      'acme.test': 'no-data',
      '_submissions._tcp.acme.test': {srv: ['0 1 465 smtp.fastmail.com']},
      'smtp.fastmail.com': PUBLIC,
    })
    const {candidates, provider} = await discover('ann@acme.test')
    assert.deepEqual(
      candidates.map(({elsewhere, trusted}) => [elsewhere, trusted]),
      [[true, false]],
    )
    assert.equal(provider?.id, 'fastmail')
  })

  test('that lead into the own network are refused, by name and by address', async (t) => {
    const {discover} = await withDns(t, {
      'acme.test': 'no-data',
      '_submissions._tcp.acme.test': {
        srv: ['1 1 465 localhost', '2 1 465 smtp.internal', '3 1 465 inside.acme.test', '4 1 465 mixed.acme.test'],
      },
      '_submission._tcp.acme.test': {srv: ['1 1 587 gone.acme.test', '2 1 587 linklocal.acme.test']},
      'inside.acme.test': {a: ['10.0.0.1']},
      'mixed.acme.test': {a: ['9.9.9.9', '127.0.0.1']},
      'linklocal.acme.test': {aaaa: ['fe80:0:0:0:0:0:0:1']},
    })
    const {candidates, tried} = await discover('ann@acme.test')
    assert.deepEqual(candidates, [])
    assert.match(tried[2]!.outcome, /localhost is no public name.*inside\.acme\.test has an address that is not public/)
  })
})

describe('the autoconfig file', () => {
  test('is read over https, the most secure server first, with its source', async (t) => {
    const {web, discover} = await withWeb(t, (request, response) => {
      response.statusCode = request.headers.host?.startsWith('autoconfig.') ? 404 : 200
      response.end(file)
    })
    const {candidates, tried} = await discover('ann@acme.test')
    const where = 'https://acme.test/.well-known/autoconfig/mail/config-v1.1.xml'
    assert.deepEqual(
      candidates.map(({port, security, user, userFrom, source, trusted}) => ({
        ...{port, security, user, userFrom, source, trusted},
      })),
      [
        ...[{port: 465, security: 'tls', user: 'ann@acme.test'}],
        ...[{port: 587, security: 'starttls', user: 'ann'}],
      ].map((one) => ({...one, userFrom: where, source: {kind: 'autoconfig', detail: where}, trusted: false})),
    )
    assert.deepEqual(tried.at(-1), {kind: 'autoconfig', state: 'found', outcome: `${where}: 2 found`})
    assert.deepEqual(web.requests.toSorted(), [
      'acme.test /.well-known/autoconfig/mail/config-v1.1.xml',
      'autoconfig.acme.test /mail/config-v1.1.xml?emailaddress=ann%40acme.test',
    ])
  })

  test('gives way to an SRV record for the same host and port', async (t) => {
    const {discover} = await withWeb(t, (_, response) => response.end(file), {
      '_submissions._tcp.acme.test': {srv: ['0 1 465 smtp.acme.test']},
    })
    const {candidates} = await discover('ann@acme.test')
    assert.deepEqual(
      candidates.map(({port, source}) => [port, source.kind]),
      [
        [465, 'srv'],
        [587, 'autoconfig'],
      ],
    )
  })

  const redirectTo =
    (location: (path: string) => string): RequestListener =>
    (request, response) => {
      if (request.headers.host === 'other.test' && request.url === '/file') return void response.end(file)
      response.writeHead(302, {location: location(request.url ?? '')}).end()
    }

  test('is followed to another host', async (t) => {
    const {discover} = await withWeb(
      t,
      redirectTo(() => 'https://other.test/file'),
    )
    assert.equal((await discover('ann@acme.test')).candidates.length, 2)
  })

  for (const [name, location, why] of [
    ['to plain http', () => 'http://other.test/file', /only https/],
    ['to another port', () => 'https://other.test:8443/file', /only https/],
    ['with a login', () => 'https://a:b@other.test/file', /only https/],
    ['to an address', () => 'https://127.0.0.1/file', /no public name/],
    ['to an address in disguise', () => 'https://2130706433/file', /no public name/],
    ['to a private name', () => 'https://localhost/file', /no public name/],
    ['to a host within the network', () => 'https://inside.test/file', /not public/],
    ['in a circle', (path) => `https://other.test${path}x`, /more than 3/],
    ['to nowhere', () => 'https://', /to nowhere/],
  ] satisfies [string, (path: string) => string, RegExp][])
    test(`is not followed ${name}`, async (t) => {
      const {web, discover} = await withWeb(t, redirectTo(location), {'inside.test': {a: ['10.0.0.1']}})
      const {candidates, tried} = await discover('ann@acme.test')
      assert.deepEqual(candidates, [])
      assert.match(tried.at(-1)!.outcome, why)
      assert.ok(web.requests.length <= 8)
    })

  test('is not asked for at an address that is not public, also where others of the host are', async (t) => {
    const {discover} = await withDns(t, {
      'acme.test': {a: ['169.254.169.254']},
      'autoconfig.acme.test': {a: ['9.9.9.9', '127.0.0.1']},
    })
    const {candidates, tried} = await discover('ann@acme.test')
    assert.deepEqual(candidates, [])
    assert.match(
      tried.at(-1)!.outcome,
      /autoconfig\.acme\.test has an address that is not public, .*; .*acme\.test has/,
    )
  })

  test('is asked for at the address that was judged, whatever DNS says afterwards', async (t) => {
    const {dns, discover} = await withWeb(t, (_, response) => response.end(file))
    await discover('ann@acme.test')
    const asked = dns.questions.filter((question) => question.endsWith(' autoconfig.acme.test'))
    assert.deepEqual(asked.toSorted(), ['A autoconfig.acme.test', 'AAAA autoconfig.acme.test'])
  })

  test('is refused with a certificate of nobody, or for another name', async (t) => {
    const {web, dns} = await withWeb(t, (_, response) => response.end(file))
    const query = createResolver({address: dns.address})
    const other = await startWeb(t, ['acme.test'], () => {})
    for (const loopback of [
      {port: web.port, ca: other.ca},
      {port: other.port, ca: web.ca},
    ]) {
      const {candidates} = await discoverSmtp('ann@acme.test', {query, signal: never, online: true, loopback})
      assert.deepEqual(candidates, [])
    }
    dns.zone.set('autoconfig.wrong.test', {a: ['127.0.0.1']}).set('wrong.test', {mx: ['10 mx.wrong.test']})
    const {tried} = await discoverSmtp('ann@wrong.test', {query, signal: never, online: true, loopback: web})
    assert.match(tried.at(-1)!.outcome, /altnames/)
  })

  test('is given up where it is too large, or a web page', async (t) => {
    const {discover} = await withWeb(t, (request, response) =>
      response.end(request.headers.host === 'acme.test' ? '<html></html>' : 'x'.repeat(70_000)),
    )
    const {candidates, tried} = await discover('ann@acme.test')
    assert.deepEqual(candidates, [])
    assert.match(tried.at(-1)!.outcome, /larger than 64 kB; .*no clientConfig/)
  })

  test('and everything else is given up after the deadline', async (t) => {
    const {discover} = await withWeb(t, (_, response) => void response.write('<'), {}, {deadlineMs: 300})
    const started = performance.now()
    const {candidates} = await discover('ann@acme.test')
    assert.deepEqual(candidates, [])
    assert.ok(performance.now() - started < 2000)
  })

  test('one who gives up is told so', async (t) => {
    const signal = AbortSignal.timeout(200)
    const {discover} = await withWeb(t, (_, response) => void response.write('<'), {}, {signal})
    await assert.rejects(discover('ann@acme.test'), {name: 'TimeoutError'})
  })
})

test('a DNS that fails is told apart from one that has nothing', async (t) => {
  const {discover} = await withDns(t, {
    'acme.test': 'servfail',
    '_submissions._tcp.acme.test': 'servfail',
    '_submission._tcp.acme.test': 'servfail',
    'autoconfig.acme.test': 'servfail',
  })
  const {candidates, tried} = await discover('ann@acme.test')
  assert.deepEqual(candidates, [])
  assert.deepEqual(
    tried.map(({state}) => state),
    ['nothing', 'unknown', 'unknown', 'unknown'],
  )
})

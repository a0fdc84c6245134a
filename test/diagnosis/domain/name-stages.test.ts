/** The stages `srv` and `mx`: where the domain's servers are. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {assertWarns, lookAt} from './look-at-domain.ts'

const DNS = 20

describe('the stage srv', () => {
  test('passes where the domain names the server itself, on whatever port', async (t) => {
    const zone = {'_submissions._tcp.acme.test': {srv: ['0 1 465 SMTP.acme.test']}}
    const {stage, questions} = await lookAt(t, 'srv', zone, {port: 587, security: 'starttls'})
    assert.equal(stage.status, 'pass')
    assert.equal(stage.title, 'acme.test names smtp.acme.test itself')
    assert.deepEqual([...questions].sort(), ['SRV _submission._tcp.acme.test', 'SRV _submissions._tcp.acme.test'])
  })

  test('asks for the services of IMAP where the server is one', async (t) => {
    const {stage, questions} = await lookAt(
      t,
      'srv',
      {'_imaps._tcp.acme.test': {srv: ['0 1 993 imap.acme.test']}},
      {
        protocol: 'imap',
        host: 'imap.acme.test',
        port: 993,
      },
    )
    assert.equal(stage.status, 'pass')
    assert.deepEqual([...questions].sort(), ['SRV _imap._tcp.acme.test', 'SRV _imaps._tcp.acme.test'])
  })

  test('warns where the domain names others, best first, with the record for the one that is configured', async (t) => {
    const zone = {
      '_submissions._tcp.acme.test': {srv: ['10 1 465 b.hoster.test', '0 1 465 a.hoster.test']},
      '_submission._tcp.acme.test': {srv: ['0 1 587 c.hoster.test']},
    }
    const {stage} = await lookAt(t, 'srv', zone)
    assertWarns(stage, 'SRV_NAMES_OTHERS', DNS, {
      title: /^acme\.test names another server than smtp\.acme\.test$/,
      why: /a\.hoster\.test:465, b\.hoster\.test:465, c\.hoster\.test:587/,
      fix: '--host a.hoster.test --port 465 --security tls',
    })
    assertWarns(stage, 'SRV_NAMES_OTHERS', DNS, {fix: '_submissions._tcp.acme.test. SRV 0 1 465 smtp.acme.test.'})
  })

  test('a service that only sends is no contradiction to the servers of the mailboxes', async (t) => {
    const zone = {'_submissions._tcp.acme.test': {srv: ['0 1 465 mail.acme.test']}}
    const {stage} = await lookAt(t, 'srv', zone, {host: 'smtp.sendgrid.net', provider: 'sendgrid'})
    assert.equal(stage.status, 'pass')
    assert.match(stage.title, /SendGrid only sends/)
  })

  test('a root as the target says that there is no such service', async (t) => {
    const {stage} = await lookAt(t, 'srv', {'_submission._tcp.acme.test': {srv: ['0 0 0 .']}})
    assertWarns(stage, 'SRV_NO_SERVICE', DNS, {fix: 'SRV 0 1 465 smtp.acme.test.'})
  })

  test('without records, or a server, there is nothing to compare', async (t) => {
    const none = await lookAt(t, 'srv', {})
    assert.equal(none.stage.status, 'skip')
    assert.match(none.stage.because!, /nothing to compare/)
    const noServer = await lookAt(t, 'srv', {}, {host: null, port: null, security: null})
    assert.equal(noServer.stage.status, 'skip')
    assert.match(noServer.stage.because!, /no server is configured/)
  })

  test('a resolver that is silent or fails is not taken for no record', async (t) => {
    for (const script of ['silence', 'servfail'] as const) {
      const {stage} = await lookAt(t, 'srv', {
        '_submissions._tcp.acme.test': script,
        '_submission._tcp.acme.test': {srv: ['0 1 587 other.test']},
      })
      assertWarns(stage, 'DNS_FAILED', DNS, {why: /_submissions\._tcp\.acme\.test SRV/, fix: /POSTDESK_RESOLVER/})
    }
  })
})

describe('the stage mx', () => {
  test('tells where mail goes, and whose mailboxes those are', async (t) => {
    const {stage} = await lookAt(t, 'mx', {
      'acme.test': {mx: ['20 mx2.acme.test', '10 acme-test.mail.protection.outlook.com']},
      'acme-test.mail.protection.outlook.com': {a: ['192.0.2.1']},
      'mx2.acme.test': {aaaa: ['2001:db8:0:0:0:0:0:1']},
    })
    assert.equal(stage.status, 'pass')
    assert.equal(stage.title, 'Mail to acme.test goes to acme-test.mail.protection.outlook.com, which is Microsoft 365')
    assert.partialDeepStrictEqual(stage.evidence, {
      provider: 'microsoft-365',
      hosts: [
        {name: 'acme-test.mail.protection.outlook.com', priority: 10, addresses: ['192.0.2.1']},
        {name: 'mx2.acme.test', priority: 20, addresses: ['2001:db8::1']},
      ],
    })
  })

  test('a null MX says that the domain takes no mail', async (t) => {
    const {stage} = await lookAt(t, 'mx', {'acme.test': {mx: ['0 .']}})
    assertWarns(stage, 'MX_NULL', DNS, {title: /^acme\.test takes no mail at all$/, why: /RFC 7505/})
  })

  test('a null MX beside others is told', async (t) => {
    const {stage} = await lookAt(t, 'mx', {
      'acme.test': {mx: ['0 .', '10 mx.acme.test']},
      'mx.acme.test': {a: ['192.0.2.1']},
    })
    assertWarns(stage, 'MX_NULL_BESIDE_OTHERS', DNS, {fix: 'Remove the record acme.test. MX 0 .'})
  })

  test('an address in the place of a name is mended by two records', async (t) => {
    const {stage} = await lookAt(t, 'mx', {'acme.test': {mx: ['10 192.0.2.1']}})
    assertWarns(stage, 'MX_IS_ADDRESS', DNS, {fix: 'mail.acme.test. A 192.0.2.1'})
    assertWarns(stage, 'MX_IS_ADDRESS', DNS, {fix: 'acme.test. MX 10 mail.acme.test.'})
    assert.deepEqual(stage.evidence['publish'], [
      {name: 'mail.acme.test', type: 'A', value: '192.0.2.1', replaces: false},
      {name: 'acme.test', type: 'MX', value: '10 mail.acme.test.', replaces: true},
    ])
  })

  test('an alias is mended by the name that it stands for', async (t) => {
    const {stage} = await lookAt(t, 'mx', {
      'acme.test': {mx: ['10 mx.acme.test']},
      'mx.acme.test': {cname: 'host.hoster.test'},
      'host.hoster.test': {a: ['192.0.2.1']},
    })
    assertWarns(stage, 'MX_IS_ALIAS', DNS, {why: /RFC 2181 10\.3/, fix: 'acme.test. MX 10 host.hoster.test.'})
  })

  test('a server without an address is told', async (t) => {
    const {stage} = await lookAt(t, 'mx', {
      'acme.test': {mx: ['10 mx.acme.test', '20 gone.acme.test']},
      'mx.acme.test': {a: ['192.0.2.1']},
    })
    assertWarns(stage, 'MX_WITHOUT_ADDRESS', DNS, {title: /gone\.acme\.test/, fix: 'MX 20 gone.acme.test.'})
  })

  test('without MX mail goes to the address of the domain, where it has one', async (t) => {
    const implicit = await lookAt(t, 'mx', {'acme.test': {a: ['192.0.2.1']}})
    assertWarns(implicit.stage, 'MX_IMPLICIT', DNS, {why: /192\.0\.2\.1/, fix: 'acme.test. MX 10 acme.test.'})
    const none = await lookAt(t, 'mx', {'acme.test': {txt: ['x']}})
    assertWarns(none.stage, 'MX_MISSING', DNS, {title: /^acme\.test takes no mail$/})
  })

  test('a domain that does not exist is told in plain words, at whatever stage', async (t) => {
    for (const [id, exitCode] of [
      ['mx', DNS],
      ['spf', 29],
      ['dmarc', 29],
    ] as const) {
      const {stage} = await lookAt(t, id, {})
      assertWarns(stage, 'DOMAIN_NOT_FOUND', exitCode, {
        title: /^There is no domain acme\.test$/,
        fix: /typing mistake/,
      })
    }
  })

  test('what the DNS does not say is not known', async (t) => {
    for (const zone of [
      {'acme.test': 'servfail'},
      {'acme.test': 'silence'},
      {'acme.test': {mx: ['10 mx.acme.test']}, 'mx.acme.test': 'servfail'},
    ] as const) {
      const {stage} = await lookAt(t, 'mx', zone)
      assertWarns(stage, 'DNS_FAILED', DNS, {why: /it may be published or not/})
    }
  })

  test('a slow answer, and one that is too long for UDP, are waited for', async (t) => {
    const {stage, questions} = await lookAt(t, 'mx', {
      'acme.test': {delayMs: 60, answer: {mx: ['10 mx.acme.test'], truncated: true}},
      'mx.acme.test': {a: ['192.0.2.1']},
    })
    assert.equal(stage.status, 'pass')
    assert.ok(questions.includes('tcp MX acme.test'))
  })

  test('of many servers a bounded number is looked at', async (t) => {
    const hosts = Array.from({length: 40}, (_, i) => `m${i}.test`)
    const {questions} = await lookAt(t, 'mx', {'acme.test': {mx: hosts.map((host, i) => `${i} ${host}`)}})
    assert.ok(questions.length <= 2 + 12 * 3, `${questions.length}`)
  })
})

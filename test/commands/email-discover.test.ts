import assert from 'node:assert/strict'
import {readdir} from 'node:fs/promises'
import {describe, test, type TestContext} from 'node:test'
import type {EmailDiscovery} from '../../src/lib/email-discover.ts'
import {startDns, type Script} from '../support/dns-server.ts'
import type {Envelope} from '../support/program.ts'
import {postdesk, temporaryHome} from '../support/run-postdesk.ts'

/** Nothing answers there. */
const NO_DNS = '127.0.0.1:1'

/** The program with a DNS of its own; without a zone there is none. */
async function withDns(t: TestContext, zone?: Readonly<Record<string, Script>>) {
  const home = await temporaryHome(t)
  const dns = zone && (await startDns(t, zone))
  const resolver = dns ? `${dns.address.host}:${dns.address.port}` : NO_DNS
  const run = (...words: string[]) =>
    postdesk(['email', 'discover', ...words], {home, env: {POSTDESK_RESOLVER: resolver}})
  return {
    home,
    dns,
    run,
    json: async (address: string) =>
      JSON.parse((await run(address, '--json')).stdout) as Envelope<EmailDiscovery> & {error?: {why: string}},
  }
}

describe('email discover', () => {
  test('knows providers without DNS, and says which password they take and how they forward', async (t) => {
    const {home, run, json} = await withDns(t)
    const {exitCode, result, warnings, nextSteps} = await json('support@gmail.com')
    assert.equal(exitCode, 0)
    assert.deepEqual(
      result.candidates.map(({host, port, security, user, trusted}) => [host, port, security, user, trusted]),
      [
        ['smtp.gmail.com', 465, 'tls', 'support@gmail.com', true],
        ['smtp.gmail.com', 587, 'starttls', 'support@gmail.com', true],
      ],
    )
    assert.deepEqual([result.provider?.id, result.password?.kind, result.consent], ['gmail', 'app-password', 'gmail'])
    assert.ok(result.forwarding.confirms)
    assert.deepEqual([warnings, nextSteps], [[], ['postdesk email add smtp support@gmail.com']])
    const {code, stdout} = await run('support@gmail.com')
    assert.equal(code, 0)
    for (const part of [
      'smtp.gmail.com:465 TLS, user support@gmail.com',
      "host, port and security: the table, by the address's domain gmail.com",
      'myaccount.google.com/apppasswords',
      'Forwarding and POP/IMAP',
    ])
      assert.ok(stdout.includes(part), part)
    const left = await readdir(home)
    assert.ok(!left.includes('data'), 'no store is made')
  })

  test('says where no password is taken at all', async (t) => {
    const {json} = await withDns(t)
    const outlook = await json('ann@outlook.com')
    assert.deepEqual([outlook.exitCode, outlook.result.password?.kind], [0, 'none'])
    assert.deepEqual(outlook.nextSteps, [])
    const proton = await json('ann@proton.me')
    assert.deepEqual(
      [proton.exitCode, proton.error?.code, proton.result.provider?.id],
      [67, 'SMTP_NOT_PUBLISHED', 'proton'],
    )
  })

  test('knows a domain by its MX', async (t) => {
    const {dns, json} = await withDns(t, {'acme.example': {mx: ['1 acme-example.mail.protection.outlook.com']}})
    const {result, warnings} = await json('support@acme.example')
    assert.deepEqual([result.provider?.id, result.provider?.maxConnections], ['microsoft-365', 3])
    assert.match(result.provider!.note!, /December 2026/)
    assert.match(result.forwarding.steps[0]!, /550 5\.7\.520/)
    assert.deepEqual(warnings, [])
    assert.deepEqual(dns!.questions, ['MX acme.example'])
  })

  test('shows what a domain publishes as untrusted, and what leads elsewhere as such', async (t) => {
    const {run, json} = await withDns(t, {
      'acme.example': {mx: ['1 mx.acme.example']},
      '_submissions._tcp.acme.example': {srv: ['0 1 465 mail.host.example']},
      'mail.host.example': {a: ['9.9.9.9']},
    })
    const {exitCode, result, warnings, nextSteps} = await json('support@acme.example')
    assert.equal(exitCode, 0)
    assert.deepEqual(
      result.candidates.map(({host, trusted, elsewhere, source}) => [host, trusted, elsewhere, source.kind]),
      [['mail.host.example', false, true, 'srv']],
    )
    assert.match(warnings.join('\n'), /compare them.*\n.*not within acme\.example: mail\.host\.example/)
    assert.deepEqual(nextSteps, ['postdesk email add smtp support@acme.example --accept-discovered'])
    const {stdout, stderr} = await run('support@acme.example')
    assert.match(stdout, /DNS, _submissions\._tcp\.acme\.example SRV 0 1 465 mail\.host\.example/)
    assert.match(stderr, /not within acme\.example/)
  })

  test('invents nothing: a domain that publishes nothing ends with 67 and a way out', async (t) => {
    const {dns, json} = await withDns(t, {
      'gmial.com': {mx: ['1 mx.gmial.com']},
      'smtp.gmial.com': {a: ['9.9.9.9']},
      'mail.gmial.com': {a: ['9.9.9.9']},
    })
    const {exitCode, result, error} = await json('ann@gmial.com')
    assert.deepEqual([exitCode, error?.code, result.candidates], [67, 'SMTP_NOT_PUBLISHED', []])
    assert.match(error?.fixes[0]?.text ?? '', /^Did you mean "gmail\.com"/)
    assert.equal(error?.fixes[1]?.command, 'postdesk email add smtp ann@gmial.com --host HOST --user USER')
    assert.match(error?.fixes[2]?.text ?? '', /_submissions\._tcp\.gmial\.com/)
    assert.deepEqual(
      dns!.questions.filter((question) => /smtp\.|mail\./.test(question)),
      [],
    )
  })

  test('says that a domain does not exist, or takes no mail', async (t) => {
    const {json} = await withDns(t, {'quiet.example': {mx: ['0 .']}})
    const gone = await json('ann@none.example')
    assert.deepEqual([gone.exitCode, gone.error?.why], [67, 'MX of none.example: DNS has no such name'])
    const quiet = await json('ann@quiet.example')
    assert.deepEqual([quiet.exitCode, quiet.result.nullMx], [67, true])
    assert.match(quiet.warnings.join(), /takes no mail/)
  })

  test('ends with 20 where DNS failed and nothing is known', async (t) => {
    const {json} = await withDns(t)
    const {exitCode, error, result} = await json('ann@acme.example')
    assert.deepEqual([exitCode, error?.code, result.candidates], [20, 'DNS_FAILED', []])
    assert.match(error!.fixes[0]!.text, /POSTDESK_RESOLVER/)
  })

  test('refuses what is no address, and asks for none without a terminal', async (t) => {
    const {dns, json, run} = await withDns(t, {})
    for (const address of [
      'ann',
      'ann@localhost',
      'ann@[127.0.0.1]',
      'ann@a..example',
      '@acme.example',
      'ä@acme.example',
    ])
      assert.equal((await json(address)).exitCode, 64, address)
    assert.equal((await run('--json')).code, 64)
    assert.deepEqual(dns!.questions, [])
  })
})

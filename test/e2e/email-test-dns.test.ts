/** What the DNS says of a server and of the domain of its sender, and what the program makes of it, by a server of the tests. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, it, test, type TestContext} from 'node:test'
import {startMachine} from '../support/accounts.ts'
import {type Script, startDns} from '../support/dns-server.ts'
import {assertSecret, loginsIn} from '../support/server-test.ts'
import {assertJson, assertText} from '../support/verdict-forms.ts'
import {tame} from '../support/zoo.ts'

/** Each waits for its program. */
const AT_ONCE = 2

const HOST = 'smtp.acme.example'
const USER = 'help@acme.example'
/** It could be an app password of Google, so that nothing is wrong with it at any server. */
const PASSWORD = 'qwhxnzvkbtjmrpls'

type Zone = Readonly<Record<string, Script>>

/** A domain of which nothing is wrong; mail of it leaves by a server of its own. */
const WELL: Zone = {
  [HOST]: {a: ['127.0.0.1']},
  'acme.example': {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['10 mx.acme.example']},
  'mx.acme.example': {a: ['127.0.0.1']},
  '_dmarc.acme.example': {txt: ['v=DMARC1; p=reject; rua=mailto:dmarc@acme.example']},
}

const withSpf = (record: string, more: Zone = {}): Zone => ({
  ...more,
  'acme.example': {txt: [record], mx: ['10 mx.acme.example']},
})

/** A server with TLS that takes the login, by a name that only this DNS knows; what the zone has in it goes before `WELL`. */
async function startBench(t: TestContext, zone: Zone, commands: Parameters<typeof tame>[3] = {}) {
  const [dns, server, machine] = await Promise.all([
    startDns(t, {...WELL, ...zone}),
    tame(t, 'smtp', 'tls', commands),
    startMachine(t, 'sqlite:/nonexistent/store.sqlite'),
  ])
  const authority = join(machine.home, 'authority.pem')
  await writeFile(authority, server.ca ?? '')
  machine.env['POSTDESK_RESOLVER'] = `127.0.0.1:${dns.address.port}`
  const line = (more: string, host = HOST) =>
    `email test --host ${host} --port ${server.port} --security tls --ca-file ${authority} --tls-name localhost --user ${USER} --password-stdin ${more}`.trim()
  return {
    dns,
    server,
    machine,
    /** The envelope; asserts the exit code. */
    json: (exitCode: number, more = '', host = HOST) => machine.json(exitCode, line(more, host), PASSWORD),
    run: (more = '', host = HOST) => machine.run(line(more, host), PASSWORD),
  }
}

test('where nothing is wrong every stage that was looked at passes, with each flag', async (t) => {
  const {json, dns} = await startBench(t, {})
  const {result, error} = await json(0, '--strict --require-domain-auth')
  assert.deepEqual([result.verdict.status, error], ['pass', undefined])
  assert.ok(dns.questions.includes(`A ${HOST}`), 'nobody else is asked')
})

/** What a server's own name comes to. */
const NAMES: readonly (readonly [said: string, script: Script, code: string, mend: RegExp])[] = [
  ['does not exist', 'nxdomain', 'DNS_NOT_FOUND', /typing mistake/],
  ['cannot be looked up', 'servfail', 'DNS_SERVFAIL', /POSTDESK_RESOLVER/],
  ['has no address', {mx: ['10 mx.acme.example']}, 'DNS_NO_ADDRESS', /help page/],
]

describe('a server without an address is 20, and nothing is connected to', {concurrency: AT_ONCE}, () => {
  for (const [said, script, code, mend] of NAMES)
    it(`its name ${said}`, async (t) => {
      const {json, server} = await startBench(t, {[HOST]: script})
      const envelope = await json(20)
      assertJson(JSON.stringify(envelope), {stage: 'dns', status: 'fail', code, exitCode: 20})
      assert.match(JSON.stringify(envelope.error.fixes), mend)
      const stages = envelope.result.stages as readonly {readonly id: string; readonly status: string}[]
      // What hangs on no server is looked at all the same.
      assert.equal(stages.find(({id}) => id === 'spf')?.status, 'pass')
      assert.equal(stages.find(({id}) => id === 'tcp')?.status, 'skip')
      assert.deepEqual(server.heard, [])
    })
})

test('a name that is nearly that of a provider is told', async (t) => {
  const {json} = await startBench(t, {})
  const {error} = await json(20, '', 'smtp.gmial.com')
  assert.match(error.fixes[0].text, /smtp\.gmail\.com/)
})

const INCLUDES = Array.from({length: 11}, (_, index) => `part${index}.acme.example`)
const MANY = withSpf(
  `v=spf1 ip4:127.0.0.1 ${INCLUDES.map((name) => `include:${name}`).join(' ')} -all`,
  Object.fromEntries(INCLUDES.map((name): [string, Script] => [name, {txt: ['v=spf1 ip4:192.0.2.1 -all']}])),
)

interface DomainCase {
  readonly said: string
  readonly stage: string
  readonly code: string
  readonly zone: Zone
  readonly host?: string
  /** With `--require-domain-auth`: 29 where it is broken for sure. */
  readonly required: number
  readonly mend: RegExp
}

const DOMAINS: readonly DomainCase[] = [
  {
    said: 'takes no mail (null MX)',
    stage: 'mx',
    code: 'MX_NULL',
    zone: {'acme.example': {txt: ['v=spf1 ip4:127.0.0.1 -all'], mx: ['0 .']}},
    // Who may send for it is another matter.
    required: 0,
    mend: /Publish the MX records/,
  },
  {
    said: 'has no SPF record',
    stage: 'spf',
    code: 'SPF_MISSING',
    zone: {'acme.example': {mx: ['10 mx.acme.example']}},
    required: 29,
    mend: /acme\.example\. TXT \\"v=spf1 mx a:smtp\.acme\.example ~all\\"/,
  },
  {
    said: 'has an SPF record of too many lookups',
    stage: 'spf',
    code: 'SPF_TOO_MANY_LOOKUPS',
    zone: MANY,
    required: 29,
    mend: /include/,
  },
  {
    said: 'has an SPF record without the provider of its server',
    stage: 'spf',
    code: 'SPF_DOES_NOT_COVER',
    zone: {...withSpf('v=spf1 ip4:192.0.2.1 -all'), 'smtp.gmail.com': {a: ['127.0.0.1']}},
    host: 'smtp.gmail.com',
    required: 29,
    mend: /v=spf1 ip4:192\.0\.2\.1 include:_spf\.google\.com -all/,
  },
  {
    said: 'has an SPF record without its own server, which may send by others',
    stage: 'spf',
    code: 'SPF_DOES_NOT_COVER',
    zone: withSpf('v=spf1 ip4:192.0.2.1 -all'),
    required: 0,
    mend: /a:smtp\.acme\.example/,
  },
  {
    said: 'has no DMARC record',
    stage: 'dmarc',
    code: 'DMARC_MISSING',
    zone: {'_dmarc.acme.example': 'nxdomain'},
    required: 29,
    mend: /_dmarc\.acme\.example\. TXT \\"v=DMARC1; /,
  },
]

describe('what is wrong with a domain is a warning, and a failure where it is required', {concurrency: AT_ONCE}, () => {
  for (const {said, stage, code, zone, host = HOST, required, mend} of DOMAINS)
    it(`the domain ${said}`, async (t) => {
      const {json, run, server, machine} = await startBench(t, zone)
      const warned = await json(0, '', host)
      const report = assertJson(JSON.stringify(warned), {stage, status: 'warn', code, exitCode: 0})
      assert.match(JSON.stringify(report.verdict.fixes), mend)
      // It is told beside what works: the login was taken.
      assert.equal(report.stages.find(({id}) => id === 'login')?.status, 'pass')
      const flags = '--strict --require-domain-auth'
      if (required === 0) {
        const strict = await json(2, flags, host)
        assertJson(JSON.stringify(strict), {stage, status: 'warn', code, exitCode: 2})
      } else {
        const {code: exitCode, stdout} = await run(flags, host)
        assert.equal(exitCode, required)
        assertText(stdout, {stage, status: 'fail', code, exitCode: required})
      }
      assert.equal(loginsIn(server.heard).length, 2, 'one in each run')
      assertSecret(machine.printed(), {user: USER, password: PASSWORD})
    })
})

/** All of it at once. */
const BROKEN: Zone = {'acme.example': {mx: ['0 .']}, '_dmarc.acme.example': 'nxdomain'}

test('warnings are told all, each with the record that mends it', async (t) => {
  const {run} = await startBench(t, BROKEN)
  const {code, stdout} = await run('--strict')
  assert.equal(code, 2)
  for (const [stage, name] of [
    ['mx', 'MX_NULL'],
    ['spf', 'SPF_MISSING'],
    ['dmarc', 'DMARC_MISSING'],
  ] as const)
    assertText(stdout, {stage, status: 'warn', code: name, exitCode: 2})
  assert.match(stdout, /acme\.example\. TXT "v=spf1 /)
  assert.match(stdout, /_dmarc\.acme\.example\. TXT "v=DMARC1; /)
  assert.match(stdout, /Nothing fails; \d warnings\.\n$/)
})

test('a wrong password is 24, whatever is wrong with the domain', async (t) => {
  const refusing = {commands: {AUTH: ({say}: {say: (line: string) => void}) => say('535 5.7.8 Not this one')}}
  const {json, server} = await startBench(t, BROKEN, refusing)
  const {result, error} = await json(24, '--strict --require-domain-auth')
  assert.deepEqual([error.stage, error.code, error.serverReply], ['login', 'SMTP_AUTH', '535 5.7.8 Not this one'])
  const stages = result.stages as readonly {readonly id: string; readonly status: string; readonly code?: string}[]
  assert.deepEqual(
    stages
      .filter(({status}) => status === 'warn')
      .map(({id, code}) => `${id} ${code}`)
      .slice(0, 3),
    ['mx MX_NULL', 'spf SPF_MISSING', 'dmarc DMARC_MISSING'],
  )
  assert.equal(loginsIn(server.heard).length, 1)
})

test('a domain of which nothing can be known is neither broken nor well', async (t) => {
  const {json} = await startBench(t, {'acme.example': 'servfail', '_dmarc.acme.example': 'servfail'})
  const envelope = await json(2, '--strict --require-domain-auth')
  assert.equal(envelope.result.verdict.code, 'DNS_FAILED')
  assert.match(envelope.result.verdict.why, /it may be published or not/)
})

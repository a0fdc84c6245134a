import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {nearHost} from '../../src/lib/diagnosis/near-host.ts'
import {climbServer, type Question} from '../support/climb-server.ts'
import {type Script, startDns} from '../support/dns-server.ts'

const OTHERS = {'mx.provider.test': {a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8:0:0:0:0:0:1']}}

/** What the stage `dns` finds of a host, and what was asked for it. */
async function lookUp(t: TestContext, host: string, script: Script | null, more: Partial<Question> = {}) {
  const dns = await startDns(t, {...OTHERS, ...(script === null ? {} : {[host]: script})})
  const climbed = await climbServer(
    {protocol: 'smtp', port: 587, host, family: null, ...more},
    {until: 'dns', resolver: dns.address},
  )
  return {...climbed.stage('dns'), addresses: climbed.conversation.addresses, questions: dns.questions}
}

test('A and AAAA are asked for, timed, and told with the name that they lead to', async (t) => {
  const alias = {cname: 'mx.provider.test'}
  const {status, title, evidence, addresses} = await lookUp(t, 'mail.acme.test', alias)
  assert.equal(status, 'pass')
  assert.equal(title, 'mail.acme.test is 192.0.2.1, 192.0.2.2, 2001:db8::1')
  assert.deepEqual(
    addresses.map(({family}) => family),
    [4, 4, 6],
  )
  const {A, CNAME} = evidence as Record<string, {readonly records: readonly string[]; readonly ms: number}>
  assert.deepEqual([A?.records, CNAME], [['192.0.2.1', '192.0.2.2'], 'mx.provider.test'])
  assert.ok((A?.ms ?? -1) >= 0)
})

test('no such name, no address, a failure and silence are told apart', async (t) => {
  for (const [script, code, why] of [
    ['nxdomain', 'DNS_NOT_FOUND', /no address in the DNS/],
    ['no-data', 'DNS_NO_ADDRESS', /neither an A nor an AAAA/],
    ['servfail', 'DNS_SERVFAIL', /DNSSEC/],
    ['silence', 'DNS_UNAVAILABLE', /gives no answer/],
  ] as const) {
    const {status, problem} = await lookUp(t, 'mail.acme.test', script)
    assert.deepEqual([status, problem?.code, problem?.exitCode], ['fail', code, 20])
    assert.match(problem?.why ?? '', why)
  }
})

test('a family that is asked for alone is the only one that is tried', async (t) => {
  const script = {a: ['192.0.2.1'], aaaa: ['2001:db8:0:0:0:0:0:1']}
  const {addresses} = await lookUp(t, 'mail.acme.test', script, {family: 6})
  assert.deepEqual(addresses, [{address: '2001:db8::1', family: 6}])
  const none = await lookUp(t, 'mail.acme.test', {a: ['192.0.2.1']}, {family: 6})
  assert.deepEqual([none.problem?.code, none.problem?.exitCode], ['DNS_NO_SUCH_FAMILY', 20])
  const literal = await lookUp(t, '192.0.2.1', null, {family: 6})
  assert.equal(literal.problem?.code, 'DNS_NO_SUCH_FAMILY')
})

test('addresses, and the names of this machine, are no question for the DNS', async (t) => {
  for (const [host, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['localhost', '127.0.0.1'],
  ] as const) {
    const {status, addresses, questions} = await lookUp(t, host, null)
    assert.equal(status, 'pass')
    assert.ok(addresses.some((one) => one.address === address))
    assert.deepEqual(questions, [])
  }
})

test('what the system says of a name counts where no resolver was chosen', async () => {
  const {stages} = await climbServer({protocol: 'smtp', port: 587, host: 'ip6-no-such-name.invalid'}, {until: 'dns'})
  const [dns] = stages
  assert.equal(dns?.problem?.exitCode, 20)
  assert.ok('system' in (dns?.evidence ?? {}))
})

test('a slip of the finger in the host of a provider is guessed, and only that', async (t) => {
  const {problem} = await lookUp(t, 'smpt.gmail.com', null)
  assert.equal(problem?.fixes?.[0]?.text, 'Did you mean smtp.gmail.com?')
  for (const [typed, meant] of [
    ['smtp.gmial.com', 'smtp.gmail.com'],
    ['smtp.gmailcom', 'smtp.gmail.com'],
    ['imap.gmail.co', 'imap.gmail.com'],
    ['smtp.ofice365.com', 'smtp.office365.com'],
    ['smtp.acme.com', null],
    ['mail.acme.example', null],
    ['smtp.gmail.com', null],
  ] as const)
    assert.equal(nearHost(typed), meant, typed)
})

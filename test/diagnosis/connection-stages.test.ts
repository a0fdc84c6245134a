import assert from 'node:assert/strict'
import {networkInterfaces} from 'node:os'
import {test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {makeCertificates} from '../support/certificates.ts'
import {type Climbed, climbServer, type ClimbOptions, notPassed, type Question} from '../support/climb-server.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {silentPort} from '../support/silent-port.ts'
import {startSubmission, submissionMissing} from '../support/submission.ts'
import {type Cage, tame} from '../support/zoo.ts'
import {zooCertificates} from '../support/zoo-certificates.ts'

/** The stages of the connection alone: nobody logs in. */
const connect = (question: Question, options: ClimbOptions = {}): Promise<Climbed> =>
  climbServer(question, {until: 'capabilities', ...options})

const at = ({host, port, security, ca}: Cage) => ({host, port, security, ca})

const statuses = ({stages}: Climbed) => stages.map(({id, status}) => `${id} ${status}`)

// What is well ----------------------------------------------------------------------------------------------------

test('a server of SMTP with STARTTLS is asked EHLO, STARTTLS, EHLO, and nothing else', async (t) => {
  const cage = await tame(t, 'smtp', 'starttls')
  const climbed = await connect({protocol: 'smtp', ...at(cage)})
  assert.deepEqual(notPassed(climbed), [])
  assert.deepEqual(cage.heard, ['EHLO client.example', 'STARTTLS', 'EHLO client.example', 'QUIT'])
  const {before, onlyBefore, onlyAfter, mechanisms, size} = climbed.stage('capabilities').evidence
  assert.deepEqual(before, ['PIPELINING', 'SIZE 10000000', '8BITMIME', 'ENHANCEDSTATUSCODES', 'STARTTLS'])
  assert.deepEqual([onlyBefore, onlyAfter], [['STARTTLS'], ['AUTH PLAIN LOGIN']])
  assert.deepEqual([mechanisms, size], [['PLAIN', 'LOGIN'], 10_000_000])
})

test('a server of SMTP with TLS is asked EHLO once', async (t) => {
  const cage = await tame(t, 'smtp', 'tls')
  const climbed = await connect({protocol: 'smtp', ...at(cage)})
  assert.deepEqual(statuses(climbed), [
    'dns pass',
    'tcp pass',
    'tls-mode pass',
    'greeting pass',
    'starttls skip',
    'tls pass',
    'capabilities pass',
  ])
  assert.deepEqual(cage.heard, ['EHLO client.example', 'QUIT'])
  assert.deepEqual(climbed.stage('greeting').evidence['greeting'], '220 zoo.example ESMTP')
})

test('what a greeting tells of an IMAP server is not asked for; after STARTTLS it is', async (t) => {
  const commands = {greeting: ({say}: {say: (line: string) => void}) => say('* OK [CAPABILITY IMAP4rev1 STARTTLS] hi')}
  const cage = await tame(t, 'imap', 'starttls', {commands})
  const climbed = await connect({protocol: 'imap', ...at(cage)})
  assert.deepEqual(notPassed(climbed), [])
  assert.deepEqual(cage.heard, ['STARTTLS', 'CAPABILITY', 'LOGOUT'])
  const {before, revisions, mechanisms, loginDisabled, id, idle} = climbed.stage('capabilities').evidence
  assert.deepEqual(before, ['IMAP4rev1', 'STARTTLS'])
  assert.deepEqual([revisions, mechanisms, loginDisabled, id, idle], [['IMAP4rev1'], ['PLAIN'], false, true, true])
})

test('nothing is encrypted on this machine where that is wanted', async (t) => {
  const cage = await tame(t, 'smtp', 'none')
  const climbed = await connect({protocol: 'smtp', ...at(cage)})
  assert.deepEqual(notPassed(climbed), [])
  assert.deepEqual([climbed.stage('tls').because, climbed.conversation.tls], ['nothing is to be encrypted', null])
})

test('Dovecot is well over TLS and over STARTTLS, and shows what it is', {skip: dovecotMissing()}, async (t) => {
  const {ca, good} = await makeCertificates(t)
  const {port, tlsPort} = await startDovecot(t, {tls: good})
  for (const way of [
    {port: tlsPort, security: 'tls'},
    {port, security: 'starttls'},
  ] as const) {
    const climbed = await connect({protocol: 'imap', ca, ...way})
    assert.deepEqual(notPassed(climbed), [])
    const {version, cipher, trusted, name, nameMatches, sni, names, chain, daysLeft} = climbed.stage('tls').evidence
    assert.deepEqual([version, trusted, name, nameMatches, sni], ['TLSv1.3', true, 'localhost', true, 'localhost'])
    assert.match(JSON.stringify(cipher), /^"TLS_/)
    assert.deepEqual(names, ['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1'])
    assert.equal(daysLeft, 59)
    const [leaf, authority] = chain as readonly Record<string, unknown>[]
    assert.deepEqual(
      [leaf?.['subject'], leaf?.['issuer'], leaf?.['keyType'], authority?.['subject']],
      ['good', 'Test Authority', 'ec', 'Test Authority'],
    )
    assert.match(String(leaf?.['fingerprint256']), /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    assert.match(climbed.conversation.greeting ?? '', /^OK .*Dovecot/)
    assert.match(JSON.stringify(climbed.stage('capabilities').evidence['after']), /IMAP4rev1.*AUTH=PLAIN/)
  }
})

test('Dovecot takes submissions over TLS and over STARTTLS', {skip: submissionMissing()}, async (t) => {
  const {ca, good} = await makeCertificates(t)
  const {port, tlsPort} = await startSubmission(t, {certificate: good, relayPort: 1})
  for (const way of [
    {port: tlsPort, security: 'tls'},
    {port, security: 'starttls'},
  ] as const) {
    const climbed = await connect({protocol: 'smtp', ca, ...way})
    assert.deepEqual(notPassed(climbed), [])
    assert.deepEqual(climbed.stage('capabilities').evidence['mechanisms'], ['PLAIN', 'LOGIN'])
  }
})

// The mode of the port --------------------------------------------------------------------------------------------

test('a port of the other mode is known, and all that follows is looked at in the mode that works', async (t) => {
  for (const [speaks, security] of [
    ['starttls', 'tls'],
    ['tls', 'starttls'],
  ] as const) {
    const cage = await tame(t, 'smtp', speaks)
    const climbed = await connect({protocol: 'smtp', ...at(cage), security})
    const {status, problem, evidence} = climbed.stage('tls-mode')
    assert.deepEqual([status, problem?.code, problem?.exitCode], ['fail', 'TLS_WRONG_MODE', 22])
    assert.deepEqual(evidence['corrected'], {security: speaks, worked: true})
    assert.match(problem?.fixes?.[0]?.text ?? '', new RegExp(`--security ${speaks}`))
    const others = climbed.stages.filter(({id}) => id !== 'tls-mode' && id !== 'starttls')
    assert.deepEqual([...new Set(others.map(({status}) => status))], ['pass'])
    const {corrected, security: spoken} = climbed.conversation
    assert.deepEqual([corrected, spoken], [true, speaks])
  }
})

// Addresses -------------------------------------------------------------------------------------------------------

test('every address is tried and told of; that a server here listens at one of them only is no fault', async (t) => {
  const cage = await tame(t, 'smtp', 'tls')
  const dns = await startDns(t, {'mail.acme.test': {a: ['127.0.0.9', '127.0.0.1']}})
  const climbed = await connect(
    {protocol: 'smtp', ...at(cage), host: 'mail.acme.test', tlsName: 'localhost'},
    {resolver: dns.address},
  )
  const {evidence} = climbed.stage('tcp')
  const connections = evidence['connections'] as readonly Record<string, unknown>[]
  assert.deepEqual(
    connections.map(({address, family, outcome}) => [address, family, outcome]),
    [
      ['127.0.0.9', 4, 'refused'],
      ['127.0.0.1', 4, 'connected'],
    ],
  )
  assert.equal(evidence['used'], '127.0.0.1')
  assert.equal(climbed.stage('capabilities').status, 'pass')
})

test('an address that is silent beside another makes connections slow, and is not waited for long', async (t) => {
  const cage = await tame(t, 'smtp', 'tls')
  await silentPort(t, '127.0.0.9', cage.port)
  const dns = await startDns(t, {'mail.acme.test': {a: ['127.0.0.9', '127.0.0.1']}})
  const began = performance.now()
  const climbed = await connect(
    {protocol: 'smtp', ...at(cage), host: 'mail.acme.test', tlsName: 'localhost'},
    {resolver: dns.address},
  )
  const {status, problem} = climbed.stage('tcp')
  assert.deepEqual([status, problem?.code], ['warn', 'TCP_SOME_ADDRESSES_FAIL'])
  assert.match(problem?.why ?? '', /slow/)
  assert.ok(performance.now() - began < 9000)
  assert.equal(climbed.stage('capabilities').status, 'pass')
})

test('a port that is silent everywhere is 21, with what clouds do, and the other ports of the provider', async (t) => {
  const port = await silentPort(t)
  const dns = await startDns(t, {'smtp.sendgrid.net': {a: ['127.0.0.1']}})
  const climbed = await connect(
    {protocol: 'smtp', port, security: 'starttls', host: 'smtp.sendgrid.net'},
    {resolver: dns.address, connectMs: 300},
  )
  const {status, problem} = climbed.stage('tcp')
  assert.deepEqual([status, problem?.code, problem?.exitCode], ['fail', 'TCP_TIMEOUT', 21])
  const fixes = JSON.stringify(problem?.fixes)
  assert.match(fixes, /clouds block/)
  assert.match(fixes, /--port 2525 --security starttls/)
  assert.deepEqual(climbed.stage('capabilities').status, 'skip')
})

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1')

test('an address of IPv6 is one', {skip: hasIpv6 ? false : 'this machine has no IPv6'}, async (t) => {
  const cage = await tame(t, 'smtp', 'tls', {address: '::1'})
  const climbed = await connect({protocol: 'smtp', ...at(cage), family: null})
  assert.deepEqual(notPassed(climbed), [])
  assert.equal(climbed.conversation.wire, null)
  const {used, connections} = climbed.stage('tcp').evidence
  assert.equal(used, '::1')
  assert.equal((connections as readonly {family: number}[])[0]?.family, 6)
  const restricted = await connect({protocol: 'smtp', ...at(cage), family: 4})
  assert.equal(restricted.stage('dns').problem?.code, 'DNS_NO_SUCH_FAMILY')
})

// STARTTLS and certificates ---------------------------------------------------------------------------------------

test('a provider that always has STARTTLS, and does not offer it, is told as tampering', async (t) => {
  const cage = await tame(t, 'smtp', 'none')
  const dns = await startDns(t, {'smtp.office365.com': {a: ['127.0.0.1']}})
  const climbed = await connect(
    {protocol: 'smtp', ...at(cage), host: 'smtp.office365.com', security: 'starttls'},
    {resolver: dns.address},
  )
  const {problem} = climbed.stage('starttls')
  assert.deepEqual([problem?.code, problem?.exitCode], ['TLS_STARTTLS_STRIPPED', 22])
  assert.deepEqual(cage.heard, ['EHLO client.example'])
})

test('the name that the certificate has to be for may be another than the host', async (t) => {
  const cage = await tame(t, 'smtp', 'tls', {certificate: 'wrongName'})
  const wrong = await connect({protocol: 'smtp', ...at(cage)})
  assert.match(wrong.stage('tls').problem?.why ?? '', /another\.example, mail\.another\.example, and not for 127/)
  const right = await connect({protocol: 'smtp', ...at(cage), tlsName: 'mail.another.example'})
  assert.deepEqual(notPassed(right), [])
  assert.equal(right.stage('tls').evidence['sni'], 'mail.another.example')
})

test('what is wrong with a certificate is said with its own times, names and issuers', async (t) => {
  const {ca} = await zooCertificates()
  const why = async (certificate: 'expired' | 'notYetValid' | 'missingIntermediate' | 'inspected') => {
    const cage = await tame(t, 'imap', 'tls', {certificate})
    const {problem} = (await connect({protocol: 'imap', ...at(cage), ca})).stage('tls')
    return `${problem?.why} ${JSON.stringify(problem?.fixes)}`
  }
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  assert.match(await why('expired'), new RegExp(`it was valid until ${day(-1)}T`))
  assert.match(await why('notYetValid'), new RegExp(`it is valid from ${day(10)}T.*, and it is ${day(0)}T`))
  assert.match(await why('missingIntermediate'), /issued by Test Intermediate, whose own it does not send/)
  assert.match(await why('inspected'), /Zscaler.*NODE_EXTRA_CA_CERTS/)
})

test('the order of the chain is of no matter (RFC 8446 4.4.2)', async (t) => {
  const cage = await tame(t, 'smtp', 'tls', {certificate: 'misordered'})
  assert.deepEqual(notPassed(await connect({protocol: 'smtp', ...at(cage)})), [])
})

test('the environment cannot make a bad certificate good', async (t) => {
  const cage = await tame(t, 'smtp', 'tls', {certificate: 'selfSigned'})
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const climbed = await connect({protocol: 'smtp', ...at(cage)})
  assert.equal(climbed.stage('tls').problem?.code, 'TLS_SELF_SIGNED')
  assert.deepEqual(cage.heard, [])
})

test('the version that is too old is named', async (t) => {
  const tls = {minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0'} as const
  const cage = await tame(t, 'smtp', 'tls', {tls})
  const {problem, evidence} = (await connect({protocol: 'smtp', ...at(cage)})).stage('tls')
  assert.deepEqual([problem?.code, evidence['speaks']], ['TLS_TOO_OLD', 'TLSv1.1'])
  assert.match(problem?.why ?? '', /TLSv1\.1 at best/)
})

test('a connection in clear to another machine that could be encrypted is a warning', async (t) => {
  const cage = await tame(t, 'smtp', 'starttls')
  const dns = await startDns(t, {'mail.acme.test': {a: ['127.0.0.1']}})
  const climbed = await connect(
    {protocol: 'smtp', ...at(cage), host: 'mail.acme.test', security: 'none', allowCleartext: true},
    {resolver: dns.address},
  )
  const {status, problem} = climbed.stage('capabilities')
  assert.deepEqual([status, problem?.code], ['warn', 'TLS_NOT_USED'])
})

// Ends ------------------------------------------------------------------------------------------------------------

/** Climbs a server that keeps it waiting, aborts, and tells how long it took to end. */
async function abortAt(t: TestContext, cage: Cage, question: Partial<Question> = {}): Promise<number> {
  const abort = new AbortController()
  const climbing = connect({protocol: 'smtp', ...at(cage), ...question}, {signal: abort.signal})
  await sleep(300)
  const began = performance.now()
  abort.abort(new Error('not wanted any more'))
  await assert.rejects(climbing, /not wanted any more/)
  const took = performance.now() - began
  for (let left = 100; cage.open() > 0 && left > 0; left--) await sleep(10)
  assert.equal(cage.open(), 0)
  t.diagnostic(`ended after ${Math.round(took)} ms`)
  return took
}

test('an abort ends every wait at once, and every connection', async (t) => {
  const silent = {commands: {greeting: () => {}}}
  assert.ok((await abortAt(t, await tame(t, 'smtp', 'starttls', silent))) < 500)
  assert.ok((await abortAt(t, await tame(t, 'smtp', 'tls', silent))) < 500)
  const noHandshake = {connection: (socket: {resume(): unknown}) => void socket.resume()}
  assert.ok((await abortAt(t, await tame(t, 'smtp', 'tls', noHandshake))) < 500)
  const noAnswer = {commands: {EHLO: () => {}}}
  assert.ok((await abortAt(t, await tame(t, 'smtp', 'tls', noAnswer))) < 500)
  const dns = await startDns(t, {'mail.acme.test': 'silence'})
  const lookup = connect(
    {protocol: 'smtp', port: 1, host: 'mail.acme.test'},
    {resolver: dns.address, signal: AbortSignal.timeout(100)},
  )
  await assert.rejects(lookup, {name: 'TimeoutError'})
})

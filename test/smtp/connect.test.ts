/** Which error each failed connection gives, from real servers and from one that misbehaves. */
import assert from 'node:assert/strict'
import {once} from 'node:events'
import {createConnection, createServer} from 'node:net'
import {inspect} from 'node:util'
import {test} from 'node:test'
import {PostdeskError} from '../../src/lib/errors.ts'
import {defaultPort, defaultSecurity, type SmtpAccount} from '../../src/lib/smtp/account.ts'
import {createSmtpSender, type SmtpOptions} from '../../src/lib/smtp/connect.ts'
import {verifySmtpLogin} from '../../src/lib/smtp/verify-login.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {makeCertificates} from '../support/certificates.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {type SmtpSink, startSmtpSink} from '../support/smtp-sink.ts'

const USER = 'help@acme.example'
const PASSWORD = 'correct horse battery'
const auth = {user: USER, pass: PASSWORD}

const accountAt = (port: number, more: Partial<SmtpAccount> = {}): SmtpAccount => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  user: USER,
  password: new Secret(PASSWORD),
  ...more,
})

const accountOf = (sink: SmtpSink, security: SmtpAccount['security'], more: Partial<SmtpAccount> = {}) =>
  accountAt(sink.port, {host: sink.host, security, ca: sink.ca, ...more})

/** Compares those parts of a failure that are named. */
function assertFailure(
  error: PostdeskError,
  expected: Partial<Pick<PostdeskError, 'code' | 'exitCode' | 'stage' | 'serverReply'>>,
): void {
  const {code, exitCode, stage, serverReply} = error
  assert.deepEqual({code, exitCode, stage, serverReply}, {code, exitCode, stage, serverReply, ...expected})
}

/** Connects and fails; gives the error, after it was searched for the password. */
async function failure(account: SmtpAccount, options: SmtpOptions = {}): Promise<PostdeskError> {
  const error = await verifySmtpLogin(account, AbortSignal.timeout(20_000), options).then(
    () => new Error('it logged in'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof PostdeskError, inspect(error))
  const shown = inspect(error, {depth: 12, showHidden: true})
  const secret = account.password?.reveal() ?? 'no password'
  assert.ok(!shown.includes(secret), 'the error holds the password')
  assert.ok(!shown.includes(Buffer.from(secret).toString('base64')))
  assert.ok(!shown.includes(Buffer.from(`\0${account.user}\0${secret}`).toString('base64')))
  return error
}

test('465 means TLS from the first byte, every other port STARTTLS', () => {
  assert.deepEqual([465, 587, 25, 2525].map(defaultSecurity), ['tls', 'starttls', 'starttls', 'starttls'])
  assert.deepEqual((['tls', 'starttls', 'none'] as const).map(defaultPort), [465, 587, 587])
})

test('a login is proved over TLS, STARTTLS and on this machine, and sends nothing', async (t) => {
  const tls = await startSmtpSink(t, {auth, tls: true})
  const starttls = await startSmtpSink(t, {auth, starttls: true})
  const plain = await startSmtpSink(t, {auth})
  await verifySmtpLogin(accountOf(tls, 'tls'), AbortSignal.timeout(20_000))
  await verifySmtpLogin(accountOf(starttls, 'starttls'), AbortSignal.timeout(20_000))
  await verifySmtpLogin(accountOf(plain, 'none'), AbortSignal.timeout(20_000))
  for (const sink of [tls, starttls, plain]) assert.deepEqual([sink.logins(), sink.mails.length], [1, 0])
})

test('an account without a user connects and does not log in', async (t) => {
  const server = await startScriptedSmtp(t)
  const account = accountAt(server.port, {user: null, password: null, ehloName: 'desk.acme.example'})
  await verifySmtpLogin(account, AbortSignal.timeout(20_000))
  assert.deepEqual(server.commands, ['EHLO desk.acme.example', 'QUIT'])
})

test('a wrong password is 24, tried once, with the words of the server', async (t) => {
  const sink = await startSmtpSink(t, {auth, tls: true})
  const error = await failure(accountOf(sink, 'tls', {password: new Secret('wrong-password')}))
  assertFailure(error, {
    code: 'POSTFIX_LOGIN_REFUSED',
    exitCode: 24,
    stage: 'login',
    serverReply: '535 5.7.8 Error: authentication failed',
  })
  assert.match(error.title, /help@acme\.example/)
  assert.equal(sink.logins(), 1)
})

test('of several mechanisms only one is tried with a password that is refused', async (t) => {
  const server = await startScriptedSmtp(t, {AUTH: ({reply}) => reply('535 5.7.8 no')})
  server.capabilities = ['AUTH CRAM-MD5 LOGIN PLAIN']
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_AUTH'})
  const commands = server.commands.map((command) => command.split(' ').slice(0, 2).join(' '))
  assert.deepEqual(commands.slice(1), ['AUTH PLAIN', 'QUIT'])
  assert.equal(server.connections(), 1)
})

test('a server that knows only LOGIN gets user and password one after the other', async (t) => {
  const given: string[] = []
  const server = await startScriptedSmtp(t, {
    AUTH: ({args, usual}) => {
      given.push(args)
      usual()
    },
  })
  server.capabilities = ['AUTH=LOGIN', 'AUTH LOGIN XOAUTH2']
  await verifySmtpLogin(accountAt(server.port), AbortSignal.timeout(20_000))
  assert.deepEqual(given, [`LOGIN \0${USER}\0${PASSWORD}`])
})

test('what a server echoes of the password is blanked', async (t) => {
  const encoded = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64')
  const server = await startScriptedSmtp(t, {
    AUTH: ({reply}) => reply(`535-no luck with AUTH PLAIN ${encoded}`, `535 nor with ${PASSWORD} of ${USER}`),
  })
  const error = await failure(accountAt(server.port))
  assert.equal(error.serverReply, `535-no luck with AUTH PLAIN [secret]\n535 nor with [secret] of ${USER}`)
})

test('no password leaves where AUTH, or a mechanism for passwords, is not offered', async (t) => {
  const server = await startScriptedSmtp(t)
  server.capabilities = ['SIZE 1000']
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_NO_AUTH', exitCode: 23, stage: 'capabilities'})
  server.capabilities = ['AUTH XOAUTH2 OAUTHBEARER']
  const error = await failure(accountAt(server.port))
  assertFailure(error, {code: 'SMTP_NO_MECHANISM', exitCode: 23, stage: 'capabilities'})
  assert.match(error.why, /XOAUTH2, OAUTHBEARER/)
  server.script = {EHLO: ({reply}) => reply('502 what?')}
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_NO_AUTH', exitCode: 23})
  assert.ok(!server.commands.some((command) => command.startsWith('AUTH')), server.commands.join('; '))
})

test('nothing leaves where STARTTLS is not offered, is refused, or EHLO is not known', async (t) => {
  const server = await startScriptedSmtp(t)
  const account = accountAt(server.port, {security: 'starttls'})
  assertFailure(await failure(account), {code: 'TLS_NO_STARTTLS', exitCode: 22, stage: 'tls'})
  server.capabilities.push('STARTTLS')
  server.script = {STARTTLS: ({reply}) => reply('454 4.7.0 TLS not available due to local problem')}
  assertFailure(await failure(account), {code: 'SMTP_LATER', exitCode: 75, stage: 'tls'})
  server.script = {EHLO: ({reply}) => reply('502 5.5.2 what?')}
  assertFailure(await failure(account), {code: 'TLS_NO_STARTTLS', exitCode: 22})
  server.script = {
    STARTTLS: ({reply, hangUp}) => {
      reply('220 go ahead')
      hangUp()
    },
  }
  assertFailure(await failure(account), {code: 'TLS_HANDSHAKE_FAILED', exitCode: 22})
  const told = server.commands.filter((command) => !/^(EHLO|STARTTLS|QUIT|HELO)/.test(command))
  assert.deepEqual(told, [])
})

test('what is said in clear text before TLS begins is not believed after it', async (t) => {
  const sink = await startSmtpSink(t, {auth, starttls: true})
  let injected = 0
  const proxy = createServer((client) => {
    const upstream = createConnection(sink.port, '127.0.0.1').on('error', () => {})
    client.on('error', () => {})
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => {
      client.write(data)
      // An attacker on the way adds a reply to the one that agrees to TLS (RFC 3207 6).
      if (/^220 .*TLS/i.test(data.toString('latin1'))) injected += Number(client.write('250-evil\r\n250 AUTH PLAIN'))
    })
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => proxy.close())
  const account = accountOf(sink, 'starttls', {port: (proxy.address() as {port: number}).port})
  assertFailure(await failure(account), {exitCode: 22, stage: 'tls'})
  assert.deepEqual([injected, sink.logins()], [1, 0])
})

test('certificates that cannot be trusted are 22, each with its own code', async (t) => {
  const certificates = await makeCertificates(t)
  const {ca} = certificates
  const cases = [
    ['expired', 'TLS_CERTIFICATE_EXPIRED'],
    ['wrongName', 'TLS_NAME_MISMATCH'],
    ['selfSigned', 'TLS_SELF_SIGNED'],
  ] as const
  for (const [name, code] of cases)
    for (const security of ['tls', 'starttls'] as const) {
      const certificate = certificates[name]
      const sink = await startSmtpSink(t, {auth, certificate, tls: security === 'tls', starttls: security !== 'tls'})
      const error = await failure(accountOf(sink, security, {ca}))
      assertFailure(error, {code, exitCode: 22, stage: 'tls'})
      if (name === 'wrongName') assert.match(error.why, /another\.example/)
      assert.equal(sink.logins(), 0)
    }
  const good = await startSmtpSink(t, {auth, certificate: certificates.good, tls: true})
  const {ca: _none, ...untrusting} = accountOf(good, 'tls')
  assertFailure(await failure(untrusting), {code: 'TLS_UNTRUSTED', exitCode: 22})
})

test('the environment cannot switch the check of certificates off', async (t) => {
  const certificate = (await makeCertificates(t)).selfSigned
  const sink = await startSmtpSink(t, {auth, certificate, starttls: true})
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const {ca: _none, ...account} = accountOf(sink, 'starttls')
  assertFailure(await failure(account), {code: 'TLS_SELF_SIGNED', exitCode: 22})
  assert.equal(sink.logins(), 0)
})

test('TLS towards a port that speaks plain text first names the security that belongs to it', async (t) => {
  const sink = await startSmtpSink(t, {auth, starttls: true})
  const error = await failure(accountOf(sink, 'tls'))
  assertFailure(error, {code: 'TLS_WRONG_MODE', exitCode: 22, stage: 'tls'})
  assert.match(error.fixes[0]?.text ?? '', /--security starttls/)
})

test('plain text towards a port that waits for TLS gets no greeting, and is told of --security tls', async (t) => {
  const sink = await startSmtpSink(t, {auth, tls: true})
  const error = await failure(accountOf(sink, 'starttls'), {deadlines: {connectMs: 300}})
  assertFailure(error, {code: 'SMTP_GREETING', exitCode: 23, stage: 'greeting'})
  assert.match(error.fixes[0]?.text ?? '', /--security tls/)
})

test('security none is refused for another machine unless it is asked for', async () => {
  const account = accountAt(25, {host: 'smtp.invalid'})
  assertFailure(await failure(account), {code: 'SMTP_CLEARTEXT_REFUSED', exitCode: 78, stage: 'config'})
  const allowed = await failure({...account, allowCleartext: true})
  // Without any name server the resolver cannot even say that there is no such name.
  assert.ok(['DNS_NOT_FOUND', 'DNS_UNAVAILABLE'].includes(allowed.code), allowed.code)
  assertFailure(allowed, {exitCode: 20, stage: 'dns'})
})

test('a user without a password is 78, and nothing is connected', async (t) => {
  const server = await startScriptedSmtp(t)
  for (const password of [null, new Secret('')]) {
    const attempt = verifySmtpLogin(accountAt(server.port, {password}), AbortSignal.timeout(5_000))
    await assert.rejects(attempt, {code: 'SMTP_PASSWORD_MISSING', exitCode: 78})
  }
  assert.equal(server.connections(), 0)
})

test('a port where nothing listens is 21', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as {port: number}
  await new Promise((resolve) => server.close(resolve))
  assertFailure(await failure(accountAt(port)), {code: 'TCP_REFUSED', exitCode: 21, stage: 'tcp'})
  assertFailure(await failure(accountAt(port, {host: 'localhost'})), {code: 'TCP_REFUSED', exitCode: 21})
})

test('a server that hangs up, greets with a no, or is of another protocol is told apart', async (t) => {
  const server = await startScriptedSmtp(t)
  const greeting = async (text: string | null) => {
    server.script = {
      greeting: ({reply, hangUp}) => {
        if (text !== null) reply(text)
        hangUp()
      },
    }
    return failure(accountAt(server.port))
  }
  assertFailure(await greeting(null), {code: 'SMTP_GREETING', exitCode: 23, stage: 'greeting'})
  assertFailure(await greeting('421 4.7.0 Too many connections'), {
    code: 'SMTP_LATER',
    exitCode: 75,
    serverReply: '421 4.7.0 Too many connections',
  })
  assertFailure(await greeting('554 5.7.1 blocked using a list'), {
    code: 'SMTP_GREETING',
    exitCode: 23,
    serverReply: '554 5.7.1 blocked using a list',
  })
  assert.match((await greeting('* OK IMAP4rev1 ready')).why, /IMAP/)
  assert.match((await greeting('+OK POP3 ready')).why, /POP3/)
  server.script = {greeting: ({reset}) => reset()}
  assertFailure(await failure(accountAt(server.port)), {code: 'TCP_RESET', exitCode: 21})
})

test('a refused EHLO is about the name of this machine, and 75 where the server says so', async (t) => {
  const server = await startScriptedSmtp(t, {
    EHLO: ({reply}) => reply('550 5.7.1 who?'),
    HELO: ({reply}) => reply('550 5.7.1 who?'),
  })
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_EHLO_REFUSED', exitCode: 23, stage: 'capabilities'})
  server.script = {EHLO: ({reply}) => reply('421 4.7.0 Try again later, closing connection. (EHLO)')}
  const later = await failure(accountAt(server.port))
  assertFailure(later, {code: 'GOOGLE_TRY_AGAIN_LATER', exitCode: 75})
  assert.match(later.fixes.map(({text}) => text).join(' '), /--ehlo-name/)
})

test('a server that falls silent or away during the login is 75', async (t) => {
  const server = await startScriptedSmtp(t, {AUTH: () => {}})
  const stalled = await failure(accountAt(server.port), {deadlines: {commandMs: 200}})
  assertFailure(stalled, {code: 'SMTP_STALLED', exitCode: 75, stage: 'login'})
  // A server that sends part of a reply again and again is ended by the deadline for everything.
  server.script = {
    AUTH: ({reply}) => {
      const timer = setInterval(() => reply('235-wait'), 20)
      t.after(() => clearInterval(timer))
    },
  }
  const trickling = await failure(accountAt(server.port), {deadlines: {commandMs: 200, messageMs: 600}})
  assertFailure(trickling, {code: 'SMTP_STALLED', exitCode: 75})
  server.script = {AUTH: ({hangUp}) => hangUp()}
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_CONNECTION_LOST', exitCode: 75, stage: 'login'})
  server.script = {AUTH: ({reply}) => reply('421 4.3.0 going down')}
  assertFailure(await failure(accountAt(server.port)), {code: 'SMTP_CLOSING', exitCode: 75, stage: 'login'})
})

test('an abort while connecting or logging in rejects with its reason', async (t) => {
  for (const step of ['greeting', 'AUTH']) {
    const server = await startScriptedSmtp(t, {[step]: () => {}})
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('stop')), 50)
    await assert.rejects(createSmtpSender(accountAt(server.port)).open(stop.signal), /stop/)
  }
})

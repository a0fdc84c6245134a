/** Which error each failed connection gives, from real servers. */
import assert from 'node:assert/strict'
import {createServer} from 'node:net'
import {inspect} from 'node:util'
import {test} from 'node:test'
import {PostdeskError} from '../../src/lib/errors.ts'
import {connectImap, type ImapAccount, type ImapConnectOptions} from '../../src/lib/imap/connect.ts'
import {imapSource} from '../../src/lib/imap/source.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {makeCertificates} from '../support/certificates.ts'
import {dovecotMissing, type DovecotServer, startDovecot} from '../support/dovecot.ts'
import {memoryReception} from '../support/memory-ledger.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'

const skip = dovecotMissing()
const PASSWORD = 'correct horse battery'

const accountAt = (port: number, more: Partial<ImapAccount> = {}): ImapAccount => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  user: 'help@acme.example',
  password: new Secret(PASSWORD),
  mailbox: 'INBOX',
  ...more,
})

/** Compares those parts of a failure that are named. */
function assertFailure(
  error: PostdeskError,
  expected: Partial<Pick<PostdeskError, 'code' | 'exitCode' | 'stage'>>,
): void {
  const {code, exitCode, stage} = error
  assert.deepEqual({code, exitCode, stage}, {code, exitCode, stage, ...expected})
}

/** Connects and fails; gives the error, after it was searched for the password. */
async function failure(account: ImapAccount, options: ImapConnectOptions = {}): Promise<PostdeskError> {
  const error = await connectImap(account, AbortSignal.timeout(20_000), options).then(
    (connection) => {
      connection.close()
      throw new Error('it connected')
    },
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof PostdeskError, inspect(error))
  const shown = inspect(error, {depth: 12, showHidden: true})
  const secret = account.password.reveal()
  assert.ok(!shown.includes(secret), 'the error holds the password')
  assert.ok(!shown.includes(Buffer.from(`\0${account.user}\0${secret}`).toString('base64')))
  return error
}

test('a wrong password is 24, with the words of the server', {skip}, async (t) => {
  const server = await startDovecot(t)
  const error = await failure(accountAt(server.port, {password: new Secret('wrong-password')}))
  assertFailure(error, {code: 'DOVECOT_LOGIN_REFUSED', exitCode: 24, stage: 'login'})
  assert.equal(error.serverReply, 'NO [AUTHENTICATIONFAILED] Authentication failed.')
})

test('a port where nothing listens is 21', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as {port: number}).port))
  })
  await new Promise((resolve) => server.close(resolve))
  assertFailure(await failure(accountAt(port)), {code: 'TCP_REFUSED', exitCode: 21, stage: 'tcp'})
})

test('a host that does not exist is 20', async () => {
  const error = await failure(accountAt(993, {host: 'imap.invalid', security: 'tls'}))
  // Without any name server the resolver cannot even say that there is no such name.
  assert.ok(['DNS_NOT_FOUND', 'DNS_UNAVAILABLE'].includes(error.code), error.code)
  assert.equal(error.exitCode, 20)
})

test('certificates that cannot be trusted are 22, each with its own code', {skip}, async (t) => {
  const certificates = await makeCertificates(t)
  const {ca} = certificates
  const tlsAccount = (server: DovecotServer, more: Partial<ImapAccount> = {}) =>
    accountAt(server.tlsPort, {host: 'localhost', security: 'tls', ...more})

  const good = await startDovecot(t, {tls: certificates.good})
  const connection = await connectImap(tlsAccount(good, {ca}), AbortSignal.timeout(20_000))
  assert.ok(connection.isOpen())
  connection.close()
  const upgraded = await connectImap(
    accountAt(good.port, {host: 'localhost', security: 'starttls', ca}),
    AbortSignal.timeout(20_000),
  )
  assert.ok(upgraded.client.secureConnection)
  upgraded.close()

  const untrusted = await failure(tlsAccount(good))
  assertFailure(untrusted, {code: 'TLS_UNTRUSTED', exitCode: 22, stage: 'tls'})
  const plainOnTls = await failure(accountAt(good.tlsPort), {deadlines: {connectMs: 500}})
  assertFailure(plainOnTls, {code: 'IMAP_GREETING', exitCode: 23})
  const tlsOnPlain = await failure(accountAt(good.port, {host: 'localhost', security: 'tls', ca}))
  assertFailure(tlsOnPlain, {code: 'TLS_WRONG_MODE', exitCode: 22})

  const cases = [
    ['expired', 'TLS_CERTIFICATE_EXPIRED'],
    ['wrongName', 'TLS_NAME_MISMATCH'],
    ['selfSigned', 'TLS_SELF_SIGNED'],
  ] as const
  for (const [name, code] of cases) {
    const server = await startDovecot(t, {tls: certificates[name]})
    assertFailure(await failure(tlsAccount(server, {ca})), {code, exitCode: 22})
    const starttls = accountAt(server.port, {host: 'localhost', security: 'starttls', ca})
    assertFailure(await failure(starttls), {code, exitCode: 22})
    if (name === 'wrongName') assert.match((await failure(tlsAccount(server, {ca}))).why, /another\.example/)
  }
})

test('no password leaves where STARTTLS is not offered', async (t) => {
  const server = await startScriptedImap(t, [])
  const error = await failure(accountAt(server.port, {security: 'starttls'}))
  assertFailure(error, {code: 'TLS_NO_STARTTLS', exitCode: 22})
  assert.ok(!server.commands.some((command) => /^(LOGIN|AUTHENTICATE)/.test(command)))
})

test('security none is refused for another machine', async () => {
  const error = await failure(accountAt(143, {host: 'imap.acme.example'}))
  assertFailure(error, {code: 'IMAP_CLEARTEXT_REFUSED', exitCode: 78})
})

test('a server that never greets is 23, or 22 where the port wants TLS', async (t) => {
  const server = await startScriptedImap(t, [])
  server.script.set('greeting', () => {})
  const error = await failure(accountAt(server.port), {deadlines: {connectMs: 200}})
  assertFailure(error, {code: 'IMAP_GREETING', exitCode: 23, stage: 'greeting'})
})

test('a goodbye instead of a greeting is 75 where the server is only busy', async (t) => {
  const server = await startScriptedImap(t, [])
  server.script.set('greeting', (exchange) => {
    exchange.line('* BYE Too many connections from your address')
    exchange.hangUp()
  })
  const busy = await failure(accountAt(server.port))
  assertFailure(busy, {code: 'IMAP_TOO_MANY_CONNECTIONS', exitCode: 75})
  assert.equal(busy.serverReply, 'BYE Too many connections from your address')
  server.script.set('greeting', ({hangUp}) => hangUp())
  assertFailure(await failure(accountAt(server.port)), {code: 'IMAP_GREETING', exitCode: 23})
})

test('a right password before a closed door is 25, and what the server echoes is blanked', async (t) => {
  const server = await startScriptedImap(t, [])
  const answer = (reply: string) => server.script.set('LOGIN', ({no}) => no(reply))
  answer('[ALERT] Your account is not enabled for IMAP use')
  assertFailure(await failure(accountAt(server.port)), {code: 'GOOGLE_IMAP_OFF', exitCode: 25})
  answer('[UNAVAILABLE] Temporary authentication failure')
  assertFailure(await failure(accountAt(server.port)), {code: 'IMAP_LOGIN_LATER', exitCode: 75})
  answer(`[AUTHENTICATIONFAILED] no luck with ${PASSWORD}`)
  const error = await failureWithEcho(accountAt(server.port))
  assert.equal(error.serverReply, 'NO [AUTHENTICATIONFAILED] no luck with [secret]')
})

// The library's own error, kept as the cause, has the echo; only what people see is made safe.
async function failureWithEcho(account: ImapAccount): Promise<PostdeskError> {
  const error = await connectImap(account, AbortSignal.timeout(20_000)).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof PostdeskError)
  return error
}

test('a server that takes no passwords is 25', async (t) => {
  const server = await startScriptedImap(t, [])
  server.state.capabilities = 'IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2'
  const error = await failure(accountAt(server.port))
  assertFailure(error, {code: 'IMAP_LOGIN_CLOSED', exitCode: 25})
})

test('a mailbox that does not exist is 23, and the others are named', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.withMailbox((client) => client.mailboxCreate('Support'))
  const source = imapSource(accountAt(server.port, {mailbox: 'support'}), {sizeLimit: 1000})
  t.after(() => source.close())
  const {receive, ledger} = memoryReception()
  const run = {cursor: null, ledger, readOnly: true, signal: AbortSignal.timeout(20_000)}
  await assert.rejects(source.run(receive, run), (error: unknown) => {
    assert.ok(error instanceof PostdeskError)
    assertFailure(error, {code: 'IMAP_NO_MAILBOX', exitCode: 23})
    assert.deepEqual(error.fixes, [{text: 'Did you mean "Support"?'}, {text: 'It has "Support", "INBOX".'}])
    assert.match(error.serverReply ?? '', /^NO .*doesn't exist/)
    return true
  })
})

test('an abort while connecting rejects with its reason', async (t) => {
  const server = await startScriptedImap(t, [])
  server.script.set('greeting', () => {})
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('stop')), 50)
  await assert.rejects(connectImap(accountAt(server.port), stop.signal), /stop/)
})

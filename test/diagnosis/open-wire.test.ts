import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import type {Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {promisify} from 'node:util'
import {openWire, type OpenWire, type WireOptions} from '../../src/lib/diagnosis/open-wire.ts'
import {type MailServer, startMailServer} from '../support/mail-server.ts'
import {freePort} from '../support/stores.ts'
import {zooCertificates} from '../support/zoo-certificates.ts'

interface Opened {
  readonly wire: OpenWire
  readonly server: MailServer
  /** The transcript. */
  readonly told: readonly string[]
}

/** A wire to a server that does this with each connection. */
async function wireTo(
  t: TestContext,
  connection: (socket: Socket) => void,
  options: Partial<WireOptions> = {},
): Promise<Opened> {
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'none', connection})
  return {server, ...(await open(t, server.port, options))}
}

async function open(t: TestContext, port: number, options: Partial<WireOptions> = {}) {
  const told: string[] = []
  const wire = await openWire('127.0.0.1', port, {
    connectMs: 2000,
    replyMs: 300,
    signal: t.signal,
    note: (from, text) => told.push(`${from}: ${text}`),
    ...options,
  })
  t.after(() => wire.close())
  return {wire, told}
}

const withCode = (code: string) => (error: unknown) => {
  assert.equal((error as {code?: unknown}).code, code, String(error))
  return true
}

test('lines end with CRLF or LF alone, and bytes of a literal are exact', async (t) => {
  const {wire, told} = await wireTo(t, (socket) => {
    socket.write('one\r\ntw')
    setTimeout(() => socket.write('o\nab\r\ncdthree\r\n'), 20)
  })
  assert.equal(await wire.readLine(), 'one')
  assert.equal(await wire.readLine(), 'two')
  assert.equal((await wire.readBytes(6)).toString(), 'ab\r\ncd')
  assert.equal(await wire.readLine(), 'three')
  assert.equal(wire.pending(), 0)
  assert.ok(wire.firstWordMs !== null && wire.firstWordMs < 5000)
  assert.deepEqual(told.slice(1), ['server: one', 'server: two', 'server: ab\r\ncd', 'server: three'])
})

test('what stands for credentials is all that the transcript has of them', async (t) => {
  const came: string[] = []
  const {wire, told} = await wireTo(t, (socket) => void socket.on('data', (data) => came.push(data.toString())))
  await wire.writeLine('AUTH PLAIN c2VjcmV0', 'AUTH PLAIN [secret]')
  await wire.writeBytes(Buffer.from('body\r\n.\r\n'), '(9 bytes)')
  await sleep(50)
  assert.equal(came.join(''), 'AUTH PLAIN c2VjcmV0\r\nbody\r\n.\r\n')
  assert.deepEqual(told.slice(1), ['client: AUTH PLAIN [secret]', 'client: (9 bytes)'])
})

test('a server that is silent, gone or endless is told apart', async (t) => {
  const silent = await wireTo(t, () => {})
  await assert.rejects(silent.wire.readLine(), withCode('REPLY_TIMEOUT'))
  assert.equal(silent.wire.firstWordMs, null)
  const gone = await wireTo(t, (socket) => void socket.end('half a line'))
  await assert.rejects(gone.wire.readLine(), withCode('CLOSED'))
  assert.equal(gone.wire.peek().toString(), 'half a line')
  const reset = await wireTo(t, (socket) => void setTimeout(() => socket.resetAndDestroy(), 20))
  await assert.rejects(reset.wire.readLine(), withCode('ECONNRESET'))
  const endless = await wireTo(t, (socket) => void socket.write('x'.repeat(300_000)))
  await assert.rejects(endless.wire.readLine(), withCode('LINE_TOO_LONG'))
  await assert.rejects(open(t, await freePort()), withCode('ECONNREFUSED'))
})

test('what nobody reads is kept up to a bound', async (t) => {
  const {wire, server} = await wireTo(t, (socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write('line\r\n'.repeat(10_000)));
    }
    socket.on('drain', pour)
    pour()
  })
  for (let left = 200; server.open() > 0 && left > 0; left--) await sleep(10)
  assert.equal(server.open(), 0)
  assert.ok(wire.pending() < 4 * 1024 * 1024)
})

test('an abort ends a wait with its reason, and frees the connection', async (t) => {
  const abort = new AbortController()
  const {wire, server} = await wireTo(t, () => {}, {signal: abort.signal, replyMs: 10_000})
  const [waiting, another] = [wire.readLine(), wire.comes(10_000)]
  abort.abort(new Error('enough'))
  await assert.rejects(waiting, /^Error: enough$/)
  await assert.rejects(another, /^Error: enough$/)
  await assert.rejects(wire.writeLine('NOOP'), /^Error: enough$/)
  for (let left = 100; server.open() > 0 && left > 0; left--) await sleep(10)
  assert.equal(server.open(), 0)
})

test('what came before TLS is not read after it, and the evidence of TLS is complete', async (t) => {
  const {ca, wholeChain} = await zooCertificates()
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'starttls', tls: {...wholeChain}})
  const {wire} = await open(t, server.port)
  await wire.readLine()
  await wire.writeLine('STARTTLS')
  await wire.readLine()
  const tls = await wire.startTls({name: 'localhost', ca})
  assert.deepEqual([wire.encrypted, tls.trusted, tls.error, tls.nameMatches], [true, true, null, true])
  assert.deepEqual(
    tls.chain.map(({subject, issuer}) => [subject, issuer]),
    [
      ['behind', 'Test Intermediate'],
      ['Test Intermediate', 'Test Authority'],
      ['Test Authority', 'Test Authority'],
    ],
  )
  assert.equal(wire.pending(), 0)
  await wire.writeLine('NOOP')
  assert.equal(await wire.readLine(), '250 2.1.0 Ok')
})

test('over a certificate that is not trusted nothing can be said', async (t) => {
  const {ca, expired} = await zooCertificates()
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'tls', tls: {...expired}})
  const {wire, told} = await open(t, server.port)
  const tls = await wire.startTls({name: 'localhost', ca})
  assert.deepEqual([tls.trusted, tls.error, tls.nameMatches], [false, 'CERT_HAS_EXPIRED', true])
  await assert.rejects(wire.writeLine('AUTH PLAIN c2VjcmV0'), withCode('CLOSED'))
  await sleep(50)
  assert.deepEqual(server.heard, [])
  assert.match(told.at(-2) ?? '', /closed, since the certificate is not trusted: CERT_HAS_EXPIRED/)
})

test('a name is sent as SNI, an address is not', async (t) => {
  const {ca, good} = await zooCertificates()
  const asked: string[] = []
  const SNICallback = (name: string, done: (error: null) => void) => {
    asked.push(name)
    done(null)
  }
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'tls', tls: {...good, SNICallback}})
  for (const name of ['localhost', '127.0.0.1']) {
    const {wire} = await open(t, server.port)
    assert.equal((await wire.startTls({name, ca})).trusted, true)
  }
  assert.deepEqual(asked, ['localhost'])
})

test('an authority that the whole machine trusts is trusted, unless another one was given', async (t) => {
  const {ca, good} = await zooCertificates()
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'tls', tls: {...good}})
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-extra-ca-'))
  t.after(() => rm(directory, {recursive: true}))
  await writeFile(join(directory, 'ca.pem'), ca)
  const source = join(import.meta.dirname, '../../src/lib/diagnosis/open-wire.ts')
  const script = `
    import {openWire} from ${JSON.stringify(source)}
    for (const ca of [null, ${JSON.stringify(good.cert)}]) {
      const options = {connectMs: 5000, replyMs: 5000, signal: new AbortController().signal, note() {}}
      const wire = await openWire('127.0.0.1', ${server.port}, options)
      console.log((await wire.startTls({name: 'localhost', ca})).error)
      wire.close()
    }`
  const env = {...process.env, NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem')}
  const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {env})
  assert.deepEqual(stdout.trim().split('\n'), ['null', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
})

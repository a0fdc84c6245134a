/** `email sync` against servers that fail: the right exit code, cause and mend, and nothing lost or doubled afterwards. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {makeCertificates} from '../support/certificates.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {makeMessage} from '../support/maildir.ts'
import {startScriptedImap, type Exchange, type ScriptedImap} from '../support/scripted-imap.ts'
import {freePort, STORES} from '../support/stores.ts'
import {startSyncDesk, type SyncDesk} from '../support/sync-desk.ts'

const skip = dovecotMissing()

/** Dovecot makes everybody wait who comes from where a login has failed, for many seconds. */
const NO_PENALTY = 'service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}'

const messages = (count: number) =>
  Array.from({length: count}, (_, index) => ({uid: index + 1, bytes: makeMessage(index + 1, 500)}))

/** Sets what the server does for a FETCH of bytes; sizes are answered as usual. */
const onFetch = (server: ScriptedImap, handler: (exchange: Exchange) => void) =>
  server.script.set('UID FETCH', (exchange) =>
    exchange.args.includes('BODY.PEEK[]') ? handler(exchange) : exchange.usual(),
  )

/** A sync fails the same way in text and in JSON, tells cause and mend, and the channels remember it until it works. */
async function fails(desk: SyncDesk, exitCode: number, code: string, env: Readonly<Record<string, string>> = {}) {
  const envelope = await desk.json(['email', 'sync'], env)
  assert.deepEqual([envelope.ok, envelope.exitCode, envelope.error?.code], [false, exitCode, code])
  assert.equal(envelope.result.channels[0].error.code, code)
  assert.ok(envelope.error.fixes.length > 0)

  const text = await desk.run(['email', 'sync'], env)
  assert.equal(text.code, exitCode)
  assert.match(text.stdout, /^✗ inbound: /)
  assert.ok(text.stderr.includes(`${envelope.error.title}  [${code} · exit ${exitCode}]`), text.stderr)
  const shown = text.stderr.replace(/\s+/g, ' ')
  assert.match(shown, /Why: /)
  for (const part of [envelope.error.why, ...envelope.error.fixes.map(({text: fix}: {text: string}) => fix)])
    assert.ok(shown.includes(part.replace(/\s+/g, ' ')), `${part} is not in ${shown}`)

  const [list, status] = await Promise.all([
    desk.json(['email', 'list']),
    desk.json(['email', 'status', '--fail-on', 'error']),
  ])
  assert.equal(list.result.channels[0].lastError?.code, code, JSON.stringify(list.result.channels[0]))
  assert.equal(status.exitCode, 2)
  assert.ok(status.result.findings.some((finding: {code: string}) => finding.code === 'INBOUND_FAILING'))
  return envelope
}

/** A sync that works, and takes the error from the channels. */
async function works(desk: SyncDesk, created: number, env: Readonly<Record<string, string>> = {}) {
  const envelope = await desk.json(['email', 'sync'], env)
  assert.deepEqual([envelope.exitCode, envelope.result.totals.created], [0, created], JSON.stringify(envelope.error))
  const list = await desk.json(['email', 'list'])
  assert.equal(list.result.channels[0].lastError, null)
}

test('a wrong password, port, host or mailbox, and no STARTTLS', {skip}, async (t) => {
  const server = await startDovecot(t, {configuration: NO_PENALTY})
  await server.fill(3)
  const desk = await startSyncDesk(t, 'sqlite')

  await t.test('a wrong password is 24', async () => {
    await desk.setImap(server)
    const failed = await fails(desk, 24, 'DOVECOT_LOGIN_REFUSED', {TEST_IMAP_PASSWORD: 'not the one'})
    assert.match(failed.error.serverReply, /AUTHENTICATIONFAILED/)
    await works(desk, 3)
  })

  await t.test('a wrong port is 21', async () => {
    await desk.setImap({port: await freePort()})
    await fails(desk, 21, 'TCP_REFUSED')
  })

  await t.test('an unknown host is 20', async () => {
    await desk.setImap({host: 'imap.acme.invalid', port: 993}, '--security', 'tls')
    // Which of the two it is depends on the resolver of this machine.
    const {exitCode, error} = await desk.sync()
    assert.deepEqual([exitCode, error.stage], [20, 'dns'])
  })

  await t.test('no STARTTLS is 22', async () => {
    await desk.setImap(server, '--security', 'starttls')
    await fails(desk, 22, 'TLS_NO_STARTTLS')
  })

  await t.test('a mailbox that does not exist is 23, and works once it does', async () => {
    await desk.setImap(server, '--mailbox', 'Support')
    await fails(desk, 23, 'IMAP_NO_MAILBOX')
    await server.withMailbox((client) => client.mailboxCreate('Support'))
    await server.append(makeMessage(4), 'Support')
    await works(desk, 1)
  })
  assert.equal(await desk.count('ticket'), 4)
})

test('an expired certificate is 22, and a good one in its place works', {skip}, async (t) => {
  const certificates = await makeCertificates(t)
  const desk = await startSyncDesk(t, 'sqlite')
  const ca = join(desk.home, 'ca.pem')
  await writeFile(ca, certificates.ca)
  desk.env['NODE_EXTRA_CA_CERTS'] = ca
  const expired = await startDovecot(t, {tls: certificates.expired})
  await desk.setImap({...expired, port: expired.tlsPort}, '--security', 'tls')
  await fails(desk, 22, 'TLS_CERTIFICATE_EXPIRED')
  const good = await startDovecot(t, {tls: certificates.good})
  await good.fill(2)
  await desk.setImap({...good, port: good.tlsPort}, '--security', 'tls')
  await works(desk, 2)
  await desk.setImap(good, '--security', 'starttls')
  assert.deepEqual((await desk.sync()).result.totals.duplicates, 2, 'another port is another source')
})

for (const kind of STORES)
  test(`${kind}: what was taken before the server went is kept and reported, and the rest comes once`, async (t) => {
    const server = await startScriptedImap(t, messages(450))
    let down = false
    onFetch(server, (exchange) => {
      if (exchange.asked().some(({uid}) => uid > 400)) {
        down = true
        exchange.hangUp()
      } else exchange.usual()
    })
    server.script.set('greeting', (exchange) => (down ? exchange.hangUp() : exchange.usual()))
    const desk = await startSyncDesk(t, kind)
    await desk.setImap(server)
    const failed = await desk.sync()
    assert.ok([23, 75].includes(failed.exitCode), JSON.stringify(failed.error))
    assert.deepEqual([failed.result.totals.seen, failed.result.totals.created], [400, 400])
    assert.equal(failed.result.channels[0].cursorAfter.lowest, 401)
    assert.equal(failed.result.channels[0].error.code, failed.error.code)
    server.script.clear()
    await works(desk, 50)
    assert.deepEqual([await desk.count('ticket'), await desk.count('source_item')], [450, 450])
  })

test('a server that closes in the middle of a literal costs one more connection, and no mail', async (t) => {
  const server = await startScriptedImap(t, messages(30))
  let closed = 0
  onFetch(server, (exchange) => {
    const asked = exchange.asked()
    if (closed > 0) return exchange.usual()
    closed++
    for (const message of asked.slice(0, 10)) exchange.raw(exchange.row(message))
    exchange.raw(exchange.row(asked[10]!).subarray(0, 200))
    setTimeout(() => exchange.hangUp(), 50)
  })
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  await works(desk, 30)
  assert.equal(server.connections(), 2)
  assert.equal(await desk.count('message'), 30)
})

test('a message that always closes the connection waits in the quarantine, and comes once the server is mended', async (t) => {
  const server = await startScriptedImap(t, messages(10))
  onFetch(server, (exchange) => {
    const asked = exchange.asked()
    const bad = asked.find(({uid}) => uid === 4)
    if (!bad) return exchange.usual()
    exchange.raw(exchange.row(bad).subarray(0, 200))
    setTimeout(() => exchange.hangUp(), 50)
  })
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const first = await desk.sync()
  assert.deepEqual([first.exitCode, first.result.totals.created, first.result.totals.quarantined], [0, 9, 1])
  const {items} = (await desk.json(['quarantine', 'list'])).result
  assert.deepEqual(
    items.map(({reason}: {reason: string}) => reason),
    ['poison'],
  )
  assert.equal((await desk.sync()).result.totals.seen, 0, 'it is not asked for at every run')
  server.script.clear()
  assert.equal((await desk.json(['quarantine', 'retry', String(items[0].id)])).result.items[0].outcome, 'waits')
  await works(desk, 1)
  assert.deepEqual([await desk.count('quarantine'), await desk.count('ticket')], [0, 10])
})

test('a server that falls silent ends the run after POSTDESK_IMAP_TIMEOUT, wherever it does', async (t) => {
  const server = await startScriptedImap(t, messages(5))
  const desk = await startSyncDesk(t, 'sqlite')
  desk.env['POSTDESK_IMAP_TIMEOUT'] = '0.3'
  await desk.setImap(server)
  const silentAt = async (command: string, exitCode: number, code: string) => {
    server.script.clear()
    server.script.set(command, () => {})
    const began = performance.now()
    const envelope = await desk.sync()
    const seconds = (performance.now() - began) / 1000
    assert.deepEqual([envelope.exitCode, envelope.error?.code], [exitCode, code], command)
    assert.ok(seconds < 5, `${command}: ${seconds} s`)
    server.script.clear()
  }
  for (const [command, exitCode, code] of [
    ['greeting', 23, 'IMAP_GREETING'],
    ['AUTHENTICATE', 75, 'IMAP_STALLED'],
    ['EXAMINE', 75, 'IMAP_STALLED'],
    ['UID SEARCH', 75, 'IMAP_STALLED'],
    ['UID FETCH', 75, 'IMAP_STALLED'],
  ] as const)
    await silentAt(command, exitCode, code)
  await works(desk, 5)
  // Only an idle run begins with it.
  await silentAt('STATUS', 75, 'IMAP_STALLED')
  const wrong = await desk.json(['email', 'sync'], {POSTDESK_IMAP_TIMEOUT: 'soon'})
  assert.equal(wrong.exitCode, 64)
  assert.match(wrong.error.title, /POSTDESK_IMAP_TIMEOUT/)
  assert.match((await desk.run(['email', 'sync', '--help'])).stdout, /POSTDESK_IMAP_TIMEOUT +Seconds/)
})

test('the password is in no output, also of --debug, and of a server that repeats what it was told', async (t) => {
  const password = 'pä$$ w/ö&rd "quoted" + more'
  const server = await startScriptedImap(t, messages(2))
  server.state.password = password
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap({port: server.port, password})
  const outputs: string[] = []
  const sync = async (...flags: string[]) => {
    const {code, stdout, stderr} = await desk.run(['email', 'sync', '--debug', ...flags])
    outputs.push(stdout, stderr)
    return code
  }
  // In clear, as SASL PLAIN sends it (RFC 4616 2), and as part of an address.
  const plain = Buffer.from(`\0help@acme.example\0${password}`).toString('base64')
  server.script.set('LOGIN', (exchange) =>
    exchange.no(`[AUTHENTICATIONFAILED] cannot log in with ${password} (${plain}, ${encodeURIComponent(password)})`),
  )
  assert.equal(await sync(), 24)
  assert.equal(await sync('--json'), 24)
  server.script.set('LOGIN', (exchange) => exchange.bad(`syntax error in ${plain}`))
  assert.notEqual(await sync('--jsonl'), 0)
  const status = await desk.run(['email', 'status'])
  outputs.push(status.stdout, status.stderr, JSON.stringify(await desk.dump()))
  server.script.clear()
  assert.equal(await sync('--jsonl'), 0)
  assert.match(outputs.join(''), /imap-connected/, 'nothing was logged: the test shows nothing')
  for (const form of [
    password,
    Buffer.from(password).toString('base64').replace(/=+$/, ''),
    Buffer.from(password).toString('base64url'),
    plain.replace(/=+$/, ''),
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
  ])
    for (const output of outputs) assert.ok(!output.includes(form), `${form} is in ${output}`)
})

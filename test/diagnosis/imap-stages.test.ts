import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {climbServer, notPassed, type Question} from '../support/climb-server.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {makeMessage} from '../support/maildir.ts'
import {type Handler, startScriptedImap} from '../support/scripted-imap.ts'

const USER = 'help@acme.example'
const PASSWORD = 'correct horse battery'
const skip = dovecotMissing()

const ask = (question: Partial<Question> & Pick<Question, 'port'>, options?: Parameters<typeof climbServer>[1]) =>
  climbServer({protocol: 'imap', user: USER, password: PASSWORD, ...question}, options)

/** What was said, without tags. */
const commands = (said: readonly string[]) => said.map((line) => line.replace(/^p\d+ /, ''))

/** A server in this process with one message, and handlers of its own. */
async function scripted(t: TestContext, handlers: Readonly<Record<string, Handler>>, capabilities?: string) {
  const server = await startScriptedImap(t, [{uid: 7, bytes: makeMessage(1)}])
  if (capabilities !== undefined) server.state.capabilities = capabilities
  server.script.set('FETCH', ({raw, ok}) => {
    raw('* 1 FETCH (UID 7 RFC822.SIZE 99 BODY[HEADER.FIELDS (DATE MESSAGE-ID)] {4}\r\n\r\n\r\n)\r\n')
    ok()
  })
  for (const [name, handler] of Object.entries(handlers)) server.script.set(name, handler)
  const climbed = await ask({port: server.port}, {replyMs: 500})
  return {...climbed, server}
}

test('a mailbox is looked at by few commands, and nothing is altered in it', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(3)
  const stateOf = () =>
    server.withMailbox(async (client) => {
      const rows = await client.fetchAll('1:*', {flags: true, uid: true})
      return rows.map(({uid, flags}) => [uid, ...(flags ?? [])])
    })
  const climbed = await ask({port: server.port})
  assert.deepEqual(notPassed(climbed), [])
  assert.deepEqual(commands(climbed.said), [
    'AUTHENTICATE PLAIN [secret]',
    'EXAMINE "INBOX"',
    'FETCH 3 (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE MESSAGE-ID)])',
    'LOGOUT',
  ])
  assert.equal(climbed.stage('mailbox').title, 'INBOX opens')
  const {title, evidence} = climbed.stage('messages')
  assert.equal(title, 'INBOX has 3 messages; the newest can be read')
  const {uidValidity, newest, ...numbers} = evidence
  assert.ok(typeof uidValidity === 'number' && uidValidity > 0)
  assert.deepEqual(numbers, {exists: 3, recent: 3, uidNext: 4, permanentFlags: [], idle: true, quota: null})
  assert.ok(newest !== null && typeof newest === 'object' && 'uid' in newest)
  assert.deepEqual([newest['uid'], newest['size']], [3, makeMessage(3).length])
  // Recent as before, and unseen.
  const again = await ask({port: server.port})
  assert.equal(again.stage('messages').evidence['recent'], 3)
  assert.ok((await stateOf()).every((flags) => !flags.includes('\\Seen')))
})

test('an empty mailbox is well, and a name is written as IMAP has it', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.withMailbox((client) => client.mailboxCreate('Größe "A" & B'))
  const climbed = await ask({port: server.port, mailbox: 'Größe "A" & B'})
  assert.deepEqual(notPassed(climbed), [])
  assert.equal(climbed.stage('messages').title, 'Größe "A" & B is empty')
})

test('a mailbox that is not there is 23, with the names that there are', {skip}, async (t) => {
  const server = await startDovecot(t)
  for (const name of ['Support', 'Anfragen/Größe'])
    await server.withMailbox((client) => client.mailboxCreate(name.replaceAll('/', '.')))
  const climbed = await ask({port: server.port, mailbox: 'Suport'})
  const {problem, evidence} = climbed.stage('mailbox')
  assert.deepEqual([problem?.code, problem?.exitCode], ['IMAP_NO_MAILBOX', 23])
  assert.equal(problem?.fixes?.[0]?.text, 'Did you mean "Support"?')
  assert.match(problem?.fixes?.[1]?.text ?? '', /"INBOX"/)
  assert.ok(Array.isArray(evidence['mailboxes']) && evidence['mailboxes'].includes('Anfragen.Größe'))
  assert.match(problem?.serverReply ?? '', /^NO .*doesn't exist/)
  assert.equal(climbed.stage('messages').because, 'it needs mailbox, which did not pass')
})

test('a mailbox that is nearly full is a warning', {skip}, async (t) => {
  const configuration = `mail_plugins = quota
protocol imap {
  mail_plugins = quota imap_quota
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=100k
}`
  const server = await startDovecot(t, {configuration})
  for (const number of [1, 2]) await server.append(makeMessage(number, 24_000))
  const roomy = await ask({port: server.port})
  assert.equal(roomy.stage('messages').status, 'pass')
  assert.ok(commands(roomy.said).includes('GETQUOTAROOT "INBOX"'))
  for (const number of [3, 4]) await server.append(makeMessage(number, 24_000))
  const {status, problem, evidence} = (await ask({port: server.port})).stage('messages')
  assert.deepEqual([status, problem?.code], ['warn', 'IMAP_QUOTA_NEARLY_FULL'], JSON.stringify(evidence))
  const {quota} = evidence
  assert.ok(quota !== null && typeof quota === 'object' && 'percent' in quota && 'limitKiB' in quota)
  assert.equal(quota['limitKiB'], 100)
  assert.ok(Number(quota['percent']) >= 90 && Number(quota['percent']) <= 100)
})

test('NetEase is told who asks, since it opens no mailbox else', async (t) => {
  const dns = await startDns(t, {'imap.126.com': {a: ['127.0.0.1']}})
  const server = await startScriptedImap(t, [])
  const {said} = await ask({port: server.port, host: 'imap.126.com', allowCleartext: true}, {resolver: dns.address})
  assert.deepEqual(commands(said), [
    'AUTHENTICATE PLAIN',
    '[secret]',
    'ID ("name" "postdesk")',
    'EXAMINE "INBOX"',
    'LOGOUT',
  ])
})

test('what a server says when it opens no mailbox is told apart', async (t) => {
  const answers: readonly (readonly [Handler, string, number])[] = [
    [({bad}) => bad('User is authenticated but not connected.'), 'MS_IMAP_NOT_CONNECTED', 25],
    [({no}) => no('[NONEXISTENT] there is none'), 'IMAP_NO_MAILBOX', 23],
    [({no}) => no('not today'), 'IMAP_REFUSED', 23],
    [({line, hangUp}) => (line('* BYE [UNAVAILABLE] gone'), hangUp()), 'IMAP_UNAVAILABLE', 75],
    [({hangUp}) => hangUp(), 'IMAP_CONNECTION_LOST', 75],
    [() => {}, 'IMAP_STALLED', 75],
    [({raw}) => raw('what?\r\n'), 'IMAP_PROTOCOL', 23],
  ]
  for (const [handler, code, exitCode] of answers) {
    const {stage} = await scripted(t, {EXAMINE: handler})
    const {problem} = stage('mailbox')
    assert.deepEqual([problem?.code, problem?.exitCode], [code, exitCode], JSON.stringify(problem))
  }
})

test('a server that keeps numbers for one connection only is a warning', async (t) => {
  const server = await startScriptedImap(t, [])
  server.state.uidValidity = null
  const {status, problem} = (await ask({port: server.port})).stage('messages')
  assert.deepEqual([status, problem?.code], ['warn', 'IMAP_NO_UIDVALIDITY'])
})

test('a message that cannot be read is a failure', async (t) => {
  const well = await scripted(t, {})
  assert.equal(well.stage('messages').title, 'INBOX has 1 message; the newest can be read')
  const refused = await scripted(t, {FETCH: ({no}) => no('[SERVERBUG] out of memory')})
  assert.equal(refused.stage('messages').problem?.exitCode, 75, JSON.stringify(refused.stage('messages').problem))
  const silent = await scripted(t, {FETCH: ({ok}) => ok()})
  assert.deepEqual(
    [silent.stage('messages').problem?.code, silent.stage('messages').problem?.exitCode],
    ['IMAP_PROTOCOL', 23],
  )
})

test('where nobody logs in no mailbox is opened', async (t) => {
  const server = await startScriptedImap(t, [])
  const climbed = await ask({port: server.port, user: null, password: null})
  assert.equal(climbed.stage('mailbox').because, 'nobody is logged in')
  assert.equal(climbed.stage('messages').because, 'it needs mailbox, which did not pass')
  assert.deepEqual(server.commands, ['LOGOUT'])
})

import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {makeCertificates} from '../support/certificates.ts'
import {type ClimbOptions, climbServer, notPassed, type Question} from '../support/climb-server.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {postfixMissing, runPostfix} from '../support/postfix.ts'
import {startScriptedSmtp, type SmtpScript} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {freePort} from '../support/stores.ts'
import {startSubmission, submissionMissing} from '../support/submission.ts'

const USER = 'help@acme.example'
const PASSWORD = 'correct horse battery'
const SENDER = 'support@acme.example'
const RECIPIENT = 'ann@example.com'
const NOTHING_SENT = 'message skip nothing is sent without --send'

/** A server without TLS on this machine, which is asked for a sender and a recipient. */
const ask = (question: Partial<Question> & Pick<Question, 'port'>, options: ClimbOptions = {}) =>
  climbServer({protocol: 'smtp', sender: SENDER, recipient: RECIPIENT, ...question}, options)

async function scripted(t: TestContext, script: SmtpScript, question: Partial<Question> = {}, options?: ClimbOptions) {
  const server = await startScriptedSmtp(t, script)
  const climbed = await ask({port: server.port, ...question}, options)
  return {...climbed, server, problem: (id: Parameters<typeof climbed.stage>[0]) => climbed.stage(id).problem}
}

test('a healthy address with STARTTLS costs seven commands', {skip: submissionMissing()}, async (t) => {
  const {ca, good} = await makeCertificates(t)
  const sink = await startSmtpSink(t)
  const server = await startSubmission(t, {certificate: good, relayPort: sink.port})
  const {port, user, password} = server
  const climbed = await ask({port, security: 'starttls', ca, user, password})
  assert.deepEqual(climbed.said, [
    'EHLO client.example',
    'STARTTLS',
    'EHLO client.example',
    'AUTH PLAIN [secret]',
    `MAIL FROM:<${SENDER}> SIZE=4096`,
    `RCPT TO:<${RECIPIENT}>`,
    'QUIT',
  ])
  assert.deepEqual(notPassed(climbed), [NOTHING_SENT])
  assert.equal(climbed.stage('sender').title, `localhost takes ${SENDER} as the sender`)
  assert.deepEqual(sink.mails, [])
})

test('a message is sent as it is, and its place in the queue is told', async (t) => {
  const sink = await startSmtpSink(t, {tls: true, auth: {user: USER, pass: PASSWORD}, size: 20_000_000})
  const message = Buffer.from('Subject: a test\r\n\r\n.dot\r\n..\r\ngrüße\r\n.\r\n')
  const climbed = await ask({
    port: sink.port,
    security: 'tls',
    ca: sink.ca,
    user: USER,
    password: PASSWORD,
    message,
  })
  assert.deepEqual(notPassed(climbed), [])
  const [mail] = await sink.waitFor(1)
  assert.equal(mail?.raw.toString(), message.toString())
  assert.deepEqual([mail?.sender, mail?.recipients, mail?.user, mail?.secure], [SENDER, [RECIPIENT], USER, true])
  assert.deepEqual(mail?.parameters, {SIZE: String(message.length), BODY: '8BITMIME'})
  const {title, evidence} = climbed.stage('message')
  assert.equal(title, `localhost took the message to ${RECIPIENT}`)
  assert.deepEqual(evidence, {
    recipient: RECIPIENT,
    bytes: message.length,
    queueId: '1',
    reply: '250 2.0.0 Ok: queued as 1',
  })
  assert.equal(climbed.stage('size').title, 'localhost takes mail of up to 20.0 MB')
})

test('a refused sender is 26, a refused recipient 27 and proves the login', async (t) => {
  const auth = {user: USER, pass: PASSWORD}
  const login = {user: USER, password: PASSWORD}
  const strict = await startSmtpSink(t, {
    auth,
    onSender: () => ({code: 553, text: '5.7.1 that is not yours'}),
  })
  const sender = await ask({port: strict.port, ...login})
  assert.deepEqual(
    notPassed(sender).filter((line) => !line.startsWith('size')),
    [
      'sender fail SMTP_SENDER_REFUSED',
      'recipient skip it needs sender, which did not pass',
      'message skip it needs sender, which did not pass',
    ],
  )
  assert.equal(sender.stage('sender').problem?.exitCode, 26)
  assert.equal(sender.stage('sender').problem?.serverReply, '553 5.7.1 that is not yours')
  assert.equal(sender.said.at(-1), 'QUIT')

  const choosy = await startSmtpSink(t, {auth, refuse: [/^ann@/]})
  const recipient = await ask({port: choosy.port, ...login})
  const {problem} = recipient.stage('recipient')
  assert.equal(problem?.exitCode, 27)
  assert.match(problem?.why ?? '', /; the login and the sender were taken$/)
  assert.match(problem?.serverReply ?? '', /^550 5\.1\.1 <ann@example\.com>: no such user/)
})

test('what is not known is not asked for', async (t) => {
  const none = await scripted(t, {}, {sender: null})
  assert.deepEqual(
    ['sender', 'recipient', 'message'].map((id) => none.stage(id as 'sender').because),
    ['no sender is known', 'there is no sender to name it with', 'nothing is sent without --send'],
  )
  assert.deepEqual(none.server.commands, ['EHLO client.example', 'QUIT'])
  const alone = await scripted(t, {}, {recipient: null})
  assert.equal(alone.stage('recipient').because, 'no recipient is known: --to names one')
  assert.deepEqual(alone.server.commands, ['EHLO client.example', `MAIL FROM:<${SENDER}> SIZE=4096`, 'QUIT'])
})

test('a provider that judges the sender by the message is not said to have judged it', async (t) => {
  const dns = await startDns(t, {'smtp.sendgrid.net': {a: ['127.0.0.1']}})
  const at = (question: Partial<Question>) =>
    scripted(t, {}, {allowCleartext: true, ...question}, {resolver: dns.address})
  const late = await at({host: 'smtp.sendgrid.net'})
  assert.match(late.stage('sender').title, /not provable without --send$/)
  assert.equal(late.stage('sender').evidence['provable'], false)
  const named = await scripted(t, {}, {provider: 'microsoft-365'})
  assert.match(named.stage('sender').title, /not provable without --send$/)
  const sent = await at({host: 'smtp.sendgrid.net', message: Buffer.from('Subject: a\r\n\r\n')})
  assert.equal(sent.stage('sender').evidence['provable'], true)
  assert.equal(sent.stage('message').status, 'pass')
})

test('an address beyond ASCII needs SMTPUTF8, and its domain does not', async (t) => {
  const without = await scripted(t, {}, {sender: 'grüße@acme.example'})
  assert.deepEqual(
    [without.problem('sender')?.code, without.problem('sender')?.exitCode],
    ['SMTP_ADDRESS_UNUSABLE', 23],
  )
  const domain = await scripted(t, {}, {sender: 'support@bücher.example'})
  assert.equal(domain.said[1], 'MAIL FROM:<support@xn--bcher-kva.example> SIZE=4096')
  const server = await startScriptedSmtp(t)
  server.capabilities = ['SMTPUTF8']
  const offered = await ask({port: server.port, sender: 'grüße@acme.example'})
  assert.equal(offered.said[1], 'MAIL FROM:<grüße@acme.example> SMTPUTF8')
  assert.equal(offered.stage('sender').status, 'pass')
})

test('a size that is small or not told is a warning', async (t) => {
  const sizeOf = async (capability: string) => {
    const server = await startScriptedSmtp(t)
    server.capabilities = ['8BITMIME', capability]
    const {status, title, problem, evidence} = (await ask({port: server.port}, {until: 'size'})).stage('size')
    return [status, problem?.code ?? title, evidence['size']]
  }
  assert.deepEqual(await sizeOf('SIZE 9999999'), ['warn', 'SMTP_SIZE_SMALL', 9_999_999])
  assert.deepEqual(await sizeOf('SIZE 10240000'), ['pass', 'localhost takes mail of up to 10.2 MB', 10_240_000])
  assert.deepEqual(await sizeOf('SIZE 0'), ['pass', 'localhost has no fixed limit for the size of mail', 0])
  assert.deepEqual(await sizeOf('SIZE'), ['pass', 'localhost has no fixed limit for the size of mail', 0])
  assert.deepEqual(await sizeOf('DSN'), ['warn', 'SMTP_SIZE_UNKNOWN', null])
})

test('a message is refused before it or after it, and what nobody knows is said to be so', async (t) => {
  const message = Buffer.from('Subject: a\r\n\r\nhello\r\n')
  const sent = (script: SmtpScript) => scripted(t, script, {message}, {replyMs: 500})
  const before = await sent({DATA: ({reply}) => reply('554 5.7.1 not from here')})
  assert.equal(before.problem('message')?.exitCode, 27)
  assert.deepEqual(before.server.messages, [])
  const after = await sent({
    message: ({reply}) => reply('550 The from address does not match a verified Sender Identity.'),
  })
  assert.equal(after.problem('message')?.exitCode, 26, JSON.stringify(after.problem('message')))
  const odd = await sent({DATA: ({reply}) => reply('250 what?')})
  assert.equal(odd.problem('message')?.exitCode, 23)
  for (const end of [{message: ({hangUp}) => hangUp()}, {message: ({freeze}) => freeze()}] satisfies SmtpScript[]) {
    const {problem, server} = await sent(end)
    assert.deepEqual([problem('message')?.code, problem('message')?.exitCode], ['SMTP_OUTCOME_UNKNOWN', 75])
    assert.match(problem('message')?.why ?? '', /it may have been sent$/)
    assert.equal(server.messages.length, 1)
  }
  const early = await sent({DATA: ({hangUp}) => hangUp()})
  assert.equal(early.problem('message')?.code, 'SMTP_CONNECTION_LOST')
})

test('a server that says 421 or goes is 75, and is asked for nothing more', async (t) => {
  const scripts: readonly SmtpScript[] = [
    {MAIL: ({reply}) => reply('421 4.3.2 shutting down')},
    {MAIL: ({hangUp}) => hangUp()},
    {MAIL: ({freeze}) => freeze()},
    {MAIL: ({raw}) => raw('nonsense\r\n')},
  ]
  const told: unknown[] = []
  for (const script of scripts) {
    const {problem, server, stage} = await scripted(t, script, {}, {relay: {internalSender: SENDER}, replyMs: 300})
    told.push(problem('sender')?.exitCode)
    assert.equal(stage('null-sender').because, 'there is no connection any more')
    assert.equal(server.commands.at(-1), `MAIL FROM:<${SENDER}> SIZE=4096`)
  }
  assert.deepEqual(told, [75, 75, 75, 23])
})

// Postfix ---------------------------------------------------------------------------------------------------------

test(
  'Postfix says at the recipient that the sender belongs to another, and that is 26',
  {skip: postfixMissing() || dovecotMissing()},
  async (t) => {
    const authPort = await freePort()
    await startDovecot(t, {
      configuration: `service auth {
  inet_listener {
    port = ${authPort}
  }
}`,
    })
    const {port} = await runPostfix(t, ({mail}) => ({
      main: `myhostname = mx.acme.example
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${authPort}
smtpd_sender_login_maps = inline:{ support@acme.example=help@acme.example, boss@acme.example=boss }
smtpd_sender_restrictions = reject_sender_login_mismatch
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{ ann@example.com=ann/ }
virtual_mailbox_base = ${mail}
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534`,
    }))
    const login = {port, user: USER, password: PASSWORD}
    const own = await ask(login)
    assert.deepEqual(notPassed(own), [NOTHING_SENT])

    const foreign = await ask({...login, sender: 'boss@acme.example'})
    assert.equal(foreign.stage('sender').status, 'pass')
    const {problem} = foreign.stage('recipient')
    assert.deepEqual([problem?.code, problem?.exitCode, problem?.stage], ['POSTFIX_SENDER_NOT_OWNED', 26, 'recipient'])
    assert.match(
      problem?.serverReply ?? '',
      /^553 5\.7\.1 <boss@acme\.example>: Sender address rejected: not owned by user/,
    )

    const relay = await ask(login, {relay: {internalSender: 'boss@acme.example'}})
    assert.equal(relay.stage('null-sender').status, 'pass')
    assert.equal(relay.stage('internal-sender').problem?.exitCode, 26)
    assert.deepEqual(relay.said.slice(2), [
      `MAIL FROM:<${SENDER}> SIZE=4096`,
      `RCPT TO:<${RECIPIENT}>`,
      'RSET',
      'MAIL FROM:<> SIZE=4096',
      `RCPT TO:<${RECIPIENT}>`,
      'RSET',
      'MAIL FROM:<boss@acme.example> SIZE=4096',
      `RCPT TO:<${RECIPIENT}>`,
      'QUIT',
    ])

    const nobody = await ask({port, sender: 'boss@acme.example'})
    assert.equal(nobody.stage('recipient').problem?.exitCode, 24)

    const wrong = await ask({...login, password: 'wrong horse battery'})
    assert.equal(wrong.stage('login').problem?.exitCode, 24)
    assert.equal(wrong.said.at(-1), 'QUIT')
    assert.equal(wrong.said.filter((line) => line.startsWith('AUTH')).length, 1)

    const sent = await ask({...login, message: Buffer.from('Subject: a\r\n\r\nhello\r\n')})
    assert.equal(sent.stage('message').status, 'pass')
    const {queueId} = sent.stage('message').evidence
    assert.ok(typeof queueId === 'string' && /^[0-9A-Za-z]{8,}$/.test(queueId), sent.everything)
  },
)

// The relay -------------------------------------------------------------------------------------------------------

test('a relay that refuses the null return path is a warning, one that refuses an internal address is 26', async (t) => {
  const refuse =
    (when: (args: string) => boolean): SmtpScript['MAIL'] =>
    ({args, reply, usual}) =>
      when(args) ? reply('550 5.7.1 no such sender here') : usual()
  const internalSender = 'support@acme.internal'
  const nothing = await scripted(
    t,
    {MAIL: refuse((args) => args.includes('<>'))},
    {sender: null},
    {relay: {internalSender}},
  )
  assert.deepEqual(
    [nothing.stage('null-sender').status, nothing.problem('null-sender')?.code],
    ['warn', 'SMTP_NULL_SENDER_REFUSED'],
  )
  assert.equal(nothing.problem('null-sender')?.serverReply, '550 5.7.1 no such sender here')
  assert.equal(nothing.stage('internal-sender').status, 'pass')

  const internal = await scripted(t, {MAIL: refuse((args) => args.includes('internal'))}, {}, {relay: {internalSender}})
  assert.equal(internal.stage('null-sender').status, 'pass')
  assert.equal(internal.problem('internal-sender')?.exitCode, 26)

  // Held back until the recipient, and in words that nobody knows.
  let senders = 0
  const late = await scripted(
    t,
    {
      MAIL: ({usual}) => {
        senders++
        usual()
      },
      RCPT: ({reply, usual}) => (senders === 2 ? reply('554 5.7.0 bounces are unwelcome') : usual()),
    },
    {},
    {relay: {internalSender: null}},
  )
  assert.equal(late.problem('null-sender')?.code, 'SMTP_NULL_SENDER_REFUSED')
  assert.ok(!late.stages.some(({id}) => id === 'internal-sender'))

  // What is wrong with the recipient was said at its own stage.
  const unknown = await scripted(
    t,
    {RCPT: ({reply}) => reply('550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown')},
    {},
    {relay: {internalSender}},
  )
  assert.equal(unknown.problem('recipient')?.exitCode, 27)
  assert.deepEqual([unknown.stage('null-sender').status, unknown.stage('internal-sender').status], ['pass', 'pass'])
})

// Goodbye ---------------------------------------------------------------------------------------------------------

test('a goodbye that is not answered is not waited for longer than 2 s', async (t) => {
  const began = performance.now()
  const {server} = await scripted(t, {QUIT: ({freeze}) => freeze()}, {}, {replyMs: 60_000})
  const took = performance.now() - began
  assert.ok(took > 1900 && took < 30_000, `it took ${took} ms`)
  assert.equal(server.commands.at(-1), 'QUIT')
})

import assert from 'node:assert/strict'
import {createHmac} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {test, type TestContext} from 'node:test'
import {makeCertificates} from '../support/certificates.ts'
import {type Climbed, climbServer, notPassed, type Question} from '../support/climb-server.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {startMailServer} from '../support/mail-server.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'
import {startScriptedSmtp, type SmtpScript} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {startSubmission, submissionMissing} from '../support/submission.ts'

const USER = 'help@acme.example'
const PASSWORD = 'correct horse battery'
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** The stages of the login with a server without TLS on this machine. */
const logIn = (question: Question, replyMs?: number): Promise<Climbed> =>
  climbServer({user: USER, password: PASSWORD, ...question}, {until: 'login', ...(replyMs ? {replyMs} : {})})

async function smtpLogin(
  t: TestContext,
  script: SmtpScript,
  question: Partial<Question> = {},
  capabilities?: string[],
) {
  const server = await startScriptedSmtp(t, script)
  if (capabilities) server.capabilities = capabilities
  // Long enough for a server in this process.
  const climbed = await logIn({protocol: 'smtp', port: server.port, ...question}, 500)
  return {...climbed, server, logins: server.commands.filter((line) => line.startsWith('AUTH'))}
}

// SMTP ------------------------------------------------------------------------------------------------------------

test(
  'Dovecot takes the login over STARTTLS and TLS, and refuses a wrong one once',
  {skip: submissionMissing()},
  async (t) => {
    const {ca, good} = await makeCertificates(t)
    const sink = await startSmtpSink(t)
    const server = await startSubmission(t, {certificate: good, relayPort: sink.port})
    const {user, password} = server
    for (const way of [
      {port: server.port, security: 'starttls'},
      {port: server.tlsPort, security: 'tls'},
    ] as const) {
      const right = await logIn({protocol: 'smtp', ca, user, password, ...way})
      assert.deepEqual(notPassed(right), [])
      assert.equal(right.stage('login').title, `${user} is logged in, by PLAIN`)
      assert.equal(right.stage('login').evidence['enhancedCode'], '2.7.0')
      assert.equal(right.conversation.refused, null)
      assert.equal(right.conversation.loggedIn, true)

      const wrong = await logIn({protocol: 'smtp', ca, user, password: 'wrong horse battery', ...way})
      const {status, problem, evidence} = wrong.stage('login')
      assert.equal(status, 'fail')
      assert.equal(problem?.exitCode, 24, JSON.stringify(problem))
      assert.match(problem?.serverReply ?? '', /^535 5\.7\.8 /)
      assert.deepEqual([evidence['mechanism'], evidence['enhancedCode']], ['PLAIN', '5.7.8'])
      assert.deepEqual(wrong.conversation.refused, {reply: problem?.serverReply, exitCode: 24})
      assert.deepEqual(
        wrong.said.filter((line) => line.startsWith('AUTH')),
        ['AUTH PLAIN [secret]'],
      )
    }
  },
)

test('each mechanism says the password as its document has it, and the transcript does not', async (t) => {
  const answered: string[] = []
  const script: SmtpScript = {
    AUTH: ({args, usual}) => {
      answered.push(args)
      usual()
    },
  }
  const by = (mechanism: string) => smtpLogin(t, script, {mechanism}, [`AUTH PLAIN LOGIN CRAM-MD5`])
  const [plain, login, cram] = [await by('PLAIN'), await by('LOGIN'), await by('CRAM-MD5')]
  const digest = createHmac('md5', PASSWORD).update('').digest('hex')
  assert.deepEqual(answered, [
    `PLAIN \0${USER}\0${PASSWORD}`,
    `LOGIN \0${USER}\0${PASSWORD}`,
    `PLAIN ${USER} ${digest}`,
  ])
  for (const climbed of [plain, login, cram]) {
    assert.deepEqual(notPassed(climbed), [])
    assertSecret(climbed, digest, base64(`${USER} ${digest}`))
  }
  assert.deepEqual(
    [plain, login, cram].map(({said}) => said.slice(1, -1)),
    [['AUTH PLAIN [secret]'], ['AUTH LOGIN', '[secret]', '[secret]'], ['AUTH CRAM-MD5', '[secret]']],
  )
})

test('what a server echoes of the login is blanked out everywhere', async (t) => {
  for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5']) {
    const digest = createHmac('md5', PASSWORD).update('').digest('hex')
    const echo = [PASSWORD, base64(PASSWORD), base64(`\0${USER}\0${PASSWORD}`), base64(`${USER} ${digest}`)].join(' ')
    const climbed = await smtpLogin(
      t,
      {AUTH: ({reply}) => reply(`535-5.7.8 you said ${echo}`, `535 5.7.8 ${encodeURIComponent(PASSWORD)}`)},
      {mechanism},
      [`AUTH ${mechanism}`],
    )
    assert.equal(climbed.stage('login').problem?.exitCode, 24)
    assert.match(climbed.conversation.refused?.reply ?? '', /^535-5\.7\.8 you said \[secret\]/)
    assertSecret(climbed, ...(mechanism === 'CRAM-MD5' ? [base64(`${USER} ${digest}`)] : []))
  }
})

test('a password that is the user name, too, is shown nowhere', async (t) => {
  const climbed = await smtpLogin(t, {AUTH: ({reply}) => reply('535 5.7.8 no')}, {user: PASSWORD})
  assert.equal(climbed.stage('login').problem?.exitCode, 24)
  assertSecret(climbed)
})

test('after a refusal nothing is tried again, by no other mechanism', async (t) => {
  for (const reply of [
    '535 5.7.8 Error: authentication failed',
    '534 5.7.9 Application-specific password required',
    '504 5.5.4 Unrecognized authentication type',
  ]) {
    const climbed = await smtpLogin(t, {AUTH: (exchange) => exchange.reply(reply)}, {}, ['AUTH PLAIN LOGIN CRAM-MD5'])
    assert.equal(climbed.stage('login').status, 'fail')
    assert.equal(climbed.logins.length, 1)
    assert.equal(climbed.server.connections(), 1)
    assert.deepEqual(climbed.server.commands.at(-1), 'QUIT')
  }
})

test('a server that cannot take a login now is 75, and the password is not refused by it', async (t) => {
  const scripts: readonly SmtpScript[] = [
    {AUTH: ({reply}) => reply('454 4.7.0 Temporary authentication failure')},
    {AUTH: ({reply}) => reply('421 4.3.2 shutting down')},
    {AUTH: ({hangUp}) => hangUp()},
    {AUTH: ({freeze}) => freeze()},
  ]
  const codes: (string | undefined)[] = []
  for (const script of scripts) {
    const {stage, conversation} = await smtpLogin(t, script)
    assert.equal(stage('login').problem?.exitCode, 75)
    assert.equal(conversation.refused, null)
    codes.push(stage('login').problem?.code)
  }
  assert.deepEqual(codes.slice(2), ['SMTP_CONNECTION_LOST', 'SMTP_STALLED'])
})

test('an abort in the middle of a login ends the climb with its reason', async (t) => {
  const stop = new AbortController()
  const server = await startScriptedSmtp(t, {AUTH: () => stop.abort(new Error('enough'))})
  const question = {protocol: 'smtp', port: server.port, user: USER, password: PASSWORD} as const
  await assert.rejects(climbServer(question, {signal: stop.signal}), /enough/)
})

test('a server without a way for passwords gets no credentials, and the offer is told', async (t) => {
  const cases: readonly (readonly [string[], string | null, string, RegExp])[] = [
    [
      ['AUTH XOAUTH2 OAUTHBEARER'],
      null,
      'SMTP_NO_MECHANISM',
      /it offers XOAUTH2, OAUTHBEARER, and a password needs PLAIN/,
    ],
    [['PIPELINING'], null, 'SMTP_NO_AUTH', /offers none on an unencrypted connection/],
    [['AUTH PLAIN'], 'CRAM-MD5', 'SMTP_NO_MECHANISM', /it offers PLAIN; no credentials/],
    [['AUTH XOAUTH2'], 'XOAUTH2', 'SMTP_NO_MECHANISM', /a password needs PLAIN, LOGIN, CRAM-MD5/],
  ]
  for (const [capabilities, mechanism, code, why] of cases) {
    const {stage, logins} = await smtpLogin(t, {}, {mechanism}, capabilities)
    const {problem, status} = stage('mechanism')
    assert.equal(status, 'fail')
    assert.deepEqual([problem?.code, problem?.exitCode], [code, 23])
    assert.match(problem?.why ?? '', why)
    assert.equal(stage('login').because, 'it needs mechanism, which did not pass')
    assert.deepEqual(logins, [])
  }
  const {stage} = await smtpLogin(t, {}, {}, ['AUTH XOAUTH2'])
  assert.deepEqual(stage('mechanism').evidence, {offered: ['XOAUTH2'], asked: null, takesTokens: true})
})

test('where there is no user nobody logs in, where there is no password the login is not tried', async (t) => {
  const nobody = await smtpLogin(t, {}, {user: null, password: null})
  assert.deepEqual(
    [nobody.stage('mechanism').status, nobody.stage('login').status, nobody.stage('login').blocks],
    ['skip', 'skip', undefined],
  )
  const poor = await smtpLogin(t, {}, {password: null})
  assert.equal(poor.stage('mechanism').status, 'pass')
  assert.deepEqual(
    [poor.stage('login').because, poor.stage('login').blocks],
    [`this machine has no password for ${USER}`, true],
  )
  assert.deepEqual([...nobody.logins, ...poor.logins], [])
})

// In private only -------------------------------------------------------------------------------------------------

test('no password leaves this machine in clear unless the user says so', async (t) => {
  const dns = await startDns(t, {'mail.acme.example': {a: ['127.0.0.1']}})
  const smtp = await startScriptedSmtp(t)
  const imap = await startScriptedImap(t, [])
  for (const [protocol, server] of [
    ['smtp', smtp],
    ['imap', imap],
  ] as const) {
    const question = {protocol, port: server.port, host: 'mail.acme.example', user: USER, password: PASSWORD}
    const refused = await climbServer(question, {until: 'login', resolver: dns.address})
    const {problem} = refused.stage('login')
    assert.deepEqual([problem?.code, problem?.exitCode], [`${protocol.toUpperCase()}_CLEARTEXT_REFUSED`, 78])
    assert.deepEqual(
      server.commands.filter((line) => /^(AUTH|LOGIN)/.test(line)),
      [],
    )
    const allowed = await climbServer({...question, allowCleartext: true}, {until: 'login', resolver: dns.address})
    assert.equal(allowed.stage('login').status, 'pass')
  }
})

test('no password goes to a server that cannot be trusted', async (t) => {
  const {selfSigned} = await makeCertificates(t)
  const sink = await startSmtpSink(t, {starttls: true, certificate: selfSigned, auth: {user: USER, pass: PASSWORD}})
  const climbed = await logIn({protocol: 'smtp', port: sink.port, security: 'starttls'})
  assert.equal(climbed.stage('tls').problem?.code, 'TLS_SELF_SIGNED')
  assert.equal(climbed.stage('login').status, 'skip')
  assert.equal(climbed.stage('login').blocks, true)
  assert.equal(sink.logins(), 0)
})

test('a password that was given for another security stays here unless it may follow', async (t) => {
  const {ca, good} = await makeCertificates(t)
  const tls = {cert: await readFile(good.certificate), key: await readFile(good.key)}
  const server = await startMailServer(t, {protocol: 'smtp', speaks: 'starttls', tls})
  const question = {protocol: 'smtp', port: server.port, security: 'tls', ca} as const
  const kept = await logIn(question)
  assert.equal(kept.stage('tls-mode').status, 'fail')
  assert.equal(
    kept.stage('login').because,
    'the password was given for --security tls, and the port speaks starttls: it is sent once that is mended',
  )
  assert.deepEqual(
    server.heard.filter((line) => line.startsWith('AUTH')),
    [],
  )
  const given = await logIn({...question, passwordMayFollow: true})
  assert.equal(given.stage('login').status, 'pass')
})

// IMAP ------------------------------------------------------------------------------------------------------------

test('Dovecot takes the login by each mechanism, and refuses a wrong one once', {skip: dovecotMissing()}, async (t) => {
  const server = await startDovecot(t, {configuration: 'auth_mechanisms = plain login cram-md5'})
  const by = (mechanism: string | null, password = PASSWORD) =>
    logIn({protocol: 'imap', port: server.port, mechanism, password})
  for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5']) {
    const climbed = await by(mechanism)
    assert.equal(climbed.stage('login').title, `${USER} is logged in, by ${mechanism}`)
    assertSecret(climbed)
  }
  const wrong = await by(null, 'wrong horse battery')
  const {problem, evidence} = wrong.stage('login')
  assert.equal(problem?.exitCode, 24)
  assert.match(problem?.serverReply ?? '', /^NO \[AUTHENTICATIONFAILED\] /)
  assert.deepEqual([evidence['mechanism'], evidence['responseCode']], ['PLAIN', 'AUTHENTICATIONFAILED'])
  assert.equal(wrong.conversation.refused?.exitCode, 24)
  assert.deepEqual(
    wrong.said.map((line) => line.replace(/^p\d+ /, '')),
    ['AUTHENTICATE PLAIN [secret]', 'LOGOUT'],
  )
})

async function imapLogin(t: TestContext, capabilities: string, question: Partial<Question> = {}, reply?: string) {
  const server = await startScriptedImap(t, [])
  server.state.capabilities = capabilities
  if (question.password !== undefined && question.password !== null) server.state.password = question.password
  if (reply !== undefined) server.script.set('LOGIN', ({tag, line}) => line(reply.replace('TAG', tag)))
  const climbed = await logIn({protocol: 'imap', port: server.port, ...question}, 500)
  return {...climbed, server}
}

test('the command LOGIN is used where no mechanism fits, and only where it is not switched off', async (t) => {
  const server = await imapLogin(t, 'IMAP4rev1 AUTH=XOAUTH2', {}, 'TAG OK welcome')
  assert.equal(server.stage('mechanism').evidence['chosen'], 'the command LOGIN')
  assert.equal(server.stage('login').status, 'pass')
  assert.deepEqual(server.server.commands, [`LOGIN "${USER}" "${PASSWORD}"`, 'CAPABILITY', 'LOGOUT'])
  assert.deepEqual(server.said, [`p1 LOGIN "${USER}" [secret]`, 'p2 CAPABILITY', 'p3 LOGOUT'])
  assertSecret(server)

  const mechanism = await imapLogin(t, 'IMAP4rev1 LOGINDISABLED AUTH=PLAIN')
  assert.equal(mechanism.stage('login').title, `${USER} is logged in, by PLAIN`)

  const closed = await imapLogin(t, 'IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2')
  const {problem} = closed.stage('mechanism')
  assert.deepEqual([problem?.code, problem?.exitCode], ['IMAP_LOGIN_CLOSED', 25])
  assert.deepEqual(closed.server.commands, ['LOGOUT'])
})

test(
  'Dovecot takes a password beyond ASCII, and one of quotes, by the command LOGIN',
  {skip: dovecotMissing()},
  async (t) => {
    for (const password of ['größer "als" \\ ', 'a "quoted" \\ one']) {
      const server = await startDovecot(t, {password, configuration: 'auth_mechanisms = cram-md5 plain'})
      const proxied = await logIn({protocol: 'imap', port: server.port, password, mechanism: 'LOGIN'})
      assert.equal(proxied.stage('login').title, `${USER} is logged in, by the command LOGIN`, proxied.everything)
      assertSecret(proxied, password)
    }
  },
)

test('an initial response is said where it is offered, and never to NetEase', async (t) => {
  const dns = await startDns(t, {'imap.163.com': {a: ['127.0.0.1']}})
  const server = await startScriptedImap(t, [])
  server.state.capabilities = 'IMAP4rev1 SASL-IR AUTH=PLAIN'
  server.script.set('AUTHENTICATE', ({args, ok, line}) =>
    args.includes(' ') ? ok('[CAPABILITY IMAP4rev1] welcome') : line('+ '),
  )
  const at = (host: string) =>
    climbServer(
      {protocol: 'imap', host, port: server.port, user: USER, password: PASSWORD, allowCleartext: true},
      {until: 'login', resolver: dns.address},
    )
  const usual = await at('localhost')
  assert.equal(usual.stage('login').status, 'pass')
  const netease = await at('imap.163.com')
  assert.equal(netease.said[0], 'p1 AUTHENTICATE PLAIN')
  assert.equal(netease.stage('login').status, 'pass')
  assert.equal(usual.said[0], 'p1 AUTHENTICATE PLAIN [secret]')
})

test('a goodbye in place of an answer to the login is 75', async (t) => {
  const {stage, conversation} = await imapLogin(t, 'IMAP4rev1 AUTH=PLAIN', {}, '* BYE [UNAVAILABLE] shutting down')
  assert.equal(stage('login').problem?.exitCode, 75, JSON.stringify(stage('login')))
  assert.equal(conversation.refused, null)
})

test('a server that greets as logged in is asked for no login', async (t) => {
  const server = await startScriptedImap(t, [])
  server.script.set('greeting', ({line}) => line('* PREAUTH welcome'))
  const climbed = await logIn({protocol: 'imap', port: server.port, password: null})
  assert.equal(climbed.stage('mechanism').status, 'skip')
  assert.equal(climbed.stage('login').status, 'pass')
  assert.deepEqual(server.commands, ['CAPABILITY', 'LOGOUT'])
})

test('what a server echoes of the command LOGIN is blanked out', async (t) => {
  const echo = `TAG NO [ALERT] LOGIN "${USER}" "${PASSWORD}" ${base64(PASSWORD)} failed`
  const climbed = await imapLogin(t, 'IMAP4rev1', {}, echo)
  assert.equal(climbed.stage('login').status, 'fail')
  assertSecret(climbed)
})

/** The password is nowhere, in no form in which it travels or is echoed. */
function assertSecret({everything}: Climbed, ...others: readonly string[]): void {
  const forms = [
    PASSWORD,
    base64(PASSWORD),
    base64(PASSWORD).replace(/=+$/, ''),
    base64(`\0${USER}\0${PASSWORD}`),
    encodeURIComponent(PASSWORD),
    ...others,
  ]
  for (const form of forms) assert.ok(!everything.includes(form), `${form} is in ${everything}`)
}

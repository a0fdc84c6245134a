/** What becomes of a message, recipient by recipient, with servers that behave and servers that do not. */
import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import type {Outgoing, Receipt, SenderConnection} from '../../src/lib/channel/outgoing.ts'
import type {SmtpAccount} from '../../src/lib/smtp/account.ts'
import {createSmtpSender, type SmtpOptions} from '../../src/lib/smtp/connect.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {type ScriptedSmtp, type SmtpHandler, startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'

const PASSWORD = 'correct horse battery'
const [ANN, BOB, CAT] = ['ann@example.com', 'bob@example.com', 'cat@example.com'] as const
const MAIL = 'Message-ID: <pd.1@acme.example>\r\nSubject: Hello\r\n\r\nGood day.\r\n'

const outgoing = (more: Partial<Outgoing> = {}): Outgoing => ({
  sender: 'support@acme.example',
  fallbackSender: null,
  recipients: [ANN],
  raw: Buffer.from(MAIL),
  ...more,
})

async function connected(
  t: TestContext,
  {port, host}: {readonly port: number; readonly host: string},
  account: Partial<SmtpAccount> = {},
  options: SmtpOptions = {},
): Promise<SenderConnection> {
  const sender = createSmtpSender(
    {host, port, security: 'none', user: null, password: null, ...account},
    {deadlines: {commandMs: 10_000, finalMs: 10_000}, ...options},
  )
  const connection = await sender.open(AbortSignal.timeout(20_000))
  t.after(() => connection.close())
  return connection
}

/** The results, in the order of the recipients. */
const results = ({recipients}: Receipt) => recipients.map(({result}) => result)

/** The code and the exit code of what stands in the way. */
const obstacle = (receipt: Receipt) =>
  receipt.obstacle === null ? null : ([receipt.obstacle.code, receipt.obstacle.exitCode] as const)

const replying =
  (...lines: string[]): SmtpHandler =>
  ({reply}) =>
    reply(...lines)

/** Runs with a server that takes commands in advance (RFC 2920), and with one that does not. */
function bothWays(name: string, run: (t: TestContext, server: ScriptedSmtp) => Promise<void>): void {
  for (const pipelining of [true, false])
    test(`${name} (${pipelining ? 'with' : 'without'} PIPELINING)`, async (t) => {
      const server = await startScriptedSmtp(t)
      if (!pipelining) server.capabilities = server.capabilities.filter((keyword) => keyword !== 'PIPELINING')
      await run(t, server)
    })
}

// What arrives -----------------------------------------------------------------------------------------------------

test('bytes arrive exactly: dots, bytes above 127, and sizes around those of pieces', async (t) => {
  const sink = await startSmtpSink(t)
  const connection = await connected(t, sink)
  const header = 'Subject: x\r\n\r\n'
  const bodies = [
    '.\r\n..\r\n.dot\r\n...\r\nnot . this\r\n.\r\n',
    Buffer.from([...Array(256).keys()].filter((byte) => byte !== 10 && byte !== 13)).toString('latin1') + '\r\n',
    // A dot at the beginning of a line that is the first of a piece.
    ...[16_383, 16_384, 16_385].map((at) => `${'x'.repeat(at - header.length - 2)}\r\n.hidden\r\n.\r\n`),
    `${'line\r\n.'.repeat(200_000)}\r\n`,
  ]
  for (const body of bodies) {
    const raw = Buffer.from(header + body, 'latin1')
    const receipt = await connection.send(outgoing({raw}))
    assert.deepEqual(results(receipt), ['sent'], receipt.obstacle?.message)
    assert.ok(sink.mails.at(-1)!.raw.equals(raw), body.slice(0, 40))
  }
  await connection.send(outgoing({raw: Buffer.from('.Subject: no line end')}))
  assert.equal(sink.mails.at(-1)!.raw.toString(), '.Subject: no line end\r\n')
})

test('messages go over one connection, one after the other, with their envelopes', async (t) => {
  const auth = {user: 'help@acme.example', pass: PASSWORD}
  const sink = await startSmtpSink(t, {auth, tls: true})
  const connection = await connected(t, sink, {
    security: 'tls',
    user: auth.user,
    password: new Secret(auth.pass),
    ca: sink.ca,
  })
  const first = await connection.send(outgoing({recipients: [ANN, BOB]}))
  await connection.send(outgoing({sender: '', raw: Buffer.from('Subject: é\r\n\r\n')}))
  assert.deepEqual(first, {
    recipients: [ANN, BOB].map((address) => ({address, result: 'sent', reply: '250 2.0.0 Ok: queued as 1'})),
    messageId: null,
    obstacle: null,
  })
  const seen = sink.mails.map(({sender, recipients, user, secure, connection}) => [
    sender,
    recipients,
    user,
    secure,
    connection,
  ])
  assert.deepEqual(seen, [
    ['support@acme.example', [ANN, BOB], auth.user, true, 1],
    ['', [ANN], auth.user, true, 1],
  ])
  assert.deepEqual(
    sink.mails.map(({parameters}) => parameters['BODY']),
    [undefined, '8BITMIME'],
  )
  assert.ok(connection.isOpen())
  await connection.close()
  assert.ok(!connection.isOpen())
})

test('two messages at once over one connection are a mistake of the program', async (t) => {
  const connection = await connected(t, await startSmtpSink(t))
  const first = connection.send(outgoing())
  await assert.rejects(connection.send(outgoing()), /one message at a time/)
  assert.deepEqual(results(await first), ['sent'])
})

test('SIZE is told, and what is too big for the server is not sent', async (t) => {
  const sink = await startSmtpSink(t, {size: 2000})
  const connection = await connected(t, sink)
  await connection.send(outgoing())
  assert.equal(sink.mails[0]!.parameters['SIZE'], String(MAIL.length))
  const receipt = await connection.send(outgoing({recipients: [ANN, BOB], raw: Buffer.alloc(2001, 'x')}))
  assert.deepEqual(results(receipt), ['failed', 'failed'])
  assert.match(receipt.recipients[0]!.reply, /2001 bytes.*2000/)
  assert.equal(receipt.obstacle, null)
  assert.deepEqual(results(await connection.send(outgoing())), ['sent'])
  assert.equal(sink.mails.length, 2)
})

test('an address that needs SMTPUTF8 fails where the server has none, and the others go on', async (t) => {
  const server = await startScriptedSmtp(t)
  const recipients = ['grüße@example.com', 'ann@bücher.example', BOB]
  const receipt = await (await connected(t, server)).send(outgoing({recipients}))
  assert.deepEqual(
    receipt.recipients.map(({address, result}) => [address, result]),
    [
      ['grüße@example.com', 'failed'],
      ['ann@bücher.example', 'sent'],
      [BOB, 'sent'],
    ],
  )
  assert.match(receipt.recipients[0]!.reply, /SMTPUTF8/)
  const told = () => server.commands.filter((command) => /^(MAIL|RCPT)/.test(command))
  assert.deepEqual(told().slice(1), ['RCPT TO:<ann@xn--bcher-kva.example>', `RCPT TO:<${BOB}>`])
  assert.doesNotMatch(told()[0]!, /SMTPUTF8/)

  server.capabilities.push('SMTPUTF8')
  const before = told().length
  const whole = await (await connected(t, server)).send(outgoing({recipients}))
  assert.deepEqual(results(whole), ['sent', 'sent', 'sent'])
  assert.match(told()[before]!, /SMTPUTF8/)
  assert.equal(told()[before + 1], 'RCPT TO:<grüße@example.com>')
})

test('a header beyond ASCII needs SMTPUTF8, whatever the addresses are', async (t) => {
  const server = await startScriptedSmtp(t)
  const raw = Buffer.from('Subject: Hello\r\nCc: dörte@example.com\r\n\r\nGood day.\r\n')
  const recipients = [ANN, BOB]
  const without = await (await connected(t, server)).send(outgoing({recipients, raw}))
  assert.deepEqual([results(without), without.obstacle], [['failed', 'failed'], null])
  assert.match(without.recipients[0]!.reply, /header.*SMTPUTF8/)
  assert.ok(!server.commands.some((command) => command.startsWith('MAIL')))

  const told = () => server.commands.filter((command) => command.startsWith('MAIL'))
  for (const pipelining of [true, false]) {
    server.capabilities = ['8BITMIME', 'SMTPUTF8', ...(pipelining ? ['PIPELINING'] : [])]
    const connection = await connected(t, server)
    assert.deepEqual(results(await connection.send(outgoing({recipients, raw}))), ['sent', 'sent'])
    assert.equal(told().at(-1), 'MAIL FROM:<support@acme.example> BODY=8BITMIME SMTPUTF8')
    await connection.send(outgoing({recipients: ['dörte@example.com'], raw}))
    assert.equal(told().at(-1), 'MAIL FROM:<support@acme.example> SMTPUTF8 BODY=8BITMIME')
    // It is said of one message, and not of the connection.
    await connection.send(outgoing({raw: Buffer.from('Subject: Hello\r\n\r\nGrüße\r\n')}))
    assert.equal(told().at(-1), 'MAIL FROM:<support@acme.example> BODY=8BITMIME')
  }
})

test('a body beyond ASCII needs no SMTPUTF8, however the lines before it end', async (t) => {
  const connection = await connected(t, await startScriptedSmtp(t))
  for (const raw of ['Subject: a\r\n\r\nGrüße', 'Subject: a\n\nGrüße', '\r\nGrüße', '\nGrüße'])
    assert.deepEqual(results(await connection.send(outgoing({raw: Buffer.from(raw)}))), ['sent'], raw)
  for (const raw of ['Subject: Grüße\n\n', 'Grüße', 'Subject: a\r\n b\r\nTo: ä@example.com\r\n\r\n'])
    assert.deepEqual(results(await connection.send(outgoing({raw: Buffer.from(raw)}))), ['failed'], raw)
})

test('addresses reach the server in the case they were written in', async (t) => {
  const server = await startScriptedSmtp(t)
  const recipients = ['Jane.Doe@Example.com', 'jane.doe@Example.com', 'Ann@BÜCHER.example']
  const mail = outgoing({sender: 'Support@Acme.example', recipients})
  const receipt = await (await connected(t, server)).send(mail)
  assert.deepEqual(
    receipt.recipients.map(({address, result}) => [address, result]),
    recipients.map((address) => [address, 'sent']),
  )
  assert.deepEqual(
    server.commands.flatMap((command) => /^(?:MAIL|RCPT).*<(.*)>/.exec(command)?.[1] ?? []),
    ['Support@Acme.example', 'Jane.Doe@Example.com', 'jane.doe@Example.com', 'Ann@xn--bcher-kva.example'],
  )
})

test('what would end a command is no address, and nothing of it is sent', async (t) => {
  const server = await startScriptedSmtp(t)
  const connection = await connected(t, server)
  const evil = ['a@b.example>\r\nRSET', 'a@b.example> NOTIFY=NEVER', 'no-at-sign', '@b.example', ' ']
  const receipt = await connection.send(outgoing({recipients: [...evil, ANN]}))
  assert.deepEqual(results(receipt), [...evil.map(() => 'failed'), 'sent'])
  assert.deepEqual(
    server.commands.filter((command) => /^(RCPT|RSET)/.test(command)),
    [`RCPT TO:<${ANN}>`],
  )
  assert.deepEqual(results(await connection.send(outgoing({sender: 'a@b\r\nRSET'}))), ['failed'])
})

// Recipients -------------------------------------------------------------------------------------------------------

bothWays(
  'a recipient that is refused for good fails, one refused for now is deferred, the others get the mail',
  async (t, server) => {
    server.script = {
      RCPT: ({args, reply, usual}) => {
        if (args.includes(ANN)) reply('550-5.1.1 no such user', '550 5.1.1 really not')
        else if (args.includes(BOB)) reply('450 4.2.0 greylisted')
        else usual()
      },
    }
    const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB, CAT]}))
    assert.deepEqual(receipt.recipients, [
      {address: ANN, result: 'failed', reply: '550-5.1.1 no such user\n550 5.1.1 really not'},
      {address: BOB, result: 'deferred', reply: '450 4.2.0 greylisted'},
      {address: CAT, result: 'sent', reply: '250 2.0.0 Ok: queued as 1'},
    ])
    assert.equal(receipt.obstacle, null)
    assert.equal(server.messages.length, 1)
  },
)

bothWays(
  'where all recipients are refused each has a result of its own, and the connection goes on',
  async (t, server) => {
    server.script = {
      RCPT: ({args, reply}) => reply(args.includes(ANN) ? '550 5.1.1 no such user' : '451 4.3.0 later'),
      DATA: replying('554 5.5.1 no valid recipients'),
    }
    const connection = await connected(t, server)
    const receipt = await connection.send(outgoing({recipients: [ANN, BOB]}))
    assert.deepEqual(
      receipt.recipients.map(({result, reply}) => [result, reply]),
      [
        ['failed', '550 5.1.1 no such user'],
        ['deferred', '451 4.3.0 later'],
      ],
    )
    assert.equal(receipt.obstacle, null)
    server.script = {}
    assert.deepEqual(results(await connection.send(outgoing())), ['sent'])
    assert.ok(server.commands.includes('RSET'))
    assert.deepEqual([server.connections(), server.messages.length], [1, 1])
  },
)

bothWays('what the server of one recipient says of logins stops nobody else', async (t, server) => {
  for (const reply of [
    `550 5.1.1 <${ANN}>: undeliverable address: host mx.evil.example said: 550 5.7.1 Client was not authenticated`,
    '550 5.7.1 Authentication required to send to this group',
    '550 host.example is not permitted to relay through this server without authentication.',
    '550 5.1.8 Access denied, bad outbound sender',
    '553 Relaying disallowed as support@acme.example',
  ])
    for (const recipients of [[ANN], [ANN, BOB]]) {
      server.script = {RCPT: ({args, reply: say, usual}) => (args.includes(ANN) ? say(reply) : usual())}
      const receipt = await (await connected(t, server)).send(outgoing({recipients}))
      assert.deepEqual(receipt.recipients[0], {address: ANN, result: 'failed', reply})
      assert.deepEqual([results(receipt).slice(1), receipt.obstacle], [recipients.slice(1).map(() => 'sent'), null])
    }
})

bothWays('530 to every recipient is said of the account, and to some of them it is said of them', async (t, server) => {
  const LOGIN = '530 5.7.0 Authentication required'
  const attempt = async (toBob: string) => {
    server.script = {RCPT: ({args, reply}) => reply(args.includes(BOB) ? toBob : LOGIN)}
    const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB]}))
    return [results(receipt), obstacle(receipt)]
  }
  assert.deepEqual(await attempt('530-5.7.0 Authentication required\r\n530 5.7.0 by all'), [
    ['deferred', 'deferred'],
    ['SMTP_LOGIN_NEEDED', 24],
  ])
  assert.deepEqual(await attempt('550 5.1.1 no such user'), [['failed', 'failed'], null])
  assert.deepEqual(await attempt('530 5.7.0 Must issue a STARTTLS command first'), [['failed', 'failed'], null])
  assert.deepEqual(await attempt('250 2.1.5 Ok'), [['failed', 'sent'], null])
})

test('a server that takes DATA although it refused everyone gets an empty message, and nobody has it', async (t) => {
  const server = await startScriptedSmtp(t, {RCPT: replying('550 5.1.1 no')})
  const connection = await connected(t, server)
  assert.deepEqual(results(await connection.send(outgoing({recipients: [ANN, BOB]}))), ['failed', 'failed'])
  assert.deepEqual(server.messages.map(String), [''])
})

// The sender -------------------------------------------------------------------------------------------------------

bothWays('where the null sender is refused the fallback is tried in a new transaction', async (t, server) => {
  let refused = false
  server.script = {
    MAIL: ({args, reply, usual}) => {
      refused = args.startsWith('FROM:<>')
      if (refused) reply('550 5.7.1 null sender not allowed')
      else usual()
    },
    RCPT: ({reply, usual}) => (refused ? reply('503 5.5.1 need MAIL') : usual()),
    DATA: ({reply, usual}) => (refused ? reply('503 5.5.1 need RCPT') : usual()),
  }
  const connection = await connected(t, server)
  const mail = outgoing({sender: '', fallbackSender: 'bounces@acme.example', recipients: [ANN, BOB]})
  assert.deepEqual(results(await connection.send(mail)), ['sent', 'sent'])
  const told = server.commands
    .filter((command) => /^(MAIL|RSET)/.test(command))
    .map((command) => command.split(' S')[0])
  assert.deepEqual(told, ['MAIL FROM:<>', 'RSET', 'MAIL FROM:<bounces@acme.example>'])
  assert.equal(server.messages.length, 1)

  const without = await connection.send({...mail, fallbackSender: null})
  assert.deepEqual(
    without.recipients.map(({result, reply}) => [result, reply]),
    [ANN, BOB].map(() => ['failed', '550 5.7.1 null sender not allowed']),
  )
  assert.equal(without.obstacle, null)

  server.script = {...server.script, MAIL: replying('553 5.7.1 not owned by user'), RCPT: replying('503 5.5.1 no')}
  refused = true
  const neither = await connection.send(mail)
  assert.deepEqual(
    [results(neither), obstacle(neither)],
    [
      ['deferred', 'deferred'],
      ['SMTP_SENDER_REFUSED', 26],
    ],
  )
})

bothWays(
  'a sender that is refused with the whole message stops the account, and not the recipients',
  async (t, server) => {
    const attempt = async (command: 'DATA' | 'message', reply: string) => {
      server.script = {[command]: replying(reply)}
      const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB]}))
      assert.ok(receipt.recipients.every((recipient) => recipient.reply === reply))
      return [[...new Set(results(receipt))], obstacle(receipt), receipt.obstacle?.fixes[0]?.text ?? null]
    }
    const refused = (fix: string) => [['deferred'], ['MS_SEND_AS_DENIED', 26], fix]
    const [, , zoho] = await attempt('message', '553 Relaying disallowed as support@acme.example')
    assert.match(String(zoho), /zoho\.com\/mail\/help/)
    assert.deepEqual(
      await attempt('DATA', '554 5.2.252 SendAsDenied; a@acme.example not allowed to send as support@acme.example'),
      refused('Send from an address of the login, or log in as the user whose address it is.'),
    )
    assert.deepEqual(await attempt('message', '550 5.7.1 blocked by the policy of mx.example'), [
      ['failed'],
      null,
      null,
    ])
  },
)

test('a null sender that is refused with the whole message is tried again as the fallback', async (t) => {
  const sink = await startSmtpSink(t, {
    onMail: ({sender}) => (sender === '' ? {code: 553, text: 'Relaying disallowed as @'} : undefined),
  })
  const connection = await connected(t, sink)
  const mail = outgoing({sender: '', fallbackSender: 'bounces@acme.example'})
  assert.deepEqual(results(await connection.send(mail)), ['sent'])
  assert.deepEqual(
    sink.mails.map(({sender}) => sender),
    ['bounces@acme.example'],
  )
  const without = await connection.send({...mail, fallbackSender: null})
  assert.deepEqual([results(without), obstacle(without)], [['failed'], null])
})

bothWays(
  'what is said of a sender only at the recipients, as Postfix does, is said of the sender',
  async (t, server) => {
    const rejecting = (sender: string, why: string): SmtpHandler =>
      replying(`553 5.7.1 <${sender}>: Sender address rejected: ${why}`)
    let refused = ''
    server.script = {
      MAIL(exchange) {
        refused = exchange.args.includes('<>') ? '' : 'none'
        exchange.usual()
      },
      RCPT: (exchange) => (refused === '' ? rejecting('', 'no null sender here')(exchange) : exchange.usual()),
    }
    const connection = await connected(t, server)
    const mail = outgoing({sender: '', fallbackSender: 'bounces@acme.example', recipients: [ANN, BOB]})
    assert.deepEqual(results(await connection.send(mail)), ['sent', 'sent'])
    const ours = 'support@acme.example'
    server.script = {RCPT: rejecting(ours, 'not owned by user sales')}
    const receipt = await connection.send(outgoing({recipients: [ANN, BOB]}))
    assert.deepEqual(
      [results(receipt), obstacle(receipt)],
      [
        ['deferred', 'deferred'],
        ['POSTFIX_SENDER_NOT_OWNED', 26],
      ],
    )
    // What the server of a recipient says of another sender, or says to one of them alone, is about the recipient.
    server.script = {RCPT: rejecting('somebody@else.example', 'not owned')}
    assert.deepEqual(obstacle(await connection.send(outgoing({recipients: [ANN]}))), null)
    let first = true
    server.script = {
      RCPT(exchange) {
        if (first) rejecting(ours, 'not owned')(exchange)
        else exchange.usual()
        first = false
      },
    }
    const one = await connection.send(outgoing({recipients: [ANN, BOB]}))
    assert.deepEqual([results(one), obstacle(one)], [['failed', 'sent'], null])
  },
)

bothWays(
  'a sender that is refused, for good or for now, defers everyone, and the account waits; a size fails everyone',
  async (t, server) => {
    const attempt = async (reply: string) => {
      server.script = {
        MAIL: replying(reply),
        RCPT: replying('503 5.5.1 need MAIL'),
        DATA: replying('503 5.5.1 need RCPT'),
      }
      const connection = await connected(t, server)
      const receipt = await connection.send(outgoing({recipients: [ANN, BOB]}))
      assert.ok(receipt.recipients.every((recipient) => recipient.reply === reply))
      return [[...new Set(results(receipt))], obstacle(receipt)]
    }
    assert.deepEqual(await attempt('553 5.7.1 not owned by user'), [['deferred'], ['SMTP_SENDER_REFUSED', 26]])
    assert.deepEqual(await attempt('552 5.3.4 Message size exceeds fixed limit'), [['failed'], null])
    assert.deepEqual(await attempt('501 5.5.4 Syntax: MAIL FROM:<address>'), [['failed'], null])
    assert.deepEqual(await attempt('451 4.7.1 too fast'), [['deferred'], ['SMTP_THROTTLED', 75]])
    assert.deepEqual(await attempt('452 4.3.1 no room'), [['deferred'], ['SMTP_THROTTLED', 75]])
    assert.deepEqual(await attempt('530 5.7.0 Authentication required'), [['deferred'], ['SMTP_LOGIN_NEEDED', 24]])
    assert.deepEqual(await attempt('530 5.7.0 Must issue a STARTTLS command first'), [
      ['deferred'],
      ['SMTP_NEEDS_TLS', 22],
    ])
    assert.deepEqual(await attempt('550 5.4.5 Daily user sending limit exceeded'), [
      ['deferred'],
      ['GOOGLE_DAILY_LIMIT', 75],
    ])
    assert.deepEqual(await attempt('503 5.5.1 nested MAIL'), [['deferred'], ['SMTP_PROTOCOL', 23]])
  },
)

// DATA and the final reply -----------------------------------------------------------------------------------------

bothWays('a no to DATA or to the message holds for those that were accepted', async (t, server) => {
  const attempt = async (command: 'DATA' | 'message', reply: string) => {
    server.script = {
      RCPT: ({args, reply, usual}) => (args.includes(CAT) ? reply('550 5.1.1 no such user') : usual()),
      [command]: replying(reply),
    }
    const connection = await connected(t, server)
    const receipt = await connection.send(outgoing({recipients: [ANN, BOB, CAT]}))
    assert.equal(receipt.recipients[0]!.reply, reply)
    assert.equal(receipt.recipients[2]!.reply, '550 5.1.1 no such user')
    server.script = {}
    assert.deepEqual(results(await connection.send(outgoing())), ['sent'])
    return [results(receipt), obstacle(receipt)]
  }
  const [deferred, failed] = [
    ['deferred', 'deferred', 'failed'],
    ['failed', 'failed', 'failed'],
  ]
  assert.deepEqual(await attempt('DATA', '451 4.3.0 later'), [deferred, null])
  assert.deepEqual(await attempt('DATA', '554 5.7.1 no'), [failed, null])
  assert.deepEqual(await attempt('message', '451 4.3.0 later'), [deferred, null])
  assert.deepEqual(await attempt('message', '554 5.7.1 spam'), [failed, null])
  assert.deepEqual(await attempt('message', '454 Throttling failure: Maximum sending rate exceeded.'), [
    deferred,
    ['SES_SENDING_RATE', 75],
  ])
})

test('a final reply that is neither yes nor no leaves the result unknown', async (t) => {
  const server = await startScriptedSmtp(t, {message: replying('354 go on')})
  const receipt = await (await connected(t, server)).send(outgoing())
  assert.deepEqual([results(receipt), obstacle(receipt)], [['unknown'], ['SMTP_PROTOCOL', 23]])
})

test('a password that the server echoes is not in the receipt', async (t) => {
  const server = await startScriptedSmtp(t, {
    RCPT: replying(`550 you said ${PASSWORD}`),
    DATA: replying(`554 you said ${PASSWORD}`),
  })
  const account = {user: 'help@acme.example', password: new Secret(PASSWORD)}
  const receipt = await (await connected(t, server, account)).send(outgoing())
  assert.equal(receipt.recipients[0]!.reply, '550 you said [secret]')
})

test('the Message-ID that a provider gave in place of ours is in the receipt', async (t) => {
  const server = await startScriptedSmtp(t)
  const connection = await connected(t, server)
  const idAfter = async (reply: string) => {
    server.script = {message: replying(reply)}
    return (await connection.send(outgoing())).messageId
  }
  const hostname = '[Hostname=DB7PR04MB.eurprd04.prod.outlook.com]'
  assert.equal(await idAfter(`250 2.0.0 OK <x@prod.outlook.com> ${hostname}`), 'x@prod.outlook.com')
  assert.equal(await idAfter(`250 2.0.0 OK <pd.1@acme.example> ${hostname}`), null)
})

// Lost connections -------------------------------------------------------------------------------------------------

/** A message of which the end is still in our hands while the beginning fills every buffer on the way. */
const BIG = Buffer.concat([Buffer.from('Subject: big\r\n\r\n'), Buffer.alloc(40 * 2 ** 20, `${'x'.repeat(76)}\r\n`)])

bothWays('a connection lost before the message was handed over defers it', async (t, server) => {
  for (const command of ['MAIL', 'RCPT', 'DATA'])
    for (const way of ['hangUp', 'reset'] as const) {
      server.script = {[command]: (exchange) => exchange[way]()}
      const connection = await connected(t, server)
      const receipt = await connection.send(outgoing({recipients: [ANN, BOB]}))
      assert.deepEqual(
        [results(receipt), obstacle(receipt)],
        [
          ['deferred', 'deferred'],
          ['SMTP_CONNECTION_LOST', 75],
        ],
        `${way} at ${command}`,
      )
      assert.ok(!connection.isOpen())
    }
  assert.equal(server.messages.length, 0)
})

test('what was said to recipients before the connection was lost still holds', async (t) => {
  const server = await startScriptedSmtp(t, {
    RCPT: ({args, reply, usual}) => (args.includes(ANN) ? reply('550 5.1.1 no such user') : usual()),
    DATA: ({hangUp}) => hangUp(),
  })
  const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB]}))
  assert.deepEqual(results(receipt), ['failed', 'deferred'])
})

test('a connection lost in the middle of the message defers it: nobody can have accepted it', async (t) => {
  for (const way of ['hangUp', 'reset'] as const) {
    const server = await startScriptedSmtp(t, {content: (exchange) => exchange[way]()})
    server.capabilities = ['PIPELINING']
    const receipt = await (await connected(t, server)).send(outgoing({raw: BIG}))
    assert.deepEqual([results(receipt), obstacle(receipt)], [['deferred'], ['SMTP_CONNECTION_LOST', 75]], way)
  }
})

test('a server that stops reading in the middle of the message defers it after the deadline', async (t) => {
  const server = await startScriptedSmtp(t, {content: ({freeze}) => freeze()})
  server.capabilities = ['PIPELINING']
  const connection = await connected(t, server, {}, {deadlines: {commandMs: 300, finalMs: 10_000}})
  const receipt = await connection.send(outgoing({raw: BIG}))
  assert.deepEqual([results(receipt), obstacle(receipt)], [['deferred'], ['SMTP_STALLED', 75]])
})

bothWays('a connection lost after the final dot leaves the result unknown, never deferred', async (t, server) => {
  for (const way of ['hangUp', 'reset'] as const) {
    server.script = {
      RCPT: ({args, reply, usual}) => (args.includes(ANN) ? reply('450 4.2.0 greylisted') : usual()),
      message: (exchange) => exchange[way](),
    }
    const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB, CAT]}))
    assert.deepEqual(
      [results(receipt), obstacle(receipt)],
      [
        ['deferred', 'unknown', 'unknown'],
        ['SMTP_CONNECTION_LOST', 75],
      ],
    )
  }
  assert.equal(server.messages.length, 2)
})

test('a server that is silent after the final dot leaves the result unknown, after its own deadline', async (t) => {
  const server = await startScriptedSmtp(t, {message: () => {}})
  const connection = await connected(t, server, {}, {deadlines: {commandMs: 100, finalMs: 500}})
  const began = Date.now()
  const receipt = await connection.send(outgoing())
  assert.ok(Date.now() - began >= 450, 'it was given up too early')
  assert.deepEqual([results(receipt), obstacle(receipt)], [['unknown'], ['SMTP_STALLED', 75]])
})

test('a silent server defers a message before the final dot, and a trickling one is ended, too', async (t) => {
  const server = await startScriptedSmtp(t, {RCPT: () => {}, DATA: () => {}})
  const silent = await connected(t, server, {}, {deadlines: {commandMs: 200}})
  const receipt = await silent.send(outgoing())
  assert.deepEqual([results(receipt), obstacle(receipt)], [['deferred'], ['SMTP_STALLED', 75]])
  server.script = {
    message: ({reply}) => {
      const timer = setInterval(() => reply('250-wait'), 20)
      t.after(() => clearInterval(timer))
    },
  }
  const trickling = await connected(t, server, {}, {deadlines: {commandMs: 200, finalMs: 200, messageMs: 500}})
  assert.deepEqual(results(await trickling.send(outgoing())), ['unknown'])
})

test('a yes before the end of the message is no yes', async (t) => {
  const server = await startScriptedSmtp(t, {
    content: ({reply, freeze}) => {
      reply('250 2.0.0 Ok: queued as 1')
      freeze()
    },
  })
  server.capabilities = ['PIPELINING']
  const connection = await connected(t, server)
  const receipt = await connection.send(outgoing({raw: BIG}))
  assert.deepEqual([results(receipt), obstacle(receipt)], [['deferred'], ['SMTP_PROTOCOL', 23]])
  assert.ok(!connection.isOpen())
})

test('a no before the end of the message holds, and the connection is given up', async (t) => {
  const server = await startScriptedSmtp(t, {
    content: ({reply, freeze}) => {
      reply('552 5.3.4 too big')
      freeze()
    },
  })
  server.capabilities = ['PIPELINING']
  const connection = await connected(t, server)
  const receipt = await connection.send(outgoing({raw: BIG}))
  assert.deepEqual(
    [receipt.recipients[0], receipt.obstacle],
    [{address: ANN, result: 'failed', reply: '552 5.3.4 too big'}, null],
  )
  assert.ok(!connection.isOpen())
})

test('a no that the end of the connection cut short is a no', async (t) => {
  const server = await startScriptedSmtp(t, {
    message: ({raw, hangUp}) => {
      raw('554 5.7.1 sp')
      hangUp()
    },
  })
  const receipt = await (await connected(t, server)).send(outgoing())
  assert.deepEqual(receipt.recipients, [{address: ANN, result: 'failed', reply: '554 5.7.1 sp'}])
})

// 421 --------------------------------------------------------------------------------------------------------------

bothWays('421 at any command closes the connection, and what was not judged is deferred', async (t, server) => {
  const GOING = '421 4.3.2 going down'
  for (const command of ['MAIL', 'DATA', 'message']) {
    server.script = {[command]: replying(GOING)}
    const connection = await connected(t, server)
    const receipt = await connection.send(outgoing({recipients: [ANN, BOB]}))
    assert.deepEqual(
      [results(receipt), obstacle(receipt), receipt.obstacle?.serverReply],
      [['deferred', 'deferred'], ['SMTP_CLOSING', 75], GOING],
      command,
    )
    assert.ok(!connection.isOpen())
  }
  server.script = {
    RCPT: ({args, reply, usual}) => {
      if (args.includes(ANN)) reply('550 5.1.1 no such user')
      else if (args.includes(BOB)) reply(GOING)
      else usual()
    },
  }
  const receipt = await (await connected(t, server)).send(outgoing({recipients: [ANN, BOB, CAT]}))
  assert.deepEqual(
    [results(receipt), obstacle(receipt)],
    [
      ['failed', 'deferred', 'deferred'],
      ['SMTP_CLOSING', 75],
    ],
  )
  assert.equal(receipt.recipients[2]!.reply, GOING)
})

test('a connection that the server ended while idle is not open, and a message for it is deferred', async (t) => {
  const server = await startScriptedSmtp(t)
  for (const end of [() => server.hangUp(), () => server.announce('421 4.4.2 idle')]) {
    const connection = await connected(t, server)
    assert.ok(connection.isOpen())
    end()
    await sleep(50)
    assert.ok(!connection.isOpen())
    const receipt = await connection.send(outgoing())
    assert.deepEqual([results(receipt), obstacle(receipt)], [['deferred'], ['SMTP_CONNECTION_LOST', 75]])
  }
})

test('close says QUIT, and does not wait for a server that does not answer', async (t) => {
  const server = await startScriptedSmtp(t)
  const polite = await connected(t, server)
  await polite.close()
  assert.equal(server.commands.at(-1), 'QUIT')
  server.script = {QUIT: () => {}}
  const rude = await connected(t, server)
  const began = Date.now()
  await rude.close()
  assert.ok(Date.now() - began < 8_000)
  assert.ok(!rude.isOpen())
})

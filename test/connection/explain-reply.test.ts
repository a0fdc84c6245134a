import assert from 'node:assert/strict'
import {test} from 'node:test'
import {
  explainText,
  KNOWN_PROVIDERS,
  partsOfReply,
  providerOfServer,
  type ReplyContext,
} from '../../src/lib/connection/explain-reply.ts'
import {REPLY_ROWS} from '../../src/lib/connection/reply-table/index.ts'
import {REPLY_EXAMPLES} from '../fixtures/replies.ts'

const ruleOf = (text: string, provider: string | null = null) => explainText(text, provider)?.rule
const verdictOf = (text: string, provider: string | null = null) => {
  const parts = explainText(text, provider)?.parts
  return parts === undefined ? null : [parts.code, parts.exitCode, parts.certainty]
}

const GMAIL = '535-5.7.8 Username and Password not accepted. Learn more at'
const GMAIL_END = '535 5.7.8  https://support.google.com/mail/?p=BadCredentials b29-c34543 - gsmtp'

/** The same reply as people paste it. */
const PASTED: readonly (readonly [name: string, text: string])[] = [
  ['lines', `${GMAIL}\n${GMAIL_END}`],
  ['lines of Windows, with blanks around', `\r\n  ${GMAIL}\r\n  ${GMAIL_END}\r\n`],
  ['one line', `${GMAIL} ${GMAIL_END}`],
  ['the first line alone', GMAIL],
  ['a transcript of ours', `C: AUTH PLAIN ***\nS: ${GMAIL}\nS: ${GMAIL_END}\nC: QUIT\nS: 221 2.0.0 closing connection`],
  [
    'swaks',
    `=== Trying smtp.gmail.com:587...\n<-  334 UGFzc3dvcmQ6\n -> c2VjcmV0\n<** ${GMAIL}\n<** ${GMAIL_END}\n*** No authentication type succeeded\n -> QUIT\n<-  221 2.0.0 closing connection`,
  ],
  ['openssl, copied from a page', `&lt;** ${GMAIL}<br>&lt;** ${GMAIL_END}`],
  ['curl', `< ${GMAIL}\n< ${GMAIL_END}\n* Authentication failed: 535\n* Closing connection 0`],
  [
    'nodemailer',
    `Error: Invalid login: ${GMAIL}\n${GMAIL_END}\n    at SMTPConnection._formatError (/app/node_modules/nodemailer/lib/smtp-connection/index.js:774:19)`,
  ],
  [
    'nodemailer as JSON',
    JSON.stringify({code: 'EAUTH', response: `${GMAIL}\n${GMAIL_END}`, responseCode: 535, command: 'AUTH PLAIN'}),
  ],
  [
    'smtplib of Python',
    `smtplib.SMTPAuthenticationError: (535, b'5.7.8 Username and Password not accepted. Learn more at\\n5.7.8 https://support.google.com/mail/?p=BadCredentials x - gsmtp')`,
  ],
  [
    'PHPMailer',
    `2021-01-04 10:00:00\tSERVER -> CLIENT: ${GMAIL} ${GMAIL_END}\nSMTP ERROR: Password command failed: ${GMAIL}`,
  ],
  [
    'Postfix, which writes a question mark for a line break',
    `Jan 31 20:06:56 debian postfix/smtp[1656]: 5FCF66C2FA9: SASL authentication failed; server smtp.gmail.com[74.125.199.108] said: ${GMAIL}?${GMAIL_END}`,
  ],
  [
    'Exim',
    `2022-06-08 19:08:18 1nyzAH-000Asi-Tc plain authenticator failed H=smtp.gmail.com [173.194.76.109] ${GMAIL}\n${GMAIL_END}`,
  ],
  ['a mail that quotes it', `> ${GMAIL}\n> ${GMAIL_END}`],
  ['a log with times', `[2026-02-28T10:00:00.123Z] ${GMAIL}\n[2026-02-28T10:00:00.124Z] ${GMAIL_END}`],
  ['colours of a terminal', `\u001B[31m${GMAIL}\u001B[0m\n${GMAIL_END}`],
  ['words alone', 'Username and Password not accepted'],
]

for (const [name, text] of PASTED)
  test(`a pasted reply is found: ${name}`, () => {
    assert.deepEqual(verdictOf(text), ['GOOGLE_BAD_CREDENTIALS', 24, 'likely'])
    const explanation = explainText(text, null)
    assert.deepEqual([explanation?.rule, explanation?.provider], ['GOOGLE_BAD_CREDENTIALS', 'google'])
    assert.match(explanation?.source ?? '', /support\.google\.com/)
    assert.match(explanation?.parts.causes?.[0] ?? '', /app password.*Check: /)
  })

/** Other forms. */
const ALSO: readonly (readonly [rule: string, text: string])[] = [
  ['MS_IMAP_NOT_CONNECTED', 'a3 BAD User is authenticated but not connected.'],
  [
    'NETEASE_UNSAFE_LOGIN',
    'imaplib.IMAP4.error: select failed: SELECT Unsafe Login. Please contact kefu@188.com for help',
  ],
  [
    'GOOGLE_IMAP_OVER_LIMIT',
    "imaplib.error: command: FETCH => b'[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)'",
  ],
  [
    'MS_LOGIN_NEEDED',
    'status=bounced (host smtp.office365.us[20.35.242.130] said: 530 5.7.57 Client not authenticated to send mail. [BN1P110CA0052.NAMP110.PROD.OUTLOOK.COM 2023-11-29T14:52:57.126Z 08DBE7319275F6BA] (in reply to MAIL FROM command))',
  ],
  [
    'MS_EXTERNAL_FORWARDING_BLOCKED',
    "Remote Server returned '550 5.7.520 Access denied, Your organization does not allow external forwarding. Please contact your administrator for further assistance. AS(7555)'",
  ],
  [
    'SENDGRID_NO_CREDITS',
    '>> AUTH LOGIN << 334 VXNlcm5hbWU6 << 451 Authentication failed: Maximum credits exceeded !! Expected response code 235 but got code "451"',
  ],
  [
    'MAILGUN_SANDBOX',
    "Exception Value: \n(554, 'Sandbox subdomains are for test purposes only. Please add your own domain')",
  ],
  ['SENDMAIL_RELAYING_DENIED', "Can't send mail - all recipients were rejected: 550 5.7.1 Relaying denied"],
  [
    'GOOGLE_XOAUTH2_TOKEN_REFUSED',
    'S: 334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==',
  ],
  [
    'GOOGLE_XOAUTH2_TOKEN_REFUSED',
    'S: + eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==',
  ],
  ['MS_TOKEN_SECRET_EXPIRED', 'AADSTS7000222'],
  ['OAUTH_INVALID_GRANT', 'Error: invalid_grant'],
  ['CISCO_STARTTLS_MASKED', 'S: 220 ****************'],
  [
    'MS_LOGIN_REFUSED',
    '535 5.7.3 Authentication unsuccessful [SGXP274CA0016.SGPP274.PROD.OUTLOOK.COM 2025-03-20T11:25:21.972Z 08DD66EDEFB0DFDF]',
  ],
  // The greeting of the server tells whose words they are.
  ['ZOHO_LOGIN_REFUSED', 'S: 220 mx.zoho.eu SMTP Server ready\nC: AUTH PLAIN ***\nS: 535 Authentication Failed'],
  ['GOOGLE_IMAP_BAD_CREDENTIALS', 'imap.gmail.com: A2 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)'],
]

for (const [rule, text] of ALSO)
  test(`a pasted reply is found: ${text.slice(0, 60)}`, () => assert.equal(ruleOf(text), rule))

test('every example of the table is explained by its row where the provider is named', () => {
  for (const {rule, reply, provider, host} of REPLY_EXAMPLES)
    assert.equal(ruleOf(reply, provider ?? providerOfServer(host)), rule, reply)
})

test('without a provider every example is explained by its row, or by all that may be meant', () => {
  for (const {rule, reply, exitCode} of REPLY_EXAMPLES) {
    const explanation = explainText(reply, null)
    assert.ok(explanation !== null, reply)
    if (explanation.rule !== rule) {
      const row = REPLY_ROWS.find(({id}) => id === rule)!
      const mentioned = explanation.parts.causes?.some((cause) => cause.includes(row.why)) ?? false
      const general = explanation.rule === null ? undefined : REPLY_ROWS.find(({id}) => id === explanation.rule)
      // Where a provider says what all servers say, the row of all servers is as good.
      assert.ok(mentioned || general?.exitCode === exitCode || explanation.parts.certainty === 'guess', reply)
    }
  }
})

test('where several servers say so, all that it may mean is told, and no certainty is made up', () => {
  const both = explainText('535 Authentication credentials invalid', null)!
  assert.deepEqual([both.rule, both.provider], [null, null])
  assert.deepEqual([both.parts.code, both.parts.exitCode, both.parts.certainty], ['SMTP_AUTH', 24, 'guess'])
  assert.equal(both.parts.causes?.length, 2)
  assert.match(both.parts.causes.join('\n'), /GMX and WEB\.DE: .*POP3[\s\S]*Amazon SES: .*IAM/)
  assert.match(both.parts.fixes?.[0]?.text ?? '', /--provider gmx, amazon-ses/)
  assert.deepEqual(verdictOf('535 Authentication credentials invalid', 'gmx'), ['GMX_ACCESS_OFF', 25, 'likely'])
  assert.deepEqual(verdictOf('535 Authentication credentials invalid', 'ses'), ['SES_LOGIN_REFUSED', 24, 'likely'])
  // They mean different things, and end with the same code.
  assert.deepEqual(verdictOf('NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)'), ['IMAP_AUTH', 24, 'likely'])
  assert.deepEqual(verdictOf('NO [AUTHENTICATIONFAILED] Authentication failed.'), ['IMAP_AUTH', 24, 'likely'])
  // Only one is known to say so, and others may.
  assert.deepEqual(verdictOf('a1 NO LOGIN failed.'), ['MS_IMAP_LOGIN_FAILED', 25, 'likely'])
  // Of a provider that is known others do not speak.
  assert.deepEqual(verdictOf('a1 NO LOGIN failed.', 'fastmail'), ['IMAP_AUTH', 24, 'guess'])
})

test('what nobody documented is told by its codes, as a guess, with the wish for a report', () => {
  const unknown: readonly (readonly [string, string, number])[] = [
    ['535 5.7.8 nope', 'SMTP_AUTH', 24],
    ['534 5.7.9 use something else', 'SMTP_LOGIN_CLOSED', 25],
    ['454 4.7.0 come back', 'SMTP_LOGIN_LATER', 75],
    ['550 5.1.1 who is that', 'SMTP_RECIPIENT_UNKNOWN', 27],
    ['550 5.2.2 no room there', 'SMTP_MAILBOX_CLOSED', 27],
    ['552 5.3.4 much too long', 'SMTP_MESSAGE_TOO_LARGE', 27],
    ['550 5.1.8 not from there', 'SMTP_SENDER_REFUSED', 26],
    ['550 5.7.1 against the rules', 'SMTP_NOT_ALLOWED', 27],
    ['421 4.3.0 going down', 'SMTP_LATER', 75],
    ['451 4.3.0 not now', 'SMTP_MESSAGE_LATER', 75],
    ['554 no', 'SMTP_MESSAGE_REFUSED', 27],
    ['502 5.5.1 what', 'SMTP_PROTOCOL', 23],
    ['Mail command failed: 550 no', 'SMTP_SENDER_REFUSED', 26],
    ['Invalid login: 550 no', 'SMTP_AUTH', 24],
    ['Invalid login: 503 no', 'SMTP_NO_AUTH', 23],
    ['550 no (in reply to RCPT TO command)', 'SMTP_RECIPIENT_REFUSED', 27],
    ['a1 NO who are you', 'IMAP_AUTH', 24],
    ['a1 BAD what', 'IMAP_LOGIN_NOT_UNDERSTOOD', 23],
    ['* BYE so long', 'IMAP_GREETING', 23],
    ['{"error":"unsupported_grant_type"}', 'OAUTH_REFUSED', 25],
  ]
  for (const [text, code, exitCode] of unknown) {
    const explanation = explainText(text, null)
    if (text.startsWith('454')) assert.equal(explanation?.rule, 'SMTP_LOGIN_LATER')
    else {
      assert.deepEqual([explanation?.rule, explanation?.source], [null, null], text)
      assert.equal(explanation?.parts.certainty, 'guess', text)
      assert.match(explanation?.parts.fixes?.at(-1)?.text ?? '', /report them/)
    }
    assert.deepEqual([explanation?.parts.code, explanation?.parts.exitCode], [code, exitCode], text)
  }
})

test('errors of Node and OpenSSL are explained, too', () => {
  const errors: readonly (readonly [string, string, number])[] = [
    ['Error: connect ECONNREFUSED 127.0.0.1:587', 'TCP_REFUSED', 21],
    ['connect ETIMEDOUT 142.250.1.108:465', 'TCP_TIMEOUT', 21],
    ['Connection timeout', 'TCP_TIMEOUT', 21],
    ['getaddrinfo ENOTFOUND smtp.exampel.com', 'DNS_NOT_FOUND', 20],
    ['getaddrinfo EAI_AGAIN smtp.acme.example', 'DNS_UNAVAILABLE', 20],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS_WRONG_MODE', 22],
    [
      '139634851661696:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:332:',
      'TLS_WRONG_MODE',
      22,
    ],
    ['Error: Greeting never received', 'TLS_WRONG_MODE', 22],
    ['CERT_HAS_EXPIRED', 'TLS_CERTIFICATE_EXPIRED', 22],
    ['unable to verify the first certificate', 'TLS_UNTRUSTED', 22],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_UNTRUSTED', 22],
    ['self signed certificate', 'TLS_SELF_SIGNED', 22],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_SELF_SIGNED', 22],
    ['self-signed certificate in certificate chain', 'TLS_UNTRUSTED', 22],
    ["Hostname/IP does not match certificate's altnames: Host: mail.acme.example.", 'TLS_NAME_MISMATCH', 22],
    ['Client network socket disconnected before secure TLS connection was established', 'TLS_HANDSHAKE_FAILED', 22],
  ]
  for (const [text, code, exitCode] of errors) {
    const parts = explainText(text, null)?.parts
    assert.deepEqual([parts?.code, parts?.exitCode], [code, exitCode], text)
    assert.match(parts!.title, /^[A-Z\d]/)
    assert.doesNotMatch(parts!.title, /:0\b/)
    assert.ok(parts!.fixes!.length > 0)
  }
  assert.match(explainText('connect ECONNREFUSED 192.0.2.1:993', null)!.parts.fixes![0]!.text, /143/)
  assert.match(explainText('getaddrinfo ENOTFOUND smtp.exampel.com', null)!.parts.title, /smtp\.exampel\.com/)
})

test('what is no refusal is told apart', () => {
  const nothing = [
    '',
    ' \n\t\n',
    'I cannot send any mail since yesterday, please help.',
    'It says NO to me, and I waited 450 seconds.',
    'Says NO to me',
    'no problem at all',
    'Sent 550 mails to 3 people at port 587',
    '250 2.0.0 OK',
    '* OK IMAP4 ready',
    '235 2.7.0 Authentication successful',
    'S: 220 mail.acme.example ESMTP\nC: EHLO x\nS: 250 mail.acme.example',
  ]
  for (const text of nothing) assert.equal(explainText(text, null), null, text)
})

test('what the client said is never taken for a reply', () => {
  assert.equal(explainText('C: 535 this is my password\nC: NO [ALERT] this, too', null), null)
  assert.equal(explainText(' -> 535 secret', null), null)
})

test('however long or odd a text is, it is answered at once', () => {
  const began = performance.now()
  for (const text of [
    '535-'.repeat(100_000),
    `550 ${'<'.repeat(50_000)}`,
    `550 5.7.1 ${'a.'.repeat(50_000)}`,
    `${'x '.repeat(50_000)}535 5.7.8 no`,
    `NO [${'A'.repeat(50_000)}`,
    `535 ${'"'.repeat(50_000)}`,
    '\u0000\u001B['.repeat(30_000),
    '550 5.7.1 authentication '.repeat(5_000),
    '2026-01-01T'.repeat(10_000),
    '&lt;'.repeat(30_000),
  ])
    explainText(text, null)
  assert.ok(performance.now() - began < 20_000, `${performance.now() - began} ms`)
})

test('the user stands in a command where the name is harmless', () => {
  const context: ReplyContext = {
    protocol: 'smtp',
    step: 'login',
    host: 'smtp.office365.com',
    provider: null,
    user: null,
  }
  const reply = '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.'
  const command = (user: string | null) => partsOfReply(reply, {...context, user}).fixes?.[0]?.command
  assert.match(command('help@acme.example')!, / -Identity help@acme\.example -Smtp/)
  assert.match(command(null)!, / -Identity USER -Smtp/)
  assert.match(command('a"; Remove-Mailbox x')!, / -Identity USER -Smtp/)
})

test('a provider is known by the name of its server, and by each of its ids', () => {
  const servers: readonly (readonly [string, string | null])[] = [
    ['smtp.gmail.com', 'google'],
    ['SMTP.Office365.com.', 'microsoft'],
    ['smtp-mail.outlook.com', 'microsoft'],
    ['imap.aol.com', 'yahoo'],
    ['smtp.mail.me.com', 'icloud'],
    ['smtppro.zoho.com.au', 'zoho'],
    ['smtp.zeptomail.eu', 'zeptomail'],
    ['smtp.web.de', 'gmx'],
    ['email-smtp.eu-west-1.amazonaws.com', 'amazon-ses'],
    ['mail.acme.example', null],
    ['notgmail.com', null],
    ['gmail.com.evil.example', null],
    ['127.0.0.1', null],
  ]
  for (const [host, id] of servers) assert.equal(providerOfServer(host), id, host)
  const ids = KNOWN_PROVIDERS.map(({id}) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ['google', 'gmail', 'microsoft-365', 'outlook', 'web-de', 'postfix']) assert.ok(ids.includes(id), id)
})

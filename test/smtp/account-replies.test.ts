import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SmtpAccount} from '../../src/lib/smtp/account.ts'
import {obstacleIn, senderObstacleIn} from '../../src/lib/smtp/errors.ts'
import {REPLY_EXAMPLES} from '../fixtures/replies.ts'

const accountAt = (host: string): SmtpAccount => ({host, port: 587, security: 'starttls', user: null, password: null})

/**
 * What servers were seen to say to a message, to which step, and the exit code of the obstacle; null where it is about
 * the message.
 */
const MESSAGES = [
  [
    'MAIL',
    'smtp.gmail.com',
    '530-5.7.0 Authentication Required. For more information, go to\n530 5.7.0  https://x',
    24,
  ],
  ['MAIL', 'smtp.office365.com', '530 5.7.57 Client not authenticated to send mail. [x.prod.outlook.com]', 24],
  ['DATA', 'exchange.example', '550 5.7.57 SMTP; Client was not authenticated to send anonymous mail', 24],
  ['MAIL', 'email-smtp.eu-west-1.amazonaws.com', '530 Authentication required', 24],
  ['RCPT', 'mail.acme.example', '530 5.7.0 Authentication required', 24],
  ['DATA', 'mail.acme.example', '530 5.7.0 Authentication required', 24],
  [
    'MAIL',
    'smtp.socketlabs.com',
    '501-5.7.0 Authentication required. Please authenticate with CRAM MD5 or AUTH Login.\n501 5.7.0 see x',
    24,
  ],
  ['MAIL', 'smtp.sendgrid.net', '550 Unauthenticated senders not allowed', 24],
  ['MAIL', 'smtp.mail.ru', '503 Administrative prohibition -- authorization required', 24],
  ['DATA', 'smtp.mail.ru', '503 Administrative prohibition -- authorization required', 24],
  [
    'MAIL',
    'cpanel.example',
    '550-host.example [192.0.2.1] is not permitted to relay through this server without authentication.\n550 x',
    24,
  ],
  // Of one recipient Exim says so, too, and no more is known of the others.
  [
    'RCPT',
    'cpanel.example',
    '550-host.example [192.0.2.1] is not permitted to relay through this server without authentication.\n550 x',
    null,
  ],
  ['MAIL', 'mail.acme.example', '530 5.7.0 Must issue a STARTTLS command first', 22],
  ['RCPT', 'mail.acme.example', '530 5.7.0 Must issue a STARTTLS command first', 22],
  ['MAIL', 'smtp.office365.com', '550 5.7.30 Basic authentication is not supported for Client Submission.', 25],
  ['DATA', 'smtp.office365.com', '550 5.7.30 Basic authentication is not supported for Client Submission.', 25],
  ['MAIL', 'smtp.zoho.com', '554 5.1.8 Email Outgoing Blocked.', 25],
  ['DATA', 'smtp.zoho.com', '554 5.1.8 Email Outgoing Blocked.', 25],
  ['DATA', 'smtp.zoho.com', '554 5.1.8 Sender Address Blocked', 25],
  ['MAIL', 'smtp.office365.com', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 25],
  ['DATA', 'smtp.office365.com', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 25],
  ['MAIL', 'smtp.gmail.com', '550-5.4.5 Daily user sending limit exceeded. For more information\n550 5.4.5 x', 75],
  ['RCPT', 'smtp.gmail.com', '550-5.4.5 Daily user sending limit exceeded. For more information\n550 5.4.5 x', 75],
  ['DATA', 'smtp.gmail.com', '550-5.4.5 Daily user sending limit exceeded. For more information\n550 5.4.5 x', 75],
  ['DATA', 'smtp.zoho.com', '550 5.4.6 Unusual sending activity detected. Please try after sometime', 75],
  ['DATA', 'email-smtp.eu-west-1.amazonaws.com', '454 Throttling failure: Maximum sending rate exceeded.', 75],
  ['DATA', 'email-smtp.eu-west-1.amazonaws.com', '454 Throttling failure: Daily message quota exceeded.', 75],
  ['DATA', 'smtp.office365.com', '432 4.3.2 Concurrent connections limit exceeded. [x.prod.outlook.com]', 75],
  ['MAIL', 'smtp.sendgrid.net', '451 Authentication failed: Maximum credits exceeded', 75],
  ['DATA', 'smtp.sendgrid.net', '451 Authentication failed: Maximum credits exceeded', 75],
  [
    'DATA',
    'smtp.gmail.com',
    '550-5.7.26 Your email has been blocked because the sender is unauthenticated. SPF or DKIM\n550 5.7.26 x',
    null,
  ],
  ['DATA', 'mx.example', '550 5.7.1 DMARC: authentication required', null],
  ['RCPT', 'mail.acme.example', '554 5.7.1 <ann@example.com>: Relay access denied', null],
  ['RCPT', 'mail.acme.example', '550 5.1.1 <ann@example.com>: no such user', null],
  ['RCPT', 'mail.acme.example', '450 4.2.0 greylisted', null],
  ['RCPT', 'mail.acme.example', '452 4.5.3 too many recipients', null],
  // What the server of the recipient makes the one of the account say.
  [
    'RCPT',
    'mail.acme.example',
    '550 5.1.1 <jane@evil.example>: Recipient address rejected: undeliverable address: host mx.evil.example[192.0.2.9] said: 550 5.7.1 Client was not authenticated (in reply to RCPT TO command)',
    null,
  ],
  ['RCPT', 'mail.acme.example', '550 5.7.1 Authentication required to send to this group', null],
  ['RCPT', 'mail.acme.example', '550 5.7.1 Daily receiving limit exceeded', null],
  ['RCPT', 'mail.acme.example', '550-Callback failed\n530 5.7.0 Authentication required', null],
  ['RCPT', 'mail.acme.example', '550 5.1.1 rejected: "554 5.1.8 Email Outgoing Blocked"', null],
  ['DATA', 'mail.acme.example', '554 5.7.1 host mx.evil.example said: 530 5.7.0 Authentication required', null],
  ['DATA', 'mail.acme.example', '550 5.7.1 Client was not authenticated', null],
  // Quoted words take nothing away either: the server itself wants a login, and no encryption.
  ['DATA', 'mail.acme.example', '530 5.7.0 Login first; mx.evil.example said: use STARTTLS', 24],
] as const

for (const [step, host, reply, exitCode] of MESSAGES)
  test(`mail at ${host}, to ${step}: ${reply.split('\n', 1)[0]!.slice(0, 70)}`, () => {
    assert.equal(obstacleIn(reply, accountAt(host), step)?.exitCode ?? null, exitCode)
  })

/** What servers were seen to say of a sender, to which step, and whether it is about the sender at all. */
const SENDERS = [
  ['MAIL', '553 5.7.1 <a@acme.example>: Sender address rejected: not owned by user b', true],
  ['MAIL', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', true],
  ['DATA', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', true],
  ['DATA', '550 5.7.1 Client does not have permissions to send as this sender', true],
  ['DATA', '554 5.2.252 SendAsDenied; a@acme.example not allowed to send as b@acme.example', true],
  ['DATA', '554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed', true],
  ['MAIL', '553 Relaying disallowed as b@acme.example', true],
  ['DATA', '553 Relaying disallowed as b@acme.example', true],
  ['DATA', '550 5.7.0 From address is not one of your addresses', true],
  ['DATA', '554 Message rejected: Email address is not verified. The following identities failed the check', true],
  ['DATA', '550 The from address does not match a verified Sender Identity. Mail cannot be sent until', true],
  ['DATA', '550-From header sender domain not verified.\n550-On your Settings > Sender Domains page', true],
  ['MAIL', '550 5.1.8 <a@acme.invalid>: Sender address rejected: Domain not found', true],
  ['MAIL', '501 5.1.7 Bad sender address syntax', true],
  ['MAIL', '550 Sender address is not allowed.', true],
  ['MAIL', '552 5.3.4 Message size exceeds fixed limit', false],
  ['MAIL', '550 5.3.4 Message too big for system', false],
  ['MAIL', '554 5.2.3 Message too large', false],
  ['MAIL', '501 5.5.4 Syntax: MAIL FROM:<address>', false],
  ['MAIL', '555 5.5.4 Unsupported option: SIZE=1', false],
  ['MAIL', '550 5.6.7 Header fields beyond ASCII are not taken', false],
  ['MAIL', '451 4.1.8 Sender address rejected: Domain not found', false],
  ['MAIL', '503 5.5.1 Error: nested MAIL command', false],
  ['DATA', '554 5.7.1 spam', false],
  ['DATA', '554 5.7.1 mx.evil.example said: 554 5.2.252 SendAsDenied', false],
  ['RCPT', '553 Relaying disallowed as b@acme.example', false],
  ['RCPT', '554 5.2.252 SendAsDenied; a@acme.example not allowed to send as b@acme.example', false],
] as const

for (const [step, reply, refused] of SENDERS)
  test(`a sender, to ${step}: ${reply.split('\n', 1)[0]!.slice(0, 70)}`, () => {
    assert.equal(senderObstacleIn(reply, accountAt('mail.acme.example'), step)?.exitCode ?? null, refused ? 26 : null)
  })

test('what is said of a recipient or a message stops no account', () => {
  for (const {rule, reply, host, protocol, step, exitCode} of REPLY_EXAMPLES) {
    if (protocol !== 'smtp' || (step !== 'recipient' && step !== 'message')) continue
    const at = step === 'recipient' ? 'RCPT' : 'DATA'
    const obstacle = obstacleIn(reply, accountAt(host), at) ?? senderObstacleIn(reply, accountAt(host), at)
    const stops = obstacle !== null
    // 26 and 27 by their class; of the others only what the account itself has to mend.
    if (exitCode === 27 || exitCode === 28) assert.ok(!stops, `${rule}: ${reply}`)
    if (exitCode === 26 && step === 'message') assert.ok(stops, `${rule}: ${reply}`)
    if (stops) assert.equal(obstacle.code, rule)
  }
})

test('words that nobody knows stop the sender at MAIL FROM alone, and for good alone', () => {
  const account = accountAt('mail.acme.example')
  assert.equal(senderObstacleIn('553 not you', account, 'MAIL')?.code, 'SMTP_SENDER_REFUSED')
  assert.equal(senderObstacleIn('553 not you', account, 'DATA'), null)
  assert.equal(senderObstacleIn('450 Requested mail action not taken: mailbox unavailable', account, 'MAIL'), null)
  const yahoo = accountAt('smtp.mail.yahoo.com')
  assert.equal(senderObstacleIn('450 Requested mail action not taken: mailbox unavailable', yahoo, 'MAIL'), null)
})

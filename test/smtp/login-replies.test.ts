import assert from 'node:assert/strict'
import {test} from 'node:test'
import {accountReplyRule, senderReplyRule} from '../../src/lib/smtp/account-replies.ts'
import {loginReplyRule} from '../../src/lib/smtp/login-replies.ts'

/** What servers were seen to say to a login, and the exit code it has to give; null where the password is to be suspected. */
const LOGINS = [
  [
    'smtp.gmail.com',
    '534-5.7.9 Application-specific password required. Learn more at\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor x-gsmtp',
    25,
  ],
  [
    'smtp.gmail.com',
    '535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials x-gsmtp',
    24,
  ],
  [
    'smtp.gmail.com',
    '534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1> Please log in via\n534-5.7.14 your web browser and then try again.\n534 5.7.14 Please log in via your web browser x-gsmtp',
    25,
  ],
  ['smtp.gmail.com', '454 4.7.0 Too many login attempts, please try again later. x-gsmtp', 75],
  [
    'smtp.office365.com',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [MN2PR05CA0004.namprd05.prod.outlook.com 2023-09-12T20:59:57.214Z 08DBB276B7E699C4]',
    25,
  ],
  [
    'smtp.office365.com',
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.',
    25,
  ],
  ['smtp-mail.outlook.com', '535 5.7.139 Authentication unsuccessful, basic authentication is disabled.', 25],
  [
    'smtp.office365.com',
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
    25,
  ],
  [
    'smtp.office365.com',
    '535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.',
    25,
  ],
  ['smtp.office365.com', '535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.', 24],
  ['smtp.office365.com', '535 5.7.139 Authentication unsuccessful, something new.', 25],
  ['smtp.office365.com', '535 5.7.3 Authentication unsuccessful [DB6P18901CA0015.EURP189.PROD.OUTLOOK.COM]', 24],
  ['smtp.office365.com', '550 5.7.30 Basic authentication is not supported for Client Submission.', 25],
  ['mail.acme.example', '535 5.7.3 Authentication unsuccessful', null],
  ['smtp.mail.yahoo.com', '535 5.7.0 (#AUTH005) Too many bad auth attempts.', 25],
  ['smtp.mail.yahoo.com', '535 5.7.0 (#MBR1212) Incorrect username or password', 24],
  ['smtp.mail.me.com', '535 5.7.8 Error: authentication failed: authentication failure', 24],
  ['smtp.zoho.eu', '535 Authentication Failed', 24],
  ['mail.gmx.net', '535 Authentication credentials invalid', 25],
  ['smtp.web.de', '535 Authentication credentials invalid', 25],
  ['email-smtp.eu-west-1.amazonaws.com', '535 Authentication Credentials Invalid', 24],
  ['smtp.sendgrid.net', '535 Authentication failed: Bad username / password', 24],
  [
    'smtp.sendgrid.net',
    '535 Authentication failed: The provided authorization grant is invalid, expired, or revoked',
    24,
  ],
  ['smtp-relay.brevo.com', '535 5.7.0 Invalid login or password', 24],
  ['mail.acme.example', '503 5.5.1 Error: authentication not enabled', 23],
  ['mail.acme.example', '504 5.7.4 Unrecognized authentication type', 23],
  ['mail.acme.example', '530 5.7.0 Must issue a STARTTLS command first', 22],
  ['mail.acme.example', '538 5.7.11 Encryption required for requested authentication mechanism', 22],
  ['mail.acme.example', '534 5.7.9 Authentication mechanism is too weak', 25],
  ['mail.acme.example', '432 4.7.12 A password transition is needed', 25],
  ['mail.acme.example', '454 4.7.0 Temporary authentication failure', 75],
  ['mail.acme.example', '535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6', null],
] as const

for (const [host, reply, exitCode] of LOGINS)
  test(`login at ${host}: ${reply.split('\n', 1)[0]!.slice(0, 70)}`, () => {
    assert.equal(loginReplyRule(reply, host)?.exitCode ?? null, exitCode)
  })

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
    assert.equal(accountReplyRule(reply, host, step)?.exitCode ?? null, exitCode)
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
    const rule = senderReplyRule(reply, 'mail.acme.example', step)
    assert.deepEqual([rule?.code, rule?.exitCode], refused ? ['SMTP_SENDER_REFUSED', 26] : [undefined, undefined])
  })

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {accountReplyRule} from '../../src/lib/smtp/account-replies.ts'
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

/** What servers were seen to say to a message, and the exit code of the obstacle; null where it is about the message. */
const MESSAGES = [
  ['smtp.gmail.com', '530-5.7.0 Authentication Required. For more information, go to\n530 5.7.0  https://x', 24],
  ['smtp.office365.com', '530 5.7.57 Client not authenticated to send mail. [x.prod.outlook.com]', 24],
  ['email-smtp.eu-west-1.amazonaws.com', '530 Authentication required', 24],
  [
    'smtp.socketlabs.com',
    '501-5.7.0 Authentication required. Please authenticate with CRAM MD5 or AUTH Login.\n501 5.7.0 see x',
    24,
  ],
  ['smtp.sendgrid.net', '550 Unauthenticated senders not allowed', 24],
  ['smtp.mail.ru', '503 Administrative prohibition -- authorization required', 24],
  [
    'cpanel.example',
    '550-host.example [192.0.2.1] is not permitted to relay through this server without authentication.\n550 x',
    24,
  ],
  ['mail.acme.example', '530 5.7.0 Must issue a STARTTLS command first', 22],
  ['smtp.office365.com', '550 5.7.30 Basic authentication is not supported for Client Submission.', 25],
  ['smtp.zoho.com', '554 5.1.8 Email Outgoing Blocked.', 25],
  ['smtp.office365.com', '550 5.1.8 Access denied, bad outbound sender AS(42004)', 25],
  ['smtp.gmail.com', '550-5.4.5 Daily user sending limit exceeded. For more information\n550 5.4.5 x', 75],
  ['email-smtp.eu-west-1.amazonaws.com', '454 Throttling failure: Maximum sending rate exceeded.', 75],
  ['email-smtp.eu-west-1.amazonaws.com', '454 Throttling failure: Daily message quota exceeded.', 75],
  ['smtp.sendgrid.net', '451 Authentication failed: Maximum credits exceeded', 75],
  [
    'smtp.gmail.com',
    '550-5.7.26 Your email has been blocked because the sender is unauthenticated. SPF or DKIM\n550 5.7.26 x',
    null,
  ],
  ['mx.example', '550 5.7.1 DMARC: authentication required', null],
  ['mail.acme.example', '554 5.7.1 <ann@example.com>: Relay access denied', null],
  ['mail.acme.example', '553 5.7.1 <a@acme.example>: Sender address rejected: not owned by user b', null],
  ['smtp.office365.com', '554 5.2.252 SendAsDenied; a@acme.example not allowed to send as b@acme.example', null],
  ['smtp.sendgrid.net', '550 The from address does not match a verified Sender Identity.', null],
  ['mail.acme.example', '550 5.1.1 <ann@example.com>: no such user', null],
  ['mail.acme.example', '450 4.2.0 greylisted', null],
  ['mail.acme.example', '452 4.5.3 too many recipients', null],
] as const

for (const [host, reply, exitCode] of MESSAGES)
  test(`mail at ${host}: ${reply.split('\n', 1)[0]!.slice(0, 70)}`, () => {
    assert.equal(accountReplyRule(reply, host)?.exitCode ?? null, exitCode)
  })

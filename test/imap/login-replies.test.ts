import assert from 'node:assert/strict'
import {test} from 'node:test'
import {loginReplyRule} from '../../src/lib/imap/login-replies.ts'

/** What servers were seen to say, and the exit code it has to give; null where the password is to be suspected. */
const SEEN = [
  [
    'imap.gmail.com',
    'NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
    25,
  ],
  ['imap.gmail.com', 'NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', null],
  ['imap.gmail.com', 'NO [ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page', 25],
  [
    'imap.gmail.com',
    'NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)',
    25,
  ],
  ['imap.gmail.com', 'NO [ALERT] Too many simultaneous connections. (Failure)', 75],
  ['outlook.office365.com', 'NO Basic authentication is disabled.', 25],
  ['outlook.office365.com', 'NO LOGIN failed.', 25],
  ['outlook.office365.com', 'NO AUTHENTICATE failed.', 25],
  ['mail.acme.example', 'NO LOGIN failed.', null],
  ['outlook.office365.com', 'BAD User is authenticated but not connected.', 25],
  ['imap.mail.yahoo.com', 'NO [AUTHENTICATIONFAILED] AUTHENTICATE Invalid credentials', 25],
  ['imap.mail.me.com', 'NO [AUTHENTICATIONFAILED] Authentication failed', null],
  ['imap.yandex.com', 'NO [AUTHENTICATIONFAILED] LOGIN Invalid credentials or IMAP is disabled', 25],
  ['imap.gmx.net', 'NO authentication failed', 25],
  ['imap.web.de', 'NO authentication failed', 25],
  ['imap.163.com', 'NO SELECT Unsafe Login. Please contact kefu@188.com for help', 23],
  ['mail.acme.example', 'NO [AUTHENTICATIONFAILED] Authentication failed.', null],
  ['mail.acme.example', 'NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-03-02 10:00:00]', 75],
  [
    'mail.acme.example',
    'NO [PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.',
    22,
  ],
  ['mail.acme.example', 'NO [EXPIRED] Password expired', 25],
] as const

for (const [host, reply, exitCode] of SEEN)
  test(`${host}: ${reply.slice(0, 60)}`, () => {
    assert.equal(loginReplyRule(reply, host)?.exitCode ?? null, exitCode)
  })

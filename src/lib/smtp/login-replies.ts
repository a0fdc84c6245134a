/**
 * What servers say when they refuse an SMTP login, and what it means. Data only: a wrong password and a right password
 * before a closed door get different codes, because they are mended by different people.
 */
import {SMTP, useEncryption} from '../connection/protocol.ts'
import {type ReplyRule, ruleFor} from '../connection/reply-rules.ts'
import {EXIT, type Fix} from '../errors.ts'

const AUTH = {code: 'SMTP_AUTH', exitCode: EXIT.credentials, title: 'The login is refused'} as const
const CLOSED = {code: 'SMTP_LOGIN_CLOSED', exitCode: EXIT.loginClosed, title: 'The login is closed'} as const
const LATER = {code: 'SMTP_LOGIN_LATER', exitCode: EXIT.tryAgain, title: 'The server takes no login now'} as const
const NEEDS_TLS = {code: 'SMTP_NEEDS_TLS', exitCode: EXIT.tls, title: 'The login is refused'} as const
const NO_AUTH = {code: 'SMTP_NO_AUTH', exitCode: EXIT.protocol, title: 'The server takes no login here'} as const

const GOOGLE_APP_PASSWORD: Fix = {
  text: 'Create an app password at https://myaccount.google.com/apppasswords and use it as the password.',
}
const MICROSOFT_OAUTH: Fix = {
  text: 'Microsoft wants consent in place of a password, which this version does not offer yet: answer by another address.',
}
const ENCRYPTED_PORT = useEncryption(SMTP)

const LOGIN_REPLY_RULES: readonly ReplyRule[] = [
  // Google ---------------------------------------------------------------------------------------------------------
  {
    ...CLOSED,
    reply: /application-specific password required|InvalidSecondFactor/i, // 534-5.7.9
    why: 'the account has two-step verification, where Google refuses the normal password',
    fixes: [GOOGLE_APP_PASSWORD],
  },
  {
    ...CLOSED,
    reply: /log in (via|with) your web browser/i, // 534-5.7.14
    why: 'the provider thinks that this login is suspicious and blocks it',
    fixes: [{text: 'Sign in to the account once in a browser, confirm that it was you, then try again.'}],
  },
  {
    ...AUTH,
    reply: /username and password not accepted|BadCredentials/i, // 535-5.7.8
    why: 'the app password is wrong or revoked (all are, when the password of the account changes), or it is the normal password, which Google never takes',
    fixes: [
      GOOGLE_APP_PASSWORD,
      {text: 'Use the main address of the account as the user name, not an alias.'},
      {text: 'With Google Workspace an administrator may have forbidden app passwords.'},
    ],
  },
  // Microsoft ------------------------------------------------------------------------------------------------------
  {
    ...CLOSED,
    // simonrob/email-oauth2-proxy#193; it holds for tokens, too.
    reply: /SmtpClientAuthentication is disabled for the (Tenant|Mailbox)/i,
    why: 'sending by SMTP is switched off for the organisation or for this mailbox; the password was not judged',
    fixes: [
      {
        text: 'An administrator switches it on for the mailbox:',
        command: 'Set-CASMailbox -Identity USER -SmtpClientAuthenticationDisabled $false',
      },
    ],
  },
  {
    ...CLOSED,
    // nodemailer#1714; 550 5.7.30 is what Microsoft has announced for the time after passwords.
    reply: /basic authentication is (disabled|not supported)|\b5\.7\.30\b/i,
    why: 'Microsoft takes no passwords over SMTP for this account any more, only tokens',
    fixes: [MICROSOFT_OAUTH],
  },
  {
    ...CLOSED,
    reply: /security defaults policy/i,
    why: 'the security defaults of the organisation forbid passwords over SMTP',
    fixes: [
      MICROSOFT_OAUTH,
      {text: 'Or an administrator replaces the security defaults with policies that allow this mailbox.'},
    ],
  },
  {
    ...CLOSED,
    reply: /did not meet the criteria to be authenticated/i,
    why: 'a policy of the organisation refuses this login: conditional access, an authentication policy, or the mailbox itself',
    fixes: [{text: 'Ask an administrator: the sign-in log of the user names the policy.'}, MICROSOFT_OAUTH],
  },
  {
    ...AUTH,
    reply: /5\.7\.139 .*credentials were incorrect/i,
    why: 'Microsoft says that the user name or the password is wrong',
    fixes: [{text: 'Use the name that the user signs in with, not an alias; check the password in a browser.'}],
  },
  {
    ...CLOSED,
    reply: /\b5\.7\.139\b/,
    why: 'a policy of the organisation refuses this login',
    fixes: [{text: 'Ask an administrator: the sign-in log of the user names the policy.'}, MICROSOFT_OAUTH],
  },
  {
    ...AUTH,
    reply: /5\.7\.3 Authentication unsuccessful/i,
    host: /(^|\.)(outlook\.com|office365\.com|office\.com)$/i,
    why: 'the user name or the password is wrong, or passwords are no longer taken; Microsoft does not say which',
    fixes: [
      {text: 'Use the name that the user signs in with, not an alias; check the password in a browser.'},
      MICROSOFT_OAUTH,
    ],
  },
  // Yahoo and AOL --------------------------------------------------------------------------------------------------
  {
    ...CLOSED,
    reply: /#AUTH005/i,
    why: 'Yahoo answers so when the normal password is used, and after too many failed logins',
    fixes: [
      {text: 'Create an app password in the security settings of the account and use it as the password.'},
      {text: 'If it is an app password already, wait an hour; do not retry in a loop.'},
    ],
  },
  {
    ...AUTH,
    reply: /#MBR1212/i, // PHPMailer#1287
    why: 'the user name or the password is wrong; Yahoo wants an app password',
    fixes: [{text: 'Create an app password in the security settings of the account and use it as the password.'}],
  },
  // Others ---------------------------------------------------------------------------------------------------------
  {
    ...AUTH,
    reply: /^535/,
    host: /(^|\.)(me|icloud)\.com$/i,
    why: 'Apple takes only app-specific passwords here, and the whole address as the user name',
    fixes: [
      {text: 'Create an app-specific password at https://account.apple.com and use it as the password.'},
      {text: 'Use the whole @icloud.com address, also where the mail has a domain of your own.'},
    ],
  },
  {
    ...AUTH,
    reply: /^535/,
    host: /(^|\.)zoho\.[a-z.]+$/i,
    why: 'the password is wrong, two-step login wants an app password, or the account is in another data centre or organisation',
    fixes: [
      {text: 'With two-step login create an app password at https://accounts.zoho.com and use it.'},
      {text: 'Accounts of an organisation use smtppro.zoho.com; those of other regions .eu, .in, .com.au, .jp.'},
    ],
  },
  {
    ...CLOSED,
    reply: /^535/,
    host: /(^|\.)(gmx\.[a-z]+|web\.de)$/i, // yam#638
    why: 'either POP3 and IMAP are switched off in the settings (they are so by default), which closes SMTP too, or the password is wrong',
    fixes: [{text: 'Switch on POP3 and IMAP in the settings of the mailbox; with two-step login use an app password.'}],
  },
  {
    ...AUTH,
    reply: /^535/,
    host: /(^|\.)amazonaws\.com$/i, // listmonk#2160
    why: 'Amazon SES takes neither the keys of an IAM user nor those of another region',
    fixes: [{text: 'Create SMTP credentials in the SES console, in the region of this host, and use both parts.'}],
  },
  {
    ...AUTH,
    reply: /^535/,
    host: /(^|\.)sendgrid\.net$/i, // sendgrid/docs#3947
    why: 'the user name is not the word apikey, or the key was deleted or may not send',
    fixes: [{text: 'Use the literal user name apikey, and a key with the permission "Mail Send" as the password.'}],
  },
  {
    ...AUTH,
    reply: /^535/,
    host: /(^|\.)(brevo|sendinblue)\.com$/i, // borgbackupserver#16
    why: 'Brevo wants the login of its SMTP settings and an SMTP key, not an API key',
    fixes: [{text: 'Create an SMTP key under "SMTP & API", and use it with the login that is shown there.'}],
  },
  // Any server -----------------------------------------------------------------------------------------------------
  {
    ...CLOSED,
    reply: /password (has )?expired|account (is )?(disabled|locked|suspended)|\b[45]\.7\.12\b/i, // 432 4.7.12: RFC 4954 6
    why: 'the account is closed: its password has expired or must be changed, or it is locked',
    fixes: [{text: 'Sign in to the account in a browser, and do what it asks for.'}],
  },
  {
    ...LATER,
    reply: /^4|too many (login|authentication|failed|bad)|rate limit/i, // 454 4.7.0: RFC 4954 6
    why: 'there were too many logins, or the server could not check the password',
    fixes: [{text: 'Run the same command again in some minutes; do not retry in a loop.'}],
  },
  {
    ...NEEDS_TLS,
    reply: /^538|must issue a STARTTLS|\b5\.7\.11\b|encryption required/i, // RFC 4954 6, RFC 3207 4
    why: 'the server takes passwords only over an encrypted connection',
    fixes: [ENCRYPTED_PORT],
  },
  {
    ...NO_AUTH,
    reply: /^50[0-4]/, // Postfix: 503 5.5.1 authentication not enabled; Exchange: 504 5.7.4 unrecognized authentication type
    why: 'the server offers no login on this port, or not this way to log in',
    fixes: [ENCRYPTED_PORT, {text: 'Port 25 is for mail between servers: most take no login there.'}],
  },
  {
    ...CLOSED,
    reply: /^534|\b5\.7\.9\b/, // RFC 4954 6: the mechanism is too weak for this user
    why: 'the server wants another way to log in from this user than a password',
    fixes: [{text: 'Create an app password for postdesk, where the provider has them.'}],
  },
]

/** The rule for a reply of this host, undefined where none is known and the password is to be suspected. */
export function loginReplyRule(reply: string, host: string): ReplyRule | undefined {
  return ruleFor(LOGIN_REPLY_RULES, reply, host)
}

/**
 * What servers say when they refuse an IMAP login, and what it means. Data only: a wrong password and a right password
 * before a closed door get different codes, because they are mended by different people.
 */
import {IMAP, useEncryption} from '../connection/protocol.ts'
import {type ReplyRule, ruleFor} from '../connection/reply-rules.ts'
import {EXIT} from '../errors.ts'

const CLOSED = {code: 'IMAP_LOGIN_CLOSED', exitCode: EXIT.loginClosed, title: 'The login is closed'} as const
const LATER = {code: 'IMAP_LOGIN_LATER', exitCode: EXIT.tryAgain, title: 'The server takes no login now'} as const

const LOGIN_REPLY_RULES: readonly ReplyRule[] = [
  {
    ...CLOSED,
    reply: /application-specific password required/i,
    why: 'the account has two-step verification, where Google refuses the normal password',
    fixes: [{text: 'Create an app password at https://myaccount.google.com/apppasswords and use it as the password.'}],
  },
  {
    ...CLOSED,
    reply: /not enabled for IMAP use/i,
    why: 'IMAP is switched off for this account',
    fixes: [{text: 'An administrator allows it: Google Admin console, Gmail, End User Access, POP and IMAP access.'}],
  },
  {
    ...CLOSED,
    reply: /log in via your web browser/i,
    why: 'the provider thinks that this login is suspicious and blocks it',
    fixes: [{text: 'Sign in to the account once in a browser, confirm that it was you, then try again.'}],
  },
  {
    ...CLOSED,
    reply: /basic authentication is disabled/i,
    why: 'this provider takes no passwords over IMAP any more, only OAuth',
    fixes: [{text: 'Let the mailbox forward to an internal address, which needs no login at all.'}],
  },
  {
    ...CLOSED,
    reply: /user is authenticated but not connected/i,
    why: 'the password is right, but this user has no mailbox that it may open: no licence, no right, or another user name is meant',
    fixes: [
      {text: "Log in with the mailbox's own user name, or have an administrator give full access and a licence."},
    ],
  },
  {
    ...CLOSED,
    reply: /^NO (LOGIN|AUTHENTICATE) failed\.?$/i,
    host: /(^|\.)(outlook\.com|office365\.com|office\.com)$/i,
    why: 'Microsoft does not say more; most often it is because passwords are no longer taken over IMAP',
    fixes: [
      {text: 'Let the mailbox forward to an internal address, which needs no login at all.'},
      {text: 'See whether IMAP is on for the mailbox:', command: 'Get-CASMailbox USER | Format-List ImapEnabled'},
      {text: 'Check the user name and the password in a browser.'},
    ],
  },
  {
    ...CLOSED,
    reply: /invalid credentials/i,
    host: /(^|\.)(yahoo|aol)\.[a-z.]+$/i,
    why: 'Yahoo and AOL answer so when the normal password is used, which they never take over IMAP',
    fixes: [{text: 'Create an app password in the security settings of the account and use it as the password.'}],
  },
  {
    ...CLOSED,
    reply: /IMAP is disabled/i,
    why: 'either IMAP is switched off in the settings of the mailbox, or the password is wrong; the server does not say which',
    fixes: [{text: "Switch IMAP on in the provider's web interface, and use an app password if it offers them."}],
  },
  {
    ...CLOSED,
    reply: /authentication failed/i,
    host: /(^|\.)(gmx\.[a-z]+|web\.de)$/i,
    why: 'either POP3 and IMAP are switched off in the settings (they are so by default), or the password is wrong',
    fixes: [{text: 'Switch on POP3 and IMAP in the settings of the mailbox; with two-step login use an app password.'}],
  },
  {
    ...CLOSED,
    code: 'IMAP_UNSAFE_LOGIN',
    exitCode: EXIT.protocol,
    reply: /unsafe login/i,
    why: 'the provider refuses programs that it does not know',
    fixes: [{text: 'Create an authorisation code in the web interface of the mailbox and use it as the password.'}],
  },
  {
    ...CLOSED,
    reply: /\[EXPIRED\]/i, // RFC 5530 3
    why: 'the password has expired',
    fixes: [{text: 'Set a new password for the account, then give it to postdesk.'}],
  },
  {
    ...CLOSED,
    reply: /\[AUTHORIZATIONFAILED\]|\[CONTACTADMIN\]/i, // RFC 5530 3
    why: 'the password was taken, but the account may not use the mailbox',
    fixes: [{text: "The server's administrator has to allow IMAP for this account."}],
  },
  {
    ...CLOSED,
    code: 'IMAP_NEEDS_TLS',
    exitCode: EXIT.tls,
    reply: /\[PRIVACYREQUIRED\]|plaintext authentication (is )?disallowed/i, // RFC 5530 3
    why: 'the server takes passwords only over an encrypted connection',
    fixes: [useEncryption(IMAP)],
  },
  {
    ...LATER,
    reply: /too many (simultaneous )?(connections|login)|\[LIMIT\]|rate limit/i,
    why: 'there are too many connections or logins for this account',
    fixes: [{text: 'Close other mail programs of this account, or wait some minutes; do not retry in a loop.'}],
  },
  {
    ...LATER,
    reply: /\[UNAVAILABLE\]|\[INUSE\]|\[SERVERBUG\]|temporar|try again later|internal error/i, // RFC 5530 3
    why: 'the server has a problem of its own and could not check the password',
    fixes: [{text: 'Run the same command again in some minutes.'}],
  },
]

/** The rule for a reply of this host, undefined where none is known and the password is to be suspected. */
export function loginReplyRule(reply: string, host: string): ReplyRule | undefined {
  return ruleFor(LOGIN_REPLY_RULES, reply, host)
}

/**
 * What servers say to a message and mean of the account: it is not logged in, it has sent too much, it was closed. Such a
 * message was not judged; it waits until the account may send again. Data only.
 */
import {EXIT} from '../errors.ts'
import {type ReplyRule, ruleFor} from './login-replies.ts'

const NOT_LOGGED_IN = {
  code: 'SMTP_LOGIN_NEEDED',
  exitCode: EXIT.credentials,
  title: 'The server wants a login',
  why: 'it takes mail only from those who are logged in',
  fixes: [{text: 'Give the user name and the password of the account: --user, --password-stdin.'}],
} as const

const THROTTLED = {
  code: 'SMTP_THROTTLED',
  exitCode: EXIT.tryAgain,
  title: 'The server asks to slow down',
  fixes: [{text: 'Wait; what was not sent stays in the outbox.'}],
} as const

const ACCOUNT_REPLY_RULES: readonly ReplyRule[] = [
  {
    ...NOT_LOGGED_IN,
    // RFC 4954 6. Gmail: 530-5.7.0 Authentication Required; Exchange: 530 5.7.57 Client was not authenticated; SocketLabs:
    // 501 5.7.0 (n8n#13269); SendGrid: 550 Unauthenticated senders not allowed; mail.ru: 503 … authorization required;
    // Exim: 550 … without authentication. Authentication of a message by SPF and DKIM is another matter.
    reply:
      /^530(?!.*STARTTLS)|^(?!.*\b(?:SPF|DKIM|DMARC)\b).*(?:authentication (?:is )?required|unauthenticated senders|authorization required|(?:AUTH|authenticate) first|client (?:was )?not authenticated|relay through this server without authentication)/is,
  },
  {
    code: 'SMTP_NEEDS_TLS',
    exitCode: EXIT.tls,
    title: 'The server takes no mail in clear text',
    reply: /must issue a STARTTLS|\b5\.7\.11\b/i, // RFC 3207 4
    why: 'it takes mail only over an encrypted connection',
    fixes: [{text: 'Use --security tls (port 465) or --security starttls (port 587).'}],
  },
  {
    code: 'SMTP_LOGIN_CLOSED',
    exitCode: EXIT.loginClosed,
    title: 'The login is closed',
    reply: /\b5\.7\.30\b|basic authentication is (disabled|not supported)/i, // what Microsoft has announced
    why: 'Microsoft takes no passwords over SMTP for this account any more, only tokens',
    fixes: [
      {
        text: 'Microsoft wants consent in place of a password, which this version does not offer yet: answer by another address.',
      },
    ],
  },
  {
    code: 'SMTP_ACCOUNT_BLOCKED',
    exitCode: EXIT.loginClosed,
    title: 'The account may not send',
    reply: /email outgoing blocked|sender address blocked|bad outbound sender/i, // Zoho 554 5.1.8; Exchange Online 550 5.1.8
    why: 'the provider has closed this account for outgoing mail, mostly because of spam that was sent by it',
    fixes: [{text: "Have the account opened again: the provider's help page says how."}],
  },
  {
    ...THROTTLED,
    // Gmail 550-5.4.5; SES 454 Daily message quota exceeded; SendGrid 451 Maximum credits exceeded; Zoho 550 5.4.6.
    reply: /(daily|hourly) .*(limit|quota)|maximum credits exceeded|unusual sending activity/i,
    why: 'the account has sent as much as it may for a while',
  },
  {
    ...THROTTLED,
    reply: /throttling failure|maximum sending rate|\b4\.3\.2\b.*(concurrent|limit)/i, // SES 454; Exchange Online 432
    why: 'the account sends faster than it may',
  },
]

/** The rule for a reply that is about the account; undefined for every reply that is about the message. */
export function accountReplyRule(reply: string, host: string): ReplyRule | undefined {
  return ruleFor(ACCOUNT_REPLY_RULES, reply, host)
}

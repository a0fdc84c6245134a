/**
 * What servers say to a message and mean of the account: it is not logged in, it has sent too much, it was closed, it may
 * not send as this sender. Such a message was not judged; it waits until the account may send again. Data only.
 *
 * MAIL FROM is answered by the server of the account. What comes later may quote others, such as the server of a
 * recipient that was asked for the address (Postfix, reject_unverified_recipient), or be their words altogether, where
 * mail passes through a filter. So only what a reply begins with counts there, and only what is known of that step.
 */
import {EXIT, type Fix} from '../errors.ts'
import {type ReplyRule, ruleFor} from '../connection/reply-rules.ts'

/** What a server answers. The final dot is judged as DATA is: what is said to both holds for the message as a whole. */
export type AnsweredStep = 'MAIL' | 'RCPT' | 'DATA'

interface AccountReplyRule extends ReplyRule {
  /** To what the server says so. */
  readonly at: readonly AnsweredStep[]
}

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

const NEEDS_TLS = {
  code: 'SMTP_NEEDS_TLS',
  exitCode: EXIT.tls,
  title: 'The server takes no mail in clear text',
  why: 'it takes mail only over an encrypted connection',
  fixes: [{text: 'Use --security tls (port 465) or --security starttls (port 587).'}],
} as const

const LOGIN_CLOSED = {
  code: 'SMTP_LOGIN_CLOSED',
  exitCode: EXIT.loginClosed,
  title: 'The login is closed',
  why: 'Microsoft takes no passwords over SMTP for this account any more, only tokens',
  fixes: [
    {
      text: 'Microsoft wants consent in place of a password, which this version does not offer yet: answer by another address.',
    },
  ],
} as const

const BLOCKED = {
  code: 'SMTP_ACCOUNT_BLOCKED',
  exitCode: EXIT.loginClosed,
  title: 'The account may not send',
  why: 'the provider has closed this account for outgoing mail, mostly because of spam that was sent by it',
  fixes: [{text: "Have the account opened again: the provider's help page says how."}],
} as const

const ENOUGH = {...THROTTLED, why: 'the account has sent as much as it may for a while'} as const
const TOO_FAST = {...THROTTLED, why: 'the account sends faster than it may'} as const

const ACCOUNT_REPLY_RULES: readonly AccountReplyRule[] = [
  // To MAIL FROM ---------------------------------------------------------------------------------------------------
  {
    ...NOT_LOGGED_IN,
    at: ['MAIL'],
    // RFC 4954 6. Gmail: 530-5.7.0 Authentication Required; Exchange: 530 5.7.57 Client was not authenticated; SocketLabs:
    // 501 5.7.0 (n8n#13269); SendGrid: 550 Unauthenticated senders not allowed; mail.ru: 503 … authorization required;
    // Exim: 550 … without authentication. Authentication of a message by SPF and DKIM is another matter.
    reply:
      /^530(?!.*STARTTLS)|^(?!.*\b(?:SPF|DKIM|DMARC)\b).*(?:authentication (?:is )?required|unauthenticated senders|authorization required|(?:AUTH|authenticate) first|client (?:was )?not authenticated|relay through this server without authentication)/is,
  },
  {...NEEDS_TLS, at: ['MAIL'], reply: /must issue a STARTTLS|\b5\.7\.11\b/i}, // RFC 3207 4
  // What Microsoft has announced.
  {...LOGIN_CLOSED, at: ['MAIL'], reply: /\b5\.7\.30\b|basic authentication is (disabled|not supported)/i},
  // Zoho 554 5.1.8; Exchange Online 550 5.1.8.
  {...BLOCKED, at: ['MAIL'], reply: /email outgoing blocked|sender address blocked|bad outbound sender/i},
  {
    ...ENOUGH,
    at: ['MAIL'],
    // Gmail 550-5.4.5; SES 454 Daily message quota exceeded; SendGrid 451 Maximum credits exceeded; Zoho 550 5.4.6.
    reply: /(daily|hourly) .*(limit|quota)|maximum credits exceeded|unusual sending activity/i,
  },
  // SES 454; Exchange Online 432.
  {...TOO_FAST, at: ['MAIL'], reply: /throttling failure|maximum sending rate|\b4\.3\.2\b.*(concurrent|limit)/i},
  // To what follows ------------------------------------------------------------------------------------------------
  {...NOT_LOGGED_IN, at: ['RCPT', 'DATA'], reply: /^530(?!.*STARTTLS)/is}, // RFC 4954 6
  {...NOT_LOGGED_IN, at: ['DATA'], reply: /^5\d\d[ -]5\.7\.57\b/}, // Exchange: Client was not authenticated
  {...NOT_LOGGED_IN, at: ['DATA'], reply: /^503[ -]Administrative prohibition -- authorization required/i}, // mail.ru
  {...NEEDS_TLS, at: ['RCPT', 'DATA'], reply: /^530\b.*STARTTLS/is}, // RFC 3207 4
  {...LOGIN_CLOSED, at: ['DATA'], reply: /^550[ -]5\.7\.30 Basic authentication is not supported/i},
  // Zoho; Exchange Online: 550 5.1.8 Access denied, bad outbound sender AS(42004).
  {
    ...BLOCKED,
    at: ['DATA'],
    reply: /^55\d[ -]5\.1\.8 (?:Email Outgoing Blocked|Sender Address Blocked|Access denied, bad outbound sender)/i,
  },
  {...ENOUGH, at: ['RCPT', 'DATA'], reply: /^550[ -]5\.4\.5 Daily /i}, // Gmail: 550-5.4.5 Daily user sending limit exceeded
  {...ENOUGH, at: ['RCPT', 'DATA'], reply: /^550[ -]5\.4\.6 Unusual sending activity/i}, // Zoho
  {...ENOUGH, at: ['RCPT', 'DATA'], reply: /^451[ -]Authentication failed: Maximum credits exceeded/i}, // SendGrid
  // Amazon SES, "SMTP response codes": https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
  {...ENOUGH, at: ['RCPT', 'DATA'], reply: /^454[ -]Throttling failure: Daily message quota exceeded/i},
  {...TOO_FAST, at: ['RCPT', 'DATA'], reply: /^454[ -]Throttling failure\b/i},
  {...TOO_FAST, at: ['DATA'], reply: /^432[ -]4\.3\.2 .*(?:concurrent|limit)/i}, // Exchange Online
]

const SENDER_REFUSED = {
  code: 'SMTP_SENDER_REFUSED',
  exitCode: EXIT.sender,
  title: 'The sender is refused',
  why: 'the address that the mail is from is none that this login may send as',
} as const

const OWN_ADDRESS: Fix = {
  text: 'Send from an address of the login, or log in as the user whose address it is.',
}
const MICROSOFT_SEND_AS: readonly Fix[] = [
  OWN_ADDRESS,
  {
    text: 'Or an administrator lets the login send as it: https://learn.microsoft.com/exchange/recipients-in-exchange-online/manage-permissions-for-recipients',
    command: 'Add-RecipientPermission ADDRESS -AccessRights SendAs -Trustee USER',
  },
]

/** What is said of the sender by those who know to whom its address belongs, mostly only once they have seen From. */
const SENDER_REPLY_RULES: readonly AccountReplyRule[] = [
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    // Microsoft 365: gophish#2900, gophish#1600; Exchange: zammad#1247, nodemailer#145.
    reply:
      /^55\d[ -](?:5\.2\.252 SendAsDenied|5\.2\.0 STOREDRV\.Submission\.Exception:SendAsDenied|5\.7\.(?:1|60) (?:SMTP; )?Client does not have permissions to send as this sender)/i,
    fixes: MICROSOFT_SEND_AS,
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    reply: /^553[ -]Relaying disallowed as\b/i, // Zoho: erpnext#19057, grav-plugin-email#77
    fixes: [
      {
        text: 'Zoho takes only the address of the login and its aliases: https://www.zoho.com/mail/help/zoho-smtp.html',
      },
    ],
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    reply: /^550[ -]5\.7\.0 From address is not one of your addresses/i, // iCloud
    fixes: [{text: 'Apple takes only the address of the login, its aliases, and those of a domain that iCloud hosts.'}],
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    // Also said of recipients, as long as the account is in the sandbox, where it may write to nobody:
    // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    reply: /^554[ -]Message rejected: Email address is not verified/i,
    why: 'Amazon SES sends only for addresses and domains that were verified in the region of this host; in the sandbox it also sends only to such',
    fixes: [
      {
        text: 'Verify the domain in that region: https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html',
      },
      {
        text: 'Leave the sandbox: https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html',
      },
    ],
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    reply: /^550[ -]The from address does not match a verified Sender Identity/i, // SendGrid: hackathon-starter#1083
    why: 'SendGrid sends only for addresses and domains that were verified',
    fixes: [
      {
        text: 'Verify it: https://www.twilio.com/docs/sendgrid/for-developers/sending-email/sender-identity',
      },
    ],
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL', 'DATA'],
    reply: /^550[ -]From header sender domain not verified/i, // SMTP2GO: PHPMailer#2683
    why: 'SMTP2GO sends only for domains that were verified',
    fixes: [
      {
        text: 'Verify it under "Verified Senders": https://support.smtp2go.com/hc/en-gb/articles/13990494697369-Common-Sending-Errors',
      },
    ],
  },
  {
    ...SENDER_REFUSED,
    at: ['MAIL'],
    // Any other 5yz, such as Postfix: 553 5.7.1 <a>: Sender address rejected: not owned by user b. Of the message, and not
    // of its sender, speak size (552; RFC 3463 5.2.3, 5.3.4), syntax and parameters (50z, 555; 5.5.z), and its characters
    // (5.6.z, RFC 6531 3.5); but 5.1.7 and 5.1.8 are of the sender whatever stands before them (RFC 3463 3.2).
    reply: /^5\d\d[ -]5\.1\.[78]\b|^5(?!0|52|55|\d\d[ -]5\.(?:2\.3|3\.4|[56]\.\d+)\b)/,
    why: 'the server takes no mail from this address by this login: the address belongs to another user, its domain is unknown to it, or the account is not what it sends for',
    fixes: [
      OWN_ADDRESS,
      {
        text: 'Or have the address authorised for the login: its provider calls that an alias, a sender or an identity.',
      },
    ],
  },
]

/** The rule for a reply that is about the account; undefined for every reply that is about the message or its sender. */
export function accountReplyRule(reply: string, host: string, step: AnsweredStep): ReplyRule | undefined {
  return ruleAt(ACCOUNT_REPLY_RULES, reply, host, step)
}

/** The rule for a refusal of the sender; undefined for every other reply. */
export function senderReplyRule(reply: string, host: string, step: AnsweredStep): ReplyRule | undefined {
  return ruleAt(SENDER_REPLY_RULES, reply, host, step)
}

function ruleAt(
  rules: readonly AccountReplyRule[],
  reply: string,
  host: string,
  step: AnsweredStep,
): ReplyRule | undefined {
  const said = step === 'MAIL' ? reply : withoutQuotes(reply)
  return ruleFor(
    rules.filter(({at}) => at.includes(step)),
    said,
    host,
  )
}

/** What a server says itself, without what it says that others said: `host mx.example said: 550 …`, `"530 …"`. */
function withoutQuotes(reply: string): string {
  return reply.replace(/\bsaid:.*$/is, '').replace(/"[^"]*(?:"|$)/g, '')
}

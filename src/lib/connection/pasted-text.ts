/**
 * Finds the replies of servers in text as people paste it: from a terminal, a log, a page, JSON, the errors of nodemailer,
 * swaks, Python, PHP. Pure; nothing in it is trusted or shown.
 */
import type {ReplyProtocol, ReplyStep} from './reply-table/row.ts'

/** A refusal, and what is known of what it was said to. */
export interface PastedReply {
  readonly reply: string
  readonly protocol: ReplyProtocol
  /** In the order in which they are likely. */
  readonly steps: readonly ReplyStep[]
}

/** A whole transcript is shorter; who pastes a log of megabytes is not kept waiting. */
const MOST_CHARACTERS = 65_536
/** A reply has 512 octets a line (RFC 5321 4.5.3.1.5); a line of a log has some more around it. */
const MOST_OF_A_LINE = 2048

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&apos;': "'",
  '&nbsp;': ' ',
  '&#160;': ' ',
  '&amp;': '&',
}

/** The text as the server wrote it: without what HTML, JSON, Python and terminals put into it. */
export function plainText(text: string): string {
  return (
    text
      .slice(0, MOST_CHARACTERS)
      .replace(/&(?:lt|gt|quot|apos|nbsp|amp|#34|#39|#160);/g, (entity) => ENTITIES[entity] ?? entity)
      .replace(/<br\s*\/?>/gi, '\n')
      .replace(/\\r\\n|\\n|\\r|\r\n?/g, '\n')
      .replace(/\\t/g, ' ')
      .replace(/\\(["'/])/g, '$1')
      // smtplib: (535, b'5.7.8 Username and Password not accepted')
      .replace(/\((\d{3}), ?b?["']/g, '\n$1 ')
      // eslint-disable-next-line no-control-regex
      .replace(/\u001B\[[\d;]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F\u200B-\u200F\u2060\uFEFF]/g, '')
      .replace(/\u00A0/g, ' ')
  )
}

/** Names of servers that are mentioned, such as in a greeting or in `[HOST time id]`; those of mail addresses are not. */
export function serverNamesIn(plain: string): readonly string[] {
  return [...plain.matchAll(/(?<![@\w.-])(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w@-])/gi)].map(([name]) => name)
}

/** The refusals in the text, in its order. */
export function repliesIn(plain: string): readonly PastedReply[] {
  const lines = plain.split('\n').map((line) => line.slice(0, MOST_OF_A_LINE).trim())
  const found: PastedReply[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = withoutPrefix(lines[at]!)
    if (line === null) continue
    const smtp = smtpIn(line)
    if (smtp !== null) {
      const more = continuation(lines, at + 1, smtp.reply.slice(0, 3))
      at += more.length
      found.push({...smtp, reply: [smtp.reply, ...more].join('\n')})
      continue
    }
    const other = imapIn(line)
    if (other !== null) found.push(other)
  }
  const token = tokenIn(plain)
  return token === null ? found : [token, ...found]
}

/** What programs put in front of a line: when, who, and who spoke. */
const WHEN =
  /^(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?|\[?\d\d:\d\d:\d\d[\d.,]*\]?|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \S+ [\w/.-]+(?:\[\d+\])?:)\s*/
const BY_SERVER =
  /^(?:S(?:erver)?: ?|<-{1,2} +|<\*\* *|<~[*~ ] *|<{1,3} +|←\s*|SERVER -> CLIENT: ?|SMTP -> (?:FROM SERVER|ERROR): ?|[-•] +)/i
const BY_CLIENT = /^(?:C(?:lient)?: ?|-{1,2}> +|~> +|>{1,3} +|→\s*|CLIENT -> SERVER: ?)/i

/** Null for what the client said: it may hold a password, and is no reply. */
function withoutPrefix(line: string): string | null {
  const said = line.replace(WHEN, '').replace(WHEN, '').replace(BY_SERVER, '')
  if (!BY_CLIENT.test(said)) return said
  // A mail program quotes with the same mark.
  const [quoted] = /(?<=^>{1,3} +)(?:[245][0-5]\d[ -]|(?:\S+ )?(?:NO|BAD|BYE) ).*/.exec(said) ?? []
  return quoted ?? null
}

/**
 * A reply of SMTP in a line. At its beginning three digits are enough; within it more has to show that they are a code:
 * an enhanced one, a capital, or what programs write before a reply.
 */
const AT_START = /^([245][0-5]\d)(?=[ -]|$)/
const WITHIN =
  /(?<=^|[\s"'(:>=,])([45][0-5]\d)(?=[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|[ -][A-Z<"#(])|(?<=[:"'=>(] ?)([45][0-5]\d)(?=[ -][a-z])/

function smtpIn(line: string): PastedReply | null {
  const start = AT_START.exec(line) ?? WITHIN.exec(line)
  if (start === null) return challengeIn(line)
  const [code] = start
  const [before, reply] = [line.slice(0, start.index), line.slice(start.index)]
  // A firewall blanks out the greeting.
  if (code === '220') return /^220[ -]\*{4,}/.test(reply) ? {reply, protocol: 'smtp', steps: ['greeting']} : null
  return code.startsWith('2') ? null : {reply, protocol: 'smtp', steps: stepsOf(code, reply, before)}
}

/** `334 eyJzdGF0dXMi…` or, of IMAP, `+ eyJ…`: why a token is refused, as JSON in base64. */
function challengeIn(line: string): PastedReply | null {
  const [, base64] = /^(?:334|\+) (eyJ[A-Za-z0-9+/=]{8,1024})$/.exec(line) ?? []
  if (base64 === undefined) return null
  return {reply: `334 ${Buffer.from(base64, 'base64').toString('utf8')}`, protocol: 'smtp', steps: ['login']}
}

/** The lines that belong to the same reply (RFC 5321 4.2.1). */
function continuation(lines: readonly string[], from: number, code: string): readonly string[] {
  const more: string[] = []
  for (const line of lines.slice(from)) {
    const said = withoutPrefix(line)
    if (said === null || !(said.startsWith(`${code}-`) || said.startsWith(`${code} `) || said === code)) break
    more.push(said)
  }
  return more
}

/** What programs say of the step, before or after the reply. */
const STEP_SIGNS: readonly (readonly [RegExp, ReplyStep])[] = [
  [/invalid greeting/i, 'greeting'],
  [/\bEHLO|\bHELO/i, 'ehlo'],
  [/invalid login|authenticat|\bAUTH\b|password command|EAUTH|login failed/i, 'login'],
  [/mail command failed|MAIL FROM|SenderRefused/i, 'sender'],
  [/recipients? (?:were |was )?(?:rejected|refused|failed)|RCPT TO|RecipientsRefused/i, 'recipient'],
  [/message failed|end of data|DATA (?:END )?command|SMTPDataError|SMTPSendFailed/i, 'message'],
]

function stepsOf(code: string, reply: string, before: string): readonly ReplyStep[] {
  const [, inReplyTo = ''] = /\(in reply to ([^)]*)\)/i.exec(reply) ?? []
  const [, sign] = STEP_SIGNS.find(([pattern]) => pattern.test(inReplyTo) || pattern.test(before)) ?? []
  return sign === undefined ? stepsOfCode(code, reply) : [sign]
}

/** Codes that tell what they answer: those of AUTH (RFC 4954 6); of the others the status says whom they are about. */
function stepsOfCode(code: string, reply: string): readonly ReplyStep[] {
  if (/^53[458]$/.test(code)) return ['login']
  const rest: readonly ReplyStep[] = ['message', 'sender', 'recipient', 'login', 'greeting', 'ehlo', 'starttls']
  const first = (step: ReplyStep) => [step, ...rest.filter((other) => other !== step)]
  const [, subject] = /^\d{3}[ -]#?[45]\.(\d{1,3}\.\d{1,3})/.exec(reply) ?? []
  if (code === '421') return first('greeting')
  if (code === '432' || (code === '454' && subject === '7.0') || subject === '7.8' || subject === '7.9')
    return first('login')
  if (code === '530' || subject === '1.7' || subject === '1.8') return first('sender')
  if (subject?.startsWith('1.') === true || subject?.startsWith('2.') === true) return first('recipient')
  return rest
}

/** A refusal of IMAP in a line: with or without its tag, or only its response code (RFC 5530). */
function imapIn(line: string): PastedReply | null {
  // A tag has a digit, or is a letter that somebody typed.
  const [, tagged] = /^(?:\* |[A-Za-z] |<?tag>? |(?=\S*\d)[\w.+]{1,24} )?((?:NO|BAD|BYE)(?: .*|$))/.exec(line) ?? []
  const [, within] = /(?<=[\s"'(:>])((?:NO|BAD|BYE) \[[A-Z-]{3,}.*)/.exec(line) ?? []
  const [, coded] =
    /(\[(?:ALERT|AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED|UNAVAILABLE|CONTACTADMIN|LIMIT|OVERQUOTA|INUSE|SERVERBUG|NONEXISTENT|NOPERM)\].*)/.exec(
      line,
    ) ?? []
  const reply = tagged ?? within ?? (coded === undefined ? undefined : `NO ${coded}`)
  if (reply === undefined) return null
  return {
    reply: reply.replace(/["']\)?,?$/, ''),
    protocol: 'imap',
    steps: reply.startsWith('BYE') ? ['greeting', 'login', 'mailbox'] : ['login', 'mailbox', 'greeting'],
  }
}

/** The error of a token endpoint (RFC 6749 5.2); Microsoft's has a number. */
function tokenIn(plain: string): PastedReply | null {
  const said =
    /AADSTS\d{4,8}/.test(plain) ||
    /"error"\s*:\s*"[a-z_]+"/.test(plain) ||
    /\b(?:invalid_(?:grant|client|scope)|unauthorized_client|access_denied|(?:interaction|login|consent)_required|admin_policy_enforced|org_internal)\b/.test(
      plain,
    )
  return said ? {reply: plain, protocol: 'oauth', steps: ['token']} : null
}

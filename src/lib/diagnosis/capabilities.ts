/** What a server offers: EHLO of SMTP (RFC 5321 4.1.1.1), CAPABILITY of IMAP (RFC 9051 6.1.1). */
import {blocked, failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {rowOfReply} from '../connection/explain-reply.ts'
import {isLoopback} from '../connection/loopback.ts'
import {notUnderstood} from '../connection/session-errors.ts'
import {noStartTls} from '../connection/transport-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import {readCapabilities} from '../smtp/capabilities.ts'
import {type Conversation, ehloName} from './conversation.ts'
import {overWire, refusal, saidBy} from './server-words.ts'

/** The stage `capabilities`. */
export async function lookAtCapabilities(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  if (conversation.wire === null) return blocked(conversation.noWire)
  return overWire(conversation, signal, 'asking what it offers', async () => {
    const problem = await askCapabilities(conversation)
    if (problem !== null) {
      conversation.close()
      return failed(problem)
    }
    const {before, after, security, subject} = conversation
    const [offered, first] = [shownOffer(conversation, after), before && shownOffer(conversation, before)]
    const evidence: Evidence = {
      ...(first && {before: first, onlyBefore: without(first, offered), onlyAfter: without(offered, first)}),
      after: offered,
      ...(subject.protocol === 'imap' ? remarksOfImap(offered) : remarksOfSmtp(offered)),
    }
    if (security === 'none' && offers(after, 'STARTTLS') && !isLoopback(subject.host))
      return warned(notUsed(conversation), evidence)
    const names = [...new Set(offered.map((line) => line.split(/[ =]/, 1)[0]))]
    return passed(names.length === 0 ? 'it offers nothing' : `it offers ${names.join(', ')}`, evidence)
  })
}

/** What is offered, as it may be shown; blanked out as a whole, since a password may be of several words. */
export function shownOffer(conversation: Conversation, offered: readonly string[] | null): readonly string[] {
  if (offered === null || offered.length === 0) return []
  const between = conversation.subject.protocol === 'imap' ? ' ' : '\n'
  return conversation.shown(offered.join(between)).split(between)
}

/** Whether the keyword is offered, whatever words follow it. */
export const offers = (capabilities: readonly string[] | null, keyword: string): boolean =>
  capabilities?.some((line) => line.split(' ', 1)[0]?.toUpperCase() === keyword) ?? false

/** Asks, and notes the answer as what is offered now; what is wrong where there is none. @throws `WireError`. */
export const askCapabilities = (conversation: Conversation): Promise<ErrorParts | null> =>
  conversation.subject.protocol === 'imap' ? askImap(conversation) : askSmtp(conversation)

/** The server has no EHLO at all (RFC 5321 4.2.4), rather than that it dislikes the name. */
const NO_EHLO = new Set([500, 502])

async function askSmtp(conversation: Conversation): Promise<ErrorParts | null> {
  const {security, subject, protocol} = conversation
  const name = ehloName(conversation)
  // HELO is no way out: without EHLO there is neither STARTTLS nor AUTH.
  const {code, lines, text} = await conversation.smtp().command(`EHLO ${name}`)
  if (code === 250) {
    conversation.after = lines.slice(1).map((line) => line.trim())
    return null
  }
  if (NO_EHLO.has(code) && security === 'starttls')
    return saidBy(
      conversation,
      {...noStartTls(subject, protocol), why: 'it does not know EHLO, and so has no STARTTLS'},
      text,
    )
  const parts = refusal(conversation, text, 'ehlo')
  return parts.code === 'SMTP_EHLO_REFUSED'
    ? {...parts, why: `it did not accept EHLO ${name}: it refuses this name, or the address of this machine`}
    : parts
}

async function askImap(conversation: Conversation): Promise<ErrorParts | null> {
  const {subject, greeting, before, protocol} = conversation
  // A greeting may tell them (RFC 9051 7.1); after STARTTLS they have to be asked for anew (6.2.1).
  const told = before === null ? /\[CAPABILITY ([^\]]*)\]/i.exec(greeting ?? '') : null
  if (told !== null) {
    conversation.after = wordsOf(told[1]!)
    return null
  }
  const {status, text, untagged} = await conversation.imap().command('CAPABILITY')
  const said = untagged.flatMap((line) => /^CAPABILITY (.*)$/i.exec(line)?.[1] ?? [])
  if (status === 'OK' && said.length > 0) {
    conversation.after = said.flatMap(wordsOf)
    return null
  }
  const {host, provider, user} = subject
  const reply = `${status} ${text}`
  const isKnown = status === 'BYE' || rowOfReply(reply, {protocol: 'imap', step: 'ehlo', host, provider, user}) !== null
  if (isKnown) return refusal(conversation, reply, 'ehlo')
  return saidBy(conversation, notUnderstood(host, 'it does not tell what it offers', protocol), reply)
}

const wordsOf = (line: string) => line.trim().split(/\s+/)

const without = (some: readonly string[], others: readonly string[]) => some.filter((line) => !others.includes(line))

/** What decides about the login, and about what can be sent. */
function remarksOfSmtp(offered: readonly string[]): Evidence {
  const {mechanisms, size, smtpUtf8} = readCapabilities(['', ...offered].join('\n'))
  return {mechanisms, size, smtpUtf8}
}

function remarksOfImap(offered: readonly string[]): Evidence {
  const revisions = offered.filter((word) => /^IMAP4rev\d$/i.test(word))
  const mechanisms = offered.flatMap((word) => /^AUTH=(.+)$/i.exec(word)?.[1]?.toUpperCase() ?? [])
  return {
    revisions,
    mechanisms,
    loginDisabled: offers(offered, 'LOGINDISABLED'),
    id: offers(offered, 'ID'),
    idle: offers(offered, 'IDLE'),
  }
}

const notUsed = ({subject, protocol}: Conversation): ErrorParts => ({
  code: 'TLS_NOT_USED',
  exitCode: EXIT.tls,
  title: `The connection to ${subject.host} is not encrypted, and could be`,
  why: 'the server offers STARTTLS, and security is none: everyone on the way can read the password and the mail',
  fixes: [{text: `Use --security starttls on this port, or --security tls (port ${protocol.tlsPort}).`}],
})

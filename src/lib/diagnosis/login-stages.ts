/** The stages `mechanism` and `login`: a way to log in that both sides have, and the login itself, tried once. */
import {blocked, failed, type Evidence, type Finding, passed, skipped} from '../channel/stage.ts'
import {providerOf} from '../connection/match-reply.ts'
import {noImapMechanism, noSmtpMechanism} from '../connection/no-mechanism.ts'
import {cleartextRefused} from '../connection/transport-errors.ts'
import {type ErrorParts, EXIT, partsOf} from '../errors.ts'
import {REDACTED} from '../log.ts'
import {readCapabilities} from '../smtp/capabilities.ts'
import {offers, shownOffer} from './capabilities.ts'
import {type Conversation, isPrivate} from './conversation.ts'
import {type ImapResponse, quoted} from './imap-dialog.ts'
import type {Rung} from './ladder.ts'
import {NotUnderstood} from './not-understood.ts'
import {chooseMechanism, type Offer, PASSWORD_MECHANISMS, type PasswordMechanism, saslClient} from './sasl.ts'
import {overWire, refusal} from './server-words.ts'
import type {SmtpReply} from './smtp-dialog.ts'
import type {DiagnosisSubject} from './subject.ts'

/** A login as it is tried. */
interface Attempt {
  readonly mechanism: PasswordMechanism
  readonly byCommand: boolean
  readonly user: string
  readonly password: string
}

/** Where the server refuses the password, `conversation.refused` says so; where it takes it, `loggedIn` does. */
export function loginRungs(conversation: Conversation): readonly Rung[] {
  return [
    {id: 'mechanism', needs: ['capabilities'], look: () => Promise.resolve(lookAtMechanism(conversation))},
    {id: 'login', needs: ['mechanism'], look: (signal) => lookAtLogin(conversation, signal)},
  ]
}

// Mechanism -------------------------------------------------------------------------------------------------------

function lookAtMechanism(conversation: Conversation): Finding {
  const {subject} = conversation
  if (isGreetedAsLoggedIn(conversation)) return skipped('the server has greeted as one that is logged in')
  if (subject.user === null) return skipped('no user is given, so nobody logs in')
  const offer = offerOf(subject, conversation.after)
  const shown = offerOf(subject, shownOffer(conversation, conversation.after))
  const evidence: Evidence = {
    offered: shown?.mechanisms ?? null,
    ...(subject.protocol === 'imap' ? {loginCommand: offer?.loginCommand ?? false} : {}),
    asked: subject.mechanism,
  }
  const choice = chooseMechanism(offer ?? NO_LOGIN, subject.mechanism)
  if (choice.mechanism === null)
    return failed(noMechanism(conversation, shown), {...evidence, takesTokens: choice.takesTokens})
  return passed(`${wayOf(choice)}, of ${listed(shown?.mechanisms ?? [])}`, {
    ...evidence,
    chosen: wayOf(choice),
    why: choice.why,
  })
}

const wayOf = ({mechanism, byCommand}: Pick<Attempt, 'mechanism' | 'byCommand'>): string =>
  byCommand ? `the command ${mechanism}` : mechanism

const NO_LOGIN: Offer = {mechanisms: [], loginCommand: false}

/** What a server that offers this takes logins by; null where it has no login at all. */
function offerOf({protocol}: DiagnosisSubject, offered: readonly string[] | null): Offer | null {
  const capabilities = offered ?? []
  if (protocol === 'smtp') {
    const {mechanisms} = readCapabilities(['', ...capabilities].join('\n'))
    return mechanisms === null ? null : {mechanisms, loginCommand: false}
  }
  const keywords = capabilities.map((keyword) => keyword.toUpperCase())
  return {
    mechanisms: keywords.flatMap((keyword) => (keyword.startsWith('AUTH=') ? [keyword.slice('AUTH='.length)] : [])),
    // It bars the command and no mechanism (RFC 9051 7.2.2; imapflow#275).
    loginCommand: !keywords.includes('LOGINDISABLED'),
  }
}

function noMechanism(conversation: Conversation, offer: Offer | null): ErrorParts {
  const {subject, security, protocol} = conversation
  const server = {...subject, security}
  if (offer !== null && subject.mechanism !== null) return notThatMechanism(subject.mechanism, offer, conversation)
  return protocol.name === 'IMAP' ? noImapMechanism(server) : noSmtpMechanism(server, offer?.mechanisms ?? null)
}

function notThatMechanism(asked: string, {mechanisms}: Offer, {subject, protocol}: Conversation): ErrorParts {
  const takesPasswords = PASSWORD_MECHANISMS.some((name) => name === asked)
  return {
    code: `${protocol.name}_NO_MECHANISM`,
    exitCode: EXIT.protocol,
    title: takesPasswords ? `${subject.host} does not offer ${asked}` : `${asked} takes no password from postdesk`,
    why: takesPasswords
      ? `it offers ${listed(mechanisms)}; no credentials were sent`
      : `a password needs ${listed(PASSWORD_MECHANISMS)}; no credentials were sent`,
    fixes: [{text: 'Leave out --auth: then the best way that both sides have is taken.'}],
  }
}

const listed = (names: readonly string[]) => (names.length === 0 ? 'no mechanism' : names.join(', '))

// Login -----------------------------------------------------------------------------------------------------------

async function lookAtLogin(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject, protocol} = conversation
  const {user, password} = subject
  if (isGreetedAsLoggedIn(conversation)) {
    conversation.loggedIn = true
    return passed('the server takes this machine for logged in, and asks for no password')
  }
  if (user === null) return skipped('no user is given, so nobody logs in')
  if (password === null || password.reveal() === '') return blocked(`this machine has no password for ${user}`)
  const obstacle = obstacleTo(conversation)
  if (obstacle !== null) return obstacle
  const choice = chooseMechanism(offerOf(subject, conversation.after) ?? NO_LOGIN, subject.mechanism)
  if (choice.mechanism === null) return blocked('there is no mechanism that takes a password')
  const attempt: Attempt = {...choice, user, password: password.reveal()}
  return overWire(conversation, signal, 'logging in', () =>
    protocol.name === 'IMAP' ? logInToImap(conversation, attempt) : logInToSmtp(conversation, attempt),
  )
}

/** Why the password may not travel over the connection as it is; null where it may. */
function obstacleTo(conversation: Conversation): Finding | null {
  const {subject, security, corrected, protocol, wire, tls} = conversation
  if (wire === null) return blocked('there is no connection any more')
  if (corrected && !subject.passwordMayFollow)
    return blocked(
      `the password was given for --security ${subject.security}, and the port speaks ${security}: it is sent once that is mended`,
    )
  if (isPrivate(conversation)) return null
  return wire.encrypted
    ? blocked(`no password is sent to a server whose certificate is not trusted (${tls?.error ?? 'unknown'})`)
    : failed(partsOf(cleartextRefused({...subject, security}, protocol)))
}

async function logInToSmtp(conversation: Conversation, attempt: Attempt): Promise<Finding> {
  const reply = await authenticate(conversation, attempt)
  const evidence: Evidence = {
    mechanism: wayOf(attempt),
    reply: conversation.shown(reply.text),
    // RFC 3463, RFC 4954 6.
    enhancedCode: /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(reply.text)?.[1] ?? null,
  }
  if (reply.code >= 200 && reply.code < 300) return taken(conversation, attempt, evidence)
  if (reply.code === 421) conversation.close()
  return refused(conversation, reply.text, evidence)
}

/** RFC 4954 4. */
async function authenticate(conversation: Conversation, {mechanism, user, password}: Attempt): Promise<SmtpReply> {
  const client = saslClient(mechanism, user, password)
  const smtp = conversation.smtp()
  const say = (before: string, secret: string) => {
    conversation.conceal(secret)
    return smtp.command(`${before}${secret}`, `${before}${REDACTED}`)
  }
  let reply = await (client.initial === null
    ? smtp.command(`AUTH ${mechanism}`)
    : say(`AUTH ${mechanism} `, client.initial))
  while (reply.code === 334) {
    const line = client.answer(reply.lines[0] ?? '')
    if (line !== null) {
      reply = await say('', line)
      continue
    }
    reply = await smtp.command('*')
    if (reply.code === 334) throw new NotUnderstood('it does not stop asking for more', reply.text)
  }
  return reply
}

async function logInToImap(conversation: Conversation, attempt: Attempt): Promise<Finding> {
  const response = await (attempt.byCommand
    ? sendLogin(conversation, attempt)
    : sendAuthenticate(conversation, attempt))
  const reply = `${response.status} ${response.text}`
  const evidence: Evidence = {
    mechanism: wayOf(attempt),
    reply: conversation.shown(reply),
    // RFC 5530.
    responseCode: /^\[([A-Z-]{1,40})/i.exec(conversation.shown(response.text))?.[1]?.toUpperCase() ?? null,
  }
  if (response.status === 'OK') {
    conversation.after = capabilitiesIn(response) ?? (await askCapabilities(conversation)) ?? conversation.after
    return taken(conversation, attempt, evidence)
  }
  if (response.status === 'BYE') conversation.close()
  return refused(conversation, reply, evidence)
}

/** RFC 9051 6.2.2. */
function sendAuthenticate(conversation: Conversation, {mechanism, user, password}: Attempt): Promise<ImapResponse> {
  const client = saslClient(mechanism, user, password)
  const answer = (challenge: string) => {
    const line = client.answer(challenge)
    if (line === null) return null
    conversation.conceal(line)
    return {line, shown: REDACTED}
  }
  const {initial} = client
  // RFC 4959; NetEase (163.com, 126.com) offers it, and refuses it (himalaya#729).
  const takesInitial = offers(conversation.after, 'SASL-IR') && providerOf(conversation.subject) !== 'netease'
  if (initial === null || !takesInitial) return conversation.imap().command(`AUTHENTICATE ${mechanism}`, {answer})
  conversation.conceal(initial)
  return conversation
    .imap()
    .command(`AUTHENTICATE ${mechanism} ${initial}`, {shown: `AUTHENTICATE ${mechanism} ${REDACTED}`, answer})
}

/** What a quoted string can hold (RFC 9051 9); all else is a literal. */
const QUOTABLE = /^[\x20-\x7e]*$/

/** RFC 9051 6.2.3. */
function sendLogin(conversation: Conversation, {user, password}: Attempt): Promise<ImapResponse> {
  const imap = conversation.imap()
  if (QUOTABLE.test(user) && QUOTABLE.test(password)) {
    conversation.conceal(quoted(password))
    return imap.command(`LOGIN ${quoted(user)} ${quoted(password)}`, {shown: `LOGIN ${quoted(user)} ${REDACTED}`})
  }
  const rest = [
    {line: `${user} {${Buffer.byteLength(password)}}`, shown: `${user} {…}`},
    {line: password, shown: REDACTED},
  ]
  return imap.command(`LOGIN {${Buffer.byteLength(user)}}`, {answer: () => rest.shift() ?? null})
}

/** What the server offers to those who are logged in, where it says so by itself (RFC 9051 7.1, 7.2.2). */
function capabilitiesIn({text, untagged}: ImapResponse): readonly string[] | null {
  const told =
    /^\[CAPABILITY ([^\]]*)\]/i.exec(text)?.[1] ??
    untagged.flatMap((response) => /^CAPABILITY (.*)$/i.exec(response)?.[1] ?? []).at(-1)
  return told?.trim().split(/\s+/) ?? null
}

async function askCapabilities(conversation: Conversation): Promise<readonly string[] | null> {
  return capabilitiesIn(await conversation.imap().command('CAPABILITY'))
}

function taken(conversation: Conversation, attempt: Attempt, evidence: Evidence): Finding {
  conversation.loggedIn = true
  return passed(`${conversation.shown(attempt.user)} is logged in, by ${wayOf(attempt)}`, evidence)
}

/** A refusal that waiting mends says nothing of the password. */
function refused(conversation: Conversation, reply: string, evidence: Evidence): Finding {
  const problem = refusal(conversation, reply, 'login')
  const {exitCode} = problem
  if (exitCode === EXIT.credentials || exitCode === EXIT.loginClosed)
    conversation.refused = {reply: conversation.shown(reply), exitCode}
  return failed(problem, evidence)
}

/** IMAP's PREAUTH (RFC 9051 7.1.4). */
const isGreetedAsLoggedIn = ({subject, greeting}: Conversation): boolean =>
  subject.protocol === 'imap' && greeting !== null && /^(?:\* )?PREAUTH\b/i.test(greeting)

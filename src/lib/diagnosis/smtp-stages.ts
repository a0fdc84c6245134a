/** The stages of sending by SMTP once the login is through. Nothing is sent unless a message is given. */
import {setTimeout as sleep} from 'node:timers/promises'
import {blocked, type Evidence, failed, type Finding, passed, skipped, warned} from '../channel/stage.ts'
import {providerOf} from '../connection/match-reply.ts'
import {type ErrorParts, EXIT} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import type {Rung} from './ladder.ts'
import {messageData} from './message-data.ts'
import {overWire, refusal} from './server-words.ts'
import type {SmtpReply} from './smtp-dialog.ts'
import {CLOSING, isYes, nameSender, refusedAtRecipient, say, writtenFor} from './smtp-transaction.ts'
import {WireError} from './wire.ts'

/** The stages `sender`, `recipient`, `size` and `message`, in one transaction. */
export function smtpRungs(conversation: Conversation): readonly Rung[] {
  return [
    {id: 'sender', needs: ['login'], look: (signal) => lookAtSender(conversation, signal)},
    {id: 'recipient', needs: ['sender'], look: (signal) => lookAtRecipient(conversation, signal)},
    {id: 'size', needs: ['capabilities'], look: () => Promise.resolve(lookAtSize(conversation))},
    {id: 'message', needs: ['recipient'], look: (signal) => lookAtMessage(conversation, signal)},
  ]
}

export interface RelayQuestion {
  /** An internal address, in whose name the relay sends; null where it sends in no name but its own. */
  readonly internalSender: string | null
}

/** The stages `null-sender` and, where there is such an address, `internal-sender`. */
export function relayRungs(conversation: Conversation, {internalSender}: RelayQuestion): readonly Rung[] {
  const nullSender: Rung = {
    id: 'null-sender',
    needs: ['login'],
    look: (signal) => lookAtNullSender(conversation, signal),
  }
  if (internalSender === null) return [nullSender]
  const look = (signal: AbortSignal) => lookAtInternalSender(conversation, internalSender, signal)
  return [nullSender, {id: 'internal-sender', needs: ['login'], look}]
}

/** What a goodbye may take: all that was to be found out is known. */
const GOODBYE_MS = 2_000

/** Says goodbye in the server's protocol, waits a moment for the answer, and frees the connection. Never rejects. */
export async function quit(conversation: Conversation): Promise<void> {
  const {wire, subject} = conversation
  if (wire === null) return
  const goodbye: Promise<unknown> =
    subject.protocol === 'imap' ? conversation.imap().command('LOGOUT') : conversation.smtp().command('QUIT')
  await Promise.race([
    // Whatever the server makes of it, the connection ends.
    goodbye.catch(() => {}),
    sleep(GOODBYE_MS, undefined, {ref: false}),
  ])
  conversation.close()
}

// Sender ----------------------------------------------------------------------------------------------------------

/** Those that take any sender at MAIL FROM, and judge it by the From of the message; what they say then is in the table. */
const JUDGES_LATE: ReadonlySet<string> = new Set([
  'amazon-ses',
  'microsoft',
  'sendgrid',
  'smtp2go',
  'zoho',
  // It refuses none, and puts its own address into From (X-Google-Original-From: gophish#1311, decke/smtprelay#147).
  'google',
])

async function lookAtSender(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject} = conversation
  const {sender, message, host} = subject
  if (sender === null) return skipped('no sender is known')
  const from = writtenFor(conversation, sender)
  if (typeof from !== 'string') return failed(from)
  const provable = message !== null || !JUDGES_LATE.has(providerOf(subject) ?? '')
  return overWire(conversation, signal, 'naming the sender', async () => {
    const reply = await nameSender(conversation, from)
    const evidence: Evidence = {sender, reply: conversation.shown(reply.text), provable}
    if (!isYes(reply)) return failed(refusal(conversation, reply.text, 'sender'), evidence)
    return passed(
      provable
        ? `${host} takes ${sender} as the sender`
        : `${host} takes ${sender} so far; whether the login may send as it is not provable without --send`,
      evidence,
    )
  })
}

// Recipient -------------------------------------------------------------------------------------------------------

async function lookAtRecipient(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {recipient, host} = conversation.subject
  if (recipient === null) return skipped('no recipient is known: --to names one')
  if (!conversation.inTransaction) return skipped('there is no sender to name it with')
  const to = writtenFor(conversation, recipient)
  if (typeof to !== 'string') return failed(to)
  return overWire(conversation, signal, 'naming the recipient', async () => {
    const reply = await say(conversation, `RCPT TO:<${to}>`)
    const evidence: Evidence = {recipient, reply: conversation.shown(reply.text)}
    if (isYes(reply)) return passed(`${host} takes the recipient ${recipient}`, evidence)
    const ofSender = refusedAtRecipient(conversation, reply) === 'sender'
    const problem = refusal(conversation, reply.text, ofSender ? 'sender' : 'recipient')
    // Who gets so far has logged in.
    return failed(
      problem.exitCode === EXIT.recipient && conversation.loggedIn
        ? {...problem, why: `${problem.why}; the login and the sender were taken`}
        : problem,
      evidence,
    )
  })
}

// Size ------------------------------------------------------------------------------------------------------------

/** Answers with attachments are mostly smaller; attachments grow by a third where they are encoded. */
const ENOUGH_BYTES = 10_000_000

function lookAtSize({subject: {host}, after}: Conversation): Finding {
  const line = after?.find((keyword) => /^SIZE\b/i.test(keyword))
  if (line === undefined)
    return warned(
      {
        code: 'SMTP_SIZE_UNKNOWN',
        exitCode: EXIT.protocol,
        title: `${host} does not say how large mail may be`,
        why: 'it does not offer SIZE (RFC 1870), so mail that is too large is refused only after all of it was sent',
        fixes: [{text: 'Ask its provider for the limit, and keep attachments below it.'}],
      },
      {size: null},
    )
  const size = Number(/^SIZE\s+(\d{1,15})/i.exec(line)?.[1] ?? 0)
  // RFC 1870 4.
  if (size === 0) return passed(`${host} has no fixed limit for the size of mail`, {size})
  const told = `${host} takes mail of up to ${(size / 1_000_000).toFixed(1)} MB`
  if (size >= ENOUGH_BYTES) return passed(told, {size})
  return warned(
    {
      code: 'SMTP_SIZE_SMALL',
      exitCode: EXIT.protocol,
      title: told,
      why: 'answers with attachments get larger than that: what is attached grows by a third where it is encoded',
      fixes: [{text: "Have the limit raised by the server's administrator (Postfix: message_size_limit)."}],
    },
    {size},
  )
}

// Message ---------------------------------------------------------------------------------------------------------

async function lookAtMessage(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {message, recipient, host} = conversation.subject
  if (message === null) return skipped('nothing is sent without --send')
  if (recipient === null || !conversation.inTransaction)
    return blocked('there is no sender and no recipient to send it for')
  return overWire(conversation, signal, 'sending the message', async () => {
    const go = await say(conversation, 'DATA')
    const refused = (reply: SmtpReply, evidence: Evidence = {}) =>
      failed(refusal(conversation, reply.text, 'message'), {...evidence, reply: conversation.shown(reply.text)})
    if (go.code !== 354) return refused(go)
    const answer = await handOver(conversation, message, signal)
    if (answer instanceof WireError) return failed(outcomeUnknown(host, recipient, answer))
    conversation.inTransaction = false
    const evidence: Evidence = {
      recipient,
      bytes: message.byteLength,
      queueId: queueIdIn(conversation.shown(answer.text)),
    }
    if (!isYes(answer)) return refused(answer, evidence)
    return passed(`${host} took the message to ${recipient}`, {...evidence, reply: conversation.shown(answer.text)})
  })
}

/** The answer to the final dot; why there is none once it was handed over. @throws `WireError` before that. */
async function handOver(
  conversation: Conversation,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<SmtpReply | WireError> {
  await conversation.wire?.writeBytes(messageData(message), `(${message.byteLength} bytes, and the final dot)`)
  try {
    return await conversation.smtp().reply()
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WireError)) throw error
    conversation.close()
    return error
  }
}

/** RFC 5321 4.2.5: after the final dot nobody here can know. */
const outcomeUnknown = (host: string, recipient: string, {message}: WireError): ErrorParts => ({
  code: 'SMTP_OUTCOME_UNKNOWN',
  exitCode: EXIT.tryAgain,
  title: `Nobody knows whether ${host} took the message`,
  why: `all of it was handed over, and no answer came: ${message}; it may have been sent`,
  fixes: [{text: `See whether it arrives at ${recipient} before you send another.`}],
})

/** Postfix, Exim, Exchange Online; elsewhere the whole reply is all there is. */
const queueIdIn = (reply: string): string | null =>
  /\bqueued as <?([^\s<>]+)|\bid=(\S+)|^250 2\.0\.0 OK <([^\s<>]+)>/i
    .exec(reply)
    ?.slice(1)
    .find((id) => id !== undefined) ?? null

// Relay -----------------------------------------------------------------------------------------------------------

function lookAtNullSender(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {host} = conversation.subject
  return overWire(conversation, signal, 'naming the null return path', async () => {
    const reply = await nameSenderTo(conversation, '')
    const evidence: Evidence = {reply: conversation.shown(reply.text)}
    if (isYes(reply)) return passed(`${host} takes the null return path`, evidence)
    const problem = refusal(conversation, reply.text, 'sender')
    if (reply.code === CLOSING) return failed(problem, evidence)
    // docs/adr/0016.
    return warned(
      {
        ...problem,
        code: 'SMTP_NULL_SENDER_REFUSED',
        title: `${host} refuses the null return path`,
        why: 'automatic replies leave with an address for bounces in its place; they arrive all the same',
        fixes: [{text: 'Nothing has to be done. Servers should take MAIL FROM:<> (RFC 5321 4.5.5).'}],
      },
      evidence,
    )
  })
}

async function lookAtInternalSender(conversation: Conversation, sender: string, signal: AbortSignal): Promise<Finding> {
  const from = writtenFor(conversation, sender)
  if (typeof from !== 'string') return failed(from)
  return overWire(conversation, signal, 'naming an internal address as the sender', async () => {
    const reply = await nameSenderTo(conversation, from)
    const evidence: Evidence = {sender, reply: conversation.shown(reply.text)}
    if (isYes(reply)) return passed(`${conversation.subject.host} takes ${sender} as the sender`, evidence)
    return failed(refusal(conversation, reply.text, 'sender'), evidence)
  })
}

/** What is said of a sender: at once, or with a recipient. What is said of the recipient was said at its own stage. */
async function nameSenderTo(conversation: Conversation, written: string): Promise<SmtpReply> {
  const {recipient} = conversation.subject
  const reply = await nameSender(conversation, written)
  const to = recipient === null ? null : writtenFor(conversation, recipient)
  if (!isYes(reply) || typeof to !== 'string') return reply
  const answer = await say(conversation, `RCPT TO:<${to}>`)
  const about = refusedAtRecipient(conversation, answer)
  const ofSender = about === 'sender' || (about === null && written === '') || answer.code === CLOSING
  return !isYes(answer) && ofSender ? answer : reply
}

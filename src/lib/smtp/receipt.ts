/** What a transmission came to, recipient by recipient. Pure: every rule about replies is here. */
import type {Receipt, RecipientReceipt, RecipientResult} from '../channel/outgoing.ts'
import {EXIT, type PostdeskError} from '../errors.ts'
import {withoutPassword} from '../connection/without-password.ts'
import type {SmtpAccount} from './account.ts'
import {
  type AnsweredStep,
  type LibraryError,
  obstacleIn,
  senderObstacleIn,
  smtpConfused,
  smtpError,
  smtpThrottled,
} from './errors.ts'
import {providerMessageId} from './provider-message-id.ts'
import type {Transmission} from './session.ts'

type Verdict = Pick<RecipientReceipt, 'result' | 'reply'>

/** What holds for everyone that no reply of their own was given to. */
interface Outcome extends Verdict {
  readonly obstacle: PostdeskError | null
}

/** How recipients were written for the server: the same address may stand for several of ours. */
export type Written = ReadonlyMap<string, string>

/** The receipt for the recipients of `written`. `ownId` is the Message-ID that the message went out with. */
export function receiptFor(
  transmission: Transmission,
  written: Written,
  account: SmtpAccount,
  ownId: string | null,
): Receipt {
  const {refused, end} = transmission
  const outcome = outcomeOf(transmission, account)
  const told = [...written.values()].map((asWritten) => refused.get(asWritten))
  let {obstacle} = outcome
  const recipients = [...written].map(([address, asWritten]) => {
    const reply = refused.get(asWritten)
    // A server that takes commands in advance (RFC 2920) refuses recipients only because it refused the sender.
    if (reply === undefined || end.step === 'MAIL') return {address, result: outcome.result, reply: outcome.reply}
    const own = recipientObstacle(reply, told, transmission.from, account)
    obstacle ??= own
    return {address, ...refusal(reply, own, account)}
  })
  const accepted = end.step === 'message' && outcome.result === 'sent'
  return {
    recipients,
    messageId: accepted ? providerMessageId(end.reply, account.host, ownId) : null,
    obstacle,
  }
}

/** Whether the null sender, and nothing else, may have been refused: at once, with each recipient, or with the message. */
export function senderRefused({end, from, refused, accepted}: Transmission, account: SmtpAccount): boolean {
  if (end.step === 'RCPT')
    return accepted.size === 0 && [...refused.values()].every((reply) => namesSender(reply, from))
  if (end.step === 'lost' || !isRefusal(end.reply)) return false
  if (end.step === 'MAIL') return obstacleIn(end.reply, account, 'MAIL') === null
  return senderObstacleIn(end.reply, account, 'DATA') !== null
}

/**
 * Postfix holds back what it says of a sender until the first recipient (smtpd_delay_reject, its default): `553 5.7.1
 * <a@acme.example>: Sender address rejected: not owned by user b`.
 */
const namesSender = (reply: string, from: string): boolean => {
  const [, named] = /^5\d\d[ -](?:5\.\d+\.\d+ )?<([^>]*)>: Sender address rejected/i.exec(reply) ?? []
  return named !== undefined && named.toLowerCase() === from.toLowerCase()
}

/**
 * What was said of a recipient may be what the recipient's own server said, which must not be able to stop the account:
 * a door is closed only where all were told so.
 */
function recipientObstacle(
  reply: string,
  told: readonly (string | undefined)[],
  from: string,
  account: SmtpAccount,
): PostdeskError | null {
  if (from !== '' && told.every((other = '') => namesSender(other, from)))
    return senderObstacleIn(reply, account, 'MAIL')
  const obstacle = obstacleIn(reply, account, 'RCPT')
  if (obstacle === null || obstacle.exitCode === EXIT.tryAgain) return obstacle
  const all = told.every((other = '') => obstacleIn(other, account, 'RCPT')?.code === obstacle.code)
  return all ? obstacle : null
}

/** The obstacle in a reply to what was said of the message as a whole. A refused null sender is none: all others may do. */
function messageObstacle(
  reply: string,
  from: string,
  account: SmtpAccount,
  step: Exclude<AnsweredStep, 'RCPT'>,
): PostdeskError | null {
  return obstacleIn(reply, account, step) ?? (from === '' ? null : senderObstacleIn(reply, account, step))
}

function outcomeOf(transmission: Transmission, account: SmtpAccount): Outcome {
  const {from, end} = transmission
  if (end.step === 'lost') return lost(transmission, end.error, account)
  const reply = withoutPassword(end.reply, account)
  if (end.step === 'MAIL') {
    const obstacle = messageObstacle(end.reply, from, account, 'MAIL')
    if (isRefusal(end.reply) || obstacle !== null) return {...refusal(end.reply, obstacle, account), obstacle}
    return {
      result: 'deferred',
      reply,
      obstacle: end.reply.startsWith('4')
        ? smtpThrottled(account, end.reply)
        : smtpConfused(account, 'it refuses MAIL FROM as out of order, or with no known code', end.reply),
    }
  }
  if (end.step === 'message' && !isNo(end.reply)) {
    if (!transmission.handedOver)
      return {
        result: 'deferred',
        reply: 'the server answered before the end of the message, which it cannot have accepted',
        obstacle: smtpConfused(account, 'it answered before the end of the message', end.reply),
      }
    if (end.reply.startsWith('2')) return {result: 'sent', reply, obstacle: null}
    const obstacle = smtpConfused(account, 'its reply to the message is none that there is', end.reply)
    return {result: 'unknown', reply, obstacle}
  }
  // Where all recipients were refused each has a reply of its own, and they are judged together.
  const obstacle = end.step === 'RCPT' ? null : messageObstacle(end.reply, from, account, 'DATA')
  return {...refusal(end.reply, obstacle, account), obstacle}
}

/**
 * The connection broke, or was silent for too long. Until the end of the message was handed over nobody can have accepted
 * it (RFC 5321 4.1.1.4); after that nobody here can know.
 */
function lost({from, handedOver}: Transmission, error: LibraryError, account: SmtpAccount): Outcome {
  const obstacle = smtpError(error, account, 'sending')
  const {response = ''} = error
  // A no that the end of the connection cut short is a no.
  if (handedOver && isNo(response)) {
    const said = messageObstacle(response, from, account, 'DATA')
    return {...refusal(response, said, account), obstacle: said ?? obstacle}
  }
  return handedOver
    ? {
        result: 'unknown',
        reply: `${obstacle.title}: the message had been handed over, and no answer came`,
        obstacle,
      }
    : {result: 'deferred', reply: obstacle.serverReply ?? `${obstacle.title}, before the end of the message`, obstacle}
}

/** What a no means for those whom it was said of. What was said of the account, `obstacle`, was not said of them. */
function refusal(reply: string, obstacle: PostdeskError | null, account: SmtpAccount): Verdict {
  const result: RecipientResult = isRefusal(reply) && obstacle === null ? 'failed' : 'deferred'
  return {result, reply: withoutPassword(reply, account)}
}

/** 4yz or 5yz (RFC 5321 4.2.1). */
const isNo = (reply: string) => /^[45]/.test(reply)

/** For good: 5yz, but for 503, which is said of the order of commands and not of what they are about (RFC 5321 4.2.2). */
const isRefusal = (reply: string) => /^5(?!03)/.test(reply)

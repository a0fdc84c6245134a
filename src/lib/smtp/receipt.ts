/** What a transmission came to, recipient by recipient. Pure: every rule about replies is here. */
import type {Receipt, RecipientReceipt, RecipientResult} from '../channel/outgoing.ts'
import type {PostdeskError} from '../errors.ts'
import type {SmtpAccount} from './account.ts'
import {type LibraryError, obstacleIn, smtpConfused, smtpError, smtpThrottled, withoutPassword} from './errors.ts'
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
  let {obstacle} = outcome
  const recipients = [...written].map(([address, asWritten]) => {
    const reply = refused.get(asWritten)
    // A server that takes commands in advance (RFC 2920) refuses recipients only because it refused the sender.
    if (reply === undefined || end.step === 'MAIL') return {address, result: outcome.result, reply: outcome.reply}
    obstacle ??= obstacleIn(reply, account)
    return {address, ...refusal(reply, account)}
  })
  const accepted = end.step === 'message' && outcome.result === 'sent'
  return {
    recipients,
    messageId: accepted ? providerMessageId(end.reply, account.host, ownId) : null,
    obstacle,
  }
}

/** Whether the null sender, and nothing else, may have been refused. */
export function senderRefused({end}: Transmission, account: SmtpAccount): boolean {
  return end.step === 'MAIL' && isRefusal(end.reply) && obstacleIn(end.reply, account) === null
}

function outcomeOf(transmission: Transmission, account: SmtpAccount): Outcome {
  const {end, handedOver} = transmission
  if (end.step === 'lost') return lost(end.error, handedOver, account)
  const reply = withoutPassword(end.reply, account)
  if (end.step === 'MAIL') {
    const obstacle = obstacleIn(end.reply, account)
    if (isRefusal(end.reply) && obstacle === null) return {result: 'failed', reply, obstacle: null}
    if (obstacle !== null) return {result: 'deferred', reply, obstacle}
    return {
      result: 'deferred',
      reply,
      obstacle: end.reply.startsWith('4')
        ? smtpThrottled(account, end.reply)
        : smtpConfused(account, 'it refuses MAIL FROM as out of order, or with no known code', end.reply),
    }
  }
  if (end.step === 'message' && !isNo(end.reply)) {
    if (!handedOver)
      return {
        result: 'deferred',
        reply: 'the server answered before the end of the message, which it cannot have accepted',
        obstacle: smtpConfused(account, 'it answered before the end of the message', end.reply),
      }
    if (end.reply.startsWith('2')) return {result: 'sent', reply, obstacle: null}
    const obstacle = smtpConfused(account, 'its reply to the message is none that there is', end.reply)
    return {result: 'unknown', reply, obstacle}
  }
  return {...refusal(end.reply, account), obstacle: obstacleIn(end.reply, account)}
}

/**
 * The connection broke, or was silent for too long. Until the end of the message was handed over nobody can have accepted
 * it (RFC 5321 4.1.1.4); after that nobody here can know.
 */
function lost(error: LibraryError, handedOver: boolean, account: SmtpAccount): Outcome {
  const obstacle = smtpError(error, account, 'sending')
  // A no that the end of the connection cut short is a no.
  if (handedOver && isNo(error.response ?? '')) return {...refusal(error.response ?? '', account), obstacle}
  return handedOver
    ? {
        result: 'unknown',
        reply: `${obstacle.title}: the message had been handed over, and no answer came`,
        obstacle,
      }
    : {result: 'deferred', reply: obstacle.serverReply ?? `${obstacle.title}, before the end of the message`, obstacle}
}

/** What a no means for those whom it was said of. What was said of the account was not said of them. */
function refusal(reply: string, account: SmtpAccount): Verdict {
  const failed = isRefusal(reply) && obstacleIn(reply, account) === null
  const result: RecipientResult = failed ? 'failed' : 'deferred'
  return {result, reply: withoutPassword(reply, account)}
}

/** 4yz or 5yz (RFC 5321 4.2.1). */
const isNo = (reply: string) => /^[45]/.test(reply)

/** For good: 5yz, but for 503, which is said of the order of commands and not of what they are about (RFC 5321 4.2.2). */
const isRefusal = (reply: string) => /^5(?!03)/.test(reply)

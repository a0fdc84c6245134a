/** Opens SMTP connections and sends messages over them, one at a time. */
import {isAscii} from 'node:buffer'
import type {Outgoing, Receipt, RecipientReceipt, Sender, SenderConnection} from '../channel/outgoing.ts'
import type {PostdeskError} from '../errors.ts'
import {silent} from '../log.ts'
import type {SmtpAccount} from './account.ts'
import {smtpError} from './errors.ts'
import {Handover} from './handover.ts'
import {ownMessageId} from './provider-message-id.ts'
import {receiptFor, senderRefused} from './receipt.ts'
import {planRecipients, writeAddress} from './recipients.ts'
import {openSession, type SmtpOptions, type SmtpSession} from './session.ts'
import {hasUtf8Header} from './utf8-header.ts'

export type {SmtpDeadlines, SmtpOptions} from './session.ts'

/** The way out by this account. Nothing is connected before `open`. */
export function createSmtpSender(account: SmtpAccount, options: SmtpOptions = {}): Sender {
  return {
    async open(signal) {
      return connectionOver(await openSession(account, signal, options), account, options)
    },
  }
}

function connectionOver(session: SmtpSession, account: SmtpAccount, {log = silent}: SmtpOptions): SenderConnection {
  let busy = false
  /** Whether the last transaction may still be open on the server. */
  let unfinished = false

  /** One attempt with this sender; a transaction that came to nothing is ended before it. */
  const transmit = async (outgoing: Outgoing, from: string, to: readonly string[]) => {
    if (unfinished) await session.reset()
    unfinished = true
    const {raw} = outgoing
    const transmission = await session.transmit(
      {
        from,
        to,
        size: raw.byteLength,
        eightBit: !isAscii(raw),
        utf8Header: hasUtf8Header(raw),
      },
      (onEnded) => new Handover(raw, onEnded),
    )
    unfinished = transmission.end.step !== 'message' || !transmission.end.reply.startsWith('2')
    return transmission
  }

  const send = async (outgoing: Outgoing): Promise<Receipt> => {
    const {raw, sender, fallbackSender, recipients} = outgoing
    const everyone = (
      result: 'failed' | 'deferred',
      reply: string,
      obstacle: PostdeskError | null = null,
    ): Receipt => ({
      recipients: recipients.map((address) => ({address, result, reply})),
      messageId: null,
      obstacle,
    })
    const {size, smtpUtf8} = session.capabilities
    if (size !== null && raw.byteLength > size)
      return everyone('failed', `the message has ${raw.byteLength} bytes, and the server takes ${size} (RFC 1870)`)
    // Whatever the envelope has: a server without SMTPUTF8 may take such a header for damage, or mangle it (RFC 6531 3.2).
    if (!smtpUtf8 && hasUtf8Header(raw))
      return everyone(
        'failed',
        'the header of the message has characters beyond ASCII, and the server does not offer SMTPUTF8 (RFC 6531)',
      )
    const from = sender === '' ? {written: ''} : writeAddress(sender, session.capabilities)
    if ('why' in from) return everyone('failed', `the sender ${sender}: ${from.why}`)
    const {written, hopeless} = planRecipients(recipients, session.capabilities)
    if (written.size === 0) return {recipients: hopeless, messageId: null, obstacle: null}

    const to = [...new Set(written.values())]
    let receipt: Receipt
    try {
      let transmission = await transmit(outgoing, from.written, to)
      const fallback = fallbackSender === null ? null : writeAddress(fallbackSender, session.capabilities)
      if (sender === '' && fallback !== null && 'written' in fallback && senderRefused(transmission, account)) {
        log('smtp-null-sender-refused', {host: account.host})
        transmission = await transmit(outgoing, fallback.written, to)
      }
      receipt = receiptFor(transmission, written, account, ownMessageId(raw))
    } catch (error) {
      // The connection was lost between two transactions: nothing of this message has left.
      const obstacle = smtpError(error, account, 'sending')
      return everyone('deferred', obstacle.serverReply ?? obstacle.title, obstacle)
    }
    return {...receipt, recipients: inOrder(recipients, [...hopeless, ...receipt.recipients])}
  }

  return {
    isOpen: () => session.isOpen(),
    close: () => session.quit(),
    async send(outgoing) {
      if (busy) throw new Error('a connection sends one message at a time')
      busy = true
      try {
        const receipt = await send(outgoing)
        log('smtp-sent', {host: account.host, results: receipt.recipients.map(({result}) => result)})
        return receipt
      } finally {
        busy = false
      }
    },
  }
}

/** The receipts in the order of the recipients. */
function inOrder(recipients: readonly string[], receipts: readonly RecipientReceipt[]): readonly RecipientReceipt[] {
  const byAddress = new Map(receipts.map((receipt) => [receipt.address, receipt]))
  return recipients.flatMap((address) => byAddress.get(address) ?? [])
}

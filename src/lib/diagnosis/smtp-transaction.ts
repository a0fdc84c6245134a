/** Senders and recipients, as they are named to a server (RFC 5321 3.3). */
import {isAscii} from 'node:buffer'
import {rowOfReply} from '../connection/explain-reply.ts'
import {type ErrorParts, EXIT} from '../errors.ts'
import {readCapabilities} from '../smtp/capabilities.ts'
import {writeAddress} from '../smtp/recipients.ts'
import {hasUtf8Header} from '../smtp/utf8-header.ts'
import {offers} from './capabilities.ts'
import type {Conversation} from './conversation.ts'
import type {SmtpReply} from './smtp-dialog.ts'

/** What is said of the size where there is no message yet: an answer without pictures has some kB. */
const SMALL_MESSAGE = 4096

/** Says a command, and takes the reply. @throws `WireError`. */
export async function say(conversation: Conversation, line: string): Promise<SmtpReply> {
  const reply = await conversation.smtp().command(line)
  // It announces that the server closes the connection, whatever was asked (RFC 5321 3.8).
  if (reply.code === CLOSING) conversation.close()
  return reply
}

export const CLOSING = 421

export const isYes = ({code}: SmtpReply): boolean => code >= 200 && code < 300

/** An address as it is written for this server, or the error that it cannot be. */
export function writtenFor(conversation: Conversation, address: string): string | ErrorParts {
  const result = writeAddress(address, readCapabilities(['', ...(conversation.after ?? [])].join('\n')))
  if ('written' in result) return result.written
  return {
    code: 'SMTP_ADDRESS_UNUSABLE',
    exitCode: EXIT.protocol,
    title: `${address} cannot be named to ${conversation.subject.host}`,
    why: result.why,
    fixes: [{text: 'Use an address without such characters, or a server that offers SMTPUTF8 (RFC 6531).'}],
  }
}

/**
 * MAIL FROM, with what the server wants to know of a message beforehand; the null sender is `''`. A transaction that is
 * still open is ended before it. @throws `WireError`.
 */
export async function nameSender(conversation: Conversation, written: string): Promise<SmtpReply> {
  if (conversation.inTransaction) {
    await say(conversation, 'RSET')
    conversation.inTransaction = false
  }
  const reply = await say(conversation, `MAIL FROM:<${written}>${parametersFor(conversation, written)}`)
  conversation.inTransaction = isYes(reply)
  return reply
}

/** RFC 1870 3, RFC 6152 2, RFC 6531 3.4. */
function parametersFor({after, subject: {message}}: Conversation, written: string): string {
  const utf8 = !isAscii(Buffer.from(written)) || (message !== null && hasUtf8Header(message))
  return [
    offers(after, 'SIZE') ? ` SIZE=${message?.byteLength ?? SMALL_MESSAGE}` : '',
    message !== null && !isAscii(message) && offers(after, '8BITMIME') ? ' BODY=8BITMIME' : '',
    utf8 && offers(after, 'SMTPUTF8') ? ' SMTPUTF8' : '',
  ].join('')
}

/** Of whom a refusal of a recipient speaks; null where nobody knows. */
export function refusedAtRecipient({subject}: Conversation, {text}: SmtpReply): 'sender' | 'recipient' | null {
  // Postfix holds back what it says of a sender until the first recipient (smtpd_delay_reject, its default): `553 5.7.1
  // <a@acme.example>: Sender address rejected: not owned by user b`.
  if (/^\d{3}[ -](?:\d\.\d+\.\d+ )?<[^>]*>: Sender address rejected/i.test(text)) return 'sender'
  const about = rowOfReply(text, {...subject, step: 'recipient'})?.about
  return about === 'sender' || about === 'recipient' ? about : null
}

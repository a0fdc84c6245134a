/** The automatic reply as a mail: what was decided becomes words. Nothing of what the sender wrote is in them. */
import type {Facts} from './intake/facts.ts'
import {senderName} from './channel/sender-name.ts'
import {renderTemplate} from './message/auto-reply-template.ts'
import {htmlOfText} from './message/html-of-text.ts'
import {threadFields} from './message/thread-fields.ts'
import {writeMail, type Letterhead} from './outgoing-mail.ts'
import {listChannels, type ChannelRow} from './store/channels.ts'
import type {Answered} from './store/commit.ts'
import type {NewOutgoing} from './store/outgoing.ts'
import type {PortalRow} from './store/portals.ts'
import {listQueues} from './store/queues.ts'
import type {Tx} from './store/schema.ts'
import {RELAY_SENDER} from './store/senders.ts'

/** Null where nobody wrote a text for it. */
export async function writeAutoReply(
  tx: Tx,
  portal: PortalRow,
  {now}: Pick<Facts, 'now'>,
  {ticketNumber, queueId, message, requester, recipient, by}: Answered,
): Promise<NewOutgoing | null> {
  const channels = new Map((await listChannels(tx, portal.id)).map((row) => [row.id, row]))
  // An SMTP address without words of its own has those of the internal one that it forwards to.
  const words = [recipient.channel, recipient.internal]
    .flatMap((channel) => (channel ? (channels.get(channel.id) ?? []) : []))
    .find((row) => row.auto_reply_subject !== '' && row.auto_reply_body !== '')
  const from = channels.get(by.from.id)
  if (words === undefined || from === undefined) return null
  const queue = (await listQueues(tx, portal.id)).find(({id}) => id === queueId)
  const values = {
    ticket: ticketNumber,
    queue: queue?.name ?? '',
    portal: portal.name,
    date: new Intl.DateTimeFormat(portal.locale, {dateStyle: 'long', timeZone: portal.timezone}).format(new Date(now)),
  }
  const text = renderTemplate(words.auto_reply_body, values)
  const outgoing = await writeMail(
    tx,
    portal,
    letterheadOf(by, from, channels),
    {
      // RFC 3834 3.1.3: to the one who is answered. The name is his own word, and is not passed on.
      to: [{name: '', address: requester.address}],
      cc: [],
      subject: renderTemplate(words.auto_reply_subject, values),
      text,
      html: htmlOfText(text, null),
      ...threadFields(message),
      attachments: [],
      autoSubmitted: 'auto-replied', // RFC 3834 5
    },
    {kind: 'auto-reply', author: null, now},
  )
  return outgoing.recipients.length === 0 ? null : outgoing
}

function letterheadOf(
  {account, replyTo}: Answered['by'],
  from: ChannelRow,
  channels: ReadonlyMap<number, ChannelRow>,
): Letterhead {
  const address = {name: senderName(from.name), address: from.address}
  const common = {channelId: from.id, senderId: account?.id ?? RELAY_SENDER, from: address}
  // Mail to the portal's own domain comes in whatever its detail. A relay takes any sender; a provider only its own.
  if (account === null)
    return {...common, replyTo: {address, tagged: true}, bounces: {fallback: from.address, tagged: true}}
  const answers = replyTo === null ? undefined : channels.get(replyTo.id)
  return {
    ...common,
    replyTo: answers ? {address: {name: answers.name, address: answers.address}, tagged: true} : null,
    bounces: {fallback: from.address, tagged: false},
  }
}

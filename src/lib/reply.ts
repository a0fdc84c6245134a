/** An agent's answer to a ticket, and a conversation that an agent starts: written, and put into the outbox. */
import {requireChannel} from './channel-summary.ts'
import {invalidValue, PostdeskError, usage} from './errors.ts'
import {htmlOfText} from './message/html-of-text.ts'
import type {DraftAttachment} from './message/compose.ts'
import type {Address, ParsedMessage} from './message/message.ts'
import {replySubject} from './message/outgoing-subject.ts'
import {parseStream} from './message/parse.ts'
import {quoteBelow, quoteOf} from './message/quote.ts'
import {threadFields} from './message/thread-fields.ts'
import {writeMail} from './outgoing-mail.ts'
import {requireAgents, requireQueue} from './queue.ts'
import {readRawMail} from './raw-mail.ts'
import {letterheadOf, senderOfTicket, type ChosenSender} from './sending-channels.ts'
import {listAgents} from './store/agents.ts'
import {channelsPreferringOnline, listAddresses} from './store/channels.ts'
import {reserve} from './store/ids.ts'
import type {Store} from './store/open.ts'
import {IDS_PER_OUTGOING, insertOutgoing, type NewOutgoing} from './store/outgoing.ts'
import {listParticipants} from './store/participants.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {listMemberships} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'
import * as tickets from './store/tickets.ts'
import type {MessageRow, NamedTicket} from './store/tickets.ts'
import {ownTicket, type ActingAs} from './ticket-changes.ts'
import {replyRecipients} from './ticket/reply-recipients.ts'
import {chooseOwner} from './ticket/ticket.ts'

/** @throws 67 for an address that is not there, 78 for one that cannot send. */
export async function checkSender({db}: Store, portal: PortalRow, from: string): Promise<void> {
  await senderOfTicket(db, portal, NO_TICKET, from)
}

/** A conversation that is still to be started. */
const NO_TICKET = {number: null, channel_id: null, queue_id: null}

/** What an agent writes. */
export interface ReplyRequest {
  readonly text: string
  /** The address to send by, in place of the usual one. */
  readonly from?: string | undefined
  readonly cc: readonly Address[]
  /** To everyone in To and Cc of the mail that is answered, too. */
  readonly all: boolean
  readonly attachments: readonly DraftAttachment[]
  /** Whether the words that are answered stand below. */
  readonly quote: boolean
}

/** A message that waits in the outbox. */
export interface QueuedReply {
  readonly ticket: number
  /** The id of the message, in its ticket and in the outbox. */
  readonly message: number
  readonly messageId: string
  readonly senderId: number
  /** The address that it leaves by, and why by this one. */
  readonly from: string
  readonly fromWhy: string
  /** False while that address is switched off: then it is held. */
  readonly active: boolean
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Who was in the mail that is answered and does not get this one. */
  readonly leftOut: readonly {readonly address: string; readonly why: string}[]
}

/**
 * What can be refused of an answer before anybody writes it.
 * @throws 67 for a ticket, agent or address that is not there, 64 for one that was merged, 78 where nothing can send.
 */
export async function checkReply(
  {db}: Store,
  portal: PortalRow,
  number: number,
  {from, agent}: {readonly from?: string | undefined; readonly agent?: string | undefined},
): Promise<{readonly ticket: NamedTicket; readonly sender: ChosenSender}> {
  const ticket = await ownTicket(db, portal, number)
  if (agent !== undefined) await requireAgents(db, portal, [agent])
  return {ticket, sender: await senderOfTicket(db, portal, ticket, from)}
}

/**
 * Answers a ticket.
 * @throws 67 for a ticket, agent or address that is not there, 64 for one that was merged, 78 where nothing can send.
 */
export async function replyToTicket(
  store: Store,
  portal: PortalRow,
  number: number,
  request: ReplyRequest,
  as: ActingAs,
): Promise<QueuedReply> {
  const {db} = store
  const {ticket, sender} = await checkReply(store, portal, number, {from: request.from, agent: as.agent})
  const {answered, known, subject} = await readAnswered(db, portal, ticket)
  const {to, cc, leftOut} = await recipientsOf(db, portal, ticket, answered, request)
  const quoted =
    request.quote && answered !== null && hasWords(answered.body)
      ? {
          text: answered.body.replyText,
          author: answered.message.from[0] ?? {name: '', address: ''},
          date: answered.message.date,
          timezone: portal.timezone,
          locale: portal.locale,
        }
      : null
  const letterhead = await letterheadOf(db, portal, sender, as.agent)
  const outgoing = await writeMail(
    db,
    portal,
    letterhead,
    {
      to,
      cc,
      subject: replySubject(subject),
      text: quoted === null ? request.text : `${request.text.trimEnd()}\n\n${quoteBelow(quoted)}`,
      html: htmlOfText(request.text, quoted && quoteOf(quoted)),
      ...threadFields(known),
      attachments: request.attachments,
      autoSubmitted: null,
    },
    {kind: 'reply', author: as.agent ?? 'admin', now: as.now},
  )
  if (outgoing.recipients.length === 0)
    throw invalidValue(
      `ticket ${number}`,
      'there is nobody to answer: its mail names no sender that can be written to',
      [{text: 'Name somebody with --cc ADDRESS.'}],
    )
  const id = await store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    // Ticket and address may have been merged or removed meanwhile: then nothing is written.
    const current = await ownTicket(tx, portal, number)
    await requireChannel(tx, portal, sender.channel.address)
    const actor = {by: as.agent ?? 'admin', now: as.now}
    const message = await enqueue(tx, store, portal, current, outgoing, as.now)
    await tickets.noteEvent(
      tx,
      current,
      'replied',
      {message, to: outgoing.recipients, by: sender.channel.address},
      actor,
    )
    return message
  })
  return queued(number, id, outgoing, sender, {to, cc, leftOut})
}

const queued = (
  ticket: number,
  message: number,
  {message: {messageId}, senderId}: NewOutgoing,
  {channel, why}: ChosenSender,
  people: Pick<QueuedReply, 'to' | 'cc' | 'leftOut'>,
): QueuedReply => ({
  ticket,
  message,
  messageId: messageId!,
  senderId,
  from: channel.address,
  fromWhy: why,
  active: channel.deactivated_at === null,
  ...people,
})

async function enqueue(
  tx: Tx,
  {dialect}: Store,
  portal: PortalRow,
  ticket: {readonly id: number},
  outgoing: NewOutgoing,
  now: string,
): Promise<number> {
  const {firstId} = await reserve(tx, portal.id, IDS_PER_OUTGOING)
  return insertOutgoing(
    tx,
    dialect,
    {portalId: portal.id, ticketId: ticket.id, ids: [firstId, firstId + 1]},
    outgoing,
    now,
  )
}

/** What an answer refers to. */
interface Answered {
  /** The last mail of a person who takes part; null where there is none to quote, or its bytes are damaged. */
  readonly answered: ParsedMessage | null
  /** The ids that its thread is known by. */
  readonly known: Parameters<typeof threadFields>[0]
  readonly subject: string
}

/** The answer begins a thread of its own. */
const NO_THREAD: Answered['known'] = {messageId: null, references: [], inReplyTo: []}

/**
 * What a person wrote last is answered; in a conversation that has no such mail yet, our own last one is followed up. A mail
 * that an agent has forwarded is none that the customer knows: his remarks are not quoted, nor are its ids referred to.
 */
async function readAnswered(db: Db, portal: PortalRow, ticket: NamedTicket): Promise<Answered> {
  const messages = (await tickets.listMessages(db, ticket)).filter(({raw_id: rawId}) => rawId !== null)
  const words = messages.findLast(({direction, kind, third_party: stranger}) => {
    return direction === 'in' && stranger === 0 && ['human', 'mail'].includes(kind)
  })
  const content = words === undefined ? null : await readMessage(db, words)
  if (content !== null) {
    const agents = new Set((await listAgents(db, portal.id)).map(({email}) => email.toLowerCase()))
    const {message} = content
    return message.from.some(({address}) => agents.has(address.toLowerCase()))
      ? {answered: null, known: NO_THREAD, subject: message.forwarded?.subject ?? ticket.subject}
      : {answered: content, known: message, subject: message.subject}
  }
  const {subject} = ticket
  const last = messages.findLast(({direction, kind}) => direction === 'out' && kind === 'reply')
  const own = last === undefined ? null : await readMessage(db, last)
  // By the id that it was really sent with, where the provider wrote another.
  if (own !== null) return {answered: null, known: {...own.message, messageId: last!.header_id}, subject}
  return {answered: null, known: {...NO_THREAD, messageId: words?.header_id ?? null}, subject}
}

/** False for a mail that is nothing but a quote of others: the history is in the thread. */
const hasWords = ({replyText}: ParsedMessage['body']): boolean =>
  replyText.split('\n').some((line) => line.trim() !== '' && !line.startsWith('>'))

async function readMessage(db: Db, row: MessageRow): Promise<ParsedMessage | null> {
  const raw = {portalId: row.portal_id, rawId: row.raw_id!, size: row.size, name: `Mail ${row.id}`}
  try {
    return await parseStream(readRawMail(db, raw))
  } catch (error) {
    // An answer does not fail because the mail cannot be read any more; `ticket show` says so.
    if (error instanceof PostdeskError && error.code === 'RAW_DAMAGED') return null
    throw error
  }
}

async function recipientsOf(
  db: Db,
  portal: PortalRow,
  ticket: NamedTicket,
  answered: ParsedMessage | null,
  {all, cc}: ReplyRequest,
) {
  const participants = new Set(await listParticipants(db, ticket))
  return replyRecipients({
    answered: answered?.message ?? null,
    requester: {name: ticket.requester_name, address: ticket.requester_address},
    all,
    cc,
    isOwn: await ownAddresses(db, portal),
    isParticipant: (address) => participants.has(address.toLowerCase()),
  })
}

/** Whether an address is one of the portal. */
async function ownAddresses(db: Db, portal: PortalRow): Promise<(address: string) => boolean> {
  const own = new Set((await listAddresses(db, portal.id)).map(({address}) => address))
  return (address) => own.has(address.toLowerCase())
}

/** The first mail of a conversation that an agent starts. */
export interface NewConversation {
  readonly to: readonly Address[]
  /** The address to send by. */
  readonly from: string
  readonly subject: string
  readonly text: string
  /** The key of its queue; left out: that of the address. */
  readonly queue?: string | undefined
  readonly attachments: readonly DraftAttachment[]
}

/**
 * Starts a conversation: a ticket whose first message is ours. It belongs to the agent who writes, where he is a member of
 * its queue.
 * @throws 67 for an agent, queue or address that is not there, 64 for a recipient that is an address of the portal, or where
 *   the address has no queue and none was named, 78 where the address cannot send.
 */
export async function startConversation(
  store: Store,
  portal: PortalRow,
  request: NewConversation,
  as: ActingAs,
): Promise<QueuedReply> {
  const {db} = store
  if (as.agent !== undefined) await requireAgents(db, portal, [as.agent])
  const asked = request.queue === undefined ? null : await requireQueue(db, portal, request.queue)
  const sender = await senderOfTicket(db, portal, NO_TICKET, request.from)
  const queueId = asked?.id ?? sender.channel.queue_id
  if (queueId === null)
    throw usage(`${sender.channel.address} has no queue`, [{text: 'Name the queue of the ticket with --queue KEY.'}])
  const isOwn = await ownAddresses(db, portal)
  const ours = request.to.find(({address}) => isOwn(address))
  if (ours !== undefined) throw invalidValue(`--to ${ours.address}`, 'it is an address of this portal')
  const letterhead = await letterheadOf(db, portal, sender, as.agent)
  const {to, subject, text, attachments} = request
  const outgoing = await writeMail(
    db,
    portal,
    letterhead,
    {
      to,
      cc: [],
      subject,
      text,
      html: htmlOfText(text, null),
      inReplyTo: null,
      references: [],
      attachments,
      autoSubmitted: null,
    },
    {kind: 'reply', author: as.agent ?? 'admin', now: as.now},
  )
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    await requireChannel(tx, portal, sender.channel.address)
    const {firstId, firstNumber: number} = await reserve(tx, portal.id, 1, 1)
    const agents = await tickets.agentLoads(tx, portal.id)
    const members = (await listMemberships(tx, portal.id))
      .filter(({queue_id: id}) => id === queueId)
      .flatMap(({agent_id: id}) => agents.get(id) ?? [])
    const self = members.find(({email}) => email.toLowerCase() === as.agent?.toLowerCase())
    const onlineFirst = (await channelsPreferringOnline(tx, portal.id)).has(sender.channel.id)
    const {owner, why} = self ? {owner: self, why: 'started it'} : chooseOwner(members, {onlineFirst})
    const actor = {by: as.agent ?? 'admin', now: as.now}
    const ticket = await tickets.openTicket(
      tx,
      {
        portal_id: portal.id,
        id: firstId,
        number,
        subject: outgoing.message.subject,
        queue_id: queueId,
        owner_id: owner?.id ?? null,
        channel_id: sender.channel.id,
        requester_name: to[0]!.name,
        requester_address: to[0]!.address,
      },
      {sentBy: sender.channel.address, owner: owner?.email ?? null, why},
      actor,
    )
    const id = await enqueue(tx, store, portal, ticket, outgoing, as.now)
    return queued(number, id, outgoing, sender, {to, cc: [], leftOut: []})
  })
}

/** An agent's answer to a ticket, and a conversation that an agent starts: written, and put into the outbox. */
import {invalidValue, PostdeskError} from './errors.ts'
import {htmlOfText} from './message/html-of-text.ts'
import type {DraftAttachment} from './message/compose.ts'
import type {Address, ParsedMessage} from './message/message.ts'
import {replySubject} from './message/outgoing-subject.ts'
import {parseStream} from './message/parse.ts'
import {quoteBelow, quoteOf} from './message/quote.ts'
import {threadFields} from './message/thread-fields.ts'
import {tokenOfAddress} from './message/token.ts'
import {REPLY_PATIENCE_MS} from './outbox/settle.ts'
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
  /** Whether the ticket is closed with it. */
  readonly close: boolean
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
  const ticket = await ownTicket(db, portal, number)
  if (as.agent !== undefined) await requireAgents(db, portal, [as.agent])
  const sender = await senderOfTicket(db, portal, ticket, request.from)
  const {answered, known} = await readAnswered(db, ticket)
  const {to, cc, leftOut} = await recipientsOf(db, portal, ticket, answered, request)
  const quoted =
    request.quote && answered !== null
      ? {
          text: answered.body.replyText || answered.body.text,
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
      subject: replySubject(answered?.message.subject ?? ticket.subject),
      text: quoted === null ? request.text : `${request.text.trimEnd()}\n\n${quoteBelow(quoted)}`,
      html: htmlOfText(request.text, quoted && quoteOf(quoted)),
      ...threadFields(known),
      attachments: request.attachments,
      autoSubmitted: null,
    },
    {kind: 'reply', author: as.agent ?? 'admin', now: as.now, patienceMs: REPLY_PATIENCE_MS},
  )
  if (outgoing.recipients.length === 0)
    throw invalidValue(
      `ticket ${number}`,
      'there is nobody to answer: its mail names no sender that can be written to',
      [{text: 'Name somebody with --cc ADDRESS.'}],
    )
  const id = await store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    // It may have been merged meanwhile: then the answer belongs to what it is part of.
    const current = await ownTicket(tx, portal, number)
    const actor = {by: as.agent ?? 'admin', now: as.now}
    const message = await enqueue(tx, store, portal, current, outgoing, as.now)
    await tickets.noteEvent(
      tx,
      current,
      'replied',
      {message, to: outgoing.recipients, by: sender.channel.address},
      actor,
    )
    if (request.close) await tickets.setStatus(tx, current, 'closed', actor)
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
  /** The last mail of a person who takes part; null where there is none, or its bytes are damaged. */
  readonly answered: ParsedMessage | null
  /** The ids that its thread is known by. */
  readonly known: Parameters<typeof threadFields>[0]
}

/** What a person wrote last is answered; in a conversation that has no such mail yet, our own last one is followed up. */
async function readAnswered(db: Db, ticket: NamedTicket): Promise<Answered> {
  const messages = (await tickets.listMessages(db, ticket)).filter(({raw_id: rawId}) => rawId !== null)
  const words = messages.findLast(({direction, kind, third_party: stranger}) => {
    return direction === 'in' && stranger === 0 && ['human', 'mail'].includes(kind)
  })
  const content = words === undefined ? null : await readMessage(db, words)
  if (content !== null) return {answered: content, known: content.message}
  const last = messages.findLast(({direction, kind}) => direction === 'out' && kind === 'reply')
  const own = last === undefined ? null : await readMessage(db, last)
  // By the id that it was really sent with, where the provider wrote another.
  if (own !== null) return {answered: null, known: {...own.message, messageId: last!.header_id}}
  return {answered: null, known: {messageId: words?.header_id ?? null, references: [], inReplyTo: []}}
}

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
  const own = new Set((await listAddresses(db, portal.id)).map(({address}) => address))
  const participants = new Set(await listParticipants(db, ticket))
  const agents = new Set((await listAgents(db, portal.id)).map(({email}) => email.toLowerCase()))
  // What an agent has forwarded is the requester's matter.
  const forwarded = answered?.message.from.some(({address}) => agents.has(address.toLowerCase())) === true
  return replyRecipients({
    answered: answered === null || forwarded ? null : {...answered.message, thirdParty: false},
    requester: {name: ticket.requester_name, address: ticket.requester_address},
    all,
    cc,
    isOwn: (address) => own.has(address.toLowerCase()) || tokenOfAddress(address) !== null,
    isParticipant: (address) => participants.has(address.toLowerCase()),
  })
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
 * @throws 67 for an agent, queue or address that is not there, 78 where the address cannot send or has no queue.
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
  const sender = await senderOfTicket(db, portal, {number: null, channel_id: null, queue_id: null}, request.from)
  const queueId = asked?.id ?? sender.channel.queue_id
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
    {kind: 'reply', author: as.agent ?? 'admin', now: as.now, patienceMs: REPLY_PATIENCE_MS},
  )
  return store.transaction(async (tx) => {
    const {firstId, firstNumber: number} = await reserve(tx, portal.id, 1, 1)
    const agents = await tickets.agentLoads(tx, portal.id)
    const members = (await listMemberships(tx, portal.id))
      .filter(({queue_id: id}) => id === queueId)
      .flatMap(({agent_id: id}) => agents.get(id) ?? [])
    const self = members.find(({email}) => email === as.agent?.toLowerCase() || email === as.agent)
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
      {address: sender.channel.address, owner: owner?.email ?? null, why},
      actor,
    )
    const id = await enqueue(tx, store, portal, ticket, outgoing, as.now)
    return queued(number, id, outgoing, sender, {to, cc: [], leftOut: []})
  })
}

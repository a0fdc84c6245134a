import type {Selectable} from 'kysely'
import {chooseOwner, STATUSES, type AgentLoad, type Status} from '../ticket/ticket.ts'
import {listAgents, openTicketsByAgent} from './agents.ts'
import {reserveId} from './ids.ts'
import {channelsPreferringOnline} from './channels.ts'
import {lockPortal} from './portals.ts'
import {listMemberships} from './queues.ts'
import type {
  AttachmentTable,
  Db,
  MessageTable,
  OutgoingRecipientTable,
  TicketEventTable,
  TicketTable,
  Tx,
} from './schema.ts'

export type TicketRow = Selectable<TicketTable>
export type MessageRow = Selectable<MessageTable>
export type AttachmentRow = Selectable<AttachmentTable>
export type DeliveryRow = Selectable<OutgoingRecipientTable>
export type TicketEventRow = Selectable<TicketEventTable>

/** A ticket with the names that its ids stand for. */
export interface NamedTicket extends TicketRow {
  readonly queue_key: string | null
  readonly owner_email: string | null
  readonly channel_address: string | null
  /** The number of the ticket that it was merged into; null for one of its own. */
  readonly merged_into_number: number | null
}

export interface TicketFilter {
  readonly queueId?: number
  readonly statuses?: readonly Status[]
  /** Null for tickets without an owner. */
  readonly ownerId?: number | null
  readonly channelId?: number
  /** With a message of somebody who is no participant. */
  readonly thirdParty?: true
  /** With an outgoing message that came back. */
  readonly bounced?: true
  /** Numbers below this one: where the page before ended. */
  readonly below?: number
  readonly limit: number
}

const named = (db: Db, portalId: number) =>
  db
    .selectFrom('ticket')
    .leftJoin('queue', (join) =>
      join.onRef('queue.portal_id', '=', 'ticket.portal_id').onRef('queue.id', '=', 'ticket.queue_id'),
    )
    .leftJoin('agent', (join) =>
      join.onRef('agent.portal_id', '=', 'ticket.portal_id').onRef('agent.id', '=', 'ticket.owner_id'),
    )
    .leftJoin('channel', (join) =>
      join.onRef('channel.portal_id', '=', 'ticket.portal_id').onRef('channel.id', '=', 'ticket.channel_id'),
    )
    .leftJoin('ticket as merged_into', (join) =>
      join
        .onRef('merged_into.portal_id', '=', 'ticket.portal_id')
        .onRef('merged_into.id', '=', 'ticket.merged_into_id'),
    )
    .selectAll('ticket')
    .select([
      'queue.key as queue_key',
      'agent.email as owner_email',
      'channel.address as channel_address',
      'merged_into.number as merged_into_number',
    ])
    .where('ticket.portal_id', '=', portalId)

/**
 * A page of tickets, the newest first. Each status is a walk of its own along an index that ends with the number, so a
 * page costs the same however many tickets there are, also where the wanted ones are few and old.
 */
export async function listTickets(db: Db, portalId: number, filter: TicketFilter): Promise<NamedTicket[]> {
  const {queueId, ownerId, channelId, thirdParty, bounced, below, limit} = filter
  const page = (status: Status | null) => {
    let query = db.selectFrom('ticket').select('number').where('portal_id', '=', portalId)
    if (queueId !== undefined) query = query.where('queue_id', '=', queueId)
    if (status !== null) query = query.where('status', '=', status)
    if (ownerId === null) query = query.where('owner_id', 'is', null)
    else if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId)
    if (channelId !== undefined) query = query.where('channel_id', '=', channelId)
    if (thirdParty) query = query.where('third_party', '>', 0)
    if (bounced) query = query.where('bounced', '>', 0)
    if (below !== undefined) query = query.where('number', '<', below)
    return db.selectFrom(query.orderBy('number', 'desc').limit(limit).as('page')).select('page.number')
  }
  // All indexes but that of the numbers have the status before the number.
  const byNumber = [queueId, ownerId, channelId, thirdParty, bounced, filter.statuses].every(
    (wanted) => wanted === undefined,
  )
  const [first, ...others] = byNumber ? [page(null)] : (filter.statuses ?? STATUSES).map(page)
  if (!first) return []
  return named(db, portalId)
    .where(
      'ticket.number',
      'in',
      others.reduce((union, query) => union.unionAll(query), first),
    )
    .orderBy('ticket.number', 'desc')
    .limit(limit)
    .execute()
}

export const findTicket = (db: Db, portalId: number, number: number): Promise<NamedTicket | undefined> =>
  named(db, portalId).where('ticket.number', '=', number).executeTakeFirst()

export const listMessages = (db: Db, ticket: TicketRow): Promise<MessageRow[]> =>
  db
    .selectFrom('message')
    .selectAll()
    .where('portal_id', '=', ticket.portal_id)
    .where('ticket_id', '=', ticket.id)
    .orderBy('id')
    .execute()

/** The attachments of all messages of a ticket, those of one message in the order of the mail. */
export async function listAttachments(db: Db, ticket: TicketRow): Promise<AttachmentRow[]> {
  const rows = await db
    .selectFrom('attachment')
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'attachment.portal_id').onRef('message.id', '=', 'attachment.message_id'),
    )
    .selectAll('attachment')
    .where('message.portal_id', '=', ticket.portal_id)
    .where('message.ticket_id', '=', ticket.id)
    .orderBy('attachment.message_id')
    .execute()
  // `1.10` stands behind `1.9`; a database compares the letters.
  return rows.toSorted((a, b) => a.message_id - b.message_id || compareParts(a.part, b.part))
}

/** What became of the outgoing messages of a ticket, recipient by recipient. */
export const listDeliveries = (db: Db, ticket: TicketRow): Promise<DeliveryRow[]> =>
  db
    .selectFrom('outgoing_recipient')
    .innerJoin('message', (join) =>
      join
        .onRef('message.portal_id', '=', 'outgoing_recipient.portal_id')
        .onRef('message.id', '=', 'outgoing_recipient.message_id'),
    )
    .selectAll('outgoing_recipient')
    .where('message.portal_id', '=', ticket.portal_id)
    .where('message.ticket_id', '=', ticket.id)
    .orderBy('outgoing_recipient.address')
    .execute()

export const listEvents = (db: Db, ticket: TicketRow): Promise<TicketEventRow[]> =>
  db
    .selectFrom('ticket_event')
    .selectAll()
    .where('portal_id', '=', ticket.portal_id)
    .where('ticket_id', '=', ticket.id)
    .orderBy('id')
    .execute()

/** Who did it and when, for the event that every change leaves. */
export interface Actor {
  readonly by: string
  readonly now: string
}

async function change(
  tx: Tx,
  ticket: Pick<TicketRow, 'portal_id' | 'id'>,
  fields: Partial<Pick<TicketRow, 'status' | 'queue_id' | 'owner_id' | 'closed_at'>>,
  kind: string,
  details: Record<string, unknown>,
  {by, now}: Actor,
): Promise<void> {
  const id = await reserveId(tx, ticket.portal_id)
  await tx
    .updateTable('ticket')
    .set({...fields, updated_at: now})
    .where('portal_id', '=', ticket.portal_id)
    .where('id', '=', ticket.id)
    .execute()
  await tx
    .insertInto('ticket_event')
    .values({
      portal_id: ticket.portal_id,
      id,
      ticket_id: ticket.id,
      at: now,
      kind,
      by,
      details: JSON.stringify(details),
    })
    .execute()
}

/** False where it had that status already. */
export async function setStatus(tx: Tx, ticket: TicketRow, status: Status, actor: Actor): Promise<boolean> {
  if (ticket.status === status) return false
  const kind = status === 'closed' ? 'closed' : status === 'pending' ? 'pending' : 'reopened'
  await change(
    tx,
    ticket,
    {status, closed_at: status === 'closed' ? actor.now : null},
    kind,
    {from: ticket.status},
    actor,
  )
  return true
}

/** False where it was in that queue already. */
export async function moveTicket(
  tx: Tx,
  ticket: NamedTicket,
  queue: {id: number; key: string},
  actor: Actor,
): Promise<boolean> {
  if (ticket.queue_id === queue.id) return false
  await change(tx, ticket, {queue_id: queue.id}, 'moved', {from: ticket.queue_key, to: queue.key}, actor)
  return true
}

/** Gives a ticket to an agent, or to nobody. False where nothing changed. */
export async function assignTicket(
  tx: Tx,
  ticket: NamedTicket,
  owner: {id: number; email: string} | null,
  why: string,
  actor: Actor,
): Promise<boolean> {
  if (ticket.owner_id === (owner?.id ?? null)) return false
  await change(
    tx,
    ticket,
    {owner_id: owner?.id ?? null},
    'assigned',
    {from: ticket.owner_email, to: owner?.email ?? null, why},
    actor,
  )
  if (owner)
    await tx
      .updateTable('agent')
      .set({last_assigned_at: actor.now})
      .where('portal_id', '=', ticket.portal_id)
      .where('id', '=', owner.id)
      .execute()
  return true
}

/** Something was done that changes no field of the ticket. */
export const noteEvent = (
  tx: Tx,
  ticket: Pick<TicketRow, 'portal_id' | 'id'>,
  kind: string,
  details: Record<string, unknown>,
  actor: Actor,
): Promise<void> => change(tx, ticket, {}, kind, details, actor)

/** Opens a ticket that no mail has opened; its first message is to follow in the same transaction. */
export async function openTicket(
  tx: Tx,
  fields: Pick<
    TicketRow,
    | 'portal_id'
    | 'id'
    | 'number'
    | 'subject'
    | 'queue_id'
    | 'owner_id'
    | 'channel_id'
    | 'requester_name'
    | 'requester_address'
  >,
  details: Record<string, unknown>,
  actor: Actor,
): Promise<TicketRow> {
  const ticket: TicketRow = {
    ...fields,
    status: 'open',
    message_count: 0,
    closed_at: null,
    merged_into_id: null,
    third_party: 0,
    bounced: 0,
    created_at: actor.now,
    updated_at: actor.now,
  }
  await tx.insertInto('ticket').values(ticket).execute()
  await change(tx, ticket, {}, 'created', details, actor)
  if (ticket.owner_id !== null)
    await tx
      .updateTable('agent')
      .set({last_assigned_at: actor.now})
      .where('portal_id', '=', ticket.portal_id)
      .where('id', '=', ticket.owner_id)
      .execute()
  return ticket
}

/** An internal note of an agent. Returns its message id. */
export async function addNote(tx: Tx, ticket: TicketRow, text: string, actor: Actor): Promise<number> {
  const id = await reserveId(tx, ticket.portal_id)
  await tx
    .insertInto('message')
    .values({
      portal_id: ticket.portal_id,
      id,
      ticket_id: ticket.id,
      direction: 'note',
      kind: 'note',
      raw_id: null,
      header_id: null,
      fingerprint: null,
      source_id: null,
      source_epoch: null,
      envelope: null,
      from_name: '',
      from_address: '',
      subject: '',
      base_subject: '',
      date: actor.now,
      received_at: actor.now,
      author: actor.by,
      note: text.replaceAll('\0', '\uFFFD'),
      threaded_by: 'note',
      size: Buffer.byteLength(text),
      verdict: null,
      authentication: null,
      third_party: 0,
    })
    .execute()
  await tx
    .updateTable('ticket')
    .set((eb) => ({message_count: eb('message_count', '+', 1)}))
    .where('portal_id', '=', ticket.portal_id)
    .where('id', '=', ticket.id)
    .execute()
  await change(tx, ticket, {}, 'noted', {message: id}, actor)
  return id
}

/** What the choice of an owner needs to know of every agent, by id. */
export async function agentLoads(db: Db, portalId: number): Promise<Map<number, AgentLoad>> {
  const load = await openTicketsByAgent(db, portalId)
  return new Map(
    (await listAgents(db, portalId)).map((row) => [
      row.id,
      {
        id: row.id,
        email: row.email,
        online: row.online_since !== null,
        openTickets: load.get(row.id) ?? 0,
        lastAssignedAt: row.last_assigned_at,
      },
    ]),
  )
}

/** Tickets offered in one go: more would hold the store for longer than others should wait. */
const OFFERED_AT_ONCE = 200

/**
 * Offers open tickets without an owner to the members of their queues, the oldest first. Returns the numbers of those
 * that found one.
 */
export async function offerBacklog(tx: Tx, portalId: number, actor: Actor): Promise<number[]> {
  await lockPortal(tx, portalId) // nobody assigns, closes or removes meanwhile
  const unowned = await named(tx, portalId)
    .where('ticket.owner_id', 'is', null)
    .where('ticket.status', '=', 'open')
    .where('ticket.queue_id', 'in', (eb) =>
      eb.selectFrom('queue_member').select('queue_id').where('portal_id', '=', portalId),
    )
    .orderBy('ticket.number')
    .limit(OFFERED_AT_ONCE)
    .execute()
  if (unowned.length === 0) return []
  const members = await listMemberships(tx, portalId)
  const agents = await agentLoads(tx, portalId)
  const preferring = await channelsPreferringOnline(tx, portalId)
  const given: number[] = []
  for (const ticket of unowned) {
    const candidates = members
      .filter((m) => m.queue_id === ticket.queue_id)
      .flatMap((m) => agents.get(m.agent_id) ?? [])
    const {owner, why} = chooseOwner(candidates, {onlineFirst: preferring.has(ticket.channel_id)})
    if (!owner) continue
    await assignTicket(tx, ticket, owner, why, actor)
    agents.set(owner.id, {...owner, openTickets: owner.openTickets + 1, lastAssignedAt: actor.now})
    given.push(ticket.number)
  }
  return given
}

/** The order of parts in a mail (RFC 9051 6.4.5), also of what was found inside one (`2.u1`). */
function compareParts(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = numberIn(left[at]!) - numberIn(right[at]!)
    if (difference !== 0) return difference
  }
  return left.length - right.length || (a < b ? -1 : 1)
}

const numberIn = (word: string): number => Number(/\d+/.exec(word)?.[0] ?? 0)

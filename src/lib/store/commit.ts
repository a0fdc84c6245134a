/** What an intake transaction writes: the decisions of a batch, in a few statements and not a few per mail. */
import type {Insertable} from 'kysely'
import type {ItemKey, Outcome} from '../channel/delivery.ts'
import type {Arrival, AutoReplyWay, Decision, Facts, RecipientMatch} from '../intake/facts.ts'
import type {ProbeSighting} from '../intake/match-probe.ts'
import {switchedOff} from '../intake/match-recipient.ts'
import {outcomeOf, skipped, withheld} from '../intake/outcome.ts'
import type {Address, BouncedRecipient, Message} from '../message/message.ts'
import type {RawChunk} from '../message/raw-chunks.ts'
import type {StoreDialect} from './dialect.ts'
import {reserve} from './ids.ts'
import {insertMany, slices} from './insert-many.ts'
import {
  attachmentRows,
  autoReplyRow,
  creationDetails,
  eventRow,
  itemRow,
  messageRow,
  participantRows,
  quarantineRow,
  referenceRows,
  storable,
  ticketRow,
  type Quarantined,
} from './intake-rows.ts'
import {IDS_PER_OUTGOING, insertOutgoing, type NewOutgoing} from './outgoing.ts'
import {noteProbeArrived} from './probes.ts'
import {dropRaw, dropUnusedRaw, finishRaw, findRaw} from './raw.ts'
import type {Schema, TicketTable, Tx} from './schema.ts'

/** The raw bytes of a mail: chunks still to be written, a mail written before the transaction, or one that is kept already. */
export type RawContent = {readonly chunks: readonly RawChunk[]} | {readonly rawId: number} | {readonly keptId: number}

/** What is to be written about one item. */
export type Planned =
  | {readonly kind: 'decided'; readonly arrival: Arrival; readonly decision: Decision; readonly raw: RawContent}
  /** It was not read: too large, or withheld by the server. */
  | ({readonly kind: 'withheld'} & Quarantined)
  | {
      readonly kind: 'absent'
      readonly item: ItemKey
      readonly state: 'gone' | 'deferred'
      readonly why: string
      readonly receivedAt: string
    }

export interface CommitContext {
  readonly portalId: number
  readonly sourceId: number
  readonly now: string
  /** True where the inbound asks for something on the server once a mail is in. */
  readonly effects: boolean
  /** Writes the automatic reply that was decided on; null where it turns out that there is nothing to send. */
  readonly answer: (answered: Answered) => Promise<NewOutgoing | null>
}

/** A mail that is answered automatically, and the ticket that it has opened. */
export interface Answered {
  readonly ticketNumber: number
  readonly queueId: number | null
  readonly message: Message
  readonly requester: Address
  readonly recipient: RecipientMatch
  readonly by: AutoReplyWay
}

/** The ids under which `learn` knows what the item at this place of the batch creates. */
export const plannedIds = (index: number) => ({messageId: -2 * index - 1, ticketId: -2 * index - 2})

/** Row ids that one item can need at most: message or quarantine, raw, ticket, the budgets' row, three events, the answer. */
const IDS_PER_ITEM = 7 + IDS_PER_OUTGOING

/** Parents before children: the foreign keys ask for this order. */
const TABLES = [
  'raw',
  'raw_chunk',
  'ticket',
  'message',
  'message_reference',
  'attachment',
  'auto_reply',
  'ticket_event',
  'quarantine',
] as const

/** All that a batch writes, collected before the first statement. */
interface BatchRows {
  readonly inserts: {readonly [Table in (typeof TABLES)[number]]: Insertable<Schema[Table]>[]}
  readonly items: Insertable<Schema['source_item']>[]
  /** Changes of tickets that were there before, by id. */
  readonly joined: Map<number, Joined>
  /** What bounces say of the recipients of outgoing messages. */
  readonly returned: Returned[]
  readonly participants: Insertable<Schema['participant']>[]
  /** What was seen of probes, by their ids. */
  readonly sightings: {readonly probeId: number; readonly sighting: ProbeSighting}[]
  /** Agents that were given a ticket. */
  readonly assigned: Set<number>
  readonly answers: {readonly ticketId: number; readonly ids: readonly [number, number]; readonly answered: Answered}[]
}

/** What a batch changes of a ticket. */
interface Joined {
  messages: number
  thirdParty: number
  reopens: boolean
}

/** A recipient who was not reached, by the word of a bounce. */
interface Returned {
  readonly messageId: number
  readonly ticketId: number
  readonly recipient: BouncedRecipient
}

/** Writes what was decided about a batch, and says what became of each item. */
export async function commit(
  tx: Tx,
  dialect: StoreDialect,
  context: CommitContext,
  batch: readonly Planned[],
  facts: Facts,
): Promise<Outcome[]> {
  const {rows, outcomes} = await collect(tx, dialect, context, batch, facts)
  const before = await releaseFromQuarantine(tx, dialect, context, batch)
  // What waits on keeps the id that people know it by, and its time.
  for (const row of rows.inserts.quarantine) Object.assign(row, before.get(`${row.epoch}/${row.item_key}`))
  for (const table of TABLES) await insertMany(tx, dialect, table, rows.inserts[table])
  await addParticipants(tx, dialect, rows.participants)
  // After the inserts: another mail of the batch may be made of the same bytes.
  await dropUnused(tx, context, batch)
  await settle(tx, dialect, rows.items)
  await updateTickets(tx, context, rows.joined)
  await markReturned(tx, dialect, context, rows.returned)
  await updateAgents(tx, context, rows.assigned)
  for (const {probeId, sighting} of rows.sightings) await noteProbeArrived(tx, context.portalId, probeId, sighting)
  for (const {ticketId, ids, answered} of rows.answers) {
    const outgoing = await context.answer(answered)
    const place = {portalId: context.portalId, ticketId, ids}
    if (outgoing !== null) await insertOutgoing(tx, dialect, place, outgoing, context.now)
  }
  return outcomes
}

async function collect(
  tx: Tx,
  dialect: StoreDialect,
  context: CommitContext,
  batch: readonly Planned[],
  facts: Facts,
): Promise<{rows: BatchRows; outcomes: Outcome[]}> {
  const {portalId, sourceId, now} = context
  const opened = batch.filter((planned) => planned.kind === 'decided' && opensTicket(planned.decision)).length
  const reserved = await reserve(tx, portalId, batch.length * IDS_PER_ITEM, opened)
  let [nextId, nextNumber] = [reserved.firstId, reserved.firstNumber]
  const place = () => ({portalId, now, id: nextId++})
  const rows: BatchRows = {
    inserts: {
      raw: [],
      raw_chunk: [],
      ticket: [],
      message: [],
      message_reference: [],
      attachment: [],
      auto_reply: [],
      ticket_event: [],
      quarantine: [],
    },
    items: [],
    joined: new Map(),
    returned: [],
    participants: [],
    sightings: [],
    assigned: new Set(),
    answers: [],
  }
  const {inserts} = rows
  const rawIds = new Map(await findRaw(tx, dialect, portalId, batch.flatMap(hashOf)))
  const created = new Map<number, TicketTable>()
  /** Planned (negative) ids to the real ones. */
  const ids = new Map<number, number>()
  const real = (id: number): number => ids.get(id) ?? id
  const numberOf = (ticketId: number): number | null =>
    facts.tickets.get(ticketId)?.number ?? created.get(real(ticketId))?.number ?? null
  // What is not kept whole stays where it is: only from there it can be fetched again.
  const effect = (keptWhole: boolean) => (context.effects && keptWhole ? 'due' : 'none')

  const storeRaw = async (raw: RawContent, message: Message): Promise<number> => {
    if ('keptId' in raw) return raw.keptId
    if ('rawId' in raw) return finishRaw(tx, dialect, portalId, raw.rawId, message.sha256, message.size)
    const known = rawIds.get(message.sha256)
    if (known !== undefined) return known
    const {id} = place()
    rawIds.set(message.sha256, id)
    inserts.raw.push({portal_id: portalId, id, sha256: message.sha256, size: message.size, created_at: now})
    for (const [seq, chunk] of raw.chunks.entries())
      inserts.raw_chunk.push({portal_id: portalId, raw_id: id, seq, ...chunk})
    return id
  }

  const quarantine = (mail: Quarantined, rawId: number | null, channelId: number | null): void => {
    inserts.quarantine.push(quarantineRow(place(), mail, {sourceId, rawId, channelId}))
    const state = mail.reason === 'poison' ? 'poison' : 'quarantined'
    rows.items.push(itemRow(context, sourceId, mail, {state, messageId: null, effect: effect(rawId !== null)}))
  }

  /** Opens a ticket for the mail, or lets it join the one that it answers. */
  const ticketOf = (planned: {readonly ticketId: number}, arrival: Arrival, decision: Accepted): number => {
    const {thread, route} = decision
    if (thread.ticket === null) {
      const ticket = ticketRow(place(), nextNumber++, arrival.message, decision)
      ids.set(planned.ticketId, ticket.id)
      created.set(ticket.id, ticket)
      inserts.ticket.push(ticket)
      const reused = decision.reusesIdOf === null ? null : real(decision.reusesIdOf)
      inserts.ticket_event.push(eventRow(place(), ticket.id, 'created', creationDetails(decision, reused, facts)))
      if (route?.owner) rows.assigned.add(route.owner.id)
      return ticket.id
    }
    const id = real(thread.ticket.id)
    const fresh = created.get(id)
    if (fresh) {
      fresh.message_count++
      if (thread.thirdParty) fresh.third_party++
      return id
    }
    const joined = rows.joined.get(id) ?? {messages: 0, thirdParty: 0, reopens: false}
    rows.joined.set(id, joined)
    joined.messages++
    if (thread.thirdParty) joined.thirdParty++
    joined.reopens ||= thread.reopens
    if (thread.reopens)
      inserts.ticket_event.push(eventRow(place(), id, 'reopened', {why: `a mail that answers ${thread.value}`}))
    return id
  }

  /** What a mail says about a ticket that was there before, beside its text. */
  const note = (ticketId: number, messageId: number, {message}: Arrival, {thread, verdict}: Accepted): void => {
    const from = message.from[0]?.address ?? ''
    if (thread.thirdParty)
      inserts.ticket_event.push(
        eventRow(place(), ticketId, 'third-party', {message: messageId, from, by: thread.value}),
      )
    if (thread.reported === null) return
    const about = thread.reported.messageId
    // What is delayed is still on its way (RFC 3464 2.3.3). A bounce that names nobody is about a failure.
    const {bounces} = verdict
    const cameBack = bounces.length === 0 || bounces.some(({action}) => action === 'failed')
    const kind = verdict.kind === 'bounce' && cameBack ? 'bounced' : 'reported'
    const recipients = verdict.bounces.map(({recipient, status, action, reason, permanent}) => ({
      recipient,
      status,
      action,
      reason,
      permanent,
    }))
    inserts.ticket_event.push(
      eventRow(place(), ticketId, kind, {message: about, by: messageId, why: verdict.reason, recipients}),
    )
    for (const recipient of verdict.bounces)
      if (recipient.action === 'failed') rows.returned.push({messageId: about, ticketId, recipient})
  }

  const accept = async (index: number, arrival: Arrival, decision: Accepted, raw: RawContent): Promise<number> => {
    const {message} = arrival
    const planned = plannedIds(index)
    const own = place()
    ids.set(planned.messageId, own.id)
    const rawId = await storeRaw(raw, message)
    const ticketId = ticketOf(planned, arrival, decision)
    const isFirst = facts.byFingerprint.get(message.fingerprint)?.id === planned.messageId
    const fingerprint = isFirst ? message.fingerprint : null
    inserts.message.push(messageRow(own, {arrival, decision, ticketId, rawId, fingerprint}))
    inserts.message_reference.push(...referenceRows(portalId, own.id, message))
    inserts.attachment.push(...attachmentRows(portalId, own.id, message))
    rows.participants.push(...participantRows(portalId, ticketId, own.id, decision.participants))
    if (decision.autoReply.send)
      inserts.auto_reply.push(autoReplyRow(place(), {ticketId, messageId: own.id}, decision.requester.address))
    const {by} = decision.autoReply
    const ticketNumber = numberOf(ticketId)
    if (by !== null && ticketNumber !== null) {
      const {requester, recipient, route} = decision
      const answered = {ticketNumber, queueId: route?.queueId ?? null, message, requester, recipient, by}
      rows.answers.push({ticketId, ids: [nextId++, nextId++], answered})
    }
    note(ticketId, own.id, arrival, decision)
    rows.items.push(itemRow(context, sourceId, arrival, {state: 'stored', messageId: own.id, effect: effect(true)}))
    return ticketId
  }

  /** The same mail to another address of the portal: the ticket is that of the first, and tells of the other. */
  const noteCopy = (ticketId: number, {source}: Arrival, {recipient, of, verdict}: Duplicate): void => {
    const channelId = facts.tickets.get(of.ticketId)?.channelId ?? created.get(ticketId)?.channel_id ?? null
    if (recipient === null || verdict.kind === 'own' || recipient.channel.id === channelId) return
    const {address, header} = recipient
    inserts.ticket_event.push(eventRow(place(), ticketId, 'copied', {address, header, source: source.kind}))
  }

  const outcomes: Outcome[] = []
  for (const [index, planned] of batch.entries()) {
    if (planned.kind === 'absent') {
      const {state} = planned
      rows.items.push(
        itemRow(context, sourceId, {...planned, envelope: null}, {state, messageId: null, effect: 'none'}),
      )
      outcomes.push(skipped(planned.item, planned.why))
    } else if (planned.kind === 'withheld') {
      quarantine(planned, null, null)
      outcomes.push(withheld(planned.item, planned.reason, planned.why, planned.size))
    } else {
      const {arrival, decision, raw} = planned
      let ticket: number | null = null
      switch (decision.kind) {
        case 'quarantine': {
          const rawId = await storeRaw(raw, arrival.message)
          const {size} = arrival.message
          quarantine({...arrival, ...decision, header: null, size}, rawId, waitsFor(decision)?.id ?? null)
          break
        }
        case 'probe':
          if ('rawId' in raw) await dropRaw(tx, portalId, raw.rawId)
          rows.items.push(itemRow(context, sourceId, arrival, {state: 'probe', messageId: null, effect: effect(true)}))
          rows.sightings.push({probeId: decision.probe.id, sighting: decision.sighting})
          break
        case 'duplicate':
          if ('rawId' in raw) await dropRaw(tx, portalId, raw.rawId)
          rows.items.push(
            itemRow(context, sourceId, arrival, {
              state: 'stored',
              messageId: real(decision.of.id),
              effect: effect(true),
            }),
          )
          ticket = numberOf(decision.of.ticketId)
          noteCopy(real(decision.of.ticketId), arrival, decision)
          break
        case 'accept':
          ticket = numberOf(await accept(index, arrival, decision, raw))
      }
      outcomes.push(outcomeOf(arrival, decision, ticket))
    }
  }
  return {rows, outcomes}
}

type Accepted = Extract<Decision, {kind: 'accept'}>
type Duplicate = Extract<Decision, {kind: 'duplicate'}>

const isKept = ({kind}: Decision) => kind === 'accept' || kind === 'quarantine'

const opensTicket = (decision: Decision) => decision.kind === 'accept' && decision.thread.ticket === null

/** The address that a quarantined mail waits for: once one that is switched off is on again, its mails are looked for by it. */
const waitsFor = ({recipient, reason}: Extract<Decision, {kind: 'quarantine'}>) =>
  recipient && ((reason === 'channel-inactive' ? switchedOff(recipient) : null) ?? recipient.channel)

const hashOf = (planned: Planned): string[] =>
  planned.kind === 'decided' && 'chunks' in planned.raw ? [planned.arrival.message.sha256] : []

const itemOf = (planned: Planned): ItemKey => (planned.kind === 'decided' ? planned.arrival.item : planned.item)

/**
 * An item that is settled leaves the quarantine, unless it comes right back. One that is gone from the mailbox stays: what
 * is kept of it there is all there is. Gives the ids and times of those that left, by item.
 */
async function releaseFromQuarantine(
  tx: Tx,
  dialect: StoreDialect,
  {portalId, sourceId}: CommitContext,
  batch: readonly Planned[],
): Promise<ReadonlyMap<string, {id: number; created_at: string}>> {
  const items = batch.filter((planned) => planned.kind !== 'absent').map(itemOf)
  const left = new Map<string, {id: number; created_at: string}>()
  for (const epoch of new Set(items.map((item) => item.epoch))) {
    const rows = await tx
      .deleteFrom('quarantine')
      .where('portal_id', '=', portalId)
      .where('source_id', '=', sourceId)
      .where('epoch', '=', epoch)
      .where(
        dialect.among(
          'item_key',
          items.flatMap((item) => (item.epoch === epoch ? item.key : [])),
        ),
      )
      .returning(['item_key', 'id', 'created_at'])
      .execute()
    for (const {item_key: key, ...row} of rows) left.set(`${epoch}/${key}`, row)
  }
  return left
}

/** A kept mail that turned out to be one that is here already, or a probe. */
async function dropUnused(tx: Tx, {portalId}: CommitContext, batch: readonly Planned[]): Promise<void> {
  for (const planned of batch)
    if (planned.kind === 'decided' && !isKept(planned.decision) && 'keptId' in planned.raw)
      await dropUnusedRaw(tx, portalId, planned.raw.keptId)
}

/** An item that was poison or deferred before gets its new state. */
async function settle(
  tx: Tx,
  dialect: StoreDialect,
  items: readonly Insertable<Schema['source_item']>[],
): Promise<void> {
  for (const some of slices(items, dialect))
    await tx
      .insertInto('source_item')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['portal_id', 'source_id', 'epoch', 'item_key']).doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          effect: eb.ref('excluded.effect'),
          attempts: eb('source_item.attempts', '+', eb.ref('excluded.attempts')),
          next_try_at: eb.ref('excluded.next_try_at'),
          message_id: eb.ref('excluded.message_id'),
        })),
      )
      .execute()
}

async function updateTickets(tx: Tx, {portalId, now}: CommitContext, joined: BatchRows['joined']): Promise<void> {
  for (const [ticketId, {messages, thirdParty, reopens}] of joined)
    await tx
      .updateTable('ticket')
      .set((eb) => ({
        message_count: eb('message_count', '+', messages),
        third_party: eb('third_party', '+', thirdParty),
        updated_at: now,
        ...(reopens ? {status: 'open' as const, closed_at: null} : {}),
      }))
      .where('portal_id', '=', portalId)
      .where('id', '=', ticketId)
      .execute()
}

/** Who belongs to a ticket already stays as he came in. */
async function addParticipants(
  tx: Tx,
  dialect: StoreDialect,
  rows: readonly Insertable<Schema['participant']>[],
): Promise<void> {
  for (const some of slices(rows, dialect))
    await tx
      .insertInto('participant')
      .values(some)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
}

/** Marks the recipients that were not reached; a notice that comes twice counts once. */
async function markReturned(
  tx: Tx,
  dialect: StoreDialect,
  {portalId, now}: CommitContext,
  returned: readonly Returned[],
): Promise<void> {
  if (returned.length === 0) return
  const rows = await tx
    .selectFrom('outgoing_recipient')
    .select(['message_id', 'address', 'state'])
    .where('portal_id', '=', portalId)
    .where(
      dialect.among(
        'message_id',
        returned.map(({messageId}) => messageId),
      ),
    )
    .execute()
  const recipients = Map.groupBy(rows, (row) => row.message_id)
  const marked = new Set<string>()
  for (const {messageId, ticketId, recipient} of returned) {
    const sent = recipients.get(messageId) ?? []
    // Where the address was rewritten on its way (an alias, a forward), the report names ours as the original one.
    const named = [recipient.originalRecipient, recipient.recipient].flatMap((address) => address?.toLowerCase() ?? [])
    const row =
      sent.find(({address}) => named.map(storable).includes(address.toLowerCase())) ??
      (sent.length === 1 ? sent[0] : null)
    const key = `${messageId} ${row?.address}`
    if (!row || row.state === 'bounced' || marked.has(key)) continue
    marked.add(key)
    await tx
      .updateTable('outgoing_recipient')
      .set({state: 'bounced', reply: storable(recipient.diagnostic || (recipient.status ?? recipient.reason)), at: now})
      .where('portal_id', '=', portalId)
      .where('message_id', '=', messageId)
      .where('address', '=', row.address)
      .execute()
    await tx
      .updateTable('ticket')
      .set((eb) => ({bounced: eb('bounced', '+', 1)}))
      .where('portal_id', '=', portalId)
      .where('id', '=', ticketId)
      .execute()
  }
  // A copy that was to be sent again is settled by the bounce of the first.
  await tx
    .updateTable('outgoing')
    .set({next_at: null})
    .where('portal_id', '=', portalId)
    .where(dialect.among('message_id', [...recipients.keys()]))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('outgoing_recipient')
            .select('address')
            .whereRef('outgoing_recipient.portal_id', '=', 'outgoing.portal_id')
            .whereRef('outgoing_recipient.message_id', '=', 'outgoing.message_id')
            .where('outgoing_recipient.state', 'in', ['queued', 'sending']),
        ),
      ),
    )
    .execute()
}

async function updateAgents(tx: Tx, {portalId, now}: CommitContext, agents: ReadonlySet<number>): Promise<void> {
  for (const agentId of agents)
    await tx
      .updateTable('agent')
      .set({last_assigned_at: now})
      .where('portal_id', '=', portalId)
      .where('id', '=', agentId)
      .execute()
}

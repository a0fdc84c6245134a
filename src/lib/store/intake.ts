/**
 * The two ends of an intake transaction: what it reads (`gatherFacts`), and what it writes (`commit`). Both work on a
 * whole batch, so that a batch costs a few statements and not a few per mail.
 */
import type {Insertable} from 'kysely'
import type {Envelope, ItemKey, Outcome} from '../channel/delivery.ts'
import type {
  Arrival,
  ChannelFacts,
  Decision,
  Facts,
  KnownMessage,
  QuarantineReason,
  QueueFacts,
} from '../intake/facts.ts'
import {referencedIds} from '../intake/match-thread.ts'
import {outcomeOf, skipped, withheld} from '../intake/outcome.ts'
import type {Address, Message} from '../message/message.ts'
import type {RawChunk} from '../message/raw-chunks.ts'
import {parseClosedPolicy, type AgentLoad} from '../ticket/ticket.ts'
import {listAgents, openTicketsByAgent} from './agents.ts'
import {listAddresses, listChannels} from './channels.ts'
import {inPortal, type StoreDialect} from './dialect.ts'
import {reserve} from './ids.ts'
import type {PortalRow} from './portals.ts'
import {listMemberships, listQueues} from './queues.ts'
import {dropRaw, finishRaw, findRaw} from './raw.ts'
import type {Db, Schema, TicketTable, Tx} from './schema.ts'

// Facts -----------------------------------------------------------------------------------------------------------

/** Reads what deciding about these messages needs. The only reads of an intake transaction. */
export async function gatherFacts(
  db: Db,
  dialect: StoreDialect,
  portal: PortalRow,
  messages: readonly Message[],
  now: string,
): Promise<Facts> {
  const [channelRows, addresses, queueRows, memberships, agentRows, load] = [
    await listChannels(db, portal.id),
    await listAddresses(db, portal.id),
    await listQueues(db, portal.id),
    await listMemberships(db, portal.id),
    await listAgents(db, portal.id),
    await openTicketsByAgent(db, portal.id),
  ]
  const channels = new Map<number, ChannelFacts>(
    channelRows.map((row) => [
      row.id,
      {
        id: row.id,
        address: row.address,
        queueId: row.queue_id,
        assignOnline: row.assign_online === 1,
        active: row.deactivated_at === null,
      },
    ]),
  )
  const queues = new Map<number, QueueFacts>(
    queueRows.map((row) => [
      row.id,
      {
        id: row.id,
        key: row.key,
        closedPolicy: parseClosedPolicy(row.closed_policy) ?? {kind: 'reopen'},
        members: memberships.filter((member) => member.queue_id === row.id).map((member) => member.agent_id),
      },
    ]),
  )
  const agents = new Map<number, AgentLoad>(
    agentRows.map((row) => [
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
  const known = await gatherKnown(db, dialect, portal.id, messages)
  return {
    portal: {id: portal.id, key: portal.key, domain: portal.domain},
    now,
    channels: new Map(
      addresses.flatMap(({address, channel_id: id}) => (channels.has(id) ? [[address, channels.get(id)!]] : [])),
    ),
    queues,
    agents,
    ...known,
  }
}

const KNOWN_COLUMNS = [
  'message.id',
  'message.ticket_id',
  'message.header_id',
  'message.fingerprint',
  'message.source_id',
  'message.source_epoch',
  'message.envelope',
  'message.from_address',
  'message.base_subject',
  'message.date',
  'message.received_at',
] as const

async function gatherKnown(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  messages: readonly Message[],
): Promise<Pick<Facts, 'tickets' | 'byFingerprint' | 'byHeaderId' | 'referringTo'>> {
  const fingerprints = messages.map((message) => message.fingerprint)
  // An id with a NUL is stored with a replacement, and PostgreSQL would not even take it as a question.
  const askable = (id: string) => !id.includes('\0')
  const ownIds = messages.flatMap((message) => message.messageId ?? []).filter(askable)
  const wanted = [...new Set([...ownIds, ...messages.flatMap(referencedIds).filter(askable)])]
  // No ORDER BY: for it SQLite would walk all messages rather than look the few up. Sorted here, oldest first.
  const select = () =>
    db
      .selectFrom('message')
      .select(KNOWN_COLUMNS)
      .where(inPortal('message.portal_id', portalId))
      .where('message.direction', '!=', 'note')
  type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number]
  const toKnown = (row: Row): KnownMessage => ({
    id: row.id,
    ticketId: row.ticket_id,
    headerId: row.header_id,
    fingerprint: row.fingerprint,
    sourceId: row.source_id,
    sourceEpoch: row.source_epoch,
    envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
    fromAddress: row.from_address,
    baseSubject: row.base_subject,
    date: row.date,
    receivedAt: row.received_at,
  })
  const byFingerprint = new Map<string, KnownMessage>()
  for (const row of await select().where(dialect.among('message.fingerprint', fingerprints)).execute())
    byFingerprint.set(row.fingerprint!, toKnown(row))
  const byHeaderId = new Map<string, KnownMessage[]>()
  for (const row of oldestFirst(await select().where(dialect.among('message.header_id', wanted)).execute()))
    append(byHeaderId, row.header_id!, toKnown(row))
  const referringTo = new Map<string, KnownMessage[]>()
  const referring = await db
    .selectFrom('message_reference')
    .innerJoin('message', 'message.id', 'message_reference.message_id')
    .select(KNOWN_COLUMNS)
    .select('message_reference.header_id as refers_to')
    .where('message.portal_id', '=', portalId)
    .where(inPortal('message_reference.portal_id', portalId))
    .where(dialect.among('message_reference.header_id', ownIds))
    .execute()
  for (const row of oldestFirst(referring)) append(referringTo, row.refers_to, toKnown(row))
  const ticketIds = [
    ...new Set(
      [...byFingerprint.values(), ...[...byHeaderId.values(), ...referringTo.values()].flat()].map(
        (known) => known.ticketId,
      ),
    ),
  ]
  const tickets = await db
    .selectFrom('ticket')
    .select(['id', 'number', 'status', 'closed_at', 'queue_id'])
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ticketIds))
    .execute()
  return {
    tickets: new Map(
      tickets.map((row) => [
        row.id,
        {id: row.id, number: row.number, status: row.status, closedAt: row.closed_at, queueId: row.queue_id},
      ]),
    ),
    byFingerprint,
    byHeaderId,
    referringTo,
  }
}

const oldestFirst = <Row extends {readonly id: number}>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => a.id - b.id)

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

// Commit ----------------------------------------------------------------------------------------------------------

/** The raw bytes of a mail: chunks that are still to be written, or a mail that was written before the transaction. */
export type RawContent = {readonly chunks: readonly RawChunk[]} | {readonly rawId: number}

/** What is to be written about one item. */
export type Planned =
  | {readonly kind: 'decided'; readonly arrival: Arrival; readonly decision: Decision; readonly raw: RawContent}
  | {
      readonly kind: 'withheld'
      readonly item: ItemKey
      readonly reason: QuarantineReason
      readonly why: string
      readonly receivedAt: string
      readonly envelope: Envelope | null
      /** What could be read of it. */
      readonly message: Message | null
      readonly header: Uint8Array | null
      readonly size: number
    }
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
}

/**
 * Seconds after which an item that the server withholds is asked for again: such a server seldom changes its mind
 * within minutes, and an hour is still the same working day.
 */
const POISON_RETRY_SECONDS = 3600

/** Row ids that one item can need at most: message or quarantine, raw, ticket, event. */
const IDS_PER_ITEM = 4

type Rows = {
  [
    Table in
      | 'raw'
      | 'raw_chunk'
      | 'message'
      | 'message_reference'
      | 'attachment'
      | 'ticket_event'
      | 'quarantine'
      | 'source_item'
  ]: Insertable<Schema[Table]>[]
} & {
  ticket: TicketTable[]
}

/** Writes what was decided about a batch, and says what became of each item. */
export async function commit(
  tx: Tx,
  dialect: StoreDialect,
  context: CommitContext,
  batch: readonly Planned[],
  facts: Facts,
): Promise<Outcome[]> {
  const {portalId} = context
  const opened = batch.filter((planned) => planned.kind === 'decided' && opensTicket(planned.decision)).length
  const poisonDue = new Date(Date.parse(context.now) + POISON_RETRY_SECONDS * 1000).toISOString()
  const reserved = await reserve(tx, portalId, batch.length * IDS_PER_ITEM, opened)
  let [nextId, nextNumber] = [reserved.firstId, reserved.firstNumber]
  const knownRaw = new Map(
    await findRaw(
      tx,
      dialect,
      portalId,
      batch.flatMap((planned) =>
        planned.kind === 'decided' && 'chunks' in planned.raw ? planned.arrival.message.sha256 : [],
      ),
    ),
  )
  const rows: Rows = {
    raw: [],
    raw_chunk: [],
    ticket: [],
    message: [],
    message_reference: [],
    attachment: [],
    ticket_event: [],
    quarantine: [],
    source_item: [],
  }
  const created = new Map<number, TicketTable>()
  const joined = new Map<number, {messages: number; reopens: boolean}>()
  const assigned = new Set<number>()
  /** Planned (negative) ids to the real ones. */
  const ids = new Map<number, number>()
  const real = (id: number): number => ids.get(id) ?? id
  const outcomes: Outcome[] = []

  const storeRaw = async (raw: RawContent, message: Message): Promise<number> => {
    if ('rawId' in raw) return finishRaw(tx, dialect, portalId, raw.rawId, message.sha256, message.size)
    const known = knownRaw.get(message.sha256)
    if (known !== undefined) return known
    const id = nextId++
    knownRaw.set(message.sha256, id)
    rows.raw.push({portal_id: portalId, id, sha256: message.sha256, size: message.size, created_at: context.now})
    for (const [seq, chunk] of raw.chunks.entries())
      rows.raw_chunk.push({portal_id: portalId, raw_id: id, seq, ...chunk})
    return id
  }
  const settle = (
    item: ItemKey,
    state: Schema['source_item']['state'],
    fields: {receivedAt: string; messageId?: number; rawId?: number | null; envelope?: Envelope | null},
  ) =>
    rows.source_item.push({
      portal_id: portalId,
      source_id: context.sourceId,
      epoch: item.epoch,
      item_key: item.key,
      state,
      // What is not kept whole stays where it is: only from there it can be fetched again.
      effect: context.effects && (state === 'stored' || typeof fields.rawId === 'number') ? 'due' : 'none',
      attempts: state === 'poison' ? 1 : 0,
      next_try_at: state === 'poison' ? poisonDue : null,
      received_at: fields.receivedAt,
      message_id: fields.messageId ?? null,
      envelope: fields.envelope ? JSON.stringify(fields.envelope) : null,
    })
  const quarantine = (
    item: ItemKey,
    reason: QuarantineReason,
    why: string,
    about: {
      message: Message | null
      rawId: number | null
      channelId: number | null
      header: Uint8Array | null
      size: number
      receivedAt: string
      envelope: Envelope | null
    },
  ) => {
    rows.quarantine.push({
      portal_id: portalId,
      id: nextId++,
      source_id: context.sourceId,
      epoch: item.epoch,
      item_key: item.key,
      raw_id: about.rawId,
      channel_id: about.channelId,
      reason,
      detail: storable(why),
      from_text: storable(formatAddress(about.message?.from[0])),
      subject: storable(about.message?.subject ?? ''),
      size: about.size,
      received_at: about.receivedAt,
      envelope: about.envelope ? JSON.stringify(about.envelope) : null,
      header: about.header,
      created_at: context.now,
    })
    settle(item, reason === 'poison' ? 'poison' : 'quarantined', about)
  }

  for (const [index, planned] of batch.entries()) {
    if (planned.kind === 'absent') {
      settle(planned.item, planned.state, planned)
      outcomes.push(skipped(planned.item, planned.why))
      continue
    }
    if (planned.kind === 'withheld') {
      quarantine(planned.item, planned.reason, planned.why, {...planned, rawId: null, channelId: null})
      outcomes.push(withheld(planned.item, planned.reason, planned.why, planned.size))
      continue
    }
    const {arrival, decision, raw} = planned
    const {message, item} = arrival
    if (decision.kind === 'quarantine') {
      const rawId = await storeRaw(raw, message)
      quarantine(item, decision.reason, decision.why, {
        ...arrival,
        rawId,
        channelId: decision.recipient?.channel.id ?? null,
        header: null,
        size: message.size,
      })
      outcomes.push(outcomeOf(arrival, decision, null))
      continue
    }
    if (decision.kind === 'duplicate') {
      if ('rawId' in raw) await dropRaw(tx, portalId, raw.rawId)
      settle(item, 'stored', {...arrival, messageId: real(decision.of.id)})
      const number =
        facts.tickets.get(decision.of.ticketId)?.number ?? created.get(real(decision.of.ticketId))?.number ?? null
      outcomes.push(outcomeOf(arrival, decision, number))
      continue
    }
    const {recipient, thread, route} = decision
    const plan = plannedIds(index)
    const messageId = nextId++
    ids.set(plan.messageId, messageId)
    const rawId = await storeRaw(raw, message)
    let ticketId: number
    let number: number
    if (thread.ticket === null) {
      ticketId = nextId++
      number = nextNumber++
      ids.set(plan.ticketId, ticketId)
      const requester = message.replyTo[0] ?? message.from[0]
      created.set(ticketId, {
        portal_id: portalId,
        id: ticketId,
        number,
        subject: storable(message.subject),
        status: 'open',
        queue_id: route?.queueId ?? null,
        owner_id: route?.owner?.id ?? null,
        channel_id: recipient.channel.id,
        requester_name: storable(requester?.name ?? ''),
        requester_address: storable(requester?.address ?? ''),
        message_count: 1,
        closed_at: null,
        created_at: context.now,
        updated_at: context.now,
      })
      if (route?.owner) assigned.add(route.owner.id)
      rows.ticket_event.push(
        event('created', ticketId, {
          address: recipient.address,
          header: recipient.header,
          queue: route?.queueId ? (facts.queues.get(route.queueId)?.key ?? null) : null,
          owner: route?.owner?.email ?? null,
          why: route?.why ?? '',
        }),
      )
    } else {
      ticketId = real(thread.ticket.id)
      const fresh = created.get(ticketId)
      number = fresh?.number ?? thread.ticket.number!
      if (fresh) fresh.message_count++
      else {
        const before = joined.get(ticketId)
        joined.set(ticketId, {
          messages: (before?.messages ?? 0) + 1,
          reopens: thread.reopens || (before?.reopens ?? false),
        })
        if (thread.reopens)
          rows.ticket_event.push(event('reopened', ticketId, {why: `a mail that answers ${thread.value}`}))
      }
    }
    const secondCopy = facts.byFingerprint.get(message.fingerprint)?.id !== plan.messageId
    rows.message.push({
      portal_id: portalId,
      id: messageId,
      ticket_id: ticketId,
      direction: 'in',
      kind: 'mail',
      raw_id: rawId,
      header_id: message.messageId === null ? null : storable(message.messageId),
      // Equal mails without a Message-ID may be two; the fingerprint stays with the first.
      fingerprint: secondCopy ? null : message.fingerprint,
      source_id: context.sourceId,
      source_epoch: item.epoch,
      envelope: arrival.envelope ? JSON.stringify(arrival.envelope) : null,
      from_name: storable(message.from[0]?.name ?? ''),
      from_address: storable(message.from[0]?.address ?? ''),
      subject: storable(message.subject),
      base_subject: storable(decision.baseSubject),
      date: message.date,
      received_at: arrival.receivedAt,
      author: null,
      note: null,
      threaded_by: thread.value === null ? thread.method : storable(`${thread.method} ${thread.value}`),
      size: message.size,
    })
    for (const id of referencedIds(message))
      rows.message_reference.push({portal_id: portalId, header_id: storable(id), message_id: messageId})
    for (const attachment of message.attachments)
      rows.attachment.push({
        portal_id: portalId,
        message_id: messageId,
        part: attachment.part,
        filename: attachment.filename === null ? null : storable(attachment.filename),
        content_type: storable(attachment.contentType),
        size: attachment.size,
        sha256: attachment.sha256,
        content_id: attachment.contentId === null ? null : storable(attachment.contentId),
        inline: attachment.inline ? 1 : 0,
        offset: attachment.offset,
        length: attachment.length,
        transfer_encoding: attachment.transferEncoding,
      })
    settle(item, 'stored', {...arrival, messageId})
    outcomes.push(outcomeOf(arrival, decision, number))
  }

  function event(kind: string, ticketId: number, details: Record<string, unknown>) {
    return {
      portal_id: portalId,
      id: nextId++,
      ticket_id: ticketId,
      at: context.now,
      kind,
      by: 'intake',
      details: JSON.stringify(details),
    }
  }

  rows.ticket.push(...created.values())
  // An item that is asked for again leaves the quarantine, unless it comes right back.
  await tx
    .deleteFrom('quarantine')
    .where('portal_id', '=', portalId)
    .where('source_id', '=', context.sourceId)
    .where('epoch', '=', batch[0]?.kind === 'decided' ? batch[0].arrival.item.epoch : (batch[0]?.item.epoch ?? ''))
    .where(
      dialect.among(
        'item_key',
        batch.map((planned) => (planned.kind === 'decided' ? planned.arrival.item.key : planned.item.key)),
      ),
    )
    .execute()
  // Parents before children: the foreign keys ask for this order.
  for (const table of [
    'raw',
    'raw_chunk',
    'ticket',
    'message',
    'message_reference',
    'attachment',
    'ticket_event',
    'quarantine',
  ] as const)
    await insertAll(tx, dialect, table, rows[table])
  await settleAll(tx, dialect, rows.source_item)
  for (const [ticketId, change] of joined)
    await tx
      .updateTable('ticket')
      .set((eb) => ({
        message_count: eb('message_count', '+', change.messages),
        updated_at: context.now,
        ...(change.reopens ? {status: 'open' as const, closed_at: null} : {}),
      }))
      .where('portal_id', '=', portalId)
      .where('id', '=', ticketId)
      .execute()
  for (const agentId of assigned)
    await tx
      .updateTable('agent')
      .set({last_assigned_at: context.now})
      .where('portal_id', '=', portalId)
      .where('id', '=', agentId)
      .execute()
  return outcomes
}

/** The ids under which `learn` knows what the item at this place of the batch creates. */
export const plannedIds = (index: number) => ({messageId: -2 * index - 1, ticketId: -2 * index - 2})

const opensTicket = (decision: Decision) => decision.kind === 'accept' && decision.thread.ticket === null

/** Rows of one statement: few texts to prepare, and none too long. */
const ROWS_PER_STATEMENT = 64

async function insertAll<Table extends keyof Schema & keyof Rows>(
  tx: Tx,
  dialect: StoreDialect,
  table: Table,
  rows: readonly Insertable<Schema[Table]>[],
): Promise<void> {
  for (const some of slices(rows, dialect)) await tx.insertInto(table).values(some).execute()
}

/** An item that was poison or deferred before gets its new state. */
async function settleAll(
  tx: Tx,
  dialect: StoreDialect,
  rows: readonly Insertable<Schema['source_item']>[],
): Promise<void> {
  for (const some of slices(rows, dialect))
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

/** Slices of a power of two, so that the database sees few different statements. */
function* slices<Row extends object>(rows: readonly Row[], dialect: StoreDialect): Generator<Row[]> {
  const columns = rows.length > 0 ? Object.keys(rows[0]!).length : 1
  const most = Math.min(ROWS_PER_STATEMENT, Math.floor(dialect.maxParameters / columns))
  for (let start = 0; start < rows.length;) {
    const left = Math.min(most, rows.length - start)
    const size = 2 ** Math.floor(Math.log2(left))
    yield rows.slice(start, start + size)
    start += size
  }
}

/** Text as both databases take it: PostgreSQL's text cannot hold NUL. */
const storable = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)

const formatAddress = (address: Address | undefined): string =>
  address === undefined ? '' : address.name === '' ? address.address : `${address.name} <${address.address}>`

/** What an intake transaction reads: everything that deciding about a batch needs, in a few statements. */
import type {Envelope} from '../channel/delivery.ts'
import type {ChannelFacts, Facts, KnownMessage, QueueFacts} from '../intake/facts.ts'
import {referencedIds} from '../intake/match-thread.ts'
import type {Message} from '../message/message.ts'
import {parseClosedPolicy, type AgentLoad} from '../ticket/ticket.ts'
import {listAgents, openTicketsByAgent} from './agents.ts'
import {listAddresses, listChannels} from './channels.ts'
import {inPortal, type StoreDialect} from './dialect.ts'
import type {PortalRow} from './portals.ts'
import {listMemberships, listQueues} from './queues.ts'
import type {Db} from './schema.ts'

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

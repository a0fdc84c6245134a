/** What an intake transaction reads: everything that deciding about a batch needs, in a few statements. */
import {sql} from 'kysely'
import type {Authentication} from '../channel/authentication.ts'
import type {Envelope} from '../channel/delivery.ts'
import {budgetAddress, domainOf} from '../intake/auto-reply.ts'
import type {
  Arrival,
  AutoReplyFacts,
  ChannelFacts,
  Facts,
  KnownMessage,
  ProbeFacts,
  QueueFacts,
  RowId,
  TicketFacts,
  TokenFacts,
} from '../intake/facts.ts'
import {addressesWithTokens, answeredIds, senderOf, taggedNumbers} from '../intake/match-thread.ts'
import {loopMark} from '../message/loop-mark.ts'
import type {Message} from '../message/message.ts'
import {hashToken, tokenOfAddress, tokenOfMessageId} from '../message/token.ts'
import {parseClosedPolicy, type AgentLoad} from '../ticket/ticket.ts'
import {listAgents, openTicketsByAgent} from './agents.ts'
import {listAddresses, listChannels, listSmtpChannels} from './channels.ts'
import {inPortal, type StoreDialect} from './dialect.ts'
import {countAutoReplies} from './outgoing-list.ts'
import {storeId, type PortalRow} from './portals.ts'
import {findProbesByHash} from './probes.ts'
import {listMemberships, listQueues} from './queues.ts'
import type {Db} from './schema.ts'

/** A mail as far as facts are asked for it. */
export type Asked = Pick<Arrival, 'message' | 'envelope'>

/**
 * Reads what deciding about these messages needs. The only reads of an intake transaction. `tickets`: others that the mails
 * lead to, by what was decided and is not in the store.
 */
export async function gatherFacts(
  db: Db,
  dialect: StoreDialect,
  portal: PortalRow,
  mails: readonly Asked[],
  now: string,
  tickets: readonly RowId[] = [],
): Promise<Facts> {
  const [channelRows, smtpRows, addresses, queueRows, memberships, agentRows, load] = [
    await listChannels(db, portal.id),
    await listSmtpChannels(db, portal.id),
    await listAddresses(db, portal.id),
    await listQueues(db, portal.id),
    await listMemberships(db, portal.id),
    await listAgents(db, portal.id),
    await openTicketsByAgent(db, portal.id),
  ]
  const smtp = new Map(smtpRows.map((row) => [row.channel_id, row]))
  const channels = new Map<number, ChannelFacts>(
    channelRows.map((row) => {
      const own = smtp.get(row.id) ?? row
      return [
        row.id,
        {
          id: row.id,
          kind: row.kind as ChannelFacts['kind'],
          address: row.address,
          queueId: row.queue_id,
          assignOnline: own.assign_online === null ? null : own.assign_online === 1,
          autoReply: own.auto_reply === null ? null : own.auto_reply === 1,
          active: row.deactivated_at === null,
          forwardsTo: smtp.get(row.id)?.forwards_to_id ?? null,
        },
      ]
    }),
  )
  const members = Map.groupBy(memberships, (member) => member.queue_id)
  const queues = new Map<number, QueueFacts>(
    queueRows.map((row) => [
      row.id,
      {
        id: row.id,
        key: row.key,
        closedPolicy: parseClosedPolicy(row.closed_policy) ?? {kind: 'reopen'},
        members: (members.get(row.id) ?? []).map((member) => member.agent_id),
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
  const known = await gatherKnown(db, dialect, portal, mails, tickets)
  const answers = [...channels.values()].some(({autoReply}) => autoReply === true)
  return {
    portal: {
      id: portal.id,
      key: portal.key,
      domain: portal.domain,
      loopMark: loopMark(await storeId(db), portal.id),
      relay: relayOf(portal),
    },
    now,
    channels: new Map(
      addresses.flatMap(({address, channel_id: id}) => (channels.has(id) ? [[address, channels.get(id)!]] : [])),
    ),
    queues,
    agents,
    ...known,
    probes: await gatherProbes(db, dialect, portal.id, mails, channels),
    autoReplies: answers ? await gatherAutoReplies(db, dialect, portal.id, mails, now) : NO_AUTO_REPLIES(),
  }
}

/** The relay as far as decisions need it. */
function relayOf({relay}: PortalRow): Facts['portal']['relay'] {
  if (relay === null) return null
  const stored = JSON.parse(relay) as {kind: 'smtp'} | {kind: 'channel'; channelId: RowId}
  return stored.kind === 'smtp' ? {kind: 'smtp'} : {kind: 'channel', channelId: stored.channelId}
}

const KNOWN_COLUMNS = [
  'message.id',
  'message.ticket_id',
  'message.direction',
  'message.header_id',
  'message.fingerprint',
  'message.source_id',
  'message.source_epoch',
  'message.envelope',
  'message.from_address',
  'message.authentication',
  'message.base_subject',
  'message.date',
  'message.received_at',
] as const

async function gatherKnown(
  db: Db,
  dialect: StoreDialect,
  portal: PortalRow,
  mails: readonly Asked[],
  tickets: readonly RowId[],
): Promise<
  Pick<
    Facts,
    'tickets' | 'byFingerprint' | 'byHeaderId' | 'referringTo' | 'tokens' | 'ticketsByNumber' | 'participants'
  >
> {
  const portalId = portal.id
  const messages = mails.map(({message}) => message)
  const fingerprints = messages.map((message) => message.fingerprint)
  // An id with a NUL is stored with a replacement, and PostgreSQL would not even take it as a question.
  const askable = (id: string) => !id.includes('\0')
  const ownIds = messages.flatMap((message) => message.messageId ?? []).filter(askable)
  const wanted = [...new Set([...ownIds, ...messages.flatMap(answeredIds).filter(askable)])]
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
    direction: row.direction === 'out' ? 'out' : 'in',
    headerId: row.header_id,
    fingerprint: row.fingerprint,
    sourceId: row.source_id,
    sourceEpoch: row.source_epoch,
    envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
    fromAddress: row.from_address,
    forged: row.authentication !== null && (JSON.parse(row.authentication) as Authentication).dmarc === 'fail',
    baseSubject: row.base_subject,
    date: row.date,
    receivedAt: row.received_at,
  })
  const byFingerprint = new Map<string, KnownMessage>()
  for (const row of await select().where(dialect.among('message.fingerprint', fingerprints)).execute())
    byFingerprint.set(row.fingerprint!, toKnown(row))
  const byHeaderId = new Map<string, KnownMessage[]>()
  const carrying = await db
    .selectFrom(endsOf('message', 'id', wanted, {dialect, portalId}))
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'ends.portal_id').onRef('message.id', '=', 'ends.id'),
    )
    .select(KNOWN_COLUMNS)
    .where('message.direction', '!=', 'note')
    .execute()
  for (const row of oldestFirst(carrying)) append(byHeaderId, row.header_id!, toKnown(row))
  const referringTo = new Map<string, KnownMessage[]>()
  const referring = await db
    .selectFrom(endsOf('message_reference', 'message_id', ownIds, {dialect, portalId}))
    .innerJoin('message', (join) =>
      join.onRef('message.portal_id', '=', 'ends.portal_id').onRef('message.id', '=', 'ends.id'),
    )
    .select(KNOWN_COLUMNS)
    .select('ends.header_id as refers_to')
    .execute()
  for (const row of oldestFirst(referring)) append(referringTo, row.refers_to, toKnown(row))
  const tokens = await gatherTokens(db, dialect, portalId, mails)
  const ticketsByNumber = await gatherTagged(db, dialect, portal, messages)
  const ticketIds = [
    ...new Set([
      ...[...byFingerprint.values(), ...[...byHeaderId.values(), ...referringTo.values()].flat()].map(
        (known) => known.ticketId,
      ),
      ...[...tokens.values()].map(({ticketId}) => ticketId),
      ...ticketsByNumber.values(),
      ...tickets,
    ]),
  ]
  return {
    tickets: await gatherTickets(db, dialect, portalId, ticketIds),
    byFingerprint,
    byHeaderId,
    referringTo,
    tokens,
    ticketsByNumber,
    participants: await gatherParticipants(db, dialect, portalId, ticketIds, messages.map(senderOf)),
  }
}

/**
 * Messages that share an id, at each end. Programs give one id to all their mail, and strangers can: nothing may cost more
 * with each. What was sent from here is the oldest of its id, since nobody knows that before; what came twice, the newest.
 */
const SHARED_AT_EACH_END = 50

/**
 * The oldest and the newest rows for each of these ids, from the index alone. To be joined by `portal_id` and `id` alike: with
 * the portal as a value SQLite would walk all its messages (`inPortal`).
 */
function endsOf<Table extends 'message' | 'message_reference'>(
  table: Table,
  column: Table extends 'message' ? 'id' : 'message_id',
  headerIds: readonly string[],
  {dialect, portalId}: {readonly dialect: StoreDialect; readonly portalId: number},
) {
  const [id, headerId] = [sql.ref(column), sql.ref('header_id')]
  return sql<{portal_id: number; id: number; header_id: string}>`(
    select portal_id, id, header_id from (
      select portal_id, ${id} as id, ${headerId}, count(*) over (partition by ${headerId}) as total,
        row_number() over (partition by ${headerId} order by ${id}) as place
      from ${sql.table(table)}
      where ${inPortal('portal_id', portalId)} and ${dialect.among('header_id', headerIds)}
    ) as sharing
    where place <= ${SHARED_AT_EACH_END} or place > total - ${SHARED_AT_EACH_END}
  )`.as<'ends'>(sql`ends`)
}

async function gatherTickets(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  ids: readonly RowId[],
): Promise<Map<RowId, TicketFacts>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('ticket')
    .select(['id', 'number', 'status', 'closed_at', 'queue_id', 'channel_id', 'owner_id'])
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ids))
    .execute()
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        number: row.number,
        status: row.status,
        closedAt: row.closed_at,
        queueId: row.queue_id,
        channelId: row.channel_id,
        ownerId: row.owner_id,
      },
    ]),
  )
}

/** The tokens that the mails carry, in the addresses they were sent to and the ids they answer. */
async function gatherTokens(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  mails: readonly Asked[],
): Promise<Map<string, TokenFacts>> {
  const hashes = new Set<string>()
  for (const mail of mails) {
    for (const address of addressesWithTokens(mail)) hashes.add(hashToken(tokenOfAddress(address)!.token))
    for (const id of [...answeredIds(mail.message), mail.message.messageId ?? '']) {
      const token = tokenOfMessageId(id)
      if (token !== null) hashes.add(hashToken(token))
    }
  }
  if (hashes.size === 0) return new Map()
  const rows = await db
    .selectFrom('token')
    .select(['hash', 'kind', 'ticket_id', 'message_id', 'expires_at'])
    .where(inPortal('portal_id', portalId))
    .where(dialect.among('hash', [...hashes]))
    .execute()
  return new Map(
    rows.map((row) => [
      row.hash,
      {kind: row.kind, ticketId: row.ticket_id, messageId: row.message_id, expiresAt: row.expires_at},
    ]),
  )
}

/** The probes whose mark the mails bear; nothing is asked where none bears one. */
async function gatherProbes(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  mails: readonly Asked[],
  channels: ReadonlyMap<number, ChannelFacts>,
): Promise<Map<string, ProbeFacts>> {
  const hashes = new Set(mails.flatMap(({message: {probe}}) => (probe === null ? [] : [hashToken(probe.nonce)])))
  const probes = await findProbesByHash(db, dialect, portalId, [...hashes])
  return new Map(
    probes.map(({id, channelId, nonceHash, sentTo, expiresAt}) => [
      nonceHash,
      {id, address: channels.get(channelId)?.address ?? sentTo, expiresAt},
    ]),
  )
}

/** The tickets that subjects name by number. One that was merged leads to the one that it is part of. */
async function gatherTagged(
  db: Db,
  dialect: StoreDialect,
  portal: PortalRow,
  messages: readonly Message[],
): Promise<Map<number, RowId>> {
  const numbers = [...new Set(messages.flatMap(({subject}) => taggedNumbers(subject, portal.key)))]
  if (numbers.length === 0) return new Map()
  const rows = await db
    .selectFrom('ticket')
    .select(['id', 'number', 'merged_into_id'])
    .where('portal_id', '=', portal.id)
    .where(dialect.among('number', numbers))
    .execute()
  return new Map(rows.map((row) => [row.number, row.merged_into_id ?? row.id]))
}

/** Which of the senders take part in which of the tickets. */
async function gatherParticipants(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  ticketIds: readonly RowId[],
  senders: readonly string[],
): Promise<Map<RowId, Set<string>>> {
  const participants = new Map<RowId, Set<string>>()
  if (ticketIds.length === 0) return participants
  const askable = [...new Set(senders)].filter((address) => address !== '' && !address.includes('\0'))
  const rows = await db
    .selectFrom('participant')
    .select(['ticket_id', 'address'])
    .where('portal_id', '=', portalId)
    .where(dialect.among('ticket_id', ticketIds))
    .where(dialect.among('address', askable))
    .execute()
  for (const {ticket_id: id, address} of rows) {
    const known = participants.get(id)
    if (known) known.add(address)
    else participants.set(id, new Set([address]))
  }
  return participants
}

const NO_AUTO_REPLIES = (): AutoReplyFacts => ({bySender: new Map(), byDomain: new Map(), portalLastHour: 0})

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

/** What the budgets count, of those that these mails would be answered to. */
async function gatherAutoReplies(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  mails: readonly Asked[],
  now: string,
): Promise<AutoReplyFacts> {
  const facts = NO_AUTO_REPLIES()
  const before = (ms: number) => new Date(Date.parse(now) - ms).toISOString()
  const addresses = mails
    .flatMap(({message}) => [...message.replyTo, ...message.from])
    .map(({address}) => address)
    .filter((address) => !address.includes('\0'))
  const replies = () => db.selectFrom('auto_reply').where('portal_id', '=', portalId)
  const bySender = await replies()
    .select(['sender', 'at'])
    .where(dialect.among('sender', [...new Set(addresses.map(budgetAddress))]))
    .where('at', '>', before(DAY_MS))
    .execute()
  for (const {sender, at} of bySender) append(facts.bySender, sender, at)
  const byDomain = await replies()
    .select(['domain', 'at'])
    .where(dialect.among('domain', [...new Set(addresses.map(domainOf))]))
    .where('at', '>', before(HOUR_MS))
    .execute()
  for (const {domain, at} of byDomain) append(facts.byDomain, domain, at)
  facts.portalLastHour = await countAutoReplies(db, portalId, before(HOUR_MS))
  return facts
}

const oldestFirst = <Row extends {readonly id: number}>(rows: readonly Row[]): Row[] =>
  rows.toSorted((a, b) => a.id - b.id)

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** Queues: adding, changing and removing them. */
import {checkDisplayName} from './address.ts'
import {nearNames} from './near-names.ts'
import {alreadyExists, inUse, invalidValue, notFound, type Fix} from './errors.ts'
import {checkKey} from './portal.ts'
import {findAgent, listAgents, type AgentRow} from './store/agents.ts'
import {findChannel, listChannels, type ChannelRow} from './store/channels.ts'
import {moveAllTickets} from './store/many-tickets.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {
  deleteQueue,
  findQueue,
  insertQueue,
  listMemberships,
  listQueues,
  setMembers,
  updateQueue as writeQueue,
  usesOfQueue,
  type QueueRow,
} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'
import type {Actor} from './store/tickets.ts'
import {parseClosedPolicy} from './ticket/ticket.ts'

/** A queue as commands show it. */
export interface QueueSummary {
  readonly key: string
  readonly name: string
  /** Emails of its agents. */
  readonly members: readonly string[]
  /** The address that its answers leave by where the ticket's own cannot send; null for none. */
  readonly sender: string | null
  /** What a new mail does to a closed ticket: `reopen`, `new`, `new-after=DAYS`. */
  readonly closed: string
  /** The addresses whose new tickets go to it. */
  readonly addresses: readonly string[]
  readonly createdAt: string
}

/** What a queue is told; what is left out stays, or is filled in. */
export interface QueueSettings {
  readonly name?: string
  /** Exactly these agents, by email. */
  readonly members?: readonly string[]
  /** An address that can send; null for none. */
  readonly sender?: string | null
  readonly closed?: string
}

export async function summariseQueues(db: Db, portalId: number): Promise<QueueSummary[]> {
  const rows = await listQueues(db, portalId)
  const emails = new Map((await listAgents(db, portalId)).map((agent) => [agent.id, agent.email]))
  const memberships = await listMemberships(db, portalId)
  const channels = await listChannels(db, portalId)
  return rows.map((row) => ({
    key: row.key,
    name: row.name,
    members: memberships
      .filter((member) => member.queue_id === row.id)
      .flatMap((member) => emails.get(member.agent_id) ?? [])
      .sort(),
    sender: channels.find(({id}) => id === row.sender_channel_id)?.address ?? null,
    closed: row.closed_policy,
    addresses: channels.filter((channel) => channel.queue_id === row.id).map(({address}) => address),
    createdAt: row.created_at,
  }))
}

async function summariseQueue(db: Db, {portal_id: portalId, key}: QueueRow): Promise<QueueSummary> {
  return (await summariseQueues(db, portalId)).find((queue) => queue.key === key)!
}

/** @throws 67 with the names that are near. */
export async function requireQueue(db: Db, portal: PortalRow, key: string): Promise<QueueRow> {
  const queue = await findQueue(db, portal.id, key)
  if (queue) return queue
  const keys = (await listQueues(db, portal.id)).map((row) => row.key)
  const near = nearNames(key, keys)
  const fix: Fix =
    keys.length > 0
      ? {text: `There ${keys.length === 1 ? 'is' : 'are'}: ${keys.join(', ')}.`}
      : {text: 'Add it:', command: `postdesk queue add ${key} --portal ${portal.key}`}
  throw notFound('queue', key, near, near.length > 0 ? [] : [fix])
}

export async function describeQueue(store: Store, portal: PortalRow, key: string): Promise<QueueSummary> {
  return summariseQueue(store.db, await requireQueue(store.db, portal, key))
}

/** What is wrong with a policy for closed tickets; null for a good one. */
const checkClosed = (text: string): string | null =>
  parseClosedPolicy(text) ? null : 'use reopen, new, or new-after=DAYS with at most 3650 days'

/** @throws 64 for the first setting that is not valid. */
function checkSettings({name, closed}: QueueSettings): void {
  for (const [what, value, wrong] of [
    ['The name', name, name === undefined ? null : checkDisplayName(name)],
    ['--closed', closed, closed === undefined ? null : checkClosed(closed)],
  ] as const)
    if (wrong !== null) throw invalidValue(`${what} ${JSON.stringify(value)}`, wrong)
}

/** The settings with what they name looked up. @throws 67, or 64 for a sender that cannot send. */
async function resolveSettings(
  tx: Tx,
  portal: PortalRow,
  settings: QueueSettings,
): Promise<{memberIds?: number[]; senderId?: number | null}> {
  const members = settings.members && (await requireAgents(tx, portal, settings.members))
  const sender =
    settings.sender === undefined || settings.sender === null
      ? settings.sender
      : (await requireSender(tx, portal, settings.sender)).id
  return {
    ...(members === undefined ? {} : {memberIds: members.map(({id}) => id)}),
    ...(sender === undefined ? {} : {senderId: sender}),
  }
}

/** @throws 67 for the first that is not there, with the names that are near. */
export async function requireAgents(db: Db, portal: PortalRow, emails: readonly string[]): Promise<AgentRow[]> {
  const found: AgentRow[] = []
  for (const email of emails) {
    const agent = await findAgent(db, portal.id, email)
    if (!agent) {
      const known = (await listAgents(db, portal.id)).map((row) => row.email)
      throw notFound('agent', email, nearNames(email, known), [
        {text: 'Add one:', command: `postdesk agent add ${email} --name NAME --portal ${portal.key}`},
      ])
    }
    found.push(agent)
  }
  return found
}

async function requireSender(tx: Tx, portal: PortalRow, address: string): Promise<ChannelRow> {
  const channel = await findChannel(tx, portal.id, address)
  if (!channel) {
    const known = (await listChannels(tx, portal.id)).map((row) => row.address)
    throw notFound('email address', address, nearNames(address, known))
  }
  if (channel.kind === 'internal')
    throw invalidValue(`--sender ${address}`, 'an internal address cannot send: name one that can, Gmail or SMTP')
  return channel
}

/**
 * Adds a queue. With `ifNotExists` one that has the settings given is no change.
 * @throws 64 for a bad value, 67 for an agent or sender that is not there, 73 where the key is taken.
 */
export async function addQueue(
  store: Store,
  portal: PortalRow,
  key: string,
  settings: QueueSettings,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{queue: QueueSummary; changed: boolean}> {
  const wrong = checkKey(key)
  if (wrong !== null) throw invalidValue(`The key ${JSON.stringify(key)}`, wrong)
  checkSettings(settings)
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const {memberIds = [], senderId = null} = await resolveSettings(tx, portal, settings)
    const known = await findQueue(tx, portal.id, key)
    if (known) {
      const summary = await summariseQueue(tx, known)
      const differs = differences(summary, settings)
      if (options.ifNotExists && differs.length === 0) return {queue: summary, changed: false}
      throw alreadyExists(
        'queue',
        key,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'a queue is added once',
        [{text: 'Change it instead:', command: `postdesk queue update ${key} --portal ${portal.key} …`}],
      )
    }
    const row = await insertQueue(
      tx,
      portal.id,
      {key, name: settings.name ?? key, closed_policy: settings.closed ?? 'reopen', sender_channel_id: senderId},
      options.now,
    )
    await setMembers(tx, row, memberIds)
    return {queue: await summariseQueue(tx, row), changed: true}
  })
}

/** The names of the settings that a queue does not have. */
function differences(queue: QueueSummary, settings: QueueSettings): string[] {
  const {members} = settings
  const wanted = members && [...new Set(members.map((email) => email.toLowerCase()))].sort()
  return [
    ...(settings.name !== undefined && settings.name !== queue.name ? ['name'] : []),
    ...(settings.closed !== undefined && settings.closed !== queue.closed ? ['closed'] : []),
    ...(settings.sender !== undefined && settings.sender?.toLowerCase() !== queue.sender?.toLowerCase()
      ? ['sender']
      : []),
    ...(wanted && wanted.join(' ') !== queue.members.join(' ') ? ['member'] : []),
  ]
}

/**
 * Changes a queue.
 * @throws 64 for a bad value, 67 for a queue, agent or sender that is not there.
 */
export async function updateQueue(
  store: Store,
  portal: PortalRow,
  key: string,
  settings: QueueSettings,
  now: string,
): Promise<{queue: QueueSummary; changed: boolean}> {
  checkSettings(settings)
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const row = await requireQueue(tx, portal, key)
    const {memberIds, senderId} = await resolveSettings(tx, portal, settings)
    const before = await summariseQueue(tx, row)
    if (differences(before, settings).length === 0) return {queue: before, changed: false}
    await writeQueue(
      tx,
      row,
      {
        ...(settings.name === undefined ? {} : {name: settings.name}),
        ...(settings.closed === undefined ? {} : {closed_policy: settings.closed}),
        ...(senderId === undefined ? {} : {sender_channel_id: senderId}),
      },
      now,
    )
    if (memberIds) await setMembers(tx, row, memberIds)
    return {queue: await summariseQueue(tx, row), changed: true}
  })
}

/** Most addresses that an error names with their mend; the rest are counted. */
const NAMED_IN_ERROR = 3

/**
 * What stands in the way of a removal, before anybody is asked to confirm it.
 * @throws 67 where a queue is not there, 73 where addresses or tickets need it.
 */
export async function checkQueueRemoval(
  db: Db,
  portal: PortalRow,
  key: string,
  moveTicketsTo: string | undefined,
): Promise<{queue: QueueRow; to: QueueRow | null; tickets: number}> {
  const queue = await requireQueue(db, portal, key)
  const to = moveTicketsTo === undefined ? null : await requireQueue(db, portal, moveTicketsTo)
  if (to?.id === queue.id) throw invalidValue(`--move-tickets-to ${key}`, 'it is the queue that is removed')
  const channels = (await listChannels(db, portal.id)).filter((channel) => channel.queue_id === queue.id)
  if (channels.length > 0)
    throw inUse(
      'queue',
      key,
      `new tickets of ${channels.length === 1 ? 'an address' : `${channels.length} addresses`} go to it`,
      channels.slice(0, NAMED_IN_ERROR).map(({address}) => ({
        text: `Give ${address} another queue:`,
        command: `postdesk email update ${address} --queue KEY --portal ${portal.key}`,
      })),
    )
  const {tickets} = await usesOfQueue(db, queue)
  if (tickets > 0 && !to)
    throw inUse('queue', key, `it has ${tickets} ${tickets === 1 ? 'ticket' : 'tickets'}`, [
      {
        text: 'Say where they go:',
        command: `postdesk queue remove ${key} --move-tickets-to KEY --confirm ${key} --portal ${portal.key}`,
      },
    ])
  return {queue, to, tickets}
}

/**
 * Removes a queue; its tickets move first, where that is asked for. Returns how many did.
 * @throws as `checkQueueRemoval`.
 */
export async function removeQueue(
  store: Store,
  portal: PortalRow,
  key: string,
  moveTicketsTo: string | undefined,
  actor: Actor,
): Promise<{movedTickets: number}> {
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const {queue, to} = await checkQueueRemoval(tx, portal, key, moveTicketsTo)
    const movedTickets = to ? await moveAllTickets(tx, queue, to, actor) : 0
    await deleteQueue(tx, queue)
    return {movedTickets}
  })
}

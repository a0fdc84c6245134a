/** Agents: adding, changing and removing them, and whether they are at work. */
import {checkAddress, checkDisplayName} from './address.ts'
import {alreadyExists, invalidValue} from './errors.ts'
import {requireAgents, requireQueue} from './queue.ts'
import {
  deleteAgent,
  findAgent,
  insertAgent,
  listAgents,
  openTicketsByAgent,
  updateAgent as writeAgent,
  type AgentRow,
} from './store/agents.ts'
import {disownAllTickets} from './store/many-tickets.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {listMemberships, listQueues, setQueuesOf} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'
import {findTicket, offerBacklog, type Actor} from './store/tickets.ts'

/** An agent as commands show it. */
export interface AgentSummary {
  readonly email: string
  readonly name: string
  readonly online: boolean
  /** Null while offline. */
  readonly onlineSince: string | null
  readonly openTickets: number
  /** Keys of the queues that the agent is a member of. */
  readonly queues: readonly string[]
  readonly createdAt: string
}

/** What an agent is told; what is left out stays. */
export interface AgentSettings {
  readonly email?: string
  readonly name?: string
  /** Exactly these queues, by key. */
  readonly queues?: readonly string[]
}

export async function summariseAgents(db: Db, portalId: number): Promise<AgentSummary[]> {
  const rows = await listAgents(db, portalId)
  const keys = new Map((await listQueues(db, portalId)).map((queue) => [queue.id, queue.key]))
  const memberships = await listMemberships(db, portalId)
  const load = await openTicketsByAgent(db, portalId)
  return rows.map((row) => ({
    email: row.email,
    name: row.name,
    online: row.online_since !== null,
    onlineSince: row.online_since,
    openTickets: load.get(row.id) ?? 0,
    queues: memberships
      .filter((member) => member.agent_id === row.id)
      .flatMap((member) => keys.get(member.queue_id) ?? [])
      .sort(),
    createdAt: row.created_at,
  }))
}

async function summariseAgent(db: Db, portalId: number, email: string): Promise<AgentSummary> {
  return (await summariseAgents(db, portalId)).find((agent) => agent.email === email)!
}

/** @throws 67 with the names that are near. */
export async function requireAgent(db: Db, portal: PortalRow, email: string): Promise<AgentRow> {
  return (await requireAgents(db, portal, [email]))[0]!
}

export async function describeAgent(store: Store, portal: PortalRow, email: string): Promise<AgentSummary> {
  return summariseAgent(store.db, portal.id, (await requireAgent(store.db, portal, email)).email)
}

/** @throws 64 for the first setting that is not valid. */
function checkSettings({email, name}: AgentSettings): void {
  for (const [what, value, wrong] of [
    ['The email', email, email === undefined ? null : checkAddress(email)],
    ['The name', name, name === undefined ? null : checkDisplayName(name)],
  ] as const)
    if (wrong !== null) throw invalidValue(`${what} ${JSON.stringify(value)}`, wrong)
}

async function queueIds(tx: Tx, portal: PortalRow, keys: readonly string[]): Promise<number[]> {
  const ids: number[] = []
  for (const key of keys) ids.push((await requireQueue(tx, portal, key)).id)
  return ids
}

/**
 * Adds an agent. With `ifNotExists` one that has the settings given is no change.
 * @throws 64 for a bad value, 67 for a queue that is not there, 73 where the email is taken.
 */
export async function addAgent(
  store: Store,
  portal: PortalRow,
  given: AgentSettings & Required<Pick<AgentSettings, 'email' | 'name'>>,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{agent: AgentSummary; changed: boolean}> {
  checkSettings(given)
  const email = given.email.toLowerCase()
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const queues = await queueIds(tx, portal, given.queues ?? [])
    const known = await findAgent(tx, portal.id, email)
    if (known) {
      const summary = await summariseAgent(tx, portal.id, email)
      const differs = differences(summary, given)
      if (options.ifNotExists && differs.length === 0) return {agent: summary, changed: false}
      throw alreadyExists(
        'agent',
        email,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'an agent is added once',
        [{text: 'Change it instead:', command: `postdesk agent update ${email} --portal ${portal.key} …`}],
      )
    }
    const row = await insertAgent(tx, portal.id, {email, name: given.name}, options.now)
    await setQueuesOf(tx, portal.id, row.id, queues)
    return {agent: await summariseAgent(tx, portal.id, email), changed: true}
  })
}

/** The names of the settings that an agent does not have. */
function differences(agent: AgentSummary, {email, name, queues}: AgentSettings): string[] {
  return [
    ...(email !== undefined && email.toLowerCase() !== agent.email ? ['email'] : []),
    ...(name !== undefined && name !== agent.name ? ['name'] : []),
    ...(queues && [...new Set(queues)].sort().join(' ') !== agent.queues.join(' ') ? ['queue'] : []),
  ]
}

/**
 * Changes an agent.
 * @throws 64 for a bad value, 67 for an agent or queue that is not there, 73 where the new email is taken.
 */
export async function updateAgent(
  store: Store,
  portal: PortalRow,
  email: string,
  settings: AgentSettings,
  now: string,
): Promise<{agent: AgentSummary; changed: boolean}> {
  checkSettings(settings)
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const row = await requireAgent(tx, portal, email)
    const queues = settings.queues && (await queueIds(tx, portal, settings.queues))
    const before = await summariseAgent(tx, portal.id, row.email)
    if (differences(before, settings).length === 0) return {agent: before, changed: false}
    const newEmail = settings.email?.toLowerCase() ?? row.email
    if (newEmail !== row.email && (await findAgent(tx, portal.id, newEmail)))
      throw alreadyExists('agent', newEmail, 'an email belongs to one agent')
    await writeAgent(tx, row, {email: newEmail, ...(settings.name === undefined ? {} : {name: settings.name})}, now)
    if (queues) await setQueuesOf(tx, portal.id, row.id, queues)
    return {agent: await summariseAgent(tx, portal.id, newEmail), changed: true}
  })
}

/** Removes an agent. Their tickets have no owner from then on; the open ones are offered again at the next sync. */
export async function removeAgent(
  store: Store,
  portal: PortalRow,
  email: string,
  actor: Actor,
): Promise<{email: string; releasedTickets: number}> {
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const row = await requireAgent(tx, portal, email)
    const releasedTickets = await disownAllTickets(tx, row, 'the agent was removed', actor)
    await deleteAgent(tx, row)
    return {email: row.email, releasedTickets}
  })
}

/** A ticket of the backlog, and the agent it went to. */
export interface AssignedTicket {
  readonly ticket: number
  readonly owner: string
}

/**
 * Switches agents on or off, all of them or none. Going online offers the open tickets without an owner again, in the
 * same transaction; going offline leaves the tickets with their owners.
 * @throws 67 for the first agent that is not there.
 */
export async function setPresence(
  store: Store,
  portal: PortalRow,
  emails: readonly string[],
  presence: 'online' | 'offline',
  actor: Actor,
): Promise<{agents: AgentSummary[]; assigned: AssignedTicket[]; changed: boolean}> {
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const rows = await requireAgents(tx, portal, emails)
    const switched = rows.filter((row) => (row.online_since === null) === (presence === 'online'))
    for (const row of switched)
      await writeAgent(tx, row, {online_since: presence === 'online' ? actor.now : null}, actor.now)
    const assigned: AssignedTicket[] = []
    if (presence === 'online')
      for (const number of await offerBacklog(tx, portal.id, actor)) {
        const owner = (await findTicket(tx, portal.id, number))?.owner_email
        if (owner) assigned.push({ticket: number, owner})
      }
    const wanted = new Set(rows.map((row) => row.email))
    const agents = (await summariseAgents(tx, portal.id)).filter(({email}) => wanted.has(email))
    return {agents, assigned, changed: switched.length > 0 || assigned.length > 0}
  })
}

/** What agents and admins do to tickets by hand. Each change is one transaction and leaves an event. */
import {invalidValue} from './errors.ts'
import {requireAgents, requireQueue} from './queue.ts'
import {channelsPreferringOnline} from './store/channels.ts'
import * as merging from './store/merge-ticket.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {listMemberships} from './store/queues.ts'
import type {Db, Tx} from './store/schema.ts'
import * as tickets from './store/tickets.ts'
import type {Actor, NamedTicket} from './store/tickets.ts'
import {requireTicket, requireTickets} from './ticket-summary.ts'
import {chooseAgain, ownerAfterMove, type OwnedTicket} from './ticket/choose-again.ts'
import type {AgentLoad, Status} from './ticket/ticket.ts'

/** Who does it, where it is not the admin: the email of an agent. */
export interface ActingAs {
  readonly agent?: string
  readonly now: string
}

/** Runs a change beside no other one of the portal. @throws 67 where the acting agent is not there. */
function change<T>(
  store: Store,
  portal: PortalRow,
  {agent, now}: ActingAs,
  work: (tx: Tx, actor: Actor) => Promise<T>,
): Promise<T> {
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const by = agent === undefined ? 'admin' : (await requireAgents(tx, portal, [agent]))[0]!.email
    return work(tx, {by, now})
  })
}

/** Adds an internal note. Returns the id of its message. @throws 67 for a ticket or agent that is not there. */
export function noteTicket(
  store: Store,
  portal: PortalRow,
  number: number,
  text: string,
  as: ActingAs,
): Promise<number> {
  return change(store, portal, as, async (tx, actor) =>
    tickets.addNote(tx, await ownTicket(tx, portal, number), text, actor),
  )
}

/** The status of a ticket after a change. */
export interface StatusChange {
  readonly number: number
  readonly status: Status
  /** False where it had that status already. */
  readonly changed: boolean
}

/** Gives tickets a status, all of them or none. @throws 67 naming every number that is no ticket. */
export function setStatusOf(
  store: Store,
  portal: PortalRow,
  numbers: readonly number[],
  status: Status,
  as: ActingAs,
): Promise<StatusChange[]> {
  return change(store, portal, as, async (tx, actor) => {
    const changes: StatusChange[] = []
    for (const ticket of await ownTickets(tx, portal, numbers))
      changes.push({number: ticket.number, status, changed: await tickets.setStatus(tx, ticket, status, actor)})
    return changes
  })
}

/** Whom a ticket is to be given to: an agent by email, nobody, or whomever the rule of its queue chooses. */
export type Assignee = {readonly agent: string} | 'nobody' | 'auto'

/** The owner of a ticket after a change. */
export interface OwnerChange {
  readonly number: number
  /** The key of its queue; null for none. */
  readonly queue: string | null
  /** The email of its owner; null for nobody. */
  readonly owner: string | null
  readonly why: string
  /** False where the owner is no member of the ticket's queue; true for nobody. */
  readonly ownerIsMember: boolean
  readonly changed: boolean
}

/**
 * Gives a ticket to somebody. An agent who is named need not be a member of its queue. Where the rule is to choose and
 * the queue has no members, the owner stays.
 * @throws 67 for a ticket or agent that is not there.
 */
export function assignTicket(
  store: Store,
  portal: PortalRow,
  number: number,
  to: Assignee,
  as: ActingAs,
): Promise<OwnerChange> {
  return change(store, portal, as, async (tx, actor) => {
    const ticket = await ownTicket(tx, portal, number)
    const members = await membersOf(tx, portal, ticket.queue_id)
    const about = {number, queue: ticket.queue_key}
    if (to === 'nobody') {
      const changed = await tickets.assignTicket(tx, ticket, null, 'by hand', actor)
      return {...about, owner: null, why: 'by hand', ownerIsMember: true, changed}
    }
    if (to === 'auto') {
      const {owner, why} = chooseAgain(members, owned(ticket), await preference(tx, portal, ticket))
      const changed = owner !== null && (await tickets.assignTicket(tx, ticket, owner, why, actor))
      return {...about, owner: owner?.email ?? ticket.owner_email, why, ownerIsMember: true, changed}
    }
    const [agent] = await requireAgents(tx, portal, [to.agent])
    const changed = await tickets.assignTicket(tx, ticket, agent!, 'by hand', actor)
    const ownerIsMember = members.some(({id}) => id === agent!.id)
    return {...about, owner: agent!.email, why: 'by hand', ownerIsMember, changed}
  })
}

/**
 * Moves a ticket to another queue. Its owner stays if a member there, else one of its members is chosen.
 * @throws 67 for a ticket or queue that is not there.
 */
export function moveTicket(
  store: Store,
  portal: PortalRow,
  number: number,
  queueKey: string,
  as: ActingAs,
): Promise<OwnerChange> {
  return change(store, portal, as, async (tx, actor) => {
    const ticket = await ownTicket(tx, portal, number)
    const queue = await requireQueue(tx, portal, queueKey)
    const changed = await tickets.moveTicket(tx, ticket, queue, actor)
    const members = await membersOf(tx, portal, queue.id)
    if (!changed) {
      const ownerIsMember = ticket.owner_id === null || members.some(({id}) => id === ticket.owner_id)
      return {number, queue: queue.key, owner: ticket.owner_email, why: 'it is there already', ownerIsMember, changed}
    }
    const {owner, why} = ownerAfterMove(members, owned(ticket), await preference(tx, portal, ticket))
    await tickets.assignTicket(tx, ticket, owner, why, actor)
    return {number, queue: queue.key, owner: owner?.email ?? null, why, ownerIsMember: true, changed}
  })
}

/** What became of a merge. */
export interface MergeChange {
  readonly number: number
  /** The ticket that it is part of now. */
  readonly into: number
  /** How many messages moved. */
  readonly messages: number
  /** False where it was part of that ticket already. */
  readonly changed: boolean
}

/**
 * Makes a ticket part of another one.
 * @throws 67 for a ticket that is not there, 64 where it cannot be: the same ticket, or one that is part of a third.
 */
export function mergeTicket(
  store: Store,
  portal: PortalRow,
  number: number,
  intoNumber: number,
  as: ActingAs,
): Promise<MergeChange> {
  return change(store, portal, as, async (tx, actor) => {
    if (number === intoNumber) throw invalidValue(`--into ${intoNumber}`, 'it is the same ticket')
    const [from, into] = [await requireTicket(tx, portal, number), await ownTicket(tx, portal, intoNumber)]
    if (from.merged_into_id === into.id) return {number, into: intoNumber, messages: 0, changed: false}
    await ownTicket(tx, portal, number)
    return {number, into: intoNumber, messages: await merging.mergeTicket(tx, from, into, actor), changed: true}
  })
}

/** @throws 67 naming every number that is no ticket, 64 for one that is part of another: what was meant is done there. */
async function ownTickets(tx: Db, portal: PortalRow, numbers: readonly number[]): Promise<NamedTicket[]> {
  const found = await requireTickets(tx, portal, numbers)
  for (const {number, merged_into_number: into} of found)
    if (into !== null)
      throw invalidValue(`ticket ${number}`, `it was merged into ticket ${into}`, [
        {text: 'Work on that one:', command: `postdesk ticket show ${into} --portal ${portal.key}`},
      ])
  return found
}

/** The ticket of that number. @throws 67 where there is none, 64 for one that is part of another. */
export const ownTicket = async (tx: Db, portal: PortalRow, number: number): Promise<NamedTicket> =>
  (await ownTickets(tx, portal, [number]))[0]!

const owned = (ticket: NamedTicket): OwnedTicket => ({ownerId: ticket.owner_id, open: ticket.status === 'open'})

async function membersOf(tx: Tx, portal: PortalRow, queueId: number | null): Promise<AgentLoad[]> {
  const agents = await tickets.agentLoads(tx, portal.id)
  return (await listMemberships(tx, portal.id))
    .filter(({queue_id: id}) => id === queueId)
    .flatMap(({agent_id: id}) => agents.get(id) ?? [])
}

/** Whether agents who are online come first: the address that the ticket came by says so. */
async function preference(tx: Tx, portal: PortalRow, ticket: NamedTicket): Promise<{onlineFirst: boolean}> {
  return {onlineFirst: (await channelsPreferringOnline(tx, portal.id)).has(ticket.channel_id)}
}

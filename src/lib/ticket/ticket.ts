/** The help desk's own things: tickets, queues, agents, and the rules that need nothing but them. */
import type {Instant} from '../clock.ts'

export const STATUSES = ['open', 'pending', 'closed'] as const
/** Open: somebody has to act. Pending: waiting for the customer. Closed: done. */
export type Status = (typeof STATUSES)[number]

/** What a new mail does to a closed ticket of the queue. */
export type ClosedPolicy =
  | {readonly kind: 'reopen'}
  | {readonly kind: 'new'}
  /** Reopened within so many days of its closing, a new ticket after. */
  | {readonly kind: 'new-after'; readonly days: number}

/** Longest period of `new-after`, in days: ten years are for ever. */
const MAX_DAYS = 3650

/** Reads `reopen`, `new` or `new-after=DAYS`; null for anything else. */
export function parseClosedPolicy(text: string): ClosedPolicy | null {
  if (text === 'reopen' || text === 'new') return {kind: text}
  const days = /^new-after=(\d{1,4})$/.exec(text)?.[1]
  return days !== undefined && Number(days) <= MAX_DAYS ? {kind: 'new-after', days: Number(days)} : null
}

/** What an agent's choice needs to know of an agent. */
export interface AgentLoad {
  readonly id: number
  readonly email: string
  readonly online: boolean
  readonly openTickets: number
  /** Null for never. */
  readonly lastAssignedAt: Instant | null
}

export interface OwnerChoice {
  readonly owner: AgentLoad | null
  readonly why: string
}

/**
 * Chooses who gets a ticket: with `onlineFirst` the online members before the others (a priority, not a filter), then
 * the one with the fewest open tickets, then the one who was given none for longest, then the first to have joined.
 */
export function chooseOwner(
  members: readonly AgentLoad[],
  {onlineFirst}: {readonly onlineFirst: boolean},
): OwnerChoice {
  if (members.length === 0) return {owner: null, why: 'the queue has no members'}
  const online = members.filter((member) => member.online)
  const candidates = onlineFirst && online.length > 0 ? online : members
  const owner = candidates.reduce((best, agent) => (isBefore(agent, best) ? agent : best))
  const load = `${owner.openTickets} open ${owner.openTickets === 1 ? 'ticket' : 'tickets'}, the least`
  if (!onlineFirst) return {owner, why: `has ${load}`}
  return {owner, why: online.length > 0 ? `is online and has ${load}` : `is offline, as all are, and has ${load}`}
}

function isBefore(a: AgentLoad, b: AgentLoad): boolean {
  if (a.openTickets !== b.openTickets) return a.openTickets < b.openTickets
  const [lastA, lastB] = [a.lastAssignedAt ?? '', b.lastAssignedAt ?? '']
  if (lastA !== lastB) return lastA < lastB
  return a.id < b.id
}

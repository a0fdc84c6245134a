/** Tickets as commands list them. */
import {requireChannel} from './channel-summary.ts'
import {requireAgents, requireQueue} from './queue.ts'
import {noSuchNumber} from './errors.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {findTicket, listTickets, type NamedTicket} from './store/tickets.ts'
import type {TicketFlag} from './ticket/flags.ts'
import type {Status} from './ticket/ticket.ts'

/** A ticket as commands show it. Times are in UTC. */
export interface TicketSummary {
  readonly number: number
  readonly subject: string
  readonly status: Status
  /** The key of its queue; null for none. */
  readonly queue: string | null
  /** The email of its owner; null for nobody. */
  readonly owner: string | null
  /** The address that it came by; null where that was removed. */
  readonly channel: string | null
  /** Who asks: the first Reply-To of its first mail, else its From. */
  readonly requester: {readonly name: string; readonly address: string}
  /** Mails and notes. */
  readonly messageCount: number
  readonly flags: readonly TicketFlag[]
  /** The ticket that it was merged into; null for one of its own. */
  readonly mergedInto: number | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** Which tickets are listed; what is left out does not matter. */
export interface TicketQuery {
  /** A key. */
  readonly queue?: string
  readonly statuses?: readonly Status[]
  /** An email; null for tickets that nobody owns. */
  readonly owner?: string | null
  /** An address, also a former one, or the local part of an internal one. */
  readonly channel?: string
  /** All of these. `unowned` is what `owner: null` says. */
  readonly flags?: readonly TicketFlag[]
  /** Tickets with a lower number. */
  readonly below?: number
  readonly limit: number
}

/** One page of tickets, the newest first. */
export interface TicketPage {
  readonly tickets: readonly TicketSummary[]
  /** What `--after` takes for the next page; null where this is the last one. */
  readonly next: string | null
}

export const summariseTicket = (row: NamedTicket): TicketSummary => ({
  number: row.number,
  subject: row.subject,
  status: row.status,
  queue: row.queue_key,
  owner: row.owner_email,
  channel: row.channel_address,
  requester: {name: row.requester_name, address: row.requester_address},
  messageCount: row.message_count,
  flags: [
    ...(row.third_party > 0 ? ['third-party' as const] : []),
    ...(row.owner_id === null && row.status === 'open' ? ['unowned' as const] : []),
    ...(row.bounced > 0 ? ['bounced' as const] : []),
  ],
  mergedInto: row.merged_into_number,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/**
 * A page of tickets. Pages follow the number, so a ticket that is added meanwhile neither repeats nor hides another.
 * @throws 67 for a queue, agent or address that is not there.
 */
export async function pageOfTickets({db}: Store, portal: PortalRow, query: TicketQuery): Promise<TicketPage> {
  const {queue, channel, statuses, below, limit, flags = []} = query
  const owner = flags.includes('unowned') ? null : query.owner
  const rows = await listTickets(db, portal.id, {
    ...(queue === undefined ? {} : {queueId: (await requireQueue(db, portal, queue)).id}),
    ...(owner === undefined
      ? {}
      : {ownerId: owner === null ? null : (await requireAgents(db, portal, [owner]))[0]!.id}),
    ...(channel === undefined ? {} : {channelId: (await requireChannel(db, portal, channel)).id}),
    ...(statuses === undefined ? {} : {statuses}),
    ...(flags.includes('third-party') ? {thirdParty: true} : {}),
    ...(flags.includes('bounced') ? {bounced: true} : {}),
    ...(below === undefined ? {} : {below}),
    limit: limit + 1, // one more than is shown tells whether there is a next page
  })
  const shown = rows.slice(0, limit)
  return {
    tickets: shown.map(summariseTicket),
    next: rows.length > limit ? String(shown.at(-1)!.number) : null,
  }
}

/** @throws 67 naming every number that is no ticket. */
export async function requireTickets(db: Db, portal: PortalRow, numbers: readonly number[]): Promise<NamedTicket[]> {
  const found: NamedTicket[] = []
  const missing: number[] = []
  for (const number of new Set(numbers)) {
    const ticket = await findTicket(db, portal.id, number)
    if (ticket) found.push(ticket)
    else missing.push(number)
  }
  if (missing.length === 0) return found
  throw noSuchNumber('ticket', missing, [
    {
      text: numbers.length > 1 ? 'Nothing was done with the others. See which there are:' : 'See which there are:',
      command: `postdesk ticket list --portal ${portal.key}`,
    },
  ])
}

/** @throws 67 where there is no such ticket. */
export async function requireTicket(db: Db, portal: PortalRow, number: number): Promise<NamedTicket> {
  return (await requireTickets(db, portal, [number]))[0]!
}

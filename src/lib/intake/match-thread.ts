/** Which ticket a mail belongs to. */
import type {Message} from '../message/message.ts'
import type {ClosedPolicy} from '../ticket/ticket.ts'
import type {Arrival, Facts, ThreadMatch, ThreadMethod, TicketFacts} from './facts.ts'

/** References looked at: the newest. A chain longer than this adds only cost, and its old end is easily forged. */
const REFERENCES_LOOKED_AT = 10

const DAY_MS = 24 * 60 * 60 * 1000

/** The ids a mail says it answers, the likeliest parent first: In-Reply-To, then References from the end (RFC 5322 3.6.4). */
export function referencedIds(message: Message): readonly string[] {
  return [...new Set([...message.inReplyTo, ...message.references.toReversed()])].slice(0, REFERENCES_LOOKED_AT)
}

/** A reference to a message of a ticket, else a message of a ticket that refers to this one, else a new ticket. */
export function matchThread(arrival: Arrival, facts: Facts): ThreadMatch {
  const rejected: {method: ThreadMethod; value: string; why: string}[] = []
  for (const {value, ticketId} of candidates(arrival.message, facts)) {
    const ticket = facts.tickets.get(ticketId)
    if (!ticket) continue
    const refused = refusal(ticket, facts)
    if (refused === null) return {method: 'reference', ticket, value, rejected, reopens: ticket.status !== 'open'}
    rejected.push({method: 'reference', value, why: refused})
  }
  return {method: 'new', ticket: null, value: null, rejected, reopens: false}
}

function* candidates(message: Message, facts: Facts): Iterable<{value: string; ticketId: number}> {
  for (const value of referencedIds(message))
    for (const known of facts.byHeaderId.get(value) ?? []) yield {value, ticketId: known.ticketId}
  if (message.messageId === null) return
  // The answer may come before the mail it answers.
  for (const child of facts.referringTo.get(message.messageId) ?? [])
    yield {value: child.headerId ?? message.messageId, ticketId: child.ticketId}
}

/** Why a closed ticket takes no more mail; null where it does. */
function refusal(ticket: TicketFacts, facts: Facts): string | null {
  if (ticket.status !== 'closed') return null
  const policy: ClosedPolicy = facts.queues.get(ticket.queueId ?? 0)?.closedPolicy ?? {kind: 'reopen'}
  switch (policy.kind) {
    case 'reopen':
      return null
    case 'new':
      return `ticket ${ticket.number} is closed, and its queue opens a new one`
    case 'new-after': {
      const age = Date.parse(facts.now) - Date.parse(ticket.closedAt ?? facts.now)
      return age <= policy.days * DAY_MS ? null : `ticket ${ticket.number} was closed more than ${policy.days} days ago`
    }
  }
}

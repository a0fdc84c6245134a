/**
 * Which ticket a mail belongs to. What only we could have written counts first: the token of a reply address, then the
 * Message-ID of one of our mails. Then what anybody could write, and so only of a participant: a reference to another mail
 * of the ticket, and the tag in a subject. The first candidates that are passed over are told, with the reason.
 */
import type {Message} from '../message/message.ts'
import {maskTokens} from '../message/mask-tokens.ts'
import {hashToken, tokenOfAddress} from '../message/token.ts'
import type {ClosedPolicy} from '../ticket/ticket.ts'
import {isFailure} from './authenticity.ts'
import type {Arrival, Facts, RejectedThread, RowId, ThreadMatch, ThreadMethod, TicketFacts, Verdict} from './facts.ts'
import {isValid, outgoingWithId} from './own-message.ts'

/** References looked at: the newest. A chain longer than this adds only cost, and its old end is easily forged. */
const REFERENCES_LOOKED_AT = 10

/** Tags of one subject that are looked at: a real one has one, or that of another help desk beside it. */
const TAGS_LOOKED_AT = 3

/** Candidates that are told why they were passed over: thousands of mails may carry one id, and all of them be strangers'. */
const REJECTED_TOLD = 10

/** Characters of a sender that are told: no address has more (RFC 5321 4.5.3.1.3). */
const SENDER_SHOWN = 254

const DAY_MS = 24 * 60 * 60 * 1000

/** The ids a mail says it answers, the likeliest parent first: In-Reply-To, then References from the end (RFC 5322 3.6.4). */
export function referencedIds(message: Message): readonly string[] {
  return [...new Set([...message.inReplyTo, ...message.references.toReversed()])].slice(0, REFERENCES_LOOKED_AT)
}

/** The ids of mails that a mail reports on, or answers. */
export function answeredIds(message: Message): readonly string[] {
  const returned = message.report?.original.messageId
  return [...(returned ? [returned] : []), ...referencedIds(message)]
}

/** Fields that name the address that a mail was sent to, as it left the sender or as a server wrote it down. */
const ADDRESS_FIELDS = new Set([
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'x-envelope-to',
  'x-forwarded-to',
  'x-forwarded-for',
])

/**
 * The addresses with a token that a mail was sent to, those of the envelope first. Never from its text: a forwarded copy
 * carries the text along.
 */
export function addressesWithTokens({message, envelope}: Pick<Arrival, 'message' | 'envelope'>): readonly string[] {
  const named = [
    ...(envelope?.recipients ?? []),
    ...message.fields.flatMap(({name, value}) => (ADDRESS_FIELDS.has(name) ? value.split(/[\s,<>]+/) : [])),
    ...[...message.to, ...message.cc].map(({address}) => address),
  ]
  return [...new Set(named)].filter((address) => tokenOfAddress(address) !== null)
}

/** The numbers of tickets that a subject names: `[#12]`, or `[#acme-12]` with the portal's key. */
export function taggedNumbers(subject: string, portalKey: string): readonly number[] {
  const numbers: number[] = []
  for (const [, key, number] of subject.matchAll(/\[#(?:([a-z0-9][a-z0-9-]*)-)?(\d{1,9})\]/gi))
    if ((key === undefined || key.toLowerCase() === portalKey) && numbers.length < TAGS_LOOKED_AT)
      numbers.push(Number(number))
  return numbers
}

interface Candidate {
  readonly method: ThreadMethod
  /** What points to the ticket, tokens masked. */
  readonly value: string
  readonly ticketId: RowId
  /** True for what only we could have written: it joins whoever sends it. */
  readonly unguessable: boolean
  /** The outgoing message that is meant; null for any other. */
  readonly messageId: RowId | null
  /** Why it opens nothing, whoever sends it. */
  readonly refused?: string
}

/** Who sends a mail, for the tickets that it points to. */
export const senderOf = (message: Message): string => message.from[0]?.address.toLowerCase() ?? ''

export function matchThread(arrival: Arrival, verdict: Verdict, facts: Facts): ThreadMatch {
  const rejected: RejectedThread[] = []
  // What reports on a mail of ours belongs where that mail is, whoever reports, and whatever became of the ticket.
  const isReport = verdict.kind === 'bounce' || verdict.kind === 'report'
  const sender = senderOf(arrival.message)
  const takesPart = (ticketId: RowId) => !isFailure(arrival) && facts.participants.get(ticketId)?.has(sender) === true
  for (const candidate of candidates(arrival, verdict, facts)) {
    const {method, value, ticketId, unguessable, messageId} = candidate
    const ticket = facts.tickets.get(ticketId)
    if (!ticket) continue
    const reported = isReport && messageId !== null
    const refused =
      candidate.refused ??
      (reported ? null : unguessable || takesPart(ticketId) ? null : strangers(arrival, ticket)) ??
      // An out-of-office note would open a ticket each time a closed one is answered.
      (reported || verdict.kind === 'auto-reply' ? null : refusal(ticket, facts))
    if (refused !== null) {
      if (rejected.length < REJECTED_TOLD) rejected.push({method, value, why: refused})
      continue
    }
    const thirdParty = !reported && !takesPart(ticketId)
    const speaks = !thirdParty && (verdict.kind === 'human' || verdict.kind === 'bulk')
    return {
      method,
      ticket,
      value,
      rejected,
      reopens: speaks && ticket.status !== 'open',
      thirdParty,
      reported: reported ? {messageId} : null,
    }
  }
  return {method: 'new', ticket: null, value: null, rejected, reopens: false, thirdParty: false, reported: null}
}

/** Why a stranger does not join by what anybody can write. */
function strangers(arrival: Arrival, {number}: TicketFacts): string {
  const sender = senderOf(arrival.message).slice(0, SENDER_SHOWN).toWellFormed()
  if (isFailure(arrival)) return `the mail is not proved to be of ${sender || 'its sender'}`
  return `${sender || 'the sender'} is no participant of ticket ${number ?? '(new)'}`
}

function* candidates(arrival: Arrival, verdict: Verdict, facts: Facts): Iterable<Candidate> {
  const {message} = arrival
  for (const address of addressesWithTokens(arrival)) {
    const {kind, token} = tokenOfAddress(address)!
    const known = facts.tokens.get(hashToken(token))
    // Each kind is a token of its own: who has seen a return path cannot make a reply address of it.
    if (known === undefined || known.kind !== (kind === 'b' ? 'return-path' : 'reply')) continue
    const found = {
      method: 'reply-token' as const,
      value: maskTokens(address),
      ticketId: known.ticketId,
      unguessable: true,
      messageId: known.messageId,
    }
    if (!isValid(known, facts)) yield {...found, refused: 'the token has expired'}
    else if (kind === 'b' && verdict.kind !== 'bounce' && verdict.kind !== 'report')
      yield {...found, refused: 'it is the return path of our mail, which takes bounces alone'}
    else yield found
  }
  // An id of ours as the id of another's mail: programs do that to the mail they answer.
  for (const id of new Set([...answeredIds(message), ...(message.messageId === null ? [] : [message.messageId])])) {
    const outgoing = outgoingWithId(id, facts)
    if (outgoing !== null)
      yield {
        method: 'own-message-id',
        value: maskTokens(id),
        ticketId: outgoing.ticketId,
        unguessable: true,
        messageId: outgoing.id,
      }
  }
  const byAnybody = {unguessable: false, messageId: null}
  for (const value of referencedIds(message))
    for (const known of facts.byHeaderId.get(value) ?? [])
      if (known.direction === 'in') yield {...byAnybody, method: 'reference', value, ticketId: known.ticketId}
  // The answer may come before the mail it answers.
  if (message.messageId !== null)
    for (const child of facts.referringTo.get(message.messageId) ?? [])
      yield {...byAnybody, method: 'reference', value: child.headerId ?? message.messageId, ticketId: child.ticketId}
  for (const number of taggedNumbers(message.subject, facts.portal.key)) {
    const ticketId = facts.ticketsByNumber.get(number)
    if (ticketId !== undefined) yield {...byAnybody, method: 'subject-tag', value: `[#${number}]`, ticketId}
  }
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

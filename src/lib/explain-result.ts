/** What would become of a mail, as it is told: the one mapping of what was read and decided to the JSON of the command. */
import {referencedIds, matchThread} from './intake/match-thread.ts'
import type {Arrival, Decision, Facts, RowId, ThreadMatch, ThreadMethod, TicketFacts, Verdict} from './intake/facts.ts'
import type {
  Address,
  Attachment,
  AttachmentFacts,
  BouncedRecipient,
  BounceReason,
  Body,
  Message,
  ParsedMessage,
  ReportAction,
} from './message/message.ts'

/** What would become of a mail, and why. Texts are as sent: whoever shows them makes them safe. */
export interface Explanation {
  /** The path as given, or as found in a directory; with `#N` for the N-th message of a mailbox file, from 1. */
  readonly source: string
  readonly message: ExplainedMessage
  readonly verdict: ExplainedVerdict
  /** The address of the portal that it is for; null where none is. */
  readonly recipientMatch: ExplainedRecipient | null
  readonly thread: ExplainedThread
  readonly route: ExplainedRoute
  /** Who would be the requester of the new ticket; null where it joins one. An agent who forwarded it is `forwardedBy`. */
  readonly requester: (Address & {readonly forwardedBy?: string}) | null
  readonly autoReply: ExplainedAutoReply
  /** Why it would wait in the quarantine; null where it would not. */
  readonly quarantine: {readonly reason: string; readonly why: string} | null
  /** The mail is here already, or came before in this run, and nothing would be done; else null. */
  readonly duplicate: {readonly ticket: number | null; readonly why: string} | null
}

/** What the mail says. */
export interface ExplainedMessage
  extends
    Body,
    Pick<
      Message,
      'messageId' | 'subject' | 'from' | 'to' | 'cc' | 'replyTo' | 'date' | 'security' | 'invitation' | 'defects'
    > {
  readonly attachments: readonly AttachmentFacts[]
}

/** What kind of mail it is. */
export interface ExplainedVerdict {
  readonly kind: 'human' | 'auto-reply' | 'bulk' | 'bounce' | 'report' | 'loop' | 'own'
  readonly reason: string
  /** The header field that decided it, where one did. */
  readonly header?: string
  /** For a bounce: what it says of the first recipient it names. */
  readonly bounce?: ExplainedBounce
  /** For a bounce: all recipients that it names. */
  readonly bounces?: readonly ExplainedBounce[]
}

export interface ExplainedBounce {
  readonly recipient: string
  /** The enhanced status code (RFC 3463). */
  readonly status: string | null
  readonly action: ReportAction
  readonly reason: BounceReason
  /** True where trying again cannot help. */
  readonly permanent: boolean
}

export interface ExplainedRecipient {
  /** The channel's address. */
  readonly channel: string
  /** The address that the mail names. */
  readonly address: string
  /** `envelope`, or the field that it stands in, in lower case. */
  readonly header: string
}

/** The ticket that it belongs to. */
export interface ExplainedThread {
  readonly method: ThreadMethod
  /** Null for a new one, and for one that this run would open. */
  readonly ticket: number | null
  /** The mail of this run that would open the ticket; null for a ticket of the store and for a new one. */
  readonly openedBy: string | null
  /** What joined it to the ticket; null for a new one. */
  readonly value: string | null
  /** True where the ticket is not open, and would be opened again. */
  readonly reopens: boolean
  /** True where its sender is no participant of the ticket: the mail is shown there, and changes nothing else. */
  readonly thirdParty: boolean
  /** The ids that were looked for, the likeliest parent first. */
  readonly references: readonly string[]
  /** What pointed to a ticket that takes no such mail. */
  readonly rejected: ThreadMatch['rejected']
}

export interface ExplainedRoute {
  /** The key of the queue. */
  readonly queue: string | null
  /** The email of the agent. */
  readonly owner: string | null
  readonly why: string
}

export interface ExplainedAutoReply {
  readonly send: boolean
  readonly why: string
}

/** What was decided, without what the mail says. */
export type ExplainedDecision = Omit<Explanation, 'source' | 'message'>

/** What a mail of this run opened. */
export interface OpenedTicket {
  readonly source: string
  readonly owner: string | null
}

export function explainMessage({message, body}: ParsedMessage): ExplainedMessage {
  return {
    messageId: message.messageId,
    subject: message.subject,
    from: message.from,
    to: message.to,
    cc: message.cc,
    replyTo: message.replyTo,
    date: message.date,
    text: body.text,
    replyText: body.replyText,
    quotedText: body.quotedText,
    signature: body.signature,
    security: message.security,
    invitation: message.invitation,
    html: body.html,
    attachments: message.attachments.map(withoutPlace),
    defects: message.defects,
  }
}

const withoutPlace = ({
  part,
  filename,
  contentType,
  size,
  sha256,
  contentId,
  inline,
  role,
}: Attachment): AttachmentFacts => ({
  part,
  filename,
  contentType,
  size,
  sha256,
  contentId,
  inline,
  role,
})

/** `facts` as `learn` left them; `opened` are the tickets that this run would open, by their planned ids. */
export function explainDecision(
  arrival: Arrival,
  decision: Decision,
  facts: Facts,
  opened: ReadonlyMap<RowId, OpenedTicket>,
): ExplainedDecision {
  const {recipient} = decision
  return {
    verdict: verdictOf(decision.verdict),
    recipientMatch: recipient && {
      channel: recipient.channel.address,
      address: recipient.address,
      header: recipient.header,
    },
    thread: threadOf(arrival, decision, facts, opened),
    route: routeOf(decision, facts, opened),
    requester: requesterOf(decision),
    autoReply: autoReplyOf(decision),
    quarantine: decision.kind === 'quarantine' ? {reason: decision.reason, why: decision.why} : null,
    duplicate:
      decision.kind === 'duplicate'
        ? {ticket: facts.tickets.get(decision.of.ticketId)?.number ?? null, why: decision.why}
        : null,
  }
}

function verdictOf({kind, reason, header, bounces}: Verdict): ExplainedVerdict {
  const told = bounces.map(explainBounce)
  return {
    kind,
    reason,
    ...(header === null ? {} : {header}),
    ...(told[0] === undefined ? {} : {bounce: told[0], bounces: told}),
  }
}

const explainBounce = ({recipient, status, action, reason, permanent}: BouncedRecipient): ExplainedBounce => ({
  recipient,
  status,
  action,
  reason,
  permanent,
})

function threadOf(
  arrival: Arrival,
  decision: Decision,
  facts: Facts,
  opened: ReadonlyMap<RowId, OpenedTicket>,
): ExplainedThread {
  const references = referencedIds(arrival.message)
  if (decision.kind === 'duplicate') {
    const ticket = facts.tickets.get(decision.of.ticketId) ?? null
    return {
      method: decision.verdict.kind === 'own' ? 'own-message-id' : 'reference',
      ...placeOf(ticket, opened),
      value: arrival.message.messageId,
      reopens: false,
      thirdParty: false,
      references,
      rejected: [],
    }
  }
  if (decision.kind === 'probe')
    return {
      method: 'new',
      ...placeOf(null, opened),
      value: null,
      reopens: false,
      thirdParty: false,
      references,
      rejected: [],
    }
  // A mail that waits in the quarantine is in no ticket yet, and is told where it would go.
  const {method, ticket, value, reopens, thirdParty, rejected} =
    decision.kind === 'accept' ? decision.thread : matchThread(arrival, decision.verdict, facts)
  return {method, ...placeOf(ticket, opened), value, reopens, thirdParty, references, rejected}
}

const placeOf = (ticket: TicketFacts | null, opened: ReadonlyMap<RowId, OpenedTicket>) => ({
  ticket: ticket?.number ?? null,
  openedBy: ticket === null ? null : (opened.get(ticket.id)?.source ?? null),
})

function requesterOf(decision: Decision): Explanation['requester'] {
  if (decision.kind !== 'accept' || decision.thread.ticket !== null) return null
  const {requester, forwardedBy} = decision
  return {...requester, ...(forwardedBy === null ? {} : {forwardedBy})}
}

const autoReplyOf = (decision: Decision): ExplainedAutoReply =>
  decision.kind === 'accept'
    ? {send: decision.autoReply.send, why: decision.autoReply.why}
    : {send: false, why: UNANSWERED[decision.kind]}

const UNANSWERED = {
  duplicate: 'the mail is here already',
  probe: 'it is a probe',
  quarantine: 'it waits in the quarantine',
} as const

function routeOf(decision: Decision, facts: Facts, opened: ReadonlyMap<RowId, OpenedTicket>): ExplainedRoute {
  const keyOf = (queueId: RowId | null | undefined) => facts.queues.get(queueId ?? 0)?.key ?? null
  if (decision.kind === 'probe') return {queue: null, owner: null, why: 'a probe opens no ticket'}
  if (decision.kind === 'quarantine') return {queue: null, owner: null, why: 'it waits in the quarantine'}
  const ticket = decision.kind === 'duplicate' ? facts.tickets.get(decision.of.ticketId) : decision.thread.ticket
  if (decision.kind === 'accept' && decision.route !== null) {
    const {queueId, owner, why} = decision.route
    return {queue: keyOf(queueId), owner: owner?.email ?? null, why}
  }
  const known = ticket && opened.get(ticket.id)
  const why = known ? `as ${known.source}, which opens the ticket` : `ticket ${ticket?.number ?? '?'} stays where it is`
  const owner = known?.owner ?? facts.agents.get(ticket?.ownerId ?? 0)?.email ?? null
  return {queue: keyOf(ticket?.queueId), owner, why}
}

/**
 * Whether a mail is answered automatically. Everything has to hold: a program that answers one mail too many makes a loop
 * or becomes the tool of somebody who forges senders; one that stays silent loses a courtesy (RFC 3834 2).
 */
import {automaticSign, automaticSubject, bulkSign, isMachineAddress, suppressesAnswers} from '../message/automatic.ts'
import type {Address} from '../message/message.ts'
import {isMalformed} from './authenticity.ts'
import type {
  Arrival,
  AutoReplyDecision,
  AutoReplyWay,
  ChannelFacts,
  Facts,
  RecipientMatch,
  RowId,
  ThreadMatch,
  Verdict,
} from './facts.ts'
import {isOwnAddress} from './match-recipient.ts'

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** An answer to what is older would come as a surprise: the mail waited in a mailbox, not in our queue. */
const MAX_AGE_MS = 3 * DAY_MS

/** One person: at most one answer in so long, and so many in a day (RFC 3834 2: once in a period). */
const SENDER_PAUSE_MS = 30 * MINUTE_MS
const SENDER_PER_DAY = 3

/** One domain in an hour: a company that writes more at once is a machine. */
const DOMAIN_PER_HOUR = 20

/** The whole portal in an hour: more is a flood, whoever writes. */
export const PORTAL_PER_HOUR = 100

/**
 * An address without what the same person can vary: `Jane.Doe+x@Example.com` counts as `janedoe@example.com`. Only for
 * counting: elsewhere these are different people.
 */
export function budgetAddress(address: string): string {
  const at = Math.max(0, address.lastIndexOf('@'))
  const local = address.slice(0, at)
  const plus = local.indexOf('+')
  const base = plus === -1 ? local : local.slice(0, plus)
  return `${base.replaceAll('.', '')}${address.slice(at)}`.toLowerCase()
}

/** The domain of an address, in lower case. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

/** What the decision hangs on beside the mail and the facts. */
export interface AutoReplyQuestion {
  readonly verdict: Verdict
  readonly recipient: RecipientMatch
  readonly thread: ThreadMatch
  readonly requester: Address
  /** The agent who forwarded it; null where the requester wrote himself. */
  readonly forwardedBy: string | null
}

export function considerAutoReply(arrival: Arrival, question: AutoReplyQuestion, facts: Facts): AutoReplyDecision {
  const refused = refusal(arrival, question, facts)
  if (refused !== null) return {send: false, why: refused, by: null}
  const {address} = question.requester
  const why = `the first mail of ${address} in this matter, by a person, to ${question.recipient.address}`
  const by = wayOf(question.recipient, facts)
  return typeof by === 'string' ? {send: true, why: `${why}; it cannot leave: ${by}`, by: null} : {send: true, why, by}
}

/**
 * How the answer leaves. By the SMTP address that the mail was forwarded for; else by the relay: in the name of the internal
 * address where the relay takes any sender, in that of its channel where it is one. In words where there is no way.
 */
function wayOf({channel}: RecipientMatch, facts: Facts): AutoReplyWay | string {
  if (channel.kind !== 'internal') return {account: channel, from: channel, replyTo: null}
  const {relay} = facts.portal
  if (relay === null) return 'the portal has no relay'
  if (relay.kind === 'smtp') return {account: null, from: channel, replyTo: null}
  const account = channelWithId(relay.channelId, facts)
  return account === undefined ? 'the address that is the relay is gone' : {account, from: account, replyTo: channel}
}

const channelWithId = (id: RowId, {channels}: Facts): ChannelFacts | undefined =>
  [...channels.values()].find((channel) => channel.id === id)

function refusal(arrival: Arrival, question: AutoReplyQuestion, facts: Facts): string | null {
  const {verdict, recipient, thread, requester} = question
  const {message} = arrival
  const {channel, internal} = recipient
  if (!(channel.autoReply ?? internal?.autoReply ?? false)) return `${channel.address} has no automatic reply`
  if (verdict.kind !== 'human') return `not a person's mail (${verdict.kind}): ${verdict.reason}`
  if (thread.ticket !== null) return 'only the first mail of a ticket is answered'
  if (question.forwardedBy !== null) return `${question.forwardedBy} forwarded it; its writer did not write to us`
  const age = ageOf(arrival, facts)
  if (age > MAX_AGE_MS) return 'it is older than three days'
  const {replacedAt} = arrival.source
  if (replacedAt !== null && arrival.receivedAt < replacedAt)
    return 'it came before this inbound took the place of another'
  return refusedSender(arrival, requester, facts) ?? notToUs(message, facts) ?? overBudget(requester.address, facts)
}

/** Milliseconds since it was written or taken by the mail store, whichever is longer ago. */
function ageOf({message, receivedAt}: Arrival, facts: Facts): number {
  const times = [receivedAt, ...(message.date === null ? [] : [message.date])].map((time) => Date.parse(time))
  return Date.parse(facts.now) - Math.min(...times)
}

/** True where the domains are the same, or one is a part of the other: `mail.example.com` and `example.com`. */
function areOfOneDomain(one: string, other: string): boolean {
  const [a, b] = [domainOf(one), domainOf(other)]
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`)
}

function refusedSender(arrival: Arrival, {address}: Address, facts: Facts): string | null {
  const {message} = arrival
  if (address === '') return 'it has no sender'
  if (!canBeWrittenTo(address)) return 'its sender has no address that a mail can be sent to'
  if (isOwnAddress(address, facts)) return `${address} is an address of this portal`
  for (const sender of [address, ...message.from.map((from) => from.address)])
    if (isMachineAddress(sender)) return `nobody reads ${sender}`
  if (isMalformed(arrival)) return 'its header names several senders, ids or subjects'
  // Whoever writes the victim's address into Reply-To would have us write to it.
  if (!message.from.some((from) => areOfOneDomain(from.address, address)))
    return `the answer would go to ${address}, of another domain than its sender`
  if (arrival.authentication?.dmarc === 'fail') return `it is not of its sender: ${arrival.authentication.why}`
  const suppressed = suppressesAnswers(message)
  if (suppressed !== null) return `it asks for no answer (${suppressed.why})`
  const words = automaticSubject(message)
  return words === null ? null : `its subject begins with "${words}", as out-of-office assistants write`
}

/** Octets of an address that a server takes (RFC 5321 4.5.3.1.3). A longer one would not fit the index of the budgets either. */
const MAX_ADDRESS_BYTES = 254

/** Without the odd forms of RFC 5322 that exist on paper alone: an answer that is not sent is no loss. */
const canBeWrittenTo = (address: string): boolean =>
  Buffer.byteLength(address) <= MAX_ADDRESS_BYTES && /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u.test(address)

/** RFC 3834 2: a responder answers only what names its address; a hidden recipient does not want to be known. */
function notToUs({to, cc}: Arrival['message'], facts: Facts): string | null {
  return [...to, ...cc].some(({address}) => isOwnAddress(address, facts)) ? null : 'To and Cc do not name our address'
}

function overBudget(address: string, facts: Facts): string | null {
  const now = Date.parse(facts.now)
  const within = (times: readonly string[] | undefined, ms: number) =>
    (times ?? []).filter((time) => now - Date.parse(time) < ms).length
  const {bySender, byDomain, portalLastHour} = facts.autoReplies
  const answers = bySender.get(budgetAddress(address))
  if (within(answers, SENDER_PAUSE_MS) > 0) return 'the same sender was answered within the last 30 minutes'
  if (within(answers, DAY_MS) >= SENDER_PER_DAY) return `the same sender was answered ${SENDER_PER_DAY} times today`
  if (within(byDomain.get(domainOf(address)), HOUR_MS) >= DOMAIN_PER_HOUR)
    return `its domain was answered ${DOMAIN_PER_HOUR} times in the last hour`
  if (portalLastHour >= PORTAL_PER_HOUR) return `the portal has answered ${PORTAL_PER_HOUR} mails in the last hour`
  return null
}

/** Counts an answer that was decided on, for the mails after it. */
export function countAutoReply(facts: Facts, address: string): void {
  const {autoReplies, now} = facts
  const sender = budgetAddress(address)
  const domain = domainOf(address)
  autoReplies.bySender.set(sender, [...(autoReplies.bySender.get(sender) ?? []), now])
  autoReplies.byDomain.set(domain, [...(autoReplies.byDomain.get(domain) ?? []), now])
  autoReplies.portalLastHour++
}

/**
 * Whether the authenticity of a mail is worth questions to the DNS: only that of what may be answered, of a probe, whose way is
 * tested, and of a mail that asks an admin to open a link. By the mail alone,
 * before the store is asked. For all others the word of the trusted server has to do, which costs nothing.
 */
export function needsAuthentication({message, receivedAt}: Arrival, now: string): boolean {
  if (message.report === null && (message.probe !== null || message.confirmation !== null)) return true
  if (message.report !== null || automaticSign(message) !== null || bulkSign(message) !== null) return false
  const times = [receivedAt, ...(message.date === null ? [] : [message.date])].map((time) => Date.parse(time))
  return Date.parse(now) - Math.min(...times) <= MAX_AGE_MS
}

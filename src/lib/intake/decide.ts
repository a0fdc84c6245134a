/**
 * What becomes of a mail, decided whole before anything is written: the address it is for, what kind of mail it is,
 * whether it is here already, the ticket it belongs to, the queue and the agent, whether it is answered automatically. Each
 * step stands in a file of its own.
 */
import {baseSubject} from '../message/base-subject.ts'
import {asksToConfirm} from './asks-to-confirm.ts'
import {isFailure} from './authenticity.ts'
import {considerAutoReply, countAutoReply} from './auto-reply.ts'
import type {Arrival, Decision, Facts, KnownMessage, QuarantineReason, RecipientMatch, Verdict} from './facts.ts'
import {judge} from './judge.ts'
import {matchDuplicate, reusedId} from './match-duplicate.ts'
import {matchProbe, probeReason, sightingOf} from './match-probe.ts'
import {matchRecipient, switchedOff} from './match-recipient.ts'
import {matchThread, referencedIds} from './match-thread.ts'
import {ownMessage} from './own-message.ts'
import {addedParticipants, forwardedByAgent, requesterOf} from './participants.ts'
import {route} from './route.ts'

export function decide(arrival: Arrival, facts: Facts): Decision {
  const matched = matchRecipient(arrival, facts)
  const {match: recipient, ...unmatched} = matched
  const verdict = judge(arrival, recipient, facts)
  const judged = {verdict, recipient}
  const probe = matchProbe(arrival, facts)
  if (probe !== null)
    return {
      ...judged,
      kind: 'probe',
      probe: probe.probe,
      sighting: sightingOf(arrival, probe, matched),
      why: `probe: ${probeReason(probe)}`,
    }
  const subject = baseSubject(arrival.message.subject)
  const own = ownMessage(arrival, facts)
  if (own) return {...judged, kind: 'duplicate', of: own, why: verdict.reason}
  const duplicate = matchDuplicate(arrival, subject, facts)
  if (duplicate) return {...judged, kind: 'duplicate', ...duplicate}
  const kept = keptOut(arrival, verdict, recipient, 'why' in unmatched ? unmatched.why : '', facts)
  if (kept !== null || recipient === null) return {...judged, kind: 'quarantine', ...kept!}

  const thread = matchThread(arrival, verdict, facts)
  const routed = thread.ticket === null ? route(recipient, facts) : null
  if (routed !== null && routed.queueId === null)
    return {...judged, kind: 'quarantine', reason: 'needs-queue', why: `${recipient.channel.address} has no queue`}
  const forward = thread.ticket === null ? forwardedByAgent(arrival, facts) : null
  const requester = forward?.from ?? requesterOf(arrival, facts)
  const forwardedBy = forward?.agent ?? null
  return {
    ...judged,
    kind: 'accept',
    recipient,
    thread,
    route: routed,
    requester,
    forwardedBy,
    participants: addedParticipants(arrival, verdict, thread, requester, facts),
    autoReply: considerAutoReply(arrival, {verdict, recipient, thread, requester, forwardedBy}, facts),
    reusesIdOf: reusedId(arrival, facts),
    baseSubject: subject,
  }
}

/** Why a mail waits in the quarantine; null where it does not. */
function keptOut(
  arrival: Arrival,
  verdict: Verdict,
  recipient: RecipientMatch | null,
  unmatched: string,
  facts: Facts,
): {readonly reason: QuarantineReason; readonly why: string} | null {
  const {message} = arrival
  const failed = message.defects.find(({code}) => code === 'parse-failed')
  if (failed) return {reason: 'parse-failed', why: failed.detail}
  if (verdict.kind === 'loop') return {reason: 'loop', why: verdict.reason}
  if (!recipient) return {reason: 'unknown-recipient', why: unmatched}
  const asked = asksToConfirm(arrival, recipient, facts)
  if (asked !== null) return {reason: 'forwarding-confirmation', why: asked}
  const inactive = switchedOff(recipient)
  return inactive ? {reason: 'channel-inactive', why: `${inactive.address} is switched off`} : null
}

/**
 * Adds a decision to the facts, under planned (negative) ids, so that the next mail of the batch is decided as if this
 * one were committed.
 */
export function learn(
  facts: Facts,
  arrival: Arrival,
  decision: Decision,
  planned: {ticketId: number; messageId: number},
): void {
  if (decision.kind !== 'accept') return
  const {message} = arrival
  const {thread} = decision
  const joined = thread.ticket
  const ticketId = joined?.id ?? planned.ticketId
  if (joined === null || thread.reopens)
    facts.tickets.set(ticketId, {
      id: ticketId,
      number: joined?.number ?? null,
      status: 'open',
      closedAt: null,
      queueId: joined ? joined.queueId : (decision.route?.queueId ?? null),
      channelId: joined ? joined.channelId : decision.recipient.channel.id,
      ownerId: joined ? joined.ownerId : (decision.route?.owner?.id ?? null),
    })
  // A ticket that is opened again is work for its owner as well; it was not given to him now.
  const again = joined === null || !thread.reopens ? undefined : facts.agents.get(joined.ownerId ?? 0)
  if (again) facts.agents.set(again.id, {...again, openTickets: again.openTickets + 1})
  const owner = decision.route?.owner
  if (owner) facts.agents.set(owner.id, {...owner, openTickets: owner.openTickets + 1, lastAssignedAt: facts.now})
  const participants = facts.participants.get(ticketId) ?? new Set()
  for (const address of decision.participants) participants.add(address)
  facts.participants.set(ticketId, participants)
  if (decision.autoReply.send) countAutoReply(facts, decision.requester.address)
  const known: KnownMessage = {
    id: planned.messageId,
    ticketId,
    direction: 'in',
    headerId: message.messageId,
    fingerprint: message.fingerprint,
    sourceId: arrival.source.id,
    sourceEpoch: arrival.item.epoch,
    envelope: arrival.envelope,
    fromAddress: message.from[0]?.address ?? '',
    forged: isFailure(arrival),
    baseSubject: decision.baseSubject,
    date: message.date,
    receivedAt: arrival.receivedAt,
  }
  if (!facts.byFingerprint.has(message.fingerprint)) facts.byFingerprint.set(message.fingerprint, known)
  if (message.messageId !== null) push(facts.byHeaderId, message.messageId, known)
  for (const id of referencedIds(message)) push(facts.referringTo, id, known)
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/**
 * What becomes of a mail, decided whole before anything is written: the address it is for, whether it is here already,
 * the ticket it belongs to, the queue and the agent. Each step stands in a file of its own.
 */
import {baseSubject} from '../message/base-subject.ts'
import type {Arrival, Decision, Facts, KnownMessage} from './facts.ts'
import {matchDuplicate} from './match-duplicate.ts'
import {matchLoop} from './match-loop.ts'
import {matchRecipient} from './match-recipient.ts'
import {matchThread, referencedIds} from './match-thread.ts'
import {route} from './route.ts'

export function decide(arrival: Arrival, facts: Facts): Decision {
  const {match: recipient, ...unmatched} = matchRecipient(arrival, facts)
  const subject = baseSubject(arrival.message.subject)
  const duplicate = matchDuplicate(arrival, subject, facts)
  if (duplicate) return {kind: 'duplicate', ...duplicate, recipient}
  const failed = arrival.message.defects.find(({code}) => code === 'parse-failed')
  if (failed) return {kind: 'quarantine', reason: 'parse-failed', why: failed.detail, recipient}
  const loop = matchLoop(arrival.message, recipient)
  if (loop !== null) return {kind: 'quarantine', reason: 'loop', why: loop, recipient}
  if (!recipient)
    return {kind: 'quarantine', reason: 'unknown-recipient', why: 'why' in unmatched ? unmatched.why : '', recipient}
  if (!recipient.channel.active)
    return {
      kind: 'quarantine',
      reason: 'channel-inactive',
      why: `${recipient.channel.address} is switched off`,
      recipient,
    }
  const thread = matchThread(arrival, facts)
  return {
    kind: 'accept',
    recipient,
    thread,
    route: thread.ticket === null ? route(recipient.channel, facts) : null,
    baseSubject: subject,
  }
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
  const joined = decision.thread.ticket
  const ticketId = joined?.id ?? planned.ticketId
  facts.tickets.set(ticketId, {
    id: ticketId,
    number: joined?.number ?? null,
    status: 'open',
    closedAt: null,
    queueId: joined ? joined.queueId : (decision.route?.queueId ?? null),
  })
  const owner = decision.route?.owner
  if (owner) facts.agents.set(owner.id, {...owner, openTickets: owner.openTickets + 1, lastAssignedAt: facts.now})
  const known: KnownMessage = {
    id: planned.messageId,
    ticketId,
    headerId: message.messageId,
    fingerprint: message.fingerprint,
    sourceId: arrival.source.id,
    sourceEpoch: arrival.item.epoch,
    envelope: arrival.envelope,
    fromAddress: message.from[0]?.address ?? '',
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

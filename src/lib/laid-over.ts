/** Decisions that are taken and not committed, laid over what the store says: a mail sees the ones before it all the same. */
import type {Facts, RowId} from './intake/facts.ts'
import {answeredIds} from './intake/match-thread.ts'
import type {Message} from './message/message.ts'

/**
 * The tickets of the store that mails lead to by what a run has decided so far: the mail that they answer is in no store
 * yet, and so its facts do not name them.
 */
export function ticketsDecidedOn(decided: Facts | null, messages: readonly Message[]): readonly RowId[] {
  if (decided === null) return []
  const known = messages.flatMap((message) => [
    ...answeredIds(message).flatMap((id) => decided.byHeaderId.get(id) ?? []),
    ...(message.messageId === null ? [] : (decided.referringTo.get(message.messageId) ?? [])),
  ])
  // A negative one is only planned.
  return [...new Set(known.map(({ticketId}) => ticketId))].filter((id) => id > 0)
}

/**
 * What a run has decided so far, laid over the facts that were read for its next messages. What `learn` adds to is
 * that of `decided`.
 */
export function layOver(decided: Facts | null, stored: Facts): Facts {
  if (decided === null) return stored
  for (const [id, ticket] of stored.tickets) if (!decided.tickets.has(id)) decided.tickets.set(id, ticket)
  for (const [key, known] of stored.byFingerprint)
    if (!decided.byFingerprint.has(key)) decided.byFingerprint.set(key, known)
  for (const name of ['byHeaderId', 'referringTo'] as const)
    for (const [key, list] of stored[name]) {
      const known = decided[name].get(key) ?? []
      // What is stored came before what this run has decided, and may have been asked for before.
      const others = list.filter(({id}) => known.every((message) => message.id !== id))
      decided[name].set(key, [...others, ...known])
    }
  for (const [ticketId, addresses] of stored.participants)
    decided.participants.set(ticketId, new Set([...addresses, ...(decided.participants.get(ticketId) ?? [])]))
  for (const name of ['bySender', 'byDomain'] as const)
    for (const [key, times] of stored.autoReplies[name])
      if (!decided.autoReplies[name].has(key)) decided.autoReplies[name].set(key, times)
  return {...decided, tokens: stored.tokens, probes: stored.probes, ticketsByNumber: stored.ticketsByNumber}
}

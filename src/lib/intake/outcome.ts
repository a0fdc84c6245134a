/** A decision as it is told: what became of a mail, and why. */
import type {ItemKey, Outcome} from '../channel/delivery.ts'
import type {Arrival, Decision, QuarantineReason} from './facts.ts'

/** `ticket` is the public number, null where there is none or not yet. */
export function outcomeOf(arrival: Arrival, decision: Decision, ticket: number | null): Outcome {
  const about = {
    item: arrival.item,
    ticket,
    address: decision.recipient?.channel.address ?? null,
    bytes: arrival.message.size,
  }
  switch (decision.kind) {
    case 'duplicate':
      return {...about, kind: 'duplicate', reason: decision.why}
    case 'probe':
      return {...about, kind: 'skipped', reason: decision.why}
    case 'quarantine':
      return {...about, kind: 'quarantined', reason: `${decision.reason}: ${decision.why}`}
    case 'accept':
      return decision.thread.ticket === null
        ? {...about, kind: 'created', reason: decision.route?.why ?? ''}
        : {...about, kind: 'appended', reason: appendedBecause(decision)}
  }
}

function appendedBecause({thread, verdict}: Extract<Decision, {kind: 'accept'}>): string {
  if (thread.reported !== null) return `reports on ${thread.value}`
  const answers = `${verdict.kind === 'human' ? 'answers' : `${verdict.kind} to`} ${thread.value}`
  return thread.thirdParty ? `${answers}, from somebody who is no participant` : answers
}

/** For an item that is no mail: gone, or left for later. */
export const skipped = (item: ItemKey, reason: string): Outcome => ({
  item,
  kind: 'skipped',
  ticket: null,
  address: null,
  reason,
  bytes: 0,
})

/** For a mail that was not read: too large, or withheld by the server. */
export const withheld = (item: ItemKey, reason: QuarantineReason, why: string, bytes: number): Outcome => ({
  item,
  kind: 'quarantined',
  ticket: null,
  address: null,
  reason: `${reason}: ${why}`,
  bytes,
})

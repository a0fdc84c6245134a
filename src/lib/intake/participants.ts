/** Who belongs to the conversation of a ticket, and who asks. */
import type {Address} from '../message/message.ts'
import {tokenOfAddress} from '../message/token.ts'
import {isFailure} from './authenticity.ts'
import type {Arrival, Facts, ThreadMatch, Verdict} from './facts.ts'
import {isOwnAddress} from './match-recipient.ts'

/** Participants that one mail brings in: a person writes to fewer, and whoever names more is no conversation. */
const MAX_ADDED = 50

/** The first Reply-To, else From (RFC 5322 3.6.2); never an address of the portal itself, which would answer itself. */
export function requesterOf({message}: Arrival, facts: Facts): Address {
  const stated = [...message.replyTo, ...message.from]
  return stated.find(({address}) => !isOwnAddress(address, facts)) ?? stated[0] ?? {name: '', address: ''}
}

/** What an agent passes on is the matter of the one who wrote it. Null where the mail is not such a forward. */
export function forwardedByAgent(
  arrival: Arrival,
  facts: Facts,
): {readonly agent: string; readonly from: Address} | null {
  const {forwarded, from} = arrival.message
  const sender = from[0]?.address.toLowerCase()
  if (forwarded === null || sender === undefined || isFailure(arrival)) return null
  if (isOwnAddress(forwarded.from.address, facts)) return null
  for (const {email} of facts.agents.values())
    if (email.toLowerCase() === sender) return {agent: email, from: forwarded.from}
  return null
}

/**
 * Whom a mail brings into the conversation, in lower case: who opens a ticket, and whom a participant writes to in To or Cc.
 * A mail that is shown not to be of its sender brings in nobody but that sender; nor does what a machine wrote.
 */
export function addedParticipants(
  arrival: Arrival,
  verdict: Verdict,
  thread: ThreadMatch,
  requester: Address,
  facts: Facts,
): readonly string[] {
  if (thread.thirdParty) return []
  const {message} = arrival
  const added: Address[] = thread.ticket === null ? [requester, ...message.from, ...message.replyTo] : []
  if (verdict.kind === 'human' && !isFailure(arrival)) added.push(...message.to, ...message.cc)
  const addresses = added.map(({address}) => address.toLowerCase())
  // An address with a token is one of ours in any case, also where its channel is gone, and its token is kept nowhere.
  const others = addresses.filter(
    (address) => address !== '' && !isOwnAddress(address, facts) && tokenOfAddress(address) === null,
  )
  return [...new Set(others)].slice(0, MAX_ADDED)
}

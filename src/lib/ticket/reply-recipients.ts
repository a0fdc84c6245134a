/** Who gets an agent's answer. */
import {sendableAddress} from '../message/compose-address.ts'
import type {Address, Message} from '../message/message.ts'
import {tokenOfAddress} from '../message/token.ts'

/** What is known when an agent answers. */
export interface ReplyRequest {
  /** The mail that is answered, of somebody who takes part; null where there is none. */
  readonly answered: Pick<Message, 'from' | 'replyTo' | 'to' | 'cc'> | null
  readonly requester: Address
  /** Whether those get it too who got the mail that is answered. */
  readonly all: boolean
  /** Whom the agent adds. */
  readonly cc: readonly Address[]
  /** True for an address of the portal itself. */
  readonly isOwn: (address: string) => boolean
  readonly isParticipant: (address: string) => boolean
}

/** Whom an answer goes to. `to` is empty where there is nobody to answer. */
export interface ReplyRecipients {
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Those who were named and do not get it. */
  readonly leftOut: readonly {readonly address: string; readonly why: string}[]
}

/**
 * An answer goes to Reply-To, else From (RFC 5322 3.6.3) of the mail that is answered; where we wrote that one, or there is
 * none, to the requester. It carries the conversation along, so whoever is named in a mail gets it only as a
 * participant: to be put in Reply-To or Cc by somebody does not suffice. An agent's own choice does.
 */
export function replyRecipients({answered, requester, all, cc, isOwn, isParticipant}: ReplyRequest): ReplyRecipients {
  const leftOut = new Map<string, string>()
  const taken = new Set<string>()
  const take = (addresses: readonly Address[], why: (address: string) => string | null): Address[] =>
    addresses.filter(({address}) => {
      const key = address.toLowerCase()
      if (taken.has(key)) return false
      const refused = why(address)
      if (refused === null) taken.add(key)
      else leftOut.set(address, refused)
      return refused === null
    })
  const isOurs = (address: string) => isOwn(address) || tokenOfAddress(address) !== null
  const unsendable = (address: string) => (sendableAddress(address) === null ? 'no mail can be sent to it' : null)
  // Our own addresses stand in every mail to us: nobody need be told that they get no answer.
  const takeNamed = (addresses: readonly Address[]) =>
    take(
      addresses.filter(({address}) => !isOurs(address)),
      (address) => unsendable(address) ?? (isParticipant(address) ? null : 'it is no participant of the ticket'),
    )
  const takeChosen = (addresses: readonly Address[]) =>
    take(addresses, (address) => (isOurs(address) ? 'it is an address of this portal' : unsendable(address)))

  let to = takeNamed(answered?.replyTo ?? [])
  if (to.length === 0) to = takeNamed(answered?.from ?? [])
  if (to.length === 0) to = takeChosen([requester])
  const others = all && answered !== null ? takeNamed([...answered.to, ...answered.cc]) : []
  const added = takeChosen(cc)
  return {
    to,
    cc: [...others, ...added],
    leftOut: [...leftOut]
      .filter(([address]) => !taken.has(address.toLowerCase()))
      .map(([address, why]) => ({address, why})),
  }
}

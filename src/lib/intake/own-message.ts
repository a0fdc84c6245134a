/** Whether a mail is a copy of one that was sent from here. */
import {hashToken, tokenOfMessageId} from '../message/token.ts'
import type {Arrival, Facts, KnownMessage, TokenFacts} from './facts.ts'
import {isOwnAddress} from './match-recipient.ts'

/** The outgoing message that an id is of, by its token or as the provider wrote it; null for any other. */
export function outgoingWithId(id: string, facts: Facts): Pick<KnownMessage, 'id' | 'ticketId'> | null {
  const token = tokenOfMessageId(id)
  const known = token === null ? undefined : facts.tokens.get(hashToken(token))
  if (known !== undefined && known.kind === 'message-id' && isValid(known, facts))
    return {id: known.messageId, ticketId: known.ticketId}
  return facts.byHeaderId.get(id)?.find(({direction}) => direction === 'out') ?? null
}

/** True while a token opens something. */
export const isValid = ({expiresAt}: TokenFacts, facts: Facts): boolean => expiresAt === null || expiresAt > facts.now

/**
 * A copy that came back: by a Bcc, a list, a forward. Its Message-ID alone does not show that, since a program may keep
 * the id of the mail that it answers: it must also say that it comes from one of our addresses.
 */
export function ownMessage({message}: Arrival, facts: Facts): Pick<KnownMessage, 'id' | 'ticketId'> | null {
  if (message.messageId === null) return null
  const from = message.from[0]
  if (from === undefined || !isOwnAddress(from.address, facts)) return null
  return outgoingWithId(message.messageId, facts)
}

/** Whether a provider asks to confirm that it may forward mail to us: that is for an admin, and no matter of a customer. */
import {isFailure} from './authenticity.ts'
import type {Arrival, Facts, RecipientMatch} from './facts.ts'
import {isOwnAddress} from './match-recipient.ts'

/**
 * What it asks, in words with the code and the link; null for any other mail, for one that is shown not to be of the provider,
 * and where a person has said that it is none.
 */
export function asksToConfirm(arrival: Arrival, {channel, internal}: RecipientMatch, facts: Facts): string | null {
  const {confirmation, from} = arrival.message
  const target = internal ?? channel
  if (confirmation === null || target.kind !== 'internal') return null
  if (arrival.overruled === 'forwarding-confirmation' || isFailure(arrival)) return null
  const {provider, code, link, forAddress} = confirmation
  return [
    `${provider} asks whether ${whose(forAddress, facts)} may be forwarded to ${target.address}`,
    ...(code === null ? [] : [`code: ${code}`]),
    ...(link === null ? [] : [`link: ${link}`]),
    arrival.authentication?.dmarc === 'pass'
      ? `proven to be sent by ${from[0]?.address}`
      : `nothing proves that ${from[0]?.address} sent it`,
  ].join('; ')
}

/** Anybody can have his mail forwarded to an address that he knows: it has to be seen whose it is. */
function whose(address: string | null, facts: Facts): string {
  if (address === null) return 'mail'
  return `mail of ${address}${isOwnAddress(address, facts) ? '' : ' (no address of this portal)'}`
}

/** Asks whether the sender of a mail is to be believed, before the transaction, and the DNS only where that can matter. */
import {hearTrustedServer} from './authentication/hear-trusted-server.ts'
import type {ResolverAddress} from './dns/resolver.ts'
import type {Clock} from './clock.ts'
import {needsAuthentication} from './intake/auto-reply.ts'
import type {Arrival} from './intake/facts.ts'

/** The same arrival with what is known of its sender. Never rejects for what the mail holds or the DNS does. */
export type SenderCheck = (arrival: Arrival, raw: Uint8Array | AsyncIterable<Uint8Array>) => Promise<Arrival>

export interface SenderCheckOptions {
  /** The DNS resolver; null for the system's. */
  readonly resolver: ResolverAddress | null
  readonly clock: Clock
}

/** A check for one run: answers of the DNS are kept for as long. */
export function createSenderCheck({resolver, clock}: SenderCheckOptions): SenderCheck {
  let authenticator: ReturnType<typeof openAuthenticator> | null = null
  return async (arrival, raw) => {
    const {message, receivedAt, source} = arrival
    // A failure is heard in any case: else a forger would write the field, or the date, for which nobody asks.
    if (!needsAuthentication(arrival, clock.now()))
      return {...arrival, authentication: hearTrustedServer(message, source.trustedAuthservId)}
    authenticator ??= openAuthenticator(resolver)
    const authentication = await (
      await authenticator
    ).authenticate({
      raw,
      message,
      trustedAuthservId: source.trustedAuthservId,
      receivedAt,
    })
    return {...arrival, authentication}
  }
}

async function openAuthenticator(address: ResolverAddress | null) {
  const [{createAuthenticator}, {createResolver}] = [
    await import('./authentication/authenticator.ts'),
    await import('./dns/resolver.ts'),
  ]
  return createAuthenticator({query: createResolver({address})})
}

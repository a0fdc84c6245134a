/** Domains that belong to a provider, in which anybody has an address: their records are its own, and nobody else's. */
import type {Provider} from '../../discovery/provider.ts'
import {providerOfDomain} from '../../discovery/providers.ts'
import type {DomainSubject} from './domain-subject.ts'

export interface Owner {
  readonly provider: Provider
  /** Mail leaves by its own servers. */
  readonly sends: boolean
}

/** Null for a domain of one's own. */
export function ownerOf({domain, provider, host}: DomainSubject): Owner | null {
  const owner = providerOfDomain(domain)
  if (owner === null) return null
  return {provider: owner, sends: owner.id === provider || owner.smtp.some((endpoint) => endpoint.host === host)}
}

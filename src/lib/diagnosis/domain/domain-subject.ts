/** The domain whose records are looked at, and the server that its mail leaves by. */
import type {Query} from '../../dns/resolver.ts'
import type {FetchPolicy} from './fetch-policy.ts'

export interface DomainSubject {
  /** Of the address of the sender: ASCII (A-labels), lower case, without the dot of the root. */
  readonly domain: string
  readonly protocol: 'smtp' | 'imap'
  /** The server as configured; null for none, and then `port` and `security` are, too. */
  readonly host: string | null
  readonly port: number | null
  readonly security: 'tls' | 'starttls' | 'none' | null
  /** Id of the provider that mail is sent through; null for one that is not known. */
  readonly provider: string | null
  /** DKIM selectors that are known; empty to try those that the provider uses. */
  readonly selectors: readonly string[]
  readonly query: Query
  /** Gets the policy of MTA-STS; left out for the one that asks public addresses only. */
  readonly fetchPolicy?: FetchPolicy
}

/** Gets the policy of MTA-STS from the web server of the domain (RFC 8461 3.3). */
import {fetchPublic, type LoopbackWeb} from '../../discovery/fetch-public.ts'
import type {Query} from '../../dns/resolver.ts'

/** The text of the policy. @throws `NoDocument` for whatever is in the way. */
export type FetchPolicy = (url: URL, signal: AbortSignal) => Promise<string>

/** Web servers answer within two seconds; senders wait for up to a minute (RFC 8461 3.3). */
const DEADLINE_MS = 8000

/** Asks public addresses only, by https on its own port with a certificate that holds. `loopback`: for tests alone. */
export const fetchPublicPolicy =
  (query: Query, loopback?: LoopbackWeb): FetchPolicy =>
  (url, signal) =>
    fetchPublic(url, {
      query,
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      // RFC 8461 3.3: a redirect must not be followed; 3.2: the type should be checked, since a page may be anybody's.
      redirects: 0,
      mediaType: 'text/plain',
      loopback,
    })

/** Which domains may speak for an author (RFC 9989 4.4, 4.10). The only home of mailauth's DMARC. */
import type {Message} from '../message/message.ts'
import {normalDomain} from './author.ts'
import type {Query, RecordType} from '../dns/resolver.ts'

/** What proved itself: a domain that signed, or one whose host sent the mail. */
export interface Proven {
  readonly dkim: readonly string[]
  readonly spf: readonly string[]
}

const POLICIES = ['none', 'quarantine', 'reject'] as const

/** What an author's domain asks receivers to do with mail that fails (RFC 9989 4.7 `p`), if anything is known of it. */
export type DmarcPolicy = (typeof POLICIES)[number] | 'unpublished' | 'unknown'

interface Published {
  readonly policy: DmarcPolicy
  readonly why: string
}

export type Alignment =
  | (Published & {readonly kind: 'aligned'; readonly domains: ReadonlySet<string>})
  | (Published & {readonly kind: 'not-aligned'})

/**
 * Whether one of those domains is of the author's organization, by the author's published policy: DNS is asked for
 * `_dmarc` records (RFC 9989 4.10, at most eight each for author and signer), and where a policy for names that do not exist
 * could hold, for an address.
 */
export async function findAlignment(
  {from}: Pick<Message, 'from'>,
  {dkim, spf}: Proven,
  query: Query,
  deadline: AbortSignal,
): Promise<Alignment> {
  const {default: library} = await import('mailauth/lib/dmarc/index.js')
  const {response, dkimAligned} = await library.evaluateDmarc({
    headerFrom: from.map(({address}) => address),
    fromFields: 1,
    dkimDomains: dkim.map((domain) => ({domain})),
    spfDomains: [...spf],
    strict: true,
    resolver: async (name: string, type: string) => (await query(name, type as RecordType, deadline)) as string[][],
  })
  const notAligned = (why: string, policy: DmarcPolicy) => ({kind: 'not-aligned', policy, why}) as const
  if (response === false) return notAligned('and From names no single author', 'unknown')
  const {status, alignment, policyDomain} = response
  const published = policyDomain === undefined ? 'its policy' : `the policy of ${policyDomain}`
  if (status.result === 'none')
    return notAligned('and no DMARC policy lets another domain speak for its author', 'unpublished')
  if (status.result === 'temperror')
    return notAligned(`and the DMARC policy is not known: ${response.error ?? 'DNS failed'}`, 'unknown')
  const policy = POLICIES.find((known) => known === response.policy) ?? 'unknown'
  if (status.result !== 'pass') return notAligned(`which may not speak for its author by ${published}`, policy)
  const domains = new Set([...(dkimAligned ?? [])].map(normalDomain))
  const sender = alignment.spf?.result
  if (sender) domains.add(normalDomain(sender))
  return {kind: 'aligned', policy, domains, why: `which may speak for its author by ${published}`}
}

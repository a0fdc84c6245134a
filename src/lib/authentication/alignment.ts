/** Which domains may speak for an author (RFC 9989 4.4, 4.10). The only home of mailauth's DMARC. */
import type {Message} from '../message/message.ts'
import {normalDomain} from './author.ts'
import type {Query, RecordType} from '../dns/resolver.ts'

/** What proved itself: a domain that signed, or one whose host sent the mail. */
export interface Proven {
  readonly dkim: readonly string[]
  readonly spf: readonly string[]
}

export type Alignment =
  | {readonly kind: 'aligned'; readonly domains: ReadonlySet<string>; readonly why: string}
  | {readonly kind: 'not-aligned'; readonly why: string}

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
  if (response === false) return {kind: 'not-aligned', why: 'and From names no single author'}
  const {status, alignment, policyDomain} = response
  const policy = policyDomain === undefined ? 'its policy' : `the policy of ${policyDomain}`
  if (status.result === 'none')
    return {kind: 'not-aligned', why: 'and no DMARC policy lets another domain speak for its author'}
  if (status.result === 'temperror')
    return {kind: 'not-aligned', why: `and the DMARC policy is not known: ${response.error ?? 'DNS failed'}`}
  if (status.result !== 'pass') return {kind: 'not-aligned', why: `which may not speak for its author by ${policy}`}
  const domains = new Set([...(dkimAligned ?? [])].map(normalDomain))
  const sender = alignment.spf?.result
  if (sender) domains.add(normalDomain(sender))
  return {kind: 'aligned', domains, why: `which may speak for its author by ${policy}`}
}

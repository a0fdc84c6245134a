/** The seals of those that passed a mail on (RFC 8617). The only home of mailauth's ARC. */
import type {ARCSigningData} from 'mailauth'
import type {Query} from '../dns/resolver.ts'
import {normalDomain} from './author.ts'
import {keysOf} from './verify-dkim.ts'

/** Whether the chain of seals holds. It says what strangers found, and is worth as much as they are. */
export interface ArcResult {
  readonly result: 'none' | 'pass' | 'fail'
  /** The domains that sealed it, the first one first. */
  readonly sealers: readonly string[]
  /** What is wrong with it, for people; null where nothing is. */
  readonly why: string | null
}

/** Bits of a seal's key (RFC 8301 3.2). */
const MIN_KEY_BITS = 1024

/** `data`: what the verifier of signatures has read of it. Never rejects for what the mail holds or the DNS does. */
export async function verifyArc(
  data: ARCSigningData | undefined,
  query: Query,
  deadline: AbortSignal,
): Promise<ArcResult> {
  if (data === undefined || (data.chain === false && data.error === undefined))
    return {result: 'none', sealers: [], why: null}
  const chain = data.chain === false ? [] : data.chain
  const sealers = chain.map((entry) => normalDomain(String(entry['arc-seal']?.parsed?.['d']?.value ?? '')))
  const {default: library} = await import('mailauth/lib/arc/index.js')
  const {status} = await library.arc(
    {...data, chain},
    {strict: true, minBitLength: MIN_KEY_BITS, resolver: keysOf((signer) => signer !== '', query, deadline)},
  )
  return status.result === 'pass'
    ? {result: 'pass', sealers, why: null}
    : {result: 'fail', sealers, why: status.comment || 'its seals do not hold'}
}

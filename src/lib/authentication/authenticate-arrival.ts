/**
 * What the way did to a mail of our own that came back: which signatures hold, which seals, what the sender's policy makes
 * of it. The trusted server's word, and beside it what is verified here from the bytes. An edge: it asks the DNS, and nothing
 * else.
 */
import type {DkimResult, SpfResult} from '../channel/authentication.ts'
import type {Instant} from '../clock.ts'
import type {Query} from '../dns/resolver.ts'
import type {Message} from '../message/message.ts'
import {findAlignment, type DmarcPolicy} from './alignment.ts'
import {authorOf} from './author.ts'
import {checkSpf, type SmtpClient} from './check-spf.ts'
import {readTrustedWord} from './trusted-word.ts'
import {verifyArc, type ArcResult} from './verify-arc.ts'
import {verifyEverySignature} from './verify-dkim.ts'

export interface ArrivalQuestion {
  /** The mail as it came; null where only its header is left, which no signature can be verified with. */
  readonly raw: Uint8Array | null
  /** Signatures that were verified when it was taken in; they count where the bytes are gone. */
  readonly verifiedBefore: readonly DkimResult[]
  readonly message: Pick<Message, 'fields' | 'from'>
  /** The server whose Authentication-Results are believed (RFC 8601 2.5); null for none. */
  readonly trustedAuthservId: string | null
  readonly receivedAt: Instant
  /** Who handed it over to a server of ours; null where that is not known. */
  readonly client: SmtpClient | null
}

export interface ArrivalAuthentication {
  readonly dkim: readonly DkimResult[]
  /** Why no signature was verified; null where that was done. */
  readonly unverified: string | null
  /** Null where the bytes are not there. */
  readonly arc: ArcResult | null
  /** `by`: the trusted server, or asked here about `client`. Null where nobody knows. */
  readonly spf: (SpfResult & {readonly by: 'trusted-server' | 'client'}) | null
  /** `unknown`: it did not pass by what could be seen here. `none`: the domain publishes no policy. */
  readonly dmarc: 'pass' | 'fail' | 'none' | 'unknown'
  /** Of the domain in From. */
  readonly policy: DmarcPolicy
}

/** Milliseconds for a mail: a person waits, and a slow DNS answers within this. */
const DEADLINE_MS = 10_000

/** Never rejects for what the mail holds or the DNS does. @throws the signal's reason. */
export async function authenticateArrival(
  question: ArrivalQuestion,
  query: Query,
  signal: AbortSignal,
): Promise<ArrivalAuthentication> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
  const {message, raw, trustedAuthservId, client} = question
  const author = authorOf(message)
  const domain = author.kind === 'domain' ? author.domain : ''
  const word = readTrustedWord(message.fields, trustedAuthservId, domain)
  const signed = await signaturesOf(question, domain, query, deadline)
  const asked = word.spf === null && client !== null ? await checkSpf(client, query, deadline) : null
  const spf = word.spf ? ({...word.spf, by: 'trusted-server'} as const) : asked && ({...asked, by: 'client'} as const)
  const arc = raw === null ? null : await verifyArc(signed.arc, query, deadline)
  const dkim = [signed.dkim, question.verifiedBefore, word.dkim].find(({length}) => length > 0) ?? []
  const proven = {
    dkim: dkim.filter(({result, domain}) => result === 'pass' && domain !== '').map(({domain}) => domain),
    spf: spf?.result === 'pass' && spf.domain !== null ? [spf.domain] : [],
  }
  const alignment = domain === '' ? null : await findAlignment(message, proven, query, deadline)
  signal.throwIfAborted()
  const aligned = alignment?.kind === 'aligned' ? alignment.domains : null
  return {
    dkim: dkim.map((one) => (aligned?.has(one.domain) === true ? {...one, aligned: true} : one)),
    unverified: dkim.length > 0 ? null : signed.unverified,
    arc,
    spf,
    dmarc: word.dmarc ?? dmarcOf(alignment, spf !== null),
    policy: alignment?.policy ?? 'unknown',
  }
}

/** Without the host that sent it SPF is not known, and it alone could make DMARC pass (RFC 9989 4.4). */
function dmarcOf(
  alignment: Awaited<ReturnType<typeof findAlignment>> | null,
  knowsSpf: boolean,
): ArrivalAuthentication['dmarc'] {
  if (alignment === null) return 'unknown'
  if (alignment.kind === 'aligned') return 'pass'
  if (alignment.policy === 'unpublished') return 'none'
  return knowsSpf && alignment.policy !== 'unknown' ? 'fail' : 'unknown'
}

async function signaturesOf(
  {raw, message, receivedAt}: ArrivalQuestion,
  domain: string,
  query: Query,
  deadline: AbortSignal,
) {
  if (raw === null) return {dkim: [], arc: undefined, unverified: 'only the header of the mail is kept'}
  const answer = await verifyEverySignature({raw, fields: message.fields, domain, receivedAt}, query, deadline)
  return answer.kind === 'verified'
    ? {dkim: answer.signatures, arc: answer.arc, unverified: null}
    : {dkim: [], arc: undefined, unverified: answer.why}
}

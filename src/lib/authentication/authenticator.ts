/**
 * What can be known of who sent a mail: asked before the transaction, where a decision needs it. The trusted server's word
 * first, then the signatures. An edge: it asks the DNS, and nothing else.
 */
import type {Authentication} from '../channel/authentication.ts'
import type {Instant} from '../clock.ts'
import type {Message} from '../message/message.ts'
import {findAlignment, type Proven} from './alignment.ts'
import {authorOf} from './author.ts'
import type {Query} from '../dns/resolver.ts'
import {readTrustedWord, type TrustedWord} from './trusted-word.ts'
import {verifyDkim, type DkimAnswer} from './verify-dkim.ts'

/** One mail whose sender is asked about. */
export interface AuthenticationQuestion {
  /** The mail as it came. Read once at most, and only where a signature is worth verifying. */
  readonly raw: Uint8Array | AsyncIterable<Uint8Array>
  readonly message: Pick<Message, 'fields' | 'from'>
  /** The server whose Authentication-Results are believed (RFC 8601 2.5); null for none. */
  readonly trustedAuthservId: string | null
  /** When our side took the mail: INTERNALDATE, or now for a pipe. */
  readonly receivedAt: Instant
}

export interface Authenticator {
  /**
   * Never rejects for what the mail holds or the DNS does; rejects where the bytes cannot be read, and with the reason of
   * the signal once that is aborted. Calls may overlap: a batch is best asked about at once.
   */
  authenticate(question: AuthenticationQuestion, signal?: AbortSignal): Promise<Authentication>
}

export interface AuthenticatorOptions {
  readonly query: Query
  /** Milliseconds for one mail, its questions to the DNS and the reading of it together. */
  readonly deadlineMs?: number
}

/** Two questions that time out, and a little to read a large mail. */
const DEADLINE_MS = 5000

/** Mails looked at together. They wait for the DNS, not for the processor: 100 mails at 1 s each take 7 s. */
const MAX_TOGETHER = 16

/** An authenticator for one run. */
export function createAuthenticator({query, deadlineMs = DEADLINE_MS}: AuthenticatorOptions): Authenticator {
  const takeTurn = createTurns(MAX_TOGETHER)
  return {
    authenticate: (question, signal) =>
      takeTurn(async () => {
        signal?.throwIfAborted()
        const timeout = AbortSignal.timeout(deadlineMs)
        const answer = await answerTo(question, query, signal ? AbortSignal.any([signal, timeout]) : timeout)
        signal?.throwIfAborted()
        return answer
      }),
  }
}

/** Runs at most so many at a time, the others in the order in which they came. */
function createTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < most) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // A turn is handed on without being given back, so that nobody who comes now overtakes one who waits.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}

async function answerTo(
  {raw, message, trustedAuthservId, receivedAt}: AuthenticationQuestion,
  query: Query,
  deadline: AbortSignal,
): Promise<Authentication> {
  const author = authorOf(message)
  if (author.kind !== 'domain')
    return {dmarc: author.kind === 'malformed' ? 'fail' : 'unknown', by: 'none', dkim: [], spf: null, why: author.why}
  const {domain} = author
  const server = trustedAuthservId ?? ''
  const word = readTrustedWord(message.fields, trustedAuthservId, domain)
  const {spf} = word
  const said = whatPassed(word, domain)
  if (said !== null)
    return {dmarc: 'pass', by: 'authentication-results', dkim: word.dkim, spf, why: `${server} says that ${said}`}

  const answer = await verifyDkim({raw, fields: message.fields, domain, receivedAt}, query, deadline)
  const proof = await findProof({message, domain, answer, word, server}, query, deadline)
  const signatures = answer.kind === 'verified' ? answer.signatures : word.dkim
  if (proof.kind === 'proven') {
    const dkim = signatures.map((one) => (proof.domains.has(one.domain) ? {...one, aligned: true} : one))
    // A forwarder that changes nothing breaks SPF and leaves the signature, which then says more than the server could see.
    const although = word.dmarc === 'fail' ? `, although ${server} says that DMARC failed, as forwarding makes it` : ''
    return {dmarc: 'pass', by: proof.by, dkim, spf, why: `${proof.why}${although}`}
  }
  if (word.dmarc === 'fail') {
    const why = `${server} says that DMARC failed, and ${proof.why}`
    return {dmarc: 'fail', by: 'authentication-results', dkim: signatures, spf, why}
  }
  // Without the host that sent it, SPF cannot be asked, and it alone could make DMARC pass (RFC 9989 4.4).
  const host = spf === null ? 'whether SPF passed is not known here' : `${server} says that SPF is ${spf.result}`
  return {dmarc: 'unknown', by: 'none', dkim: signatures, spf, why: `${proof.why}; ${host}`}
}

/** What the server says that proves the author by itself, without a question to the DNS; null where it says no such thing. */
function whatPassed(word: TrustedWord, domain: string): string | null {
  if (word.dmarc === 'pass') return 'DMARC passed'
  const {dkim, spf} = vouchedBy(word)
  if (dkim.includes(domain)) return `DKIM passed for ${domain}`
  return spf.includes(domain) ? `SPF passed for ${domain}` : null
}

/** Domains that the server found proven, where it does not say itself what follows from it. */
function vouchedBy({dmarc, dkim, spf}: TrustedWord): Proven {
  if (dmarc !== null) return {dkim: [], spf: []}
  return {
    dkim: dkim.filter(({result, domain}) => result === 'pass' && domain !== '').map(({domain}) => domain),
    spf: spf?.result === 'pass' && spf.domain !== null ? [spf.domain] : [],
  }
}

type Proof =
  | {
      readonly kind: 'proven'
      readonly by: 'dkim' | 'authentication-results'
      /** Those that may speak for the author. */
      readonly domains: ReadonlySet<string>
      readonly why: string
    }
  | {readonly kind: 'not-proven'; readonly why: string}

/** What proves the author: a signature of the very domain, else a domain that may speak for it by the published policy. */
async function findProof(
  found: {
    readonly message: Pick<Message, 'from'>
    readonly domain: string
    readonly answer: DkimAnswer
    readonly word: TrustedWord
    readonly server: string
  },
  query: Query,
  deadline: AbortSignal,
): Promise<Proof> {
  const {message, domain, answer, word, server} = found
  const signatures = answer.kind === 'verified' ? answer.signatures : []
  const signers = signatures.filter(({result}) => result === 'pass').map((signature) => signature.domain)
  if (signers.includes(domain))
    return {kind: 'proven', by: 'dkim', domains: new Set([domain]), why: `the signature of ${domain} holds`}
  const vouched = vouchedBy(word)
  const proven = {dkim: [...signers, ...vouched.dkim], spf: vouched.spf}
  const [someone] = [...proven.dkim, ...proven.spf]
  if (someone === undefined) return {kind: 'not-proven', why: whatIsMissing(answer)}

  const alignment = await findAlignment(message, proven, query, deadline)
  if (alignment.kind === 'not-aligned') return {kind: 'not-proven', why: `${someone} sent it, ${alignment.why}`}
  const {domains, why} = alignment
  const signer = signers.find((name) => domains.has(name))
  return signer === undefined
    ? {
        kind: 'proven',
        by: 'authentication-results',
        domains,
        why: `${server} says that ${[...domains].join(', ')} sent it, ${why}`,
      }
    : {kind: 'proven', by: 'dkim', domains, why: `the signature of ${signer} holds, ${why}`}
}

function whatIsMissing(answer: DkimAnswer): string {
  if (answer.kind === 'not-verified') return answer.why
  const [first] = answer.signatures
  return first === undefined ? 'no signature could be read' : `the signature of ${first.domain}: ${first.why}`
}

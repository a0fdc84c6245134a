/**
 * What can be known of who sent a mail: asked before the transaction, where a decision needs it. The trusted server's word
 * first, then the signatures. An edge: it asks the DNS, and nothing else.
 */
import type {Authentication} from '../channel/authentication.ts'
import type {Instant} from '../clock.ts'
import type {Message} from '../message/message.ts'
import {findAlignment} from './alignment.ts'
import {authorOf} from './author.ts'
import type {Query} from './resolver.ts'
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
  const word = readTrustedWord(message.fields, trustedAuthservId, domain)
  const {spf} = word
  const server = trustedAuthservId ?? ''
  if (word.dmarc === 'pass')
    return {dmarc: 'pass', by: 'authentication-results', dkim: word.dkim, spf, why: `${server} says that DMARC passed`}
  const vouched = vouchedBy(word)
  if (vouched.dkim.includes(domain) || vouched.spf.includes(domain)) {
    const why = `${server} says that ${vouched.dkim.includes(domain) ? 'DKIM' : 'SPF'} passed for ${domain}`
    return {dmarc: 'pass', by: 'authentication-results', dkim: word.dkim, spf, why}
  }

  const answer = await verifyDkim({raw, fields: message.fields, domain, receivedAt}, query, deadline)
  const verified = answer.kind === 'verified' ? answer.signatures : []
  const holding = verified.filter(({result}) => result === 'pass')
  // A forwarder that changes nothing breaks SPF and leaves the signature: then it says more than the server could see.
  const although = word.dmarc === 'fail' ? `, although ${server} says that DMARC failed, as forwarding makes it` : ''
  const exact = holding.find(({aligned}) => aligned)
  if (exact)
    return {dmarc: 'pass', by: 'dkim', dkim: verified, spf, why: `the signature of ${exact.domain} holds${although}`}

  const signers = holding.map((signature) => signature.domain)
  const proven = {dkim: [...signers, ...vouched.dkim], spf: vouched.spf}
  const someProven = proven.dkim.length + proven.spf.length > 0
  const alignment = someProven ? await findAlignment(message, proven, query, deadline) : null
  if (alignment?.kind === 'aligned') {
    const {domains} = alignment
    const dkim = (verified.length > 0 ? verified : word.dkim).map((signature) =>
      domains.has(signature.domain) ? {...signature, aligned: true} : signature,
    )
    const signer = signers.find((name) => domains.has(name))
    const why =
      signer === undefined
        ? `${server} says that ${[...domains].join(', ')} sent it, ${alignment.why}`
        : `the signature of ${signer} holds, ${alignment.why}${although}`
    return {dmarc: 'pass', by: signer === undefined ? 'authentication-results' : 'dkim', dkim, spf, why}
  }

  const missing =
    alignment === null ? whatIsMissing(answer) : `${signers[0] ?? 'another domain'} sent it, ${alignment.why}`
  if (word.dmarc === 'fail') {
    const why = `${server} says that DMARC failed, and ${missing}`
    return {dmarc: 'fail', by: 'authentication-results', dkim: verified, spf, why}
  }
  // Without the host that sent it, SPF cannot be asked, and it alone could make DMARC pass (RFC 9989 5.3.5).
  const why = `${missing}; ${spf === null ? 'whether SPF passed is not known here' : `${server} says that SPF is ${spf.result}`}`
  return {dmarc: 'unknown', by: 'none', dkim: verified.length > 0 ? verified : word.dkim, spf, why}
}

/** Domains that the server found proven, where it does not say what follows from it. */
function vouchedBy({dmarc, dkim, spf}: TrustedWord): {
  readonly dkim: readonly string[]
  readonly spf: readonly string[]
} {
  if (dmarc !== null) return {dkim: [], spf: []}
  return {
    dkim: dkim.filter(({result, domain}) => result === 'pass' && domain !== '').map(({domain}) => domain),
    spf: spf?.result === 'pass' && spf.domain !== null ? [spf.domain] : [],
  }
}

function whatIsMissing(answer: DkimAnswer): string {
  if (answer.kind === 'not-verified') return answer.why
  const [first] = answer.signatures
  return first === undefined ? 'no signature could be read' : `the signature of ${first.domain}: ${first.why}`
}

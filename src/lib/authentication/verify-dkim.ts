/** Signatures of a mail, verified from its bytes (RFC 6376, 8301, 8463). The only home of mailauth's verifier. */
import {Readable} from 'node:stream'
import type {ARCSigningData, DKIMResult, DKIMVerifyResult} from 'mailauth'
import {DKIM_RESULTS, type DkimResult} from '../channel/authentication.ts'
import type {Instant} from '../clock.ts'
import {messageOf} from '../errors.ts'
import type {Field} from '../message/message.ts'
import {domainOf, normalDomain} from './author.ts'
import {mailPieces} from './mail-pieces.ts'
import {dnsReason, type Query, type RecordType} from '../dns/resolver.ts'

/**
 * Signatures of a mail that is verified. Senders, their providers and a few lists add one or two each; every one may hash
 * the whole body in its own way.
 */
const MAX_SIGNATURES = 10

/** Characters of a signature. One with all header fields copied into it (`z=`) has some 4 KB. */
const MAX_SIGNATURE_LENGTH = 8 * 1024

/** Keys that are asked for, of those domains that matter: senders sign with two when they change them. */
const MAX_KEYS = 5

/** Bits of an RSA key (RFC 8301 3.2: verifiers must not take less). */
const MIN_KEY_BITS = 1024

/** How far ahead the clock of a signer may be, in milliseconds. What was signed later than it came was not signed by a clock. */
const MAX_CLOCK_SKEW_MS = 60 * 60 * 1000

/**
 * Fields that a mail has once (RFC 5322 3.6, RFC 2045) and that decide what is read. A signature covers the lowest of
 * several and programs show the topmost: whoever passes a mail on could put another one above it (RFC 6376 8.15).
 */
const SINGLE_FIELDS = new Set([
  'date',
  'sender',
  'reply-to',
  'to',
  'cc',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
])

export interface DkimQuestion {
  readonly raw: Uint8Array | AsyncIterable<Uint8Array>
  readonly fields: readonly Field[]
  /** The domain in From, as `authorOf` gives it. Signatures that cannot speak for it are not verified. */
  readonly domain: string
  /**
   * When our side took the mail: whether a signature has expired is asked of that instant (RFC 6376 3.5 `x=`), not of the
   * day on which a mailbox is read.
   */
  readonly receivedAt: Instant
}

export type DkimAnswer =
  | {readonly kind: 'verified'; readonly signatures: readonly DkimResult[]}
  | {readonly kind: 'not-verified'; readonly why: string}

/**
 * Verifies the signatures that may speak for the author; `aligned` is set for those of the very domain. DNS is asked for
 * their keys alone. Never rejects for what the mail
 * holds, only where its bytes cannot be read. Memory is that of a piece.
 */
export async function verifyDkim(question: DkimQuestion, query: Query, deadline: AbortSignal): Promise<DkimAnswer> {
  const {fields, domain} = question
  const ofAuthor = (signer: string) => maySpeakFor(signer, domain)
  const signatures = fields.filter(({name}) => name === 'dkim-signature')
  if (signatures.length === 0) return notVerified('it is not signed')
  const unfit = unfitToVerify(fields)
  if (unfit !== null) return notVerified(unfit)
  if (!signatures.some(({value}) => ofAuthor(signingDomain(value))))
    return notVerified(`no signature is of a domain that may speak for ${domain}`)
  const verified = await verifyBytes(question, ofAuthor, query, deadline)
  return typeof verified === 'string'
    ? notVerified(verified)
    : {kind: 'verified', signatures: signaturesOf(verified, ofAuthor, question)}
}

/** All that is signed of a mail, whoever signed it. */
export type SignedAnswer =
  | {
      readonly kind: 'verified'
      readonly signatures: readonly DkimResult[]
      /** The seals of those that passed it on (RFC 8617), to be verified by the library; undefined where there are none. */
      readonly arc: ARCSigningData | undefined
    }
  | {readonly kind: 'not-verified'; readonly why: string}

/** As `verifyDkim`, whoever signed: for a mail of our own that came back, of which the way is asked and not the author. */
export async function verifyEverySignature(
  question: DkimQuestion,
  query: Query,
  deadline: AbortSignal,
): Promise<SignedAnswer> {
  const unfit = unfitToVerify(question.fields)
  if (unfit !== null) return {kind: 'not-verified', why: unfit}
  const anybody = (signer: string) => signer !== ''
  const verified = await verifyBytes(question, anybody, query, deadline)
  return typeof verified === 'string'
    ? {kind: 'not-verified', why: verified}
    : {kind: 'verified', signatures: signaturesOf(verified, anybody, question), arc: verified.arc}
}

/** Why no signature of a mail is looked at; null where they are. */
function unfitToVerify(fields: readonly Field[]): string | null {
  const signatures = fields.filter(({name}) => name === 'dkim-signature')
  if (signatures.length > MAX_SIGNATURES) return `it has ${signatures.length} signatures, more than are verified`
  const repeated = repeatedField(fields)
  if (repeated !== null) return `it has several ${repeated} fields, and a signature covers one`
  return signatures.some(({value}) => value.length > MAX_SIGNATURE_LENGTH) ? 'a signature is too long' : null
}

/** What the library finds, or why it finds nothing. Only keys of domains that are `wanted` are asked for. */
async function verifyBytes(
  {raw, domain, receivedAt}: DkimQuestion,
  wanted: (signer: string) => boolean,
  query: Query,
  deadline: AbortSignal,
): Promise<DKIMVerifyResult | string> {
  const {default: library} = await import('mailauth/lib/dkim/verify.js')
  const mail = mailPieces(raw, deadline)
  const verified = await library
    .dkimVerify(Readable.from(mail.pieces, {objectMode: false}), {
      strict: true,
      minBitLength: MIN_KEY_BITS,
      curTime: new Date(receivedAt),
      resolver: keysOf(wanted, query, deadline),
    })
    .catch((error: unknown) => {
      if (mail.isOfSource(error)) throw error
      return messageOf(error)
    })
  if (typeof verified === 'string') return `it cannot be verified: ${verified}`
  const cut = mail.cutShort()
  if (cut !== null) return cut
  // The library reads the header by itself. Where it sees another author than we do, its answer is about another mail.
  const agrees = verified.fromFields === 1 && verified.headerFrom.every((address) => domainOf(address) === domain)
  return agrees ? verified : 'programs disagree about who its author is'
}

const signaturesOf = (
  {results}: DKIMVerifyResult,
  wanted: (signer: string) => boolean,
  question: DkimQuestion,
): readonly DkimResult[] =>
  results
    .filter(({signingDomain = ''}) => wanted(normalDomain(signingDomain)))
    .map((result) => resultOf(result, question))

const notVerified = (why: string): DkimAnswer => ({kind: 'not-verified', why})

function repeatedField(fields: readonly Field[]): string | null {
  const seen = new Set<string>()
  for (const {name} of fields) {
    if (seen.has(name)) return name
    if (SINGLE_FIELDS.has(name)) seen.add(name)
  }
  return null
}

/** `d=` of a signature, to see whether it is worth verifying; the library reads it for the verification. */
function signingDomain(signature: string): string {
  for (const tag of signature.split(';')) {
    const [, domain] = /^\s*d\s*=(.*)/s.exec(tag) ?? []
    if (domain !== undefined) return normalDomain(domain)
  }
  return ''
}

/**
 * Whether two domains may have one organization (RFC 9989 4.10.2): one lies in the other, or they share their last two
 * labels. Whether they do is DMARC's to say.
 */
function maySpeakFor(signer: string, author: string): boolean {
  if (signer === '' || author === '') return false
  const lastTwo = (domain: string) => domain.split('.').slice(-2).join('.')
  return (
    signer === author ||
    author.endsWith(`.${signer}`) ||
    signer.endsWith(`.${author}`) ||
    lastTwo(signer) === lastTwo(author)
  )
}

const NOT_ASKED = 'ENOTASKED'

/** The library's way to the DNS: keys of the domains that matter, and of them not many. */
export function keysOf(wanted: (signer: string) => boolean, query: Query, deadline: AbortSignal) {
  const asked = new Set<string>()
  return async (name: string, type: string): Promise<string[][]> => {
    const [, domain = ''] = /\._domainkey\.(.+)$/i.exec(name) ?? []
    if (!wanted(normalDomain(domain)) || (!asked.has(name) && asked.size >= MAX_KEYS))
      throw Object.assign(new Error('this key is not asked for'), {code: NOT_ASKED})
    asked.add(name)
    return (await query(name, type as RecordType, deadline)) as string[][]
  }
}

function resultOf(verified: DKIMResult, {domain, receivedAt}: DkimQuestion): DkimResult {
  const {status} = verified
  const signer = normalDomain(verified.signingDomain ?? '')
  const result = DKIM_RESULTS.find((known) => known === status.result) ?? 'permerror'
  const refused = result === 'pass' ? refusal(verified, receivedAt) : null
  return {
    domain: signer,
    selector: verified.selector ?? null,
    result: refused === null ? result : 'policy',
    aligned: signer === domain,
    why: refused ?? (result === 'pass' ? null : reasonOf(status)),
  }
}

/** How the library says that a key could not be asked for. */
const DNS_FAILURE = /^DNS failure: (\w+)$/

function reasonOf({comment, policy}: DKIMResult['status']): string {
  if (policy?.['dkim-rules'] === 'weak-key') return `its key has less than ${MIN_KEY_BITS} bits`
  const [, code] = DNS_FAILURE.exec(comment ?? '') ?? []
  if (code === NOT_ASKED) return `more than ${MAX_KEYS} keys are not asked for`
  if (code !== undefined) return `its key is not known, ${dnsReason(code)}`
  return comment ?? 'it does not hold'
}

/** Why a signature that holds does not prove anything; null where it does. */
function refusal({status, signTime}: DKIMResult, receivedAt: Instant): string | null {
  // RFC 6376 8.2: whoever passes a mail on can append what he likes to what was signed.
  if (status.underSized) return `${status.underSized} bytes at the end of the body are not signed (l=)`
  // RFC 6376 3.6.1: to be treated as if it were not signed.
  if (status.testing) return 'the domain says that it is only testing (t=y)'
  // RFC 6376 3.5 t=: signatures from the future may be ignored.
  if (signTime && Date.parse(signTime) > Date.parse(receivedAt) + MAX_CLOCK_SKEW_MS)
    return 'it says that it was signed after the mail came'
  return null
}

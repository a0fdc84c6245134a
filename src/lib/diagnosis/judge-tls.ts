/** The stage `tls`: whether TLS stands, and whether its certificate is good. */
import {isIP} from 'node:net'
import {connect as connectTls} from 'node:tls'
import {blocked, failed, passed, skipped, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {handshakeError} from '../connection/transport-errors.ts'
import {untilEvent} from '../connection/until-event.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'
import {type Conversation, demandOf} from './conversation.ts'
import {probingTls} from './open-wire.ts'
import {type CertificateEvidence, isSelfIssued, type TlsEvidence} from './tls-evidence.ts'
import {WireError} from './wire.ts'

export async function judgeTls(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {security, tls, tlsFailure, noWire} = conversation
  if (security === 'none') return skipped('nothing is to be encrypted')
  if (tlsFailure !== null) return noHandshake(tlsFailure, conversation, signal)
  if (tls === null) return blocked(noWire)
  const now = Date.now()
  const evidence = evidenceOf(tls, now)
  if (!tls.trusted) return failed(untrusted(tls, conversation, now), evidence)
  const warning = warningOf(tls, conversation, now)
  if (warning !== null) return warned(warning, evidence)
  const [leaf] = tls.chain
  return passed(`${tls.version}, certificate of ${leaf?.issuer} until ${leaf?.notAfter.slice(0, 10)}`, evidence)
}

function evidenceOf({chain, ...tls}: TlsEvidence, now: number): Evidence {
  const [leaf] = chain
  return {
    ...tls,
    sni: isIP(tls.name) === 0 ? tls.name : null,
    daysLeft: leaf === undefined ? null : daysUntil(leaf.notAfter, now),
    chain: chain.map((certificate) => ({...certificate})),
  }
}

const DAY_MS = 86_400_000
const daysUntil = (instant: string, now: number) => Math.floor((Date.parse(instant) - now) / DAY_MS)

// No handshake ----------------------------------------------------------------------------------------------------

async function noHandshake(failure: WireError, conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject, protocol} = conversation
  const evidence: Evidence = {error: failure.code, detail: failure.message, sni: sniOf(conversation)}
  conversation.close('TLS does not come to stand')
  const speaks = await olderVersion(failure, conversation, signal)
  if (speaks === null) return failed(handshakeError(failure, subject, protocol), evidence)
  const parts = handshakeError(new WireError(TOO_OLD, failure.message), subject, protocol)
  return failed({...parts, why: `the server speaks ${speaks} at best, which protects nothing`}, {...evidence, speaks})
}

const TOO_OLD = 'ERR_SSL_UNSUPPORTED_PROTOCOL'

function sniOf({subject}: Conversation): string | null {
  const {name} = demandOf(subject)
  return isIP(name) === 0 ? name : null
}

/**
 * The version before TLS 1.2 that the server speaks; null where it speaks none. Nothing is said over it. After STARTTLS the
 * whole dialog would have to be repeated for that; there the alert of the server has to do.
 */
async function olderVersion(
  {code}: WireError,
  {security, subject, addresses, used, deadlines}: Conversation,
  signal: AbortSignal,
): Promise<string | null> {
  const address = used ?? addresses[0]?.address
  // Who is silent, or speaks no TLS at all, has no version of it.
  if (security !== 'tls' || address === undefined || /TIMEOUT|WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST/.test(code))
    return null
  const socket = connectTls({
    ...probingTls(demandOf(subject)),
    host: address,
    port: subject.port,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    // OpenSSL has no version that old at its usual level.
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  try {
    await untilEvent(socket, 'secureConnect', {
      signal,
      deadlineMs: deadlines.connectMs,
      timeoutCode: () => 'HANDSHAKE_TIMEOUT',
    })
    return socket.getProtocol()
  } catch {
    signal.throwIfAborted()
    // It speaks no older version, either: what is wrong is what was wrong before.
    return null
  } finally {
    socket.destroy()
  }
}

// A certificate that is not trusted -------------------------------------------------------------------------------

/** The issuer is not here: the server keeps the certificate in between to itself, or it is of an authority nobody knows. */
const NO_ISSUER = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
])

/** Products that put a certificate of their own in place of a server's, by what they call their authorities. */
const INSPECTORS =
  /zscaler|forti(?:net|gate)|sophos|palo ?alto|blue ?coat|netskope|cisco (?:umbrella|secure)|check ?point|barracuda|kaspersky|avast|avg |eset ssl|bitdefender|mcafee|squid|mitmproxy/i

function untrusted(tls: TlsEvidence, {subject, protocol}: Conversation, now: number): ErrorParts {
  const {chain} = tls
  const code = tls.error ?? 'CERT_UNTRUSTED'
  const parts = handshakeError(new WireError(code, code), subject, protocol)
  const at = `${subject.host}:${subject.port}`
  const hereItIs = `it is ${new Date(now).toISOString()} here`
  const inspector = chain.find(({issuer}) => INSPECTORS.test(issuer))
  // OpenSSL says of a key that is too short only that something is wrong, and Node not even that.
  const weak = chain.find(isWeak)
  switch (code) {
    case 'CERT_HAS_EXPIRED': {
      const ended = chain.find(({notAfter}) => Date.parse(notAfter) < now)
      if (ended === undefined) return parts
      return {...parts, why: `${whose(ended, tls)} was valid until ${ended.notAfter}, and ${hereItIs}`}
    }
    case 'CERT_NOT_YET_VALID': {
      const early = chain.find(({notBefore}) => Date.parse(notBefore) > now)
      if (early === undefined) return parts
      return {...parts, why: `${whose(early, tls)} is valid from ${early.notBefore}, and ${hereItIs}`}
    }
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {...parts, why: `it is for ${namesOf(tls)}, and not for ${tls.name}`}
    default:
      if (inspector !== undefined) return inspected(inspector, at)
      if (weak !== undefined && !NO_ISSUER.has(code)) return weakKey(weak, at)
      if (NO_ISSUER.has(code)) return withoutIssuer(tls, subject, parts, at)
      return subject.ca !== null && code === 'SELF_SIGNED_CERT_IN_CHAIN'
        ? {...parts, why: `it comes from ${chain.at(-1)?.issuer}, and only the authority that was given is believed`}
        : parts
  }
}

const whose = (certificate: CertificateEvidence, {chain}: TlsEvidence) =>
  certificate === chain[0] ? 'it' : `the certificate of its issuer ${certificate.subject}`

/** So many names are said; certificates of hosting companies have a hundred, and the evidence has all. */
const NAMES_SAID = 5

function namesOf({names, chain}: TlsEvidence): string {
  if (names.length === 0) return chain[0]?.subject ?? 'nobody'
  const said = names.slice(0, NAMES_SAID).map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
  return `${said.join(', ')}${names.length > NAMES_SAID ? `, and ${names.length - NAMES_SAID} more` : ''}`
}

const EXTRA_CA: Fix = {
  text: 'Ask those who run this network for the certificate of its authority, and trust it: NODE_EXTRA_CA_CERTS=FILE.',
}

const inspected = ({issuer}: CertificateEvidence, at: string): ErrorParts => ({
  code: 'TLS_INSPECTED',
  exitCode: EXIT.tls,
  title: `Something on the way to ${at} reads what is encrypted`,
  why: `the certificate was issued by ${issuer}: a proxy of this network, or a program on this machine, puts its own in place of the server's`,
  fixes: [EXTRA_CA, {text: 'Or have mail taken out of the inspection, or try from another network.'}],
  certainty: 'likely',
})

/** What authorities may sign (CA/Browser Forum, Baseline Requirements 6.1.5), and what OpenSSL takes. */
const LEAST_RSA_BITS = 2048

const isWeak = ({keyType, keyBits}: CertificateEvidence) =>
  keyType.startsWith('rsa') && keyBits !== null && keyBits < LEAST_RSA_BITS

const weakKey = ({subject, keyBits}: CertificateEvidence, at: string): ErrorParts => ({
  code: 'TLS_KEY_WEAK',
  exitCode: EXIT.tls,
  title: `The certificate of ${at} has a weak key`,
  why: `the key of ${subject} is RSA with ${keyBits} bits, and ${LEAST_RSA_BITS} are the least that is safe`,
  fixes: [{text: "The server's administrator has to make a new key and certificate."}],
})

/** Two causes look the same from here, unless the certificate tells where that of its issuer is. */
function withoutIssuer({chain}: TlsEvidence, {ca}: Conversation['subject'], parts: ErrorParts, at: string): ErrorParts {
  const [leaf] = chain
  const last = chain.at(-1)
  if (leaf === undefined || last === undefined || isSelfIssued(last)) return parts
  if (ca !== null && leaf.issuerUrl !== null)
    return {...parts, why: `it comes from ${last.issuer}, and only the authority that was given is believed`}
  return {
    ...parts,
    code: 'TLS_CHAIN_INCOMPLETE',
    title: `${at} does not send its whole chain of certificates`,
    why: `its certificate was issued by ${last.issuer}, whose own it does not send; browsers fetch it themselves, mail programs do not`,
    fixes: [
      {
        text: `The server's administrator installs the whole chain${last.issuerUrl === null ? '' : `; what is missing is at ${last.issuerUrl}`}.`,
      },
      ...(parts.fixes ?? []).slice(1),
    ],
    ...(last.issuerUrl === null
      ? {
          certainty: 'likely',
          causes: [
            `The server keeps the certificate of ${last.issuer} to itself. Check: openssl s_client -showcerts shows only one`,
            `${last.issuer} is a private authority. Check: ask the server's administrator for its certificate`,
          ],
        }
      : {certainty: 'certain'}),
  }
}

// A certificate that is trusted -----------------------------------------------------------------------------------

/** Days before the end of a certificate from which on it is warned of: programs renew them 30 days before. */
const ENDS_SOON_DAYS = 14

function warningOf({chain}: TlsEvidence, {subject}: Conversation, now: number): ErrorParts | null {
  const at = `${subject.host}:${subject.port}`
  const weak = chain.find(isWeak)
  if (weak !== undefined) return weakKey(weak, at)
  const [leaf] = chain
  const days = leaf === undefined ? Infinity : daysUntil(leaf.notAfter, now)
  if (leaf === undefined || days >= ENDS_SOON_DAYS) return null
  return {
    code: 'TLS_CERTIFICATE_EXPIRES_SOON',
    exitCode: EXIT.tls,
    title: `The certificate of ${at} ends in ${days} ${days === 1 ? 'day' : 'days'}`,
    why: `it is valid until ${leaf.notAfter}; from then on nothing is sent or fetched`,
    fixes: [{text: "The server's administrator has to renew it."}],
  }
}

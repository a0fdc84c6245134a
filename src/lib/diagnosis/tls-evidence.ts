/** What a TLS connection shows of itself and of its server. */
import {X509Certificate} from 'node:crypto'
import {checkServerIdentity, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket} from 'node:tls'

/** A certificate of the chain that the server sent, or that it was completed by here. */
export interface CertificateEvidence {
  /** Common name, else the whole name. */
  readonly subject: string
  readonly issuer: string
  /** ISO instants. */
  readonly notBefore: string
  readonly notAfter: string
  /** Such as `rsa`, `ec`. */
  readonly keyType: string
  /** Of the modulus of RSA; null for others. */
  readonly keyBits: number | null
  readonly fingerprint256: string
  /** Where it says that the certificate of its issuer is (RFC 5280 4.2.2.1); null where it does not. */
  readonly issuerUrl: string | null
}

export interface TlsEvidence {
  /** `TLSv1.3`. */
  readonly version: string
  readonly cipher: string
  /** Whether the certificate is good: its chain, its time, its name. */
  readonly trusted: boolean
  /** Node's code for what is wrong with it first; null where nothing is. */
  readonly error: string | null
  /** What the certificate has to be for: a name, which was sent as SNI, or an address. */
  readonly name: string
  /** Whether it is for that, be it good otherwise or not. */
  readonly nameMatches: boolean
  /** The names that the certificate is for, as it has them: `DNS:mail.acme.example`. */
  readonly names: readonly string[]
  /** The server's own first. */
  readonly chain: readonly CertificateEvidence[]
}

/** Longer chains do not exist; a hostile one could be a ring. */
const MOST_CERTIFICATES = 10

export function readTlsEvidence(socket: TLSSocket, name: string): TlsEvidence {
  const leaf = socket.getPeerCertificate(true)
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    trusted: socket.authorized,
    error: socket.authorized ? null : errorCode(socket.authorizationError),
    name,
    nameMatches: leaf.raw !== undefined && checkServerIdentity(name, leaf) === undefined,
    names: leaf.subjectaltname?.split(', ') ?? [],
    chain: chainOf(leaf),
  }
}

function errorCode(error: unknown): string {
  if (typeof error === 'string') return error
  const code = error instanceof Error ? (error as {code?: unknown}).code : undefined
  return typeof code === 'string' ? code : 'CERT_UNTRUSTED'
}

function chainOf(leaf: DetailedPeerCertificate): CertificateEvidence[] {
  const chain: CertificateEvidence[] = []
  const seen = new Set<string>()
  let next: DetailedPeerCertificate | undefined = leaf
  while (next?.raw && !seen.has(next.fingerprint256) && chain.length < MOST_CERTIFICATES) {
    seen.add(next.fingerprint256)
    chain.push(evidenceOf(next))
    next = next.issuerCertificate
  }
  return chain
}

function evidenceOf(certificate: PeerCertificate): CertificateEvidence {
  const x509 = new X509Certificate(certificate.raw)
  const {type, bits} = keyOf(x509)
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    notBefore: isoOf(certificate.valid_from),
    notAfter: isoOf(certificate.valid_to),
    keyType: type,
    keyBits: bits,
    fingerprint256: certificate.fingerprint256,
    issuerUrl: /^CA Issuers - URI:(\S+)$/m.exec(x509.infoAccess ?? '')?.[1] ?? null,
  }
}

/** OpenSSL knows no kind of key that is not in a standard: one of a chain is no reason to stop. */
function keyOf(certificate: X509Certificate): {readonly type: string; readonly bits: number | null} {
  try {
    const {asymmetricKeyType = 'unknown', asymmetricKeyDetails} = certificate.publicKey
    return {type: asymmetricKeyType, bits: asymmetricKeyDetails?.modulusLength ?? null}
  } catch {
    return {type: 'unknown', bits: null}
  }
}

/** Whether it names itself as its issuer, as authorities at the top do. */
export const isSelfIssued = ({subject, issuer}: CertificateEvidence): boolean => subject === issuer

/** What a certificate calls somebody: any of the parts may be missing, or there several times. */
function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const {CN, O, OU} = (name ?? {}) as Readonly<Record<string, string | readonly string[] | undefined>>
  return [CN, O, OU].find((part) => part !== undefined)?.toString() ?? 'nobody'
}

/** OpenSSL writes `Nov 27 17:00:00 2026 GMT`. */
function isoOf(text: string): string {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? text : date.toISOString()
}

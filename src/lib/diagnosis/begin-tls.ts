/** The stages `starttls` and `tls`: how the connection is encrypted, and whether its certificate is good. */
import {connect as connectTls} from 'node:tls'
import {blocked, failed, passed, skipped, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {partsOfReply} from '../connection/explain-reply.ts'
import {handshakeError, noStartTls} from '../connection/transport-errors.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {codeOf, EXIT, messageOf, type ErrorParts} from '../errors.ts'
import {offers, readCapabilities} from './capabilities.ts'
import type {Conversation} from './conversation.ts'
import type {CertificateEvidence, TlsEvidence} from './tls-evidence.ts'
import {WireError} from './wire.ts'

export async function startTls(conversation: Conversation): Promise<Finding> {
  const {subject, wire, security} = conversation
  if (security === 'tls') return skipped('TLS was begun with the first byte')
  if (wire === null) return blocked('there is no connection')
  if (security === 'none') return skipped('everything is to be in clear')
  const asked = await readCapabilities(conversation)
  if (asked !== null) return failed(asked)
  conversation.before = conversation.after
  const evidence: Evidence = {offered: conversation.before ?? []}
  if (!offers(conversation.before, 'STARTTLS')) {
    conversation.close()
    return failed(notOffered(conversation), evidence)
  }
  const refusal = await sayStartTls(conversation)
  if (refusal !== null) {
    conversation.close()
    return failed(refusal, evidence)
  }
  // RFC 3207 6, RFC 9051 11.1: what was sent before TLS, to be taken for what came by it.
  if (wire.pending() > 0) {
    conversation.close()
    const injected = new WireError('STARTTLS_INJECTION', 'text was sent before TLS was begun')
    return failed(handshakeError(injected, subject, conversation.protocol), {injected: wire.peek().toString()})
  }
  conversation.after = null
  await conversation.secure(wire)
  return passed('STARTTLS is offered, and taken', evidence)
}

/** A provider of the table offers it everywhere: somebody on the way takes it out. */
function notOffered({subject, protocol}: Conversation): ErrorParts {
  const parts = noStartTls(subject, protocol)
  const provider = providerOfHost(subject.host)
  const always = provider?.smtp.some(({port, security}) => port === subject.port && security === 'starttls')
  return provider !== null && always === true
    ? {
        ...parts,
        code: 'TLS_STARTTLS_STRIPPED',
        title: `Somebody on the way to ${subject.host} takes STARTTLS out`,
        why: `${provider.name} offers it on port ${subject.port}, and it did not arrive; no credentials were sent`,
      }
    : parts
}

async function sayStartTls(conversation: Conversation): Promise<ErrorParts | null> {
  const {subject, protocol} = conversation
  const {host, provider, user} = subject
  try {
    const {ok, text} =
      subject.protocol === 'imap'
        ? await conversation
            .imap()
            .command('STARTTLS')
            .then(({status, text}) => ({ok: status === 'OK', text: `${status} ${text}`}))
        : await conversation
            .smtp()
            .command('STARTTLS')
            .then(({code, text}) => ({ok: code === 220, text}))
    if (ok) return null
    const parts = partsOfReply(text, {protocol: subject.protocol, step: 'starttls', host, provider, user})
    // Whatever the words are, there is no TLS: only that it may come later is another matter.
    return {...(parts.exitCode === EXIT.tryAgain ? parts : noStartTls(subject, protocol)), serverReply: text}
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return handshakeError(error, subject, protocol)
  }
}

/** Days before the end of a certificate from which on it is warned of: most are renewed 30 days before. */
const EXPIRES_SOON_DAYS = 14
const DAY_MS = 86_400_000
/** What authorities may sign today (CA/Browser Forum Baseline Requirements 6.1.5). */
const LEAST_RSA_BITS = 2048

export async function judgeTls(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {security, tls, tlsFailure, subject, protocol} = conversation
  if (security === 'none') return skipped('everything is to be in clear')
  if (tlsFailure !== null) {
    const address = conversation.wire?.address ?? conversation.addresses[0]?.address
    conversation.close()
    const old = address === undefined ? null : await olderVersion(address, conversation, signal)
    const parts = handshakeError(tlsFailure, subject, protocol)
    return failed(old === null ? parts : handshakeError(TOO_OLD, subject, protocol), {
      error: tlsFailure.code,
      detail: tlsFailure.message,
      ...(old === null ? {} : {speaks: old}),
    })
  }
  if (tls === null) return blocked('TLS was not begun')
  const evidence = evidenceOf(tls)
  if (!tls.trusted) {
    // Nothing is said to a server that cannot be told from an impostor.
    conversation.close()
    return failed(untrusted(tls, conversation), evidence)
  }
  const warning = warningOf(tls, conversation, Date.now())
  if (warning !== null) return warned(warning, evidence)
  const [leaf] = tls.chain
  return passed(`${tls.version}, certificate of ${leaf?.issuer} until ${leaf?.notAfter.slice(0, 10)}`, evidence)
}

const evidenceOf = ({version, cipher, trusted, error, names, chain}: TlsEvidence): Evidence => ({
  version,
  cipher,
  trusted,
  error,
  names,
  chain: chain.map((certificate) => ({...certificate})),
  daysLeft: chain[0] === undefined ? null : daysUntil(chain[0].notAfter, Date.now()),
})

const daysUntil = (instant: string, now: number) => Math.floor((Date.parse(instant) - now) / DAY_MS)

function untrusted({error, names, chain}: TlsEvidence, {subject, protocol}: Conversation): ErrorParts {
  const code = error ?? 'CERT_UNTRUSTED'
  const [leaf] = chain
  const name = subject.tlsName ?? subject.host
  const message =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `it is for ${names.length === 0 ? (leaf?.subject ?? 'nobody') : names.join(', ')}, and not for ${name}`
      : code
  const parts = handshakeError(new WireError(code, message), subject, protocol)
  const proxy = chain.find(({issuer}) => INSPECTORS.test(issuer))
  if (proxy !== undefined)
    return {
      ...parts,
      why: `it was issued by ${proxy.issuer}, which reads encrypted traffic: a proxy of this network`,
      certainty: 'likely',
    }
  // A chain of one that nobody here knows the issuer of: the server keeps the certificate in between to itself.
  if (leaf !== undefined && chain.length === 1 && MISSING_ISSUER.has(code))
    return {
      ...parts,
      code: 'TLS_CHAIN_INCOMPLETE',
      title: `${subject.host}:${subject.port} does not send its whole chain of certificates`,
      why: `its certificate was issued by ${leaf.issuer}, whose own certificate it does not send; browsers fetch it themselves, mail programs do not`,
      certainty: 'likely',
    }
  return parts
}

const MISSING_ISSUER = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
])

/** Products that put a certificate of their own in place of a server's. */
const INSPECTORS =
  /zscaler|fortinet|fortigate|sophos|palo alto|blue ?coat|netskope|cisco umbrella|check ?point|barracuda|kaspersky|avast|eset ssl|bitdefender|mcafee|squid/i

function warningOf({chain}: TlsEvidence, {subject}: Conversation, now: number): ErrorParts | null {
  const [leaf] = chain
  if (leaf === undefined) return null
  const at = `${subject.host}:${subject.port}`
  const days = daysUntil(leaf.notAfter, now)
  if (days < EXPIRES_SOON_DAYS)
    return {
      code: 'TLS_CERTIFICATE_EXPIRES_SOON',
      exitCode: EXIT.tls,
      title: `The certificate of ${at} ends in ${days} ${days === 1 ? 'day' : 'days'}`,
      why: `it is valid until ${leaf.notAfter}; from then on nothing is sent or fetched`,
      fixes: [{text: "The server's administrator has to renew it."}],
    }
  const weak = chain.find(isWeak)
  if (weak !== undefined)
    return {
      code: 'TLS_KEY_WEAK',
      exitCode: EXIT.tls,
      title: `The certificate of ${weak.subject} at ${at} has a weak key`,
      why: `RSA with ${weak.keyBits} bits, and authorities sign at least ${LEAST_RSA_BITS}`,
      fixes: [{text: "The server's administrator has to make a new key and certificate."}],
    }
  return null
}

const isWeak = ({keyType, keyBits}: CertificateEvidence) =>
  keyType.startsWith('rsa') && keyBits !== null && keyBits < LEAST_RSA_BITS

const TOO_OLD = new WireError('ERR_SSL_UNSUPPORTED_PROTOCOL', 'only versions before TLS 1.2')

/** The version before TLS 1.2 that the server speaks; null where it speaks none. Nothing is said over it. */
async function olderVersion(address: string, conversation: Conversation, signal: AbortSignal): Promise<string | null> {
  // After STARTTLS the whole dialog would be needed again; there the code of OpenSSL has to do.
  if (conversation.security !== 'tls') return null
  const {subject, deadlines} = conversation
  return new Promise((resolve) => {
    const socket = connectTls({
      host: address,
      port: subject.port,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
      rejectUnauthorized: false,
    })
    const settle = (version: string | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.destroy()
      resolve(version)
    }
    const aborted = () => settle(null)
    const timer = setTimeout(() => settle(null), deadlines.connectMs)
    signal.addEventListener('abort', aborted, {once: true})
    socket
      .once('secureConnect', () => settle(socket.getProtocol()))
      .on('error', (error) => {
        conversation.note(`an older version of TLS is not spoken either: ${codeOf(error) || messageOf(error)}`)
        settle(null)
      })
  })
}

/**
 * What goes wrong below a protocol of mail: the name (20), the connection (21), its encryption (22). Told by the codes of
 * Node, OpenSSL and the libraries; the texts differ between the protocols only where the ports do.
 */
import {codeOf, connectionFailed, type ErrorParts, EXIT, type Fix, messageOf, type PostdeskError} from '../errors.ts'
import {checkThePort, type MailProtocol, SMTP, useEncryption} from './protocol.ts'

/** Where a connection leads, and how it is encrypted. */
interface Server {
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
}

type Judge<Parts> = (thrown: unknown, server: Server, protocol: MailProtocol) => Parts

const TRUST: Fix = {
  text: 'If it is your own authority, trust its certificate: --ca-file FILE, or NODE_EXTRA_CA_CERTS=FILE for the whole machine.',
}

/** What Node says where the other side closes the connection during a handshake; it shares the code of every reset. */
const CUT_IN_HANDSHAKE = /before secure TLS connection was established/
const HUNG_UP = new RegExp(`${CUT_IN_HANDSHAKE.source}|closed unexpectedly|ECONNRESET|EPIPE`)

/** What was thrown before the connection stood: looking up, connecting. */
export const connectError: Judge<ErrorParts> = (thrown, server, protocol) =>
  byConnectCode(thrown, server, protocol) ??
  tcp('TCP_FAILED', `${at(server)} cannot be reached`, messageOf(thrown), [{text: 'Check the host and the port.'}])

/** What was thrown in the handshake, be it the first thing said or after STARTTLS. */
export const handshakeError: Judge<ErrorParts> = (thrown, server, protocol) =>
  byTlsCode(thrown, server, protocol) ??
  handshakeFailed(
    server,
    protocol,
    HUNG_UP.test(messageOf(thrown))
      ? 'the other side hung up during the handshake: it does not speak TLS on this port, or something on the way forbids it'
      : messageOf(thrown),
  )

/** What was thrown at an unknown time; undefined where it is about nothing of all this. */
export const transportError: Judge<ErrorParts | undefined> = (thrown, server, protocol) =>
  /^ERR_(SSL|TLS)/.test(codeOf(thrown)) || CUT_IN_HANDSHAKE.test(messageOf(thrown))
    ? handshakeError(thrown, server, protocol)
    : (byTlsCode(thrown, server, protocol) ?? byConnectCode(thrown, server, protocol))

/** The port speaks the other of the two ways to begin; `right` is the security that belongs to it. */
export function wrongMode(server: Server, right: 'tls' | 'starttls', protocol: MailProtocol): ErrorParts {
  const [usual, why] =
    right === 'tls'
      ? [protocol.tlsPort, 'the port expects TLS from the first byte, and the connection began in plain text']
      : [protocol.starttlsPort, 'the port answers in plain text, where TLS was expected from the first byte']
  return tls('TLS_WRONG_MODE', `${at(server)} is not a port for --security ${server.security}`, why, [
    {
      text: `Use --security ${right} on this port (usual for ${usual})${server.security === 'none' ? '' : `, or the port that belongs to ${server.security}`}.`,
    },
  ])
}

/** STARTTLS is refused, or was never offered: nothing more is said on such a connection. */
export function noStartTls(server: Server, {tlsPort}: MailProtocol): ErrorParts {
  return tls(
    'TLS_NO_STARTTLS',
    `${at(server)} offers no STARTTLS`,
    'everything would travel unencrypted, so no credentials were sent; the server cannot do it, or something on the way hides it',
    [{text: `Use --security tls (port ${tlsPort}).`}, {text: 'Else try from another network.'}],
  )
}

/** Everything would travel in clear text to another machine. */
export function cleartextRefused({host}: Server, protocol: MailProtocol): PostdeskError {
  return connectionFailed({
    code: `${protocol.name}_CLEARTEXT_REFUSED`,
    exitCode: EXIT.config,
    title: `The connection to ${host} would not be encrypted`,
    why: 'security is none, and the host is another machine: everyone on the way could read the password and the mail',
    fixes: [useEncryption(protocol)],
    stage: 'config',
  })
}

const byConnectCode: Judge<ErrorParts | undefined> = (thrown, server, protocol) => {
  const {host, port} = server
  switch (codeOf(thrown)) {
    case 'ENOTFOUND':
    case 'EAI_NONAME':
    case 'EAI_NODATA':
      return {
        code: 'DNS_NOT_FOUND',
        exitCode: EXIT.dns,
        title: `There is no host ${host}`,
        why: 'the name has no address in the DNS',
        fixes: [
          {text: 'Look for a typing mistake in the host name.'},
          {text: `Ask the provider's help page for its ${protocol.name} server.`},
        ],
        stage: 'dns',
      }
    case 'ENODATA':
      return {
        code: 'DNS_NO_ADDRESS',
        exitCode: EXIT.dns,
        title: `${host} has no address`,
        why: 'the name is in the DNS, and has neither an A nor an AAAA record',
        fixes: [
          {
            text: `Ask the provider's help page for its ${protocol.name} server: a domain of mail is often none itself.`,
          },
        ],
        stage: 'dns',
      }
    case 'ESERVFAIL':
      return {
        code: 'DNS_SERVFAIL',
        exitCode: EXIT.dns,
        title: `The address of ${host} cannot be looked up`,
        why: "the name server of this machine answers that it failed: it does not reach the domain's own, or their signatures (DNSSEC) are wrong",
        fixes: [
          {text: 'Try again in some minutes.'},
          {text: 'Ask another name server: POSTDESK_RESOLVER=HOST:PORT. Where that fails too, the domain is broken.'},
        ],
        stage: 'dns',
      }
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'LOOKUP_TIMEOUT':
      return {
        code: 'DNS_UNAVAILABLE',
        exitCode: EXIT.dns,
        title: `The address of ${host} cannot be looked up`,
        why: 'the name server of this machine gives no answer',
        fixes: [{text: 'Check the network of this machine and its name server, then try again.'}],
        stage: 'dns',
      }
    case 'ECONNREFUSED':
      return tcp(
        'TCP_REFUSED',
        `${at(server)} refuses the connection`,
        'the machine answers, but nothing listens on that port',
        [checkThePort(protocol), {text: `If it is your own server: is its ${protocol.name} service running?`}],
      )
    case 'ETIMEDOUT':
    case 'CONNECT_TIMEOUT':
      return tcp(
        'TCP_TIMEOUT',
        `${at(server)} does not answer`,
        'there was no answer to the attempt to connect; a firewall drops it, or the host is down',
        [{text: 'Check the host and the port.'}, {text: blockedPort(port, protocol)}],
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return tcp(
        'TCP_UNREACHABLE',
        `There is no way to ${at(server)}`,
        'the network of this machine has no route to the host',
        [{text: 'Check the network of this machine, a VPN, and whether the host has only an IPv6 address.'}],
      )
    case 'ECONNRESET':
    case 'EPIPE':
      return tcp(
        'TCP_RESET',
        `${at(server)} broke the connection off`,
        'it was accepted and then cut before a session began',
        [{text: 'A firewall or a block of this address does that; try from another network.'}],
      )
    default:
      return undefined
  }
}

const byTlsCode: Judge<ErrorParts | undefined> = (thrown, server, protocol) => {
  const certificate = `The certificate of ${at(server)}`
  switch (codeOf(thrown)) {
    case 'CERT_HAS_EXPIRED':
      return tls('TLS_CERTIFICATE_EXPIRED', `${certificate} has expired`, 'its validity has ended', [
        {text: "The server's administrator has to renew it; until then nobody can tell the server from an impostor."},
        {text: 'Check the clock of this machine.'},
      ])
    case 'CERT_NOT_YET_VALID':
      return tls(
        'TLS_CERTIFICATE_NOT_YET_VALID',
        `${certificate} is not valid yet`,
        'its validity begins in the future',
        [{text: 'Check the clock of this machine.'}],
      )
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return tls('TLS_NAME_MISMATCH', `${certificate} is for another name`, messageOf(thrown), [
        {text: 'Use one of the names in the certificate as the host.'},
        {text: "Or the server's administrator adds this name to the certificate."},
      ])
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return tls('TLS_SELF_SIGNED', `${certificate} is self-signed`, 'nobody but the server itself vouches for it', [
        {text: 'If it is your own server, trust exactly this certificate: --ca-file FILE.'},
        {text: 'Else install a certificate of a public authority on the server.'},
      ])
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return tls(
        'TLS_UNTRUSTED',
        `${certificate} is not trusted`,
        'it comes from an authority that this machine does not know: a private one, or a proxy that reads the traffic',
        [TRUST],
      )
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
    case 'CERT_SIGNATURE_FAILURE':
      return tls(
        'TLS_UNTRUSTED',
        `${certificate} is not trusted`,
        'its issuer is not known here: the server does not send the intermediate certificate, or it comes from a private authority',
        [{text: "The server's administrator installs the whole chain of certificates."}, TRUST],
      )
    case 'CERT_REVOKED':
      return tls('TLS_UNTRUSTED', `${certificate} was revoked`, 'its authority took it back', [
        {text: "The server's administrator has to install a new certificate."},
      ])
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      // After STARTTLS the port is right, and the server breaks its word.
      return server.security === 'tls' ? wrongMode(server, 'starttls', protocol) : undefined
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
    // So called by the OpenSSL of Node 24.
    case 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_NO_PROTOCOLS_AVAILABLE':
      return tls(
        'TLS_TOO_OLD',
        `${at(server)} and postdesk have no version of TLS in common`,
        'the server offers only versions before TLS 1.2, which protect nothing',
        [{text: "The server's administrator has to switch on TLS 1.2 or newer."}],
      )
    case 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME':
      return tls('TLS_NAME_UNKNOWN', `${at(server)} does not know its name`, 'it has no certificate for that name', [
        {text: 'Use the name that the server has a certificate for as the host.'},
        {text: "Or the server's administrator adds this name to its configuration."},
      ])
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
      return tls(
        'TLS_CLIENT_CERTIFICATE',
        `${at(server)} wants a certificate of its clients`,
        'it takes only those who show one, and postdesk has none',
        [{text: "Ask the server's administrator for a port, or a host, that takes a user and a password."}],
      )
    case 'ERR_SSL_EE_KEY_TOO_SMALL':
    case 'ERR_SSL_CA_KEY_TOO_SMALL':
    case 'ERR_SSL_DH_KEY_TOO_SMALL':
      return tls('TLS_KEY_WEAK', `${at(server)} has a weak key`, 'it is too short to protect anything', [
        {text: "The server's administrator has to make a new key and certificate: RSA with 2048 bits, or more."},
      ])
    case 'STARTTLS_INJECTION':
      return tls(
        'TLS_INJECTION',
        `Someone may be tampering with the connection to ${at(server)}`,
        'text was sent between the agreement on TLS and its start',
        [{text: `Use --security tls (port ${protocol.tlsPort}), where this is not possible.`}],
      )
    case 'HANDSHAKE_TIMEOUT':
    case 'UPGRADE_TIMEOUT':
      return handshakeFailed(server, protocol, 'the server did not finish the handshake')
    default:
      return undefined
  }
}

/** Networks that block the sending of mail are common, those that block its reading are not. */
function blockedPort(port: number, protocol: MailProtocol): string {
  if (protocol !== SMTP) return 'Try from another network: a firewall between may block the port.'
  return port === 25
    ? 'Many networks and clouds block port 25: use 465 or 587.'
    : 'Many clouds block the ports of mail: try from another network, or port 2525 where the provider has it.'
}

const at = ({host, port}: Server) => `${host}:${port}`

const tcp = (code: string, title: string, why: string, fixes: readonly Fix[]): ErrorParts => ({
  code,
  exitCode: EXIT.tcp,
  title,
  why,
  fixes,
  stage: 'tcp',
})

const tls = (code: string, title: string, why: string, fixes: readonly Fix[]): ErrorParts => ({
  code,
  exitCode: EXIT.tls,
  title,
  why,
  fixes,
  stage: 'tls',
})

const handshakeFailed = (server: Server, protocol: MailProtocol, why: string) =>
  tls('TLS_HANDSHAKE_FAILED', `TLS could not be started with ${at(server)}`, why, [checkThePort(protocol)])

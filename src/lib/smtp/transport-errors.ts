/** What goes wrong below SMTP: the name, the connection, its encryption. The codes are those of every protocol. */
import {codeOf, type ErrorParts, EXIT, type Fix, messageOf} from '../errors.ts'
import type {SmtpAccount} from './account.ts'

type Parts = Omit<ErrorParts, 'cause'>

/** What an error was thrown in. */
export type TransportStep =
  /** Before the connection stood: looking up, connecting. */
  | 'connect'
  /** The handshake of `tls`, which the connection begins with. */
  | 'tls'
  /** The handshake that follows STARTTLS. */
  | 'starttls'

const PORTS: Fix = {text: 'Check the port: 465 is for --security tls, 587 for --security starttls.'}

/** The parts of the error for what a socket threw. */
export function transportError(thrown: unknown, account: SmtpAccount, step: TransportStep): Parts {
  return step === 'connect' ? connectError(thrown, account) : tlsError(thrown, account, step)
}

const tcp = (code: string, title: string, why: string, fixes: readonly Fix[]): Parts => ({
  code,
  exitCode: EXIT.tcp,
  title,
  why,
  fixes,
  stage: 'tcp',
})

const tls = (code: string, title: string, why: string, fixes: readonly Fix[]): Parts => ({
  code,
  exitCode: EXIT.tls,
  title,
  why,
  fixes,
  stage: 'tls',
})

function connectError(thrown: unknown, account: SmtpAccount): Parts {
  const at = `${account.host}:${account.port}`
  switch (codeOf(thrown)) {
    case 'ENOTFOUND':
    case 'EAI_NONAME':
    case 'EAI_NODATA':
      return {
        code: 'DNS_NOT_FOUND',
        exitCode: EXIT.dns,
        title: `There is no host ${account.host}`,
        why: 'the name has no address in the DNS',
        fixes: [
          {text: 'Look for a typing mistake in the host name.'},
          {text: "Ask the provider's help page for its SMTP server."},
        ],
        stage: 'dns',
      }
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'LOOKUP_TIMEOUT':
      return {
        code: 'DNS_UNAVAILABLE',
        exitCode: EXIT.dns,
        title: `The address of ${account.host} cannot be looked up`,
        why: 'the name server of this machine gives no answer',
        fixes: [{text: 'Check the network of this machine and its name server, then try again.'}],
        stage: 'dns',
      }
    case 'ECONNREFUSED':
      return tcp(
        'TCP_REFUSED',
        `${at} refuses the connection`,
        'the machine answers, but nothing listens on that port',
        [PORTS, {text: 'If it is your own server: is its SMTP service running?'}],
      )
    case 'ETIMEDOUT':
    case 'CONNECT_TIMEOUT':
      return tcp(
        'TCP_TIMEOUT',
        `${at} does not answer`,
        'there was no answer to the attempt to connect; a firewall drops it, or the host is down',
        [
          {text: 'Check the host and the port.'},
          {
            text:
              account.port === 25
                ? 'Many networks and clouds block port 25: use 465 or 587.'
                : 'Many clouds block the ports of mail: try from another network, or port 2525 where the provider has it.',
          },
        ],
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return tcp(
        'TCP_UNREACHABLE',
        `There is no way to ${at}`,
        'the network of this machine has no route to the host',
        [{text: 'Check the network of this machine, a VPN, and whether the host has only an IPv6 address.'}],
      )
    case 'ECONNRESET':
    case 'EPIPE':
      return tcp('TCP_RESET', `${at} broke the connection off`, 'it was accepted and then cut before the greeting', [
        {text: 'A firewall or a block of this address does that; try from another network.'},
      ])
    default:
      return tcp('TCP_FAILED', `${at} cannot be reached`, messageOf(thrown), [{text: 'Check the host and the port.'}])
  }
}

function tlsError(thrown: unknown, account: SmtpAccount, step: 'tls' | 'starttls'): Parts {
  const at = `${account.host}:${account.port}`
  const trust: Fix = {
    text: 'If it is your own authority, trust its certificate: --ca-file FILE, or NODE_EXTRA_CA_CERTS=FILE for the whole machine.',
  }
  switch (codeOf(thrown)) {
    case 'CERT_HAS_EXPIRED':
      return tls('TLS_CERTIFICATE_EXPIRED', `The certificate of ${at} has expired`, 'its validity has ended', [
        {text: "The server's administrator has to renew it; until then nobody can tell the server from an impostor."},
        {text: 'Check the clock of this machine.'},
      ])
    case 'CERT_NOT_YET_VALID':
      return tls(
        'TLS_CERTIFICATE_NOT_YET_VALID',
        `The certificate of ${at} is not valid yet`,
        'its validity begins in the future',
        [{text: 'Check the clock of this machine.'}],
      )
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return tls('TLS_NAME_MISMATCH', `The certificate of ${at} is for another name`, messageOf(thrown), [
        {text: 'Use one of the names in the certificate as the host.'},
        {text: "Or the server's administrator adds this name to the certificate."},
      ])
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return tls(
        'TLS_SELF_SIGNED',
        `The certificate of ${at} is self-signed`,
        'nobody but the server itself vouches for it',
        [
          {text: 'If it is your own server, trust exactly this certificate: --ca-file FILE.'},
          {text: 'Else install a certificate of a public authority on the server.'},
        ],
      )
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return tls(
        'TLS_UNTRUSTED',
        `The certificate of ${at} is not trusted`,
        'it comes from an authority that this machine does not know: a private one, or a proxy that reads the traffic',
        [trust],
      )
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
    case 'CERT_SIGNATURE_FAILURE':
      return tls(
        'TLS_UNTRUSTED',
        `The certificate of ${at} is not trusted`,
        'its issuer is not known here: the server does not send the intermediate certificate, or it comes from a private authority',
        [{text: "The server's administrator installs the whole chain of certificates."}, trust],
      )
    case 'CERT_REVOKED':
      return tls('TLS_UNTRUSTED', `The certificate of ${at} was revoked`, 'its authority took it back', [
        {text: "The server's administrator has to install a new certificate."},
      ])
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
      if (step === 'tls') return wrongMode(account, 'starttls')
      break
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
    case 'ERR_SSL_NO_PROTOCOLS_AVAILABLE':
      return tls(
        'TLS_TOO_OLD',
        `${at} and postdesk have no version of TLS in common`,
        'the server offers only versions before TLS 1.2, which protect nothing',
        [{text: "The server's administrator has to switch on TLS 1.2 or newer."}],
      )
    case 'HANDSHAKE_TIMEOUT':
      return tls(
        'TLS_HANDSHAKE_FAILED',
        `TLS could not be started with ${at}`,
        'the server did not finish the handshake',
        [PORTS],
      )
  }
  const hungUp = /before secure TLS connection was established|closed unexpectedly|ECONNRESET|EPIPE/
  return tls(
    'TLS_HANDSHAKE_FAILED',
    `TLS could not be started with ${at}`,
    hungUp.test(messageOf(thrown))
      ? 'the other side hung up during the handshake: it does not speak TLS on this port, or something on the way forbids it'
      : messageOf(thrown),
    [PORTS],
  )
}

/** The port speaks the other of the two ways to begin; `right` is the security that belongs to it. */
export function wrongMode(account: SmtpAccount, right: 'tls' | 'starttls'): Parts {
  const [port, why] =
    right === 'tls'
      ? [465, 'the port expects TLS from the first byte, and the connection began in plain text']
      : [587, 'the port answers in plain text, where TLS was expected from the first byte']
  return tls(
    'TLS_WRONG_MODE',
    `${account.host}:${account.port} is not a port for --security ${account.security}`,
    why,
    [
      {
        text: `Use --security ${right} on this port (usual for ${port}), or the port that belongs to ${account.security}.`,
      },
    ],
  )
}

/** STARTTLS is refused, or was never offered: nothing more is said on such a connection. */
export function noStartTls(account: SmtpAccount): Parts {
  return tls(
    'TLS_NO_STARTTLS',
    `${account.host}:${account.port} offers no STARTTLS`,
    'everything would travel unencrypted, so no credentials were sent; the server cannot do it, or something on the way hides it',
    [{text: 'Use --security tls (port 465).'}, {text: 'Else try from another network.'}],
  )
}

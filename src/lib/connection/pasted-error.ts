/** The errors of Node and OpenSSL in pasted text, as `transport-errors.ts` explains them. Pure. */
import {type ErrorParts, EXIT} from '../errors.ts'
import {IMAP, type MailProtocol, SMTP} from './protocol.ts'
import {connectError, transportError} from './transport-errors.ts'

/** What Node, OpenSSL and the system call an error, and its code. The more telling ones come first. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/greeting never received/i, 'GREETING_NEVER'],
  [
    /wrong version number|ERR_SSL_WRONG_VERSION_NUMBER|packet length too long|ERR_SSL_PACKET_LENGTH_TOO_LONG/i,
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|hostname mismatch/i,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/i, 'CERT_HAS_EXPIRED'],
  [/CERT_NOT_YET_VALID|certificate is not yet valid/i, 'CERT_NOT_YET_VALID'],
  [/CERT_REVOKED|certificate revoked/i, 'CERT_REVOKED'],
  [/SELF_SIGNED_CERT_IN_CHAIN|self[- ]signed certificate in certificate chain/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/DEPTH_ZERO_SELF_SIGNED_CERT|self[- ]signed certificate/i, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate/i, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/UNABLE_TO_GET_ISSUER_CERT|unable to get (?:local )?issuer certificate/i, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [
    /ERR_SSL_UNSUPPORTED_PROTOCOL|unsupported protocol|alert protocol version|handshake failure|no protocols available/i,
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
  ],
  [/before secure TLS connection was established/i, 'ECONNRESET'],
  [/ENOTFOUND|EAI_NONAME|EAI_NODATA|name or service not known|could not resolve host|no such host/i, 'ENOTFOUND'],
  [/EAI_AGAIN|EAI_FAIL|temporary failure in name resolution/i, 'EAI_AGAIN'],
  [/ECONNREFUSED|connection refused/i, 'ECONNREFUSED'],
  [/ETIMEDOUT|connection timed? ?out|i\/o timeout/i, 'ETIMEDOUT'],
  [/EHOSTUNREACH|no route to host/i, 'EHOSTUNREACH'],
  [/ENETUNREACH|network is unreachable/i, 'ENETUNREACH'],
  [/ECONNRESET|connection reset by peer/i, 'ECONNRESET'],
  [/EPIPE|broken pipe/i, 'EPIPE'],
]

/** For sentences where the text names no server. */
const UNKNOWN_SERVER = 'the server'

/** Null where there is none. */
export function connectionErrorIn(plain: string): ErrorParts | null {
  for (const line of plain.split('\n')) {
    const [, code] = SIGNS.find(([sign]) => sign.test(line)) ?? []
    if (code !== undefined) return explain(code, line.trim(), plain)
  }
  return null
}

function explain(code: string, line: string, plain: string): ErrorParts {
  const {host, port} = serverIn(plain)
  const protocol: MailProtocol = port === IMAP.tlsPort || port === IMAP.starttlsPort ? IMAP : SMTP
  if (code === 'GREETING_NEVER') return neverGreeted(protocol)
  const thrown = Object.assign(new Error(line), {code})
  const server = {host, port, security: 'tls'} as const
  const parts = transportError(thrown, server, protocol) ?? connectError(thrown, server, protocol)
  if (host === UNKNOWN_SERVER && code === 'ERR_SSL_WRONG_VERSION_NUMBER')
    return {...parts, title: 'TLS was begun with a port that does not begin with it'}
  return port === 0 ? {...parts, title: sentence(parts.title.replace(`${host}:0`, host))} : parts
}

const sentence = (title: string) => title.charAt(0).toUpperCase() + title.slice(1)

/** nodemailer's words. It does not know why nothing came. */
const neverGreeted = ({tlsPort, starttlsPort}: MailProtocol): ErrorParts => ({
  code: 'TLS_WRONG_MODE',
  exitCode: EXIT.tls,
  title: 'The connection stood, and the server said nothing',
  why: 'mostly the port expects TLS from the first byte, and waits for it',
  causes: [
    `the port expects TLS from the first byte (usual for ${tlsPort}), and the connection began in plain text. Check: it works with --security tls`,
    'something on the way takes the connection and lets nothing through. Check: it works from another network',
    'the server lets strangers wait before it greets. Check: it works where one waits for a minute',
  ],
  fixes: [{text: `Use --security tls for port ${tlsPort}, --security starttls for port ${starttlsPort}.`}],
  certainty: 'likely',
  stage: 'tls-mode',
})

interface Server {
  readonly host: string
  /** 0 where the text has none. */
  readonly port: number
}

/** The server that the text names: `connect ECONNREFUSED 192.0.2.1:587`, `getaddrinfo ENOTFOUND smtp.acme.example`. */
function serverIn(plain: string): Server {
  const [, host, port] =
    /(?<![\w.@-])((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}|\d{1,3}(?:\.\d{1,3}){3})(?:\[[\da-f.:]+\])?:(\d{2,5})\b/i.exec(
      plain,
    ) ?? []
  if (host !== undefined) return {host, port: Number(port)}
  const [, name] = /(?:ENOTFOUND|EAI_\w+|resolve host:?|lookup) +([a-z0-9.-]{1,253})/i.exec(plain) ?? []
  return {host: name ?? UNKNOWN_SERVER, port: 0}
}

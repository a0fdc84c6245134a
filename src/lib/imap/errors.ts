/**
 * Turns what imapflow, the sockets and TLS throw into errors of the catalogue, once, at the edge. The code tells the
 * stage (DNS 20, TCP 21, TLS 22, protocol 23, credentials 24, a closed door 25, later 75), and the server's own words
 * are kept verbatim, except that a password in them is blanked out.
 */
import type {ImapFlowError} from 'imapflow'
import {codeOf, connectionFailed, type ErrorParts, EXIT, type Fix, PostdeskError} from '../errors.ts'
import {createRedactor} from '../log.ts'
import type {ImapAccount} from './connect.ts'
import {loginReplyRule} from './login-replies.ts'

/** What was being done, and what is known besides the error. */
export interface Circumstances {
  /** `connect` until the login has succeeded. */
  readonly phase: 'connect' | 'command'
  /** For people: `fetching messages`. */
  readonly what: string
  /** The last NO or BAD that the server gave to this command. */
  readonly refusal?: string | undefined
  /** The names of the mailboxes of the account, where the one asked for does not exist. */
  readonly mailboxes?: readonly string[]
}

/** Mailbox names that are shown when the one asked for does not exist. */
const MAILBOXES_SHOWN = 12

/** The catalogued error for something thrown while talking to `account`; catalogued ones pass through. */
export function imapError(thrown: unknown, account: ImapAccount, circumstances: Circumstances): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  const error: Partial<ImapFlowError> = thrown instanceof Error ? thrown : {}
  const {refusal} = circumstances
  const reply = replyOf(error, account) ?? (refusal === undefined ? undefined : withoutPassword(refusal, account))
  const fail = (parts: Omit<ErrorParts, 'cause'>) =>
    connectionFailed({
      ...parts,
      why: withoutPassword(parts.why, account),
      ...(reply === undefined ? {} : {serverReply: reply}),
      cause: thrown,
    })

  if (error.authenticationFailed === true) return fail(loginError(reply, error.message ?? '', account))
  if (error.code === 'ETHROTTLE') return fail(throttled(account))
  if (error.mailboxMissing === true || error.code === 'NotFound')
    return fail(noMailbox(account, account.mailbox, circumstances.mailboxes ?? []))
  if (error.responseStatus === 'NO' || error.responseStatus === 'BAD')
    return fail(refused(account, circumstances.what, reply ?? ''))
  return fail(
    circumstances.phase === 'connect'
      ? connectError(error, account, reply)
      : lostOrUnclear(error, account, circumstances.what),
  )
}

/** A NO or BAD to a command where the library only says `false`. */
export function imapRefused(account: ImapAccount, what: string, reply: string | undefined): PostdeskError {
  const shown = reply === undefined ? {} : {serverReply: withoutPassword(reply, account)}
  return connectionFailed({...refused(account, what, reply ?? ''), ...shown})
}

/** Every message that was asked for is refused: that is the server's fault or the account's, and no message's. */
export function imapRefusesAll(account: ImapAccount, {serverReply}: PostdeskError): PostdeskError {
  return connectionFailed({
    code: 'IMAP_UNAVAILABLE',
    exitCode: EXIT.tryAgain,
    title: `${account.host} gives out no messages now`,
    why: 'it refuses every message that is fetched; what was received before is kept',
    fixes: [
      {text: 'Run the same command again in some minutes.'},
      {text: `If it stays so, check that ${account.user} may read the mailbox ${account.mailbox}.`},
    ],
    ...(serverReply === undefined ? {} : {serverReply}),
    stage: 'imap',
  })
}

/** The mailbox `name` does not exist in the account. */
export function imapNoMailbox(account: ImapAccount, name: string, mailboxes: readonly string[], reply?: string) {
  const shown = reply === undefined ? {} : {serverReply: withoutPassword(reply, account)}
  return connectionFailed({...noMailbox(account, name, mailboxes), ...shown})
}

/** No byte came for a whole deadline, or a command took many times as long as it may. */
export function imapStalled(account: ImapAccount, what: string, seconds: number): PostdeskError {
  return connectionFailed({
    code: 'IMAP_STALLED',
    exitCode: EXIT.tryAgain,
    title: `${account.host} stopped answering`,
    why: `${what} brought nothing for ${seconds} s; what was received before is kept`,
    fixes: [
      {
        text: 'Run the same command again. If it stops at the same place, the server or the network in between is at fault.',
      },
    ],
    stage: 'imap',
  })
}

/** The server asks to be left alone for a while. */
export function imapThrottled(account: ImapAccount, reply: string | undefined): PostdeskError {
  const shown = reply === undefined ? {} : {serverReply: withoutPassword(reply, account)}
  return connectionFailed({...throttled(account), ...shown})
}

/** A password would travel in clear text to another machine. */
export function cleartextRefused(account: ImapAccount): PostdeskError {
  return connectionFailed({
    code: 'IMAP_CLEARTEXT_REFUSED',
    exitCode: EXIT.config,
    title: `The connection to ${account.host} would not be encrypted`,
    why: 'security is none, and the host is another machine: everyone on the way could read the password and the mail',
    fixes: [{text: 'Use --security tls (port 993) or --security starttls (port 143).'}],
    stage: 'config',
  })
}

/** The mailbox may only be read, but mail is to be marked or moved. */
export function mailboxReadOnly(account: ImapAccount): PostdeskError {
  return connectionFailed({
    code: 'IMAP_READ_ONLY',
    exitCode: EXIT.notPermitted,
    title: `The mailbox ${account.mailbox} can only be read`,
    why: 'mail is to be marked as seen or moved, and the server gives this user no right to change the mailbox',
    fixes: [{text: 'Give the user the right to change it, or leave out --mark-seen and --move-to.'}],
    stage: 'imap',
  })
}

/** The server can neither move nor remove single messages. */
export function cannotMove(account: ImapAccount): PostdeskError {
  return connectionFailed({
    code: 'IMAP_NO_MOVE',
    exitCode: EXIT.protocol,
    title: `${account.host} cannot move single messages`,
    why: 'it offers neither MOVE (RFC 6851) nor UIDPLUS (RFC 4315), so moving one message could remove others',
    fixes: [{text: 'Leave out --move-to; --mark-seen works on this server.'}],
    stage: 'imap',
  })
}

// Stages ----------------------------------------------------------------------------------------------------------

type Parts = Omit<ErrorParts, 'cause'>

function loginError(reply: string | undefined, message: string, account: ImapAccount): Parts {
  const rule = loginReplyRule(reply ?? '', account.host)
  if (rule) {
    const {code, exitCode, title, why, fixes} = rule
    return {code, exitCode, title: `${title} for ${account.user} at ${account.host}`, why, fixes, stage: 'login'}
  }
  // The library's own words where it did not even try, because the server offers no way that takes a password.
  if (reply === undefined && /disabled|mechanism|method/i.test(message))
    return {
      code: 'IMAP_LOGIN_CLOSED',
      exitCode: EXIT.loginClosed,
      title: `${account.host} takes no password`,
      why:
        account.security === 'none'
          ? 'it offers no login with a password on an unencrypted connection'
          : 'it offers no way to log in with a password, only others such as OAuth',
      fixes: [
        account.security === 'none'
          ? {text: 'Use --security tls (port 993) or --security starttls (port 143).'}
          : {text: 'Let the mailbox forward to an internal address, which needs no login at all.'},
      ],
      stage: 'login',
    }
  return {
    code: 'IMAP_AUTH',
    exitCode: EXIT.credentials,
    title: `${account.host} refuses the login of ${account.user}`,
    why: 'the user name or the password is wrong, or this provider wants an app password',
    fixes: [
      {text: 'Check the user name: most servers want the whole address, some only the part before the @.'},
      {text: 'Log in with the same password in a browser; with two-step login create an app password for postdesk.'},
      {text: 'Then store the password again.'},
    ],
    stage: 'login',
  }
}

function connectError(error: Partial<ImapFlowError>, account: ImapAccount, reply: string | undefined): Parts {
  const at = `${account.host}:${account.port}`
  const code = error.code ?? codeOf(error)
  const message = error.message ?? ''
  const tcp = (name: string, title: string, why: string, fixes: readonly Fix[]): Parts => ({
    code: name,
    exitCode: EXIT.tcp,
    title,
    why,
    fixes,
    stage: 'tcp',
  })
  const tls = tlsError(error, code, message, account)
  if (tls) return tls
  switch (code) {
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
          {text: "Ask the provider's help page for its IMAP server."},
        ],
        stage: 'dns',
      }
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'ETIMEOUT_DNS':
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
        [
          {text: 'Check the port: 993 is for --security tls, 143 for --security starttls.'},
          {text: 'If it is your own server: is its IMAP service running?'},
        ],
      )
    case 'ETIMEDOUT':
    case 'CONNECT_TIMEOUT':
      return tcp(
        'TCP_TIMEOUT',
        `${at} does not answer`,
        'there was no answer to the attempt to connect; a firewall drops it, or the host is down',
        [
          {text: 'Check the host and the port.'},
          {text: 'Try from another network: a firewall between may block the port.'},
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
      return tcp('TCP_RESET', `${at} broke the connection off`, 'it was accepted and then cut before the login', [
        {text: 'A firewall or a block of this address does that; try from another network.'},
      ])
    case 'GREETING_TIMEOUT':
      if (account.security !== 'tls' && account.port === 993) return wrongMode(account, 'tls')
      return greetingFailed(account, 'the connection stands, but no IMAP greeting came')
    case 'ClosedAfterConnectTLS':
    case 'ClosedAfterConnectText':
    case 'NoConnection':
    case 'EConnectionClosed':
    case 'StateLogout':
      if (account.security !== 'tls' && account.port === 993) return wrongMode(account, 'tls')
      if (reply !== undefined && loginReplyRule(reply, account.host)?.exitCode === EXIT.tryAgain)
        return {
          code: 'IMAP_LOGIN_LATER',
          exitCode: EXIT.tryAgain,
          title: `${account.host} takes no connection now`,
          why: 'it greeted with a goodbye: it is overloaded, or there are too many connections from here',
          fixes: [{text: 'Run the same command again in some minutes.'}],
          stage: 'greeting',
        }
      return greetingFailed(account, 'the server closed the connection before the login')
    default:
      return greetingFailed(account, message === '' ? 'its answer cannot be understood' : message)
  }
}

function tlsError(
  error: Partial<ImapFlowError>,
  code: string,
  message: string,
  account: ImapAccount,
): Parts | undefined {
  const at = `${account.host}:${account.port}`
  const tls = (name: string, title: string, why: string, fixes: readonly Fix[]): Parts => ({
    code: name,
    exitCode: EXIT.tls,
    title,
    why,
    fixes,
    stage: 'tls',
  })
  const trust: Fix = {
    text: 'If it is your own authority, trust its certificate: --ca-file FILE, or NODE_EXTRA_CA_CERTS=FILE for the whole machine.',
  }
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return tls('TLS_CERTIFICATE_EXPIRED', `The certificate of ${at} has expired`, expiry(error), [
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
      return tls('TLS_NAME_MISMATCH', `The certificate of ${at} is for another name`, message, [
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
      return wrongMode(account, 'starttls')
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
    case 'STARTTLS_INJECTION':
      return tls(
        'TLS_INJECTION',
        `Someone may be tampering with the connection to ${at}`,
        'text was sent between the agreement on TLS and its start',
        [{text: 'Use --security tls (port 993), where this is not possible.'}],
      )
    case 'UPGRADE_TIMEOUT':
      return tls(
        'TLS_HANDSHAKE_FAILED',
        `TLS could not be started with ${at}`,
        'the server did not finish the handshake',
        [{text: 'Use --security tls (port 993).'}],
      )
  }
  if (/before secure TLS connection was established/.test(message))
    return tls(
      'TLS_HANDSHAKE_FAILED',
      `TLS could not be started with ${at}`,
      'the other side hung up during the handshake: it does not speak TLS on this port, or something on the way forbids it',
      [{text: 'Check the port: 993 is for --security tls, 143 for --security starttls.'}],
    )
  if (/PREAUTH|STARTTLS/.test(message) && error.tlsFailed === true)
    return tls(
      'TLS_NO_STARTTLS',
      `${at} offers no STARTTLS`,
      'the password would travel unencrypted, so nothing was sent; the server cannot do it, or something on the way hides it',
      [{text: 'Use --security tls (port 993).'}],
    )
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || error.tlsFailed === true)
    return tls('TLS_HANDSHAKE_FAILED', `TLS could not be started with ${at}`, message, [
      {text: 'Check the port: 993 is for --security tls, 143 for --security starttls.'},
    ])
  return undefined
}

function wrongMode(account: ImapAccount, right: 'tls' | 'starttls'): Parts {
  const [ports, reason] =
    right === 'tls'
      ? ['993', 'the port expects TLS from the first byte, and the connection began in plain text']
      : ['143', 'the port answers in plain text, where TLS was expected from the first byte']
  return {
    code: 'TLS_WRONG_MODE',
    exitCode: EXIT.tls,
    title: `${account.host}:${account.port} is not a port for --security ${account.security}`,
    why: reason,
    fixes: [
      {
        text: `Use --security ${right} on this port (usual for ${ports}), or the port that belongs to ${account.security}.`,
      },
    ],
    stage: 'tls',
  }
}

function greetingFailed(account: ImapAccount, why: string): Parts {
  return {
    code: 'IMAP_GREETING',
    exitCode: EXIT.protocol,
    title: `${account.host}:${account.port} does not greet as an IMAP server`,
    why,
    fixes: [
      {text: 'Check the port: 993 and 143 are for IMAP; 25, 465 and 587 are for sending, 110 and 995 for POP3.'},
      {text: 'If the port is right, the server may block the address of this machine.'},
    ],
    stage: 'greeting',
  }
}

function noMailbox(account: ImapAccount, name: string, mailboxes: readonly string[]): Parts {
  const alike = mailboxes.filter((other) => other.toLowerCase().includes(name.toLowerCase()))
  const shown = [...new Set([...alike, ...mailboxes])].slice(0, MAILBOXES_SHOWN)
  return {
    code: 'IMAP_NO_MAILBOX',
    exitCode: EXIT.protocol,
    title: `There is no mailbox "${name}"`,
    why: `the account ${account.user} at ${account.host} has none of that name; capitals and the separator count`,
    fixes: shown.length > 0 ? [{text: `It has ${shown.map((other) => `"${other}"`).join(', ')}.`}] : [],
    stage: 'imap',
  }
}

function refused(account: ImapAccount, what: string, reply: string): Parts {
  const later = /\[(UNAVAILABLE|INUSE|SERVERBUG|LIMIT|OVERQUOTA)\]|temporar|try again/i.test(reply)
  return {
    code: later ? 'IMAP_UNAVAILABLE' : 'IMAP_REFUSED',
    exitCode: later ? EXIT.tryAgain : EXIT.protocol,
    title: `${account.host} refuses: ${what}`,
    why: later ? 'the server says that it has a problem of its own' : 'the server said no',
    fixes: later
      ? [{text: 'Run the same command again in some minutes.'}]
      : [{text: `Check that ${account.user} may use the mailbox ${account.mailbox}.`}],
    stage: 'imap',
  }
}

function throttled(account: ImapAccount): Parts {
  return {
    code: 'IMAP_THROTTLED',
    exitCode: EXIT.tryAgain,
    title: `${account.host} asks to slow down`,
    why: 'this account has sent more commands than the provider allows in a time; what was received before is kept',
    fixes: [{text: 'Wait as long as the server says, then run the same command again.'}],
    stage: 'imap',
  }
}

/** Errors that mean that the bytes of the server made no sense, as opposed to a connection that is gone. */
const NONSENSE =
  /^(ParserError|LineTooLarge|LiteralTooLarge|ResponseTooLarge|TooMany|UnexpectedTag|MissingTag|InvalidResponse|ResponseProcessingFailed|MAX_IMAP_NESTING)/

function lostOrUnclear(error: Partial<ImapFlowError>, account: ImapAccount, what: string): Parts {
  if (NONSENSE.test(error.code ?? ''))
    return {
      code: 'IMAP_PROTOCOL',
      exitCode: EXIT.protocol,
      title: `${account.host} answers what cannot be understood`,
      why: `${what}: ${error.message ?? ''}`,
      fixes: [{text: 'Run it again with --debug and report what it shows.'}],
      stage: 'imap',
    }
  return {
    code: 'IMAP_CONNECTION_LOST',
    exitCode: EXIT.tryAgain,
    title: `The connection to ${account.host} was lost`,
    why: `${what} was not finished; what was received before is kept`,
    fixes: [{text: 'Run the same command again; it continues where this one stopped.'}],
    stage: 'imap',
  }
}

/** When the certificate expired, where Node tells. */
function expiry(error: Partial<ImapFlowError>): string {
  const {cert} = error as {cert?: {valid_to?: unknown}}
  return typeof cert?.valid_to === 'string' ? `it was valid until ${cert.valid_to}` : 'its validity has ended'
}

/** The server's own words: a tagged NO or BAD without its tag, or the reason that came with a BYE. */
function replyOf(error: Partial<ImapFlowError>, account: ImapAccount): string | undefined {
  const {reason} = error
  const words = refusalOf(error) ?? (reason !== undefined && reason !== '' ? `BYE ${reason}` : undefined)
  return words === undefined ? undefined : withoutPassword(words, account)
}

/** The NO or BAD in an error of the library: `NO [NOPERM] Not yours`. Undefined where it is about something else. */
export function refusalOf({response, responseStatus, responseText = ''}: Partial<ImapFlowError>): string | undefined {
  // The library turns the answer into text for some commands, and leaves it parsed for others.
  if (typeof response === 'string') return response.replace(/^[0-9A-F]+ (?=NO|BAD|OK)/, '')
  if (responseStatus === undefined) return undefined
  const first = typeof response === 'object' ? response.attributes?.[0] : undefined
  const code = first && 'section' in first ? first.section?.[0] : undefined
  const name = code && 'value' in code && typeof code.value === 'string' ? `[${code.value}] ` : ''
  return `${responseStatus} ${name}${responseText}`
}

/**
 * What the server said, or a library made of it, with the password blanked out: some servers echo the command that they
 * did not like, with the password in clear or as SASL PLAIN puts it (RFC 4616 2).
 */
export function withoutPassword(text: string, {user, password}: ImapAccount): string {
  const redactor = createRedactor()
  redactor.register(password.reveal())
  redactor.register(`\0${user}\0${password.reveal()}`)
  return redactor.redact(text)
}

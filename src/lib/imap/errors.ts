/**
 * Turns what imapflow, the sockets and TLS throw into errors of the catalogue, once, at the edge. The code tells the
 * stage (DNS 20, TCP 21, TLS 22, protocol 23, credentials 24, a closed door 25, later 75), and the server's own words
 * are kept verbatim, except that a password in them is blanked out.
 */
import type {ImapFlowError} from 'imapflow'
import {partsOfReply, partsOfRow, type ReplyContext, type ReplyStep, rowOfReply} from '../connection/explain-reply.ts'
import {noMailbox} from '../connection/no-mailbox.ts'
import {noImapMechanism} from '../connection/no-mechanism.ts'
import {IMAP} from '../connection/protocol.ts'
import {notUnderstood, sessionError} from '../connection/session-errors.ts'
import {handshakeError, noStartTls, transportError, wrongMode} from '../connection/transport-errors.ts'
import {connectionFailed, type ErrorParts, EXIT, PostdeskError} from '../errors.ts'
import type {ImapAccount} from './connect.ts'

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

/** The catalogued error for something thrown while talking to `account`; catalogued ones pass through. */
export function imapError(thrown: unknown, account: ImapAccount, circumstances: Circumstances): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  const error: Partial<ImapFlowError> = thrown instanceof Error ? thrown : {}
  const {refusal} = circumstances
  const reply = replyOf(error) ?? refusal
  const fail = (parts: ErrorParts) => sessionError(account, parts, reply, thrown)

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
  return sessionError(account, refused(account, what, reply ?? ''), reply)
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
  return sessionError(account, noMailbox(account, name, mailboxes), reply)
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
  return sessionError(account, throttled(account), reply)
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

function loginError(reply: string | undefined, message: string, account: ImapAccount): ErrorParts {
  // The library's own words where it did not even try, because the server offers no way that takes a password.
  if (reply === undefined && /disabled|mechanism|method/i.test(message)) return noImapMechanism(account)
  return partsOfReply(reply ?? '', contextOf(account, 'login'))
}

const contextOf = ({host, user}: ImapAccount, step: ReplyStep): ReplyContext => ({
  protocol: 'imap',
  step,
  host,
  provider: null,
  user,
})

function connectError(error: Partial<ImapFlowError>, account: ImapAccount, reply: string | undefined): ErrorParts {
  const message = error.message ?? ''
  // The library has no code for a missing STARTTLS.
  if (error.tlsFailed === true && error.code === undefined && /PREAUTH|STARTTLS/.test(message))
    return noStartTls(account, IMAP)
  const transport = (error.tlsFailed === true ? handshakeError : transportError)(error, account, IMAP)
  if (transport) return transport
  switch (error.code ?? '') {
    case 'GREETING_TIMEOUT':
      if (account.security !== 'tls' && account.port === IMAP.tlsPort) return wrongMode(account, 'tls', IMAP)
      return greetingFailed(account, 'the connection stands, but no IMAP greeting came')
    case 'ClosedAfterConnectTLS':
    case 'ClosedAfterConnectText':
    case 'NoConnection':
    case 'EConnectionClosed':
    case 'StateLogout':
      if (account.security !== 'tls' && account.port === IMAP.tlsPort) return wrongMode(account, 'tls', IMAP)
      if (reply !== undefined) {
        const goodbye = contextOf(account, 'greeting')
        const row = rowOfReply(reply, goodbye)
        if (row !== null) return partsOfRow(row, goodbye)
      }
      return greetingFailed(account, 'the server closed the connection before the login')
    default:
      return greetingFailed(account, message === '' ? 'its answer cannot be understood' : message)
  }
}

function greetingFailed(account: ImapAccount, why: string): ErrorParts {
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

function refused(account: ImapAccount, what: string, reply: string): ErrorParts {
  const context = contextOf(account, 'mailbox')
  const row = rowOfReply(reply, context)
  if (row !== null) return partsOfRow(row, context)
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

function throttled(account: ImapAccount): ErrorParts {
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

function lostOrUnclear(error: Partial<ImapFlowError>, account: ImapAccount, what: string): ErrorParts {
  if (NONSENSE.test(error.code ?? '')) return notUnderstood(account.host, `${what}: ${error.message ?? ''}`, IMAP)
  return {
    code: 'IMAP_CONNECTION_LOST',
    exitCode: EXIT.tryAgain,
    title: `The connection to ${account.host} was lost`,
    why: `${what} was not finished; what was received before is kept`,
    fixes: [{text: 'Run the same command again; it continues where this one stopped.'}],
    stage: 'imap',
  }
}

/** The server's own words: a tagged NO or BAD without its tag, or the reason that came with a BYE. */
function replyOf(error: Partial<ImapFlowError>): string | undefined {
  const {reason} = error
  return refusalOf(error) ?? (reason !== undefined && reason !== '' ? `BYE ${reason}` : undefined)
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

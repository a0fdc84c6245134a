/**
 * Turns what nodemailer and servers say into errors of the catalogue, once, at the edge. The code tells the stage (DNS 20,
 * TCP 21, TLS 22, protocol 23, credentials 24, a closed door 25, later 75), and the server's own words are kept verbatim,
 * except that a password in them is blanked out.
 */
import {
  classOfReply,
  partsOfReply,
  partsOfRow,
  type ReplyContext,
  type ReplyRow,
  type ReplyStep,
  rowOfReply,
} from '../connection/explain-reply.ts'
import {noSmtpMechanism} from '../connection/no-mechanism.ts'
import {SMTP} from '../connection/protocol.ts'
import {notUnderstood, sessionError} from '../connection/session-errors.ts'
import {
  cleartextRefused as refusedCleartext,
  connectError,
  handshakeError,
  noStartTls,
  wrongMode,
} from '../connection/transport-errors.ts'
import {connectionFailed, type ErrorParts, EXIT, PostdeskError} from '../errors.ts'
import type {SmtpAccount} from './account.ts'

/** What nodemailer adds to an error. */
export interface LibraryError extends Error {
  /** `EAUTH`, `ECONNECTION`; the code of the system is in `originalCode` then. */
  readonly code?: string
  readonly originalCode?: string
  /** The server's reply, lines joined by a line break. */
  readonly response?: string
  readonly responseCode?: number
  /** What was asked: `EHLO`, `MAIL FROM`, `DATA`; `CONN` and `API` where nothing was. */
  readonly command?: string
  readonly timeoutType?: string
}

/** How far a connection had come. */
export type SessionPhase =
  /** Waiting for the greeting and the extensions. */
  | 'greeting'
  /** In the handshake after STARTTLS. */
  | 'starttls'
  | 'login'
  /** Logged in. */
  | 'sending'

/** The catalogued error for something thrown while talking to `account`; catalogued ones pass through. */
export function smtpError(thrown: unknown, account: SmtpAccount, phase: SessionPhase): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  const error: Partial<LibraryError> = thrown instanceof Error ? thrown : {}
  return sessionError(account, partsFor(error, account, phase), error.response, thrown)
}

/** What a server answers. The final dot is judged as DATA is: what is said to both holds for the message as a whole. */
export type AnsweredStep = 'MAIL' | 'RCPT' | 'DATA'

const STEPS: Readonly<Record<AnsweredStep, ReplyStep>> = {MAIL: 'sender', RCPT: 'recipient', DATA: 'message'}

/**
 * The obstacle that a reply to a step of a message shows: the account is not logged in, it has sent too much, it was closed.
 * Null where the reply is about the message or its sender. Such a message was not judged; it waits until the account may
 * send again. So only what a row knows counts here, and no guess.
 */
export function obstacleIn(reply: string, account: SmtpAccount, step: AnsweredStep): PostdeskError | null {
  const context = contextOf(account, STEPS[step])
  // The server is about to close the connection (RFC 5321 3.8).
  if (reply.startsWith('421')) return sessionError(account, partsOfReply(reply, context), reply)
  const row = rowOfReply(reply, context)
  return row !== null && isOfAccount(row, step) ? sessionError(account, partsOfRow(row, context), reply) : null
}

/** The account may not send as the sender that it named; null where a refusal is not about that. */
export function senderObstacleIn(reply: string, account: SmtpAccount, step: AnsweredStep): PostdeskError | null {
  // For good: what is said for now (4yz) mends itself.
  if (!reply.startsWith('5')) return null
  const context = contextOf(account, STEPS[step])
  // Whoever answers MAIL FROM answers about the sender, in words that nobody knows, too.
  const row = rowOfReply(reply, context) ?? (step === 'MAIL' ? classOfReply(reply, context) : null)
  return row?.about === 'sender' ? sessionError(account, partsOfRow(row, context), reply) : null
}

/** What is said of a recipient before one was named is said of the account. */
const isOfAccount = ({about}: ReplyRow, step: AnsweredStep) =>
  about === undefined || (about === 'recipient' && step === 'MAIL')

/** The server takes no mail from this account for now: a 4yz to MAIL FROM. */
export function smtpThrottled(account: SmtpAccount, reply: string): PostdeskError {
  const context = contextOf(account, 'sender')
  return sessionError(account, partsOfRow(classOfReply(reply, context), context), reply)
}

const contextOf = ({host, user}: SmtpAccount, step: ReplyStep): ReplyContext => ({
  protocol: 'smtp',
  step,
  host,
  provider: null,
  user,
})

/** The server answers what cannot be an answer: before the message had ended, or in no known form. */
export function smtpConfused(account: SmtpAccount, why: string, reply?: string): PostdeskError {
  return sessionError(account, notUnderstood(account.host, why, SMTP), reply)
}

/** Everything would travel in clear text to another machine. */
export const cleartextRefused = (account: SmtpAccount) => refusedCleartext(account, SMTP)

/** There is a user, and no password to log in with. */
export function passwordMissing(account: SmtpAccount): PostdeskError {
  return connectionFailed({
    code: 'SMTP_PASSWORD_MISSING',
    exitCode: EXIT.config,
    title: `There is no password for ${account.user} at ${account.host}`,
    why: 'the account has a user name, and its password is empty',
    fixes: [{text: 'Give the password: --password-stdin < FILE.'}],
    stage: 'config',
  })
}

/** The server has no AUTH, or no mechanism that takes a password; `offered` is null where it has no AUTH. */
export const noMechanism = (account: SmtpAccount, offered: readonly string[] | null) =>
  connectionFailed(noSmtpMechanism(account, offered))

function partsFor(error: Partial<LibraryError>, account: SmtpAccount, phase: SessionPhase): ErrorParts {
  const {code, response = '', command, timeoutType} = error
  if (code === 'EAUTH') return partsOfReply(response, contextOf(account, 'login'))
  if (command === 'STARTTLS')
    return response.startsWith('4') ? partsOfReply(response, contextOf(account, 'starttls')) : noStartTls(account, SMTP)
  if (phase === 'starttls') {
    const system = timeoutType === undefined ? (error.originalCode ?? code ?? '') : 'HANDSHAKE_TIMEOUT'
    return handshakeError(Object.assign(new Error(error.message ?? ''), {code: system}), account, SMTP)
  }
  if (phase === 'greeting') return greetingError(error, account)
  if (response.startsWith('421'))
    return partsOfReply(response, contextOf(account, phase === 'login' ? 'login' : 'message'))
  if (timeoutType !== undefined)
    return {
      code: 'SMTP_STALLED',
      exitCode: EXIT.tryAgain,
      title: `${account.host} stopped answering`,
      why: phase === 'login' ? 'there was no answer to the login in time' : 'there was no answer in time',
      fixes: [{text: 'Try again. If it stays so, the server or the network in between is at fault.'}],
      stage: phase === 'login' ? 'login' : 'smtp',
    }
  if (code === 'EPROTOCOL') return notUnderstood(account.host, error.message ?? 'its answer has no known form', SMTP)
  return {
    code: 'SMTP_CONNECTION_LOST',
    exitCode: EXIT.tryAgain,
    title: `The connection to ${account.host} was lost`,
    why: phase === 'login' ? 'it broke before the login was answered' : 'it broke in the middle of a session',
    fixes: [{text: 'Try again. If it stays so, the server or the network in between is at fault.'}],
    stage: phase === 'login' ? 'login' : 'smtp',
  }
}

function greetingError(error: Partial<LibraryError>, account: SmtpAccount): ErrorParts {
  const {response = '', command, originalCode, timeoutType} = error
  // A server that waits for TLS says nothing to who does not speak it, or hangs up.
  if (response === '' && account.security !== 'tls' && account.port === SMTP.tlsPort)
    return wrongMode(account, 'tls', SMTP)
  const context = contextOf(account, command === 'EHLO' || command === 'HELO' ? 'ehlo' : 'greeting')
  const row = rowOfReply(response, context)
  if (row !== null) return partsOfRow(row, context)
  // Without EHLO there is no STARTTLS.
  if (context.step === 'ehlo' && account.security === 'starttls' && /^50[0-4]/.test(response))
    return noStartTls(account, SMTP)
  if (context.step === 'ehlo' || response.startsWith('4')) return partsOfReply(response, context)
  if (originalCode === 'ECONNRESET' || originalCode === 'EPIPE')
    return connectError(Object.assign(new Error(originalCode), {code: originalCode}), account, SMTP)
  if (response.startsWith('5'))
    return greetingFailed(
      account,
      'the server greets with a refusal: it takes no mail here, or blocks the address of this machine',
    )
  if (/^(\* OK|\+OK|HTTP\/)/.test(response))
    return greetingFailed(
      account,
      `${response.startsWith('*') ? 'an IMAP' : response.startsWith('+') ? 'a POP3' : 'a web'} server listens on this port`,
    )
  if (timeoutType !== undefined) return greetingFailed(account, 'the connection stands, but no SMTP greeting came')
  if (response !== '') return greetingFailed(account, 'its first words are no greeting of SMTP')
  return greetingFailed(account, 'the server closed the connection before it greeted')
}

function greetingFailed(account: SmtpAccount, why: string): ErrorParts {
  return {
    code: 'SMTP_GREETING',
    exitCode: EXIT.protocol,
    title: `${account.host}:${account.port} does not greet as an SMTP server`,
    why,
    fixes: [
      {
        text:
          account.security === 'tls'
            ? 'Check the port: 465 is for --security tls, 587 for --security starttls; 143 and 993 are for IMAP.'
            : 'If the port expects TLS from the first byte, use --security tls (usual for 465); 143 and 993 are for IMAP.',
      },
      {text: 'If the port is right, the server may block the address of this machine.'},
    ],
    stage: 'greeting',
  }
}

/**
 * Turns what nodemailer and servers say into errors of the catalogue, once, at the edge. The code tells the stage (DNS 20,
 * TCP 21, TLS 22, protocol 23, credentials 24, a closed door 25, later 75), and the server's own words are kept verbatim,
 * except that a password in them is blanked out.
 */
import {connectionFailed, type ErrorParts, EXIT, messageOf, PostdeskError} from '../errors.ts'
import {createRedactor} from '../log.ts'
import type {SmtpAccount} from './account.ts'
import {accountReplyRule, type AnsweredStep, senderReplyRule} from './account-replies.ts'
import {loginReplyRule, type ReplyRule} from './login-replies.ts'
import {noStartTls, transportError, wrongMode} from './transport-errors.ts'

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

type Parts = Omit<ErrorParts, 'cause'>

/** The catalogued error for something thrown while talking to `account`; catalogued ones pass through. */
export function smtpError(thrown: unknown, account: SmtpAccount, phase: SessionPhase): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  const error: Partial<LibraryError> = thrown instanceof Error ? thrown : {}
  return failed(account, partsFor(error, account, phase), error.response, thrown)
}

/** The obstacle that a reply to a step of a message shows; null where it is about the message or its sender. */
export function obstacleIn(reply: string, account: SmtpAccount, step: AnsweredStep): PostdeskError | null {
  if (reply.startsWith('421')) return failed(account, closing(account), reply)
  const rule = accountReplyRule(reply, account.host, step)
  return rule === undefined ? null : failed(account, byRule(rule, account, 'smtp'), reply)
}

/** The account may not send as the sender that it named; null where a refusal is not about that. */
export function senderObstacleIn(reply: string, account: SmtpAccount, step: AnsweredStep): PostdeskError | null {
  const rule = senderReplyRule(reply, account.host, step)
  return rule === undefined ? null : failed(account, byRule(rule, account, 'smtp'), reply)
}

/** The server takes no mail from this account for now: a 4yz to MAIL FROM. */
export function smtpThrottled(account: SmtpAccount, reply: string): PostdeskError {
  const parts: Parts = {
    code: 'SMTP_THROTTLED',
    exitCode: EXIT.tryAgain,
    title: `${account.host} takes no mail from this account now`,
    why: 'it sends more than it may for a while, or the server has a problem of its own',
    fixes: [{text: 'Wait; what was not sent stays in the outbox.'}],
    stage: 'smtp',
  }
  return failed(account, parts, reply)
}

/** The server answers what cannot be an answer: before the message had ended, or in no known form. */
export function smtpConfused(account: SmtpAccount, why: string, reply?: string): PostdeskError {
  const parts: Parts = {
    code: 'SMTP_PROTOCOL',
    exitCode: EXIT.protocol,
    title: `${account.host} answers what cannot be understood`,
    why,
    fixes: [{text: 'Run it again with --debug and report what it shows.'}],
    stage: 'smtp',
  }
  return failed(account, parts, reply)
}

/** Everything would travel in clear text to another machine. */
export function cleartextRefused(account: SmtpAccount): PostdeskError {
  return connectionFailed({
    code: 'SMTP_CLEARTEXT_REFUSED',
    exitCode: EXIT.config,
    title: `The connection to ${account.host} would not be encrypted`,
    why: 'security is none, and the host is another machine: everyone on the way could read the password and the mail',
    fixes: [{text: 'Use --security tls (port 465) or --security starttls (port 587).'}],
    stage: 'config',
  })
}

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
export function noMechanism(account: SmtpAccount, offered: readonly string[] | null): PostdeskError {
  const unencrypted = account.security === 'none'
  const encrypt = {text: 'Use --security tls (port 465) or --security starttls (port 587).'}
  if (offered === null)
    return connectionFailed({
      code: 'SMTP_NO_AUTH',
      exitCode: EXIT.protocol,
      title: `${account.host}:${account.port} offers no login`,
      why: unencrypted
        ? 'it offers none on an unencrypted connection; no credentials were sent'
        : 'it does not announce AUTH on this port; no credentials were sent',
      fixes: [
        unencrypted ? encrypt : {text: 'Use the port for submission, 465 or 587: 25 is for mail between servers.'},
        {text: 'If the server takes mail from this machine without a login, leave out --user.'},
      ],
      stage: 'capabilities',
    })
  return connectionFailed({
    code: 'SMTP_NO_MECHANISM',
    exitCode: EXIT.protocol,
    title: `${account.host} takes no password`,
    why: `it offers ${offered.length === 0 ? 'no way to log in' : offered.join(', ')}, and a password needs PLAIN, LOGIN or CRAM-MD5; no credentials were sent`,
    fixes: [
      unencrypted ? encrypt : {text: 'Use an account of a provider that takes app passwords, or a token of OAuth.'},
    ],
    stage: 'capabilities',
  })
}

/**
 * What the server said, or a library made of it, with the password blanked out: some servers echo the command that they
 * did not like, with the password in clear or as SASL PLAIN puts it (RFC 4616 2).
 */
export function withoutPassword(text: string, {user, password}: SmtpAccount): string {
  const redactor = createRedactor()
  if (password !== null) {
    redactor.register(password.reveal())
    redactor.register(`\0${user}\0${password.reveal()}`)
  }
  return redactor.redact(text)
}

function failed(account: SmtpAccount, parts: Parts, reply?: string, cause?: unknown): PostdeskError {
  // The library's error quotes the server: where that echoes the password, the error is not kept.
  const clean = cause !== undefined && withoutPassword(messageOf(cause), account) === messageOf(cause)
  return connectionFailed({
    ...parts,
    why: withoutPassword(parts.why, account),
    ...(reply === undefined || reply === '' ? {} : {serverReply: withoutPassword(reply, account)}),
    ...(clean ? {cause} : {}),
  })
}

function partsFor(error: Partial<LibraryError>, account: SmtpAccount, phase: SessionPhase): Parts {
  const {code, response = '', command, timeoutType} = error
  if (code === 'EAUTH') return loginError(response, account)
  if (command === 'STARTTLS') return response.startsWith('4') ? later(account, 'tls') : noStartTls(account)
  if (phase === 'starttls') {
    const system = timeoutType === undefined ? (error.originalCode ?? code ?? '') : 'HANDSHAKE_TIMEOUT'
    return transportError(Object.assign(new Error(error.message ?? ''), {code: system}), account, 'starttls')
  }
  if (phase === 'greeting') return greetingError(error, account)
  if (response.startsWith('421')) return closing(account)
  if (timeoutType !== undefined)
    return {
      code: 'SMTP_STALLED',
      exitCode: EXIT.tryAgain,
      title: `${account.host} stopped answering`,
      why: phase === 'login' ? 'there was no answer to the login in time' : 'there was no answer in time',
      fixes: [{text: 'Try again. If it stays so, the server or the network in between is at fault.'}],
      stage: phase === 'login' ? 'login' : 'smtp',
    }
  if (code === 'EPROTOCOL')
    return {
      code: 'SMTP_PROTOCOL',
      exitCode: EXIT.protocol,
      title: `${account.host} answers what cannot be understood`,
      why: error.message ?? 'its answer has no known form',
      fixes: [{text: 'Run it again with --debug and report what it shows.'}],
      stage: 'smtp',
    }
  return {
    code: 'SMTP_CONNECTION_LOST',
    exitCode: EXIT.tryAgain,
    title: `The connection to ${account.host} was lost`,
    why: phase === 'login' ? 'it broke before the login was answered' : 'it broke in the middle of a session',
    fixes: [{text: 'Try again. If it stays so, the server or the network in between is at fault.'}],
    stage: phase === 'login' ? 'login' : 'smtp',
  }
}

function loginError(reply: string, account: SmtpAccount): Parts {
  if (reply.startsWith('421')) return {...closing(account), stage: 'login'}
  const rule = loginReplyRule(reply, account.host)
  if (rule) return byRule(rule, account, 'login')
  return {
    code: 'SMTP_AUTH',
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

function byRule({code, exitCode, title, why, fixes}: ReplyRule, account: SmtpAccount, stage: string): Parts {
  const whom = account.user === null ? `at ${account.host}` : `for ${account.user} at ${account.host}`
  return {code, exitCode, title: `${title} ${whom}`, why, fixes, stage}
}

function greetingError(error: Partial<LibraryError>, account: SmtpAccount): Parts {
  const {response = '', command, originalCode, timeoutType} = error
  // A server that waits for TLS says nothing to who does not speak it, or hangs up.
  if (response === '' && account.security !== 'tls' && account.port === 465) return wrongMode(account, 'tls')
  if (response.startsWith('4')) return later(account, 'greeting')
  if (command === 'EHLO' || command === 'HELO')
    return account.security === 'starttls' && /^50[0-4]/.test(response)
      ? // Without EHLO there is no STARTTLS.
        noStartTls(account)
      : {
          code: 'SMTP_EHLO_REFUSED',
          exitCode: EXIT.protocol,
          title: `${account.host} refuses this machine's name`,
          why: 'the server did not accept EHLO: it refuses the name that this machine gives itself, or its address',
          fixes: [{text: 'Give a full domain name of this machine: --ehlo-name mail.acme.example.'}],
          stage: 'capabilities',
        }
  if (originalCode === 'ECONNRESET' || originalCode === 'EPIPE')
    return transportError(Object.assign(new Error(originalCode), {code: originalCode}), account, 'connect')
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

function greetingFailed(account: SmtpAccount, why: string): Parts {
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

function later(account: SmtpAccount, stage: string): Parts {
  return {
    code: 'SMTP_LATER',
    exitCode: EXIT.tryAgain,
    title: `${account.host} takes no connection now`,
    why: 'it is overloaded, has a problem of its own, or there are too many connections from here',
    fixes: [
      {text: 'Run the same command again in some minutes.'},
      {text: 'If it stays so, give a full domain name of this machine: --ehlo-name mail.acme.example.'},
    ],
    stage,
  }
}

/** 421: the server is about to close the connection (RFC 5321 3.8). */
function closing(account: SmtpAccount): Parts {
  return {
    code: 'SMTP_CLOSING',
    exitCode: EXIT.tryAgain,
    title: `${account.host} ends the connection`,
    why: 'it has a problem of its own, or takes no more from this account for now',
    fixes: [{text: 'Wait; what was not sent stays in the outbox.'}],
    stage: 'smtp',
  }
}

/**
 * One SMTP connection: nodemailer's, with promises for callbacks, a deadline for everything, and errors of the catalogue
 * for all that happens before a message is sent. The only place that knows nodemailer's ways.
 */
import SMTPConnection, {type SMTPConnectionEnvelope} from 'nodemailer/lib/smtp-connection'
import {messageOf} from '../errors.ts'
import {type Log, silent} from '../log.ts'
import {isLoopback} from '../connection/loopback.ts'
import {tlsOptions} from '../connection/tls-options.ts'
import {withoutPassword} from '../connection/without-password.ts'
import type {SmtpAccount} from './account.ts'
import {readCapabilities, type SmtpCapabilities} from './capabilities.ts'
import {
  cleartextRefused,
  type LibraryError,
  noMechanism,
  passwordMissing,
  type SessionPhase,
  smtpError,
} from './errors.ts'
import type {Handover} from './handover.ts'
import {openSocket} from './open-socket.ts'

/** How long to wait, in milliseconds. Tests shorten it. */
export interface SmtpDeadlines {
  /** For DNS, TCP and TLS together; then again for the greeting and STARTTLS together. */
  readonly connectMs: number
  /** For any reply, and for any byte of a message to leave. */
  readonly commandMs: number
  /** For the reply to the final dot. */
  readonly finalMs: number
  /** For one message altogether. */
  readonly messageMs: number
}

export interface SmtpOptions {
  readonly log?: Log
  readonly deadlines?: Partial<SmtpDeadlines>
}

const DEADLINES: SmtpDeadlines = {
  // A host that is down is told of within a minute; servers that keep strangers waiting for the greeting on purpose
  // (greet_pause, postscreen) do so for some seconds. RFC 5321 4.5.3.2.1 would give the greeting 5 minutes, for
  // programs that nobody waits for.
  connectMs: 60_000,
  // RFC 5321 4.5.3.2.2 and .3: 5 minutes for MAIL and RCPT; the 2 of DATA and the 3 of a block are within it.
  commandMs: 5 * 60_000,
  // RFC 5321 4.5.3.2.6: 10 minutes, because who gives up earlier sends a second copy of what was accepted meanwhile.
  finalMs: 10 * 60_000,
  // 25 MB at 64 kbit/s take 55 minutes. What takes longer is a server that sends a byte now and then.
  messageMs: 60 * 60_000,
}

/** How long QUIT may take (RFC 5321 4.1.1.10); whatever is to be kept is kept by then. */
const QUIT_MS = 5_000

/** Mechanisms for passwords that the library speaks, best first. PLAIN needs one round trip, LOGIN two. */
const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const

/** What the server said to a message, step by step. */
export interface Transmission {
  /** The reverse-path that it was tried with; `''` for the null one. */
  readonly from: string
  /** Recipients that the server took, as they were given. */
  readonly accepted: ReadonlySet<string>
  /** What it said to those that it did not take, whole replies. */
  readonly refused: ReadonlyMap<string, string>
  /** Whether all bytes of the message were given out: before that nobody can have accepted it. */
  readonly handedOver: boolean
  /** How it ended. */
  readonly end:
    | {readonly step: 'MAIL' | 'RCPT' | 'DATA' | 'message'; readonly reply: string}
    /** The connection broke, or was silent for too long; `error` says how. */
    | {readonly step: 'lost'; readonly error: LibraryError}
}

/** What is said of a message before its bytes. */
export interface TransmissionEnvelope {
  readonly from: string
  readonly to: readonly string[]
  /** In bytes (RFC 1870 3). */
  readonly size: number
  /** Whether there are bytes above 127 in it (RFC 6152 2). */
  readonly eightBit: boolean
  /** Whether there are such bytes in its header, which needs SMTPUTF8 whatever the addresses are (RFC 6531 3.2). */
  readonly utf8Header: boolean
}

/** A connection that is greeted and, where the account has a user, logged in. */
export interface SmtpSession {
  readonly capabilities: SmtpCapabilities
  /** Hands over one message. Never call it while another command runs. Never rejects. */
  transmit(envelope: TransmissionEnvelope, handOver: (onEnded: () => void) => Handover): Promise<Transmission>
  /** Ends a transaction that came to nothing (RFC 5321 4.1.1.5). Rejects where the connection is of no more use. */
  reset(): Promise<void>
  isOpen(): boolean
  /** Says QUIT, waits a moment for the answer, and frees the socket. */
  quit(): Promise<void>
}

/** Connects and logs in. @throws catalogued: 20 to 25, 75, 78; or the signal's reason. */
export async function openSession(
  account: SmtpAccount,
  signal: AbortSignal,
  options: SmtpOptions = {},
): Promise<SmtpSession> {
  const {user, password, host, port} = account
  if (account.security === 'none' && account.allowCleartext !== true && !isLoopback(host))
    throw cleartextRefused(account)
  if (user !== null && (password === null || password.reveal() === '')) throw passwordMissing(account)
  const {log = silent} = options
  const deadlines: SmtpDeadlines = {...DEADLINES, ...options.deadlines}
  const socket = await openSocket(account, signal, deadlines.connectMs)

  const connection = new SMTPConnection({
    ...connectionOptions(account, deadlines),
    connection: socket,
    // Encrypted already: the library must neither encrypt it again nor ask for STARTTLS.
    secured: account.security === 'tls',
  })
  const line = commandLine(connection, deadlines.messageMs, (error) =>
    log('smtp-connection-error', {host, message: withoutPassword(messageOf(error), account)}),
  )
  let phase: SessionPhase = 'greeting'
  const cut = () => connection.close()
  signal.addEventListener('abort', cut, {once: true})
  try {
    await line.run<void>((done) => connection.connect(done))
    const capabilities = readCapabilities(connection.lastServerResponse || '')
    phase = 'login'
    if (user !== null && password !== null) {
      const method = MECHANISMS.find((name) => capabilities.mechanisms?.includes(name) === true)
      // The library would send the password by PLAIN to a server that offers no login at all.
      if (method === undefined) throw noMechanism(account, capabilities.mechanisms)
      // One mechanism, once: a password that was refused counts towards a lock at the provider.
      await line.run<boolean>((done) => connection.login({method, user, pass: password.reveal()}, done))
    }
    signal.throwIfAborted()
    log('smtp-connected', {host, port, user, secure: connection.secure})
    return sessionOf(account, connection, line, capabilities, deadlines)
  } catch (error) {
    const upgrading = connection.upgrading === true
    // Whoever hangs up after a refused login without a word is taken for one who tries out passwords.
    await quit(connection, line)
    signal.throwIfAborted()
    throw smtpError(error, account, upgrading ? 'starttls' : phase)
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

function sessionOf(
  account: SmtpAccount,
  connection: SMTPConnection,
  line: CommandLine,
  capabilities: SmtpCapabilities,
  deadlines: SmtpDeadlines,
): SmtpSession {
  const waitAtMost = (ms: number) => {
    if (connection._socket) connection._socket.setTimeout(ms)
  }
  return {
    capabilities,
    isOpen: () => line.isOpen(),
    async transmit({from, to, size, eightBit, utf8Header}, handOver) {
      // The library notes in this very object what is said to each recipient, also where the connection breaks later.
      const envelope: Partial<SMTPConnectionEnvelope> = {from, to: [...to], size, use8BitMime: eightBit}
      const message = handOver(() => waitAtMost(deadlines.finalMs))
      if (utf8Header) askForUtf8(connection)
      const end = await line
        .run<{readonly response: string}>((done) => connection.send(envelope, message, done))
        .then(
          ({response}) => ({step: 'message', reply: response}) as const,
          (error: unknown) => endOf(error),
        )
      message.destroy()
      // What is said before the message has ended leaves a server in the middle of it.
      if (end.step === 'message' && !message.ended) connection.close()
      if (line.isOpen()) waitAtMost(deadlines.commandMs)
      return {
        from,
        accepted: new Set(envelope.accepted),
        refused: new Map(
          (envelope.rejectedErrors ?? []).map(({response}, at) => [envelope.rejected?.[at] ?? '', response ?? '']),
        ),
        handedOver: message.ended,
        end,
      }
    },
    async reset() {
      await line
        .run<boolean>((done) => connection.reset(done))
        .catch((error: unknown) => {
          connection.close()
          throw smtpError(error, account, 'sending')
        })
    },
    quit: () => quit(connection, line),
  }
}

/** What the library does not show of itself. */
interface Internals {
  /** Every command goes through it. */
  _sendCommand: (command: string, logged?: string) => void
}

/**
 * Has the next MAIL FROM ask for SMTPUTF8. The library does so only for addresses beyond ASCII, and a header with such
 * characters needs it, too (RFC 6531 3.2).
 */
function askForUtf8(connection: SMTPConnection): void {
  const internals = connection as unknown as Internals
  const send = internals._sendCommand
  internals._sendCommand = (command, logged) => {
    if (!command.startsWith('MAIL FROM:')) return send.call(connection, command, logged)
    internals._sendCommand = send
    // The parameter is the first one where the library has put it there.
    send.call(connection, command.includes('> SMTPUTF8') ? command : `${command} SMTPUTF8`, logged)
  }
}

async function quit(connection: SMTPConnection, line: CommandLine): Promise<void> {
  if (line.isOpen())
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, QUIT_MS)
      connection.once('end', () => {
        clearTimeout(timer)
        resolve()
      })
      connection.quit()
    })
  connection.close()
}

/** To what the server said no, or that it said nothing. */
function endOf(thrown: unknown): Transmission['end'] {
  const error: LibraryError = thrown instanceof Error ? thrown : new Error(String(thrown))
  const {code, command, response} = error
  if (response === undefined || response === '') return {step: 'lost', error}
  if (code === 'EMESSAGE') return {step: 'message', reply: response}
  if (command === 'MAIL FROM') return {step: 'MAIL', reply: response}
  if (command === 'RCPT TO') return {step: 'RCPT', reply: response}
  if (command === 'DATA') return {step: 'DATA', reply: response}
  return {step: 'lost', error}
}

function connectionOptions(account: SmtpAccount, deadlines: SmtpDeadlines): SMTPConnection.Options {
  const {host, port, security, ehloName} = account
  return {
    host,
    port,
    secure: security === 'tls',
    // Left out, credentials would go out in clear where someone strips STARTTLS from what the server offers.
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    opportunisticTLS: false,
    tls: tlsOptions(account),
    ...(ehloName === undefined ? {} : {name: ehloName}),
    // Its log would have every address in it.
    logger: false,
    connectionTimeout: deadlines.connectMs,
    greetingTimeout: deadlines.connectMs,
    socketTimeout: deadlines.commandMs,
    // Nothing that is still to be read from the socket is wanted once it is closed.
    socketCloseTimeout: 0,
  }
}

/** Runs the library's commands one after the other, and ends those that the library forgets. */
interface CommandLine {
  run<T>(start: (done: (error?: Error | null, value?: T) => void) => void): Promise<T>
  isOpen(): boolean
}

function commandLine(connection: SMTPConnection, deadlineMs: number, onError: (error: Error) => void): CommandLine {
  let open = true
  let failure: Error | undefined
  let reject: ((error: Error) => void) | undefined
  // Without a listener one broken connection would end the process. It must be there before connect().
  connection.on('error', (error: Error) => {
    failure ??= error
    onError(error)
  })
  connection.on('end', () => {
    open = false
    // Only `send` is told of the end by the library, and not always; its own error is the better one and comes first.
    setImmediate(() => reject?.(failure ?? new Error('the connection was closed')))
  })
  return {
    isOpen: () => open,
    async run(start) {
      if (!open) throw failure ?? new Error('the connection was closed')
      // The library's deadlines are for silence; a server that sends a byte now and then is ended by this one.
      const timer = setTimeout(() => {
        failure ??= Object.assign(new Error('Timeout'), {code: 'ETIMEDOUT', timeoutType: 'TOTAL'})
        connection.close()
      }, deadlineMs)
      try {
        return await new Promise((resolve, refuse) => {
          reject = refuse
          start((error, value) => (error ? refuse(error) : resolve(value as never)))
        })
      } finally {
        clearTimeout(timer)
        reject = undefined
      }
    },
  }
}

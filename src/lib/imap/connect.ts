/**
 * Opens an IMAP connection and runs commands on it, one at a time, each with a deadline. Everything that goes wrong
 * leaves as an error of the catalogue.
 */
import {ImapFlow, type ImapFlowOptions, type ListResponse} from 'imapflow'
import type {Timings} from '../channel/delivery.ts'
import {isLoopback} from '../connection/loopback.ts'
import {IMAP} from '../connection/protocol.ts'
import {cleartextRefused} from '../connection/transport-errors.ts'
import {withoutPassword} from '../connection/without-password.ts'
import {messageOf, PostdeskError} from '../errors.ts'
import {type Log, silent} from '../log.ts'
import type {Secret} from '../secret/secret.ts'
import {imapError, imapStalled, imapThrottled, refusalOf} from './errors.ts'

/** A mailbox of an IMAP account, and how to get to it. */
export interface ImapAccount {
  readonly host: string
  readonly port: number
  /** `tls` from the first byte, `starttls` or nothing, `none` only on this machine unless `allowCleartext`. */
  readonly security: 'tls' | 'starttls' | 'none'
  readonly user: string
  readonly password: Secret
  /** The mailbox's name as people write it; `INBOX` in any case is the inbox (RFC 9051 5.1). */
  readonly mailbox: string
  /** PEM of the only authority to trust, in place of the public ones. */
  readonly ca?: string
  /** True where the user asked for `none` on another machine. */
  readonly allowCleartext?: boolean
}

/** How long to wait, in milliseconds. Tests shorten it. */
export interface ImapDeadlines {
  /** For each of: DNS, TCP and TLS together; the greeting. */
  readonly connectMs: number
  /** For a command to bring at least one byte. */
  readonly commandMs: number
}

export interface ImapConnectOptions {
  readonly deadlines?: Partial<ImapDeadlines>
  readonly log?: Log
  /** Where the time that commands take is added. */
  readonly timings?: Pick<Timings, 'fetchMs'>
}

/** A connection that is logged in. */
export interface ImapConnection {
  readonly client: ImapFlow
  /** False once the connection is gone, for whatever reason. */
  isOpen(): boolean
  /**
   * Runs one command and resolves with its result. Never call it while another one runs. `what` is for people:
   * `fetching messages`. Rejects with a catalogued error.
   */
  command<T>(what: string, work: (client: ImapFlow) => Promise<T>): Promise<T>
  /** The server's last NO or BAD, where the library only says `false`. */
  lastRefusal(): string | undefined
  /** Cuts the connection at once; commands in flight reject. LOGOUT is not waited for, it would change nothing. */
  close(): void
}

/** 30 s reaches every server that works, also through a slow resolver and a distant TLS handshake. */
const CONNECT_MS = 30_000
/** 60 s without a byte: servers that search large mailboxes send nothing for many seconds, never for a minute. */
const COMMAND_MS = 60_000
/** A command that brings a byte now and then is still ended after ten of its deadlines. */
const COMMAND_TOTAL = 10
/** IDLE is issued anew every 9 minutes: NATs forget a silent connection after 10 to 15 (RFC 2177 allows 29). */
const IDLE_MS = 9 * 60_000
/** The library's own watchdog must not end an IDLE that is silent by right. */
const SOCKET_MS = IDLE_MS + 60_000
/**
 * One literal. Only a server that lies about sizes or ignores partial fetches sends more than 4 MB at once; 64 MB is
 * what a process with a memory limit of 250 MB survives.
 */
const LITERAL_BYTES = 64 * 2 ** 20
/** A whole answer is its literal and some text. */
const RESPONSE_BYTES = LITERAL_BYTES + 2 ** 20
/** A line without a literal: a SEARCH answer with two million numbers fits. */
const LINE_BYTES = 16 * 2 ** 20
/** Flags and sizes of one message are some dozen tokens; a list of mailboxes a few. */
const RESPONSE_TOKENS = 10_000

/** Connects and logs in. Rejects with a catalogued error, or with the signal's reason. */
export async function connectImap(
  account: ImapAccount,
  signal: AbortSignal,
  options: ImapConnectOptions = {},
): Promise<ImapConnection> {
  signal.throwIfAborted()
  if (account.security === 'none' && account.allowCleartext !== true && !isLoopback(account.host))
    throw cleartextRefused(account, IMAP)
  const {log = silent, deadlines: {connectMs = CONNECT_MS, commandMs = COMMAND_MS} = {}} = options
  const notes: Notes = {}
  const client = new ImapFlow({...clientOptions(account, connectMs), logger: noteTaker(notes, () => client.close())})
  // Without a listener one broken connection would end the process. It must be there before connect().
  client.on('error', (error) => {
    notes.failure = error
    log('imap-connection-error', {host: account.host, message: withoutPassword(messageOf(error), account)})
  })
  const close = () => client.close()
  signal.addEventListener('abort', close, {once: true})
  // The library has deadlines until the greeting; what comes after it, up to the login, is watched here.
  const silence = watchSilence(client, commandMs, {greeted: false})
  try {
    await client.connect()
  } catch (error) {
    client.close()
    signal.throwIfAborted()
    if (silence.stalled()) throw imapStalled(account, 'logging in', commandMs / 1000)
    throw imapError(error, account, {phase: 'connect', what: 'logging in', refusal: notes.refusal})
  } finally {
    silence.stop()
    signal.removeEventListener('abort', close)
  }
  log('imap-connected', {host: account.host, port: account.port, user: account.user})

  return {
    client,
    isOpen: () => client.usable,
    lastRefusal: () => notes.refusal,
    close,
    async command(what, work) {
      delete notes.refusal
      const began = Date.now()
      const silence = watchSilence(client, commandMs, {greeted: true})
      const failed = async (error: unknown): Promise<PostdeskError> => {
        if (notes.throttled === true) return imapThrottled(account, notes.refusal)
        if (silence.stalled()) return imapStalled(account, what, commandMs / 1000)
        const cause = client.usable || error instanceof PostdeskError ? error : (notes.failure ?? error)
        const missing =
          error instanceof Error && ('mailboxMissing' in error || ('code' in error && error.code === 'NotFound'))
        const mailboxes = missing && client.usable ? await mailboxNames(client) : []
        return imapError(cause, account, {phase: 'command', what, refusal: notes.refusal, mailboxes})
      }
      try {
        log('imap-command', {what})
        const result = await work(client)
        // Where the connection is lost the library answers some commands with an empty result instead of an error.
        if (!client.usable) throw notes.failure ?? new Error('the connection was closed')
        return result
      } catch (error) {
        throw await failed(error)
      } finally {
        silence.stop()
        if (options.timings) options.timings.fetchMs += Date.now() - began
      }
    },
  }
}

/**
 * Cuts a connection on which no byte comes for a whole deadline, or whose command takes many of them. One that is not
 * greeted yet is left alone until its first byte.
 */
function watchSilence(client: ImapFlow, deadlineMs: number, {greeted}: {readonly greeted: boolean}) {
  const began = Date.now()
  let received = client.stats().received
  let stalled = false
  const timer = setInterval(() => {
    const now = client.stats().received
    const silent = now === received && (greeted || now > 0)
    if (silent || Date.now() - began > COMMAND_TOTAL * deadlineMs) {
      stalled = true
      client.close()
    }
    received = now
  }, deadlineMs)
  return {stalled: () => stalled, stop: () => clearInterval(timer)}
}

/** The names of all mailboxes of the account, as far as the server gives them. */
export async function mailboxNames(client: ImapFlow): Promise<string[]> {
  const list: ListResponse[] = await client.list().catch(() => [])
  return list.map(({path}) => path)
}

function clientOptions(account: ImapAccount, connectMs: number): ImapFlowOptions {
  const {host, port, security, user, password, ca} = account
  return {
    host,
    port,
    secure: security === 'tls',
    // Left out it would be opportunistic, and the password would go out in clear where someone strips STARTTLS.
    ...(security === 'tls' ? {} : {doSTARTTLS: security === 'starttls'}),
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not lay the password open.
    tls: {minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : {ca})},
    auth: {user, pass: password.reveal()},
    // Sent to everyone's server: the name of the program, nothing about the machine.
    clientInfo: {name: 'postdesk', version: false, vendor: false, 'support-url': false},
    disableAutoIdle: true,
    disableAutoEnable: true,
    disableCompression: true,
    maxIdleTime: IDLE_MS,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: SOCKET_MS,
    maxLineLength: LINE_BYTES,
    maxLiteralSize: LITERAL_BYTES,
    maxResponseSize: RESPONSE_BYTES,
    maxResponseTokens: RESPONSE_TOKENS,
  }
}

/** What the library tells only to its log. */
interface Notes {
  failure?: Error
  refusal?: string | undefined
  throttled?: boolean
}

/**
 * The library's logger: it writes nothing, and notes refusals that the library swallows. A throttled FETCH it would
 * retry for minutes and silently skip rows; here it ends the connection, and the next run continues.
 */
function noteTaker(notes: Notes, close: () => void) {
  const note = (entry: unknown) => {
    const {err, msg} = entry as {err?: unknown; msg?: unknown}
    notes.refusal = (err instanceof Error ? refusalOf(err) : undefined) ?? notes.refusal
    if (msg === 'Throttling detected') {
      notes.throttled = true
      close()
    }
  }
  const nothing = () => {}
  // isLevelEnabled spares the library from putting every answer into words for nobody.
  return {
    debug: nothing,
    info: nothing,
    warn: note,
    error: note,
    isLevelEnabled: (level: string) => level === 'warn' || level === 'error',
  }
}

/**
 * The one connection of a source, kept from run to run and made again when it is lost, and the mailbox opened on it.
 */
import {connectionFailed, EXIT} from '../errors.ts'
import {connectImap, type ImapAccount, type ImapConnection, type ImapConnectOptions} from './connect.ts'
import {mailboxReadOnly} from './errors.ts'
import {openMailbox, type OpenMailbox} from './mailbox.ts'

export interface Session {
  /** The connection, made where there is none or it is lost. A new one has no mailbox open. */
  connect(): Promise<ImapConnection>
  /** The connection on which the mailbox was opened, also after it is lost: then its commands reject. */
  opened(): ImapConnection
  /** The connection while it stands. */
  current(): ImapConnection | null
  /** Opens the mailbox, also where it is open: that is how its newest numbers come (RFC 9051 6.3.2). */
  open(writable: boolean): Promise<OpenMailbox>
  /** Whether the mailbox is open on a connection that stands. */
  isOpen(): boolean
  /** Connects anew and opens the same mailbox again; rejects where it is another one by now. */
  renew(): Promise<void>
  /** Work done while `signal` is not aborted; then the connection is cut, and commands in flight reject. */
  during<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Whether the server has announced messages since the last call, or since the mailbox was opened. */
  takeRing(): boolean
  /** Calls back at the next announcement; gives the way to take the listener off. */
  onRing(listener: () => void): () => void
  close(): void
}

/** A session without a connection yet. */
export function imapSession(account: ImapAccount, options: ImapConnectOptions): Session {
  let connection: ImapConnection | null = null
  // As it was when it was last opened, also on a connection that is gone.
  let mailbox: OpenMailbox | null = null
  let open = false
  let signal: AbortSignal = new AbortController().signal
  let rang = false
  const listeners = new Set<() => void>()

  const connect = async (): Promise<ImapConnection> => {
    if (connection?.isOpen() === true) return connection
    open = false
    connection = await connectImap(account, signal, options)
    connection.client.on('exists', () => {
      rang = true
      for (const listener of listeners) listener()
    })
    return connection
  }
  const openIt = async (writable: boolean): Promise<OpenMailbox> => {
    const opened = await openMailbox(await connect(), account, writable)
    if (writable && opened.readOnly) throw mailboxReadOnly(account)
    mailbox = opened
    open = true
    // Opening announces what is there by now; only what comes later is news.
    rang = false
    return opened
  }
  const close = () => {
    connection?.close()
    connection = null
    open = false
  }
  return {
    connect,
    open: openIt,
    close,
    opened() {
      if (!connection) throw new Error('the mailbox was not opened')
      return connection
    },
    current: () => (connection?.isOpen() === true ? connection : null),
    isOpen: () => open && connection?.isOpen() === true,
    async renew() {
      const before = mailbox
      close()
      const after = await openIt(before !== null && !before.readOnly)
      if (before && after.uidValidity !== before.uidValidity)
        throw connectionFailed({
          code: 'IMAP_MAILBOX_CHANGED',
          exitCode: EXIT.tryAgain,
          title: `The mailbox ${account.mailbox} was replaced while it was read`,
          why: 'its UIDVALIDITY changed between two connections; what was received before is kept',
          fixes: [{text: 'Run the same command again.'}],
          stage: 'imap',
        })
    },
    async during(newSignal, work) {
      signal = newSignal
      const cut = () => connection?.close()
      signal.addEventListener('abort', cut, {once: true})
      try {
        return await work()
      } finally {
        signal.removeEventListener('abort', cut)
      }
    },
    takeRing() {
      const was = rang
      rang = false
      return was
    },
    onRing(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}

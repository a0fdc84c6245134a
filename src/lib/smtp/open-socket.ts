/**
 * Opens the connection that SMTP is then spoken over. It is not left to the library, which asks the DNS by itself, past
 * what this machine knows of names, and says of what failed only that it did.
 */
import {connect as connectTcp, isIP, type Socket} from 'node:net'
import {connect as connectTls, type ConnectionOptions} from 'node:tls'
import {SMTP} from '../connection/protocol.ts'
import {connectError, handshakeError} from '../connection/transport-errors.ts'
import {connectionFailed} from '../errors.ts'
import type {SmtpAccount} from './account.ts'

/**
 * A connection to the account's host, encrypted already where its security is `tls`. @throws 20 to 22; the signal's
 * reason. `deadlineMs` is for all of it.
 */
export async function openSocket(account: SmtpAccount, signal: AbortSignal, deadlineMs: number): Promise<Socket> {
  signal.throwIfAborted()
  const until = Date.now() + deadlineMs
  const {host, port} = account
  let lookedUp = isIP(host) !== 0
  // Of several addresses the next is tried where one gives no answer (RFC 8305).
  const socket = connectTcp({host, port, autoSelectFamily: true}).once('lookup', (error) => (lookedUp = error === null))
  const opened = (socket: Socket, event: string, judge: typeof connectError, timeoutCode: () => string) =>
    standing(socket, event, signal, Math.max(until - Date.now(), 1), timeoutCode).catch((error: unknown) => {
      signal.throwIfAborted()
      throw connectionFailed({...judge(error, account, SMTP), cause: error})
    })

  await opened(socket, 'connect', connectError, () => (lookedUp ? 'CONNECT_TIMEOUT' : 'LOOKUP_TIMEOUT'))
  if (account.security !== 'tls') return socket
  const encrypted = connectTls({...tlsOptions(account), socket})
  await opened(encrypted, 'secureConnect', handshakeError, () => 'HANDSHAKE_TIMEOUT')
  return encrypted
}

/** How TLS is spoken, from the first byte as well as after STARTTLS. */
export function tlsOptions({host, ca}: SmtpAccount): ConnectionOptions {
  return {
    host,
    // Addresses have no place in SNI (RFC 6066 3).
    ...(isIP(host) === 0 ? {servername: host} : {}),
    // What is older is forbidden for mail (RFC 8314 4.1, RFC 8996).
    minVersion: 'TLSv1.2',
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not lay the password open.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : {ca}),
  }
}

/** Resolves at `event`; else destroys the socket and rejects. */
function standing(
  socket: Socket,
  event: string,
  signal: AbortSignal,
  deadlineMs: number,
  timeoutCode: () => string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.off(event, stands).off('error', settle).off('close', closed)
      if (error === undefined) return resolve()
      // Whatever the socket still has to say is of no interest.
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const stands = () => settle()
    const closed = () => settle(new Error('the connection was closed unexpectedly'))
    const aborted = () => settle(new Error('aborted'))
    const timer = setTimeout(() => settle(Object.assign(new Error('timed out'), {code: timeoutCode()})), deadlineMs)
    socket.once(event, stands).once('error', settle).once('close', closed)
    signal.addEventListener('abort', aborted, {once: true})
  })
}

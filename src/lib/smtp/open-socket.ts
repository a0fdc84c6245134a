/**
 * Opens the connection that SMTP is then spoken over. It is not left to the library, which asks the DNS by itself, past
 * what this machine knows of names, and says of what failed only that it did.
 */
import {connect as connectTcp, isIP, type Socket} from 'node:net'
import {connect as connectTls} from 'node:tls'
import {SMTP} from '../connection/protocol.ts'
import {tlsOptions} from '../connection/tls-options.ts'
import {connectError, handshakeError} from '../connection/transport-errors.ts'
import {type EventOptions, untilEvent} from '../connection/until-event.ts'
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
  const limits = (timeoutCode: () => string): EventOptions => ({
    signal,
    deadlineMs: Math.max(until - Date.now(), 1),
    timeoutCode,
  })
  const orFailed = (judge: typeof connectError) => (error: unknown) => {
    signal.throwIfAborted()
    throw connectionFailed({...judge(error, account, SMTP), cause: error})
  }

  const noAnswer = () => (lookedUp ? 'CONNECT_TIMEOUT' : 'LOOKUP_TIMEOUT')
  await untilEvent(socket, 'connect', limits(noAnswer)).catch(orFailed(connectError))
  if (account.security !== 'tls') return socket
  const encrypted = connectTls({...tlsOptions(account), socket})
  await untilEvent(
    encrypted,
    'secureConnect',
    limits(() => 'HANDSHAKE_TIMEOUT'),
  ).catch(orFailed(handshakeError))
  return encrypted
}

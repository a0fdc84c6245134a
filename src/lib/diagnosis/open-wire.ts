/** Opens a wire to one address: a socket that is read line by line, and that can change to TLS. */
import {connect as connectTcp, isIP, type Socket} from 'node:net'
import {connect as connectTls, type ConnectionOptions} from 'node:tls'
import {tlsOptions} from '../connection/tls-options.ts'
import {untilEvent} from '../connection/until-event.ts'
import {codeOf, messageOf} from '../errors.ts'
import {readTlsEvidence, type TlsEvidence} from './tls-evidence.ts'
import {type Wire, WireError} from './wire.ts'

/** How a wire is opened, and what is done with what passes over it. */
export interface WireOptions {
  readonly connectMs: number
  readonly replyMs: number
  readonly signal: AbortSignal
  readonly note: (from: 'client' | 'server' | 'note', text: string) => void
}

/** What a certificate has to be for, and who is believed about it. */
export interface TlsDemand {
  /** A name, which is sent as SNI, too, or an address. */
  readonly name: string
  /** PEM of the only authority to trust; null for the public ones and NODE_EXTRA_CA_CERTS. */
  readonly ca: string | null
}

export interface OpenWire extends Wire {
  /** Our own address, for EHLO where this machine has no name. */
  readonly localAddress: string
  /**
   * Milliseconds that the server took to say something, from when the connection stood, or TLS did; null while it has said
   * nothing.
   */
  readonly firstWordMs: number | null
  /** Whether something came within `ms`, or the connection ended: what came stays to be read. @throws the signal's reason. */
  comes(ms: number): Promise<boolean>
  /** What came and was not read yet. */
  peek(): Buffer
  /**
   * Changes to TLS. Resolves also where the certificate is not to be trusted: that is in the evidence, and the wire is
   * closed then, so that nothing can be sent. @throws `WireError` with the code of OpenSSL or Node, where no TLS came to
   * stand.
   */
  startTls(demand: TlsDemand): Promise<TlsEvidence>
}

/** A line of a server; the protocols have lines of some thousand octets at most, and lists of capabilities a few more. */
const LINE_LENGTH = 256 * 1024
/** What is kept unread: the largest literal that is taken (`imap-dialog.ts`), and what may follow it. */
const UNREAD_LENGTH = 2 * 1024 * 1024

/** Connects to an address, never to a name. @throws `WireError`; the signal's reason. */
export async function openWire(address: string, port: number, options: WireOptions): Promise<OpenWire> {
  const {connectMs, signal, note} = options
  signal.throwIfAborted()
  const socket = connectTcp({host: address, port, noDelay: true})
  await standing(socket, 'connect', signal, connectMs)
  note('note', `connected to ${address} port ${port}`)
  return wireOver(socket, address, port, options)
}

/** As TLS is spoken to a server, but the handshake is let through, to see what is wrong with the certificate. */
export const probingTls = ({name, ca}: TlsDemand): ConnectionOptions => ({
  ...tlsOptions({host: name, ...(ca === null ? {} : {ca})}),
  rejectUnauthorized: false,
})

function wireOver(plain: Socket, address: string, port: number, options: WireOptions): OpenWire {
  const {connectMs, replyMs, signal, note} = options
  const localAddress = plain.localAddress ?? (isIP(address) === 6 ? '::1' : '127.0.0.1')
  let socket = plain
  let received: Buffer = Buffer.alloc(0)
  let ended: WireError | null = null
  let encrypted = false
  let stoodAt = performance.now()
  let firstWordMs: number | null = null
  /** Who waits for something to come. */
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }

  const onData = (data: Buffer) => {
    firstWordMs ??= Math.round(performance.now() - stoodAt)
    received = Buffer.concat([received, data])
    if (received.length > UNREAD_LENGTH) {
      socket.destroy()
      return end(new WireError('LINE_TOO_LONG', `more than ${UNREAD_LENGTH} bytes came unasked`))
    }
    wake()
  }
  const end = (error?: Error) => {
    ended ??= error === undefined ? new WireError('CLOSED', 'the server closed the connection') : wireError(error)
    wake()
  }
  const onEnd = () => end()
  const listen = () => {
    stoodAt = performance.now()
    firstWordMs = null
    socket.on('data', onData).on('error', end).on('end', onEnd).on('close', onEnd)
  }
  const leave = () => {
    socket.off('data', onData).off('error', end).off('end', onEnd).off('close', onEnd)
    // Whatever it still has to say is of no interest; without a listener it would end the process.
    socket.on('error', () => {})
  }
  const close = () => {
    signal.removeEventListener('abort', abort)
    leave()
    socket.destroy()
    // Who still waits for an answer must not keep the process alive for it.
    end()
  }
  const abort = () => close()
  signal.addEventListener('abort', abort, {once: true})
  listen()

  /** Resolves once `take` has something; undefined means that more is needed. */
  const waitFor = async <T>(take: () => T | undefined, ms: number): Promise<T> => {
    const until = performance.now() + ms
    for (;;) {
      signal.throwIfAborted()
      const taken = take()
      if (taken !== undefined) return taken
      if (ended) throw ended
      const left = until - performance.now()
      if (left <= 0) throw new WireError('REPLY_TIMEOUT', `there was no answer within ${Math.round(ms / 1000)} s`)
      await new Promise<void>((resolve) => {
        const look = () => {
          clearTimeout(timer)
          waiting.delete(look)
          resolve()
        }
        const timer = setTimeout(look, left)
        waiting.add(look)
      })
    }
  }

  const takeLine = (): string | undefined => {
    const at = received.indexOf(0x0a)
    if (at > LINE_LENGTH || (at === -1 && received.length > LINE_LENGTH))
      throw new WireError('LINE_TOO_LONG', `a line is longer than ${LINE_LENGTH} bytes`)
    if (at === -1) return undefined
    const line = received.subarray(0, at).toString().replace(/\r$/, '')
    received = received.subarray(at + 1)
    note('server', line)
    return line
  }

  const write = async (bytes: Uint8Array): Promise<void> => {
    signal.throwIfAborted()
    if (ended) throw ended
    const {promise, resolve, reject} = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new WireError('REPLY_TIMEOUT', 'the server takes no more bytes')), replyMs)
    try {
      socket.write(bytes, (error) => (error ? reject(wireError(error)) : resolve()))
      await promise
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    address,
    port,
    localAddress,
    get encrypted() {
      return encrypted
    },
    get firstWordMs() {
      return firstWordMs
    },
    readLine: () => waitFor(takeLine, replyMs),
    readBytes: (count) =>
      waitFor(() => {
        if (received.length < count) return undefined
        const bytes = Buffer.from(received.subarray(0, count))
        received = received.subarray(count)
        note('server', bytes.toString())
        return bytes
      }, replyMs),
    async writeLine(line, shown = line) {
      note('client', shown)
      await write(Buffer.from(`${line}\r\n`))
    },
    async writeBytes(bytes, shown) {
      note('client', shown)
      await write(bytes)
    },
    pending: () => received.length,
    peek: () => received,
    async comes(ms) {
      try {
        return await waitFor(() => (received.length > 0 || ended ? true : undefined), ms)
      } catch (error) {
        if (error instanceof WireError) return false
        throw error
      }
    },
    async startTls(demand) {
      signal.throwIfAborted()
      if (ended) throw ended
      leave()
      const secured = connectTls({...probingTls(demand), socket})
      socket = secured
      await standing(secured, 'secureConnect', signal, connectMs).catch((error: unknown) => {
        if (error instanceof WireError) ended = error
        throw error
      })
      encrypted = true
      // What came before TLS is nobody's word (RFC 3207 6).
      received = Buffer.alloc(0)
      listen()
      const evidence = readTlsEvidence(secured, demand.name)
      note('note', `${evidence.version}, ${evidence.cipher}`)
      if (!evidence.trusted) {
        note('note', `closed, since the certificate is not trusted: ${evidence.error}`)
        close()
      }
      return evidence
    },
    close,
  }
}

const TIMEOUTS = {connect: 'CONNECT_TIMEOUT', secureConnect: 'HANDSHAKE_TIMEOUT'} as const

/** Resolves once the connection stands, or its encryption. @throws `WireError`; the signal's reason. */
async function standing(socket: Socket, event: keyof typeof TIMEOUTS, signal: AbortSignal, deadlineMs: number) {
  try {
    await untilEvent(socket, event, {signal, deadlineMs, timeoutCode: () => TIMEOUTS[event]})
  } catch (error) {
    signal.throwIfAborted()
    throw wireError(error)
  }
}

function wireError(error: unknown): WireError {
  if (error instanceof WireError) return error
  // What OpenSSL says is readable there alone: its message has places in its source.
  const {reason} = error as {readonly reason?: unknown}
  const message = typeof reason === 'string' ? reason : messageOf(error)
  return new WireError(codeOf(error) || 'CLOSED', message, {cause: error})
}

/** Opens a wire to one address: a socket that is read line by line, and that can change to TLS. */
import {connect as connectTcp, type Socket} from 'node:net'
import {connect as connectTls, type TLSSocket} from 'node:tls'
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
  /** A name or an address. */
  readonly name: string
  /** True where the name may stand in the handshake: addresses have no place there (RFC 6066 3). */
  readonly isName: boolean
  /** PEM of the only authority to trust; null for the public ones and NODE_EXTRA_CA_CERTS. */
  readonly ca: string | null
}

export interface OpenWire extends Wire {
  /** Our own address, for EHLO where this machine has no name. */
  readonly localAddress: string
  /**
   * Whether something came within `ms`: what came stays to be read.
   * @throws the signal's reason.
   */
  comes(ms: number): Promise<boolean>
  /** The first bytes that came and were not read yet. */
  peek(): Buffer
  /**
   * Changes to TLS. Resolves also where the certificate is not to be trusted: that is in the evidence, and nothing may be
   * sent then. @throws `WireError` with the code of OpenSSL or Node, where no TLS came to stand.
   */
  startTls(demand: TlsDemand): Promise<TlsEvidence>
}

/** A line of a server; the protocols have lines of some thousand octets at most, and lists of capabilities a few more. */
const LINE_LENGTH = 256 * 1024

/** Connects to an address, never to a name. @throws `WireError`; the signal's reason. */
export async function openWire(address: string, port: number, options: WireOptions): Promise<OpenWire> {
  const {connectMs, signal, note} = options
  signal.throwIfAborted()
  const socket = connectTcp({host: address, port})
  await settled(socket, 'connect', connectMs, 'CONNECT_TIMEOUT', signal)
  note('note', `connected to ${address} port ${port}`)
  return wireOver(socket, address, port, options)
}

function wireOver(plain: Socket, address: string, port: number, options: WireOptions): OpenWire {
  const {connectMs, replyMs, signal, note} = options
  let socket: Socket | TLSSocket = plain
  let received: Buffer = Buffer.alloc(0)
  let ended: WireError | null = null
  let encrypted = false
  let changed: () => void = () => {}

  const onData = (data: Buffer) => {
    received = Buffer.concat([received, data])
    changed()
  }
  const end = (error?: unknown) => {
    ended ??= new WireError(error === undefined ? 'CLOSED' : codeOf(error) || 'CLOSED', reasonOf(error))
    changed()
  }
  const onEnd = () => end()
  const listen = (to: Socket) => to.on('data', onData).on('error', end).on('end', onEnd).on('close', onEnd)
  const leave = (from: Socket) => {
    from.off('data', onData).off('error', end).off('end', onEnd).off('close', onEnd)
    // Whatever it still has to say is of no interest; without a listener it would end the process.
    from.on('error', () => {})
  }
  const abort = () => {
    socket.destroy()
    changed()
  }
  signal.addEventListener('abort', abort, {once: true})
  listen(socket)

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
        const timer = setTimeout(resolve, left)
        changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  const takeLine = (): string | undefined => {
    const at = received.indexOf(0x0a)
    if (at === -1) {
      if (received.length > LINE_LENGTH)
        throw new WireError('LINE_TOO_LONG', `a line is longer than ${LINE_LENGTH} bytes`)
      return undefined
    }
    const line = received.subarray(0, at).toString().replace(/\r$/, '')
    received = received.subarray(at + 1)
    note('server', line)
    return line
  }

  const write = async (bytes: Uint8Array): Promise<void> => {
    signal.throwIfAborted()
    if (ended) throw ended
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new WireError('REPLY_TIMEOUT', 'the server takes no more bytes')), replyMs)
      socket.write(bytes, (error) => {
        clearTimeout(timer)
        if (error) reject(new WireError(codeOf(error) || 'CLOSED', messageOf(error)))
        else resolve()
      })
    })
  }

  return {
    address,
    port,
    localAddress: plain.localAddress ?? '127.0.0.1',
    get encrypted() {
      return encrypted
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
    async startTls({name, isName, ca}) {
      leave(socket)
      const secured = connectTls({
        socket,
        host: name,
        ...(isName ? {servername: name} : {}),
        // What is older is forbidden for mail (RFC 8314 4.1, RFC 8996).
        minVersion: 'TLSv1.2',
        // The handshake is let through to see what is wrong with the certificate; the caller sends nothing over it then.
        rejectUnauthorized: false,
        ...(ca === null ? {} : {ca}),
      })
      socket = secured
      await settled(secured, 'secureConnect', connectMs, 'HANDSHAKE_TIMEOUT', signal)
      encrypted = true
      const evidence = readTlsEvidence(secured)
      note('note', `${evidence.version} with ${evidence.cipher}`)
      received = Buffer.alloc(0)
      listen(secured)
      return evidence
    },
    close() {
      signal.removeEventListener('abort', abort)
      leave(socket)
      socket.destroy()
      // Who still waits for an answer must not keep the process alive for it.
      end()
    },
  }
}

const reasonOf = (error: unknown) => (error === undefined ? 'the server closed the connection' : messageOf(error))

/** Resolves at `event`; else destroys the socket and rejects. */
function settled(socket: Socket, event: string, ms: number, timeoutCode: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.off(event, stands).off('error', failed).off('close', closed)
      if (error === undefined) return resolve()
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const stands = () => settle()
    const failed = (error: Error) => settle(new WireError(codeOf(error) || 'CLOSED', messageOf(error), {cause: error}))
    const closed = () => settle(new WireError('CLOSED', 'the connection was closed unexpectedly'))
    const aborted = () => settle(signal.reason)
    const timer = setTimeout(() => settle(new WireError(timeoutCode, 'there was no answer in time')), ms)
    socket.once(event, stands).once('error', failed).once('close', closed)
    signal.addEventListener('abort', aborted, {once: true})
  })
}

import type {Socket} from 'node:net'

export interface EventOptions {
  readonly signal: AbortSignal
  readonly deadlineMs: number
  /** The `code` of the error after the deadline. */
  readonly timeoutCode: () => string
}

/**
 * Resolves at an event of a socket: that it is connected, or encrypted. Else destroys it and rejects with what it said, or
 * an error of our own where it was closed, late, or not wanted any more.
 */
export function untilEvent(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  {signal, deadlineMs, timeoutCode}: EventOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.off(event, happened).off('error', settle).off('close', closed)
      if (error === undefined) return resolve()
      // Whatever the socket still has to say is of no interest.
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const happened = () => settle()
    const closed = () => settle(new Error('the connection was closed unexpectedly'))
    const aborted = () => settle(new Error('aborted'))
    const timer = setTimeout(() => settle(Object.assign(new Error('timed out'), {code: timeoutCode()})), deadlineMs)
    socket.once(event, happened).once('error', settle).once('close', closed)
    signal.addEventListener('abort', aborted, {once: true})
  })
}

import {isIP} from 'node:net'

/** Whether nothing leaves this machine on the way to `host`: also by a name under localhost (RFC 6761 6.3). */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** How a server of mail is reached and who we are to it: what an inbound, a relay and an SMTP address have in common. */
import {isIP} from 'node:net'
import {domainToASCII} from 'node:url'
import {invalidValue} from './errors.ts'

export {isLoopback} from './connection/loopback.ts'

/** `tls` from the first byte, `starttls` or no connection at all, `none` in clear. */
export type Security = 'tls' | 'starttls' | 'none'

export const SECURITIES = ['tls', 'starttls', 'none'] as const satisfies readonly Security[]

/** A server, and the name to log in with. */
export interface ServerSettings {
  /** In lower case, without brackets where it is an IPv6 address. */
  readonly host: string
  readonly port: number
  readonly security: Security
  /** Null for a server that asks for no login. */
  readonly user: string | null
}

/** Octets. Servers limit the names of mailboxes and users to a few hundred. */
const MAX_NAME = 500

/** What is wrong with a host; null for a name or an address. */
export function checkHost(text: string): string | null {
  return asciiHost(text) === null
    ? 'use the name or the address of a server, without a scheme and without a port, such as mail.acme.example'
    : null
}

/** A host as it is kept. @throws 64 where it is none. */
export function normaliseHost(text: string): string {
  refuse('--host', text, checkHost)
  return asciiHost(text)!
}

/** In lower case and ASCII (RFC 5890), without the brackets of an IPv6 address and without a final dot. */
function asciiHost(text: string): string | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare.toLowerCase()
  // The conversion below reads a URL's host, and would leave out what follows it.
  if (/[\s/:?#@%\\[\]]/.test(text)) return null
  const ascii = domainToASCII(text.replace(/\.$/, ''))
  return ascii.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/.test(ascii)
    ? ascii
    : null
}

/** What is wrong with a port; null for a good one. */
export const checkPort = (port: number): string | null =>
  Number.isInteger(port) && port >= 1 && port <= 65_535 ? null : 'use a port between 1 and 65535'

/** What is wrong with the name of a user or a mailbox; null for a good one. */
export const checkAccountName = (text: string): string | null =>
  text !== '' && Buffer.byteLength(text) <= MAX_NAME && !/\p{Cc}/u.test(text)
    ? null
    : `use 1 to ${MAX_NAME} bytes, without control characters`

/** A host as it stands before a port: an IPv6 address in brackets (RFC 3986 3.2.2). */
export const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host)

/** @throws 64 where `judge` says what is wrong with the value of a flag. */
export function refuse<T>(flag: string, value: T | undefined, judge: (value: T) => string | null): void {
  const wrong = value === undefined ? null : judge(value)
  if (wrong !== null) throw invalidValue(`${flag} ${JSON.stringify(value)}`, wrong)
}

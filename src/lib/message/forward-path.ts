import {readAddress} from './addresses.ts'

/** A path with its angle brackets, and the source route that old servers write before the address (RFC 5321 4.1.2, C). */
const PATH = /^<(?:@[^<>:]*:)?([^<>]*)>$/

/** A quoted local part (RFC 5321 4.1.2 Quoted-string). */
const QUOTED = /^"((?:[^"\\]|\\.)*)"(@.*)$/

/** A local part that needs no quotes (RFC 5321 4.1.2 Dot-string). */
const DOT_STRING = /^[^\s"(),:;<>@[\\\].]+(?:\.[^\s"(),:;<>@[\\\].]+)*$/

/**
 * The address of RCPT TO, as an MTA hands it over: with angle brackets or without, with a dot behind the domain, quoted
 * where it need not be (RFC 5321 4.1.2: the two are the same mailbox). Null for what is no address.
 */
export function readForwardPath(text: string): string | null {
  const trimmed = text.trim()
  const address = readAddress((PATH.exec(trimmed)?.[1] ?? trimmed).replace(/\.$/, ''))
  if (address === null) return null
  const [, quoted, domain] = QUOTED.exec(address) ?? []
  const local = quoted?.replace(/\\(.)/g, '$1')
  return local !== undefined && DOT_STRING.test(local) ? local + domain : address
}

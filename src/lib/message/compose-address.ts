/** Addresses as they leave: in header fields and in the envelope. An address is written exactly, or not at all. */
import {encodePhrase, foldField} from './encode-words.ts'
import type {Address} from './message.ts'

/** Octets (RFC 5321 4.5.3.1.3, less the angle brackets of a path). A longer one no server need take. */
const MAX_ADDRESS_BYTES = 254

/** Characters of a name before an address. Longer ones are made to hide the address on a screen. */
const MAX_NAME_CHARS = 300

/** RFC 5322 3.2.3, with the characters that RFC 6532 3.2 adds. */
const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\u{10ffff}-]+)*$/u

/** RFC 5322 3.2.4, to its end. */
const QUOTED_STRING = /^"(?:[^"\\]|\\.)*"$/u

/** What stands in no address: controls, halves of characters, separators, and what turns the order of reading. */
const NEVER = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]/u

/** RFC 5321 4.1.3. */
const LITERAL = /^\[[\w:.-]+\]$/

/** Labels as names of hosts have them, and the underscore that some have. */
const DOMAIN = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/

/**
 * The address as it stands in the envelope and the header: the domain in A-labels (RFC 5891 4.4), a local part that is
 * neither a dot-atom nor quoted in quotes (`a..b@host` of Japanese carriers). Null for what no mail can be sent to.
 */
export function sendableAddress(address: string): string | null {
  const at = address.lastIndexOf('@')
  const domain = asciiDomain(address.slice(at + 1))
  const local = address.slice(0, Math.max(at, 0))
  if (domain === null || local === '' || NEVER.test(local)) return null
  const isValid = QUOTED_STRING.test(local) || (DOT_ATOM.test(local) && !/\s/.test(local))
  const sendable = `${isValid ? local : `"${local.replace(/["\\]/g, '\\$&')}"`}@${domain}`
  return Buffer.byteLength(sendable) <= MAX_ADDRESS_BYTES ? sendable : null
}

function asciiDomain(domain: string): string | null {
  const lower = domain.toLowerCase().replace(/\.+$/, '')
  if (LITERAL.test(lower) || DOMAIN.test(lower)) return lower
  // What means something in a URL is no domain.
  if (/\p{ASCII}/u.test(lower.replace(/[a-z0-9._-]/g, '')) || NEVER.test(lower)) return null
  // The URL parser knows the mapping and the rules of IDNA (UTS 46 as of RFC 5895, nontransitional).
  const host = URL.parse(`http://${lower}/`)?.hostname ?? ''
  const isAddress = /^[\d.]+$/.test(host)
  return DOMAIN.test(host) && !isAddress ? host : null
}

/** True where a mail to or from one of these needs a server with SMTPUTF8 (RFC 6531): a local part has no other form. */
export const needsSmtpUtf8 = (addresses: readonly string[]): boolean =>
  addresses.some((address) => /\P{ASCII}/u.test(address.slice(0, address.lastIndexOf('@'))))

/** A field of addresses (RFC 5322 3.4); `''` where none of them can be written. */
export function addressField(name: string, addresses: readonly Address[]): string {
  const entries = addresses.flatMap((address) => {
    const entry = wordsOf(address)
    return entry === null ? [] : [entry]
  })
  const last = entries.length - 1
  const words = entries.flatMap((entry, at) => (at === last ? entry : [...entry.slice(0, -1), `${entry.at(-1)},`]))
  return words.length === 0 ? '' : foldField(name, words)
}

function wordsOf({name, address}: Address): readonly string[] | null {
  const sendable = sendableAddress(address)
  if (sendable === null) return null
  const phrase = encodePhrase(name.slice(0, MAX_NAME_CHARS))
  // Within brackets a comma of a quoted local part separates nothing, for the most careless reader.
  return phrase.length === 0 && !sendable.includes('"') ? [sendable] : [...phrase, `<${sendable}>`]
}

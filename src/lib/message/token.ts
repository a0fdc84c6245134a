/**
 * What an outgoing mail is recognised by when it is answered: 128 random bits in the address that answers go to
 * (`support+t…@acme.example`, RFC 5233) and in the left part of its Message-ID (`<pd.…@acme.example>`). There is no key
 * to keep: the store knows the hash of each token, with its ticket and message.
 */
import {hash} from 'node:crypto'
import {TOKEN} from './mask-tokens.ts'

/** RFC 4648 6 in lower case: mail servers fold the case of a local part, and none of these needs quoting. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Random bytes of a token. */
const TOKEN_BYTES = 16

/**
 * What a reply address is for: `t` takes answers; `b` is the return path of mail whose server does not take a null one,
 * and takes bounces alone.
 */
export type AddressTokenKind = 't' | 'b'

const IN_ADDRESS = new RegExp(`\\+([tb])(${TOKEN})@`, 'i')
const IN_MESSAGE_ID = new RegExp(`^pd\\.(${TOKEN})@`, 'i')

/** Writes random bytes as a token. @throws RangeError where there are not `TOKEN_BYTES`. */
export function tokenFrom(random: Uint8Array): string {
  if (random.length !== TOKEN_BYTES) throw new RangeError(`a token is made of ${TOKEN_BYTES} bytes`)
  let token = ''
  let bits = 0
  let value = 0
  for (const byte of random) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) token += ALPHABET[(value >>> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return token + ALPHABET[(value << (5 - bits)) & 31]
}

/** A new token of `random(TOKEN_BYTES)`. */
export const newToken = (random: (bytes: number) => Uint8Array): string => tokenFrom(random(TOKEN_BYTES))

/** Octets of a local part (RFC 5321 4.5.3.1.1). */
const MAX_LOCAL_PART = 64

/**
 * An address with a token in its detail (RFC 5233): `support+t…@acme.example`. As it is, and without asking for a token,
 * where that would be too long for a local part.
 */
export function withToken(address: string, kind: AddressTokenKind, token: () => string): string {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at)
  // RFC 4648 6: 16 bytes are 26 letters.
  if (Buffer.byteLength(local) + 2 + 26 > MAX_LOCAL_PART || local.includes('"')) return address
  return `${local}+${kind}${token()}${address.slice(at)}`
}

/** What the store keeps of a token: SHA-256 in hex. With 128 random bits there is nothing to guess, so no salt. */
export const hashToken = (token: string): string => hash('sha256', token.toLowerCase(), 'hex')

/** The token of an address; null where it has none. */
export function tokenOfAddress(address: string): {readonly kind: AddressTokenKind; readonly token: string} | null {
  const match = IN_ADDRESS.exec(address)
  if (match === null) return null
  return {kind: match[1]!.toLowerCase() as AddressTokenKind, token: match[2]!.toLowerCase()}
}

/** The token of a Message-ID (without angle brackets) that is of our making; null for any other. */
export const tokenOfMessageId = (id: string): string | null => IN_MESSAGE_ID.exec(id)?.[1]?.toLowerCase() ?? null

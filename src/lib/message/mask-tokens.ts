/** Apart from token.ts: every output of the program passes here, and need not load what makes and hashes tokens. */

/** A token: 128 bits at five bits a character. */
export const TOKEN = '[a-z2-7]{26}'

const TOKEN_LENGTH = 26

/**
 * As they are written, in a link (`%2B`, `%40`; RFC 6068 2), in HTML, and within the address of a forwarder or a list that
 * writes `=` for the `@` (VERP, SRS). No boundary before `pd.`: in JSON a line break before it is the letter of `\n`.
 */
const ANYWHERE = new RegExp(`((?:\\+|%2B|&#43;|&plus;)[tb]|pd\\.)${TOKEN}(?=@|%40|=|&#64;|&commat;)`, 'gi')

/** The same text with every token in it made unusable: whoever has a token can write into its ticket. */
export const maskTokens = (text: string): string => text.replace(ANYWHERE, '$1…')

/** A byte for each byte value: 1 for what a token ends before (`@`, `%`, `=`, `&`). */
const AFTER_TOKEN = marks('@%=&')
/** For what stands right before a token: `t`, `b`, or the dot of `pd.`. */
const BEFORE_TOKEN = marks('tTbB.')

function marks(letters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of Buffer.from(letters)) table[byte] = 1
  return table
}

/**
 * False where text in UTF-8 has no token. Looked for from the byte behind it: hardly one of those has the right letter at
 * that place before it, so that text is looked through as fast as bytes can be.
 */
export function mayHoldToken(bytes: Buffer): boolean {
  for (let at = TOKEN_LENGTH + 1; at < bytes.length; at++) {
    if (AFTER_TOKEN[bytes[at]!] === 0 || BEFORE_TOKEN[bytes[at - TOKEN_LENGTH - 1]!] === 0) continue
    if (ENDS_IN_TOKEN.test(bytes.toString('latin1', at - TOKEN_LENGTH, at))) return true
  }
  return false
}

const ENDS_IN_TOKEN = new RegExp(`^${TOKEN}$`, 'i')

/** Apart from token.ts: every output of the program passes here, and need not load what makes and hashes tokens. */

/** A token: 128 bits at five bits a character. */
export const TOKEN = '[a-z2-7]{26}'

const TOKEN_LENGTH = 26

// No boundary before `pd.`: in JSON a line break before it is the letter of `\n`.
const ANYWHERE = new RegExp(`(\\+[tb]|pd\\.)${TOKEN}(?=@)`, 'gi')

/** The same text with every token in it made unusable: whoever has a token can write into its ticket. */
export const maskTokens = (text: string): string => text.replace(ANYWHERE, '$1…')

/** What stands right before a token: `t`, `b`, or the dot of `pd.`. */
const BEFORE_TOKEN = new Set(Buffer.from('tTbB.'))
const AT = 0x40

/**
 * False where text in UTF-8 has no token. Looked for from each `@` backwards: these are found fast, and hardly one of them
 * has such a letter at that place.
 */
export function mayHoldToken(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(AT); at !== -1; at = bytes.indexOf(AT, at + 1)) {
    const mark = bytes[at - TOKEN_LENGTH - 1]
    if (mark === undefined || !BEFORE_TOKEN.has(mark)) continue
    if (ENDS_IN_TOKEN.test(bytes.toString('latin1', at - TOKEN_LENGTH, at))) return true
  }
  return false
}

const ENDS_IN_TOKEN = new RegExp(`^${TOKEN}$`, 'i')

/** Apart from token.ts: every output of the program passes here, and need not load what makes and hashes tokens. */

/** A token: 128 bits at five bits a character. */
export const TOKEN = '[a-z2-7]{26}'

const TOKEN_LENGTH = 26

/**
 * As they are written, in a link (`%2B`, `%40`; RFC 6068 2), in HTML, and within the address of a forwarder or a list that
 * writes `=` for the `@` (VERP, SRS). No boundary before `pd.`: in JSON a line break before it is the letter of `\n`.
 */
const ANYWHERE = new RegExp(`((?:\\+|%2B|&#43;|&plus;)[tb]|pd\\.)${TOKEN}(?=@|%40|=|&#64;|&commat;)`, 'gi')

/** The word of a probe (probe-mark.ts), which also stands alone. */
const PROBE_WORD = new RegExp(`(probe\\.)${TOKEN}(?![a-z0-9])`, 'gi')

/** The same text with every token in it made unusable: whoever has a token can write into its ticket. */
export const maskTokens = (text: string): string => text.replace(ANYWHERE, '$1…').replace(PROBE_WORD, '$1…')

/** What ends the local part of an address, in the ways it is written. */
const AFTER_LOCAL_PART = ['@', '%40', '&#64;', '&commat;']

/** Bytes looked back over: a local part has at most 64 (RFC 5321 4.5.3.1.1), and VERP, SRS and escapes make it longer. */
const MAX_LOCAL_PART = 400

/** 1 for bytes that end a local part where it is looked for from behind. */
const DELIMITERS = new Uint8Array(256).fill(1, 0, 33)
for (const byte of Buffer.from('<>"(),:\\/')) DELIMITERS[byte] = 1

const IN_LOCAL_PART = new RegExp(`(?:(?:\\+|%2B|&#43;|&plus;)[tb]|pd\\.)${TOKEN}(?:=|$)`, 'i')

/**
 * False where text in UTF-8 has no token. Looked for from what stands behind a local part, which is found fast and is rare,
 * so that it costs next to nothing for text without one.
 */
export function mayHoldToken(bytes: Buffer): boolean {
  for (const after of AFTER_LOCAL_PART)
    for (let at = bytes.indexOf(after); at !== -1; at = bytes.indexOf(after, at + 1)) {
      const first = Math.max(0, at - MAX_LOCAL_PART)
      let start = at
      while (start > first && DELIMITERS[bytes[start - 1]!] === 0) start--
      if (at - start >= TOKEN_LENGTH && IN_LOCAL_PART.test(bytes.toString('latin1', start, at))) return true
    }
  return PROBE_BEGINNINGS.some((beginning) => mayHoldProbe(bytes, beginning))
}

/** As it is written, and as a server or a program writes it that changes the case of an id or of a first letter. */
const PROBE_BEGINNINGS = ['probe.', 'PROBE.', 'Probe.']

function mayHoldProbe(bytes: Buffer, beginning: string): boolean {
  for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1)) {
    const start = at + beginning.length
    if (WHOLE_TOKEN.test(bytes.toString('latin1', start, start + TOKEN_LENGTH))) return true
  }
  return false
}

const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`, 'i')

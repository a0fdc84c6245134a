import {hash} from 'node:crypto'

/** What the fingerprint of a message is made of. */
export interface FingerprintParts {
  readonly messageId: string | null
  /** The Date field as sent, empty where there is none. */
  readonly date: string
  /** The addresses of From, without names. */
  readonly from: readonly string[]
  /** The Subject field as sent, encoded words not decoded. */
  readonly subject: string
  /** SHA-256 in hex of the body without white space at its end. */
  readonly bodySha256: string
}

/**
 * Tells the same mail from a different one that only reuses its Message-ID. Trace fields are left out, as every hop
 * adds its own; runs of white space count as one space, as a hop may fold lines anew. Stored and compared for ever:
 * a change here makes every old mail a new one.
 */
export function fingerprint({messageId, date, from, subject, bodySha256}: FingerprintParts): string {
  const canonical = [messageId, oneSpace(date), from, oneSpace(subject), bodySha256]
  return hash('sha256', JSON.stringify(canonical), 'hex')
}

function oneSpace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

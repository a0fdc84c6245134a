/**
 * A log of what the program does, for `--debug`. It is passed in, never global, and it redacts at the source:
 * every value that was ever resolved as a secret is removed in each of the forms in which it could leave.
 */

import {maskTokens, mayHoldToken} from './message/mask-tokens.ts'

/** Writes one line of debugging. `details` must not hold a `Secret`'s value; registered ones are removed all the same. */
export type Log = (event: string, details?: Readonly<Record<string, unknown>>) => void

/** Says nothing: the log when `--debug` is off. */
export const silent: Log = () => {}

/** What stands in place of a secret wherever one would have been shown. */
export const REDACTED = '[secret]'

/** Removes registered secrets, and what opens a ticket to whoever has it, from text on its way out. */
export interface Redactor {
  /** From now on `value` is removed, also as base64, alone or within a longer text, URL-escaped or JSON-escaped. */
  register(value: string): void
  redact(text: string): string
  /** As `redact`, of text in UTF-8. Decodes it only where there is something to remove, which is next to never. */
  redactBytes(bytes: Buffer): Buffer
}

/** A redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  const forms = new Set<string>()
  const redact = (text: string) => {
    let safe = maskTokens(text)
    for (const form of [...forms].sort((a, b) => b.length - a.length)) safe = safe.replaceAll(form, REDACTED)
    return safe
  }
  return {
    register(value) {
      // Shorter values would blank out ordinary words; a password this short protects nothing.
      if (value.length < 4) return
      const base64 = Buffer.from(value).toString('base64')
      const quoted = escapeQuoted(value)
      for (const form of [
        value,
        base64,
        base64.replace(/=+$/, ''),
        Buffer.from(value).toString('base64url'),
        ...withinBase64(value),
        encodeURIComponent(value),
        quoted,
        // A quoted string of IMAP, in JSON.
        escapeQuoted(quoted),
      ])
        forms.add(form)
    },
    redact,
    redactBytes: (bytes) =>
      mayHoldToken(bytes) || [...forms].some((form) => bytes.includes(form))
        ? Buffer.from(redact(bytes.toString()))
        : bytes,
  }
}

const escapeQuoted = (text: string) => JSON.stringify(text).slice(1, -1)

/**
 * What a value becomes in base64 where other bytes stand around it, as in SASL PLAIN (RFC 4616 2): the characters that
 * depend on it alone. They are others for each place that it may have among three bytes (RFC 4648 4).
 */
function withinBase64(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
}

/** Logs JSON lines through a redactor; `write` receives whole lines. */
export function createLog(write: (line: string) => void, redactor: Redactor): Log {
  return (event, details = {}) => {
    write(redactor.redact(JSON.stringify({at: new Date().toISOString(), event, ...details})) + '\n')
  }
}

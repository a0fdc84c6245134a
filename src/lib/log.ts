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
  /** From now on `value` is removed, also where it appears as base64, URL-escaped or JSON-escaped. */
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
      for (const form of [
        value,
        base64,
        base64.replace(/=+$/, ''),
        Buffer.from(value).toString('base64url'),
        encodeURIComponent(value),
        JSON.stringify(value).slice(1, -1),
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

/** Logs JSON lines through a redactor; `write` receives whole lines. */
export function createLog(write: (line: string) => void, redactor: Redactor): Log {
  return (event, details = {}) => {
    write(redactor.redact(JSON.stringify({at: new Date().toISOString(), event, ...details})) + '\n')
  }
}

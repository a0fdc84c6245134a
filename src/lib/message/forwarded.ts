/** Who wrote the mail that somebody forwards. */
import type {Forwarded} from './message.ts'

/** Reads the header block that mail programs write above a forwarded mail; null where the text has none. */
export function readForwarded(_text: string): Forwarded | null {
  return null
}

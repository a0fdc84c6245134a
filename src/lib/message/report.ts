/** What a machine reports on another mail: delivery reports, complaints, receipts. */
import type {Report} from './message.ts'
import type {Structure} from './structure.ts'

/** Reads the report that a message is; null for a mail that is none. Never throws, takes linear time. */
export function readReport(_structure: Structure): Report | null {
  return null
}

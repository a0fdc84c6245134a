/** How long an IMAP server may be silent, as the environment says it. */
import {invalidValue} from '../errors.ts'

/** A minute is the default; a server that is silent for an hour does not work. */
const MAX_SECONDS = 3600

/** POSTDESK_IMAP_TIMEOUT in milliseconds; undefined where it is not set. @throws 64 for what is no number of seconds. */
export function imapTimeout(env: NodeJS.ProcessEnv): number | undefined {
  const text = env['POSTDESK_IMAP_TIMEOUT']
  if (text === undefined || text === '') return undefined
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds <= 0 || seconds > MAX_SECONDS)
    throw invalidValue(
      `POSTDESK_IMAP_TIMEOUT ${JSON.stringify(text)}`,
      `use a number of seconds, at most ${MAX_SECONDS}`,
    )
  return seconds * 1000
}

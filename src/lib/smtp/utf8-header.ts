/** Whether a message is an internationalised one (RFC 6532), which only servers with SMTPUTF8 take (RFC 6531 3.2). */
import {isAscii} from 'node:buffer'

/** Whether the header, which ends at the first empty line (RFC 5322 2.1), has bytes beyond ASCII. */
export function hasUtf8Header(raw: Uint8Array): boolean {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  // An empty line at the very start is the end of a header without fields.
  if (/^\r?\n/.test(bytes.toString('latin1', 0, 2))) return false
  const ends = ['\n\r\n', '\n\n'].map((end) => bytes.indexOf(end)).filter((at) => at !== -1)
  return !isAscii(bytes.subarray(0, Math.min(bytes.length, ...ends)))
}

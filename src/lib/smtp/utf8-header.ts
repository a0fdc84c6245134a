/** Whether a message is an internationalised one (RFC 6532), which only servers with SMTPUTF8 take (RFC 6531 3.2). */

const [LF, CR] = [0x0a, 0x0d]

/** Whether the header, which ends at the first empty line (RFC 5322 2.1), has bytes beyond ASCII. */
export function hasUtf8Header(raw: Uint8Array): boolean {
  let lineStart = 0
  for (const [at, byte] of raw.entries()) {
    if (byte > 0x7f) return true
    if (byte !== LF) continue
    if (at === lineStart || (at === lineStart + 1 && raw[lineStart] === CR)) return false
    lineStart = at + 1
  }
  return false
}

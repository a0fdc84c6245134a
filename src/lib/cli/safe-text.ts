/**
 * Text from mail and servers made safe for a terminal: what would move the cursor, change colours or reverse the reading
 * order is made visible instead.
 */

/** C0 but tab and line feed, DEL, C1; line and paragraph separators; bidi controls (Unicode TR9 2); zero-width joins that hide. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g

/** For running text: line breaks stay. */
export function safeText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNSAFE, visible)
}

/** For one line: line breaks and tabs become blanks. */
export function safeLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ').replace(UNSAFE, visible)
}

/** A value as JSON in which such characters are escaped: `JSON.stringify` leaves all but C0 as they are. */
export function safeJson(value: unknown, indent = 0): string {
  return escapeJson(JSON.stringify(value, null, indent))
}

/** As `safeJson`, for what is JSON already. */
export function escapeJson(json: string): string {
  // Outside of strings JSON has line feeds and blanks only, and those are safe.
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function visible(character: string): string {
  const code = character.codePointAt(0)!
  // The Control Pictures block has a sign for each of C0.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/**
 * Text from mail and servers made safe for a terminal: what would move the cursor, change colours or reverse the reading
 * order is made visible instead.
 */

import {escapeJson, HIDDEN, UNSAFE} from '../unsafe-text.ts'

/** For running text: line breaks stay. */
export function safeText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNSAFE, visible)
}

/** For one line, such as a subject, a name, an address: line breaks and tabs become blanks, what hides is shown. */
export function safeLine(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, ' ')
    .replace(UNSAFE, visible)
    .replace(HIDDEN, visible)
}

/** A value as JSON in which such characters are escaped. */
export function safeJson(value: unknown, indent = 0): string {
  return escapeJson(JSON.stringify(value, null, indent))
}

function visible(character: string): string {
  const code = character.codePointAt(0)!
  // The Control Pictures block has a sign for each of C0.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** How many columns of a terminal a text takes. */
import {createRequire} from 'node:module'

/** Printable ASCII: a column each. */
const PLAIN = /^[ -~]*$/

let measure: ((text: string) => number) | undefined

/** Columns of a line of text. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  // The library compiles every emoji there is when it is loaded (20 ms), so it is loaded for a text that needs it.
  measure ??= (createRequire(import.meta.url)('string-width') as {default: (text: string) => number}).default
  return measure(text)
}

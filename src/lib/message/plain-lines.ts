/**
 * The lines of a text, without blanks at their ends, without blank lines above and below. Takes linear time, which a pattern
 * that is bound to an end does not.
 */
export function plainLines(text: string): readonly string[] {
  const lines = text.split(/\r\n?|\n/).map((line) => line.trimEnd())
  const first = lines.findIndex((line) => line !== '')
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1)
}

/** Plain text laid out in columns of a given width. */

/** Words of a text in lines of at most `width`; a longer word has a line of its own. */
export function fold(text: string, width: number, indent = 0): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + 1 + word.length <= width - indent)
      lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => ' '.repeat(indent) + line).join('\n')
}

/** Widest the left column gets; a longer text there has a line of its own. */
const WIDEST_LEFT = 28
const INDENT = 2
const GAP = 2

/** Two columns, the left one as wide as it needs to be. */
export function rows(entries: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(WIDEST_LEFT, Math.max(...entries.map(([text]) => text.length)))
  const start = INDENT + left + GAP
  return entries
    .map(([name, text]) => {
      const right = fold(text, width, start)
      const head = ' '.repeat(INDENT) + name
      return name.length > left ? `${head}\n${right}` : head.padEnd(start) + right.slice(start)
    })
    .map((row) => row.trimEnd())
    .join('\n')
}

/** A command line in lines of at most `width` that a shell takes as one; it is broken between words only, and not between a flag and its value. */
export function foldCommand(command: string, width: number, indent: number): string {
  // A flag and its value stay together.
  const words = command.match(/(?:--[\w-]+\s+(?!-))?(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? []
  const lines: string[] = []
  for (const [index, word] of words.entries()) {
    const line = lines.at(-1)
    const room =
      width - indent - (lines.length > 1 ? CONTINUATION.length : 0) - (index < words.length - 1 ? ' \\'.length : 0)
    if (line !== undefined && line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.map((line, index) => ' '.repeat(indent) + (index > 0 ? CONTINUATION : '') + line).join(' \\\n')
}
const CONTINUATION = '    '

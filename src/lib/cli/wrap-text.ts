/** Running text broken into lines that fit the terminal. */
import {textWidth} from './text-width.ts'

/** What starts every line of a quotation: `> `, `>> `, `> > `. */
const QUOTE_MARKS = /^(?:> ?)+/
/** Columns of a tab; its true width depends on where it stands. */
const TAB = '    '

/**
 * Breaks the lines of a text that are longer than `width` columns, at blanks only: a longer word, such as an address of
 * the web, stays whole so that it can be copied. A broken line goes on under its indentation and quotation marks, or as
 * much of them as half a line holds: a sender can quote a thousand times.
 */
export function wrapText(text: string, width: number): string[] {
  return text
    .replaceAll('\t', TAB)
    .split('\n')
    .flatMap((line) => wrapLine(line.trimEnd(), width))
}

function wrapLine(line: string, width: number): string[] {
  if (textWidth(line) <= width) return [line]
  const start = QUOTE_MARKS.exec(line)?.[0] ?? /^ */.exec(line)![0]
  const prefix = start.slice(0, width / 2)
  const lines: string[] = []
  let [current, columns, isFirst] = [start, start.length, true]
  for (const word of line.slice(start.length).split(' ')) {
    const wide = textWidth(word)
    if (!isFirst && columns + 1 + wide > width) {
      lines.push(current.trimEnd())
      ;[current, columns] = [prefix + word, prefix.length + wide]
    } else {
      current += isFirst ? word : ` ${word}`
      columns += wide + (isFirst ? 0 : 1)
      isFirst = false
    }
  }
  return [...lines, current.trimEnd()]
}

/** A stranger's text on one line of a bounded length. */
import {safeLine} from './safe-text.ts'
import {textWidth} from './text-width.ts'

/** UTF-16 units looked at for a column: two make an emoji, and marks can stand over a letter. A sender has megabytes. */
const UNITS_PER_COLUMN = 4

/**
 * A text made safe for one line of a terminal and cut to `columns`, with an ellipsis where something is missing. Time
 * depends on `columns` alone, whatever the length of the text.
 */
export function cutLine(text: string, columns: number): string {
  const start = text.slice(0, columns * UNITS_PER_COLUMN)
  const line = safeLine(start)
  if (start === text && textWidth(line) <= columns) return line
  let [shown, width] = ['', 1]
  for (const {segment} of new Intl.Segmenter().segment(line)) {
    width += textWidth(segment)
    if (width > columns) break
    shown += segment
  }
  return `${shown}…`
}

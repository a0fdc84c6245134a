/** One thing with its fields, a line for each. */
import stringWidth from 'string-width'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'

/** Null shows as a dash. */
export function renderFields(
  fields: readonly (readonly [label: string, value: string | number | null])[],
  style: Style,
): string {
  const width = Math.max(...fields.map(([label]) => stringWidth(label)))
  return fields
    .map(([label, value]) => {
      const padding = ' '.repeat(width - stringWidth(label) + 2)
      return `${style.colour.dim(label)}${padding}${safeLine(String(value ?? '–'))}\n`
    })
    .join('')
}

import type {Field} from '../message.ts'

/**
 * The groups of fields that a machine-readable part has, parted by empty lines (RFC 3464 2.1, RFC 5965 3). Lines that
 * are neither field nor continuation belong to the field before them: servers fold without the white space.
 */
export function readFieldGroups(text: string): readonly (readonly Field[])[] {
  const groups: {name: string; value: string[]}[][] = []
  let group: {name: string; value: string[]}[] = []
  for (const line of text.split(/\r\n?|\n/)) {
    if (line.trim() === '') {
      if (group.length > 0) groups.push(group)
      group = []
      continue
    }
    const field = /^[ \t]/.test(line) ? null : FIELD.exec(line)
    if (field !== null) group.push({name: field[1]!.toLowerCase(), value: [line.slice(field[0].length)]})
    else group.at(-1)?.value.push(line)
  }
  if (group.length > 0) groups.push(group)
  return groups.map((fields) => fields.map(({name, value}) => ({name, value: oneLine(value.join(' '))})))
}

/** Names of fields of reports are words with dashes; a colon after anything else is text. */
const FIELD = /^([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,8}:/

/** White space of any kind as single spaces, ends trimmed; control characters are white space. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- what a server says is shown on a terminal
  return text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim()
}

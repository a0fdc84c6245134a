/** The list of tags of DKIM keys and DMARC records (RFC 6376 3.2): `name=value; name=value`. */

export interface TagList {
  /** The first value of each name; names are told apart by case. */
  readonly tags: ReadonlyMap<string, string>
  /** The names in order, repeated ones again. */
  readonly names: readonly string[]
  /** Pieces that are no tag. */
  readonly malformed: readonly string[]
}

/** ALPHA *ALNUMPUNC */
const TAG_NAME = /^[a-z][a-z0-9_]*$/i
/** VALCHAR, and the white space that may stand between: printable ASCII without the semicolon. */
const TAG_VALUE = /^[\t\r\n\x20-\x3a\x3c-\x7e]*$/

export function readTagList(text: string): TagList {
  const tags = new Map<string, string>()
  const names: string[] = []
  const malformed: string[] = []
  // One semicolon may stand at the end.
  for (const piece of text.replace(/;\s*$/, '').split(';')) {
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(equals, 0)).trim()
    const value = piece.slice(equals + 1).trim()
    if (!TAG_NAME.test(name) || !TAG_VALUE.test(value)) {
      malformed.push(piece.trim())
      continue
    }
    names.push(name)
    if (!tags.has(name)) tags.set(name, value)
  }
  return {tags, names, malformed}
}

/** Names that stand in the list more than once: it is invalid as a whole (RFC 6376 3.2). */
export const repeatedTags = ({names}: TagList): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
]

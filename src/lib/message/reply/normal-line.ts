/** Marks that are not seen: direction of writing, joiners, soft hyphens, byte order marks (Unicode 23.2, 23.3). */
const UNSEEN = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/** Digits of Arabic, Persian and full-width writing, each block of ten in order. */
const FOREIGN_DIGITS = /[\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]/g

/** Characters of a line that are compared: beyond this no mail program writes anything about the mail it quotes. */
export const MAX_COMPARED_CHARS = 600

/** All of the above, and white space that is no blank. */
const ODD = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0660-\u0669\u06f0-\u06f9\uff10-\uff19]|[^\S ]/

/** A line as it is compared with patterns: no unseen marks, one kind of digits and spaces, nothing at the ends. */
export function normalLine(line: string): string {
  const start = line.length > MAX_COMPARED_CHARS ? line.slice(0, MAX_COMPARED_CHARS) : line
  // Nearly all lines are normal already, and that is told faster than by looking for each thing that could be odd.
  if (!(NOT_ASCII.test(start) && ODD.test(start)) && !start.includes('  ')) return start.trim()
  return start
    .replace(UNSEEN, '')
    .replace(FOREIGN_DIGITS, (digit) => String(digitValue(digit.charCodeAt(0))))
    .replace(/\s+/g, ' ')
    .trim()
}

const NOT_ASCII = /[^ -~]/

function digitValue(code: number): number {
  for (const zero of [0x0660, 0x06f0, 0xff10]) if (code >= zero && code < zero + 10) return code - zero
  return 0
}

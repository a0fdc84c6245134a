/** Lines that are meant as they stand: in code and in differences of files, `>` and `--` are no marks of mail. */

/** Lines of a fenced block (CommonMark 4.5): a fence that is not closed opens nothing, or it would swallow the quote. */
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/

/** The header of a hunk, with the counts of lines (POSIX diff, "Diff -u Output Format"). */
const HUNK = /^@@ -\d{1,9}(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@/

/** A change command of the default format: `12,13c12` (POSIX diff, "Diff Default Output Format"). */
const CHANGE = /^\d{1,9}(?:,\d{1,9})?[acd]\d{1,9}(?:,\d{1,9})?$/

/** What a fence, a hunk and a change command begin with: hardly any line does. */
const STARTS = new Set('`~ @0123456789')

/** For each line, whether it is literal. */
export function literalLines(lines: readonly string[]): readonly boolean[] {
  const literal = lines.map(() => false)
  if (!lines.some((line) => STARTS.has(line.charAt(0)))) return literal
  markFences(lines, literal)
  for (let at = 0; at < lines.length; at++) {
    if (literal[at] === true) continue
    const line = lines[at] ?? ''
    const hunk = HUNK.exec(line)
    const end = hunk !== null ? endOfHunk(lines, at, hunk) : CHANGE.test(line) ? endOfChange(lines, at) : at
    if (hunk !== null) for (let above = at - 2; above < at; above++) if (isFileLine(lines[above])) literal[above] = true
    for (; at < end; at++) literal[at] = true
    if (end > at) at = end - 1
  }
  return literal
}

function markFences(lines: readonly string[], literal: boolean[]): void {
  let open: {readonly at: number; readonly fence: string} | null = null
  for (const [at, line] of lines.entries()) {
    const fence = FENCE.exec(line)?.[1]
    if (fence === undefined) continue
    if (open === null) open = {at, fence}
    else if (fence.startsWith(open.fence) && line.trim() === fence) {
      literal.fill(true, open.at, at + 1)
      open = null
    }
  }
}

/** `--- a/file` and `+++ b/file` above a hunk. */
function isFileLine(line: string | undefined): boolean {
  return line !== undefined && /^(?:---|\+\+\+) \S/.test(line)
}

function endOfHunk(lines: readonly string[], at: number, hunk: RegExpExecArray): number {
  let old = Number(hunk[1] ?? 1)
  let fresh = Number(hunk[2] ?? 1)
  let end = at + 1
  for (; end < lines.length && (old > 0 || fresh > 0); end++) {
    const mark = (lines[end] ?? '')[0]
    // Spaces at the end of a line are lost on the way: an empty line is one of context.
    if (mark === undefined || mark === ' ') {
      old--
      fresh--
    } else if (mark === '-') old--
    else if (mark === '+') fresh--
    else if (mark !== '\\') break
  }
  return end
}

function endOfChange(lines: readonly string[], at: number): number {
  let end = at + 1
  while (end < lines.length && /^(?:[<>] |[<>]$|---$|\\ No newline)/.test(lines[end] ?? '')) end++
  // The command alone is a number with a letter.
  return end > at + 1 ? end : at
}

/** A stage of a diagnosis as a person reads it: one line as it finishes, and what is wrong below it. */
import type {Stage, StageStatus} from '../channel/stage.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'
import {wrapText} from './wrap-text.ts'

/** Columns of the longest id, `probe-authentication`. */
const ID_WIDTH = 20
/** Columns before the words. */
const LEAD_WIDTH = 4 + 2 + ID_WIDTH + 2

/** Those that were skipped for one reason: `SKIP  greeting … message      it needs tcp, which did not pass`. */
export function skippedLine(skipped: readonly Pick<Stage, 'id' | 'title' | 'because'>[], style: Style): string {
  const [first, last] = [skipped[0]!, skipped.at(-1)!]
  const ids = skipped.length === 1 ? first.id : `${first.id} … ${last.id}`
  return line('skip', ids, safeLine(first.because ?? first.title), style)
}

/** `PASS  login                 logged in by PLAIN  (12 ms)`. */
export function stageLine(
  {id, status, ms, title}: Pick<Stage, 'id' | 'status' | 'ms' | 'title'>,
  style: Style,
): string {
  const took = ms >= NOTABLE_MS ? style.colour.dim(`  (${duration(ms)})`) : ''
  return line(status, id, `${safeLine(title)}${took}`, style)
}

/** On a terminal the words go on below each other. */
function line(status: StageStatus, id: string, words: string, style: Style): string {
  const lead = `${statusWord(status, style)}  ${id.padEnd(ID_WIDTH)}  `
  if (style.width === null) return `${lead}${words}\n`
  // A time is not broken.
  const unbroken = words.replace(/(\d) (m?s\))/, '$1\u00a0$2')
  const [first = '', ...more] = wrapText(`${' '.repeat(LEAD_WIDTH)}${unbroken}`, style.width)
  return [`${lead}${first.trimStart()}`, ...more, ''].join('\n')
}

/** What took less is of no interest to anybody. */
const NOTABLE_MS = 5

/** Status is told by a word, so that nobody needs to see colours. */
export function statusWord(status: StageStatus, {colour}: Pick<Style, 'colour'>): string {
  switch (status) {
    case 'pass':
      return colour.green('PASS')
    case 'warn':
      return colour.yellow('WARN')
    case 'fail':
      return colour.red('FAIL')
    case 'skip':
      return colour.dim('SKIP')
  }
}

const duration = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`)

/** A stage of a diagnosis as a person reads it: one line as it finishes, and what is wrong below it. */
import type {Stage, StageStatus} from '../channel/stage.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'

/** Columns of the longest id, `probe-authentication`. */
const ID_WIDTH = 20

/** Those that were skipped for one reason: `SKIP  greeting … message      it needs tcp, which did not pass`. */
export function skippedLine(skipped: readonly Pick<Stage, 'id' | 'title' | 'because'>[], {colour}: Style): string {
  const [first, last] = [skipped[0]!, skipped.at(-1)!]
  const ids = skipped.length === 1 ? first.id : `${first.id} … ${last.id}`
  return `${statusWord('skip', {colour})}  ${ids.padEnd(ID_WIDTH)}  ${safeLine(first.because ?? first.title)}\n`
}

/** `PASS  login                 logged in by PLAIN  (12 ms)`. */
export function stageLine(
  {id, status, ms, title}: Pick<Stage, 'id' | 'status' | 'ms' | 'title'>,
  {colour}: Style,
): string {
  return `${statusWord(status, {colour})}  ${id.padEnd(ID_WIDTH)}  ${safeLine(title)}${ms >= NOTABLE_MS ? colour.dim(`  (${duration(ms)})`) : ''}\n`
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

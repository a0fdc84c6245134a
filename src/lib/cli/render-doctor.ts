/** The checks of `doctor` as a person reads them: a line each, what is wrong below it, and what to mend first at the end. */
import type {DoctorReport} from '../doctor.ts'
import type {Check} from '../doctor/examine.ts'
import {renderVerdict} from './render-verdict.ts'
import {safeLine} from './safe-text.ts'
import {statusWord} from './stage-line.ts'
import type {Style} from './style.ts'
import {fold} from './text-layout.ts'

/** Columns of the longest id, `auto-replies` or `secret-place`. */
const ID_WIDTH = 12
/** Where the words of a check begin: after `PASS  auto-replies  `. */
const WORDS_AT = 4 + 2 + ID_WIDTH + 2
/** On narrower terminals the words follow the id at once. */
const NARROW = 60
const NARROW_WORDS_AT = 4 + 2
/** Milliseconds. What took longer is said with the time. */
const NOTABLE_MS = 1000

export function renderDoctor({checks, verdict}: DoctorReport, style: Style): string {
  const {stage: decisive, ...shown} = verdict
  const page = layoutOf(style)
  const lines = runsOf(checks).map(([check, ...others]) =>
    others.length > 0 ? skippedLines([check, ...others], page) : checkLines(check, page, check.id === decisive),
  )
  return `${lines.join('')}\n${countOf(checks)}${renderVerdict(shown, style)}`
}

/** How wide lines may be, and where words begin. */
interface Layout {
  readonly colour: Style['colour']
  readonly at: number
  /** A label, and text beside it: in lines that begin below its first word. `at`: where the label begins. */
  readonly beside: (label: string, text: string, at: number) => string
  /** The lines of a check: its status, who it is, and its words. */
  readonly line: (status: Check['status'], name: string, words: string) => string
}

function layoutOf(style: Style): Layout {
  const {width, colour} = style
  const isNarrow = width !== null && width < NARROW
  const at = isNarrow ? NARROW_WORDS_AT : WORDS_AT
  const folded = (text: string, indent: number) =>
    (width === null ? ' '.repeat(indent) + text : fold(text, width, indent)).slice(indent)
  return {
    colour,
    at,
    beside: (label, text, at) => `${' '.repeat(at)}${label}${folded(safeLine(text), at + label.length)}\n`,
    line(status, name, words) {
      const head = `${statusWord(status, style)}  ${isNarrow ? '' : `${name.padEnd(ID_WIDTH)}  `}`
      return `${head}${folded(safeLine(isNarrow ? `${name}: ${words}` : words), at)}\n`
    },
  }
}

/** Checks one by one, but for neighbours that are skipped for the same reason: those are told together. */
function runsOf(checks: readonly Check[]): [Check, ...Check[]][] {
  const runs: [Check, ...Check[]][] = []
  for (const check of checks) {
    const last = runs.at(-1)
    if (last && check.status === 'skip' && last[0].because === check.because) last.push(check)
    else runs.push([check])
  }
  return runs
}

const skippedLines = (checks: readonly Check[], {line}: Layout): string =>
  line('skip', `${checks.length} checks`, `${checks[0]?.because ?? ''}: ${checks.map(({id}) => id).join(', ')}`)

/** What decided is told at the end, and not twice. */
function checkLines(check: Check, {colour, at, beside, line}: Layout, decides: boolean): string {
  const {id, status, title, because, ms, why = '', fixes = []} = check
  const time = ms >= NOTABLE_MS ? ` (${(ms / 1000).toFixed(1)} s)` : ''
  const first = line(status, id, `${because ?? title}${time}`)
  if (decides || status === 'pass' || status === 'skip') return first
  return [
    first,
    ...(why === '' ? [] : [beside('Why: ', why, at)]),
    ...fixes.flatMap(({text, command}, index) => [
      beside(`${index === 0 ? 'Fix: ' : '     '}${fixes.length > 1 ? `${index + 1}. ` : ''}`, text, at),
      ...(command === undefined ? [] : [`${' '.repeat(at + COMMAND_AT)}${colour.cyan(safeLine(command))}\n`]),
    ]),
  ].join('')
}

/** Commands stay whole, to be copied: they begin further left than the words before them. */
const COMMAND_AT = 5

/** How many fail and warn; `''` where none does. */
function countOf(checks: readonly Check[]): string {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length
  const [fails, warns] = [count('fail'), count('warn')]
  const said = [
    ...(fails > 0 ? [`${fails} of ${checks.length} checks ${fails === 1 ? 'fails' : 'fail'}`] : []),
    ...(warns > 0
      ? [`${warns}${fails > 0 ? '' : ` of ${checks.length} checks`} ${warns === 1 ? 'warns' : 'warn'}`]
      : []),
  ]
  if (said.length === 0) return ''
  return `${said.join(', ')}. ${fails + warns === 1 ? 'It is this:' : 'First mend this:'}\n`
}

/** What a diagnosis comes to: the cause, how to mend it, and the next command, last, where the eye ends. */
import type {Verdict} from '../diagnosis/verdict.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'
import {wrapText} from './wrap-text.ts'

export function renderVerdict(verdict: Verdict, {colour, width}: Style): string {
  const {status, code, exitCode, title, why, causes = [], fixes, serverReply, certainty, stage} = verdict
  if (status === 'pass') return `${colour.green('✓')} ${colour.bold(safeLine(title))}\n`
  const sign = status === 'fail' ? colour.red('✗') : colour.yellow('!')
  const at = stage === undefined ? '' : `${stage} · `
  const lines = [`${sign} ${colour.bold(safeLine(title))}  ${colour.dim(`[${at}${code} · exit ${exitCode}]`)}`]
  if (serverReply !== undefined) lines.push(`  Server said: ${safeLine(serverReply)}`)
  const sure = certainty === undefined || certainty === 'certain' ? '' : ` (${SURE[certainty]})`
  if (why !== '') lines.push(`  Why:  ${safeLine(why)}${sure}`)
  if (causes.length > 1) lines.push(...causes.map((cause, index) => `        ${index + 1}. ${safeLine(cause)}`))
  for (const [index, fix] of fixes.entries()) {
    const number = fixes.length > 1 ? `${index + 1}. ` : ''
    lines.push(`  ${index === 0 ? 'Fix:' : '    '}  ${number}${safeLine(fix.text)}`)
    if (fix.command !== undefined) lines.push(`        ${number ? '   ' : ''}${colour.cyan(safeLine(fix.command))}`)
  }
  const fitting = width === null ? lines : lines.flatMap((line) => wrapText(line, width))
  return `${fitting.join('\n')}\n`
}

/** All that was warned of, where nothing failed: each with its mend. */
export function renderWarnings(warnings: readonly Verdict[], style: Style): string {
  const {colour} = style
  const count = warnings.length === 1 ? 'one warning' : `${warnings.length} warnings`
  // One cause may be met by several stages, such as a resolver that gives no answer.
  const byCode = [...Map.groupBy(warnings, ({code}) => code).values()]
  const blocks = byCode.map(([first, ...others]) => {
    const alike = others.map(({stage}) => stage).join(', ')
    return `${renderVerdict(first!, style)}${alike === '' ? '' : `  The same: ${alike}\n`}`
  })
  return `${blocks.join('')}${colour.green('✓')} ${colour.bold(`Nothing fails; ${count}.`)}\n`
}

const SURE = {likely: 'likely', guess: 'a guess: these words are not documented'} as const

/** An error as a person reads it: what, why, how to mend it; the mend last, where the eye ends. */
import type {PostdeskError} from '../errors.ts'
import {safeLine} from './safe-text.ts'
import type {Style} from './style.ts'

export function renderError(error: PostdeskError, {colour}: Style): string {
  const lines = [
    `${colour.red('✗')} ${colour.bold(safeLine(error.title))}  ${colour.dim(`[${error.code} · exit ${error.exitCode}]`)}`,
  ]
  if (error.serverReply !== undefined) lines.push(`  Server said: ${safeLine(error.serverReply)}`)
  lines.push(`  Why:  ${safeLine(error.why)}`)
  for (const [index, fix] of error.fixes.entries()) {
    const number = error.fixes.length > 1 ? `${index + 1}. ` : ''
    lines.push(`  ${index === 0 ? 'Fix:' : '    '}  ${number}${safeLine(fix.text)}`)
    if (fix.command !== undefined) lines.push(`        ${number ? '   ' : ''}${colour.cyan(safeLine(fix.command))}`)
  }
  return lines.join('\n') + '\n'
}

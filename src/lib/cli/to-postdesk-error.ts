/** Whatever was thrown, as an error of the catalogue. */
import type {Command} from '@oclif/core'
import {EXIT, interrupted, messageOf, PostdeskError, usage} from '../errors.ts'
import {nearNames} from '../near-names.ts'

/** `command` is the one that was run, for a "did you mean" of its flags. */
export function toPostdeskError(
  thrown: unknown,
  command?: Pick<Command.Class, 'id' | 'flags' | 'baseFlags'>,
): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  const name = thrown instanceof Error ? thrown.constructor.name : ''
  // Ctrl-C at a prompt.
  if (thrown instanceof Error && thrown.name === 'ExitPromptError') return interrupted('SIGINT')
  if (name === 'NonExistentFlagsError') {
    // What follows the `=` may be a secret behind a mistyped name, and so may a whole word with one dash.
    const unknown = (thrown as Error & {flags: string[]}).flags.map((flag) => flag.replace(/=.*/s, ''))
    if (takesSecrets(command) && unknown.some((flag) => !flag.startsWith('--'))) return wordTooMany()
    const known = Object.keys({...command?.baseFlags, ...command?.flags}).map((flag) => `--${flag}`)
    return usage(
      `${unknown.join(', ')} ${unknown.length === 1 ? 'is not a flag' : 'are not flags'} of this command`,
      unknown.flatMap((flag) => nearNames(flag, known).map((text) => ({text: `Did you mean ${text}?`}))),
    )
  }
  // A word too many behind `--password-stdin` is likely the password itself; it must not go into a log as well.
  if (name === 'UnexpectedArgsError' && takesSecrets(command)) return wordTooMany()
  if (isParserError(thrown)) return usage(messageOf(thrown).replace(/\nSee more help with --help/, ''))
  return new PostdeskError({
    code: 'BUG',
    exitCode: EXIT.bug,
    title: 'postdesk failed in a way it should not',
    why: messageOf(thrown),
    fixes: [{text: 'Run it again with --debug and report what it prints; secrets are removed from it.'}],
    cause: thrown,
  })
}

/** True for a command on whose line a secret might be put by mistake. */
const takesSecrets = (command?: Pick<Command.Class, 'id' | 'flags'>): boolean =>
  command !== undefined &&
  (command.id.startsWith('secret:') || Object.keys({...command.flags}).some((flag) => flag.endsWith('-stdin')))

const wordTooMany = (): PostdeskError =>
  usage('there is a word too many; it is not repeated here, for it may be a secret', [
    {text: 'If it is one, remove it from the history of the shell.'},
    {text: 'Secrets come by standard input, a file, a variable, or at the prompt: see --help.'},
  ])

/** oclif's errors about the command line carry the parsed input or ask for its exit code 2. */
function isParserError(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const {oclif, parse} = thrown as Error & {oclif?: {exit?: number}; parse?: unknown}
  return parse !== undefined || oclif?.exit === 2
}

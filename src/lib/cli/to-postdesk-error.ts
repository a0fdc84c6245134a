/** Whatever was thrown, as an error of the catalogue. */
import {EXIT, interrupted, messageOf, PostdeskError} from '../errors.ts'
import {explainUsage, type KnownCommand} from './explain-usage.ts'

/** `command` is the one that was run: what its flags take is said in the words of its own help. */
export function toPostdeskError(thrown: unknown, command?: KnownCommand): PostdeskError {
  if (thrown instanceof PostdeskError) return thrown
  // Ctrl-C at a prompt.
  if (thrown instanceof Error && thrown.name === 'ExitPromptError') return interrupted('SIGINT')
  if (isParserError(thrown)) return explainUsage(thrown, command)
  return new PostdeskError({
    code: 'BUG',
    exitCode: EXIT.bug,
    title: 'postdesk failed in a way it should not',
    why: messageOf(thrown),
    fixes: [{text: 'Run it again with --debug and report what it prints; secrets are removed from it.'}],
    cause: thrown,
  })
}

/** oclif's errors about the command line carry the parsed input or ask for its exit code 2. */
function isParserError(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false
  const {oclif, parse} = thrown as Error & {oclif?: {exit?: number}; parse?: unknown}
  return parse !== undefined || oclif?.exit === 2
}

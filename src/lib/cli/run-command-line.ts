/** From the words of a command line to the command that they name; or to help, or to what was probably meant. */
import {run, type Config} from '@oclif/core'
import {usage} from '../errors.ts'
import {errorBody} from './envelope.ts'
import {nearNames} from './near-names.ts'
import {renderError} from './render-error.ts'
import {styleOf} from './style.ts'
import {toPostdeskError} from './to-postdesk-error.ts'

/** Sets the exit code; prints everything there is to print. */
export async function runCommandLine(argv: string[], config: Config): Promise<void> {
  try {
    refuseUnknown(argv, config)
    await run(argv, config)
  } catch (thrown) {
    if (isExit(thrown)) {
      process.exitCode = thrown.oclif.exit
      return
    }
    const error = toPostdeskError(thrown)
    process.exitCode = error.exitCode
    if (argv.includes('--json'))
      process.stdout.write(
        `${JSON.stringify({ok: false, exitCode: error.exitCode, error: errorBody(error), warnings: [], nextSteps: []}, null, 2)}\n`,
      )
    else process.stderr.write(renderError(error, styleOf(process.stderr, {noColour: argv.includes('--no-color')})))
  }
}

/** oclif would answer an unknown command with its own words and code. */
function refuseUnknown(argv: readonly string[], config: Config): void {
  const words = argv.slice(
    0,
    argv.findIndex((word) => word.startsWith('-')) === -1
      ? argv.length
      : argv.findIndex((word) => word.startsWith('-')),
  )
  if (words.length === 0 || words[0] === 'help') return
  const known = (id: string) => config.findCommand(id) !== undefined || config.findTopic(id) !== undefined
  let depth = 0
  while (depth < words.length && known(words.slice(0, depth + 1).join(':'))) depth++
  const found = words.slice(0, depth)
  if (depth > 0 && config.findCommand(found.join(':'))) return
  if (depth === words.length) return // a topic alone: its help
  const prefix = found.length > 0 ? `${found.join(':')}:` : ''
  const names = [
    ...new Set(
      config.commandIDs
        .filter((id) => id.startsWith(prefix) && !config.findCommand(id)?.hidden)
        .map((id) => id.slice(prefix.length).split(':')[0]!),
    ),
  ]
  const near = nearNames(words[depth]!, names)
  throw usage(
    `"${words.slice(0, depth + 1).join(' ')}" is not a command`,
    near.length > 0
      ? near.map((name) => ({text: 'Did you mean:', command: ['postdesk', ...found, name].join(' ')}))
      : [
          {
            text: `There ${names.length === 1 ? 'is' : 'are'}: ${names.sort().join(', ')}.`,
            command: `postdesk ${[...found, '--help'].join(' ')}`,
          },
        ],
  )
}

function isExit(thrown: unknown): thrown is {oclif: {exit: number}} {
  return thrown instanceof Error && (thrown as Error & {code?: string}).code === 'EEXIT'
}

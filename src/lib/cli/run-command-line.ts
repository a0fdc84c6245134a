/** From the words of a command line to the command that they name; or to help, or to what was probably meant. */
import {usage, type PostdeskError} from '../errors.ts'
import {lightConfig, listCommandIds, loadCommand} from './commands.ts'
import {errorBody, type AnyEnvelope} from './envelope.ts'
import {renderError} from './render-error.ts'
import {safeJson} from './safe-text.ts'
import {styleOf} from './style.ts'
import {toPostdeskError} from './to-postdesk-error.ts'
import {isTopic, unknownCommand} from './unknown-command.ts'

/** Sets the exit code; prints everything there is to print. `root` is the directory of package.json. */
export async function runCommandLine(argv: readonly string[], root: string): Promise<void> {
  try {
    const ids = listCommandIds(root)
    if (argv[0] === '--version') return printText(argv, lightConfig(root).userAgent)
    const named = findNamed(argv, ids)
    if (named.kind === 'help') {
      const {helpText} = await import('./help.ts')
      return printText(argv, await helpText(named.words, root, styleFor(process.stdout, argv)))
    }
    const command = await loadCommand(root, named.id)
    const [next] = named.rest
    // `email add gmial`: the command takes no argument, so the word was to be the name of one below it.
    if (next !== undefined && !next.startsWith('-') && command.strict && Object.keys(command.args).length === 0)
      refuseBelow(named.id, named.rest, ids)
    await new command(named.rest, lightConfig(root))._run()
  } catch (thrown) {
    // Whatever goes wrong, an MTA's pipe is answered with 75: bin/run.js sees to it.
    if (argv[0] === 'email' && argv[1] === 'deliver') throw thrown
    printError(argv, toPostdeskError(thrown))
  }
}

/** What a command line names: a command with its own words, or help for some words. */
type Named =
  | {readonly kind: 'command'; readonly id: string; readonly rest: string[]}
  | {readonly kind: 'help'; readonly words: readonly string[]}

function findNamed(argv: readonly string[], ids: readonly string[]): Named {
  const flags = argv.slice(0, endOfFlags(argv))
  const words = flags.slice(
    0,
    indexOrEnd(flags, (word) => word.startsWith('-')),
  )
  if (words[0] === 'help') return {kind: 'help', words: words.slice(1)}
  const depth = depthOfCommand(words, ids)
  const wantsHelp = flags.some((word) => word === '--help' || word === '-h')
  if (depth > 0) {
    if (wantsHelp) return {kind: 'help', words: words.slice(0, depth)}
    return {kind: 'command', id: words.slice(0, depth).join(':'), rest: argv.slice(depth)}
  }
  if (words.length === 0 && flags.length > 0 && !wantsHelp && flags[0] !== '--json')
    throw usage(`${flags[0]} stands where a command should`, [
      {text: 'Flags come after the command.', command: 'postdesk --help'},
    ])
  if (words.length > 0 && !isTopic(words.join(':'), ids)) throw unknownCommand(words, ids)
  return {kind: 'help', words}
}

/** How many of the words are the name of a command; 0 for none. The longest name wins. */
function depthOfCommand(words: readonly string[], ids: readonly string[]): number {
  for (let depth = words.length; depth > 0; depth--) if (ids.includes(words.slice(0, depth).join(':'))) return depth
  return 0
}

function refuseBelow(id: string, rest: readonly string[], ids: readonly string[]): void {
  if (isTopic(id, ids)) throw unknownCommand([...id.split(':'), ...rest.filter((word) => !word.startsWith('-'))], ids)
}

const styleFor = (stream: NodeJS.WriteStream, argv: readonly string[]) =>
  styleOf(stream, {noColour: argv.includes('--no-color')})

const wantsJson = (argv: readonly string[]) => argv.slice(0, endOfFlags(argv)).includes('--json')

function printText(argv: readonly string[], text: string): void {
  if (wantsJson(argv)) printEnvelope({ok: true, exitCode: 0, result: {text}, warnings: [], nextSteps: []})
  else process.stdout.write(`${text}\n`)
}

function printError(argv: readonly string[], error: PostdeskError): void {
  process.exitCode = error.exitCode
  if (wantsJson(argv))
    printEnvelope({ok: false, exitCode: error.exitCode, error: errorBody(error), warnings: [], nextSteps: []})
  else process.stderr.write(renderError(error, styleFor(process.stderr, argv)))
}

function printEnvelope(envelope: AnyEnvelope): void {
  process.stdout.write(`${safeJson(envelope, 2)}\n`)
}

/** Index of `--`, behind which nothing is a flag. */
function endOfFlags(argv: readonly string[]): number {
  return indexOrEnd(argv, (word) => word === '--')
}

function indexOrEnd<T>(values: readonly T[], wanted: (value: T) => boolean): number {
  const index = values.findIndex(wanted)
  return index === -1 ? values.length : index
}

import {Args, type Config} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {NAME_KINDS, type NameKind} from '../lib/cli/completion.ts'

/** Names that begin what was typed are the shell's to choose; these are all of them. */
export interface CompleteResult {
  readonly names: readonly string[]
}

/** Longest that a shell is kept waiting, in ms. */
const PATIENCE_MS = 1000

/**
 * Asked by the completion scripts: `__complete KIND -- WORDS`, where the words are those typed so far. It reads a store on
 * this machine and nothing else; whatever goes wrong, it prints nothing.
 */
export default class Complete extends BaseCommand<typeof Complete, CompleteResult> {
  static override hidden = true
  static override args = {
    kind: Args.custom<NameKind>({options: [...NAME_KINDS]})({required: true, ignoreStdin: true}),
  }

  constructor(argv: string[], config: Config) {
    super([...argv.slice(0, 1), ...flagsOfStore(argv), '--quiet', '--no-input'], config)
  }

  async run(): Promise<CompleteResult> {
    setTimeout(() => process.exit(0), PATIENCE_MS).unref()
    const location = await this.storeLocation()
    if (location.kind !== 'sqlite') return {names: []}
    const {namesForCompletion} = await import('../lib/cli/names-for-completion.ts')
    return {
      names: await namesForCompletion(location, this.args.kind, {
        portal: this.flags.portal,
        current: (await this.settings()).currentPortal,
      }),
    }
  }

  protected render({names}: CompleteResult): string {
    return names.map((name) => `${name}\n`).join('')
  }

  protected override renderFailure(): void {
    process.exitCode = 0
  }
}

/** `--store` and `--portal` with their values, wherever they stand in the words. */
function flagsOfStore(words: readonly string[]): string[] {
  return ['--store', '--portal'].flatMap((flag) => {
    const index = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`))
    const word = words[index]
    if (word === undefined) return []
    return word === flag ? [flag, words[index + 1] ?? ''] : [word]
  })
}

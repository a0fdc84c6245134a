/** What is missing on a command line, as the words to add. */
import type {Command} from '@oclif/core'

/** For `--out` that is `--out DIR`, by the word that its help has for the value; for the argument `NUMBER` itself. */
export function exampleOf(names: readonly string[], flags: Readonly<Record<string, Command.Flag.Any>>): string[] {
  return names.flatMap((name) => {
    if (!name.startsWith('--')) return [name]
    if (name.endsWith('-stdin')) return [name, '< FILE']
    const flag = flags[name.slice(2)]
    if (flag?.type === 'boolean') return [name]
    const value = flag?.helpValue ?? name.slice(2).toUpperCase()
    return [name, typeof value === 'string' ? value : value.join(' ')]
  })
}

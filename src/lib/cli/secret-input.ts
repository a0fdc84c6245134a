/** How a command gets a secret: by one of its flags, or by a masked prompt. Never from the command line itself. */
import type {SecretInput} from '../secret-names.ts'
import {readSecretFile} from '../secret/file.ts'
import {readSecretStdin} from '../secret/read-secret-stdin.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import {parseSecretRef} from '../secret/secret-ref.ts'
import {askSecret} from './prompts.ts'

/** The flags of `secretFlags` by what follows the name; at most one of them is given. */
export interface SecretWays {
  /** The secret's name in its flags, such as `password`. */
  readonly name: string
  readonly stdin: boolean
  readonly file: string | undefined
  readonly env: string | undefined
  readonly ref: string | undefined
}

/** The ways in which a command line gives a secret. */
export function secretWays(name: string, flags: Readonly<Record<string, unknown>>): SecretWays {
  const value = (way: string): string | undefined => {
    const given = flags[`${name}-${way}`]
    return typeof given === 'string' ? given : undefined
  }
  return {name, stdin: flags[`${name}-stdin`] === true, file: value('file'), env: value('env'), ref: value('ref')}
}

/** True where one of the flags was given. */
export const givesSecret = ({stdin, file, env, ref}: SecretWays): boolean =>
  stdin || file !== undefined || env !== undefined || ref !== undefined

/**
 * The secret that the flags give; without one it is asked for by `question`.
 * A copy needs a place: that is tried first, so that nobody types a password in vain.
 * @throws 64 for a bad reference, 65 and 66 for the file, 78 where this machine has no place for a copy.
 */
export async function readSecretInput(
  {name, stdin, file, env, ref}: SecretWays,
  question: string,
  {place, redactor, warn}: SecretSources,
): Promise<SecretInput> {
  const reference = env === undefined ? ref : `env:${env}`
  if (reference !== undefined) return {kind: 'reference', ref: parseSecretRef(reference)}
  await place.probe()
  const value = stdin
    ? await readSecretStdin(`--${name}-stdin`)
    : file === undefined
      ? await askSecret(question)
      : await readSecretFile(file, warn)
  redactor.register(value.reveal())
  return {kind: 'copy', value}
}

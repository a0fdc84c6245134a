/** How a command gets a secret: by one of its flags, or by a masked prompt. Never from the command line itself. */
import {partsOf, PostdeskError} from '../errors.ts'
import type {SecretInput} from '../secret-names.ts'
import {readSecretFile} from '../secret/file.ts'
import {readSecretStdin} from '../secret/read-secret-stdin.ts'
import {readSecretRef, type SecretSources} from '../secret/resolve-secret.ts'
import type {Secret} from '../secret/secret.ts'
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
  const reference = referenceOf({env, ref})
  if (reference !== undefined) return {kind: 'reference', ref: parseSecretRef(reference)}
  await place.probe()
  return {kind: 'copy', value: await readValue({name, stdin, file}, question, {redactor, warn})}
}

/**
 * The secret itself, for one use: nothing is kept of it, and no place is needed.
 * @throws 64 for a bad reference, 65 and 66 for the file, 78 for a reference that leads nowhere.
 */
export async function readSecretOnce(ways: SecretWays, question: string, sources: SecretSources): Promise<Secret> {
  const reference = referenceOf(ways)
  if (reference === undefined) return readValue(ways, question, sources)
  try {
    return await readSecretRef(parseSecretRef(reference), `--${ways.name}`, sources)
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    // What is used once is kept nowhere, so that it cannot be set either.
    const fixes = error.fixes.filter(({command}) => command?.startsWith('postdesk secret ') !== true)
    throw new PostdeskError({...partsOf(error), fixes, cause: error})
  }
}

const referenceOf = ({env, ref}: Pick<SecretWays, 'env' | 'ref'>) => (env === undefined ? ref : `env:${env}`)

async function readValue(
  {name, stdin, file}: Pick<SecretWays, 'name' | 'stdin' | 'file'>,
  question: string,
  {redactor, warn}: Pick<SecretSources, 'redactor' | 'warn'>,
): Promise<Secret> {
  const value = stdin
    ? await readSecretStdin(`--${name}-stdin`)
    : file === undefined
      ? await askSecret(question)
      : await readSecretFile(file, warn)
  redactor.register(value.reveal())
  return value
}

/** How this machine comes from a secret's name to its value: its own binding first, else its secret place. */
import {PostdeskError, secretUnresolved} from '../errors.ts'
import type {Redactor} from '../log.ts'
import type {Bindings} from './bindings.ts'
import {readCommandSecret} from './command.ts'
import {readEnvironmentSecret, type EnvironmentSecrets} from './environment.ts'
import {readSecretFile} from './file.ts'
import type {NamedSecretPlace} from './keychain.ts'
import type {SecretRef} from './secret-ref.ts'
import type {Secret, SecretId, SecretPlace} from './secret.ts'

/** Everything that a secret can come from on this machine. */
export interface SecretSources {
  readonly bindings: Bindings
  /** The chosen place, where copies are kept. */
  readonly place: SecretPlace
  /** Any place, for references into it. */
  readonly openPlace: (kind: SecretPlace['kind']) => NamedSecretPlace
  readonly environment: EnvironmentSecrets
  /** The environment of the programs that `cmd:` runs. */
  readonly env: NodeJS.ProcessEnv
  /** Learns every value before anyone else does. */
  readonly redactor: Redactor
  readonly warn: (text: string) => void
}

/**
 * The value of a secret. `name` is what people call it (`PORTAL/CHANNEL/FIELD`). Rejects with 78: naming the two ways to
 * give it where this machine has none, or with what stood in the way. A binding that fails is an error: the place is not
 * asked then, for it may hold an older value.
 */
export async function resolveSecret(id: SecretId, name: string, sources: SecretSources): Promise<Secret> {
  const ref = await sources.bindings.get(id)
  if (ref !== null) return await readSecretRef(ref, name, sources)
  const boundElse = await sources.bindings.others(id)
  const secret = await sources.place.get(id).catch((error: unknown) => {
    // Where a reference is kept there need be no place.
    throw boundElse.length > 0 ? secretUnresolved(name, GIVEN_FOR_ANOTHER, [], error) : error
  })
  if (secret === null)
    throw secretUnresolved(
      name,
      boundElse.length > 0 || (await sources.place.others(id)).length > 0
        ? GIVEN_FOR_ANOTHER
        : `it is not bound here for the host, port, security and user that are set, and the ${sources.place.kind} does not have it`,
    )
  sources.redactor.register(secret.reveal())
  return secret
}

/** Why a secret that this machine has is not used. */
export const GIVEN_FOR_ANOTHER = 'this machine has it for another host, port, security or user'

/** The same secret where this machine has it for something else, as far as it can tell. */
export const otherUsesHere = async (
  id: SecretId,
  {bindings, place}: Pick<SecretSources, 'bindings' | 'place'>,
): Promise<readonly SecretId[]> => [...(await bindings.others(id)), ...(await place.others(id))]

/** The value that a reference leads to. Rejects with 78. */
export async function readSecretRef(
  ref: SecretRef,
  name: string,
  sources: Omit<SecretSources, 'bindings' | 'place'>,
): Promise<Secret> {
  const secret = await follow(ref, name, sources)
  sources.redactor.register(secret.reveal())
  return secret
}

async function follow(
  ref: SecretRef,
  name: string,
  {openPlace, environment, env, redactor, warn}: Omit<SecretSources, 'bindings' | 'place'>,
): Promise<Secret> {
  switch (ref.kind) {
    case 'env':
      return readEnvironmentSecret(ref.variable, name, environment)
    case 'cmd':
      return await readCommandSecret(ref.argv, {name, env, redactor})
    case 'file':
      try {
        return await readSecretFile(ref.path, warn)
      } catch (error) {
        // A file named on the command line is a missing input (66); one that a binding names is configuration (78).
        throw error instanceof PostdeskError ? secretUnresolved(name, error.message, [], error) : error
      }
    case 'keychain':
    case 'vault': {
      const secret = await openPlace(ref.kind).read(ref.entry)
      if (secret === null) throw secretUnresolved(name, `the ${ref.kind} has no entry "${ref.entry}"`)
      return secret
    }
  }
}

/** What a secret can come from on this machine, for the user who runs the program. */
import {join} from 'node:path'
import type {Redactor} from '../log.ts'
import {openBindings} from '../secret/bindings.ts'
import {choosePlaceKind, secretPlaces} from '../secret/choose-place.ts'
import {environmentSecrets} from '../secret/environment.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import type {Paths} from './paths.ts'

export function secretSources(from: {
  readonly paths: Paths
  /** The value of `--secret-store`. */
  readonly chosen: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly redactor: Redactor
  readonly warn: (text: string) => void
}): SecretSources {
  const {paths, env, redactor, warn} = from
  const openPlace = secretPlaces({vaultPath: join(paths.data, 'vault.age'), env, redactor, warn})
  return {
    bindings: openBindings(join(paths.config, 'bindings.json')),
    place: openPlace(choosePlaceKind(from.chosen, env)),
    openPlace,
    environment: environmentSecrets(env),
    env,
    redactor,
    warn,
  }
}

/** The secret place is chosen by the user, by name. Nothing here falls back from one to the other. */
import {usage} from '../errors.ts'
import type {Redactor} from '../log.ts'
import {openKeychain, type NamedSecretPlace} from './keychain.ts'
import type {SecretPlace} from './secret.ts'
import {openVault} from './vault.ts'

/** Which place `--secret-store` or `POSTDESK_SECRET_STORE` names; the keychain where neither does. Throws 64. */
export function choosePlaceKind(flag: string | undefined, env: NodeJS.ProcessEnv = process.env): SecretPlace['kind'] {
  const variable = env['POSTDESK_SECRET_STORE']
  const chosen = flag ?? (variable === '' ? undefined : variable) ?? 'keychain'
  if (chosen === 'keychain' || chosen === 'vault') return chosen
  const where = flag === undefined ? 'POSTDESK_SECRET_STORE' : '--secret-store'
  throw usage(`${where} is "${chosen}"; the places for secrets are keychain and vault`)
}

export interface SecretPlacesOptions {
  readonly vaultPath: string
  readonly env?: NodeJS.ProcessEnv
  readonly redactor: Redactor
  /** Receives what is no error and should be mended, such as a passphrase file that everyone can read. */
  readonly warn: (text: string) => void
}

/** The places of this machine, each opened at its first use and once a run. */
export function secretPlaces({
  vaultPath,
  env = process.env,
  redactor,
  warn,
}: SecretPlacesOptions): (kind: SecretPlace['kind']) => NamedSecretPlace {
  let keychain: NamedSecretPlace | undefined
  let vault: NamedSecretPlace | undefined
  return (kind) => {
    if (kind === 'keychain') return (keychain ??= openKeychain({env}))
    return (vault ??= openVault({path: vaultPath, env, redactor, warn}))
  }
}

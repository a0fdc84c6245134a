/**
 * An account gets other settings, or another password: what is new is proved and on this machine before the store names
 * it, and until then what was there is used.
 */
import {
  forgetFormerPasswords,
  forgetPassword,
  knownPassword,
  passwordBinding,
  passwordSecret,
  type AccountOwner,
} from './account-password.ts'
import type {Log} from './log.ts'
import {forgetThisUse, keepSecretInput, keepSecretOf, type NamedSecret, type SecretInput} from './secret-names.ts'
import type {ServerSettings} from './server-settings.ts'
import {readSecretRef, resolveSecret, type SecretSources} from './secret/resolve-secret.ts'
import type {Secret} from './secret/secret.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'

/** What is to become of the password of an account. */
export type PasswordChange =
  /** One was given. */
  | {readonly kind: 'given'; readonly input: SecretInput}
  /** The one that was given for the settings before is used with those of now. */
  | {readonly kind: 'kept'; readonly before: NamedSecret}
  /** It stays, or none is needed. */
  | {readonly kind: 'none'}

/** A login by SMTP that has to succeed first. */
export interface LoginCheck {
  readonly signal: AbortSignal
  readonly log: Log
}

/** An account as it is to be. */
export interface AccountSwitch {
  readonly store: Store
  readonly portal: PortalRow
  readonly owner: AccountOwner
  readonly server: ServerSettings
  readonly password: PasswordChange
  readonly secrets: SecretSources
  /** Null where nothing is tried. */
  readonly login: LoginCheck | null
}

/**
 * `save` writes the store; what it throws leaves this machine as it was. `kept`: the password is another one now.
 * @throws what stands in the way of the login, catalogued (20 to 25, 75); 78 where the password cannot be resolved.
 */
export async function switchAccount<Saved>(
  {store, portal, owner, server, password, secrets, login}: AccountSwitch,
  save: () => Promise<Saved>,
): Promise<{saved: Saved; kept: boolean}> {
  const before = await knownPassword(store, portal, owner)
  const secret = await passwordSecret(store, portal, owner, passwordBinding(server))
  if (login) await tryLogin(server, server.user === null ? null : await valueOf(password, secret, secrets), login)
  const kept = await keep(password, secret, secrets)
  const isNewUse = before?.id.usedWith !== secret.id.usedWith
  let saved: Saved
  try {
    saved = await save()
  } catch (error) {
    if (kept && isNewUse) await forgetThisUse(secret.id, secrets)
    throw error
  }
  if (before !== null && server.user === null) await forgetPassword(before, secrets)
  else if (before !== null && (kept || isNewUse)) await forgetFormerPasswords(secret, before, secrets)
  return {saved, kept}
}

/** Logs in once, sends nothing. */
async function tryLogin(server: ServerSettings, password: Secret | null, {signal, log}: LoginCheck): Promise<void> {
  const {verifySmtpLogin} = await import('./smtp/verify-login.ts')
  const {host, port, security, user} = server
  // One with `none` elsewhere than on this machine was set by saying so.
  await verifySmtpLogin({host, port, security, user, password, allowCleartext: security === 'none'}, signal, {log})
}

async function valueOf(password: PasswordChange, secret: NamedSecret, sources: SecretSources): Promise<Secret> {
  if (password.kind !== 'given') {
    const now = resolveSecret(secret.id, secret.name, sources)
    return password.kind === 'none' ? now : now.catch(() => resolveSecret(password.before.id, secret.name, sources))
  }
  const {input} = password
  return input.kind === 'copy' ? input.value : readSecretRef(input.ref, secret.name, sources)
}

async function keep(password: PasswordChange, secret: NamedSecret, sources: SecretSources): Promise<boolean> {
  switch (password.kind) {
    case 'given':
      return keepSecretInput(secret, password.input, sources)
    case 'kept':
      return keepSecretOf([password.before.id], secret, sources)
    case 'none':
      return false
  }
}

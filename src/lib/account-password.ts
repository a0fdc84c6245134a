/** The passwords of a portal's accounts: their names, what each is bound to, and their values on this machine. */
import {PostdeskError} from './errors.ts'
import {forgetOtherUses, forgetSecret, type NamedSecret} from './secret-names.ts'
import type {ServerSettings} from './server-settings.ts'
import {fingerprintOf} from './secret/entry-name.ts'
import {readSecretRef, resolveSecret, type SecretSources} from './secret/resolve-secret.ts'
import type {Secret} from './secret/secret.ts'
import type {Store} from './store/open.ts'
import {storeId, type PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {findSecret, putSecret} from './store/secrets.ts'
import {RELAY_SENDER, resumeSender} from './store/senders.ts'

export const PASSWORD_FIELD = 'password'

/** Whose password it is. */
export interface AccountOwner {
  /** Immutable, as the store and the secret places know it: `inbound`, `relay`, or the id of a channel. */
  readonly key: string
  /** As people know it: `inbound`, `relay`, or the address of a channel. */
  readonly shownAs: string
}

export const INBOUND: AccountOwner = {key: 'inbound', shownAs: 'inbound'}
export const RELAY: AccountOwner = {key: 'relay', shownAs: 'relay'}
export const channelOwner = ({id, address}: {readonly id: number; readonly address: string}): AccountOwner => ({
  key: String(id),
  shownAs: address,
})

/** As people call it. */
export const passwordName = (portal: Pick<PortalRow, 'key'>, owner: Pick<AccountOwner, 'shownAs'>): string =>
  `${portal.key}/${owner.shownAs}/${PASSWORD_FIELD}`

/** What the password may be used with; with anything else it must be given again. */
export const passwordBinding = ({host, port, security, user}: ServerSettings): string =>
  `${host}:${port}:${security}:${user ?? ''}`

/** The password of an account as the commands about secrets know it. `boundTo` is a `passwordBinding`. */
export async function passwordSecret(
  store: Store,
  portal: PortalRow,
  owner: AccountOwner,
  boundTo: string,
): Promise<NamedSecret> {
  return {
    name: passwordName(portal, owner),
    id: {
      store: await storeId(store.db),
      owner: `${portal.id}/${owner.key}`,
      field: PASSWORD_FIELD,
      usedWith: fingerprintOf(boundTo),
    },
    boundTo,
  }
}

/** The password that the store knows of, with what it was given for; null for none. */
export async function knownPassword(store: Store, portal: PortalRow, owner: AccountOwner): Promise<NamedSecret | null> {
  const known = await findSecret(store.db, portal.id, owner.key, PASSWORD_FIELD)
  return known ? passwordSecret(store, portal, owner, known.bound_to) : null
}

/** The store knows from then on that there is such a password, and what it is given for. */
export async function notePassword(
  db: Db,
  portalId: number,
  owner: AccountOwner,
  account: ServerSettings,
  now: string,
): Promise<void> {
  await putSecret(db, {
    portal_id: portalId,
    owner: owner.key,
    field: PASSWORD_FIELD,
    bound_to: passwordBinding(account),
    created_at: now,
  })
}

/** What stands in the way of an account, before a password is asked for. */
export interface PasswordCheck {
  /** True where a password is needed: there is none, or it was given for another host, port, security or user. */
  readonly needsPassword: boolean
  /** True where there is one that could be kept. */
  readonly hasPassword: boolean
}

export async function checkPassword(
  db: Db,
  portal: PortalRow,
  owner: AccountOwner,
  account: ServerSettings,
): Promise<PasswordCheck> {
  const secret = await findSecret(db, portal.id, owner.key, PASSWORD_FIELD)
  return {
    needsPassword: account.user !== null && secret?.bound_to !== passwordBinding(account),
    hasPassword: secret !== undefined,
  }
}

/**
 * Finds the password of an account; null where it needs none. Rejects with 78 where this machine has none that was given
 * for its host, port, security and user: what the store says of it is not asked, for others may write the store.
 */
export function accountPassword(from: {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
}): (owner: AccountOwner, account: ServerSettings) => Promise<Secret | null> {
  return async (owner, account) => {
    if (account.user === null) return null
    const {id, name} = await passwordSecret(from.store, from.portal, owner, passwordBinding(account))
    return resolveSecret(id, name, from.secrets)
  }
}

/** Whether this machine can resolve the password of an account. */
export type HasPassword = (owner: AccountOwner, account: ServerSettings) => Promise<boolean>

/**
 * Never rejects: a place that is not there, or closed, has nothing, and is not asked again. A program that a reference
 * names is not run for it.
 */
export function passwordChecker(from: {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: () => Promise<SecretSources>
}): HasPassword {
  let placeFailed = false
  return async (owner, account) => {
    if (account.user === null) return true
    try {
      const sources = await from.secrets()
      const {id, name} = await passwordSecret(from.store, from.portal, owner, passwordBinding(account))
      const ref = await sources.bindings.get(id)
      if (ref?.kind === 'cmd') return true
      if (ref !== null) return (await readSecretRef(ref, name, {...sources, warn: () => {}})) !== null
      if (placeFailed) return false
      placeFailed = true
      const value = await sources.place.get(id)
      placeFailed = false
      return value !== null
    } catch (error) {
      if (error instanceof PostdeskError) return false
      throw error
    }
  }
}

/** A value that somebody gave anew is tried: mail of its account waits no longer because of the one before. */
export async function resumeAccount(store: Store, {id}: NamedSecret): Promise<void> {
  const [portalId, owner] = id.owner.split('/')
  const senderId = owner === RELAY.key ? RELAY_SENDER : Number(owner)
  if (!Number.isInteger(senderId)) return
  await store.transaction((tx) => resumeSender(tx, Number(portalId), senderId))
}

/** This machine forgets the password of an account that needs it no longer; a copy that may be left is warned about. */
export async function forgetPassword({id, name}: NamedSecret, secrets: SecretSources): Promise<void> {
  warnOfCopy(name, await forgetSecret(id, secrets), secrets)
}

/** This machine forgets what it had for uses before this one; `before` is what the store named until now. */
export async function forgetFormerPasswords(
  {id, name}: NamedSecret,
  before: NamedSecret | null,
  secrets: SecretSources,
): Promise<void> {
  warnOfCopy(name, await forgetOtherUses(id, before === null ? [] : [before.id], secrets), secrets)
}

function warnOfCopy(name: string, problem: string | null, {warn, place}: SecretSources): void {
  if (problem !== null) warn(`A copy of ${name} may be left in the ${place.kind}: ${problem}`)
}

/** The password of a portal's inbound: its name, what it is bound to, and its value on this machine. */
import type {InboundConfig, ImapInbound} from './inbound.ts'
import {forgetOtherUses, forgetSecret, type NamedSecret} from './secret-names.ts'
import {fingerprintOf} from './secret/entry-name.ts'
import {resolveSecret, type SecretSources} from './secret/resolve-secret.ts'
import type {Secret} from './secret/secret.ts'
import type {Store} from './store/open.ts'
import {storeId, type PortalRow} from './store/portals.ts'
import {findSecret} from './store/secrets.ts'

export const INBOUND_OWNER = 'inbound'
export const PASSWORD_FIELD = 'password'

/** As people call it. */
export const inboundPasswordName = (portal: Pick<PortalRow, 'key'>) =>
  `${portal.key}/${INBOUND_OWNER}/${PASSWORD_FIELD}`

/** What the password may be used with; with anything else it must be given again. */
export const passwordBinding = ({host, port, security, user}: ImapInbound) => `${host}:${port}:${security}:${user}`

/** The password of an inbound as the commands about secrets know it. `boundTo` is a `passwordBinding`. */
export async function inboundPasswordSecret(store: Store, portal: PortalRow, boundTo: string): Promise<NamedSecret> {
  return {
    name: inboundPasswordName(portal),
    id: {
      store: await storeId(store.db),
      owner: `${portal.id}/${INBOUND_OWNER}`,
      field: PASSWORD_FIELD,
      usedWith: fingerprintOf(boundTo),
    },
    boundTo,
  }
}

/** The password that the store knows of, with what it was given for; null for none. */
export async function knownInboundPassword(store: Store, portal: PortalRow): Promise<NamedSecret | null> {
  const known = await findSecret(store.db, portal.id, INBOUND_OWNER, PASSWORD_FIELD)
  return known ? inboundPasswordSecret(store, portal, known.bound_to) : null
}

/**
 * Finds the value for `config`; null where none is needed. Rejects with 78 where this machine has none that was given
 * for its host, port, security and user: what the store says of it is not asked, for others may write the store.
 */
export function inboundPassword(from: {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
}): (config: InboundConfig) => Promise<Secret | null> {
  return async (config) => {
    if (config.kind !== 'imap') return null
    const {id, name} = await inboundPasswordSecret(from.store, from.portal, passwordBinding(config))
    return resolveSecret(id, name, from.secrets)
  }
}

/** This machine forgets the password of an inbound that needs it no longer; a copy that may be left is warned about. */
export async function forgetInboundPassword({id, name}: NamedSecret, secrets: SecretSources): Promise<void> {
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

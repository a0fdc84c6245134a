/** The password of a portal's inbound: its name, what it is bound to, and its value on this machine. */
import type {InboundConfig, ImapInbound} from './inbound.ts'
import type {Secret, SecretId} from './secret/secret.ts'
import {secretUnresolved} from './errors.ts'
import {forgetSecret, type NamedSecret} from './secret-names.ts'
import {resolveSecret, type SecretSources} from './secret/resolve-secret.ts'
import type {Store} from './store/open.ts'
import {storeId, type PortalRow} from './store/portals.ts'
import {findSecret} from './store/secrets.ts'

export const INBOUND_OWNER = 'inbound'
export const PASSWORD_FIELD = 'password'

/** Under which ids this machine keeps it. */
export async function inboundPasswordId(store: Store, portal: PortalRow): Promise<SecretId> {
  return {store: await storeId(store.db), owner: `${portal.id}/${INBOUND_OWNER}`, field: PASSWORD_FIELD}
}

/** As people call it. */
export const inboundPasswordName = (portal: Pick<PortalRow, 'key'>) =>
  `${portal.key}/${INBOUND_OWNER}/${PASSWORD_FIELD}`

/** What the password may be used with; with anything else it must be given again. */
export const passwordBinding = ({host, port, security, user}: ImapInbound) => `${host}:${port}:${security}:${user}`

/** The password of an inbound as the commands about secrets know it. */
export async function inboundPasswordSecret(
  store: Store,
  portal: PortalRow,
  config: ImapInbound,
): Promise<NamedSecret> {
  return {
    name: inboundPasswordName(portal),
    id: await inboundPasswordId(store, portal),
    boundTo: passwordBinding(config),
  }
}

/**
 * Finds the value for `config`; null where none is needed. Rejects with 78 where this machine has none, or where the
 * inbound was changed since it was given.
 */
export function inboundPassword(from: {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
}): (config: InboundConfig) => Promise<Secret | null> {
  return async (config) => {
    if (config.kind !== 'imap') return null
    const {store, portal, secrets} = from
    const name = inboundPasswordName(portal)
    const known = await findSecret(store.db, portal.id, INBOUND_OWNER, PASSWORD_FIELD)
    if (known?.bound_to !== passwordBinding(config))
      throw secretUnresolved(name, 'it was given for another host, port, security or user', [
        {text: 'Give it again:', command: 'postdesk portal inbound set imap … --password-stdin'},
      ])
    return resolveSecret(await inboundPasswordId(store, portal), name, secrets)
  }
}

/** This machine forgets the password of an inbound that needs it no longer; a copy that may be left is warned about. */
export async function forgetInboundPassword(from: {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
}): Promise<void> {
  const {store, portal, secrets} = from
  const problem = await forgetSecret(await inboundPasswordId(store, portal), secrets)
  if (problem !== null)
    secrets.warn(`A copy of ${inboundPasswordName(portal)} may be left in the ${secrets.place.kind}: ${problem}`)
}

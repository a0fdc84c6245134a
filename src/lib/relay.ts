/** The relay of a portal: how the system's own mail leaves, such as the automatic replies of internal addresses. */
import {notePassword, passwordName, RELAY, type HasPassword} from './account-password.ts'
import {readNoted, requireChannel, summariseChannel, type ChannelState, type SyncError} from './channel-summary.ts'
import {invalidValue, notFound} from './errors.ts'
import type {Security, ServerSettings} from './server-settings.ts'
import {listChannels} from './store/channels.ts'
import type {Store} from './store/open.ts'
import {lockPortal, updatePortal, type PortalRow} from './store/portals.ts'
import type {Db, Tx} from './store/schema.ts'
import {deleteSecrets} from './store/secrets.ts'
import {failQueuedOf, findSender, RELAY_SENDER, resumeSender} from './store/senders.ts'
import {switchAccount, type AccountSwitch} from './switch-account.ts'

/** An SMTP account of its own. */
export interface SmtpRelay extends ServerSettings {
  readonly kind: 'smtp'
  /** When a login with these settings succeeded; null for never. */
  readonly verifiedAt: string | null
}

/** An address of the portal that can send. */
export interface ChannelRelay {
  readonly kind: 'channel'
  readonly channelId: number
}

/** Kept as JSON with the portal. */
export type Relay = SmtpRelay | ChannelRelay

/** The relay of a portal; null where nothing was said. */
export const readRelay = ({relay}: Pick<PortalRow, 'relay'>): Relay | null =>
  relay === null ? null : (JSON.parse(relay) as Relay)

/** A relay as commands show it. */
export interface RelaySummary {
  readonly kind: 'smtp' | 'channel'
  /** Of an SMTP account. */
  readonly host?: string
  readonly port?: number
  readonly security?: Security
  /** Null for a server that asks for no login. */
  readonly user?: string | null
  readonly verifiedAt?: string | null
  /** The address that it is, of a channel. */
  readonly address?: string
  /** Name of the password; null where none is needed, or it is that of the address. */
  readonly secret: string | null
  readonly state: ChannelState
  /** Null after a success. */
  readonly lastError: SyncError | null
}

/** The relay of a portal; null for none. */
export async function describeRelay(
  db: Db,
  portal: PortalRow,
  hasPassword?: HasPassword,
): Promise<RelaySummary | null> {
  const relay = readRelay(portal)
  if (relay === null) return null
  if (relay.kind === 'channel') {
    const row = (await listChannels(db, portal.id)).find(({id}) => id === relay.channelId)
    if (!row) return null
    const channel = await summariseChannel(db, portal, row, hasPassword ? {hasPassword} : {})
    const {address, state, lastError} = channel
    return {kind: 'channel', address, secret: null, state, lastError}
  }
  const sender = await findSender(db, portal.id, RELAY_SENDER)
  const noted = sender?.paused ?? sender?.last_error ?? null
  const hasSecret = hasPassword === undefined || (await hasPassword(RELAY, relay))
  return {
    ...relay,
    secret: relay.user === null ? null : passwordName(portal, RELAY),
    state: !hasSecret
      ? 'secret-missing-here'
      : noted !== null
        ? 'failing'
        : relay.verifiedAt === null
          ? 'unverified'
          : 'ready',
    lastError: noted === null ? null : readNoted(noted),
  }
}

/** True where the settings are those that the relay has. */
function isRelay(portal: Pick<PortalRow, 'relay'>, server: ServerSettings): boolean {
  const relay = readRelay(portal)
  return (
    relay?.kind === 'smtp' &&
    (['host', 'port', 'security', 'user'] as const).every((name) => relay[name] === server[name])
  )
}

/**
 * The system's own mail leaves by an SMTP account from then on. What is there already, with no other password, is no change,
 * and nothing is tried.
 * @throws as `switchAccount`.
 */
export async function setSmtpRelay(
  account: Omit<AccountSwitch, 'owner'>,
  now: string,
): Promise<{relay: RelaySummary; changed: boolean}> {
  const {store, portal, server, password, login} = account
  const same = isRelay(portal, server)
  if (same && password.kind === 'none') return {relay: (await describeRelay(store.db, portal))!, changed: false}
  const relay: SmtpRelay = {kind: 'smtp', ...server, verifiedAt: login === null ? null : now}
  const {saved, kept} = await switchAccount({...account, owner: RELAY}, () =>
    store.transaction(async (tx) => save(tx, await lock(tx, portal), relay, now)),
  )
  return {relay: saved, changed: !same || kept}
}

/**
 * The system's own mail leaves by an address of the portal from then on. The password of the relay before is the caller's to
 * forget.
 * @throws 64 for an address that cannot send, 67 for one that is not there.
 */
export async function setChannelRelay(
  store: Store,
  portal: PortalRow,
  typed: string,
  now: string,
): Promise<{relay: RelaySummary; changed: boolean}> {
  return store.transaction(async (tx) => {
    const locked = await lock(tx, portal)
    const channel = await requireChannel(tx, locked, typed)
    if (channel.kind === 'internal')
      throw invalidValue(channel.address, 'an internal address cannot send: name one that can, Gmail or SMTP', [
        {text: 'See which can:', command: `postdesk email list --portal ${portal.key}`},
      ])
    const before = readRelay(locked)
    if (before?.kind === 'channel' && before.channelId === channel.id)
      return {relay: (await describeRelay(tx, locked))!, changed: false}
    // What is written for the account before is in names that a provider does not let the address use.
    await failQueuedOf(tx, portal.id, RELAY_SENDER, 'the relay it was written for is gone', now)
    return {relay: await save(tx, locked, {kind: 'channel', channelId: channel.id}, now), changed: true}
  })
}

async function lock(tx: Tx, portal: PortalRow): Promise<PortalRow> {
  const locked = await lockPortal(tx, portal.id)
  if (!locked) throw notFound('portal', portal.key)
  return locked
}

/** What went wrong with the relay before says nothing of this one. */
async function save(tx: Tx, portal: PortalRow, relay: Relay, now: string): Promise<RelaySummary> {
  const json = JSON.stringify(relay)
  await updatePortal(tx, portal.id, {relay: json}, now)
  if (relay.kind === 'smtp' && relay.user !== null) await notePassword(tx, portal.id, RELAY, relay, now)
  else await deleteSecrets(tx, portal.id, RELAY.key)
  await resumeSender(tx, portal.id, RELAY_SENDER)
  return (await describeRelay(tx, {...portal, relay: json}))!
}

/** The system's own mail does not leave from then on. The password of the relay is the caller's to forget. */
export async function unsetRelay(store: Store, portal: PortalRow, now: string): Promise<{changed: boolean}> {
  return store.transaction(async (tx) => {
    const locked = await lock(tx, portal)
    await deleteSecrets(tx, portal.id, RELAY.key)
    if (locked.relay === null) return {changed: false}
    await updatePortal(tx, portal.id, {relay: null}, now)
    await resumeSender(tx, portal.id, RELAY_SENDER)
    return {changed: true}
  })
}

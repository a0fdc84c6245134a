/** The account by which a message leaves, opened as this machine can: that of a channel, or the relay of the portal. */
import {accountPassword, channelOwner, RELAY} from '../account-password.ts'
import type {Sender} from '../channel/outgoing.ts'
import {notConfigured, PostdeskError} from '../errors.ts'
import type {Log} from '../log.ts'
import {openSender} from '../protocols.ts'
import {readRelay} from '../relay.ts'
import type {Security} from '../server-settings.ts'
import type {SecretSources} from '../secret/resolve-secret.ts'
import {listChannels, listSmtpChannels} from '../store/channels.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import {RELAY_SENDER} from '../store/senders.ts'

export interface AccountContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly secrets: SecretSources
  readonly log: Log
}

/** An account that mail can leave by. */
export interface OpenAccount {
  readonly kind: 'open'
  /** The address of its channel, or `relay`. */
  readonly address: string
  readonly sender: Sender
  /** Connections that its provider allows at once; null where it does not say. */
  readonly maxConnections: number | null
}

/** One that is switched off, gone, or without its password on this machine. */
export interface ClosedAccount {
  readonly kind: 'closed'
  readonly address: string
  readonly error: PostdeskError
}

/** As people know an account: the address of its channel, or `relay`; and whether it is switched on. */
export async function describeSender(
  senderId: number,
  {store, portal}: AccountContext,
): Promise<{readonly address: string; readonly active: boolean}> {
  if (senderId === RELAY_SENDER) return {address: RELAY.shownAs, active: true}
  const channel = (await listChannels(store.db, portal.id)).find((row) => row.id === senderId)
  return {address: channel?.address ?? 'a removed address', active: (channel?.deactivated_at ?? null) === null}
}

/** Nothing is connected yet. */
export async function openAccount(senderId: number, context: AccountContext): Promise<OpenAccount | ClosedAccount> {
  const {portal} = context
  if (senderId !== RELAY_SENDER) return openChannel(senderId, context)
  const relay = readRelay(portal)
  if (relay === null) return closed('relay', noRelay(portal))
  // What was written for another account than that of the channel is in a name that the channel may not use.
  if (relay.kind === 'channel') return closed('relay', noRelay(portal))
  return open('relay', relay, RELAY, context)
}

async function openChannel(id: number, context: AccountContext): Promise<OpenAccount | ClosedAccount> {
  const {store, portal} = context
  const channel = (await listChannels(store.db, portal.id)).find((row) => row.id === id)
  const smtp = (await listSmtpChannels(store.db, portal.id)).find((row) => row.channel_id === id)
  if (channel === undefined || smtp === undefined) return closed('a removed address', noSuchAccount(portal))
  const {address} = channel
  const {host, port, security, user_name: user} = smtp
  return open(address, {host, port, security: security as Security, user}, channelOwner(channel), context)
}

async function open(
  address: string,
  server: Parameters<typeof openSender>[0],
  owner: Parameters<ReturnType<typeof accountPassword>>[0],
  context: AccountContext,
): Promise<OpenAccount | ClosedAccount> {
  try {
    const password = server.user === null ? null : await accountPassword(context)(owner, {...server, user: server.user})
    const {sender, maxConnections} = await openSender(server, password, context.log)
    return {kind: 'open', address, sender, maxConnections}
  } catch (error) {
    if (error instanceof PostdeskError) return closed(address, error)
    throw error
  }
}

const closed = (address: string, error: PostdeskError): ClosedAccount => ({kind: 'closed', address, error})

const noRelay = (portal: PortalRow) =>
  notConfigured(`The relay of ${portal.key}`, "nothing says how the system's own mail leaves", [
    {text: 'Say so:', command: `postdesk portal relay set smtp --portal ${portal.key} --host … --user …`},
  ])

const noSuchAccount = (portal: PortalRow) =>
  notConfigured('The address that the mail is of', 'it was removed, or cannot send any more', [
    {text: 'See what waits, and cancel it:', command: `postdesk outbox list --portal ${portal.key}`},
  ])

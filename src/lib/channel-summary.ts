/** The addresses of a portal as commands show them. */
import {nearNames} from './near-names.ts'
import {notFound} from './errors.ts'
import {findChannel, listChannels, type ChannelRow} from './store/channels.ts'
import type {PortalRow} from './store/portals.ts'
import {listQueues} from './store/queues.ts'
import type {Db} from './store/schema.ts'
import {findSource, type SourceRow} from './store/sources.ts'

export type ChannelState =
  'ready' | 'inactive' | 'needs-queue' | 'needs-consent' | 'secret-missing-here' | 'unverified' | 'failing' | 'parked'

/** What an automatic reply says. */
export interface AutoReply {
  readonly subject: string
  readonly body: string
}

/** What went wrong at the last sync. */
export interface SyncError {
  readonly code: string
  readonly title: string
  readonly why: string
  readonly at: string
}

/** An address. */
export interface ChannelSummary {
  readonly address: string
  readonly kind: string
  /** The display name. */
  readonly name: string
  readonly active: boolean
  /** Key of the queue that its new tickets go to. */
  readonly queue: string | null
  readonly assignOnline: boolean
  readonly canReceive: boolean
  readonly canSend: boolean
  /** Permissions of a consent that were not granted. */
  readonly missingScopes: readonly string[]
  readonly state: ChannelState
  /** The internal address that its mail is forwarded to. */
  readonly forwardsTo: string | null
  readonly forwardingVerifiedAt: string | null
  /** Null while it is off. */
  readonly autoReply: AutoReply | null
  readonly lastSyncAt: string | null
  /** Null after a success. */
  readonly lastError: SyncError | null
}

/** All addresses. Costs the same however many tickets there are. */
export async function summariseChannels(db: Db, portal: PortalRow): Promise<ChannelSummary[]> {
  const rows = await listChannels(db, portal.id)
  const queues = new Map((await listQueues(db, portal.id)).map((queue) => [queue.id, queue.key]))
  const inbound = await inboundOf(db, portal)
  return rows.map((row) => summarise(row, queues, inbound))
}

/** One address. */
export async function summariseChannel(db: Db, portal: PortalRow, row: ChannelRow): Promise<ChannelSummary> {
  const queues = new Map((await listQueues(db, portal.id)).map((queue) => [queue.id, queue.key]))
  return summarise(row, queues, await inboundOf(db, portal))
}

const inboundOf = async (db: Db, portal: PortalRow): Promise<SourceRow | undefined> =>
  portal.inbound_source_id === null ? undefined : findSource(db, portal.id, portal.inbound_source_id)

function summarise(
  row: ChannelRow,
  queues: ReadonlyMap<number, string>,
  inbound: SourceRow | undefined,
): ChannelSummary {
  const queue = row.queue_id === null ? null : (queues.get(row.queue_id) ?? null)
  const lastError = inbound?.last_error ? (JSON.parse(inbound.last_error) as SyncError) : null
  const active = row.deactivated_at === null
  return {
    address: row.address,
    kind: row.kind,
    name: row.name,
    active,
    queue,
    assignOnline: row.assign_online === 1,
    canReceive: true,
    canSend: false,
    missingScopes: [],
    state: stateOf({active, queue, lastError}),
    forwardsTo: null,
    forwardingVerifiedAt: null,
    autoReply: row.auto_reply === 1 ? {subject: row.auto_reply_subject, body: row.auto_reply_body} : null,
    lastSyncAt: inbound?.last_ok_at ?? null,
    lastError,
  }
}

function stateOf(channel: Pick<ChannelSummary, 'active' | 'queue' | 'lastError'>): ChannelState {
  if (!channel.active) return 'inactive'
  if (channel.queue === null) return 'needs-queue'
  return channel.lastError === null ? 'ready' : 'failing'
}

/**
 * The channel of an address, of one that it had before, or of the local part of an internal one.
 * @throws 67 with the names that are near.
 */
export async function requireChannel(db: Db, portal: PortalRow, address: string): Promise<ChannelRow> {
  const full = address.includes('@') ? address : `${address}@${portal.domain}`
  const channel = await findChannel(db, portal.id, full)
  if (channel) return channel
  const known = (await listChannels(db, portal.id)).map((row) => row.address)
  const near = nearNames(full, known)
  throw notFound('email address', address, near, [
    near.length > 0
      ? {text: 'All addresses:', command: `postdesk email list --portal ${portal.key}`}
      : {text: 'Add it:', command: `postdesk email add internal ${address} --portal ${portal.key}`},
  ])
}

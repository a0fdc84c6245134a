/** The addresses of a portal as commands show them. */
import {channelOwner, type HasPassword} from './account-password.ts'
import {nearNames} from './near-names.ts'
import {notFound} from './errors.ts'
import type {Security, ServerSettings} from './server-settings.ts'
import {findChannel, listChannels, listSmtpChannels, type ChannelRow, type SmtpChannelRow} from './store/channels.ts'
import type {PortalRow} from './store/portals.ts'
import {listQueues} from './store/queues.ts'
import type {Db} from './store/schema.ts'
import {listSenders, type SenderRow} from './store/senders.ts'
import {findSource, type SourceRow} from './store/sources.ts'

export type ChannelState =
  'ready' | 'inactive' | 'needs-queue' | 'needs-consent' | 'secret-missing-here' | 'unverified' | 'failing' | 'parked'

/** What an automatic reply says. */
export interface AutoReply {
  readonly subject: string
  readonly body: string
}

/** What went wrong at the last sync, or when mail was last sent. */
export interface SyncError {
  readonly code: string
  readonly title: string
  readonly why: string
  readonly at: string
}

/** The server that an SMTP address sends by. */
export interface ServerSummary extends ServerSettings {
  /** Name to log in with. */
  readonly user: string
  /** When a login with these settings succeeded; null for never. */
  readonly verifiedAt: string | null
}

/** An error as it was noted with a source or an account, without what only the program needs of it. */
export function readNoted(json: string): SyncError {
  const {code, title, why, at} = JSON.parse(json) as SyncError
  return {code, title, why, at}
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
  /** Only of an SMTP address. */
  readonly server?: ServerSummary
}

export interface SummaryOptions {
  /** Whether this machine can resolve a password; nobody is asked where it is left out, or nothing sends. */
  readonly hasPassword?: HasPassword
}

/** All addresses. Costs the same however many tickets there are. */
export async function summariseChannels(
  db: Db,
  portal: PortalRow,
  options: SummaryOptions = {},
): Promise<ChannelSummary[]> {
  const all = await lookUp(db, portal)
  const summaries: ChannelSummary[] = []
  for (const row of all.channels.values()) summaries.push(await summarise(row, all, options))
  return summaries
}

/** One address. */
export async function summariseChannel(
  db: Db,
  portal: PortalRow,
  row: ChannelRow,
  options: SummaryOptions = {},
): Promise<ChannelSummary> {
  return summarise(row, await lookUp(db, portal), options)
}

/** What the addresses of a portal refer to. */
interface Surroundings {
  readonly channels: ReadonlyMap<number, ChannelRow>
  readonly smtp: ReadonlyMap<number, SmtpChannelRow>
  readonly senders: ReadonlyMap<number, SenderRow>
  readonly queues: ReadonlyMap<number, string>
  readonly inbound: SourceRow | undefined
}

async function lookUp(db: Db, portal: PortalRow): Promise<Surroundings> {
  return {
    channels: new Map((await listChannels(db, portal.id)).map((row) => [row.id, row])),
    smtp: new Map((await listSmtpChannels(db, portal.id)).map((row) => [row.channel_id, row])),
    senders: new Map((await listSenders(db, portal.id)).map((row) => [row.id, row])),
    queues: new Map((await listQueues(db, portal.id)).map((queue) => [queue.id, queue.key])),
    inbound: portal.inbound_source_id === null ? undefined : await findSource(db, portal.id, portal.inbound_source_id),
  }
}

async function summarise(row: ChannelRow, all: Surroundings, options: SummaryOptions): Promise<ChannelSummary> {
  const smtp = all.smtp.get(row.id)
  const common = {
    address: row.address,
    kind: row.kind,
    name: row.name,
    active: row.deactivated_at === null,
    queue: row.queue_id === null ? null : (all.queues.get(row.queue_id) ?? null),
    missingScopes: [],
  }
  return smtp ? ofSmtp(common, row, smtp, all, options) : ofInternal(common, row, all)
}

type Common = Pick<ChannelSummary, 'address' | 'kind' | 'name' | 'active' | 'queue' | 'missingScopes'>

function ofInternal(common: Common, row: ChannelRow, {inbound}: Surroundings): ChannelSummary {
  const lastError = errorOf(inbound?.last_error)
  return {
    ...common,
    assignOnline: row.assign_online === 1,
    canReceive: true,
    canSend: false,
    state: firstOf([!common.active, 'inactive'], [common.queue === null, 'needs-queue'], [lastError, 'failing']),
    forwardsTo: null,
    forwardingVerifiedAt: null,
    autoReply: row.auto_reply === 1 ? wordsOf(row) : null,
    lastSyncAt: inbound?.last_ok_at ?? null,
    lastError,
  }
}

async function ofSmtp(
  common: Common,
  row: ChannelRow,
  smtp: SmtpChannelRow,
  {channels, senders, inbound}: Surroundings,
  {hasPassword}: SummaryOptions,
): Promise<ChannelSummary> {
  const internal = channels.get(smtp.forwards_to_id ?? 0)
  const sender = senders.get(row.id)
  const lastError = errorOf(sender?.paused ?? sender?.last_error)
  const server = serverOf(smtp)
  const hasSecret = hasPassword === undefined || (await hasPassword(channelOwner(row), server))
  // Its own word, else that of the internal address that its mail comes in by.
  const repliesItself = smtp.auto_reply ?? internal?.auto_reply ?? 0
  const words = [row, ...(internal ? [internal] : [])].map(wordsOf).find(({subject, body}) => subject && body)
  return {
    ...common,
    assignOnline: (smtp.assign_online ?? internal?.assign_online) === 1,
    canReceive: smtp.forwards_to_id !== null,
    canSend: true,
    state: firstOf(
      [!common.active, 'inactive'],
      [common.queue === null, 'needs-queue'],
      [!hasSecret, 'secret-missing-here'],
      [lastError, 'failing'],
      [smtp.verified_at === null, 'unverified'],
    ),
    forwardsTo: internal?.address ?? null,
    forwardingVerifiedAt: smtp.forwarding_verified_at,
    autoReply: repliesItself === 1 ? (words ?? null) : null,
    lastSyncAt: internal ? (inbound?.last_ok_at ?? null) : null,
    lastError,
    server: {...server, verifiedAt: smtp.verified_at},
  }
}

/** The server that an SMTP address sends by. */
export const serverOf = (row: SmtpChannelRow): ServerSettings & {readonly user: string} => ({
  host: row.host,
  port: row.port,
  security: row.security as Security,
  user: row.user_name,
})

const wordsOf = (row: ChannelRow): AutoReply => ({subject: row.auto_reply_subject, body: row.auto_reply_body})

const errorOf = (json: string | null | undefined): SyncError | null => (json ? readNoted(json) : null)

/** The first state that holds. */
const firstOf = (...states: readonly (readonly [unknown, ChannelState])[]): ChannelState =>
  states.find(([holds]) => Boolean(holds))?.[1] ?? 'ready'

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
      : {
          text: 'Add it:',
          command: `postdesk email add ${full.endsWith(`@${portal.domain}`) ? 'internal' : 'smtp'} ${address} --portal ${portal.key}`,
        },
  ])
}

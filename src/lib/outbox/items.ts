/** What waits to be sent, as commands show it, and what a person says of it: again, or never. */
import {readNoted, type SyncError} from '../channel-summary.ts'
import {noSuchNumber} from '../errors.ts'
import type {ActingAs} from '../ticket-changes.ts'
import {expiryOf} from './settle.ts'
import {requireAgents} from '../queue.ts'
import type {Store} from '../store/open.ts'
import {
  changeRecipients,
  dismissOutgoing,
  listOutgoing,
  lockSenders,
  OPEN_STATES,
  type ListedOutgoing,
  type RecipientState,
} from '../store/outgoing-list.ts'
import {lockPortal, type PortalRow} from '../store/portals.ts'
import type {Tx} from '../store/schema.ts'
import {RELAY_SENDER, resumeSender} from '../store/senders.ts'
import {noteEvent, type Actor} from '../store/tickets.ts'

/** What became of a message for one recipient. */
export interface OutboxRecipient {
  readonly address: string
  readonly state: RecipientState
  /** The last words of a server about it; null where there are none. */
  readonly reply: string | null
  readonly at: string
}

/** A message on its way out. */
export interface OutboxItem {
  /** The id of the message in its ticket. */
  readonly id: number
  readonly ticket: number
  /** The address in whose name it is written; null where that was removed. */
  readonly channel: string | null
  /** The account that it leaves by: the address of its channel, `relay`, or null where that was removed. */
  readonly by: string | null
  readonly kind: 'reply' | 'auto-reply'
  /** Without angle brackets; the one that the provider gave it, where that is known. */
  readonly messageId: string | null
  readonly recipients: readonly OutboxRecipient[]
  readonly attempts: number
  /** When it is tried next; null for never, or not before somebody acts. */
  readonly nextAt: string | null
  /** Why its account sends nothing now; null where it does, or nothing is to be sent. */
  readonly obstacle: SyncError | null
}

/** The states that `outbox list` can be asked for. `sent` is told by `ticket show`. */
export const LISTED_STATES = [...OPEN_STATES, 'bounced'] as const
export type ListedState = (typeof LISTED_STATES)[number]

function itemOf(row: ListedOutgoing): OutboxItem {
  const obstacle = obstacleOf(row)
  return {
    id: row.message_id,
    ticket: row.ticket_number,
    channel: row.channel_address,
    by: row.sender_id === RELAY_SENDER ? 'relay' : row.channel_address,
    kind: row.kind,
    messageId: row.header_id,
    recipients: row.recipients.map(({address, state, reply, at}) => ({address, state, reply, at})),
    attempts: row.attempts,
    nextAt:
      row.next_at === null || row.paused !== null || obstacle?.code === 'CHANNEL_INACTIVE'
        ? null
        : [row.next_at, row.retry_at ?? ''].sort().at(-1)!,
    obstacle,
  }
}

function obstacleOf(row: ListedOutgoing): SyncError | null {
  if (row.next_at === null) return null
  if (row.deactivated_at !== null && row.sender_id !== RELAY_SENDER)
    return {code: 'CHANNEL_INACTIVE', title: 'Held', why: 'its address is switched off', at: row.deactivated_at}
  const noted = row.paused ?? row.last_error
  return noted === null ? null : readNoted(noted)
}

/** A page of the outbox, the oldest first; without states all that is not done and that nobody has dismissed. */
export async function pageOfOutbox(
  {db, dialect}: Store,
  portal: PortalRow,
  {states, after, limit}: {readonly states?: readonly ListedState[]; readonly after?: number; readonly limit: number},
): Promise<{items: OutboxItem[]; next: string | null}> {
  const rows = await listOutgoing(db, dialect, portal.id, {
    ...(states === undefined ? {states: OPEN_STATES, undismissed: true} : {states}),
    ...(after === undefined ? {} : {after}),
    limit: limit + 1, // one more than is shown tells whether there is a next page
  })
  const items = rows.slice(0, limit).map(itemOf)
  return {items, next: rows.length > limit ? String(items.at(-1)!.id) : null}
}

/** Messages of the outbox as they are now. */
export const outboxItems = async ({db, dialect}: Store, portal: PortalRow, ids: readonly number[]) =>
  (await listOutgoing(db, dialect, portal.id, {ids, limit: ids.length})).map(itemOf)

/** What a person's word came to. */
export interface OutboxChange {
  readonly items: readonly OutboxItem[]
  /** The ids of those that it changed. */
  readonly changedIds: readonly number[]
  /** Those that it did not change, and why. */
  readonly unchanged: readonly {readonly id: number; readonly why: string}[]
  readonly changed: boolean
}

/**
 * Has messages sent again to whoever did not get them, or of whom nobody knows; what waits is due at once. The account is
 * tried again, too, where it was paused.
 * @throws 67 naming every id that is none.
 */
export const retryOutgoing = (store: Store, portal: PortalRow, ids: readonly number[], as: ActingAs) =>
  changeOutgoing(store, portal, ids, as, async (tx, row, {now}) => {
    if (row.sender_id === null) return {why: 'the address that it was to leave by was removed'}
    await resumeSender(tx, portal.id, row.sender_id)
    if (isBeingSent(row)) return {why: BEING_SENT}
    const change = {to: 'queued', reply: null, nextAt: now, expiresAt: expiryOf(row.kind, now)} as const
    const id = row.message_id
    const again = await changeRecipients(tx, portal.id, id, {...change, from: ['failed', 'unknown', 'bounced']}, now)
    const waiting = await changeRecipients(tx, portal.id, id, {...change, from: ['queued']}, now)
    if (again.length > 0) return {event: 'sent-again', recipients: again}
    return waiting.length > 0 ? {event: null, recipients: waiting} : {why: 'it was sent to everyone'}
  })

/**
 * Has messages not sent to whoever they wait for; what was refused, or of which nobody knows, need not be shown any more.
 * @throws 67 naming every id that is none.
 */
export const cancelOutgoing = (store: Store, portal: PortalRow, ids: readonly number[], as: ActingAs) =>
  changeOutgoing(store, portal, ids, as, async (tx, row, {by, now}) => {
    if (isBeingSent(row)) return {why: BEING_SENT}
    const change = {from: ['queued'], to: 'failed', reply: `cancelled by ${by}`, nextAt: null} as const
    const recipients = await changeRecipients(tx, portal.id, row.message_id, change, now)
    const dismissed = await dismissOutgoing(tx, portal.id, row.message_id, now)
    const told = recipients.map((address) => ({address, reply: change.reply}))
    if (recipients.length > 0) return {event: 'not-sent', recipients: told}
    return dismissed ? {event: null, recipients: []} : {why: 'nothing of it waits'}
  })

const BEING_SENT = 'it is being sent at this moment'

const isBeingSent = ({recipients}: ListedOutgoing) => recipients.some(({state}) => state === 'sending')

/** What was changed of a message and the event that it leaves, if any; or why nothing was. */
type Change =
  | {
      readonly event: string | null
      readonly recipients: readonly (string | {readonly address: string; readonly reply: string})[]
    }
  | {readonly why: string}

async function changeOutgoing(
  store: Store,
  portal: PortalRow,
  ids: readonly number[],
  {agent, now}: ActingAs,
  work: (tx: Tx, row: ListedOutgoing, actor: Actor) => Promise<Change>,
): Promise<OutboxChange> {
  const wanted = [...new Set(ids)]
  const {changedIds, unchanged} = await store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const by = agent === undefined ? 'admin' : (await requireAgents(tx, portal, [agent]))[0]!.email
    const list = () => listOutgoing(tx, store.dialect, portal.id, {ids: wanted, limit: wanted.length})
    // Whoever is sending by these accounts writes nothing until this is done.
    const senders = (await list()).flatMap(({sender_id: id}) => id ?? [])
    await lockSenders(tx, store.dialect, portal.id, [...new Set(senders)])
    const rows = await list()
    const missing = wanted.filter((id) => !rows.some((row) => row.message_id === id))
    if (missing.length > 0)
      throw noSuchNumber('message of the outbox', missing, [
        {text: 'See which there are:', command: `postdesk outbox list --portal ${portal.key}`},
      ])
    const changedIds: number[] = []
    const unchanged: {id: number; why: string}[] = []
    for (const row of rows) {
      const id = row.message_id
      const change = await work(tx, row, {by, now})
      if ('why' in change) {
        unchanged.push({id, why: change.why})
        continue
      }
      changedIds.push(id)
      const details = {message: id, recipients: change.recipients}
      if (change.event !== null)
        await noteEvent(tx, {portal_id: portal.id, id: row.ticket_id}, change.event, details, {by, now})
    }
    return {changedIds, unchanged}
  })
  return {items: await outboxItems(store, portal, wanted), changedIds, unchanged, changed: changedIds.length > 0}
}

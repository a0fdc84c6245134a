/** Internal addresses: those at the portal's own domain. */
import {checkLocalPart} from './address.ts'
import {
  activation,
  addressExists,
  checkSettings,
  columnsOf,
  differences,
  dropFormer,
  holderOf,
  lockAddresses,
  refuseEmptyReply,
  requireFree,
  type ChannelChanges,
  type ChannelSettings,
} from './channel-address.ts'
import {requireChannel, summariseChannel, type ChannelSummary} from './channel-summary.ts'
import {invalidValue, noQueue} from './errors.ts'
import {insertChannel, updateChannel, type ChannelFields} from './store/channels.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {listWaiting} from './store/quarantine.ts'
import {listQueues} from './store/queues.ts'
import type {Db} from './store/schema.ts'

/** What is wrong with a local part, or an address at `domain` where that is known; null for a good one. */
export function checkInternal(typed: string, domain?: string): string | null {
  const at = typed.lastIndexOf('@')
  if (at !== -1 && domain !== undefined && typed.slice(at + 1).toLowerCase() !== domain)
    return `an internal address is at the portal's own domain, which is ${domain}`
  return checkLocalPart(at === -1 ? typed : typed.slice(0, at))
}

/**
 * The full address of what was typed: a local part, or an address at the portal's domain.
 * @throws 64 for a bad local part, or for another domain.
 */
export function internalAddress(typed: string, portal: Pick<PortalRow, 'key' | 'domain'>): string {
  const at = typed.lastIndexOf('@')
  const full = `${at === -1 ? typed : typed.slice(0, at)}@${portal.domain}`
  const wrong = checkInternal(typed, portal.domain)
  if (wrong !== null)
    throw invalidValue(
      `The address ${JSON.stringify(typed)}`,
      wrong,
      checkInternal(typed) !== null
        ? []
        : [
            {text: `Use ${full}, and forward the mail of ${typed} to it.`},
            {text: 'Where the domain is the one of another portal, name that with --portal KEY.'},
          ],
    )
  return full
}

/**
 * The queue of an address for which none was named: the only one.
 * Null where there are several. @throws 64 where there is none.
 */
export async function onlyQueue(db: Db, portal: PortalRow): Promise<string | null> {
  const queues = await listQueues(db, portal.id)
  if (queues.length === 0) throw noQueue(portal.key)
  return queues.length === 1 ? queues[0]!.key : null
}

/** Settings with everything that an address needs at its creation. */
export type NewInternalAddress = ChannelSettings & {readonly name: string; readonly queue: string}

/**
 * Adds an internal address. With `ifNotExists` one that has the settings given is no change.
 * @throws 64 for a bad value, 67 for a queue that is not there, 73 where the address is taken.
 */
export async function addInternalAddress(
  store: Store,
  portal: PortalRow,
  typed: string,
  settings: NewInternalAddress,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{channel: ChannelSummary; changed: boolean}> {
  checkSettings(settings)
  return store.transaction(async (tx) => {
    const locked = await lockAddresses(tx, portal)
    const address = internalAddress(typed, locked)
    const fields = await columnsOf(tx, locked, settings)
    const known = await holderOf(tx, locked, address)
    if (known) {
      const differs = known.kind === 'internal' ? differences(known, fields) : ['kind']
      if (options.ifNotExists && differs.length === 0)
        return {channel: await summariseChannel(tx, locked, known), changed: false}
      throw addressExists(
        known.address,
        portal,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'an address is added once',
      )
    }
    const row: ChannelFields = {
      kind: 'internal',
      address,
      name: settings.name,
      queue_id: null,
      assign_online: 0,
      deactivated_at: null,
      auto_reply: 0,
      auto_reply_subject: '',
      auto_reply_body: '',
      ...fields,
    }
    refuseEmptyReply(row)
    const channel = await insertChannel(tx, portal.id, row, options.now)
    return {channel: await summariseChannel(tx, locked, channel), changed: true}
  })
}

/**
 * Changes an internal address. `waiting`: the ids of the mails that wait in the quarantine because it was switched off.
 * @throws 64 for a bad value, 67 for an address or queue that is not there, 73 where the new address is taken.
 */
export async function updateInternalAddress(
  store: Store,
  portal: PortalRow,
  address: string,
  changes: ChannelChanges,
  now: string,
): Promise<{channel: ChannelSummary; waiting: readonly number[]; changed: boolean}> {
  checkSettings(changes)
  return store.transaction(async (tx) => {
    const locked = await lockAddresses(tx, portal)
    const before = await requireChannel(tx, locked, address)
    const fields = {
      ...(await columnsOf(tx, locked, changes)),
      ...activation(before, changes.active, now),
      ...(changes.address === undefined
        ? {}
        : {address: await requireFree(tx, locked, internalAddress(changes.address, locked), before)}),
    }
    const row = {...before, ...fields}
    refuseEmptyReply(row)
    const changed = differences(before, fields).length > 0
    if (changed) await updateChannel(tx, before, fields, now)
    if (changes.dropAlias !== undefined) await dropFormer(tx, locked, row, changes.dropAlias)
    return {
      channel: await summariseChannel(tx, locked, row),
      waiting: await listWaiting(tx, portal.id, row.id),
      changed: changed || changes.dropAlias !== undefined,
    }
  })
}

import type {Selectable} from 'kysely'
import type {Db, PortalTable, Tx} from './schema.ts'

export type PortalRow = Selectable<PortalTable>

export const listPortals = (db: Db): Promise<PortalRow[]> =>
  db.selectFrom('portal').selectAll().orderBy('key').execute()

export const findPortal = (db: Db, key: string): Promise<PortalRow | undefined> =>
  db.selectFrom('portal').selectAll().where('key', '=', key).executeTakeFirst()

export const findPortalById = (db: Db, id: number): Promise<PortalRow | undefined> =>
  db.selectFrom('portal').selectAll().where('id', '=', id).executeTakeFirst()

export const findPortalByDomain = (db: Db, domain: string): Promise<PortalRow | undefined> =>
  db.selectFrom('portal').selectAll().where('domain', '=', domain).executeTakeFirst()

export type PortalFields = Pick<PortalRow, 'key' | 'domain' | 'name' | 'timezone' | 'locale' | 'max_message_size'>

export async function insertPortal(tx: Tx, fields: PortalFields, now: string): Promise<PortalRow> {
  const {next_portal_id: next} = await tx
    .updateTable('store')
    .set((eb) => ({next_portal_id: eb('next_portal_id', '+', 1)}))
    .returning('next_portal_id')
    .executeTakeFirstOrThrow()
  return tx
    .insertInto('portal')
    .values({
      ...fields,
      id: next - 1,
      inbound_source_id: null,
      relay: null,
      next_id: 1,
      next_ticket_number: 1,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function updatePortal(
  db: Db,
  id: number,
  fields: Partial<PortalFields & Pick<PortalRow, 'inbound_source_id' | 'relay'>>,
  now: string,
): Promise<void> {
  await db
    .updateTable('portal')
    .set({...fields, updated_at: now})
    .where('id', '=', id)
    .execute()
}

/**
 * Lets one change after the other into the store: what is unique in the whole store (keys, domains, mailboxes) stays as
 * it was checked until the transaction ends. Taken before every other lock.
 */
export async function lockStore(tx: Tx): Promise<void> {
  await tx
    .updateTable('store')
    .set((eb) => ({next_portal_id: eb.ref('next_portal_id')}))
    .execute()
}

/** Lets one change after the other into a portal, and intake beside none. Undefined where it was removed meanwhile. */
export const lockPortal = (tx: Tx, id: number): Promise<PortalRow | undefined> =>
  tx
    .updateTable('portal')
    .set((eb) => ({next_id: eb.ref('next_id')}))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** How much a portal holds, for the question before its removal. */
export async function countPortal(db: Db, id: number): Promise<{channels: number; tickets: number}> {
  const count = async (table: 'channel' | 'ticket') =>
    (
      await db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('portal_id', '=', id)
        .executeTakeFirstOrThrow()
    ).n
  return {channels: await count('channel'), tickets: await count('ticket')}
}

/** Removes a portal with everything in it. A sync that runs meanwhile loses its lease, and stops. */
export async function deletePortal(tx: Tx, id: number): Promise<void> {
  await tx
    .updateTable('source')
    .set((eb) => ({lease_token: eb('lease_token', '+', 1)}))
    .where('portal_id', '=', id)
    .execute()
  await lockPortal(tx, id)
  const tables = [
    'secret',
    'quarantine',
    'probe',
    'attachment',
    'message_reference',
    'outgoing_recipient',
    'outgoing',
    'sender',
    'token',
    'auto_reply',
    'participant',
    'source_item',
    'message',
    'ticket_event',
    'ticket',
    'raw_chunk',
    'raw',
    'source',
    'channel_address',
    'smtp_channel',
    'channel',
    'queue_member',
    'queue',
    'agent',
  ] as const
  for (const table of tables) await tx.deleteFrom(table).where('portal_id', '=', id).execute()
  await tx.deleteFrom('portal').where('id', '=', id).execute()
}

/** The random id of the store, under which this machine keeps its secrets. */
export async function storeId(db: Db): Promise<string> {
  return (await db.selectFrom('store').select('id').executeTakeFirstOrThrow()).id
}

/** The forms in which an address may be known: as it is, and without its `+detail` (RFC 5233). */
const formsOf = (address: string): string[] => {
  const key = address.toLowerCase()
  return [key, key.replace(/\+[^@]*(?=@)/, '')]
}

/** Whether the portal has a channel that answers to the address. */
export async function hasAddress(db: Db, portalId: number, address: string): Promise<boolean> {
  const row = await db
    .selectFrom('channel_address')
    .select('channel_id')
    .where('portal_id', '=', portalId)
    .where('address', 'in', formsOf(address))
    .executeTakeFirst()
  return row !== undefined
}

/** The portal that an address belongs to: as the address of a channel, else by its domain. */
export async function findPortalByAddress(db: Db, address: string): Promise<PortalRow | undefined> {
  const key = address.toLowerCase()
  const owner = await db
    .selectFrom('channel_address')
    .innerJoin('portal', 'portal.id', 'channel_address.portal_id')
    .selectAll('portal')
    .where('channel_address.address', 'in', formsOf(address))
    .executeTakeFirst()
  return owner ?? findPortalByDomain(db, key.slice(key.lastIndexOf('@') + 1))
}

import type {Selectable} from 'kysely'
import {reserveId} from './ids.ts'
import type {ChannelTable, Db, SmtpChannelTable, Tx} from './schema.ts'

export type ChannelRow = Selectable<ChannelTable>

export const listChannels = (db: Db, portalId: number): Promise<ChannelRow[]> =>
  db.selectFrom('channel').selectAll().where('portal_id', '=', portalId).orderBy('address').execute()

export type SmtpChannelRow = Selectable<SmtpChannelTable>

/** What the SMTP addresses have beside what every channel has. */
export const listSmtpChannels = (db: Db, portalId: number): Promise<SmtpChannelRow[]> =>
  db.selectFrom('smtp_channel').selectAll().where('portal_id', '=', portalId).execute()

export const findSmtpChannel = (db: Db, portalId: number, channelId: number): Promise<SmtpChannelRow | undefined> =>
  db
    .selectFrom('smtp_channel')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where('channel_id', '=', channelId)
    .executeTakeFirst()

export async function insertSmtpChannel(tx: Tx, row: SmtpChannelRow): Promise<void> {
  await tx.insertInto('smtp_channel').values(row).execute()
}

export async function updateSmtpChannel(
  tx: Tx,
  {portal_id: portalId, channel_id: id}: SmtpChannelRow,
  fields: Partial<SmtpChannelRow>,
): Promise<void> {
  await tx
    .updateTable('smtp_channel')
    .set(fields)
    .where('portal_id', '=', portalId)
    .where('channel_id', '=', id)
    .execute()
}

/** What a round trip proves, or disproves. */
export type RoundTripProof = Partial<
  Pick<SmtpChannelRow, 'forwarding_verified_at' | 'plus_addressing' | 'keeps_message_id'>
>

/**
 * Keeps what a round trip has shown, while the address, its target and its server are still those that were tested: what was
 * shown holds for no other. False where they are not. The portal is locked by then.
 */
export async function noteRoundTrip(
  tx: Tx,
  {channel, smtp}: {readonly channel: ChannelRow; readonly smtp: SmtpChannelRow},
  proof: RoundTripProof,
): Promise<boolean> {
  const {numUpdatedRows} = await tx
    .updateTable('smtp_channel')
    .set(proof)
    .where('portal_id', '=', channel.portal_id)
    .where('channel_id', '=', channel.id)
    .where('host', '=', smtp.host)
    .where('user_name', '=', smtp.user_name)
    .where('forwards_to_id', '=', smtp.forwards_to_id)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('channel')
          .select('channel.id')
          .where('channel.portal_id', '=', channel.portal_id)
          .where('channel.id', '=', channel.id)
          .where('channel.address', '=', channel.address),
      ),
    )
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** The key of another portal of the store that has the address, as it is now or was before. */
export async function portalThatHas(db: Db, address: string, butPortalId: number): Promise<string | undefined> {
  const owner = await db
    .selectFrom('channel_address')
    .innerJoin('portal', 'portal.id', 'channel_address.portal_id')
    .select('portal.key')
    .where('channel_address.address', '=', address.toLowerCase())
    .where('portal.id', '!=', butPortalId)
    .executeTakeFirst()
  return owner?.key
}

/** The ids of the channels whose tickets go to agents online first: by their own word, else by that of the internal one. */
export async function channelsPreferringOnline(db: Db, portalId: number): Promise<ReadonlySet<number | null>> {
  const smtp = new Map((await listSmtpChannels(db, portalId)).map((row) => [row.channel_id, row]))
  const rows = await listChannels(db, portalId)
  const own = new Map(rows.map((row) => [row.id, row.assign_online]))
  const preference = (id: number): number | undefined => {
    const row = smtp.get(id)
    return row === undefined ? own.get(id) : (row.assign_online ?? own.get(row.forwards_to_id ?? 0))
  }
  return new Set(rows.map(({id}) => id).filter((id) => preference(id) === 1))
}

/** By its current address, or by one that it had before. */
export async function findChannel(db: Db, portalId: number, address: string): Promise<ChannelRow | undefined> {
  return db
    .selectFrom('channel')
    .innerJoin('channel_address', (join) =>
      join
        .onRef('channel_address.portal_id', '=', 'channel.portal_id')
        .onRef('channel_address.channel_id', '=', 'channel.id'),
    )
    .selectAll('channel')
    .where('channel_address.portal_id', '=', portalId)
    .where('channel_address.address', '=', address.toLowerCase())
    .executeTakeFirst()
}

export type ChannelFields = Pick<
  ChannelRow,
  | 'kind'
  | 'address'
  | 'name'
  | 'queue_id'
  | 'assign_online'
  | 'deactivated_at'
  | 'auto_reply'
  | 'auto_reply_subject'
  | 'auto_reply_body'
>

/** `id`: one that was reserved before, where a secret is kept under it already. */
export async function insertChannel(
  tx: Tx,
  portalId: number,
  fields: ChannelFields,
  now: string,
  id?: number,
): Promise<ChannelRow> {
  id ??= await reserveId(tx, portalId)
  const row = await tx
    .insertInto('channel')
    .values({...fields, portal_id: portalId, id, created_at: now, updated_at: now})
    .returningAll()
    .executeTakeFirstOrThrow()
  await addAddress(tx, row, fields.address)
  return row
}

/** A new address becomes the current one; the old stays an alias for incoming mail. */
export async function updateChannel(
  tx: Tx,
  channel: ChannelRow,
  fields: Partial<ChannelFields>,
  now: string,
): Promise<void> {
  await tx
    .updateTable('channel')
    .set({...fields, updated_at: now})
    .where('portal_id', '=', channel.portal_id)
    .where('id', '=', channel.id)
    .execute()
  if (fields.address !== undefined) await addAddress(tx, channel, fields.address)
}

async function addAddress(tx: Tx, channel: ChannelRow, address: string): Promise<void> {
  await tx
    .insertInto('channel_address')
    .values({portal_id: channel.portal_id, channel_id: channel.id, address: address.toLowerCase()})
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** A former address leads to the channel no longer. False where it did not. */
export async function dropAlias(tx: Tx, channel: ChannelRow, address: string): Promise<boolean> {
  const {numDeletedRows} = await tx
    .deleteFrom('channel_address')
    .where('portal_id', '=', channel.portal_id)
    .where('channel_id', '=', channel.id)
    .where('address', '=', address.toLowerCase())
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

/** Removes a channel. Its tickets stay, without a channel. */
export async function deleteChannel(tx: Tx, channel: ChannelRow): Promise<void> {
  const {portal_id: portalId, id} = channel
  await tx
    .updateTable('ticket')
    .set({channel_id: null})
    .where('portal_id', '=', portalId)
    .where('channel_id', '=', id)
    .execute()
  await tx
    .updateTable('queue')
    .set({sender_channel_id: null})
    .where('portal_id', '=', portalId)
    .where('sender_channel_id', '=', id)
    .execute()
  await tx
    .updateTable('quarantine')
    .set({channel_id: null})
    .where('portal_id', '=', portalId)
    .where('channel_id', '=', id)
    .execute()
  await tx
    .updateTable('smtp_channel')
    .set({forwards_to_id: null, forwarding_verified_at: null})
    .where('portal_id', '=', portalId)
    .where('forwards_to_id', '=', id)
    .execute()
  for (const column of ['channel_id', 'sender_id'] as const)
    await tx
      .updateTable('outgoing')
      .set({[column]: null})
      .where('portal_id', '=', portalId)
      .where(column, '=', id)
      .execute()
  await tx.deleteFrom('smtp_channel').where('portal_id', '=', portalId).where('channel_id', '=', id).execute()
  await tx.deleteFrom('channel_address').where('portal_id', '=', portalId).where('channel_id', '=', id).execute()
  await tx.deleteFrom('channel').where('portal_id', '=', portalId).where('id', '=', id).execute()
}

/** Every address that leads to a channel, in lower case, with the channel's id. */
export const listAddresses = (db: Db, portalId: number): Promise<{address: string; channel_id: number}[]> =>
  db.selectFrom('channel_address').select(['address', 'channel_id']).where('portal_id', '=', portalId).execute()

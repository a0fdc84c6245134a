import type {Selectable} from 'kysely'
import {reserveId} from './ids.ts'
import type {Db, QueueTable, Tx} from './schema.ts'

export type QueueRow = Selectable<QueueTable>

export const listQueues = (db: Db, portalId: number): Promise<QueueRow[]> =>
  db.selectFrom('queue').selectAll().where('portal_id', '=', portalId).orderBy('key').execute()

export const findQueue = (db: Db, portalId: number, key: string): Promise<QueueRow | undefined> =>
  db.selectFrom('queue').selectAll().where('portal_id', '=', portalId).where('key', '=', key).executeTakeFirst()

export type QueueFields = Pick<QueueRow, 'key' | 'name' | 'closed_policy' | 'sender_channel_id'>

export async function insertQueue(tx: Tx, portalId: number, fields: QueueFields, now: string): Promise<QueueRow> {
  const id = await reserveId(tx, portalId)
  return tx
    .insertInto('queue')
    .values({...fields, portal_id: portalId, id, created_at: now, updated_at: now})
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function updateQueue(db: Db, queue: QueueRow, fields: Partial<QueueFields>, now: string): Promise<void> {
  await db
    .updateTable('queue')
    .set({...fields, updated_at: now})
    .where('portal_id', '=', queue.portal_id)
    .where('id', '=', queue.id)
    .execute()
}

export async function deleteQueue(tx: Tx, queue: QueueRow): Promise<void> {
  await tx
    .deleteFrom('queue_member')
    .where('portal_id', '=', queue.portal_id)
    .where('queue_id', '=', queue.id)
    .execute()
  await tx.deleteFrom('queue').where('portal_id', '=', queue.portal_id).where('id', '=', queue.id).execute()
}

/** What would be left without a queue if this one went. */
export async function usesOfQueue(db: Db, queue: QueueRow): Promise<{channels: number; tickets: number}> {
  const count = async (table: 'channel' | 'ticket') =>
    (
      await db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .where('portal_id', '=', queue.portal_id)
        .where('queue_id', '=', queue.id)
        .executeTakeFirstOrThrow()
    ).n
  return {channels: await count('channel'), tickets: await count('ticket')}
}

export interface Membership {
  readonly queue_id: number
  readonly agent_id: number
}

export const listMemberships = (db: Db, portalId: number): Promise<Membership[]> =>
  db
    .selectFrom('queue_member')
    .select(['queue_id', 'agent_id'])
    .where('portal_id', '=', portalId)
    .orderBy('agent_id')
    .execute()

/** Makes exactly these agents the members of a queue. */
export async function setMembers(tx: Tx, queue: QueueRow, agentIds: readonly number[]): Promise<void> {
  await tx
    .deleteFrom('queue_member')
    .where('portal_id', '=', queue.portal_id)
    .where('queue_id', '=', queue.id)
    .execute()
  for (const agentId of new Set(agentIds)) await addMember(tx, queue.portal_id, queue.id, agentId)
}

/** Makes an agent a member of exactly these queues. */
export async function setQueuesOf(
  tx: Tx,
  portalId: number,
  agentId: number,
  queueIds: readonly number[],
): Promise<void> {
  await tx.deleteFrom('queue_member').where('portal_id', '=', portalId).where('agent_id', '=', agentId).execute()
  for (const queueId of new Set(queueIds)) await addMember(tx, portalId, queueId, agentId)
}

async function addMember(tx: Tx, portalId: number, queueId: number, agentId: number): Promise<void> {
  await tx
    .insertInto('queue_member')
    .values({portal_id: portalId, queue_id: queueId, agent_id: agentId})
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

import {sql, type Selectable} from 'kysely'
import {reserveId} from './ids.ts'
import type {AgentTable, Db, Tx} from './schema.ts'

export type AgentRow = Selectable<AgentTable>

export const listAgents = (db: Db, portalId: number): Promise<AgentRow[]> =>
  db.selectFrom('agent').selectAll().where('portal_id', '=', portalId).orderBy('email').execute()

/** The emails of agents are kept in lower case. */
export const findAgent = (db: Db, portalId: number, email: string): Promise<AgentRow | undefined> =>
  db
    .selectFrom('agent')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where('email', '=', email.toLowerCase())
    .executeTakeFirst()

export async function insertAgent(
  tx: Tx,
  portalId: number,
  fields: Pick<AgentRow, 'email' | 'name'>,
  now: string,
): Promise<AgentRow> {
  const id = await reserveId(tx, portalId)
  return tx
    .insertInto('agent')
    .values({
      ...fields,
      portal_id: portalId,
      id,
      online_since: null,
      last_assigned_at: null,
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function updateAgent(
  db: Db,
  agent: AgentRow,
  fields: Partial<Pick<AgentRow, 'email' | 'name' | 'online_since'>>,
  now: string,
): Promise<void> {
  await db
    .updateTable('agent')
    .set({...fields, updated_at: now})
    .where('portal_id', '=', agent.portal_id)
    .where('id', '=', agent.id)
    .execute()
}

/** Removes an agent who owns no ticket. */
export async function deleteAgent(tx: Tx, agent: AgentRow): Promise<void> {
  await tx
    .deleteFrom('queue_member')
    .where('portal_id', '=', agent.portal_id)
    .where('agent_id', '=', agent.id)
    .execute()
  await tx.deleteFrom('agent').where('portal_id', '=', agent.portal_id).where('id', '=', agent.id).execute()
}

/** Open tickets of each agent that has any. */
export async function openTicketsByAgent(db: Db, portalId: number): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .selectFrom('ticket')
    .select((eb) => ['owner_id', eb.fn.countAll<number>().as('n')])
    .where('portal_id', '=', portalId)
    .where(sql<boolean>`status = 'open'`) // written out, so that it fits the index of open tickets
    .where('owner_id', 'is not', null)
    .groupBy('owner_id')
    .execute()
  return new Map(rows.map((row) => [row.owner_id!, row.n]))
}

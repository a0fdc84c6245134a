import type {Db} from './schema.ts'

/** Who belongs to the conversation of a ticket, in lower case. */
export async function listParticipants(
  db: Db,
  {portal_id: portalId, id}: {readonly portal_id: number; readonly id: number},
): Promise<string[]> {
  const rows = await db
    .selectFrom('participant')
    .select('address')
    .where('portal_id', '=', portalId)
    .where('ticket_id', '=', id)
    .execute()
  return rows.map(({address}) => address)
}

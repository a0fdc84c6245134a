/** Ids of rows. They count per portal and are never used again. */
import type {Tx} from './schema.ts'

export interface Reserved {
  /** The first of the ids asked for. */
  readonly firstId: number
  /** The first of the ticket numbers asked for. */
  readonly firstNumber: number
}

/**
 * Reserves row ids and ticket numbers. It locks the portal's row until the transaction ends, and so lets one intake
 * after the other into a portal: what `gatherFacts` reads after it stays true until the commit.
 * Lock order everywhere: source, portal, sender, then everything else.
 */
export async function reserve(tx: Tx, portalId: number, ids: number, numbers = 0): Promise<Reserved> {
  const row = await tx
    .updateTable('portal')
    .set((eb) => ({
      next_id: eb('next_id', '+', ids),
      next_ticket_number: eb('next_ticket_number', '+', numbers),
    }))
    .where('id', '=', portalId)
    .returning(['next_id', 'next_ticket_number'])
    .executeTakeFirstOrThrow()
  return {firstId: row.next_id - ids, firstNumber: row.next_ticket_number - numbers}
}

/** Reserves one row id. */
export async function reserveId(tx: Tx, portalId: number): Promise<number> {
  return (await reserve(tx, portalId, 1)).firstId
}

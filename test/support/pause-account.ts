/** An account as a run leaves it whose login was refused. */
import type {Db} from '../../src/lib/store/schema.ts'
import {ensureSender, pauseSender} from '../../src/lib/store/senders.ts'

export async function pauseAccount(
  db: Db,
  portalId: number,
  senderId: number,
  error: Readonly<Record<string, string | number>>,
): Promise<void> {
  const {lease_token: token, generation} = await ensureSender(db, portalId, senderId)
  await pauseSender(db, {portalId, senderId, token, generation}, error)
}

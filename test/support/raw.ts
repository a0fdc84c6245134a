/** The bytes of a mail in a store. */
import {readRawMail} from '../../src/lib/raw-mail.ts'
import type {Store} from '../../src/lib/store/open.ts'
import type {PortalRow} from '../../src/lib/store/portals.ts'

/** `id`: of its message. */
export async function readWholeMail({db}: Store, portal: PortalRow, id: number): Promise<Buffer> {
  const row = await db
    .selectFrom('message')
    .select(['raw_id', 'size'])
    .where('portal_id', '=', portal.id)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const pieces: Uint8Array[] = []
  const mail = {portalId: portal.id, rawId: row.raw_id!, size: row.size, name: `Mail ${id}`}
  for await (const piece of readRawMail(db, mail)) pieces.push(piece)
  return Buffer.concat(pieces)
}

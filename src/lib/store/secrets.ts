/** Which secrets a portal uses, and what each is bound to. The values are never here. */
import type {Selectable} from 'kysely'
import type {Db, SecretTable} from './schema.ts'

export type SecretRow = Selectable<SecretTable>

export const listSecrets = (db: Db, portalId: number): Promise<SecretRow[]> =>
  db.selectFrom('secret').selectAll().where('portal_id', '=', portalId).orderBy('owner').orderBy('field').execute()

export const findSecret = (db: Db, portalId: number, owner: string, field: string): Promise<SecretRow | undefined> =>
  db
    .selectFrom('secret')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where('owner', '=', owner)
    .where('field', '=', field)
    .executeTakeFirst()

export async function putSecret(db: Db, row: SecretRow): Promise<void> {
  await db
    .insertInto('secret')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['portal_id', 'owner', 'field'])
        .doUpdateSet({bound_to: row.bound_to, created_at: row.created_at}),
    )
    .execute()
}

export async function deleteSecrets(db: Db, portalId: number, owner: string): Promise<void> {
  await db.deleteFrom('secret').where('portal_id', '=', portalId).where('owner', '=', owner).execute()
}

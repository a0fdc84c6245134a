/**
 * The right to work on something that only one process may work on at a time: a source that is pulled, an account that mail
 * leaves by. Every commit of its holder is fenced by its token, so an owner that was taken over can write nothing.
 */
import {sql} from 'kysely'
import {leaseHeld, leaseLost} from '../errors.ts'
import {currentProcess, isAlive, type ProcessIdentity} from '../process-identity.ts'
import type {Store} from './open.ts'
import type {Db, Tx} from './schema.ts'

/** The tables whose rows can be leased. Both have the same columns for it. */
export type LeasedTable = 'source' | 'sender'

/** A row of such a table. */
export interface LeasedRow {
  readonly portal_id: number
  readonly id: number
}

/** Seconds after which a silent owner on another machine is taken for dead. */
const LEASE_SECONDS = 60
/** Seconds between two signs of life. */
const HEARTBEAT_SECONDS = 15

export interface Tenure {
  readonly token: number
  /** Prolongs it. @throws 75 when it was taken over. */
  heartbeat(): Promise<void>
  release(): Promise<void>
}

// Kysely cannot tell that the columns of both tables are the same ones.
const rowOf = (db: Db, table: LeasedTable, {portal_id: portalId, id}: LeasedRow) =>
  db
    .updateTable(table as 'source')
    .where('portal_id', '=', portalId)
    .where('id', '=', id)

/**
 * Takes the right: free, run out by the database's clock, or held by a process of this machine that no longer runs, which
 * is taken over at once. `shownAs` names the thing for people.
 * @throws 75 when another process is at it.
 */
export async function takeLease(store: Store, table: LeasedTable, row: LeasedRow, shownAs: string): Promise<Tenure> {
  const owner = JSON.stringify(currentProcess())
  const token = await store.transaction(async (tx) => {
    const held = await tx
      .selectFrom(table as 'source')
      .select('lease_owner')
      .select(
        sql<number>`case when lease_until is null or lease_until < ${store.dialect.now} then 1 else 0 end`.as('free'),
      )
      .where('portal_id', '=', row.portal_id)
      .where('id', '=', row.id)
      .$call((query) => (store.dialect.name === 'postgres' ? query.forUpdate() : query))
      .executeTakeFirstOrThrow()
    if (!held.free && held.lease_owner !== null && isAlive(JSON.parse(held.lease_owner) as ProcessIdentity) !== false)
      throw leaseHeld(shownAs, describeOwner(held.lease_owner))
    const taken = await rowOf(tx, table, row)
      .set((eb) => ({
        lease_owner: owner,
        lease_token: eb('lease_token', '+', 1),
        lease_until: store.dialect.inSeconds(LEASE_SECONDS),
      }))
      .returning('lease_token')
      .executeTakeFirstOrThrow()
    return taken.lease_token
  })
  return {
    token,
    async heartbeat() {
      const {numUpdatedRows} = await rowOf(store.db, table, row)
        .set({lease_until: store.dialect.inSeconds(LEASE_SECONDS)})
        .where('lease_token', '=', token)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) throw leaseLost(shownAs)
    },
    async release() {
      await rowOf(store.db, table, row)
        .set({lease_owner: null, lease_until: null})
        .where('lease_token', '=', token)
        .execute()
    },
  }
}

/** Whoever works on it can commit no more: it is no longer what it was set up as. */
export async function revokeLease(tx: Tx, table: LeasedTable, row: LeasedRow): Promise<void> {
  await rowOf(tx, table, row)
    .set((eb) => ({lease_token: eb('lease_token', '+', 1), lease_owner: null, lease_until: null}))
    .execute()
}

/** Calls `beat` at intervals until the function that it returns is called. */
export function keepAlive(beat: () => Promise<void>, onFailure: (error: unknown) => void): () => void {
  const timer = setInterval(() => void beat().catch(onFailure), HEARTBEAT_SECONDS * 1000)
  return () => clearInterval(timer)
}

function describeOwner(owner: string): string {
  const {pid, host} = JSON.parse(owner) as ProcessIdentity
  return `process ${pid} on ${host}`
}

/** Quarantined mail for tests, by the ways that it comes in. */
import {createParsePool} from '../../src/lib/message/parse-pool.ts'
import {silent} from '../../src/lib/log.ts'
import {createReceive} from '../../src/lib/receive.ts'
import {reserveId} from '../../src/lib/store/ids.ts'
import type {Store} from '../../src/lib/store/open.ts'
import type {PortalRow} from '../../src/lib/store/portals.ts'
import {pipeSource} from '../../src/lib/store/sources.ts'
import {pipeFacts, NOW, unchecked} from './portal.ts'
import {customerMail} from './seed.ts'

/** So many mails to an address that there is not, each of its own. */
export const strays = (count: number, headers: Readonly<Record<string, string>> = {}, body?: string): Buffer[] =>
  Array.from({length: count}, () => customerMail({To: 'nobody@acme.example', ...headers}, body))

/** Puts the time at which quarantined mails came there some days back. */
export async function ageQuarantine(store: Store, days: number, ids?: readonly number[]): Promise<void> {
  await store.db
    .updateTable('quarantine')
    .set({created_at: new Date(Date.parse(NOW) - days * 24 * 3_600_000).toISOString()})
    .$if(ids !== undefined, (query) => query.where('id', 'in', ids ?? []))
    .execute()
}

/** Something in the quarantine of which no bytes, or only a header, are kept. */
export async function withhold(
  {store, portal}: {readonly store: Store; readonly portal: PortalRow},
  reason: string,
  header: string | null,
): Promise<number> {
  return store.transaction(async (tx) => {
    const id = await reserveId(tx, portal.id)
    await tx
      .insertInto('quarantine')
      .values({
        portal_id: portal.id,
        id,
        source_id: (
          await tx.selectFrom('source').select('id').where('portal_id', '=', portal.id).executeTakeFirstOrThrow()
        ).id,
        epoch: '7',
        item_key: String(id),
        raw_id: null,
        channel_id: null,
        reason,
        detail: 'as the test says',
        from_text: '',
        subject: '',
        size: 300_000_000,
        received_at: NOW,
        envelope: null,
        header: header === null ? null : Buffer.from(header),
        created_at: NOW,
      })
      .execute()
    return id
  })
}

/** Hands mails in as an MTA does, for one recipient, all in one batch. */
export async function handIn(
  {store, portal}: {readonly store: Store; readonly portal: PortalRow},
  recipient: string,
  mails: readonly Buffer[],
): Promise<void> {
  const source = await pipeSource(store, portal.id, NOW)
  const pool = createParsePool()
  try {
    const receive = createReceive({
      store,
      portal,
      source: pipeFacts(source.id),
      lease: null,
      effects: false,
      pool,
      checkSender: unchecked,
      clock: {now: () => NOW},
      log: silent,
      timings: {commitMs: 0},
    })
    await receive(
      mails.map((bytes, index) => ({
        item: {epoch: '0', key: `handed-in-${recipient}-${index}`},
        content: {kind: 'raw', bytes: Buffer.from(bytes)},
        envelope: {recipients: [recipient], sender: 'jane@example.com'},
        receivedAt: NOW,
        cursor: {},
      })),
    )
  } finally {
    await pool.close()
  }
}

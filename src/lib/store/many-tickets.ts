/** One change of many tickets at once, with the event that each of them gets. */
import {sql} from 'kysely'
import {reserve} from './ids.ts'
import type {AgentRow} from './agents.ts'
import type {QueueRow} from './queues.ts'
import type {Tx} from './schema.ts'
import type {Actor} from './tickets.ts'

/** Moves every ticket of a queue to another one. The owners stay. Returns how many there were. */
export const moveAllTickets = (tx: Tx, from: QueueRow, to: QueueRow, actor: Actor): Promise<number> =>
  changeAll(tx, from.portal_id, {
    column: 'queue_id',
    from: from.id,
    to: to.id,
    event: {kind: 'moved', details: {from: from.key, to: to.key}},
    actor,
  })

/** Takes every ticket from its owner: it has none from then on, and is offered to others if it is open. */
export const disownAllTickets = (tx: Tx, owner: AgentRow, why: string, actor: Actor): Promise<number> =>
  changeAll(tx, owner.portal_id, {
    column: 'owner_id',
    from: owner.id,
    to: null,
    event: {kind: 'assigned', details: {from: owner.email, to: null, why}},
    actor,
  })

async function changeAll(
  tx: Tx,
  portalId: number,
  change: {
    readonly column: 'queue_id' | 'owner_id'
    readonly from: number
    readonly to: number | null
    readonly event: {readonly kind: string; readonly details: Record<string, unknown>}
    readonly actor: Actor
  },
): Promise<number> {
  const {column, from, to, event, actor} = change
  const {count} = await tx
    .selectFrom('ticket')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('portal_id', '=', portalId)
    .where(column, '=', from)
    .executeTakeFirstOrThrow()
  if (count === 0) return 0
  const {firstId} = await reserve(tx, portalId, count)
  await tx
    .insertInto('ticket_event')
    .columns(['portal_id', 'id', 'ticket_id', 'at', 'kind', 'by', 'details'])
    .expression((eb) =>
      eb
        .selectFrom('ticket')
        .select([
          'portal_id',
          sql<number>`cast(${firstId - 1} as bigint) + row_number() over (order by id)`.as('event_id'),
          'id',
          sql<string>`cast(${actor.now} as text)`.as('at'),
          sql<string>`cast(${event.kind} as text)`.as('kind'),
          sql<string>`cast(${actor.by} as text)`.as('by'),
          sql<string>`cast(${JSON.stringify(event.details)} as text)`.as('details'),
        ])
        .where('portal_id', '=', portalId)
        .where(column, '=', from),
    )
    .execute()
  await tx
    .updateTable('ticket')
    .set({[column]: to, updated_at: actor.now})
    .where('portal_id', '=', portalId)
    .where(column, '=', from)
    .execute()
  return count
}

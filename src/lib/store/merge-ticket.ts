import {reserve} from './ids.ts'
import type {Tx} from './schema.ts'
import type {Actor, NamedTicket} from './tickets.ts'

/**
 * Makes one ticket part of another: its messages, participants and tokens move there, so that whoever answers reaches the
 * other from now on; it stays as a closed ticket that says where it went. Returns how many messages moved.
 */
export async function mergeTicket(tx: Tx, from: NamedTicket, into: NamedTicket, {by, now}: Actor): Promise<number> {
  const {portal_id: portalId} = from
  const moved = await tx
    .updateTable('message')
    .set({ticket_id: into.id})
    .where('portal_id', '=', portalId)
    .where('ticket_id', '=', from.id)
    .executeTakeFirstOrThrow()
  const messages = Number(moved.numUpdatedRows)
  await tx
    .insertInto('participant')
    .columns(['portal_id', 'ticket_id', 'address', 'message_id'])
    .expression((eb) =>
      eb
        .selectFrom('participant')
        .select(['portal_id', eb.val(into.id).$castTo<number>().as('ticket_id'), 'address', 'message_id'])
        .where('portal_id', '=', portalId)
        .where('ticket_id', '=', from.id),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await tx.deleteFrom('participant').where('portal_id', '=', portalId).where('ticket_id', '=', from.id).execute()
  for (const table of ['token', 'auto_reply'] as const)
    await tx
      .updateTable(table)
      .set({ticket_id: into.id})
      .where('portal_id', '=', portalId)
      .where('ticket_id', '=', from.id)
      .execute()
  // What was merged into it before is part of the other now too: one step leads to the end.
  await tx
    .updateTable('ticket')
    .set({merged_into_id: into.id})
    .where('portal_id', '=', portalId)
    .where('merged_into_id', '=', from.id)
    .execute()
  await tx
    .updateTable('ticket')
    .set({
      status: 'closed',
      closed_at: from.closed_at ?? now,
      merged_into_id: into.id,
      message_count: 0,
      third_party: 0,
      bounced: 0,
      updated_at: now,
    })
    .where('portal_id', '=', portalId)
    .where('id', '=', from.id)
    .execute()
  // What somebody still has to act on must not disappear in a closed ticket.
  const reopens = from.status !== 'closed' && into.status === 'closed'
  await tx
    .updateTable('ticket')
    .set((eb) => ({
      message_count: eb('message_count', '+', messages),
      third_party: eb('third_party', '+', from.third_party),
      bounced: eb('bounced', '+', from.bounced),
      updated_at: now,
      ...(reopens ? {status: from.status, closed_at: null} : {}),
    }))
    .where('portal_id', '=', portalId)
    .where('id', '=', into.id)
    .execute()
  const {firstId} = await reserve(tx, portalId, 2)
  const event = {portal_id: portalId, at: now, kind: 'merged', by}
  await tx
    .insertInto('ticket_event')
    .values([
      {...event, id: firstId, ticket_id: from.id, details: JSON.stringify({into: into.number, messages})},
      {...event, id: firstId + 1, ticket_id: into.id, details: JSON.stringify({from: from.number, messages, reopens})},
    ])
    .execute()
  return messages
}

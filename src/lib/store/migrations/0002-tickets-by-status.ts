/** A page of tickets of one status, and the open tickets of an agent, are found without looking at the others. */
import type {Migration} from './migration.ts'

export const ticketsByStatus: Migration = {
  version: 2,
  name: 'tickets by status',
  statements: () => [
    `create index ticket_status on ticket (portal_id, status, number)`,
    `create index ticket_open_owner on ticket (portal_id, owner_id) where status = 'open'`,
    `drop index ticket_channel`,
    `create index ticket_channel on ticket (portal_id, channel_id, status, number)`,
  ],
}

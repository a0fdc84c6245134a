/** A page of tickets of one status is found without looking at the others. */
import type {Migration} from './migration.ts'

export const ticketsByStatus: Migration = {
  version: 2,
  name: 'tickets by status',
  statements: () => [
    `create index ticket_status on ticket (portal_id, status, number)`,
    `drop index ticket_channel`,
    `create index ticket_channel on ticket (portal_id, channel_id, status, number)`,
  ],
}

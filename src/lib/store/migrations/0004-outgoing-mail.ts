/** Outgoing mail leaves: by which account, in whose name, until when; the relay of a portal; what an account was refused. */
import type {Migration} from './migration.ts'

export const outgoingMail: Migration = {
  version: 4,
  name: 'outgoing mail',
  statements: ({int, clustered}) => [
    `alter table portal add column relay text`,
    `alter table smtp_channel add column verified_at text`,
    `create table sender (
       portal_id ${int} not null references portal (id), id ${int} not null,
       generation ${int} not null, paused text, failures ${int} not null, retry_at text, last_ok_at text, last_error text,
       lease_owner text, lease_token ${int} not null, lease_until text,
       primary key (portal_id, id)
     ) ${clustered}`,
    `alter table outgoing add column sender_id ${int}`,
    `alter table outgoing add column return_path text not null default ''`,
    `alter table outgoing add column fallback_return_path text`,
    `alter table outgoing add column expires_at text`,
    `alter table outgoing add column dismissed_at text`,
    `update outgoing set sender_id = channel_id`,
    `drop index outgoing_due`,
    `create index outgoing_due on outgoing (portal_id, sender_id, next_at, message_id) where next_at is not null`,
    // The few that are not simply sent: what the outbox lists, and what a sender that died has left.
    `create index outgoing_recipient_open on outgoing_recipient (portal_id, state, message_id) where state <> 'sent'`,
  ],
}

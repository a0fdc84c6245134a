/** Verdicts, participants, outgoing mail and what it is recognised by, SMTP addresses, merged tickets, purged mail. */
import type {Migration} from './migration.ts'

export const whatAMailMeans: Migration = {
  version: 3,
  name: 'what a mail means',
  statements: ({int, clustered}) => [
    `create table smtp_channel (
       portal_id ${int} not null, channel_id ${int} not null, host text not null, port ${int} not null,
       security text not null, user_name text not null, forwards_to_id ${int}, forwarding_verified_at text,
       plus_addressing ${int}, keeps_message_id ${int}, assign_online ${int}, auto_reply ${int},
       primary key (portal_id, channel_id),
       foreign key (portal_id, channel_id) references channel (portal_id, id) on delete cascade,
       foreign key (portal_id, forwards_to_id) references channel (portal_id, id)
     ) ${clustered}`,
    `alter table ticket add column merged_into_id ${int}`,
    `alter table ticket add column third_party ${int} not null default 0`,
    `alter table ticket add column bounced ${int} not null default 0`,
    `create index ticket_third_party on ticket (portal_id, status, number) where third_party > 0`,
    `create index ticket_bounced on ticket (portal_id, status, number) where bounced > 0`,
    `create index ticket_merged on ticket (portal_id, merged_into_id) where merged_into_id is not null`,
    `alter table message add column verdict text`,
    `alter table message add column authentication text`,
    `alter table message add column third_party ${int} not null default 0`,
    `create table participant (
       portal_id ${int} not null, ticket_id ${int} not null, address text not null, message_id ${int},
       primary key (portal_id, ticket_id, address),
       foreign key (portal_id, ticket_id) references ticket (portal_id, id)
     ) ${clustered}`,
    // Those who opened a ticket; who else belongs to it was not kept. Without `lower` of other letters, which SQLite does not
    // have, and without what is too long for an address (RFC 5321 4.5.3.1.3) and for an index of PostgreSQL.
    `insert into participant (portal_id, ticket_id, address, message_id)
       select portal_id, id, lower(requester_address), null from ticket
       where requester_address <> '' and length(requester_address) <= 320`,
    `insert into participant (portal_id, ticket_id, address, message_id)
       select portal_id, ticket_id, lower(from_address), id from message
       where direction = 'in' and threaded_by = 'new' and from_address <> '' and length(from_address) <= 320
       on conflict do nothing`,
    `create table token (
       portal_id ${int} not null, hash text not null, kind text not null, ticket_id ${int} not null,
       message_id ${int} not null, expires_at text, created_at text not null,
       primary key (hash, portal_id),
       foreign key (portal_id, ticket_id) references ticket (portal_id, id),
       foreign key (portal_id, message_id) references message (portal_id, id)
     ) ${clustered}`,
    `create index token_ticket on token (portal_id, ticket_id)`,
    `create table outgoing (
       portal_id ${int} not null, message_id ${int} not null, channel_id ${int}, kind text not null,
       attempts ${int} not null, next_at text, created_at text not null,
       primary key (portal_id, message_id),
       foreign key (portal_id, message_id) references message (portal_id, id),
       foreign key (portal_id, channel_id) references channel (portal_id, id)
     ) ${clustered}`,
    `create index outgoing_due on outgoing (portal_id, next_at) where next_at is not null`,
    `create table outgoing_recipient (
       portal_id ${int} not null, message_id ${int} not null, address text not null, state text not null, reply text,
       at text not null,
       primary key (portal_id, message_id, address),
       foreign key (portal_id, message_id) references outgoing (portal_id, message_id)
     ) ${clustered}`,
    `create table auto_reply (
       portal_id ${int} not null, id ${int} not null, ticket_id ${int} not null, message_id ${int} not null,
       sender text not null, domain text not null, at text not null,
       primary key (portal_id, id),
       foreign key (portal_id, ticket_id) references ticket (portal_id, id)
     ) ${clustered}`,
    `create index auto_reply_sender on auto_reply (portal_id, sender, at)`,
    `create index auto_reply_domain on auto_reply (portal_id, domain, at)`,
    `create index auto_reply_at on auto_reply (portal_id, at)`,
    `create index auto_reply_ticket on auto_reply (portal_id, ticket_id)`,
    `alter table quarantine add column purged_at text`,
    // What waits is listed, counted and measured without a look at what was purged.
    `drop index quarantine_reason`,
    `create index quarantine_waiting on quarantine (portal_id, reason, id, size) where purged_at is null`,
    `create index quarantine_purged on quarantine (portal_id, reason, id) where purged_at is not null`,
  ],
}

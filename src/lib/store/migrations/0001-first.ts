/** The first schema. See schema.ts for what the columns mean. */
import type {Migration} from './migration.ts'

export const first: Migration = {
  version: 1,
  name: 'first',
  statements: ({int, blob, table, clustered}) => [
    `create table store (id text not null primary key, next_portal_id ${int} not null, created_at text not null) ${table}`,
    `create table portal (
       id ${int} not null primary key, key text not null unique, domain text not null unique, name text not null,
       timezone text not null, locale text not null, max_message_size ${int} not null, inbound_source_id ${int},
       next_id ${int} not null, next_ticket_number ${int} not null, created_at text not null, updated_at text not null
     ) ${table}`,
    `create table queue (
       portal_id ${int} not null references portal (id), id ${int} not null, key text not null, name text not null,
       closed_policy text not null, sender_channel_id ${int}, created_at text not null, updated_at text not null,
       primary key (portal_id, id), unique (portal_id, key)
     ) ${clustered}`,
    `create table agent (
       portal_id ${int} not null references portal (id), id ${int} not null, email text not null, name text not null,
       online_since text, last_assigned_at text, created_at text not null, updated_at text not null,
       primary key (portal_id, id), unique (portal_id, email)
     ) ${clustered}`,
    `create table queue_member (
       portal_id ${int} not null, queue_id ${int} not null, agent_id ${int} not null,
       primary key (portal_id, queue_id, agent_id),
       foreign key (portal_id, queue_id) references queue (portal_id, id) on delete cascade,
       foreign key (portal_id, agent_id) references agent (portal_id, id) on delete cascade
     ) ${clustered}`,
    `create table channel (
       portal_id ${int} not null references portal (id), id ${int} not null, kind text not null, address text not null,
       name text not null, queue_id ${int}, assign_online ${int} not null, deactivated_at text,
       auto_reply ${int} not null, auto_reply_subject text not null, auto_reply_body text not null,
       created_at text not null, updated_at text not null,
       primary key (portal_id, id), foreign key (portal_id, queue_id) references queue (portal_id, id)
     ) ${clustered}`,
    `create table channel_address (
       portal_id ${int} not null, address text not null, channel_id ${int} not null,
       primary key (portal_id, address),
       foreign key (portal_id, channel_id) references channel (portal_id, id) on delete cascade
     ) ${clustered}`,
    `create table source (
       portal_id ${int} not null references portal (id), id ${int} not null, kind text not null,
       identity text not null unique, config text not null, cursor text, last_ok_at text, last_error text,
       lease_owner text, lease_token ${int} not null, lease_until text, created_at text not null, updated_at text not null,
       primary key (portal_id, id)
     ) ${clustered}`,
    `create table source_item (
       portal_id ${int} not null, source_id ${int} not null, epoch text not null, item_key text not null,
       state text not null, effect text not null, attempts ${int} not null, next_try_at text, received_at text not null,
       message_id ${int}, envelope text,
       primary key (portal_id, source_id, epoch, item_key),
       foreign key (portal_id, source_id) references source (portal_id, id) on delete cascade
     ) ${clustered}`,
    `create index source_item_unsettled on source_item (portal_id, source_id, state, next_try_at)
       where state in ('poison', 'deferred')`,
    `create index source_item_effect on source_item (portal_id, source_id, effect) where effect = 'due'`,
    `create table raw (
       portal_id ${int} not null references portal (id), id ${int} not null, sha256 text, size ${int} not null,
       created_at text not null, primary key (portal_id, id), unique (sha256, portal_id)
     ) ${clustered}`,
    `create table raw_chunk (
       portal_id ${int} not null, raw_id ${int} not null, seq ${int} not null, size ${int} not null,
       encoding text not null, data ${blob} not null,
       primary key (portal_id, raw_id, seq),
       foreign key (portal_id, raw_id) references raw (portal_id, id) on delete cascade
     ) ${table}`,
    `create table ticket (
       portal_id ${int} not null references portal (id), id ${int} not null, number ${int} not null, subject text not null,
       status text not null, queue_id ${int}, owner_id ${int}, channel_id ${int}, requester_name text not null,
       requester_address text not null, message_count ${int} not null, closed_at text, created_at text not null,
       updated_at text not null,
       primary key (portal_id, id), unique (portal_id, number),
       foreign key (portal_id, queue_id) references queue (portal_id, id),
       foreign key (portal_id, owner_id) references agent (portal_id, id),
       foreign key (portal_id, channel_id) references channel (portal_id, id)
     ) ${clustered}`,
    `create index ticket_queue on ticket (portal_id, queue_id, status, number)`,
    `create index ticket_owner on ticket (portal_id, owner_id, status, number)`,
    `create index ticket_channel on ticket (portal_id, channel_id, number)`,
    `create table ticket_event (
       portal_id ${int} not null, id ${int} not null, ticket_id ${int} not null, at text not null, kind text not null,
       by text not null, details text not null,
       primary key (portal_id, ticket_id, id),
       foreign key (portal_id, ticket_id) references ticket (portal_id, id)
     ) ${clustered}`,
    `create table message (
       portal_id ${int} not null, id ${int} not null, ticket_id ${int} not null, direction text not null,
       kind text not null, raw_id ${int}, header_id text, fingerprint text, source_id ${int}, source_epoch text,
       envelope text, from_name text not null, from_address text not null, subject text not null, base_subject text not null, date text,
       received_at text not null, author text, note text, threaded_by text not null, size ${int} not null,
       primary key (portal_id, ticket_id, id), unique (portal_id, id), unique (fingerprint, portal_id),
       foreign key (portal_id, ticket_id) references ticket (portal_id, id),
       foreign key (portal_id, raw_id) references raw (portal_id, id)
     ) ${clustered}`,
    `create index message_header_id on message (header_id, portal_id)`,
    `create index message_raw on message (portal_id, raw_id)`,
    `create table message_reference (
       portal_id ${int} not null, header_id text not null, message_id ${int} not null,
       primary key (header_id, portal_id, message_id),
       foreign key (portal_id, message_id) references message (portal_id, id)
     ) ${clustered}`,
    `create table attachment (
       portal_id ${int} not null, message_id ${int} not null, part text not null, filename text, content_type text not null,
       size ${int} not null, sha256 text not null, content_id text, inline ${int} not null, "offset" ${int} not null,
       length ${int} not null, transfer_encoding text not null,
       primary key (portal_id, message_id, part),
       foreign key (portal_id, message_id) references message (portal_id, id)
     ) ${clustered}`,
    `create table quarantine (
       portal_id ${int} not null references portal (id), id ${int} not null, source_id ${int} not null, epoch text not null,
       item_key text not null, raw_id ${int}, channel_id ${int}, reason text not null, detail text not null, from_text text not null,
       subject text not null, size ${int} not null, received_at text not null, envelope text, header ${blob},
       created_at text not null,
       primary key (portal_id, id), unique (portal_id, source_id, epoch, item_key),
       foreign key (portal_id, source_id) references source (portal_id, id),
       foreign key (portal_id, raw_id) references raw (portal_id, id)
     ) ${table}`,
    `create index quarantine_reason on quarantine (portal_id, reason, id)`,
    `create index quarantine_raw on quarantine (portal_id, raw_id)`,
    `create table secret (
       portal_id ${int} not null references portal (id), owner text not null, field text not null, bound_to text not null,
       created_at text not null, primary key (portal_id, owner, field)
     ) ${clustered}`,
  ],
}

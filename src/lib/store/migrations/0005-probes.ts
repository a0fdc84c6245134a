/** Mails that are sent to find out whether a forward works, and how they came back. */
import type {Migration} from './migration.ts'

export const probes: Migration = {
  version: 5,
  name: 'probes',
  statements: ({int, clustered}) => [
    `create table probe (
       portal_id ${int} not null, id ${int} not null, channel_id ${int} not null, kind text not null,
       nonce_hash text not null, sent_to text not null, message_id text not null, sent_at text not null,
       expires_at text not null, arrived_at text, arrived text,
       primary key (portal_id, id), unique (nonce_hash, portal_id),
       foreign key (portal_id, channel_id) references channel (portal_id, id) on delete cascade
     ) ${clustered}`,
    `create index probe_channel on probe (portal_id, channel_id, id)`,
  ],
}

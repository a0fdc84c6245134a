/**
 * A store as the first migration makes it, with a row in every table, as SQL. `node test/support/first-schema.ts` writes
 * it to test/fixtures/store; that is done once, and never again after a release.
 */
import {createHash} from 'node:crypto'
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {dialects} from '../../src/lib/store/dialect.ts'
import {first} from '../../src/lib/store/migrations/0001-first.ts'

const NOW = '2026-01-01T00:00:00.000Z'
const MAIL = Buffer.from(
  'From: Jane <jane@example.com>\r\nTo: support@acme.example\r\nSubject: Hello\r\n\r\nKept from the first schema on.\r\n',
)
const HASH = createHash('sha256').update(MAIL).digest('hex')

type Value = string | number | null | Uint8Array
type Row = Readonly<Record<string, Value>>

const dated = {created_at: NOW, updated_at: NOW}
const owned = {portal_id: 1}

/** A row of every table, parents first. */
export const FIRST_ROWS: Readonly<Record<string, Row>> = {
  store: {id: 'abcdef', next_portal_id: 2, created_at: NOW},
  migration: {version: 1, name: 'first', applied_at: NOW},
  portal: {
    id: 1,
    key: 'acme',
    domain: 'acme.example',
    name: 'Acme',
    timezone: 'Europe/Berlin',
    locale: 'de',
    max_message_size: 1_000_000,
    inbound_source_id: 5,
    next_id: 100,
    next_ticket_number: 8,
    ...dated,
  },
  queue: {
    ...owned,
    id: 2,
    key: 'support',
    name: 'Support',
    closed_policy: 'new-after=3',
    sender_channel_id: null,
    ...dated,
  },
  agent: {...owned, id: 3, email: 'ann@acme.example', name: 'Ann', online_since: NOW, last_assigned_at: NOW, ...dated},
  queue_member: {...owned, queue_id: 2, agent_id: 3},
  channel: {
    ...owned,
    id: 4,
    kind: 'internal',
    address: 'Support@acme.example',
    name: 'Support',
    queue_id: 2,
    assign_online: 1,
    deactivated_at: null,
    auto_reply: 1,
    auto_reply_subject: 'Got it',
    auto_reply_body: 'Thank you.',
    ...dated,
  },
  channel_address: {...owned, address: 'support@acme.example', channel_id: 4},
  source: {
    ...owned,
    id: 5,
    kind: 'maildir',
    identity: 'maildir:/srv/mail',
    config: '{"kind":"maildir","path":"/srv/mail","envelopeHeader":null,"markSeen":false}',
    cursor: '{}',
    last_ok_at: NOW,
    last_error: null,
    lease_owner: null,
    lease_token: 3,
    lease_until: null,
    ...dated,
  },
  source_item: {
    ...owned,
    source_id: 5,
    epoch: '0',
    item_key: '1.host',
    state: 'stored',
    effect: 'none',
    attempts: 0,
    next_try_at: null,
    received_at: NOW,
    message_id: 8,
    envelope: null,
  },
  raw: {...owned, id: 6, sha256: HASH, size: MAIL.length, created_at: NOW},
  raw_chunk: {...owned, raw_id: 6, seq: 0, size: MAIL.length, encoding: 'none', data: MAIL},
  ticket: {
    ...owned,
    id: 7,
    number: 7,
    subject: 'Hello',
    status: 'open',
    queue_id: 2,
    owner_id: 3,
    channel_id: 4,
    requester_name: 'Jane',
    requester_address: 'jane@example.com',
    message_count: 1,
    closed_at: null,
    ...dated,
  },
  ticket_event: {
    ...owned,
    id: 9,
    ticket_id: 7,
    at: NOW,
    kind: 'created',
    by: 'intake',
    details: '{"why":"queue support"}',
  },
  message: {
    ...owned,
    id: 8,
    ticket_id: 7,
    direction: 'in',
    kind: 'mail',
    raw_id: 6,
    header_id: 'one@example.com',
    fingerprint: 'f00d',
    source_id: 5,
    source_epoch: '0',
    envelope: null,
    from_name: 'Jane',
    from_address: 'jane@example.com',
    subject: 'Hello',
    base_subject: 'hello',
    date: NOW,
    received_at: NOW,
    author: null,
    note: null,
    threaded_by: 'new',
    size: MAIL.length,
  },
  message_reference: {...owned, header_id: 'zero@example.com', message_id: 8},
  attachment: {
    ...owned,
    message_id: 8,
    part: '2',
    filename: 'a.txt',
    content_type: 'text/plain',
    size: 3,
    sha256: HASH,
    content_id: null,
    inline: 0,
    offset: 10,
    length: 3,
    transfer_encoding: '7bit',
  },
  quarantine: {
    ...owned,
    id: 10,
    source_id: 5,
    epoch: '0',
    item_key: '2.host',
    raw_id: null,
    channel_id: 4,
    reason: 'oversized',
    detail: '5000000 bytes are more than this portal takes',
    from_text: 'Jane <jane@example.com>',
    subject: "O'Brien's picture",
    size: 5_000_000,
    received_at: NOW,
    envelope: null,
    header: MAIL.subarray(0, 60),
    created_at: NOW,
  },
  secret: {...owned, owner: 'inbound', field: 'password', bound_to: 'host:993:tls:jane', created_at: NOW},
}

/** The whole store as SQL of one of the databases. */
export function firstSchema(kind: 'sqlite' | 'postgres'): string {
  const {words} = dialects[kind]
  const literal = (value: Value): string => {
    if (value === null) return 'null'
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
    const hex = Buffer.from(value).toString('hex')
    return kind === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'`
  }
  const inserts = Object.entries(FIRST_ROWS).map(([table, row]) => {
    const names = Object.keys(row).map((name) => `"${name}"`)
    return `insert into "${table}" (${names.join(', ')}) values (${Object.values(row).map(literal).join(', ')})`
  })
  return [
    `create table migration (version ${words.int} not null primary key, name text not null, applied_at text not null) ${words.table}`,
    ...first.statements(words),
    ...inserts,
  ]
    .map((statement) => `${statement.trim()};\n`)
    .join('')
}

/** Where it is kept. */
export const firstSchemaFile = (kind: 'sqlite' | 'postgres'): string =>
  join(import.meta.dirname, `../fixtures/store/schema-1.${kind}.sql`)

if (import.meta.main) {
  mkdirSync(join(import.meta.dirname, '../fixtures/store'), {recursive: true})
  for (const kind of ['sqlite', 'postgres'] as const) writeFileSync(firstSchemaFile(kind), firstSchema(kind))
}

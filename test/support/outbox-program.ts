/** The program on a full outbox, and a server that keeps account of what it took from whom. */
import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import type {ListedOutgoing} from '../../src/lib/store/outgoing-list.ts'
import {listOutgoing} from '../../src/lib/store/outgoing-list.ts'
import {replyToTicket} from '../../src/lib/reply.ts'
import {postdesk, startPostdesk, temporaryHome, type Running} from './run-postdesk.ts'
import {customerMail, startDesk, type Desk} from './seed.ts'
import type {StoreKind} from './stores.ts'

const ADDRESS = 'sales@provider.example'
const PASSWORD = 'secret'

/** What such a server wants to hear. */
export const AUTH = {user: 'sales', pass: PASSWORD}

/** A message as it was queued. */
export interface Queued {
  /** In the outbox. */
  readonly id: number
  /** Without angle brackets. */
  readonly messageId: string
}

/** A portal whose SMTP address has a full outbox, and the program that empties it. */
export interface OutboxProgram extends Desk {
  readonly queued: readonly Queued[]
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  start(words: readonly string[]): Running
  /** Runs it, wants this exit code, and gives what it printed. */
  run(exitCode: number, words: readonly string[]): Promise<string>
  /** The messages by the state of their one recipient. */
  states(): Promise<Partial<Record<string, readonly Queued[]>>>
  /** What waits for its time need not wait any longer. */
  hurry(): Promise<void>
}

/** So many replies, each to a customer of its own, wait for the server. The address is added by the program, login and all. */
export async function startOutboxProgram(
  t: TestContext,
  kind: StoreKind,
  server: {readonly port: number},
  replies: number,
): Promise<OutboxProgram> {
  const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
  const {store, portal} = desk
  const home = await temporaryHome(t)
  const env = {POSTDESK_STORE: store.url, SMTP_PASSWORD: PASSWORD, POSTDESK_RESOLVER: '127.0.0.1:9'}
  const run = async (exitCode: number, words: readonly string[]) => {
    const {code, stdout, stderr} = await postdesk(words, {home, env})
    assert.equal(code, exitCode, `postdesk ${words.join(' ')}: ${stdout}${stderr}`)
    return stdout
  }
  const place = ['--host', '127.0.0.1', '--port', String(server.port), '--security', 'none', '--user', AUTH.user]
  await run(0, ['email', 'add', 'smtp', ADDRESS, ...place, '--password-env', 'SMTP_PASSWORD', '--queue', 'support'])

  const now = new Date().toISOString()
  const asked = await desk.deliver(
    Array.from({length: replies}, (_, index) => customerMail({From: `customer${index}@example.com`})),
    now,
  )
  const queued: Queued[] = []
  for (const {ticket} of asked) {
    const request = {text: 'It is on its way.', from: ADDRESS, cc: [], all: false, attachments: [], quote: true}
    const {message, messageId} = await replyToTicket(store, portal, ticket!, request, {now, agent: 'ann@acme.example'})
    queued.push({id: message, messageId})
  }
  return {
    ...desk,
    queued,
    home,
    env,
    run,
    start: (words) => startPostdesk(words, {home, env}),
    async states() {
      const ids = queued.map(({id}) => id)
      const rows = await listOutgoing(store.db, store.dialect, portal.id, {ids, limit: ids.length})
      assert.equal(rows.length, queued.length)
      const stateOf = (row: ListedOutgoing) => row.recipients[0]!.state
      const byId = new Map(queued.map((message) => [message.id, message]))
      return Object.fromEntries(
        [...Map.groupBy(rows, stateOf)].map(([state, of]) => [state, of.map((row) => byId.get(row.message_id)!)]),
      )
    },
    async hurry() {
      const past = new Date(0).toISOString()
      await store.db.updateTable('outgoing').set({next_at: past}).where('next_at', 'is not', null).execute()
      await store.db.updateTable('sender').set({retry_at: null, last_error: null, paused: null, failures: 0}).execute()
    },
  }
}

/** How often a server took each message, by Message-ID. */
export function timesTaken(mails: readonly {readonly raw: Buffer}[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const {raw} of mails) {
    const id = /^Message-ID: <([^>]+)>/im.exec(raw.toString('latin1'))?.[1]
    assert.ok(id, 'a mail without a Message-ID')
    times.set(id, (times.get(id) ?? 0) + 1)
  }
  return times
}

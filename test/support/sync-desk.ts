/** A portal on a store of either kind, and the program run on it as a user does, for the tests of `email sync`. */
import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import {sql} from 'kysely'
import type {Store} from '../../src/lib/store/open.ts'
import {seedPortal, type PortalSeed} from './portal.ts'
import {postdesk, postdeskJson, startPostdesk, temporaryHome, type Run, type Running} from './run-postdesk.ts'
import {startStore, type StoreKind} from './stores.ts'

/** A mailbox as `portal inbound set imap` is told of it. */
export interface Mailbox {
  readonly port: number
  readonly user?: string
  readonly password?: string
  readonly host?: string
}

type Environment = Readonly<Record<string, string>>

export interface SyncDesk {
  readonly home: string
  /** Open beside the program, to look into. */
  readonly store: Store
  /** Added to the environment of every run. */
  readonly env: Record<string, string>
  run(args: readonly string[], env?: Environment): Promise<Run>
  // oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever is there
  json(args: readonly string[], env?: Environment): Promise<any>
  /** The envelope of `email sync`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever is there
  sync(...flags: readonly string[]): Promise<any>
  start(args: readonly string[], env?: Environment): Running
  /** Makes a mailbox in clear text the inbound; later flags win. */
  setImap(mailbox: Mailbox, ...flags: readonly string[]): Promise<void>
  /** Subjects of all mail, in the order of its receipt. */
  subjects(): Promise<string[]>
  count(table: Countable): Promise<number>
  /** Every row of every table, as JSON. */
  dump(): Promise<Record<string, string[]>>
}

type Countable = 'ticket' | 'message' | 'source_item' | 'quarantine' | 'raw' | 'source'

const USER = 'help@acme.example'
const PASSWORD = 'correct horse battery'

/** A portal `acme` whose addresses share the queue `support`. */
export async function startSyncDesk(t: TestContext, kind: StoreKind, seed: PortalSeed = {}): Promise<SyncDesk> {
  const store = await startStore(t, kind)
  await seedPortal(store, {addresses: ['help', 'support', 'billing', 'hello'], ...seed})
  const home = await temporaryHome(t)
  const env: Record<string, string> = {POSTDESK_STORE: store.url, TEST_IMAP_PASSWORD: PASSWORD}
  const run = (args: readonly string[], more: Environment = {}) => postdesk(args, {home, env: {...env, ...more}})
  const json = (args: readonly string[], more: Environment = {}) => postdeskJson(args, {home, env: {...env, ...more}})
  return {
    home,
    store,
    env,
    run,
    json,
    sync: (...flags) => json(['email', 'sync', ...flags]),
    start: (args, more = {}) => {
      const running = startPostdesk(args, {home, env: {...env, ...more}})
      t.after(() => running.kill('SIGKILL'))
      return running
    },
    async setImap({port, user = USER, password = PASSWORD, host = '127.0.0.1'}, ...flags) {
      env['TEST_IMAP_PASSWORD'] = password
      const place = ['--host', host, '--port', String(port), '--user', user]
      const security = flags.includes('--security') ? [] : ['--security', 'none']
      const secret = ['--password-env', 'TEST_IMAP_PASSWORD']
      const done = await run(['portal', 'inbound', 'set', 'imap', ...place, ...security, ...secret, ...flags])
      assert.equal(done.code, 0, done.stdout + done.stderr)
    },
    async subjects() {
      const rows = await store.db.selectFrom('message').select('subject').orderBy('id').execute()
      return rows.map(({subject}) => subject)
    },
    async count(table) {
      const row = await store.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('rows'))
        .executeTakeFirstOrThrow()
      return row.rows
    },
    async dump() {
      const tables = await store.db.introspection.getTables()
      const rows: Record<string, string[]> = {}
      for (const {name} of tables) {
        const found = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(store.db)
        rows[name] = found.rows.map((row) => JSON.stringify(row)).sort()
      }
      return rows
    },
  }
}

/** Waits until `met` gives something other than false. @throws after `seconds`. */
export async function until<T>(met: () => T | false | Promise<T | false>, seconds = 10): Promise<T> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const value = await met()
    if (value !== false) return value
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not within ${seconds} s: ${met.toString()}`)
}

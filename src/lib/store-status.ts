/** How a store is: where, which schema, how large. It is looked at, and neither made nor migrated. */
import {existsSync} from 'node:fs'
import {measureStore} from './store/inspect.ts'
import {displayLocation, type StoreLocation} from './store/location.ts'
import {migrate, type MigrationReport} from './store/migrate.ts'
import {SCHEMA_VERSION} from './store/migrations/index.ts'
import {explainStoreError, openStore, type Store} from './store/open.ts'
import {listPortals} from './store/portals.ts'

export interface StoreStatus {
  /** Where it is, without a password. */
  readonly store: string
  readonly dialect: 'sqlite' | 'postgres'
  /** `missing`: there is no file. `empty`: no schema. `newer`: made by a later postdesk. */
  readonly state: 'missing' | 'empty' | 'outdated' | 'current' | 'newer'
  readonly schema: {
    /** 0 where there is none. */
    readonly version: number
    /** The one that this program works with. */
    readonly needed: number
  }
  /** True where the store is older than this program: PostgreSQL waits for `store migrate`, SQLite migrates itself. */
  readonly migrationDue: boolean
  /** Size on disk; null where there is nothing. */
  readonly bytes: number | null
  /** SQLite's way of committing, `wal` as it should be; null for PostgreSQL. */
  readonly journal: string | null
  readonly portals: readonly {readonly key: string; readonly domain: string; readonly name: string}[]
}

/** Opens a store whatever its schema, and names what goes wrong with it as the catalogue does. */
async function withAnyStore<T>(location: StoreLocation, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(location, {schema: 'any'})
  try {
    return await work(store)
  } catch (error) {
    throw explainStoreError(error, store)
  } finally {
    await store.close()
  }
}

/** @throws 69 where it cannot be reached or read. */
export async function storeStatus(location: StoreLocation): Promise<StoreStatus> {
  const schema = (version: number) => ({version, needed: SCHEMA_VERSION})
  if (location.kind === 'sqlite' && !existsSync(location.path))
    return {
      store: displayLocation(location),
      dialect: 'sqlite',
      state: 'missing',
      schema: schema(0),
      migrationDue: false,
      bytes: null,
      journal: null,
      portals: [],
    }
  return withAnyStore(location, async ({db, dialect, where}) => {
    const {version, bytes, journal} = await measureStore(db, dialect)
    const portals = version === 0 ? [] : await listPortals(db)
    return {
      store: where,
      dialect: dialect.name,
      state: stateOf(version),
      schema: schema(version),
      migrationDue: version < SCHEMA_VERSION,
      bytes,
      journal,
      portals: portals.map(({key, domain, name}) => ({key, domain, name})),
    }
  })
}

function stateOf(version: number): StoreStatus['state'] {
  if (version === 0) return 'empty'
  if (version === SCHEMA_VERSION) return 'current'
  return version < SCHEMA_VERSION ? 'outdated' : 'newer'
}

/**
 * Brings a store to the schema of this program; makes it where it is empty or missing.
 * @throws 78 where it is newer, 69 where it cannot be reached or written.
 */
export const migrateStore = (location: StoreLocation): Promise<MigrationReport & {readonly store: string}> =>
  withAnyStore(location, async ({db, dialect, where}) => ({
    store: where,
    ...(await migrate({db, dialect, location, where})),
  }))

/** The store, as `doctor` finds it: nothing is made, migrated or changed. */
import {failed, passed, skipped, warned, type Finding} from '../channel/stage.ts'
import {
  EXIT,
  messageOf,
  noSuchStore,
  partsOf,
  PostdeskError,
  schemaTooNew,
  schemaTooOld,
  storeUnavailable,
} from '../errors.ts'
import {storeStatus, type StoreStatus} from '../store-status.ts'
import {tryWrite} from '../store/health.ts'
import type {StoreLocation} from '../store/location.ts'
import {openStore, type Store} from '../store/open.ts'

/** What became of the attempt to reach the store. */
export interface ReachedStore {
  readonly finding: Finding
  /** Null where it cannot be reached, or there is none yet. */
  readonly status: StoreStatus | null
  /** Open only where its schema is this program's. */
  readonly store: Store | null
}

/** @param isNamed whether somebody said where the store is: then it has to be there. */
export async function reachStore(location: StoreLocation, isNamed: boolean): Promise<ReachedStore> {
  let status: StoreStatus
  try {
    status = await storeStatus(location)
    if (status.state === 'missing' && location.kind === 'sqlite')
      return isNamed ? unreachable(noSuchStore(location.path)) : {...NONE, finding: skipped(NOTHING_YET)}
    const store = status.state === 'current' ? await openStore(location, {schema: 'any', create: false}) : null
    return {finding: foundIn(status), status, store}
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    return unreachable(error)
  }
}

const NONE = {status: null, store: null} as const
const NOTHING_YET = 'there is none yet; the first `postdesk portal add` makes it'

const unreachable = (error: PostdeskError): ReachedStore => ({...NONE, finding: failed(partsOf(error))})

function foundIn({store, dialect, bytes, journal, portals}: StoreStatus): Finding {
  const evidence = {store, dialect, bytes, journal, portals: portals.map(({key}) => key)}
  if (dialect === 'sqlite' && journal !== null && journal !== 'wal')
    return warned(
      {
        code: 'STORE_JOURNAL',
        exitCode: EXIT.unavailable,
        title: `The store ${store} cannot be read while it is written`,
        why: `its journal is ${journal} and not wal, which its disk does not offer: a network disk, most likely`,
        fixes: [{text: 'Move it to a local disk, or use PostgreSQL.'}],
      },
      evidence,
    )
  const held = portals.length === 0 ? 'no portal' : portals.map(({key}) => key).join(', ')
  return passed(
    `${dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'} at ${store.replace(/^sqlite:/, '')}, with ${held}`,
    evidence,
  )
}

export function lookAtSchema(reached: ReachedStore): Finding {
  const {status} = reached
  if (status === null) return skipped(whyClosed(reached))
  const {state, store, dialect, schema} = status
  const evidence = {version: schema.version, needed: schema.needed}
  switch (state) {
    case 'current':
      return passed(`Schema ${schema.version}, as this program needs it`, evidence)
    case 'newer':
      return failed(partsOf(schemaTooNew(store, schema.version, schema.needed)), evidence)
    case 'missing':
    case 'empty':
    case 'outdated': {
      const problem = partsOf(schemaTooOld(store, schema.version, schema.needed))
      if (dialect === 'postgres') return failed(problem, evidence)
      // An SQLite store is migrated by whoever opens it next.
      return warned(
        {
          ...problem,
          why: `it has schema ${schema.version}, and the next command brings it to ${schema.needed}, after a copy was made`,
        },
        evidence,
      )
    }
  }
}

export async function lookAtWriting(reached: ReachedStore): Promise<Finding> {
  const {store} = reached
  if (store === null) return skipped(whyClosed(reached))
  try {
    await tryWrite(store)
    return passed('It can be written')
  } catch (error) {
    if (error instanceof PostdeskError) throw error
    throw storeUnavailable(
      store.where,
      `it may be read but not written: ${messageOf(error)}`,
      [{text: 'Give the user or role that postdesk works as the right to write; a replica cannot be used.'}],
      error,
    )
  }
}

/** Why what needs the store is not looked at. */
export function whyClosed({status, finding}: ReachedStore): string {
  if (status !== null) return 'it needs schema, which did not pass'
  return finding.status === 'skip' ? 'there is no store yet' : 'it needs store, which did not pass'
}

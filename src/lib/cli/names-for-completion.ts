import {listAgents} from '../store/agents.ts'
import {listChannels} from '../store/channels.ts'
import type {StoreLocation} from '../store/location.ts'
import {openStore} from '../store/open.ts'
import {listPortals, storeId} from '../store/portals.ts'
import {listQueues} from '../store/queues.ts'
import type {NameKind} from './completion.ts'

/** The names of a kind. Of what belongs to a portal: of the one that is named, current, or the only one. */
export async function namesForCompletion(
  location: StoreLocation,
  kind: NameKind,
  chosen: {
    readonly portal: string | undefined
    /** The current portal of each store, by the id of the store. */
    readonly current: Readonly<Record<string, string>> | undefined
  },
): Promise<string[]> {
  // No look at the schema, which could begin a migration: where it does not fit there are no names.
  const store = await openStore(location, {schema: 'any', create: false})
  try {
    const portals = await listPortals(store.db)
    if (kind === 'portals') return portals.map(({key}) => key)
    const key = chosen.portal ?? (portals.length > 1 ? chosen.current?.[await storeId(store.db)] : portals[0]?.key)
    const portal = portals.find((row) => row.key === key)
    if (!portal) return []
    switch (kind) {
      case 'queues':
        return (await listQueues(store.db, portal.id)).map((queue) => queue.key)
      case 'agents':
        return (await listAgents(store.db, portal.id)).map(({email}) => email)
      case 'channels':
        return (await listChannels(store.db, portal.id)).map(({address}) => address)
    }
  } finally {
    await store.close()
  }
}

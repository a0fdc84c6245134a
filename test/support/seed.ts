/** A store with a portal that takes mail, without a mailbox: each mail is decided about and committed at once. */
import type {TestContext} from 'node:test'
import type {Outcome} from '../../src/lib/channel/delivery.ts'
import {decide, learn} from '../../src/lib/intake/decide.ts'
import type {Arrival} from '../../src/lib/intake/facts.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {compressChunks} from '../../src/lib/message/raw-chunks.ts'
import {reserve} from '../../src/lib/store/ids.ts'
import {commit, plannedIds} from '../../src/lib/store/commit.ts'
import {gatherFacts} from '../../src/lib/store/gather-facts.ts'
import type {Store} from '../../src/lib/store/open.ts'
import type {PortalRow} from '../../src/lib/store/portals.ts'
import {pipeSource} from '../../src/lib/store/sources.ts'
import {pipeFacts, mail, NOW, seedPortal, type PortalSeed} from './portal.ts'
import {startStore, type StoreKind} from './stores.ts'

export interface Desk {
  readonly store: Store & {readonly url: string}
  readonly portal: PortalRow
  /** Takes mails in, as one batch that arrived at `receivedAt`. */
  deliver(mails: readonly Buffer[], receivedAt?: string): Promise<readonly Outcome[]>
}

/** A new store with a portal as `seedPortal` makes it; or another portal in the store of a desk. */
export async function startDesk(
  t: TestContext,
  kind: StoreKind,
  seed: PortalSeed = {},
  beside?: Pick<Desk, 'store'>,
): Promise<Desk> {
  const store = beside?.store ?? (await startStore(t, kind))
  const portal = await seedPortal(store, seed)
  const source = await pipeSource(store, portal.id, NOW)
  let items = 0
  return {
    store,
    portal,
    deliver: (mails, receivedAt = NOW) =>
      store.transaction(async (tx) => {
        await reserve(tx, portal.id, 0)
        const asked = mails.map((bytes) => ({message: parseFacts(bytes), envelope: null}))
        const facts = await gatherFacts(tx, store.dialect, portal, asked, receivedAt)
        const planned = asked.map(({message}, index) => {
          const arrival: Arrival = {
            item: {epoch: '0', key: String(++items)},
            source: pipeFacts(source.id),
            envelope: null,
            receivedAt,
            message,
            authentication: null,
          }
          const decision = decide(arrival, facts)
          learn(facts, arrival, decision, plannedIds(index))
          return {kind: 'decided', arrival, decision, raw: {chunks: compressChunks(mails[index]!)}} as const
        })
        const context = {
          portalId: portal.id,
          sourceId: source.id,
          now: receivedAt,
          effects: false,
          answer: () => Promise.resolve(null),
        }
        return commit(tx, store.dialect, context, planned, facts)
      }),
  }
}

let mails = 0

/** A mail of a customer about a matter of its own. */
export function customerMail(headers: Readonly<Record<string, string>> = {}, body?: string): Buffer {
  mails++
  return mail(
    {
      From: 'Jane Doe <jane@example.com>',
      To: 'support@acme.example',
      Subject: `Question ${mails}`,
      Date: 'Sun, 01 Mar 2026 08:00:00 +0000',
      'Message-ID': `<${mails}@example.com>`,
      ...headers,
    },
    body,
  )
}

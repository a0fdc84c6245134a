/**
 * Gives quarantined mail another try: what is kept whole is decided anew, as it would have been the first time; what was
 * too large or withheld is fetched by the next sync.
 */
import type {Content, Delivery, Envelope} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {notFound} from './errors.ts'
import type {InboundConfig} from './inbound.ts'
import type {Log} from './log.ts'
import {createParsePool} from './message/parse-pool.ts'
import {decompressChunk} from './message/raw-chunks.ts'
import {createReceive} from './receive.ts'
import {factsOfSource, hasEffects} from './source-facts.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {findQuarantined, type QuarantineRow} from './store/quarantine.ts'
import {readRaw} from './store/raw.ts'
import {askAgain, findSource} from './store/sources.ts'

/** What became of one quarantined mail. */
export interface RetriedItem {
  readonly id: number
  /** `waits`: the next sync asks the server for it. `kept`: it stays in the quarantine as it is. */
  readonly outcome: 'created' | 'appended' | 'duplicate' | 'quarantined' | 'skipped' | 'waits' | 'kept'
  readonly ticket: number | null
  readonly reason: string
}

export interface RetryOptions {
  readonly store: Store
  readonly portal: PortalRow
  readonly ids: readonly number[]
  readonly clock: Clock
  readonly log: Log
}

/** @throws 67 for an unknown id, before anything is tried. */
export async function retryQuarantined(options: RetryOptions): Promise<RetriedItem[]> {
  const {store, portal} = options
  const rows: QuarantineRow[] = []
  for (const id of options.ids) {
    const row = await findQuarantined(store.db, portal.id, id)
    if (!row)
      throw notFound(
        'quarantined mail',
        String(id),
        [],
        [{text: 'See what there is:', command: 'postdesk quarantine list'}],
      )
    rows.push(row)
  }
  const pool = createParsePool()
  try {
    const items: RetriedItem[] = []
    // One after the other and the oldest first, so that an answer finds the mail it answers.
    for (const row of rows.sort((a, b) => a.id - b.id))
      items.push(
        row.raw_id === null ? await fetchLater(row, options) : await decideAnew(row, row.raw_id, options, pool),
      )
    return items
  } finally {
    await pool.close()
  }
}

async function fetchLater(row: QuarantineRow, {store, portal}: RetryOptions): Promise<RetriedItem> {
  const {id, size} = row
  const source = await findSource(store.db, portal.id, row.source_id)
  if (source?.kind === 'pipe')
    return {id, outcome: 'kept', ticket: null, reason: 'an MTA handed it in once, and only its header was kept'}
  if (size > portal.max_message_size)
    return {
      id,
      outcome: 'kept',
      ticket: null,
      reason: `its ${size} bytes are still more than the ${portal.max_message_size} that the portal takes`,
    }
  await askAgain(store, portal.id, row)
  return {id, outcome: 'waits', ticket: null, reason: 'the next sync fetches it'}
}

async function decideAnew(
  row: QuarantineRow,
  rawId: number,
  {store, portal, clock, log}: RetryOptions,
  pool: ReturnType<typeof createParsePool>,
): Promise<RetriedItem> {
  const source = (await findSource(store.db, portal.id, row.source_id))!
  const config = JSON.parse(source.config) as InboundConfig | Record<string, never>
  const receive = createReceive({
    store,
    portal,
    source: factsOfSource(source),
    lease: null,
    effects: hasEffects(config),
    pool,
    clock,
    log,
    timings: {commitMs: 0},
  })
  const delivery: Delivery = {
    item: {epoch: row.epoch, key: row.item_key},
    content: contentOf(store, portal.id, rawId),
    envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
    receivedAt: row.received_at,
    cursor: {},
  }
  const [outcome] = await receive([delivery])
  return {id: row.id, outcome: outcome!.kind, ticket: outcome!.ticket, reason: outcome!.reason}
}

function contentOf(store: Store, portalId: number, rawId: number): Content {
  async function* chunks() {
    for await (const chunk of readRaw(store.db, portalId, rawId)) yield decompressChunk(chunk)
  }
  return {kind: 'stream', chunks: chunks()}
}

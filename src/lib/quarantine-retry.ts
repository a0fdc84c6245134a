/**
 * Gives quarantined mail another try: what is kept whole is decided anew, as it would have been the first time; what was
 * too large or withheld is fetched by the next sync.
 */
import type {Cursor, Envelope} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {notFound} from './errors.ts'
import type {InboundConfig} from './inbound.ts'
import type {Log} from './log.ts'
import type {Arrival} from './intake/facts.ts'
import type {Message} from './message/message.ts'
import {parseStream} from './message/parse.ts'
import {createParsePool, type ParsePool} from './message/parse-pool.ts'
import {decompressChunk} from './message/raw-chunks.ts'
import {decideAndCommit} from './receive.ts'
import {factsOfSource, hasEffects} from './source-facts.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {findQuarantined, keepId, type QuarantineRow} from './store/quarantine.ts'
import {readRaw} from './store/raw.ts'
import {askAgain, findSource, replacedAt, type SourceRow} from './store/sources.ts'

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
  const kept = (reason: string): RetriedItem => ({id: row.id, outcome: 'kept', ticket: null, reason})
  const source = await findSource(store.db, portal.id, row.source_id)
  if (source?.kind === 'pipe') return kept('an MTA handed it in once, and only its header was kept')
  if (source === undefined || source.id !== portal.inbound_source_id)
    return kept('it lies in a mailbox that is no longer the inbound')
  if (!isCurrentEpoch(source, row.epoch))
    return kept('the mailbox was made anew since (UIDVALIDITY); its number means another message now')
  if (row.size > portal.max_message_size) return kept(stillTooLarge(row, portal))
  await askAgain(store, portal.id, row)
  return {id: row.id, outcome: 'waits', ticket: null, reason: 'the next sync fetches it'}
}

const stillTooLarge = ({size}: QuarantineRow, portal: PortalRow) =>
  `its ${size} bytes are still more than the ${portal.max_message_size} that the portal takes`

/** Whether the items of that epoch are those of the mailbox as it is now. */
function isCurrentEpoch(source: SourceRow, epoch: string): boolean {
  const cursor = source.cursor === null ? null : (JSON.parse(source.cursor) as Cursor)
  const current = cursor?.['epoch']
  return current === undefined || current === null || epoch.split('.')[0] === String(current).split('.')[0]
}

async function decideAnew(
  row: QuarantineRow,
  rawId: number,
  options: RetryOptions,
  pool: ParsePool,
): Promise<RetriedItem> {
  const {store, portal} = options
  if (row.reason === 'oversized' && row.size > portal.max_message_size)
    return {id: row.id, outcome: 'kept', ticket: null, reason: stillTooLarge(row, portal)}
  const source = (await findSource(store.db, portal.id, row.source_id))!
  const arrival: Arrival = {
    item: {epoch: row.epoch, key: row.item_key},
    source: factsOfSource(source, await replacedAt(store.db, source)),
    envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
    receivedAt: row.received_at,
    message: await readMessage(store, portal.id, rawId, row.size, pool),
    authentication: null,
  }
  const effects = hasEffects(JSON.parse(source.config) as Partial<InboundConfig>)
  const outcome = await store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    // Another retry, or a redelivery, may have settled it meanwhile.
    if ((await findQuarantined(tx, portal.id, row.id))?.raw_id !== rawId) return null
    const context = {...options, source: arrival.source, effects}
    const [decided] = await decideAndCommit(tx, [{kind: 'arrived', arrival, raw: {keptId: rawId}}], context)
    // What waits on keeps the id that people know it by.
    if (decided!.kind === 'quarantined') await keepId(tx, row)
    return decided!
  })
  if (outcome === null) return {id: row.id, outcome: 'kept', ticket: null, reason: 'it was settled meanwhile'}
  return {id: row.id, outcome: outcome.kind, ticket: outcome.ticket, reason: outcome.reason}
}

/** Up to this size a mail is parsed beside the main thread, which a mail that hangs the parser must not reach. */
const PARSED_WHOLE_BYTES = 16 * 1024 * 1024

async function readMessage(
  store: Store,
  portalId: number,
  rawId: number,
  size: number,
  pool: ParsePool,
): Promise<Message> {
  async function* chunks() {
    for await (const chunk of readRaw(store.db, portalId, rawId)) yield decompressChunk(chunk)
  }
  if (size > PARSED_WHOLE_BYTES) return (await parseStream(chunks())).message
  const pieces: Uint8Array[] = []
  for await (const piece of chunks()) pieces.push(piece)
  return (await pool.parse([Buffer.concat(pieces)]))[0]!.message
}

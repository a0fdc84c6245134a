/**
 * Ends the quarantine of what a stranger can send in any number: after its time, and the oldest first where it takes too
 * much room. A purged mail keeps its row with its header, and is counted: nothing goes without a trace.
 */
import {batchesOf, type BatchLimits} from './batches.ts'
import type {Instant} from './clock.ts'
import {PostdeskError} from './errors.ts'
import {BUDGETED_REASONS, QUARANTINE_BUDGET, REASONS} from './intake/quarantine-reasons.ts'
import type {Log} from './log.ts'
import {headerOf} from './message/header.ts'
import {daysAfter} from './quarantine-selection.ts'
import {readBeginning} from './raw-mail.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {measureSelection, purgeQuarantined, walkQuarantine, type NamedQuarantineRow} from './store/quarantine.ts'
import type {Db} from './store/schema.ts'

/** What was purged. */
export interface PurgeReport {
  /** Mails whose time was over. */
  readonly expired: number
  /** Mails that had to make room for newer ones. */
  readonly overBudget: number
}

export interface PurgeOptions {
  readonly store: Store
  readonly portal: Pick<PortalRow, 'id'>
  readonly now: Instant
  readonly log: Log
  /** At most so many mails; the next run goes on. */
  readonly limit?: number
  readonly budget?: {readonly mails: number; readonly bytes: number}
  readonly signal?: AbortSignal
}

/** A transaction of some milliseconds: deliveries go on beside it. */
const BATCH: BatchLimits = {mails: 50, bytes: 16 * 1024 * 1024}

/** Most that is kept of the header of a purged mail, in bytes: every field that a person looks at. */
const KEPT_HEADER_BYTES = 64 * 1024

export async function purgeQuarantine(options: PurgeOptions): Promise<PurgeReport> {
  const {limit = Infinity} = options
  const expired = await purgeAll(listExpired(options), limit, options)
  const overBudget = await purgeAll(listOverBudget(options), limit - expired, options)
  if (expired + overBudget > 0) options.log('quarantine purged', {expired, overBudget})
  return {expired, overBudget}
}

/** How much of its budget a portal's quarantine takes. */
export const measureBudget = ({db, dialect}: Store, portalId: number): Promise<{mails: number; bytes: number}> =>
  measureSelection(db, dialect, portalId, {reasons: BUDGETED_REASONS})

type Rows = AsyncGenerator<readonly NamedQuarantineRow[]>

async function* listExpired({store: {db, dialect}, portal, now}: PurgeOptions): Rows {
  for (const [reason, {keptDays}] of Object.entries(REASONS)) {
    if (keptDays === null) continue
    const cutoff = daysAfter(now, -keptDays)
    for await (const page of walkQuarantine(db, dialect, portal.id, {reasons: [reason]})) {
      // They came in the order of their ids: behind the first that has time left all have.
      const end = page.findIndex((row) => row.created_at >= cutoff)
      yield end === -1 ? page : page.slice(0, end)
      if (end !== -1) break
    }
  }
}

/** The oldest, until the rest fits; never the newest, however large it is. */
async function* listOverBudget({store, portal, budget = QUARANTINE_BUDGET}: PurgeOptions): Rows {
  let {mails, bytes} = await measureBudget(store, portal.id)
  const fits = () => mails <= 1 || (mails <= budget.mails && bytes <= budget.bytes)
  if (fits()) return
  for await (const page of walkQuarantine(store.db, store.dialect, portal.id, {reasons: BUDGETED_REASONS})) {
    const rows: NamedQuarantineRow[] = []
    for (const row of page) {
      if (fits()) break
      rows.push(row)
      mails--
      bytes -= row.size
    }
    yield rows
    if (fits()) return
  }
}

async function purgeAll(pages: Rows, limit: number, options: PurgeOptions): Promise<number> {
  const {signal} = options
  let purged = 0
  for await (const page of pages) {
    const rows = page.slice(0, limit - purged)
    for (const batch of batchesOf(rows, BATCH)) {
      if (signal?.aborted) return purged
      purged += await purgeBatch(batch, options)
    }
    if (rows.length < page.length) return purged
  }
  return purged
}

async function purgeBatch(
  rows: readonly NamedQuarantineRow[],
  {store, portal, now, log}: PurgeOptions,
): Promise<number> {
  // Before the transaction: no lock is held while mail is read.
  const headers = new Map<number, Uint8Array | null>()
  for (const row of rows) headers.set(row.id, await readHeaderOf(store.db, row, log))
  return store.transaction(async (tx) => {
    if (!(await lockPortal(tx, portal.id))) return 0
    let purged = 0
    for (const {id, raw_id} of rows)
      if (await purgeQuarantined(tx, portal.id, {id, raw_id, header: headers.get(id) ?? null}, now)) purged++
    return purged
  })
}

async function readHeaderOf(db: Db, row: NamedQuarantineRow, log: Log): Promise<Uint8Array | null> {
  const {portal_id: portalId, id, raw_id: rawId, size} = row
  if (rawId === null) return null
  try {
    const name = `Quarantined mail ${id}`
    return headerOf(await readBeginning(db, {portalId, rawId, size, name}, KEPT_HEADER_BYTES))
  } catch (error) {
    // A damaged mail must not stay for ever; its sender and subject stand in its row.
    if (!(error instanceof PostdeskError) || error.code !== 'RAW_DAMAGED') throw error
    log('header not kept', {id, error: error.why})
    return null
  }
}

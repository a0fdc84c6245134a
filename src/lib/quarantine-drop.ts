/** Removes quarantined mail for good. */
import {batchesOf, type BatchLimits} from './batches.ts'
import {notFound} from './errors.ts'
import type {QuarantineReason} from './intake/facts.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {deleteQuarantined, measureSelection, walkQuarantine, type QuarantineSelection} from './store/quarantine.ts'

/** A mail that is gone. */
export interface DroppedItem {
  readonly id: number
  readonly reason: QuarantineReason
}

export interface DropOptions {
  readonly store: Store
  readonly portal: PortalRow
  readonly selection: QuarantineSelection
  /** Ends the walk between two batches. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: {taken: number; bytes: number}) => void
}

/** The chunks of so much mail are deleted in a fraction of a second, for which other writers wait. */
const BATCH: BatchLimits = {mails: 100, bytes: 64 * 1024 * 1024}

/** How many mails a selection has, and how many bytes, for the question before they are dropped. */
export const measureDrop = ({db, dialect}: Store, portal: PortalRow, selection: QuarantineSelection) =>
  measureSelection(db, dialect, portal.id, selection)

/**
 * Drops the mails of a selection, the oldest first. Yields those of each batch once that is durable. What a sync would
 * fetch again stays settled in the ledger.
 */
export async function* dropQuarantined(options: DropOptions): AsyncGenerator<readonly DroppedItem[]> {
  const {store, portal, selection, signal, onProgress} = options
  let [taken, bytes] = [0, 0]
  for await (const page of walkQuarantine(store.db, store.dialect, portal.id, selection))
    for (const rows of batchesOf(page, BATCH)) {
      if (signal?.aborted) return
      const ids = rows.map(({id}) => id)
      yield await store.transaction(async (tx) => {
        if (!(await lockPortal(tx, portal.id))) throw notFound('portal', portal.key)
        const dropped = await deleteQuarantined(tx, store.dialect, portal.id, ids)
        return dropped.map(({id, reason}) => ({id, reason: reason as QuarantineReason}))
      })
      taken += rows.length
      bytes += rows.reduce((sum, {size}) => sum + size, 0)
      onProgress?.({taken, bytes})
    }
}

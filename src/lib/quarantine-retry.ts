/**
 * Gives quarantined mail another try: what is kept whole is decided anew, as it would have been the first time; what was
 * too large or withheld is fetched by the next sync.
 */
import {batchesOf, type BatchLimits} from './batches.ts'
import type {Cursor, Envelope} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {messageOf, PostdeskError} from './errors.ts'
import type {InboundConfig} from './inbound.ts'
import type {Authentication} from './channel/authentication.ts'
import type {Arrival, SourceFacts} from './intake/facts.ts'
import type {SenderCheck} from './sender-check.ts'
import type {Log} from './log.ts'
import type {Message} from './message/message.ts'
import {parseStream} from './message/parse.ts'
import {createParsePool, type ParsePool} from './message/parse-pool.ts'
import {readRawMail} from './raw-mail.ts'
import {decideAndCommit, type Prepared} from './receive.ts'
import {keepYoungSpaceSmall} from './release-memory.ts'
import {factsOfSource, hasEffects} from './source-facts.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {
  findIds,
  measureSelection,
  walkQuarantine,
  type NamedQuarantineRow,
  type QuarantineSelection,
} from './store/quarantine.ts'
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
  readonly selection: QuarantineSelection
  readonly checkSender: SenderCheck
  readonly clock: Clock
  readonly log: Log
  /** Ends the walk between two batches. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: {expected: number; taken: number; bytes: number}) => void
}

/** A transaction as large as one of a sync: its mails are in memory at once. */
const BATCH: BatchLimits = {mails: 100, bytes: 8 * 1024 * 1024}

/**
 * Tries the mails one after the other and the oldest first, so that an answer finds the mail it answers. Yields what
 * became of each batch once that is durable.
 */
export async function* retryQuarantined(options: RetryOptions): AsyncGenerator<readonly RetriedItem[]> {
  keepYoungSpaceSmall()
  const {store, portal, selection, signal, onProgress} = options
  const {db, dialect} = store
  const expected = onProgress ? (await measureSelection(db, dialect, portal.id, selection)).mails : 0
  let [taken, bytes] = [0, 0]
  const alike = (first: NamedQuarantineRow, next: NamedQuarantineRow) =>
    first.source_id === next.source_id && wayOf(first, portal) === wayOf(next, portal)
  const pool = createParsePool()
  try {
    for await (const page of walkQuarantine(db, dialect, portal.id, selection))
      for (const rows of batchesOf(page, BATCH, alike)) {
        if (signal?.aborted) return
        yield await WAYS[wayOf(rows[0]!, portal)](rows, options, pool)
        taken += rows.length
        bytes += rows.reduce((sum, {size}) => sum + size, 0)
        onProgress?.({expected, taken, bytes})
      }
  } finally {
    await pool.close()
  }
}

/** What can be done about a mail. */
type Way = 'decide' | 'fetch' | 'leave'

const WAYS: Readonly<
  Record<
    Way,
    (rows: readonly NamedQuarantineRow[], options: RetryOptions, pool: ParsePool) => Promise<readonly RetriedItem[]>
  >
> = {
  decide: decideOrSingly,
  fetch: fetchLater,
  leave: async (rows, {portal}) => rows.map((row) => kept(row, whyLeft(row, portal)!)),
}

function wayOf(row: NamedQuarantineRow, portal: PortalRow): Way {
  if (whyLeft(row, portal) !== null) return 'leave'
  return row.raw_id === null ? 'fetch' : 'decide'
}

/** Why nothing can be done about a mail, as far as it tells by itself; null where something can. */
function whyLeft({purged_at: purgedAt, reason, size}: NamedQuarantineRow, portal: PortalRow): string | null {
  if (purgedAt !== null) return `it was purged at ${purgedAt}: only its header is kept`
  return reason === 'oversized' && size > portal.max_message_size
    ? `its ${size} bytes are still more than the ${portal.max_message_size} that the portal takes`
    : null
}

const kept = ({id}: Pick<NamedQuarantineRow, 'id'>, reason: string): RetriedItem => ({
  id,
  outcome: 'kept',
  ticket: null,
  reason,
})

// What is not kept whole ----------------------------------------------------------------------------------------------

async function fetchLater(
  rows: readonly NamedQuarantineRow[],
  {store, portal}: RetryOptions,
): Promise<readonly RetriedItem[]> {
  const source = await findSource(store.db, portal.id, rows[0]!.source_id)
  const items: RetriedItem[] = []
  for (const row of rows) {
    const why = whyNotFetched(row, source, portal)
    if (why === null) await askAgain(store, portal.id, row)
    items.push(
      why === null ? {id: row.id, outcome: 'waits', ticket: null, reason: 'the next sync fetches it'} : kept(row, why),
    )
  }
  return items
}

function whyNotFetched(row: NamedQuarantineRow, source: SourceRow | undefined, portal: PortalRow): string | null {
  if (source?.kind === 'pipe') return 'an MTA handed it in once, and only its header was kept'
  if (source === undefined || source.id !== portal.inbound_source_id)
    return 'it lies in a mailbox that is no longer the inbound'
  if (!isCurrentEpoch(source, row.epoch))
    return 'the mailbox was made anew since (UIDVALIDITY); its number means another message now'
  if (row.size > portal.max_message_size)
    return `its ${row.size} bytes are still more than the ${portal.max_message_size} that the portal takes`
  return null
}

/** Whether the items of that epoch are those of the mailbox as it is now. */
function isCurrentEpoch(source: SourceRow, epoch: string): boolean {
  const cursor = source.cursor === null ? null : (JSON.parse(source.cursor) as Cursor)
  const current = cursor?.['epoch']
  return current === undefined || current === null || epoch.split('.')[0] === String(current).split('.')[0]
}

// What is kept whole --------------------------------------------------------------------------------------------------

/** A mail that is refused for what it holds must not hold up the others: then each is decided by itself. */
async function decideOrSingly(
  rows: readonly NamedQuarantineRow[],
  options: RetryOptions,
  pool: ParsePool,
): Promise<readonly RetriedItem[]> {
  try {
    return await decideAnew(rows, options, pool)
  } catch (error) {
    if (error instanceof PostdeskError) throw error
    options.log('retry refused', {error: messageOf(error), mails: rows.length})
    if (rows.length === 1) return [kept(rows[0]!, `the store does not take it: ${messageOf(error)}`)]
    const items: RetriedItem[] = []
    for (const row of rows) items.push(...(await decideOrSingly([row], options, pool)))
    return items
  }
}

async function decideAnew(
  rows: readonly NamedQuarantineRow[],
  options: RetryOptions,
  pool: ParsePool,
): Promise<readonly RetriedItem[]> {
  const {store, portal} = options
  const row = (await findSource(store.db, portal.id, rows[0]!.source_id))!
  const source = factsOfSource(row, await replacedAt(store.db, row))
  const context = {...options, source, effects: hasEffects(JSON.parse(row.config) as Partial<InboundConfig>)}
  const read = await readMails(rows, store, pool)
  const senders = await checkSenders(rows, read, source, options)
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const present = await findIds(
      tx,
      store.dialect,
      portal.id,
      rows.map(({id}) => id),
    )
    const items = new Map<number, RetriedItem>()
    const mails: {row: NamedQuarantineRow; prepared: Prepared}[] = []
    for (const row of rows) {
      const message = read.get(row.id)!
      // Another retry, a redelivery or a drop may have settled it meanwhile.
      if (row.raw_id === null || present.get(row.id)?.raw_id !== row.raw_id)
        items.set(row.id, kept(row, 'it was settled meanwhile'))
      else if (message instanceof PostdeskError) items.set(row.id, kept(row, `${message.title}: ${message.why}`))
      else {
        const arrival = {
          ...arrivalOf(row, source, message),
          authentication: senders.get(row.id) ?? null,
          ...(isOverruled(row, options.selection) ? {overruled: 'forwarding-confirmation' as const} : {}),
        }
        mails.push({row, prepared: {kind: 'arrived', arrival, raw: {keptId: row.raw_id}}})
      }
    }
    const prepared = mails.map((mail) => mail.prepared)
    const outcomes = prepared.length === 0 ? [] : await decideAndCommit(tx, prepared, context)
    for (const [index, {row}] of mails.entries()) {
      const {kind, ticket, reason} = outcomes[index]!
      items.set(row.id, {id: row.id, outcome: kind, ticket, reason})
    }
    return rows.map(({id}) => items.get(id)!)
  })
}

/** Whoever names this very mail, or this reason, wants a ticket of it. With all others it waits on, being no matter of theirs. */
const isOverruled = ({reason}: NamedQuarantineRow, selection: QuarantineSelection): boolean =>
  reason === 'forwarding-confirmation' && ('ids' in selection || (selection.reasons?.includes(reason) ?? false))

/** What is known of the senders, by the ids of the rows: as at the arrival, before the transaction. */
async function checkSenders(
  rows: readonly NamedQuarantineRow[],
  read: ReadonlyMap<number, Message | PostdeskError>,
  source: SourceFacts,
  {store, checkSender}: RetryOptions,
): Promise<ReadonlyMap<number, Authentication | null>> {
  const known = await Promise.all(
    rows.map(async (row): Promise<[number, Authentication | null]> => {
      const message = read.get(row.id)!
      if (message instanceof PostdeskError) return [row.id, null]
      const name = `Quarantined mail ${row.id}`
      const raw = readRawMail(store.db, {portalId: row.portal_id, rawId: row.raw_id!, size: row.size, name})
      const {authentication} = await checkSender(arrivalOf(row, source, message), raw)
      return [row.id, authentication]
    }),
  )
  return new Map(known)
}

const arrivalOf = (row: NamedQuarantineRow, source: SourceFacts, message: Message): Arrival => ({
  item: {epoch: row.epoch, key: row.item_key},
  source,
  envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
  receivedAt: row.received_at,
  message,
  authentication: null,
})

/** Up to this size a mail is parsed beside the main thread, which a mail that hangs the parser must not reach. */
const PARSED_WHOLE_BYTES = 16 * 1024 * 1024

/** The messages by the ids of their rows; the error where the bytes of one are damaged. */
async function readMails(
  rows: readonly NamedQuarantineRow[],
  {db}: Store,
  pool: ParsePool,
): Promise<ReadonlyMap<number, Message | PostdeskError>> {
  const messages = new Map<number, Message | PostdeskError>()
  const whole: {id: number; bytes: Uint8Array}[] = []
  for (const {portal_id: portalId, id, raw_id: rawId, size} of rows) {
    const pieces = readRawMail(db, {portalId, rawId: rawId!, size, name: `Quarantined mail ${id}`})
    try {
      if (size > PARSED_WHOLE_BYTES) messages.set(id, (await parseStream(pieces)).message)
      else {
        const all: Uint8Array[] = []
        for await (const piece of pieces) all.push(piece)
        whole.push({id, bytes: Buffer.concat(all)})
      }
    } catch (error) {
      if (!(error instanceof PostdeskError) || error.code !== 'RAW_DAMAGED') throw error
      messages.set(id, error)
    }
  }
  const parsed = await pool.parse(whole.map(({bytes}) => bytes))
  for (const [index, {id}] of whole.entries()) messages.set(id, parsed[index]!.message)
  return messages
}

/**
 * Pulls new mail from an IMAP mailbox: each message once, none missed, whatever the server does in between.
 *
 * A run asks STATUS; where nothing can be new that was all. Else it opens the mailbox, lists the UIDs around the
 * cursor, leaves out what the ledger has, fetches the rest in sets, and compares what was asked for with what came.
 */
import type {Content, Cursor, Delivery, Outcome, Receive, Source, SourceRun} from '../channel/delivery.ts'
import {type Clock, type Instant, systemClock} from '../clock.ts'
import type {ImapAccount, ImapConnectOptions} from './connect.ts'
import {imapContents, LARGE, type Wanted} from './contents.ts'
import {applyEffects, checkEffects, type Effects} from './effects.ts'
import {
  fetchMetadata,
  mailboxStatus,
  type Metadata,
  METADATA_ROWS,
  metadataCount,
  type OpenMailbox,
  searchUids,
} from './mailbox.ts'
import {identityOf, isUnchanged, keyOf, type Place, placeIn, readPlace, toCursor, uidOf, UNSTABLE} from './place.ts'
import {imapSession, type Session} from './session.ts'

export interface ImapSourceOptions extends ImapConnectOptions {
  /** Bytes above which only the header of a message is fetched. */
  readonly sizeLimit: number
  /** Bytes above which a message is streamed; BIG_BYTES where it is left out. */
  readonly bigLimit?: number
  /** Mark messages as seen after they are committed. */
  readonly markSeen?: boolean
  /** Move messages to this mailbox after they are committed. */
  readonly moveTo?: string
  readonly clock?: Clock
}

/** A batch is one transaction of the reception; a whole one is fetched again after a crash. */
const BATCH_MESSAGES = 200
const BATCH_BYTES = 16 * 2 ** 20
/**
 * Larger messages are streamed. Four of this size fill a batch, so three batches in flight stay below 50 MB, and
 * nearly all mail is fetched many at a time: a stream costs a round trip per megabyte and a transaction of its own.
 */
const BIG_BYTES = 4 * 2 ** 20
/** Batches handed over and not yet durable, while the next one is fetched. */
const PENDING_BATCHES = 2
/** UIDs below the cursor that are listed again in each run: some servers show a message late, below newer ones. */
const WINDOW = 1000
/** All UIDs are compared with the ledger once a day. */
const RECONCILE_MS = 24 * 3_600_000
/** After a lost connection `wait` rests, so that a server that hangs up on everyone is not asked in a loop. */
const RECONNECT_MS = 10_000

/** The IMAP mailbox of `account` as a source. It keeps its connection between runs until `close`. */
export function imapSource(account: ImapAccount, options: ImapSourceOptions): Source {
  const session = imapSession(account, options)
  return {
    run: (receive, run) => session.during(run.signal, () => pull(session, account, options, receive, run)),
    wait: (timeoutMs, signal) => session.during(signal, () => waitForNews(session, timeoutMs, signal)),
    async close() {
      session.close()
    },
  }
}

// A run -----------------------------------------------------------------------------------------------------------

async function pull(
  session: Session,
  account: ImapAccount,
  options: ImapSourceOptions,
  receive: Receive,
  run: SourceRun,
): Promise<Cursor | null> {
  const {signal, ledger, limit = Infinity, since} = run
  const clock = options.clock ?? systemClock
  const effects: Effects | null =
    !run.readOnly && (options.markSeen === true || options.moveTo !== undefined)
      ? {markSeen: options.markSeen === true, moveTo: options.moveTo ?? null}
      : null
  let reached = run.cursor
  const pending: Pending[] = []
  try {
    signal.throwIfAborted()
    const known = readPlace(run.cursor)
    const now = clock.now()
    const full = reconcileIsDue(known, now)
    const somethingDue =
      known !== null &&
      ((await ledger.due(known.epoch)).length > 0 ||
        (effects !== null && (await ledger.unfinished(known.epoch)).length > 0))
    const askOnly = known !== null && !full && !somethingDue
    // On an open mailbox STATUS is discouraged (RFC 9051 6.3.11), and opening it again costs the same round trip.
    if (askOnly && !session.isOpen()) {
      const status = await mailboxStatus(await session.connect(), account)
      if (status && isUnchanged(known, status)) return run.cursor
    }
    const mailbox = await session.open(effects !== null)
    if (askOnly && isUnchanged(known, mailbox)) return run.cursor
    if (effects) checkEffects(session, account, effects)

    const place = placeIn(known, mailbox)
    const listing = await list(session, account, mailbox, place, run, full || place.reconciledAt === null)
    if (effects) await finishEffects(await ledger.unfinished(place.epoch), listing.uidOf)
    const {waiting} = listing
    const end: Place = {
      ...place,
      lowest: Math.max(place.lowest, place.uidNext ?? 1, listing.above),
      reconciledAt: listing.full ? now : place.reconciledAt,
    }
    const expected = Math.min(
      limit,
      since === undefined ? waiting.length : await countSince(session, account, mailbox, waiting, since),
    )
    if (expected > 0 && run.confirm && !(await run.confirm(expected))) return run.cursor
    let taken = 0
    run.onProgress?.({expected, taken})

    /** The place that is reached once the first `count` waiting messages are settled. */
    const placeAfter = (count: number): Place => {
      let next = count
      while (next < waiting.length && !waiting[next]!.holds) next++
      return next < waiting.length ? {...place, lowest: waiting[next]!.uid} : {...end, reconciledAt: place.reconciledAt}
    }
    const toDelivery = (message: Waiting, content: Content): Delivery => ({
      item: {epoch: place.epoch, key: message.key},
      content,
      envelope: null,
      receivedAt: message.metadata?.receivedAt?.toISOString() ?? now,
      cursor: toCursor(placeAfter(message.position + 1)),
    })
    const hand = (deliveries: readonly Delivery[], release?: () => Promise<void>) => {
      if (deliveries.length > 0) pending.push(handOver(receive, deliveries, release))
    }
    /** Waits until at most `most` batches are not durable yet, and does to the durable ones what is to be done. */
    const settle = async (most: number) => {
      while (pending.length > most || pending[0]?.settled === true) {
        const {deliveries, outcomes} = pending[0]!
        const received = await outcomes
        pending.shift()
        reached = deliveries.at(-1)!.cursor
        taken += deliveries.filter(({content}) => content.kind !== 'deferred').length
        run.onProgress?.({expected: Math.max(expected, taken), taken})
        if (effects && !signal.aborted) await finishEffects(committedWhole(deliveries, received), listing.uidOf)
      }
    }
    /** `finished` also for what cannot be done any more: the message under that UID may be another one by now. */
    async function finishEffects(keys: readonly string[], uidOfKey: (key: string) => number | null) {
      const uids = keys.map(uidOfKey).filter((uid) => uid !== null)
      await applyEffects(session, account, effects!, uids)
      if (keys.length > 0) await ledger.finished(place.epoch, keys)
    }

    const contents = imapContents(session, account, options.sizeLimit, signal)
    const takeBatch = async (batch: readonly Planned[]) => {
      await settle(PENDING_BATCHES)
      signal.throwIfAborted()
      const wanted = batch.filter(({how}) => how === 'small').map(({message}) => wantedOf(message))
      const {found, fault} = await contents.small(wanted)
      let deliveries: Delivery[] = []
      try {
        for (const {message, how} of batch) {
          if (how === 'deferred') deliveries.push(toDelivery(message, {kind: 'deferred'}))
          else if (how === 'oversized')
            deliveries.push(toDelivery(message, await contents.oversized(wantedOf(message))))
          else {
            const content = found.get(message.uid)
            if (content === undefined) throw fault
            if (content !== LARGE) deliveries.push(toDelivery(message, content))
            else {
              hand(deliveries)
              deliveries = []
              await takeLarge(message)
            }
          }
        }
      } finally {
        // Also what came before a fault is kept.
        hand(deliveries)
      }
    }
    const takeLarge = async (message: Waiting) => {
      await settle(PENDING_BATCHES)
      signal.throwIfAborted()
      const {content, release} = await contents.large(wantedOf(message))
      hand([toDelivery(message, content)], release)
    }

    let counted = 0
    let planned = 0
    while (planned < waiting.length && counted < limit) {
      signal.throwIfAborted()
      const chunk = await withMetadata(session, waiting.slice(planned, planned + METADATA_ROWS))
      let batch: Planned[] = []
      let bytes = 0
      for (const message of chunk) {
        if (counted >= limit) break
        planned++
        const how = howToFetch(message.metadata, since, options)
        if (how !== 'deferred') counted++
        const size = how === 'small' ? (message.metadata?.size ?? 0) : 0
        if (how === 'large' || batch.length === BATCH_MESSAGES || bytes + size > BATCH_BYTES) {
          if (batch.length > 0) await takeBatch(batch)
          batch = []
          bytes = 0
        }
        if (how === 'large') await takeLarge(message)
        else batch.push({message, how})
        bytes += size
      }
      if (batch.length > 0) await takeBatch(batch)
    }
    await settle(0)
    return toCursor({...placeAfter(planned), reconciledAt: end.reconciledAt})
  } catch (error) {
    // Nobody commits after the run has ended.
    const late = await Promise.allSettled(pending.map(({outcomes}) => outcomes))
    if (!signal.aborted) throw error
    for (const [index, {status}] of late.entries()) {
      if (status !== 'fulfilled') break
      reached = pending[index]!.deliveries.at(-1)!.cursor
    }
    return reached
  }
}

/** A batch that was handed over. */
interface Pending {
  readonly deliveries: readonly Delivery[]
  readonly outcomes: Promise<readonly Outcome[]>
  settled: boolean
}

function handOver(receive: Receive, deliveries: readonly Delivery[], release = async () => {}): Pending {
  const receiveAndRelease = async () => {
    try {
      return await receive(deliveries)
    } finally {
      await release()
    }
  }
  const batch: Pending = {deliveries, outcomes: receiveAndRelease(), settled: false}
  const settled = () => {
    batch.settled = true
  }
  // Looked at in its turn; until then a rejection must not count as unhandled.
  batch.outcomes.then(settled, settled)
  return batch
}

/**
 * The keys of what was taken whole and kept. An oversized message stays where it is: it can be fetched later only
 * from there.
 */
function committedWhole(deliveries: readonly Delivery[], outcomes: readonly Outcome[]): string[] {
  const skipped = new Set(outcomes.filter(({kind}) => kind === 'skipped').map(({item}) => item.key))
  return deliveries
    .filter(({content, item}) => (content.kind === 'raw' || content.kind === 'stream') && !skipped.has(item.key))
    .map(({item}) => item.key)
}

function reconcileIsDue(known: Place | null, now: Instant): boolean {
  if (known === null || known.reconciledAt === null) return true
  return Date.parse(now) - Date.parse(known.reconciledAt) >= RECONCILE_MS
}

// What waits ------------------------------------------------------------------------------------------------------

/** A message that the ledger does not call settled. */
interface Waiting {
  readonly uid: number
  readonly key: string
  /** Its place in the order of taking. */
  readonly position: number
  /** False for one that the ledger itself remembers as due: it does not hold the cursor back. */
  readonly holds: boolean
  readonly metadata?: Metadata
}

interface Planned {
  readonly message: Waiting
  readonly how: 'small' | 'oversized' | 'deferred'
}

interface Listing {
  /** In the order of their UIDs, the oldest first. */
  readonly waiting: readonly Waiting[]
  /** True where every UID of the mailbox was compared. */
  readonly full: boolean
  /** A UID above all that were listed. */
  readonly above: number
  readonly uidOf: (key: string) => number | null
}

async function list(
  session: Session,
  account: ImapAccount,
  mailbox: OpenMailbox,
  place: Place,
  {ledger}: SourceRun,
  full: boolean,
): Promise<Listing> {
  const unstable = place.epoch === UNSTABLE
  const from = full || unstable ? 1 : Math.max(1, place.lowest - WINDOW)
  const uids = await searchUids(session.opened(), account, from, mailbox.exists)
  const above = (uids.at(-1) ?? 0) + 1
  const due = new Set(await ledger.due(place.epoch))
  if (unstable) {
    // UIDs mean nothing here, so everything is listed and named by what it is.
    const settled = await ledger.settled(place.epoch, '')
    const named = new Map<string, Waiting>()
    for (let done = 0; done < uids.length;) {
      const chunk = uids.slice(done, done + METADATA_ROWS)
      const rows = await fetchMetadata(session.opened(), chunk, {identity: true})
      for (const [uid, metadata] of rows) {
        const key = identityOf(metadata)
        if (!named.has(key)) named.set(key, {uid, key, metadata, holds: true, position: 0})
      }
      done += metadataCount(chunk)
    }
    const waiting = [...named.values()]
      .filter(({key}) => !settled.has(key) || due.has(key))
      .sort((a, b) => a.uid - b.uid)
    return {waiting: numbered(waiting), full: true, above: 1, uidOf: (key) => named.get(key)?.uid ?? null}
  }
  const settled = await ledger.settled(place.epoch, keyOf(from, place))
  const waiting = uids
    .map((uid) => ({uid, key: keyOf(uid, place), holds: true, position: 0}))
    .filter(({key}) => !settled.has(key) && !due.has(key))
  for (const key of due) {
    const uid = uidOf(key, place)
    if (uid !== null) waiting.push({uid, key, holds: false, position: 0})
  }
  waiting.sort((a, b) => a.uid - b.uid)
  return {waiting: numbered(waiting), full: from === 1, above, uidOf: (key) => uidOf(key, place)}
}

const numbered = (waiting: readonly Waiting[]) => waiting.map((message, position) => ({...message, position}))

/** At most how many of the waiting messages are not older than `since`. SEARCH knows only days, without a zone. */
async function countSince(
  session: Session,
  account: ImapAccount,
  mailbox: OpenMailbox,
  waiting: readonly Waiting[],
  since: Instant,
): Promise<number> {
  if (waiting.length === 0) return 0
  const dayBefore = new Date(Date.parse(since) - 24 * 3_600_000)
  const young = new Set(await searchUids(session.opened(), account, waiting[0]!.uid, mailbox.exists, dayBefore))
  return waiting.filter(({uid}) => young.has(uid)).length
}

/** The front of `messages`, as many as one command takes, with their metadata where the server gives it. */
async function withMetadata(session: Session, messages: readonly Waiting[]): Promise<Waiting[]> {
  if (messages[0]?.metadata !== undefined) return [...messages]
  const uids = messages.map(({uid}) => uid)
  const chunk = messages.slice(0, metadataCount(uids))
  const rows = await fetchMetadata(session.opened(), uids.slice(0, chunk.length))
  return chunk.map((message) => {
    const metadata = rows.get(message.uid)
    return metadata ? {...message, metadata} : message
  })
}

/** A message without metadata is fetched as a small one: in pieces, should it not come at once. */
function howToFetch(
  metadata: Metadata | undefined,
  since: Instant | undefined,
  {sizeLimit, bigLimit = BIG_BYTES}: ImapSourceOptions,
): Planned['how'] | 'large' {
  if (since !== undefined && metadata?.receivedAt && metadata.receivedAt.toISOString() < since) return 'deferred'
  const size = metadata?.size ?? 0
  if (size > sizeLimit) return 'oversized'
  return size > bigLimit ? 'large' : 'small'
}

const wantedOf = ({uid, metadata}: Waiting): Wanted => ({uid, size: metadata?.size ?? 0})

// Waiting --------------------------------------------------------------------------------------

/** IDLE (RFC 2177) as a doorbell; a timer where the server has none or the connection is gone. Never rejects. */
async function waitForNews(session: Session, timeoutMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || session.takeRing()) return
  const stop = new AbortController()
  const until = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve()
      const timer = setTimeout(resolve, milliseconds)
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      signal.addEventListener('abort', end, {once: true, signal: stop.signal})
      stop.signal.addEventListener('abort', end, {once: true})
    })
  const bell = Promise.withResolvers<'rang'>()
  const off = session.onRing(() => bell.resolve('rang'))
  const began = Date.now()
  try {
    const connection = session.current()
    if (connection?.client.capabilities.has('IDLE') === true) {
      // What comes between the end of the run and this opening is announced by nothing: it shows in UIDNEXT only.
      // So the first wait only opens the mailbox, and the run that follows compares.
      if (!session.isOpen()) return void (await session.open(false))
      if (!connection.client.idling) connection.client.idle().catch(() => {})
    }
    const lost = new Promise<'lost'>((resolve) => connection?.client.once('close', () => resolve('lost')))
    const why = await Promise.race([bell.promise, until(timeoutMs), lost])
    if (why === 'lost') await until(Math.min(RECONNECT_MS, timeoutMs - (Date.now() - began)))
  } catch {
    await until(Math.min(RECONNECT_MS, timeoutMs))
  } finally {
    off()
    stop.abort()
  }
}

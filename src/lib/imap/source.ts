/**
 * Pulls new mail from an IMAP mailbox: each message once, none missed, whatever the server does in between.
 *
 * A run asks STATUS; where nothing can be new that was all. Else it opens the mailbox, lists the UIDs around the
 * cursor, leaves out what the ledger has, fetches the rest in sets, and compares what was asked for with what came.
 */
import type {Content, Cursor, Delivery, Receive, Source, SourceRun} from '../channel/delivery.ts'
import {type Clock, type Instant, systemClock} from '../clock.ts'
import type {ImapAccount, ImapConnectOptions} from './connect.ts'
import {imapContents, LARGE} from './contents.ts'
import {applyEffects, checkEffects, type Effects} from './effects.ts'
import {createHandover, type Handover} from './handover.ts'
import {mailboxStatus, METADATA_ROWS, type OpenMailbox} from './mailbox.ts'
import {epochsOf, isUnchanged, type Place, placeIn, readPlace, toCursor} from './place.ts'
import {imapSession, type Session} from './session.ts'
import {
  countSince,
  howToFetch,
  type Listing,
  listWaiting,
  type Planned,
  type Waiting,
  wantedOf,
  withMetadata,
} from './waiting.ts'

export interface ImapSourceOptions extends ImapConnectOptions {
  /** Bytes above which only the header of a message is fetched. */
  readonly sizeLimit: number
  /** Bytes above which a message is streamed; 4 MB where it is left out. */
  readonly bigLimit?: number
  /** Mark messages as seen after they are committed. */
  readonly markSeen?: boolean
  /** Move messages to this mailbox after they are committed. */
  readonly moveTo?: string
  readonly clock?: Clock
}

/**
 * A batch is one transaction of the reception; a whole one is fetched again after a crash. With 100 messages a
 * transaction stays below 50 ms, and memory 40 MB below that of 200, which are no faster.
 */
const BATCH_MESSAGES = 100
const BATCH_BYTES = 8 * 2 ** 20
/** Batches handed over and not yet durable, while the next one is fetched. */
const PENDING_BATCHES = 2
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
  const {signal} = run
  let finish = async () => run.cursor
  try {
    signal.throwIfAborted()
    const now = (options.clock ?? systemClock).now()
    const known = readPlace(run.cursor)
    const effects = effectsOf(options, run)
    const mailbox = await openUnlessIdle(session, account, run, known, effects, now)
    if (mailbox === null) return run.cursor
    if (effects) checkEffects(session, account, effects)
    const place = placeIn(known, mailbox)
    const listing = await listWaiting(session, account, mailbox, place, run.ledger, reconcileIsDue(place, now))
    const {waiting} = listing

    /**
     * The ledger names what was committed and is kept whole: only that may leave its place. `finished` also for what
     * cannot be done any more: the message under that UID may be another one by now.
     */
    const finishEffects = async () => {
      if (effects === null || signal.aborted) return
      for (const epoch of epochsOf(place)) {
        const keys = await run.ledger.unfinished(epoch)
        if (keys.length === 0) continue
        const uids = keys.map((key) => listing.uidOf({epoch, key})).filter((uid) => uid !== null)
        await applyEffects(session, account, effects, uids)
        await run.ledger.finished(epoch, keys)
      }
    }
    await finishEffects()

    const {limit = Infinity, since} = run
    const young = since === undefined ? waiting.length : await countSince(session, account, mailbox, waiting, since)
    const expected = Math.min(limit, young)
    if (expected > 0 && run.confirm && !(await run.confirm(expected))) return run.cursor
    let taken = 0
    run.onProgress?.({expected, taken})
    const handover = createHandover(receive, run.cursor, async (deliveries) => {
      taken += deliveries.filter(({content}) => content.kind !== 'deferred').length
      run.onProgress?.({expected: Math.max(expected, taken), taken})
      await finishEffects()
    })
    finish = () => handover.finish()

    const end: Place = {...place, lowest: Math.max(place.lowest, place.uidNext ?? 1, listing.above)}
    /** The place that is reached once the first `count` waiting messages are settled. */
    const placeAfter = (count: number): Place => {
      let next = count
      while (next < waiting.length && !waiting[next]!.holds) next++
      return next < waiting.length ? {...place, lowest: waiting[next]!.uid} : end
    }
    const toDelivery = ({item, position, metadata}: Waiting, content: Content): Delivery => ({
      item,
      content,
      envelope: null,
      receivedAt: metadata?.receivedAt?.toISOString() ?? now,
      cursor: toCursor(placeAfter(position + 1)),
    })
    const planned = await takeAll(session, account, options, run, listing, handover, toDelivery)
    return toCursor({...placeAfter(planned), reconciledAt: listing.full ? now : place.reconciledAt})
  } catch (error) {
    const reached = await finish()
    // Cutting the connection is how a run is stopped, so its errors are no news then.
    if (signal.aborted) return reached
    throw error
  }
}

function effectsOf({markSeen = false, moveTo}: ImapSourceOptions, {readOnly}: SourceRun): Effects | null {
  return readOnly || (!markSeen && moveTo === undefined) ? null : {markSeen, moveTo: moveTo ?? null}
}

/** The mailbox, opened; null where one command told that there is nothing to do in it. */
async function openUnlessIdle(
  session: Session,
  account: ImapAccount,
  {ledger}: SourceRun,
  known: Place | null,
  effects: Effects | null,
  now: Instant,
): Promise<OpenMailbox | null> {
  const isIdle = async (epoch: string) =>
    (await ledger.due(epoch)).length === 0 && (effects === null || (await ledger.unfinished(epoch)).length === 0)
  const nothingDue =
    known !== null &&
    !reconcileIsDue(known, now) &&
    (await Promise.all(epochsOf(known).map(isIdle))).every((idle) => idle)
  // On an open mailbox STATUS is discouraged (RFC 9051 6.3.11), and opening it again costs the same round trip.
  if (nothingDue && !session.isOpen()) {
    const status = await mailboxStatus(await session.connect(), account)
    if (status && isUnchanged(known, status)) return null
  }
  const mailbox = await session.open(effects !== null)
  return nothingDue && isUnchanged(known, mailbox) ? null : mailbox
}

function reconcileIsDue({reconciledAt}: Place, now: Instant): boolean {
  return reconciledAt === null || Date.parse(now) - Date.parse(reconciledAt) >= RECONCILE_MS
}

/** Takes the waiting messages in order, up to the limit. Gives how many were taken or deferred. */
async function takeAll(
  session: Session,
  account: ImapAccount,
  options: ImapSourceOptions,
  {signal, since, limit = Infinity}: SourceRun,
  {waiting, settled}: Listing,
  handover: Handover,
  toDelivery: (message: Waiting, content: Content) => Delivery,
): Promise<number> {
  const contents = imapContents(session, account, options.sizeLimit, signal, settled)
  const ready = async () => {
    await handover.settle(PENDING_BATCHES)
    signal.throwIfAborted()
  }
  const takeLarge = async (message: Waiting) => {
    await ready()
    const {content, release} = await contents.large(wantedOf(message))
    handover.hand([toDelivery(message, content)], release)
  }
  const takeBatch = async (batch: readonly Planned[]) => {
    if (batch.length === 0) return
    await ready()
    const {found, fault} = await contents.small(
      batch.filter(({how}) => how === 'small').map(({message}) => wantedOf(message)),
    )
    let deliveries: Delivery[] = []
    try {
      for (const {message, how} of batch) {
        if (how === 'deferred') deliveries.push(toDelivery(message, {kind: 'deferred'}))
        else if (how === 'oversized') deliveries.push(toDelivery(message, await contents.oversized(wantedOf(message))))
        else {
          const content = found.get(message.uid)
          if (content === undefined) throw fault
          if (content !== LARGE) deliveries.push(toDelivery(message, content))
          else {
            handover.hand(deliveries)
            deliveries = []
            await takeLarge(message)
          }
        }
      }
    } finally {
      // What came before a fault is kept, but nothing new is begun after a stop.
      if (!signal.aborted) handover.hand(deliveries)
    }
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
        await takeBatch(batch)
        batch = []
        bytes = 0
      }
      if (how === 'large') await takeLarge(message)
      else batch.push({message, how})
      bytes += size
    }
    await takeBatch(batch)
  }
  await handover.settle(0)
  return planned
}

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
  const lost = Promise.withResolvers<'lost'>()
  const lose = () => lost.resolve('lost')
  const connection = session.current()
  const off = session.onRing(() => bell.resolve('rang'))
  const began = Date.now()
  try {
    if (connection?.client.capabilities.has('IDLE') === true) {
      // What comes between the end of the run and this opening is announced by nothing: it shows in UIDNEXT only.
      // So the first wait only opens the mailbox, and the run that follows compares.
      if (!session.isOpen()) return void (await session.open(false))
      if (!connection.client.idling) connection.client.idle().catch(() => {})
    }
    connection?.client.once('close', lose)
    const why = await Promise.race([bell.promise, until(timeoutMs), lost.promise])
    if (why === 'lost') await until(Math.min(RECONNECT_MS, timeoutMs - (Date.now() - began)))
  } catch {
    await until(Math.min(RECONNECT_MS, timeoutMs))
  } finally {
    off()
    connection?.client.off('close', lose)
    stop.abort()
  }
}

/**
 * Which messages of a mailbox wait to be taken, in which order, and how each is to be fetched.
 */
import {createHash} from 'node:crypto'
import type {ItemKey, Ledger} from '../channel/delivery.ts'
import type {Instant} from '../clock.ts'
import type {ImapAccount} from './connect.ts'
import {isRefusal, type Wanted} from './contents.ts'
import {
  fetchMetadata,
  fetchPiece,
  isPresent,
  type Metadata,
  METADATA_ROWS,
  metadataCount,
  type OpenMailbox,
  searchUids,
} from './mailbox.ts'
import {epochsOf, identityOf, itemOf, keyOf, type Place, uidOf, UNSTABLE} from './place.ts'
import type {Session} from './session.ts'

/**
 * Larger messages are streamed. Four of this size fill a batch, so three batches in flight stay below 50 MB, and
 * nearly all mail is fetched many at a time: a stream costs a round trip per megabyte and a transaction of its own.
 */
const BIG_BYTES = 4 * 2 ** 20
/** UIDs below the cursor that are listed again in each run: some servers show a message late, below newer ones. */
const WINDOW = 1000
/** Settled messages that are named to compare refused ones with. */
const COMPARED = 2
/** The beginning of a message, by which it is known where the server tells nothing else of it. */
const BEGINNING_BYTES = 64 * 2 ** 10

/** A message that the ledger does not call settled. */
export interface Waiting {
  readonly uid: number
  readonly item: ItemKey
  /** Its place in the order of taking. */
  readonly position: number
  /** False for one that the ledger itself remembers as due: it does not hold the cursor back. */
  readonly holds: boolean
  readonly metadata?: Metadata
}

export interface Planned {
  readonly message: Waiting
  readonly how: 'small' | 'oversized' | 'deferred'
}

export interface Listing {
  /** In the order of their UIDs, the oldest first. */
  readonly waiting: readonly Waiting[]
  /** True where every UID of the mailbox was compared. */
  readonly full: boolean
  /** A UID above all that were listed. */
  readonly above: number
  readonly uidOf: (item: ItemKey) => number | null
  /** Some UIDs that are listed and settled. */
  readonly settled: readonly number[]
}

/** Lists what waits around `place`, or in the whole mailbox with `full`, and leaves out what the ledger has. */
export async function listWaiting(
  session: Session,
  account: ImapAccount,
  mailbox: OpenMailbox,
  place: Place,
  ledger: Ledger,
  full: boolean,
): Promise<Listing> {
  const unstable = place.epoch === UNSTABLE
  const from = full || unstable ? 1 : Math.max(1, place.lowest - WINDOW)
  const uids = await searchUids(session.opened(), account, from, mailbox.exists)
  const above = (uids.at(-1) ?? 0) + 1
  if (unstable) {
    const due = new Set(await ledger.due(place.epoch))
    // UIDs mean nothing here, so everything is listed and named by what it is.
    const settled = await ledger.settled(place.epoch, '')
    const named = new Map<string, Waiting>()
    for (let done = 0; done < uids.length;) {
      const chunk = uids.slice(done, done + METADATA_ROWS)
      const rows = await fetchMetadata(session.opened(), chunk, {identity: true})
      const asked = chunk.slice(0, metadataCount(chunk))
      for (const uid of asked) {
        const found = namedBy(rows.get(uid)) ?? (await nameAlone(session, account, uid))
        if (found === null) continue
        const {key, ...more} = found
        if (!named.has(key))
          named.set(key, {uid, item: {epoch: place.epoch, key}, holds: !due.has(key), position: 0, ...more})
      }
      done += asked.length
    }
    const waiting = [...named.values()]
      .filter(({item: {key}}) => !settled.has(key) || due.has(key))
      .sort((a, b) => a.uid - b.uid)
    return {
      waiting: numbered(waiting),
      full: true,
      above: 1,
      uidOf: ({key}) => named.get(key)?.uid ?? null,
      settled: [],
    }
  }
  // A UID is an item of one epoch only, so the keys of all epochs can be UIDs here.
  const known = new Set<number>()
  const waiting: Waiting[] = []
  for (const epoch of epochsOf(place)) {
    for (const key of await ledger.settled(epoch, keyOf(from))) {
      const uid = uidOf({epoch, key}, place)
      if (uid !== null) known.add(uid)
    }
    for (const key of await ledger.due(epoch)) {
      const item = {epoch, key}
      const uid = uidOf(item, place)
      if (uid === null) continue
      known.add(uid)
      waiting.push({uid, item, holds: false, position: 0})
    }
  }
  for (const uid of uids) if (!known.has(uid)) waiting.push({uid, item: itemOf(uid, place), holds: true, position: 0})
  waiting.sort((a, b) => a.uid - b.uid)
  const due = new Set(waiting.map(({uid}) => uid))
  const came = uids.filter((uid) => known.has(uid) && !due.has(uid)).slice(-COMPARED)
  return {waiting: numbered(waiting), full: from === 1, above, uidOf: (item) => uidOf(item, place), settled: came}
}

/** What a message of an unstable mailbox is called. */
interface Named {
  readonly key: string
  readonly metadata?: Metadata
}

const namedBy = (metadata: Metadata | undefined): Named | null =>
  metadata ? {key: identityOf(metadata), metadata} : null

/**
 * A message of an unstable mailbox that gave no row among others: by its row alone, else by how it begins, else by a
 * UID that holds for this session only, which is enough to say that it does not come. Null where it is not there.
 */
async function nameAlone(session: Session, account: ImapAccount, uid: number): Promise<Named | null> {
  const unlessRefused = async <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      if (isRefusal(error)) return null
      throw error
    })
  const rows = await unlessRefused(fetchMetadata(session.opened(), [uid], {identity: true}))
  const named = namedBy(rows?.get(uid))
  if (named) return named
  const beginning = await unlessRefused(fetchPiece(session.opened(), uid, 0, BEGINNING_BYTES))
  if (beginning && beginning.bytes.length > 0) {
    const bytes = beginning.bytes.subarray(0, BEGINNING_BYTES)
    return {key: `begins-${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`}
  }
  return (await isPresent(session.opened(), account, uid)) ? {key: `uid-${keyOf(uid)}`} : null
}

const numbered = (waiting: readonly Waiting[]) => waiting.map((message, position) => ({...message, position}))

/** At most how many of the waiting messages are not older than `since`. SEARCH knows only days, without a zone. */
export async function countSince(
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
export async function withMetadata(session: Session, messages: readonly Waiting[]): Promise<Waiting[]> {
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
export function howToFetch(
  metadata: Metadata | undefined,
  since: Instant | undefined,
  {sizeLimit, bigLimit = BIG_BYTES}: {readonly sizeLimit: number; readonly bigLimit?: number},
): Planned['how'] | 'large' {
  if (since !== undefined && metadata?.receivedAt && metadata.receivedAt.toISOString() < since) return 'deferred'
  const size = metadata?.size ?? 0
  if (size > sizeLimit) return 'oversized'
  return size > bigLimit ? 'large' : 'small'
}

/** What is to be fetched of it. */
export const wantedOf = ({uid, metadata, holds}: Waiting): Wanted => ({uid, size: metadata?.size ?? 0, again: !holds})

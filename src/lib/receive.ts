/**
 * A message's way in, where edges, intake and store meet: the raw bytes are parsed, the facts gathered, the decision
 * taken and committed, all of a batch in one transaction. Content never throws; infrastructure does, and then nothing of
 * the batch is there and the cursor has not moved.
 */
import {writeAutoReply} from './auto-reply-mail.ts'
import type {Content, Delivery, Outcome, Receive, Timings} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {messageOf, notFound, PostdeskError} from './errors.ts'
import {decide, learn} from './intake/decide.ts'
import type {Arrival, Decision, Facts, QuarantineReason, SourceFacts} from './intake/facts.ts'
import {judge} from './intake/judge.ts'
import {matchRecipient} from './intake/match-recipient.ts'
import {outcomeOf, skipped, withheld} from './intake/outcome.ts'
import {layOver, ticketsDecidedOn} from './laid-over.ts'
import type {Log} from './log.ts'
import type {Message} from './message/message.ts'
import {parseFacts, parseStream} from './message/parse.ts'
import type {ParsePool} from './message/parse-pool.ts'
import {compressChunks} from './message/raw-chunks.ts'
import {readRawMail} from './raw-mail.ts'
import {releaseMemory} from './release-memory.ts'
import type {SenderCheck} from './sender-check.ts'
import {commit, plannedIds, type Answered, type Planned, type RawContent} from './store/commit.ts'
import {gatherFacts} from './store/gather-facts.ts'
import type {Store} from './store/open.ts'
import {lockPortal, type PortalRow} from './store/portals.ts'
import {appendRaw, beginRaw, dropRaw} from './store/raw.ts'
import type {Tx} from './store/schema.ts'
import {fence, type Lease} from './store/sources.ts'

export interface ReceiveContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly source: SourceFacts
  /** Null for sources that nobody else can pull, such as an MTA's pipe. */
  readonly lease: Lease | null
  /** True where the inbound asks for something on the server once a mail is in. */
  readonly effects: boolean
  readonly pool: ParsePool
  /** What is known of senders, where that can matter. */
  readonly checkSender: SenderCheck
  readonly clock: Clock
  readonly log: Log
  readonly timings: Pick<Timings, 'commitMs'>
  /** Ends the writing of a large mail between two pieces, and rejects with its reason. Batches are committed all the same. */
  readonly signal?: AbortSignal
}

/** The header of a mail over the size limit that is kept, in bytes: enough for every field a person looks at. */
const KEPT_HEADER_BYTES = 64 * 1024

/** The reception of one source. Calls may overlap: batches are parsed at once, and committed in the order of the calls. */
export function createReceive(context: ReceiveContext): Receive {
  let committed: Promise<unknown> = Promise.resolve()
  return async (deliveries) => {
    const before = committed
    const prepared = prepareAll(deliveries, context)
    const done = (async () => {
      const items = await prepared
      // A batch never overtakes the one before it, and is not committed when that failed: the cursor would skip it.
      await before
      try {
        return await commitBatch(items, deliveries, context)
      } catch (error) {
        await dropUnfinished(items, context)
        throw error
      } finally {
        release(items, deliveries)
      }
    })()
    committed = done
    // Whoever called gets the failure; the next batch sees it through `before`.
    committed.catch(() => {})
    return done
  }
}

/** Large mails that were written for a batch that failed. Where even that fails, the next sweep finds them. */
async function dropUnfinished(items: readonly Prepared[], {store, portal, log}: ReceiveContext): Promise<void> {
  for (const item of items)
    if (item.kind === 'arrived' && 'rawId' in item.raw)
      await dropRaw(store.db, portal.id, item.raw.rawId).catch((error: unknown) =>
        log('raw not dropped', {error: String(error)}),
      )
}

/** A batch that is durable is not read again. */
function release(items: readonly Prepared[], deliveries: readonly Delivery[]): void {
  for (const {content} of deliveries) if (content.kind === 'raw') releaseOwn(content.bytes)
  for (const item of items)
    if (item.kind === 'arrived' && 'chunks' in item.raw)
      for (const {data} of item.raw.chunks) releaseMemory(data.buffer)
}

/** Memory that is shared with others is theirs as well. */
function releaseOwn(bytes: Uint8Array): void {
  if (bytes.byteLength === bytes.buffer.byteLength) releaseMemory(bytes.buffer)
}

/**
 * The reception of a dry run: the same decisions over the same facts, and nothing is written. Calls may overlap: an
 * answer must find the mail before it, so batches are decided in the order of the calls.
 */
export function createDryRun(context: Omit<ReceiveContext, 'lease' | 'effects'>): Receive {
  let facts: Facts | null = null
  let seen = 0
  let decided: Promise<unknown> = Promise.resolve()
  const decideAll = async (deliveries: readonly Delivery[], before: Promise<unknown>) => {
    const items = await Promise.all(deliveries.map((delivery) => readOnly(delivery, context)))
    await before
    const asked = askedOf(items)
    const fresh = await gatherFacts(
      context.store.db,
      context.store.dialect,
      context.portal,
      asked,
      context.clock.now(),
      ticketsDecidedOn(
        facts,
        asked.map(({message}) => message),
      ),
    )
    facts = layOver(facts, fresh)
    const known = facts
    return items.map((item): Outcome => {
      if (item.kind !== 'arrived') return outcomeOfPlanned(item.planned)
      const decision = decide(item.arrival, known)
      learn(known, item.arrival, decision, plannedIds(seen++))
      return outcomeOf(item.arrival, decision, numberOf(decision, known))
    })
  }
  return (deliveries) => {
    const done = decideAll(deliveries, decided)
    decided = done
    // Whoever called gets the failure; the next batch sees it through `before`.
    done.catch(() => {})
    return done
  }
}

/** The number of the ticket that a mail belongs to; null where there is none yet. */
function numberOf(decision: Decision, facts: Facts): number | null {
  switch (decision.kind) {
    case 'accept':
      return decision.thread.ticket?.number ?? null
    case 'duplicate':
      return facts.tickets.get(decision.of.ticketId)?.number ?? null
    case 'probe':
    case 'quarantine':
      return null
  }
}

// Preparing -------------------------------------------------------------------------------------------------------

/** A delivery whose bytes were read, or the lack of them as it will be written. */
export type Prepared =
  | {
      readonly kind: 'arrived'
      readonly arrival: Arrival
      readonly raw: RawContent
      /** Why it is kept and not taken, whoever it is for. */
      readonly refused?: {readonly reason: QuarantineReason; readonly why: string}
    }
  | {readonly kind: 'settled'; readonly planned: Exclude<Planned, {kind: 'decided'}>}

async function prepareAll(deliveries: readonly Delivery[], context: ReceiveContext): Promise<Prepared[]> {
  const whole = deliveries.flatMap(({content}) => (content.kind === 'raw' ? [content.bytes] : []))
  const parsing = context.pool.parse(whole)
  parsing.catch(() => {}) // awaited below; a stream that fails first must not leave it unhandled
  const prepared: Prepared[] = []
  let next = 0
  for (const delivery of deliveries) {
    if (delivery.content.kind === 'raw') {
      const {message, chunks} = (await parsing)[next++]!
      prepared.push(arrived(delivery, message, {chunks}, context))
    } else if (delivery.content.kind === 'stream') prepared.push(await storeStream(delivery, delivery.content, context))
    else prepared.push({kind: 'settled', planned: settledBy(delivery, delivery.content)})
  }
  // All at once: they wait for the DNS, not for the processor.
  return Promise.all(prepared.map((item, index) => checked(item, deliveries[index]!, context)))
}

async function checked(
  item: Prepared,
  {content}: Delivery,
  {store, portal, checkSender}: ReceiveContext,
): Promise<Prepared> {
  if (item.kind !== 'arrived' || item.refused) return item
  const {arrival, raw} = item
  const bytes =
    content.kind === 'raw'
      ? content.bytes
      : readRawMail(store.db, {
          portalId: portal.id,
          rawId: 'rawId' in raw ? raw.rawId : 0,
          size: arrival.message.size,
          name: 'A mail that arrives',
        })
  return {...item, arrival: await checkSender(arrival, bytes)}
}

const arrivalOf = (delivery: Delivery, message: Message, context: Pick<ReceiveContext, 'source'>): Arrival => ({
  item: delivery.item,
  source: context.source,
  envelope: delivery.envelope,
  receivedAt: delivery.receivedAt,
  message,
  authentication: null,
})

/** What an MTA handed in has no other copy: over the size limit it is kept whole, and waits. */
function arrived(delivery: Delivery, message: Message, raw: RawContent, context: ReceiveContext): Prepared {
  const item = {kind: 'arrived' as const, arrival: arrivalOf(delivery, message, context), raw}
  return message.size <= context.portal.max_message_size
    ? item
    : {...item, refused: {reason: 'oversized', why: tooLarge(message.size)}}
}

const tooLarge = (size: number) => `${size} bytes are more than this portal takes`

/**
 * A large mail goes into the store piece by piece while it is parsed, before the transaction that makes it a message:
 * memory stays flat, and no lock is held while the network delivers.
 */
async function storeStream(
  delivery: Delivery,
  content: Extract<Content, {kind: 'stream'}>,
  context: ReceiveContext,
): Promise<Prepared> {
  const {store, portal} = context
  const limit = context.source.kind === 'pipe' ? Number.POSITIVE_INFINITY : portal.max_message_size
  const rawId = await beginRaw(store, portal.id, context.clock.now())
  let size = 0
  let head: Uint8Array = new Uint8Array()
  async function* storing() {
    let seq = 0
    for await (const chunk of content.chunks) {
      context.signal?.throwIfAborted()
      size += chunk.length
      if (head.length < KEPT_HEADER_BYTES)
        head = Buffer.concat([head, chunk.subarray(0, KEPT_HEADER_BYTES - head.length)])
      if (size > limit) continue // read to its end, so that the sender is not blocked, and kept no longer
      const parts = compressChunks(chunk)
      for (const part of parts) await appendRaw(store, portal.id, rawId, seq++, part)
      yield chunk
      for (const bytes of [chunk, ...parts.map(({data}) => data)]) releaseOwn(bytes)
    }
  }
  const {message} = await parseStream(storing()).catch(async (error: unknown) => {
    // Where even that fails, the next sweep finds it.
    await dropRaw(store.db, portal.id, rawId).catch(() => {})
    throw error
  })
  if (size <= limit) return arrived(delivery, message, {rawId}, context)
  await dropRaw(store.db, portal.id, rawId)
  return {kind: 'settled', planned: oversized(delivery, head, size)}
}

/** As `prepareAll` for a dry run: large mail is read for its facts and not kept. */
async function readOnly(
  delivery: Delivery,
  context: Pick<ReceiveContext, 'source' | 'portal' | 'checkSender'>,
): Promise<Prepared> {
  const {content} = delivery
  if (content.kind !== 'raw' && content.kind !== 'stream')
    return {kind: 'settled', planned: settledBy(delivery, content)}
  const message = content.kind === 'raw' ? parseFacts(content.bytes) : (await parseStream(content.chunks)).message
  const arrival = arrivalOf(delivery, message, context)
  // A large mail is read once, and its signatures would need it again: its sender stays unknown here.
  const known = content.kind === 'raw' ? await context.checkSender(arrival, content.bytes) : arrival
  return {kind: 'arrived', arrival: known, raw: {chunks: []}}
}

function settledBy(
  delivery: Delivery,
  content: Exclude<Content, {kind: 'raw' | 'stream'}>,
): Exclude<Planned, {kind: 'decided'}> {
  const {item, receivedAt, envelope} = delivery
  switch (content.kind) {
    case 'oversized':
      return oversized(delivery, content.header, content.size)
    case 'poison':
      return {
        kind: 'withheld',
        item,
        reason: 'poison',
        why: content.why,
        receivedAt,
        envelope,
        message: null,
        header: null,
        size: 0,
      }
    case 'gone':
      return {kind: 'absent', item, state: 'gone', why: 'no longer in the mailbox', receivedAt}
    case 'deferred':
      return {kind: 'absent', item, state: 'deferred', why: 'older than the date asked for', receivedAt}
  }
}

function oversized(delivery: Delivery, head: Uint8Array, size: number): Exclude<Planned, {kind: 'decided'}> {
  return {
    kind: 'withheld',
    item: delivery.item,
    reason: 'oversized',
    why: tooLarge(size),
    receivedAt: delivery.receivedAt,
    envelope: delivery.envelope,
    message: parseFacts(head),
    header: head.subarray(0, KEPT_HEADER_BYTES),
    size,
  }
}

// Committing ------------------------------------------------------------------------------------------------------

const askedOf = (items: readonly Prepared[]): Arrival[] =>
  items.flatMap((item) => (item.kind === 'arrived' ? [item.arrival] : []))

async function commitBatch(
  items: readonly Prepared[],
  deliveries: readonly Delivery[],
  context: ReceiveContext,
): Promise<Outcome[]> {
  const started = performance.now()
  try {
    return await commitItems(items, deliveries.at(-1), context)
  } catch (error) {
    if (error instanceof PostdeskError) throw error
    // The store is fine and does not take something of the batch: each by itself, and only that one is set aside.
    context.log('batch refused', {error: messageOf(error), items: items.length})
    return await commitSingly(items, deliveries, context)
  } finally {
    context.timings.commitMs += performance.now() - started
  }
}

async function commitSingly(
  items: readonly Prepared[],
  deliveries: readonly Delivery[],
  context: ReceiveContext,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const [index, item] of items.entries()) {
    const delivery = deliveries[index]!
    try {
      outcomes.push(...(await commitItems([item], delivery, context)))
    } catch (error) {
      // An MTA keeps its mail when this fails; a mailbox does in any case, and must not be held up by one message.
      if (error instanceof PostdeskError || item.kind !== 'arrived' || context.source.kind === 'pipe') throw error
      if ('rawId' in item.raw) await dropRaw(context.store.db, context.portal.id, item.raw.rawId)
      context.log('message refused', {error: messageOf(error), item: delivery.item})
      const planned: Prepared = {
        kind: 'settled',
        planned: {
          kind: 'withheld',
          item: delivery.item,
          reason: 'not-storable',
          why: messageOf(error),
          receivedAt: delivery.receivedAt,
          envelope: delivery.envelope,
          message: null,
          header: delivery.content.kind === 'raw' ? delivery.content.bytes.subarray(0, KEPT_HEADER_BYTES) : null,
          size: item.arrival.message.size,
        },
      }
      outcomes.push(...(await commitItems([planned], delivery, context)))
    }
  }
  return outcomes
}

/** One transaction: the only reads, the decisions one after the other over them, and all writes. */
async function commitItems(
  items: readonly Prepared[],
  last: Delivery | undefined,
  context: ReceiveContext,
): Promise<Outcome[]> {
  const {store, portal, lease} = context
  if (last === undefined) return []
  return store.transaction(async (tx) => {
    if (lease) await fence(tx, lease, last.cursor, `the inbound of ${portal.key}`)
    return decideAndCommit(tx, items, context)
  })
}

/** The heart of reception: facts, decisions, commit. Whatever the transaction has to check stands before it. */
export async function decideAndCommit(
  tx: Tx,
  items: readonly Prepared[],
  {store, portal, source, effects, clock}: Pick<ReceiveContext, 'store' | 'portal' | 'source' | 'effects' | 'clock'>,
): Promise<Outcome[]> {
  const now = clock.now()
  // Until the commit the facts stay true, and the portal is as it is now: its domain may have changed since the start.
  const current = await lockPortal(tx, portal.id)
  if (!current) throw notFound('portal', portal.key)
  const facts = await gatherFacts(tx, store.dialect, current, askedOf(items), now)
  const planned = items.map((item, index): Planned => {
    if (item.kind === 'settled') return item.planned
    const {arrival, raw, refused} = item
    const decision = refused ? refuse(arrival, refused, facts) : decide(arrival, facts)
    learn(facts, arrival, decision, plannedIds(index))
    return {kind: 'decided', arrival, decision, raw}
  })
  const answer = (answered: Answered) => writeAutoReply(tx, current, facts, answered)
  const context = {portalId: portal.id, sourceId: source.id, now, effects, answer}
  return commit(tx, store.dialect, context, planned, facts)
}

const refuse = (
  arrival: Arrival,
  {reason, why}: {readonly reason: QuarantineReason; readonly why: string},
  facts: Facts,
): Decision => {
  const recipient = matchRecipient(arrival, facts).match
  return {kind: 'quarantine', reason, why, verdict: judge(arrival, recipient, facts), recipient}
}

// Dry run ---------------------------------------------------------------------------------------------------------

const outcomeOfPlanned = (planned: Exclude<Planned, {kind: 'decided'}>): Outcome =>
  planned.kind === 'absent'
    ? skipped(planned.item, planned.why)
    : withheld(planned.item, planned.reason, planned.why, planned.size)

/**
 * Tells what would become of mails, by the same decisions over the same facts as their reception, and writes nothing. A
 * mail sees the ones before it.
 */
import type {Readable} from 'node:stream'
import type {Clock} from './clock.ts'
import {invalidValue, type PostdeskError} from './errors.ts'
import {hearTrustedServer} from './authentication/hear-trusted-server.ts'
import {tell, tellFacts, type ReadMessage} from './explain-batch.ts'
import {readInputs, type ExplainInput} from './explain-input.ts'
import {createExplainPool, EXPLAIN_WORKERS} from './explain-pool.ts'
import {explainDecision, type OpenedTicket} from './explain-result.ts'
import {decide, learn} from './intake/decide.ts'
import type {Arrival, Decision, Facts, RowId} from './intake/facts.ts'
import {judge} from './intake/judge.ts'
import {matchRecipient} from './intake/match-recipient.ts'
import {layOver, ticketsDecidedOn} from './laid-over.ts'
import type {BatchPool} from './message/batch-pool.ts'
import {parseFacts, parseStream} from './message/parse.ts'
import {DEFAULT_MAX_MESSAGE_SIZE} from './portal.ts'
import {UNUSED_PIPE, usualSource} from './source-facts.ts'
import {plannedIds} from './store/commit.ts'
import {gatherFacts} from './store/gather-facts.ts'
import type {Store} from './store/open.ts'
import {findPortalByAddress, type PortalRow} from './store/portals.ts'
import {escapeJson} from './unsafe-text.ts'

export interface ExplainOptions {
  /** Null where there is none: then nothing is known, and no address is the portal's. */
  readonly desk: {readonly store: Store; readonly portal: PortalRow} | null
  /** Files and directories; `-` is standard input. */
  readonly paths: readonly string[]
  readonly stdin: Readable
  /** RCPT TO of all mails; where it is left out the headers decide, as for a mailbox that is pulled. */
  readonly recipient?: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  /** An input that could not be used; the others go on. */
  readonly onUnusable: (error: PostdeskError) => void
  /** A file of a directory that is no mail by its first line. */
  readonly onLeftOut: (path: string) => void
  /** A directory without a mail. */
  readonly onNoMail: (path: string) => void
}

/** A batch is one round of questions to the store, and one message to a worker. */
const BATCH_MESSAGES = 200
/** So small that a few files keep all processors busy. */
const BATCH_BYTES = 2 * 1024 * 1024
/** Batches that are read ahead for each worker: one at work, one waiting there, one to be decided. */
const BATCHES_A_WORKER = 3

/** The portal that an address belongs to; undefined where none has it. */
export const portalOfRecipient = ({db}: Store, recipient: string): Promise<PortalRow | undefined> =>
  findPortalByAddress(db, recipient)

/**
 * Explains them all, in the order given. Each piece of bytes is an `Explanation` as JSON in UTF-8 on a line, with its end,
 * in which what would act on a terminal is escaped; they come in batches.
 * @throws 64 for a recipient that is no address, 66 where none of the paths exists; both before anything is read.
 */
export async function* explain(options: ExplainOptions): AsyncGenerator<readonly Buffer[]> {
  if (options.recipient !== undefined && !options.recipient.includes('@'))
    throw invalidValue(`--recipient ${JSON.stringify(options.recipient)}`, 'it is no full address')
  const pool = createExplainPool()
  try {
    const run = await createRun(options)
    const ahead: Promise<readonly Mail[]>[] = []
    for await (const batch of readBatches(options, pool)) {
      ahead.push(batch.mails)
      while (ahead.length > EXPLAIN_WORKERS * BATCHES_A_WORKER) yield await run.decideAll(await ahead.shift()!)
    }
    for (const mails of ahead) yield await run.decideAll(await mails)
  } finally {
    await pool.close()
  }
}

/** A mail that was read. */
interface Mail extends ReadMessage {
  readonly source: string
  /** Bytes, where it is over the size limit and its header alone was read. */
  readonly oversized: number | null
}

// Reading ---------------------------------------------------------------------------------------------------------

/** What is worked on: in an object, as a generator would wait for a promise. */
interface Batch {
  readonly mails: Promise<readonly Mail[]>
}

async function* readBatches(options: ExplainOptions, pool: BatchPool<ReadMessage>): AsyncGenerator<Batch> {
  const {paths, stdin, signal} = options
  const sizeLimit = options.desk?.portal.max_message_size ?? DEFAULT_MAX_MESSAGE_SIZE
  let batch: (Extract<ExplainInput, {kind: 'raw'}> | Mail)[] = []
  let bytes = 0
  const finish = (): Batch => {
    const mails = readAll(batch, pool)
    mails.catch(() => {}) // awaited in its turn; a batch before it that fails must not leave it unhandled
    batch = []
    bytes = 0
    return {mails}
  }
  for await (const input of readInputs({paths, stdin, sizeLimit, signal})) {
    signal.throwIfAborted()
    switch (input.kind) {
      case 'unusable':
        options.onUnusable(input.error)
        continue
      case 'left-out':
        options.onLeftOut(input.source)
        continue
      case 'no-mail':
        options.onNoMail(input.source)
        continue
      case 'oversized':
        batch.push({source: input.source, oversized: input.size, ...tellFacts(parseFacts(input.header))})
        break
      case 'stream':
        batch.push(await readLarge(input, sizeLimit))
        break
      case 'raw':
        batch.push(input)
        bytes += input.bytes.length
    }
    if (batch.length >= BATCH_MESSAGES || bytes >= BATCH_BYTES) yield finish()
  }
  if (batch.length > 0) yield finish()
}

/** The mails of a batch, in order; those in memory are read by a worker. */
async function readAll(
  batch: readonly (Extract<ExplainInput, {kind: 'raw'}> | Mail)[],
  pool: BatchPool<ReadMessage>,
): Promise<readonly Mail[]> {
  const raws = batch.flatMap((item) => ('bytes' in item ? [item.bytes] : []))
  const read = await pool.run(raws)
  let next = 0
  return batch.map((item) => ('bytes' in item ? {source: item.source, oversized: null, ...read[next++]!} : item))
}

/** Read in pieces while it comes. What comes by a pipe shows only at its end that it is too large. */
async function readLarge({source, chunks}: Extract<ExplainInput, {kind: 'stream'}>, sizeLimit: number): Promise<Mail> {
  const parsed = await parseStream(chunks)
  const oversized = parsed.message.size > sizeLimit ? parsed.message.size : null
  return {source, oversized, ...tell(parsed)}
}

// Deciding --------------------------------------------------------------------------------------------------------

interface Run {
  /** The explanations of the next mails. Must not be called again before it is done. */
  decideAll(mails: readonly Mail[]): Promise<readonly Buffer[]>
}

async function createRun({desk, recipient, clock}: ExplainOptions): Promise<Run> {
  const source = desk ? await usualSource(desk.store.db, desk.portal) : UNUSED_PIPE
  const envelope = recipient === undefined ? null : {recipients: [recipient]}
  const opened = new Map<RowId, OpenedTicket>()
  let known: Facts | null = null
  let seen = 0

  const explainOne = (mail: Mail, facts: Facts): Buffer => {
    const index = seen++
    const arrival: Arrival = {
      item: {epoch: '0', key: String(index)},
      source,
      envelope,
      receivedAt: facts.now,
      message: mail.message,
      authentication: hearTrustedServer(mail.message, source.trustedAuthservId),
    }
    const decision = mail.oversized === null ? decide(arrival, facts) : refuseOversized(arrival, mail.oversized, facts)
    const planned = plannedIds(index)
    learn(facts, arrival, decision, planned)
    if (decision.kind === 'accept' && decision.thread.ticket === null)
      opened.set(planned.ticketId, {source: mail.source, owner: decision.route?.owner?.email ?? null})
    const place = escapeJson(JSON.stringify(mail.source))
    const decided = escapeJson(JSON.stringify(explainDecision(arrival, decision, facts, opened)))
    return Buffer.concat([
      Buffer.from(`{"source":${place},"message":`),
      mail.told,
      Buffer.from(`,${decided.slice(1)}\n`),
    ])
  }

  return {
    async decideAll(mails) {
      const now = clock.now()
      const messages = mails.map(({message}) => message)
      const asked = messages.map((message) => ({message, envelope}))
      const reached = ticketsDecidedOn(known, messages)
      const fresh = desk
        ? await gatherFacts(desk.store.db, desk.store.dialect, desk.portal, asked, now, reached)
        : nothingKnown(now)
      known = layOver(known, fresh)
      const facts = known
      return mails.map((mail) => explainOne(mail, facts))
    },
  }
}

function refuseOversized(arrival: Arrival, size: number, facts: Facts): Decision {
  const recipient = matchRecipient(arrival, facts).match
  return {
    kind: 'quarantine',
    reason: 'oversized',
    why: `${size} bytes are more than this portal takes`,
    verdict: judge(arrival, recipient, facts),
    recipient,
  }
}

/** The facts of a portal without anything. */
const nothingKnown = (now: string): Facts => ({
  portal: {id: 0, key: '', domain: '', loopMark: 'no portal', relay: null},
  now,
  channels: new Map(),
  queues: new Map(),
  agents: new Map(),
  tickets: new Map(),
  byFingerprint: new Map(),
  byHeaderId: new Map(),
  referringTo: new Map(),
  tokens: new Map(),
  probes: new Map(),
  ticketsByNumber: new Map(),
  participants: new Map(),
  autoReplies: {bySender: new Map(), byDomain: new Map(), portalLastHour: 0},
})

/**
 * Pulls what is new from the portal's inbound into tickets, exactly once, and says for every message what became of it.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import type {Cursor, Outcome, Source, SourceProgress, Timings} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {EXIT, notConfigured, PostdeskError} from './errors.ts'
import type {SourceFacts} from './intake/facts.ts'
import type {InboundConfig} from './inbound.ts'
import type {Log} from './log.ts'
import {createParsePool} from './message/parse-pool.ts'
import {openSource} from './protocols.ts'
import {purgeQuarantine} from './quarantine-purge.ts'
import {keepYoungSpaceSmall} from './release-memory.ts'
import {createDryRun, createReceive} from './receive.ts'
import type {Secret} from './secret/secret.ts'
import type {SenderCheck} from './sender-check.ts'
import {factsOfSource, hasEffects} from './source-facts.ts'
import {keepAlive} from './store/leases.ts'
import {explainStoreError, type Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {sweepRaw} from './store/raw.ts'
import {
  acquireLease,
  findSource,
  ledgerOf,
  noteFailure,
  noteSuccess,
  saveCursor,
  type Lease,
  type SourceRow,
  replacedAt,
} from './store/sources.ts'
import {offerBacklog} from './store/tickets.ts'

/** What came of the messages of a channel, or of all of them. */
export interface Counts {
  /** Messages looked at. */
  seen: number
  /** New tickets. */
  created: number
  /** Messages added to a ticket. */
  appended: number
  /** Mails that were here already. */
  duplicates: number
  quarantined: number
  /** Items that are gone from the mailbox, were left for later, or are probes of `email test --roundtrip`. */
  skipped: number
  /** Bytes of the raw mails. */
  bytes: number
}

/** One row of the report: the portal's inbound serves all its internal addresses. */
export interface ChannelReport extends Counts {
  readonly address: string
  /** What came to each internal address. */
  byAddress: Record<string, Counts>
  /** Where it resumed, and where it will resume. */
  cursorBefore: Cursor | null
  cursorAfter: Cursor | null
  ms: number
  /** Unowned tickets of before that found an owner now. */
  assigned: number
  /** Mails of the quarantine of which only the header is kept from now on. */
  purged: number
  error?: {readonly code: string; readonly title: string; readonly why: string}
}

/** The sums over all channels. */
export type Totals = Counts & Pick<ChannelReport, 'purged'>

export interface SyncReport {
  readonly channels: readonly ChannelReport[]
  readonly totals: Totals
  /** Milliseconds of work. Fetching, parsing and committing overlap. */
  readonly timings: Readonly<Timings>
  /** True where nothing was written. */
  readonly dryRun: boolean
}

/** A line of `--jsonl`. */
export interface SyncLine {
  /** The internal address it was for; `inbound` where none was found. */
  readonly address: string
  readonly sourceId: string
  readonly outcome: Outcome['kind']
  readonly ticket: number | null
  readonly reason: string
}

export interface SyncOptions {
  readonly store: Store
  readonly portal: PortalRow
  readonly checkSender: SenderCheck
  readonly clock: Clock
  readonly log: Log
  /** Finds the inbound's password on this machine. */
  readonly password: (config: InboundConfig) => Promise<Secret | null>
  readonly since?: string
  readonly limit?: number
  readonly dryRun: boolean
  /** Milliseconds that a server of IMAP may be silent; its own deadlines where it is left out. */
  readonly silenceMs?: number
  /** Asked once when it is known how many messages a first run would take. */
  readonly confirm?: (expected: number) => Promise<boolean>
  readonly onLine?: (line: SyncLine) => void
  readonly onProgress?: (progress: SourceProgress & {readonly bytes: number}) => void
  readonly signal: AbortSignal
}

const emptyCounts = (): Counts => ({
  seen: 0,
  created: 0,
  appended: 0,
  duplicates: 0,
  quarantined: 0,
  skipped: 0,
  bytes: 0,
})

const COUNTED = {
  created: 'created',
  appended: 'appended',
  duplicate: 'duplicates',
  quarantined: 'quarantined',
  skipped: 'skipped',
} as const satisfies Record<Outcome['kind'], keyof Counts>

function count(counts: Counts, outcome: Outcome): void {
  counts.seen++
  counts.bytes += outcome.bytes
  counts[COUNTED[outcome.kind]]++
}

const sum = (a: Counts, b: Counts = emptyCounts()): Counts => ({
  seen: a.seen + b.seen,
  created: a.created + b.created,
  appended: a.appended + b.appended,
  duplicates: a.duplicates + b.duplicates,
  quarantined: a.quarantined + b.quarantined,
  skipped: a.skipped + b.skipped,
  bytes: a.bytes + b.bytes,
})

const totalsOf = (channel: ChannelReport): Totals => ({...sum(channel), purged: channel.purged})

/**
 * One run. A failure of the mailbox is part of the report, beside what was done before it, and comes back as `failure`.
 * @throws 78 without an inbound, 75 when another process is at it, and whatever the store throws.
 */
export async function sync(options: SyncOptions): Promise<{report: SyncReport; failure: PostdeskError | null}> {
  return withInbound(options, (inbound) => runOnce(inbound, options))
}

/** Longest time between two runs of a watch, in ms: the doorbell of a server may be broken. */
const WATCH_INTERVAL_MS = 60_000
/** First and longest pause after a failure in a watch, in ms. */
const WATCH_RETRY_MS = {first: 5_000, longest: 300_000}

/**
 * Runs until the signal, each time when something may have arrived. `onRun` gets the report of each run that did or
 * found something; the report at the end is of all of them. Failures that may pass are waited for; others end the watch.
 */
export async function watch(
  options: SyncOptions,
  onRun: (report: SyncReport, failure: PostdeskError | null) => void,
): Promise<{report: SyncReport; failure: PostdeskError | null}> {
  return withInbound(options, async (inbound) => {
    const ended = AbortSignal.any([options.signal, inbound.lost])
    let pause = WATCH_RETRY_MS.first
    let whole: SyncReport | null = null
    for (;;) {
      const {report, failure} = await runOnce(inbound, options)
      whole = whole === null ? report : together(whole, report)
      if (failure !== null && !mayPass(failure)) return {report: whole, failure}
      if (options.signal.aborted) return {report: whole, failure: null}
      if (failure !== null || report.totals.seen > 0 || report.totals.purged > 0) onRun(report, failure)
      if (failure === null) {
        pause = WATCH_RETRY_MS.first
        // A doorbell that fails is no news: the next run finds out what is wrong, and says so.
        await inbound.source
          .wait(WATCH_INTERVAL_MS, ended)
          .catch((error: unknown) => options.log('wait failed', {error: String(error)}))
      } else {
        await sleep(pause, undefined, {signal: ended}).catch(() => {}) // the signal ends the pause
        pause = Math.min(pause * 2, WATCH_RETRY_MS.longest)
      }
      if (options.signal.aborted) return {report: whole, failure: null}
      if (inbound.lost.aborted) return {report: whole, failure: inbound.lost.reason as PostdeskError}
    }
  })
}

/** A lease that was lost does not come back: another process pulls the mailbox by now. */
const mayPass = (error: PostdeskError) =>
  error.code !== 'LEASE_LOST' &&
  ([EXIT.dns, EXIT.tcp, EXIT.tryAgain, EXIT.unavailable] as readonly number[]).includes(error.exitCode)

interface Inbound {
  readonly row: SourceRow
  readonly config: InboundConfig
  readonly facts: SourceFacts
  readonly source: Source
  readonly lease: Lease | null
  /** Aborted with its error when the lease turns out to be lost. */
  readonly lost: AbortSignal
  readonly pool: ReturnType<typeof createParsePool>
  /** Of the run under way. */
  readonly timings: Timings
}

async function withInbound<T>(options: SyncOptions, work: (inbound: Inbound) => Promise<T>): Promise<T> {
  keepYoungSpaceSmall()
  const {store, portal} = options
  const row =
    portal.inbound_source_id === null ? undefined : await findSource(store.db, portal.id, portal.inbound_source_id)
  if (!row)
    throw notConfigured(`The inbound of ${portal.key}`, 'nothing says where the mail of its domain comes in', [
      {
        text: 'Say which mailbox it is:',
        command: `postdesk portal inbound set imap --portal ${portal.key} --host … --user …`,
      },
    ])
  const config = JSON.parse(row.config) as InboundConfig
  const timings: Timings = {fetchMs: 0, parseMs: 0, commitMs: 0}
  const password = await options.password(config).catch(async (error: unknown) => {
    // Also what never reaches the mailbox is a failure of it, and shows in `email status`.
    if (error instanceof PostdeskError && !options.dryRun) {
      const {code, exitCode, title, why} = error
      await noteFailure(store.db, row, {code, exitCode, title, why, at: options.clock.now()})
    }
    throw error
  })
  const source = await openSource(config, password, {
    sizeLimit: portal.max_message_size,
    log: options.log,
    timings,
    ...(options.silenceMs === undefined ? {} : {silenceMs: options.silenceMs}),
  })
  const lease = options.dryRun ? null : await acquireLease(store, row, `the inbound of ${portal.key}`)
  const lost = new AbortController()
  // A lease that was lost shows at the next commit, which it fences; until then it ends only the waiting of a watch.
  const rest = lease
    ? keepAlive(
        async () => (lost.signal.aborted ? undefined : lease.heartbeat()),
        (error) => {
          options.log('heartbeat failed', {error: String(error)})
          if (error instanceof PostdeskError && error.code === 'LEASE_LOST') lost.abort(error)
        },
      )
    : null
  const pool = createParsePool({timings})
  try {
    const facts = factsOfSource(row, await replacedAt(store.db, row))
    return await work({row: lease?.source ?? row, config, facts, source, lease, lost: lost.signal, pool, timings})
  } finally {
    rest?.()
    await Promise.all([source.close(), pool.close()])
    // A store that is gone has ended the run already; what it says now would only hide why. The lease runs out.
    await lease?.release().catch((error: unknown) => options.log('lease not released', {error: String(error)}))
  }
}

async function runOnce(
  inbound: Inbound,
  options: SyncOptions,
): Promise<{report: SyncReport; failure: PostdeskError | null}> {
  const {store, portal, clock, log, signal} = options
  const {row, config, lease, pool, timings} = inbound
  Object.assign(timings, {fetchMs: 0, parseMs: 0, commitMs: 0} satisfies Timings)
  const started = performance.now()
  const channel: ChannelReport = {
    address: 'inbound',
    ...emptyCounts(),
    byAddress: {},
    cursorBefore: null,
    cursorAfter: null,
    ms: 0,
    assigned: 0,
    purged: 0,
  }
  const {checkSender} = options
  const context = {store, portal, source: inbound.facts, pool, checkSender, clock, log, timings, signal}
  const receive = lease ? createReceive({...context, lease, effects: hasEffects(config)}) : createDryRun(context)
  let progress: SourceProgress = {expected: 0, taken: 0}
  let failure: PostdeskError | null = null
  try {
    const current = (await findSource(store.db, portal.id, row.id)) ?? row
    const before = current.cursor === null ? null : (JSON.parse(current.cursor) as Cursor)
    channel.cursorBefore = before
    channel.cursorAfter = before
    const cursor = await inbound.source.run(
      async (deliveries) => {
        const outcomes = await receive(deliveries)
        if (lease) channel.cursorAfter = deliveries.at(-1)?.cursor ?? channel.cursorAfter
        for (const outcome of outcomes) {
          count(channel, outcome)
          count((channel.byAddress[outcome.address ?? 'unknown'] ??= emptyCounts()), outcome)
          options.onLine?.(lineOf(outcome))
        }
        options.onProgress?.({...progress, bytes: channel.bytes})
        return outcomes
      },
      {
        cursor: before,
        ledger: ledgerOf(store, row, options.since === undefined ? {} : {since: options.since}),
        ...(options.limit === undefined ? {} : {limit: options.limit}),
        ...(options.since === undefined ? {} : {since: options.since}),
        readOnly: options.dryRun,
        signal,
        ...(options.confirm && before === null ? {confirm: options.confirm} : {}),
        onProgress: (now) => {
          progress = now
          options.onProgress?.({...now, bytes: channel.bytes})
        },
      },
    )
    channel.cursorAfter = cursor
    // A run that was stopped has kept what it took, and has not seen that all is well.
    if (lease && !signal.aborted) {
      if (cursor !== null && JSON.stringify(cursor) !== current.cursor)
        await saveCursor(store, lease, cursor, 'the inbound')
      await noteSuccess(store.db, row, clock.now())
      const actor = {by: 'intake', now: clock.now()}
      channel.assigned = (await store.transaction((tx) => offerBacklog(tx, portal.id, actor))).length
      await sweepRaw(store, portal.id)
      const {expired, overBudget} = await purgeQuarantine({store, portal, now: clock.now(), log, signal})
      channel.purged = expired + overBudget
    }
  } catch (thrown) {
    failure = thrown === signal.reason ? null : failureOf(thrown, store)
    if (failure) {
      const {code, exitCode, title, why} = failure
      channel.error = {code, title, why}
      if (lease && code !== 'LEASE_LOST')
        // Where it is the store that failed it cannot be told; the report says it all the same.
        await noteFailure(store.db, row, {code, exitCode, title, why, at: clock.now()}).catch((unnoted: unknown) =>
          log('failure not noted', {error: String(unnoted)}),
        )
    }
  }
  channel.ms = Math.round(performance.now() - started)
  return {
    report: {
      channels: [channel],
      totals: totalsOf(channel),
      timings: {
        fetchMs: Math.round(timings.fetchMs),
        parseMs: Math.round(timings.parseMs),
        commitMs: Math.round(timings.commitMs),
      },
      dryRun: options.dryRun,
    },
    failure,
  }
}

/** @throws what is no failure of the mailbox or the store. */
function failureOf(thrown: unknown, store: Store): PostdeskError {
  const error = explainStoreError(thrown, store)
  if (error instanceof PostdeskError) return error
  throw error
}

/** The report of two runs of one watch. */
function together(first: SyncReport, next: SyncReport): SyncReport {
  const [before, after] = [first.channels[0]!, next.channels[0]!]
  const byAddress = {...before.byAddress}
  for (const [address, counts] of Object.entries(after.byAddress))
    byAddress[address] = sum(byAddress[address] ?? emptyCounts(), counts)
  const channel: ChannelReport = {
    ...after,
    ...sum(before, after),
    byAddress,
    cursorBefore: before.cursorBefore,
    ms: before.ms + after.ms,
    assigned: before.assigned + after.assigned,
    purged: before.purged + after.purged,
  }
  return {
    channels: [channel],
    totals: totalsOf(channel),
    timings: {
      fetchMs: first.timings.fetchMs + next.timings.fetchMs,
      parseMs: first.timings.parseMs + next.timings.parseMs,
      commitMs: first.timings.commitMs + next.timings.commitMs,
    },
    dryRun: next.dryRun,
  }
}

const lineOf = (outcome: Outcome): SyncLine => ({
  address: outcome.address ?? 'inbound',
  sourceId: `${outcome.item.epoch}/${outcome.item.key}`,
  outcome: outcome.kind,
  ticket: outcome.ticket,
  reason: outcome.reason,
})

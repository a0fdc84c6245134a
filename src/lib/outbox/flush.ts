/** Sends what is due: for each account that has something, one process at a time. */
import type {Clock} from '../clock.ts'
import {channelInactive, outboxBusy, PostdeskError} from '../errors.ts'
import {keepAlive, takeLease} from '../store/leases.ts'
import {
  dueSenders,
  hasUnsettled,
  LONGEST_WAIT_MS,
  settleOrphans,
  type SenderLease,
  type SettledMessage,
} from '../store/outgoing-steps.ts'
import {findPortalById} from '../store/portals.ts'
import {ensureSender, type SenderRow} from '../store/senders.ts'
import {describeSender, openAccount, type AccountContext} from './accounts.ts'
import {asError} from './noted-error.ts'
import {sendDue} from './send-due.ts'

/** An account by which nothing leaves now, and why. */
export interface HeldSender {
  /** The id of its channel; 0 for the relay. */
  readonly senderId: number
  /** The address of its channel, or `relay`. */
  readonly address: string
  /** True where nothing leaves until somebody acts. */
  readonly paused: boolean
  readonly error: PostdeskError
}

/** Recipients by what became of them, and what stands in the way of others. */
export interface FlushReport {
  sent: number
  failed: number
  /** Tried, and to be tried again. */
  queued: number
  unknown: number
  readonly held: HeldSender[]
}

export interface FlushOptions extends AccountContext {
  readonly clock: Clock
  /** No further message is begun once it is aborted. */
  readonly signal: AbortSignal
  /** A message that goes before all others, and whose account alone is looked at. */
  readonly first?: {readonly id: number; readonly senderId: number}
  /** Most messages of one account; what is left is due in the next run. */
  readonly limit?: number
  readonly onSettled?: (settled: SettledMessage) => void
}

/** Accounts worked on at once: a server that is silent must not hold up the mail of others. */
const SENDERS_AT_ONCE = 4

/** Sends all that is due now. Never rejects for what a server says; @throws what the store throws. */
export async function flushOutbox(given: FlushOptions): Promise<FlushReport> {
  const {store, clock, first, signal} = given
  const report: FlushReport = {sent: 0, failed: 0, queued: 0, unknown: 0, held: []}
  // A watch runs for days: the relay may have changed since it began.
  const portal = await findPortalById(store.db, given.portal.id)
  if (portal === undefined) return report
  const options = {...given, portal}
  const ids = first ? [first.senderId] : await dueSenders(store.db, portal.id, clock.now())
  const next = ids.values()
  const work = async () => {
    for (const senderId of next) if (!signal.aborted) await flushSender(senderId, options, report)
  }
  const results = await Promise.allSettled(Array.from({length: Math.min(SENDERS_AT_ONCE, ids.length)}, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return report
}

async function flushSender(senderId: number, options: FlushOptions, report: FlushReport): Promise<void> {
  const {store, portal, clock} = options
  const hold = (address: string, error: PostdeskError, paused: boolean) =>
    void report.held.push({senderId, address, paused, error})
  const row = await ensureSender(store.db, portal.id, senderId)
  const {address, active} = await describeSender(senderId, options)
  try {
    // What a process that died has left is told, whether anything can leave now or not.
    if (await hasUnsettled(store.db, portal.id, senderId))
      await withLease(row, address, options, report, async () => {})
    if (!active) return hold(address, channelInactive(address, portal.key), true)
    if (row.paused !== null) return hold(address, asError(row.paused), true)
    if (row.last_error !== null && isAhead(row.retry_at, clock.now()))
      return hold(address, asError(row.last_error), false)
    // Last, since finding a password may cost something.
    const account = await openAccount(senderId, options)
    if (account.kind === 'closed') return hold(account.address, account.error, true)
    const obstacle = await withLease(row, address, options, report, (lease, onSettled) =>
      sendDue({...options, lease, account, failures: row.failures, first: options.first?.id, onSettled}),
    )
    if (obstacle !== null) hold(address, obstacle.error, obstacle.paused)
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    if (error.code === 'SYNC_RUNNING') hold(address, outboxBusy(address, error.why), false)
    else if (error.code === 'LEASE_LOST') hold(address, error, false)
    else throw error
  }
}

const isAhead = (at: string | null, now: string): boolean =>
  at !== null && at > now && Date.parse(at) - Date.parse(now) <= LONGEST_WAIT_MS

/** Works on an account alone; what a process that died has left is settled first. @throws 75 where another process is at it. */
async function withLease<T>(
  row: SenderRow,
  address: string,
  options: FlushOptions,
  report: FlushReport,
  work: (lease: SenderLease, onSettled: (settled: SettledMessage) => void) => Promise<T>,
): Promise<T> {
  const {store, portal, clock, log} = options
  const shownAs = `the outbox of ${address}`
  const tenure = await takeLease(store, 'sender', row, shownAs)
  const rest = keepAlive(
    () => tenure.heartbeat(),
    (error) => log('heartbeat failed', {error: String(error)}),
  )
  try {
    const {token} = tenure
    const lease = {portalId: portal.id, senderId: row.id, token, generation: row.generation, shownAs}
    const orphans = await store.transaction((tx) => settleOrphans(tx, store.dialect, lease, clock.now()))
    report.unknown += orphans
    if (orphans > 0) log('orphans', {sender: address, messages: orphans})
    return await work(lease, (settled) => {
      for (const {state} of settled.recipients) report[state]++
      options.onSettled?.(settled)
    })
  } finally {
    rest()
    await tenure.release().catch((error: unknown) => log('lease not released', {error: String(error)}))
  }
}

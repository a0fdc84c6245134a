/** Sends what is due: for each account that has something, one process at a time. */
import type {Clock} from '../clock.ts'
import {outboxBusy, PostdeskError, type ExitCode} from '../errors.ts'
import {keepAlive, takeLease, type Tenure} from '../store/leases.ts'
import {dueSenders, settleOrphans, type SettledMessage} from '../store/outgoing.ts'
import {ensureSender} from '../store/senders.ts'
import {openAccount, type AccountContext} from './accounts.ts'
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
export async function flushOutbox(options: FlushOptions): Promise<FlushReport> {
  const {store, portal, clock, first} = options
  const report: FlushReport = {sent: 0, failed: 0, queued: 0, unknown: 0, held: []}
  const ids = first ? [first.senderId] : await dueSenders(store.db, portal.id, clock.now())
  const next = ids.values()
  const work = async () => {
    for (const senderId of next) if (!options.signal.aborted) await flushSender(senderId, options, report)
  }
  const results = await Promise.allSettled(Array.from({length: Math.min(SENDERS_AT_ONCE, ids.length)}, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  return report
}

async function flushSender(senderId: number, options: FlushOptions, report: FlushReport): Promise<void> {
  const {store, portal, clock, log, signal, first, limit} = options
  const account = await openAccount(senderId, options)
  const {address} = account
  const hold = (error: PostdeskError, paused: boolean) => void report.held.push({senderId, address, paused, error})
  const row = await ensureSender(store.db, portal.id, senderId)
  if (row.paused !== null) return hold(asError(row.paused), true)
  if (account.kind === 'closed') return hold(account.error, true)
  if (row.retry_at !== null && row.retry_at > clock.now() && row.last_error !== null)
    return hold(asError(row.last_error), false)
  let tenure: Tenure
  try {
    tenure = await takeLease(store, 'sender', row, `the outbox of ${address}`)
  } catch (error) {
    if (error instanceof PostdeskError && error.code === 'SYNC_RUNNING')
      return hold(outboxBusy(address, error.why), false)
    throw error
  }
  const rest = keepAlive(
    () => tenure.heartbeat(),
    (error) => log('heartbeat failed', {error: String(error)}),
  )
  try {
    const lease = {portalId: portal.id, senderId, token: tenure.token, shownAs: `the outbox of ${address}`}
    const orphans = await store.transaction((tx) => settleOrphans(tx, store.dialect, lease, clock.now()))
    report.unknown += orphans
    if (orphans > 0) log('orphans', {sender: address, messages: orphans})
    const onSettled = (settled: SettledMessage) => {
      for (const {state} of settled.recipients) report[state]++
      options.onSettled?.(settled)
    }
    const obstacle = await sendDue({
      store,
      lease,
      account,
      clock,
      signal,
      failures: row.failures,
      first: first?.id,
      limit,
      onSettled,
    })
    if (obstacle !== null) hold(obstacle.error, obstacle.paused)
  } finally {
    rest()
    await tenure.release().catch((error: unknown) => log('lease not released', {error: String(error)}))
  }
}

/** An error as it was noted on an account. */
export interface NotedError {
  readonly code: string
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly at: string
}

const asError = (json: string): PostdeskError => {
  const {code, exitCode, title, why} = JSON.parse(json) as NotedError
  return new PostdeskError({code, exitCode, title, why})
}

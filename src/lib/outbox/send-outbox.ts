/** The outbox of a portal, sent once or for as long as somebody wants. */
import {setTimeout as sleep} from 'node:timers/promises'
import {HELD_ON_PURPOSE, PostdeskError} from '../errors.ts'
import {flushOutbox, type FlushOptions, type FlushReport, type HeldSender} from './flush.ts'
import {explainStoreError} from '../store/open.ts'
import {countDueBySender} from '../store/outgoing-list.ts'
import type {SettledMessage} from '../store/outgoing-steps.ts'

/** An account by which nothing leaves now. */
export interface HeldSummary {
  /** The address of its channel, or `relay`. */
  readonly address: string
  /** True where nothing leaves until somebody acts. */
  readonly paused: boolean
  /** Messages that wait for it. */
  readonly waiting: number
  readonly code: string
  readonly title: string
  readonly why: string
}

/** Recipients by what became of them, and the accounts by which nothing leaves. */
export interface FlushSummary {
  readonly sent: number
  readonly failed: number
  /** Refused for now; they are tried again. */
  readonly queued: number
  readonly unknown: number
  readonly held: readonly HeldSummary[]
}

/** A line of `--jsonl`: a message that was tried. */
export interface SentLine {
  readonly id: number
  readonly recipients: SettledMessage['recipients']
  /** When it is tried again; null for never. */
  readonly nextAt: string | null
}

export interface SendOutboxOptions extends Omit<FlushOptions, 'onSettled'> {
  readonly onLine?: (line: SentLine) => void
}

export interface SentOutbox {
  readonly result: FlushSummary
  /** What stands in the way of an account: the lowest class of all; null where nothing does. */
  readonly failure: PostdeskError | null
}

/** Sends what is due. @throws what the store throws. */
export async function sendOutbox({onLine, ...options}: SendOutboxOptions): Promise<SentOutbox> {
  const report = await flushOutbox({
    ...options,
    ...(onLine ? {onSettled: ({id, recipients, nextAt}: SettledMessage) => onLine({id, recipients, nextAt})} : {}),
  })
  return {result: await summarise(report, options), failure: worstOf(report.held)}
}

async function summarise(
  {held, ...counts}: FlushReport,
  {store, portal}: Pick<FlushOptions, 'store' | 'portal'>,
): Promise<FlushSummary> {
  const waiting = held.length === 0 ? new Map<number, number>() : await countDueBySender(store.db, portal.id)
  return {
    ...counts,
    held: held.map(({senderId, address, paused, error: {code, title, why}}) => ({
      address,
      paused,
      waiting: waiting.get(senderId) ?? 0,
      code,
      title,
      why,
    })),
  }
}

/** The lowest class of those that failed; "later" only where there is nothing else. */
function worstOf(held: readonly HeldSender[]): PostdeskError | null {
  const errors = held.map(({error}) => error).filter(({code}) => !HELD_ON_PURPOSE.has(code))
  return errors.toSorted((a, b) => a.exitCode - b.exitCode)[0] ?? null
}

/** How often, in ms, a watch looks for what has become due. */
const WATCH_MS = 1000

/** How long, in ms, it leaves a store alone that cannot be used. */
const STORE_PAUSE_MS = 5000

/**
 * Sends what becomes due until the signal. `onRun` gets each run that sent something, and each obstacle once; `onTrouble` what
 * the store cannot do, once, which is waited for.
 */
export async function watchOutbox(
  options: SendOutboxOptions,
  onRun: (summary: FlushSummary) => void,
  onTrouble: (error: PostdeskError) => void,
): Promise<SentOutbox> {
  const {signal} = options
  const total = {sent: 0, failed: 0, queued: 0, unknown: 0}
  let known = new Set<string>()
  let trouble: string | null = null
  let last: SentOutbox = {result: {...total, held: []}, failure: null}
  while (!signal.aborted) {
    try {
      last = await sendOutbox(options)
      trouble = null
      const {result} = last
      for (const state of ['sent', 'failed', 'queued', 'unknown'] as const) total[state] += result[state]
      const held = result.held.filter(
        ({address, code}) => !HELD_ON_PURPOSE.has(code) && !known.has(`${address} ${code}`),
      )
      known = new Set(result.held.map(({address, code}) => `${address} ${code}`))
      onRun({...result, held})
    } catch (thrown) {
      const error = explainStoreError(thrown, options.store)
      if (!(error instanceof PostdeskError)) throw thrown
      if (error.code !== trouble) onTrouble(error)
      trouble = error.code
    }
    const pause = trouble === null ? WATCH_MS : STORE_PAUSE_MS
    await sleep(pause, undefined, {signal}).catch(() => {}) // the signal ends the pause
  }
  return {result: {...last.result, ...total}, failure: last.failure}
}

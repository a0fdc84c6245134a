/**
 * Sends what is due by one account, by a few connections. A message is marked as being sent before its first byte leaves, and
 * settled after the server's answer; a kill in between leaves `unknown`, one message a connection at most.
 */
import type {SenderConnection} from '../channel/outgoing.ts'
import type {Clock} from '../clock.ts'
import {EXIT, PostdeskError} from '../errors.ts'
import type {Store} from '../store/open.ts'
import {
  dueMessages,
  settleExpired,
  type DueMessage,
  type SenderLease,
  type SettledMessage,
} from '../store/outgoing-steps.ts'
import type {Tx} from '../store/schema.ts'
import {noteSenderFailure, noteSenderSuccess, pauseSender} from '../store/senders.ts'
import type {OpenAccount} from './accounts.ts'
import type {NotedError} from './noted-error.ts'
import {createReadAhead} from './read-ahead.ts'
import {EXPIRED, giveUp, isTooLate, pauseAfter, settle} from './settle.ts'
import {createStepWriter} from './write-steps.ts'

/**
 * Connections of one account at once, at first and at most, unless its provider documents fewer. As Postfix does
 * (initial_destination_concurrency 5, default_destination_concurrency_limit 20) there are more of them as mails are taken: a
 * server that takes no further one is not asked again.
 */
const FIRST_CONNECTIONS = 5
const MOST_CONNECTIONS = 16

/** Messages for which another connection is worth its login. */
const MESSAGES_PER_CONNECTION = 4

/** Messages read ahead of the connections. */
const PAGE = 100

/** Obstacles in a row after which an account is left alone for a while: the first may have been bad luck. */
const MAX_OBSTACLES = 3

export interface SendDueOptions {
  readonly store: Store
  readonly lease: SenderLease
  readonly account: OpenAccount
  readonly clock: Clock
  /** No further message is begun once it is aborted; those that are on their way are waited for. */
  readonly signal: AbortSignal
  /** Failures of the account in a row until now. */
  readonly failures: number
  /** The id of a message that goes before all others. */
  readonly first?: number | undefined
  /** Most messages. */
  readonly limit?: number | undefined
  readonly onSettled: (settled: SettledMessage) => void
}

/** What ended the work on an account before all was sent. */
export interface Obstacle {
  readonly error: PostdeskError
  /** True where nothing leaves until somebody acts: a closed door is not knocked at again by itself. */
  readonly paused: boolean
}

/** Sends until nothing is due, or something stands in the way; that is noted on the account. @throws what the store throws. */
export async function sendDue(options: SendDueOptions): Promise<Obstacle | null> {
  const {store, lease, account, clock, onSettled} = options
  const ended = new AbortController()
  const signal = AbortSignal.any([options.signal, ended.signal])
  const due = createQueue(options, signal)
  const obstacles = watchObstacles(options, () => ended.abort())
  let active = 0
  const write = createStepWriter({store, lease, clock}, () => active)
  const read = createReadAhead(store, lease.portalId)

  let grow = (_most: number): void => {}
  /** Mails that were taken since there was one connection fewer. */
  let taken = 0

  const work = async (whenOpen: () => void): Promise<void> => {
    let connection = null as SenderConnection | null
    let settled = null as SettledMessage | null
    active++
    try {
      for (let message = await due.take(); message !== null; message = await due.take()) {
        if (isTooLate(message, clock.now())) {
          settled = giveUp(message, await write(settled, message.id))
          onSettled(settled)
          continue
        }
        if (connection?.isOpen() !== true) {
          // What is known must not wait for a server that may be silent.
          if (settled !== null) await write(settled, null)
          settled = null
          await connection?.close()
          connection = await openOrNull(account, signal, (error) => obstacles.meetClosedDoor(error, active))
          if (connection === null) return due.putBack(message)
          whenOpen()
        }
        const raw = await read(message, due.following())
        const recipients = await write(settled, message.id)
        settled = null
        if (recipients.length === 0) continue // cancelled meanwhile
        if (raw instanceof PostdeskError) settled = giveUp(message, recipients, `${raw.title}: ${raw.why}`)
        else {
          const receipt = await connection.send({
            sender: message.returnPath,
            fallbackSender: message.fallbackReturnPath,
            recipients,
            raw,
          })
          settled = settle(message, receipt, clock.now())
          if (receipt.obstacle !== null) await obstacles.meet(receipt.obstacle)
          else await obstacles.passed()
          if (receipt.obstacle === null && ++taken >= active) {
            taken = 0
            grow(active + 1)
          }
        }
        onSettled(settled)
      }
      if (settled !== null) await write(settled, null)
    } finally {
      active--
      await connection?.close()
    }
  }

  const workers = createCrew(work, () => ended.abort())
  grow = (most) => {
    const wanted = Math.min(most, account.maxConnections ?? MOST_CONNECTIONS, due.waiting() / MESSAGES_PER_CONNECTION)
    for (let more = wanted - active; more > 0 && !obstacles.isFull(); more--) workers.add()
  }
  // One login first: where it is refused, five at once would lock the account.
  workers.add(() => grow(FIRST_CONNECTIONS))
  await workers.done()
  const obstacle = obstacles.found()
  if (obstacle !== null && !obstacle.paused) {
    const expire = (tx: Tx) =>
      settleExpired(tx, store.dialect, lease, `${EXPIRED}: ${obstacle.error.title}`, clock.now())
    for (const settled of await store.transaction(expire)) onSettled(settled)
  }
  return obstacle
}

/** Those who work side by side; more may join while they do. */
function createCrew(work: (whenOpen: () => void) => Promise<void>, onFailure: () => void) {
  const busy = new Set<Promise<void>>()
  let failure: {readonly reason: unknown} | null = null
  return {
    add(whenOpen: () => void = () => {}): void {
      const one = work(whenOpen)
        .catch((reason: unknown) => {
          failure ??= {reason}
          onFailure()
        })
        .finally(() => busy.delete(one))
      busy.add(one)
    },
    /** Resolves when nobody works any more. Rejects with the first failure. */
    async done(): Promise<void> {
      while (busy.size > 0) await Promise.all(busy)
      if (failure !== null) throw failure.reason
    },
  }
}

async function openOrNull(
  account: OpenAccount,
  signal: AbortSignal,
  onFailure: (error: PostdeskError) => Promise<void>,
): Promise<SenderConnection | null> {
  try {
    return await account.sender.open(signal)
  } catch (error) {
    if (signal.aborted) return null
    if (!(error instanceof PostdeskError)) throw error
    await onFailure(error)
    return null
  }
}

/** The messages that are due, each handed out once. */
function createQueue({store, lease, clock, first, limit = Infinity}: SendDueOptions, signal: AbortSignal) {
  const seen = new Set<number>()
  let page: DueMessage[] = []
  let loading: Promise<void> | null = null
  let taken = 0
  const load = async () => {
    const rows = await dueMessages(store.db, lease.portalId, lease.senderId, {
      now: clock.now(),
      // Those that are on their way are still due.
      limit: PAGE + MOST_CONNECTIONS,
      first,
    })
    page = rows.filter(({id}) => !seen.has(id))
  }
  const fill = async () => {
    loading ??= load().finally(() => (loading = null))
    await loading
  }
  return {
    async take(): Promise<DueMessage | null> {
      if (signal.aborted || taken >= limit) return null
      if (page.length === 0) await fill()
      const message = page.shift()
      if (message === undefined || signal.aborted) return null
      seen.add(message.id)
      taken++
      return message
    },
    putBack(message: DueMessage): void {
      seen.delete(message.id)
      taken--
      page.unshift(message)
    },
    /** Those that will be handed out next, as far as they are known. */
    following: (): readonly DueMessage[] => page,
    /** How many are known to wait. */
    waiting: (): number => Math.min(page.length, limit - taken),
  }
}

/** Keeps count of what stands in the way of all mail of an account, and notes on the account what ended the work. */
function watchObstacles({store, lease, clock, failures}: SendDueOptions, end: () => void) {
  let found: Obstacle | null = null
  let inARow = 0
  let succeeded = false
  let full = false
  const give = async (error: PostdeskError): Promise<void> => {
    if (found !== null) return
    const paused = isClosed(error)
    found = {error, paused}
    end()
    const {code, exitCode, title, why, fixes, serverReply} = error
    const noted: NotedError = {
      code,
      exitCode,
      title,
      why,
      at: clock.now(),
      fixes,
      ...(serverReply === undefined ? {} : {serverReply}),
    }
    if (paused) return pauseSender(store.db, lease, noted)
    const inARowNow = succeeded ? 1 : failures + 1
    const retryAt = new Date(Date.parse(clock.now()) + pauseAfter(inARowNow)).toISOString()
    return noteSenderFailure(store.db, lease, {failures: inARowNow, error: noted, retryAt})
  }
  return {
    found: () => found,
    /** Whether the server has as many of us as it takes. */
    isFull: () => full || found !== null,
    /** The server did not let us in. Where others of us are in, it only has enough of us. */
    async meetClosedDoor(error: PostdeskError, connections: number): Promise<void> {
      full = true
      if (isClosed(error) || connections === 1) await give(error)
    },
    async meet(error: PostdeskError): Promise<void> {
      if (isClosed(error) || ++inARow >= MAX_OBSTACLES) await give(error)
    },
    async passed(): Promise<void> {
      inARow = 0
      // Another connection may have found the door closed meanwhile: that holds.
      if (succeeded || found !== null) return
      succeeded = true
      await noteSenderSuccess(store.db, lease, clock.now())
    },
  }
}

/** What no later attempt mends: the login is refused, or the sender. */
const isClosed = ({exitCode}: PostdeskError): boolean =>
  ([EXIT.credentials, EXIT.loginClosed, EXIT.sender] as readonly number[]).includes(exitCode)

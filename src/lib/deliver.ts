/** Takes one mail from an MTA's pipe. It is in the store when this resolves. */
import type {Content, Delivery, Outcome} from './channel/delivery.ts'
import type {Clock} from './clock.ts'
import {emptyMessage, invalidValue, messageOf, needsPortalFlag, noPortal, notFound} from './errors.ts'
import type {Log} from './log.ts'
import {readForwardPath} from './message/forward-path.ts'
import {createParsePool} from './message/parse-pool.ts'
import {purgeQuarantine} from './quarantine-purge.ts'
import {createReceive} from './receive.ts'
import {readPipe} from './receiver/pipe.ts'
import type {SenderCheck} from './sender-check.ts'
import {factsOfSource} from './source-facts.ts'
import type {Store} from './store/open.ts'
import {findPortalByAddress, hasAddress, listPortals, type PortalRow} from './store/portals.ts'
import {sweepRaw} from './store/raw.ts'
import {pipeSource} from './store/sources.ts'

export interface DeliverOptions {
  readonly store: Store
  /** Null: the portal that the recipient belongs to. */
  readonly portal: PortalRow | null
  readonly recipient: string
  /** Null for the null reverse-path; undefined where the MTA did not say. */
  readonly sender: string | null | undefined
  /** An unknown address is kept in the quarantine and not refused. */
  readonly quarantineUnknown: boolean
  readonly input: AsyncIterable<Uint8Array>
  readonly checkSender: SenderCheck
  readonly clock: Clock
  readonly log: Log
  /** Tells this delivery from every other: random. */
  readonly itemKey: string
}

/**
 * @throws 67 for an unknown address, before anything is read or kept; 65 for an empty message; others where it can be
 * taken later.
 */
export async function deliver(options: DeliverOptions): Promise<Outcome> {
  const {store, clock} = options
  const recipient = readForwardPath(options.recipient)
  // `$user` where `$recipient` was meant: a mistake of the MTA's configuration must not bounce every mail.
  if (recipient === null)
    throw invalidValue(`--recipient ${JSON.stringify(options.recipient)}`, 'it is no full address')
  const portal = options.portal ?? (await portalOf({...options, recipient}))
  const row = await pipeSource(store, portal.id, clock.now())
  const source = factsOfSource(row, null)
  const envelope = {
    recipients: [recipient],
    ...(options.sender === undefined ? {} : {sender: options.sender}),
  }
  if (!options.quarantineUnknown) {
    if (!(await hasAddress(store.db, portal.id, recipient))) throw unknownAddress(recipient)
  }
  const content: Content | null = await readPipe(options.input)
  if (content === null) throw emptyMessage()
  // What deliveries that were killed have left; only large mails leave anything.
  if (content.kind === 'stream') await sweepRaw(store, portal.id)
  const pool = createParsePool()
  try {
    const receive = createReceive({
      store,
      portal,
      source,
      lease: null,
      effects: false,
      pool,
      checkSender: options.checkSender,
      clock,
      log: options.log,
      timings: {commitMs: 0},
    })
    const delivery: Delivery = {
      item: {epoch: '0', key: options.itemKey},
      content,
      envelope,
      receivedAt: clock.now(),
      cursor: {},
    }
    const outcome = (await receive([delivery]))[0]!
    if (outcome.kind === 'quarantined') await makeRoom(portal, options)
    return outcome
  } finally {
    await pool.close()
  }
}

/** One mail comes and at most two go: the quarantine of a portal that is never synced ends as well, in a few milliseconds. */
const PURGED_AT_ONCE = 2

/** The mail is committed: what goes wrong here must not make the MTA think otherwise. */
async function makeRoom(portal: PortalRow, {store, clock, log}: DeliverOptions): Promise<void> {
  await purgeQuarantine({store, portal, now: clock.now(), log, limit: PURGED_AT_ONCE}).catch((error: unknown) =>
    log('quarantine not purged', {error: messageOf(error)}),
  )
}

/** The portal that the recipient belongs to. A store without portals knows no address yet, and refuses none. */
async function portalOf({store, recipient, quarantineUnknown}: DeliverOptions): Promise<PortalRow> {
  const found = await findPortalByAddress(store.db, recipient)
  if (found) return found
  const [only, ...others] = await listPortals(store.db)
  if (!only) throw noPortal()
  if (!quarantineUnknown) throw unknownAddress(recipient)
  if (others.length > 0) throw needsPortalFlag([only, ...others].map(({key}) => key))
  return only
}

const unknownAddress = (recipient: string) =>
  notFound('email address', recipient, [], [{text: 'See which there are:', command: 'postdesk email list'}])

/** Probes as the store keeps them: noted before they leave, and asked for while they are waited for. */
import {randomBytes} from 'node:crypto'
import type {SoughtMail} from '../channel/inbound-look.ts'
import type {Clock, Instant} from '../clock.ts'
import {PROBE_FIELD, probeMessageId, probeSubject, probeWord} from '../message/probe-mark.ts'
import {hashToken, newToken, withToken} from '../message/token.ts'
import type {ChannelRow} from '../store/channels.ts'
import type {Store} from '../store/open.ts'
import {lockPortal, type PortalRow} from '../store/portals.ts'
import {findProbes, findProbesById, insertProbe, type Probe} from '../store/probes.ts'
import type {Sightings} from './lookout.ts'
import {sightingsOf} from './sight-probes.ts'

/** Milliseconds between two round trips of an address: each probe is a mail that somebody sees. */
const PAUSE_MS = 60 * 1000

/** Characters by which a person tells one probe from another. */
const CODE_LENGTH = 4

/** A probe that is noted, and may leave. */
export interface BegunProbe extends SoughtMail {
  /** Its row. */
  readonly id: number
  readonly nonce: string
  readonly to: string
}

export type Beginning =
  | {readonly kind: 'begun'; readonly main: BegunProbe; readonly detailed: BegunProbe | null}
  /** `at`: when the last one left; `again`: when the next one may. */
  | {readonly kind: 'too-soon'; readonly at: Instant; readonly again: Instant}

interface RecordContext {
  readonly store: Store
  readonly portal: PortalRow
}

/** Notes a probe to the address, and one to the address with a detail where one fits into it. */
export async function beginProbes({
  store,
  portal,
  channel,
  clock,
}: RecordContext & {readonly channel: ChannelRow; readonly clock: Clock}): Promise<Beginning> {
  const sentAt = clock.now()
  return store.transaction(async (tx) => {
    await lockPortal(tx, portal.id)
    const [last] = await findProbes(tx, portal.id, channel.id)
    const age = last === undefined ? Infinity : Date.parse(sentAt) - Date.parse(last.sentAt)
    // A clock that was set back must not stop all tests until it has caught up.
    if (last !== undefined && age >= 0 && age < PAUSE_MS)
      return {kind: 'too-soon', at: last.sentAt, again: new Date(Date.parse(last.sentAt) + PAUSE_MS).toISOString()}
    const begin = async (kind: Probe['kind'], to: string): Promise<BegunProbe> => {
      const nonce = newToken(randomBytes)
      const messageId = probeMessageId(nonce, portal.domain)
      const row = {channelId: channel.id, kind, nonceHash: hashToken(nonce), sentTo: to, messageId, sentAt}
      const id = await insertProbe(tx, portal.id, row)
      const code = newToken(randomBytes).slice(0, CODE_LENGTH).toUpperCase()
      return {id, nonce, to, field: PROBE_FIELD, word: probeWord(nonce), messageId, subject: probeSubject(code)}
    }
    const main = await begin('forwarding', channel.address)
    // In the form of a reply address: a server that cuts long details, or takes only letters, shows it here.
    const withDetail = withToken(channel.address, 't', () => newToken(randomBytes))
    return {
      kind: 'begun',
      main,
      detailed: withDetail === channel.address ? null : await begin('plus-addressing', withDetail),
    }
  })
}

/** What the reception has seen of these probes since, by their ids. */
export async function recallProbes(
  begun: readonly BegunProbe[],
  {store, portal}: RecordContext,
): Promise<ReadonlyMap<number, Sightings>> {
  const known = await findProbesById(
    store.db,
    store.dialect,
    portal.id,
    begun.map(({id}) => id),
  )
  return new Map([...known].map(([id, {sightings}]) => [id, sightingsOf(sightings, {seen: {by: 'intake'}, raw: null})]))
}

/** How long the slowest of the probes took that an address has got back lately, in ms; null where none came. */
export async function slowestArrival({store, portal}: RecordContext, channelId: number): Promise<number | null> {
  const times = (await findProbes(store.db, portal.id, channelId)).flatMap(({kind, sentAt, sightings}) => {
    const arrived = kind === 'forwarding' ? sightings.find((sighting) => sighting.kind === 'arrived') : undefined
    return arrived === undefined ? [] : [Date.parse(arrived.at) - Date.parse(sentAt)]
  })
  return times.length === 0 ? null : Math.max(...times)
}

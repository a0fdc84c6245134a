/** One run of the round trip: what was sent, and what is known of it by now. The stages judge it. */
import type {Finding} from '../channel/stage.ts'
import {isRight} from './judge-arrival.ts'
import {createLookout, type Lookout, type Sightings} from './lookout.ts'
import {openLook, type LookContext} from './open-look.ts'
import {depart, type Departed, type DepartureContext, type Leg} from './depart.ts'
import {recallProbes} from './probe-records.ts'
import type {ArrivedProbe, DetailFate, Fate, Forward, SentProbe} from './probe.ts'
import {inboundOf, readSighting} from './sight-probes.ts'

export interface TripContext extends DepartureContext, LookContext {
  /** How long the probe is waited for, in ms. */
  readonly waitMs: number
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed?: () => number
}

export interface Told<AnyFate extends DetailFate = Fate> {
  readonly forward: Forward
  readonly sent: SentProbe
  readonly fate: AnyFate
}

export interface Trip {
  /** Sends the probes, once. @throws the signal's reason. */
  send(signal: AbortSignal): Promise<Finding>
  /** What became of the probe to the address itself; waits for it where that was not done. Null where none was sent. */
  main(signal: AbortSignal): Promise<Told | null>
  /**
   * What became of the probe to the address with a detail, waited for a little longer than the other took. Null where that
   * did not arrive, or no detail fits into the address.
   */
  detailed(signal: AbortSignal): Promise<Told<DetailFate> | null>
}

/** A second mail, or another look, may tell more of what has just arrived; it is waited for so many ms. */
const AFTERMATH_MS = 5000

/** The probe with a detail takes the same way at the same time: twice as long as the other, within these bounds. */
const DETAIL_MS = {least: 10_000, most: 60_000}

export function createTrip(context: TripContext): Trip {
  const {waitMs, elapsed = () => performance.now()} = context
  let departed: Departed | null = null
  let sentAt = 0
  let told: Told | null = null
  let detailTold: Told<DetailFate> | null = null
  let tookMs = 0
  let seen: ReadonlyMap<number, Sightings> = new Map()

  /** Waits for a probe with a lookout of its own; what it sees of the others is kept. */
  const watch = async <T>(legs: readonly Leg[], since: string, work: (lookout: Lookout) => Promise<T>): Promise<T> => {
    const lookout = await lookoutFor(legs, since, context, elapsed)
    try {
      return await work(lookout)
    } finally {
      seen = new Map(legs.map(({begun: {id}}) => [id, lookout.of(id)]))
      lookout.close()
    }
  }

  return {
    async send(signal) {
      if (departed === null) {
        departed = await depart(context, signal)
        sentAt = elapsed()
      }
      return departed.finding
    },

    async main(signal) {
      if (told !== null || departed === null || departed.journey === null) return told
      const {forward, main, detailed} = departed.journey
      const legs = detailed?.refusal === null ? [main, detailed] : [main]
      const fate = await watch(legs, main.sent.at, (lookout) =>
        waitFor(lookout, main.begun.id, forward, {ms: waitMs, wantsBytes: true, elapsed}, signal),
      )
      tookMs = elapsed() - sentAt
      told = {forward, sent: main.sent, fate}
      return told
    },

    async detailed(signal) {
      const journey = departed?.journey
      if (detailTold !== null || !journey?.detailed || told?.fate.kind !== 'arrived') return detailTold
      const {forward, main, detailed} = journey
      const {id} = detailed.begun
      const wait = (lookout: Lookout) => {
        const ms = Math.min(DETAIL_MS.most, Math.max(DETAIL_MS.least, 2 * tookMs))
        return waitFor(lookout, id, forward, {ms, wantsBytes: false, elapsed}, signal)
      }
      const fate: DetailFate =
        detailed.refusal === null
          ? (fateOf(seen.get(id), forward) ?? (await watch([detailed], main.sent.at, wait)))
          : {kind: 'refused', reply: detailed.refusal}
      detailTold = {forward, sent: detailed.sent, fate}
      return detailTold
    },
  }
}

async function lookoutFor(
  legs: readonly Leg[],
  since: string,
  context: TripContext,
  elapsed: () => number,
): Promise<Lookout> {
  const inbound = await inboundOf(context)
  const sought = legs.map(({begun}) => begun)
  return createLookout({
    recall: () => recallProbes(sought, context),
    openLook: inbound && (() => openLook(inbound.config, since, context)),
    ask: (look, anywhere, signal) => (anywhere ? look.findAnywhere(sought, signal) : look.find(sought, signal)),
    read: async (mail) => inbound && readSighting(mail, inbound.facts, context),
    elapsed,
  })
}

/** Waits until it is clear what became of a probe: where it is right at once, else after a look at what else comes. */
async function waitFor(
  lookout: Lookout,
  id: number,
  forward: Forward,
  {ms, wantsBytes, elapsed}: {readonly ms: number; readonly wantsBytes: boolean; readonly elapsed: () => number},
  signal: AbortSignal,
): Promise<Fate> {
  const began = elapsed()
  const isKnown = () => fateOf(lookout.of(id), forward) !== null
  // The store keeps its header; signatures are verified from all of it.
  const isDone = () =>
    lookout.of(id).arrived.some((probe) => isRight(forward, probe) && (!wantsBytes || probe.raw !== null))
  await lookout.until(isKnown, ms, signal)
  if (isKnown()) await lookout.until(isDone, lookout.canLook() ? AFTERMATH_MS : 0, signal)
  else await lookout.lookAnywhere(signal)
  return fateOf(lookout.of(id), forward) ?? {kind: 'absent', waitedMs: elapsed() - began, blind: lookout.blind()}
}

/** What is known of a probe; null for nothing. A copy at the right place outweighs one elsewhere, and one elsewhere a report. */
function fateOf(sightings: Sightings | undefined, forward: Forward): Fate | null {
  if (sightings === undefined) return null
  const {arrived, bounced} = sightings
  const [best] = arrived.toSorted((a, b) => rank(forward, b) - rank(forward, a))
  if (best !== undefined) return {kind: 'arrived', probe: best}
  return bounced === null ? null : {kind: 'bounced', probe: bounced}
}

/** The right place first, then the inbound; of equals the one of which all bytes are there. */
const rank = (forward: Forward, probe: ArrivedProbe): number =>
  (isRight(forward, probe) ? 4 : 0) +
  (probe.seen.by === 'intake' || probe.seen.role === 'inbound' ? 2 : 0) +
  (probe.raw === null ? 0 : 1)

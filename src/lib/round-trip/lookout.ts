/**
 * Waits for probes. They may be taken in by whatever syncs or delivers the mail of the portal: the store tells. And the
 * inbound is looked into, which alters nothing, for where nobody syncs it, or the mail lies where nothing is fetched from.
 */
import {setTimeout as sleep} from 'node:timers/promises'
import type {InboundLook, SightedMail} from '../channel/inbound-look.ts'
import {EXIT, PostdeskError} from '../errors.ts'
import type {ArrivedProbe, BouncedProbe} from './probe.ts'

/** Milliseconds between two questions to the store, and between two looks into the inbound. */
const STORE_MS = 1000
const LOOK_MS = 4000

/** What is known of a probe by now. */
export interface Sightings {
  readonly arrived: readonly ArrivedProbe[]
  readonly bounced: BouncedProbe | null
}

export interface LookoutOptions {
  /** What the store knows of the probes, by their ids. */
  readonly recall: () => Promise<ReadonlyMap<number, Sightings>>
  /** Opens the look. Null where nothing can be looked into: mail is handed in, and the store knows at once. */
  readonly openLook: (() => Promise<InboundLook>) | null
  /** Asks a look for all probes; with `anywhere` in all mailboxes. */
  readonly ask: (look: InboundLook, anywhere: boolean, signal: AbortSignal) => Promise<readonly SightedMail[]>
  /** Reads what a look has found, and tells of which probe it is; null for what is none of them. */
  readonly read: (mail: SightedMail) => Promise<{readonly id: number; readonly seen: Sightings} | null>
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed: () => number
}

export interface Lookout {
  /** Waits until `settled` says so, at most so many ms. @throws the signal's reason, and what the store throws. */
  until(settled: () => boolean, ms: number, signal: AbortSignal): Promise<void>
  /** A last look, also where a filter may have put the mail. */
  lookAnywhere(signal: AbortSignal): Promise<void>
  of(id: number): Sightings
  /** Whether looking into the inbound is of any use still. */
  canLook(): boolean
  /** Why nobody can look into the inbound; null where somebody can, or nobody has to. */
  blind(): string | null
  close(): void
}

/** What lasts: the same look ends the same way, and a password that is refused is not tried again. */
const LASTING: ReadonlySet<number> = new Set([EXIT.tls, EXIT.credentials, EXIT.loginClosed, EXIT.config, EXIT.protocol])

const NOTHING: Sightings = {arrived: [], bounced: null}

export function createLookout({recall, openLook, ask, read, elapsed}: LookoutOptions): Lookout {
  let remembered: ReadonlyMap<number, Sightings> = new Map()
  const looked = new Map<number, Sightings>()
  let look: InboundLook | null = null
  let blind: string | null = null
  let gaveUp = openLook === null

  const lookInto = async (anywhere: boolean, signal: AbortSignal): Promise<void> => {
    if (gaveUp || openLook === null) return
    try {
      look ??= await openLook()
      for (const mail of await ask(look, anywhere, signal)) {
        const sighting = await read(mail)
        if (sighting !== null) looked.set(sighting.id, together(looked.get(sighting.id) ?? NOTHING, sighting.seen))
      }
      blind = null
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof PostdeskError)) throw error
      blind = `${error.title}: ${error.why}`
      gaveUp = LASTING.has(error.exitCode)
    }
  }
  /** A look that is under way; it ends by itself, also where nobody waits for it any more. */
  let looking: Promise<void> | null = null
  let failure: {readonly error: unknown} | null = null
  let lookedAt = -Infinity
  const ended = new AbortController()
  const startLook = (signal: AbortSignal) => {
    lookedAt = elapsed()
    looking = lookInto(false, AbortSignal.any([signal, ended.signal]))
      .catch((error: unknown) => {
        failure = {error}
      })
      .finally(() => (looking = null))
  }

  return {
    async until(settled, ms, signal) {
      const end = elapsed() + ms
      for (;;) {
        remembered = await recall()
        if (failure !== null) throw failure.error
        if (settled() || elapsed() >= end) return
        if (looking === null && elapsed() >= lookedAt + LOOK_MS) startLook(signal)
        await sleep(Math.min(STORE_MS, end - elapsed()), undefined, {signal}).catch(() => {}) // the signal ends it
        signal.throwIfAborted()
      }
    },
    async lookAnywhere(signal) {
      await looking
      await lookInto(true, signal)
    },
    of: (id) => together(remembered.get(id) ?? NOTHING, looked.get(id) ?? NOTHING),
    canLook: () => !gaveUp && blind === null,
    blind: () => blind,
    close() {
      ended.abort()
      look?.close()
    },
  }
}

const together = (known: Sightings, seen: Sightings): Sightings => ({
  arrived: [...known.arrived, ...seen.arrived],
  bounced: known.bounced ?? seen.bounced,
})

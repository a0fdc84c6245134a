/** Reads what a look into the inbound has found: the reception itself says what would become of it, and nothing is written. */
import type {SightedMail} from '../channel/inbound-look.ts'
import type {Clock} from '../clock.ts'
import type {InboundConfig} from '../inbound.ts'
import {decide} from '../intake/decide.ts'
import type {SourceFacts} from '../intake/facts.ts'
import type {ProbeSighting} from '../intake/match-probe.ts'
import {parseFacts} from '../message/parse.ts'
import {factsOfSource} from '../source-facts.ts'
import {gatherFacts} from '../store/gather-facts.ts'
import type {Store} from '../store/open.ts'
import type {PortalRow} from '../store/portals.ts'
import {findSource, replacedAt} from '../store/sources.ts'
import type {Sightings} from './lookout.ts'
import type {ArrivedProbe} from './probe.ts'

export interface SightContext {
  readonly store: Store
  readonly portal: PortalRow
  readonly clock: Clock
}

/** The inbound of a portal, where it can be looked into; null where an MTA hands mail in, or nothing is set. */
export async function inboundOf({store: {db}, portal}: Pick<SightContext, 'store' | 'portal'>): Promise<{
  readonly config: InboundConfig
  readonly facts: SourceFacts
} | null> {
  const row = portal.inbound_source_id === null ? undefined : await findSource(db, portal.id, portal.inbound_source_id)
  if (row === undefined) return null
  return {config: JSON.parse(row.config) as InboundConfig, facts: factsOfSource(row, await replacedAt(db, row))}
}

/** Which probe a mail is, or reports on; null for a mail that is none of ours, whatever it claims. */
export async function readSighting(
  mail: SightedMail,
  source: SourceFacts,
  {store, portal, clock}: SightContext,
): Promise<{readonly id: number; readonly seen: Sightings} | null> {
  const arrival = {
    item: {epoch: '0', key: '0'},
    source,
    envelope: null,
    receivedAt: mail.receivedAt ?? clock.now(),
    message: parseFacts(mail.raw),
    authentication: null,
  }
  const facts = await gatherFacts(store.db, store.dialect, portal, [arrival], clock.now())
  const decision = decide(arrival, facts)
  if (decision.kind !== 'probe') return null
  const {place, role, raw, isWhole} = mail
  return {
    id: decision.probe.id,
    seen: sightingsOf([decision.sighting], {seen: {by: 'look', place, role}, raw: isWhole ? raw : null}),
  }
}

/** What the reception has seen, or would, in the form in which it is judged. */
export const sightingsOf = (
  sightings: readonly ProbeSighting[],
  how: Pick<ArrivedProbe, 'seen' | 'raw'>,
): Sightings => ({
  arrived: sightings.flatMap((sighting): ArrivedProbe[] => {
    if (sighting.kind !== 'arrived') return []
    const {at, match, envelope, authentication, fields, from, replyTo, messageId} = sighting
    return [{...how, at, match, envelope, authentication, message: {fields, from, replyTo, messageId}}]
  }),
  // One that is only delayed is on its way still (RFC 3464 2.3.3).
  bounced: sightings.flatMap((sighting) => (sighting.kind === 'bounced' ? [sighting] : []))[0] ?? null,
})

/** Probes: mails that were sent to find out whether a forward works, and what was seen of them since. */
import type {Selectable} from 'kysely'
import type {Instant} from '../clock.ts'
import type {ProbeSighting} from '../intake/match-probe.ts'
import {inPortal, type StoreDialect} from './dialect.ts'
import {reserveId} from './ids.ts'
import {storable} from './intake-rows.ts'
import type {Db, ProbeTable, Tx} from './schema.ts'

/** Milliseconds for which a probe is one: what forwards at all does so within minutes. */
export const PROBE_LIFETIME_MS = 60 * 60 * 1000

/** Milliseconds after its end for which a probe is kept: what was wrong last week can still be looked up. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1000

/** Sightings kept of one probe: a copy here and there, and a report. More is somebody who sends it anew. */
const MAX_SIGHTINGS = 5

export interface NewProbe {
  /** The SMTP channel that it leaves by. */
  readonly channelId: number
  readonly kind: ProbeTable['kind']
  /** `hashToken` of its nonce. */
  readonly nonceHash: string
  readonly sentTo: string
  /** Ours, without angle brackets. */
  readonly messageId: string
  readonly sentAt: Instant
}

export interface Probe extends NewProbe {
  readonly id: number
  readonly expiresAt: Instant
  /** When it was first seen again; null for never. */
  readonly arrivedAt: Instant | null
  /** What was seen of it, the first one first. */
  readonly sightings: readonly ProbeSighting[]
}

/** Notes a probe that is about to be sent, and gives its id. Removes those that ended a week ago, so that the table does not grow. */
export async function insertProbe(tx: Tx, portalId: number, probe: NewProbe): Promise<number> {
  const sent = Date.parse(probe.sentAt)
  await purgeProbes(tx, portalId, new Date(sent - KEPT_MS).toISOString())
  const id = await reserveId(tx, portalId)
  await tx
    .insertInto('probe')
    .values({
      portal_id: portalId,
      id,
      channel_id: probe.channelId,
      kind: probe.kind,
      nonce_hash: probe.nonceHash,
      sent_to: probe.sentTo,
      message_id: probe.messageId,
      sent_at: probe.sentAt,
      expires_at: new Date(sent + PROBE_LIFETIME_MS).toISOString(),
      arrived_at: null,
      arrived: null,
    })
    .execute()
  return id
}

/** Of these ids, those that there are, and what is known of each. */
export async function findProbesById(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Probe>> {
  const rows = await db
    .selectFrom('probe')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where(dialect.among('id', ids))
    .execute()
  return new Map(rows.map((row) => [row.id, toProbe(row)]))
}

/** The probes of an SMTP channel, the newest first: those of about a week. */
export async function findProbes(db: Db, portalId: number, channelId: number): Promise<readonly Probe[]> {
  const rows = await db
    .selectFrom('probe')
    .selectAll()
    .where('portal_id', '=', portalId)
    .where('channel_id', '=', channelId)
    .orderBy('id', 'desc')
    .execute()
  return rows.map(toProbe)
}

/** Of these hashes of nonces, those that are of probes of the portal, whether they have ended or not. */
export async function findProbesByHash(
  db: Db,
  dialect: StoreDialect,
  portalId: number,
  hashes: readonly string[],
): Promise<readonly Probe[]> {
  if (hashes.length === 0) return []
  const rows = await db
    .selectFrom('probe')
    .selectAll()
    .where(inPortal('portal_id', portalId))
    .where(dialect.among('nonce_hash', hashes))
    .execute()
  return rows.map(toProbe)
}

/**
 * Adds what was seen of a probe. The first sighting says when it arrived; up to `MAX_SIGHTINGS` are kept, and later ones are
 * not: the same mail may come at several places, and a report beside it. The portal is locked by then.
 */
export async function noteProbeArrived(tx: Tx, portalId: number, id: number, sighting: ProbeSighting): Promise<void> {
  const row = await tx
    .selectFrom('probe')
    .select(['channel_id', 'kind', 'arrived_at', 'arrived'])
    .where('portal_id', '=', portalId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return
  if (row.kind === 'forwarding' && isForwarded(sighting, row.channel_id))
    await tx
      .updateTable('smtp_channel')
      .set({forwarding_verified_at: sighting.at})
      .where('portal_id', '=', portalId)
      .where('channel_id', '=', row.channel_id)
      .execute()
  const known = sightingsOf(row)
  if (known.length >= MAX_SIGHTINGS) return
  await tx
    .updateTable('probe')
    .set({arrived_at: row.arrived_at ?? sighting.at, arrived: storable(JSON.stringify([...known, sighting]))})
    .where('portal_id', '=', portalId)
    .where('id', '=', id)
    .execute()
}

/** Taken for mail that was forwarded for the channel: that proves its forward, also where nobody waits for the probe any more. */
const isForwarded = (sighting: ProbeSighting, channelId: number): boolean =>
  sighting.kind === 'arrived' && sighting.match.match?.internal != null && sighting.match.match.channel.id === channelId

/** Removes the probes that had ended before that instant, and tells how many. */
export async function purgeProbes(tx: Tx, portalId: number, before: Instant): Promise<number> {
  const {numDeletedRows} = await tx
    .deleteFrom('probe')
    .where('portal_id', '=', portalId)
    .where('expires_at', '<', before)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

const toProbe = (row: Selectable<ProbeTable>): Probe => ({
  id: row.id,
  channelId: row.channel_id,
  kind: row.kind,
  nonceHash: row.nonce_hash,
  sentTo: row.sent_to,
  messageId: row.message_id,
  sentAt: row.sent_at,
  expiresAt: row.expires_at,
  arrivedAt: row.arrived_at,
  sightings: sightingsOf(row),
})

const sightingsOf = ({arrived}: Pick<ProbeTable, 'arrived'>): readonly ProbeSighting[] =>
  arrived === null ? [] : (JSON.parse(arrived) as ProbeSighting[])

/** Which quarantined mails a command line means. */
import {requireChannel} from './channel-summary.ts'
import type {Instant} from './clock.ts'
import {mailPurged, noSuchNumber, type PostdeskError} from './errors.ts'
import type {QuarantineReason} from './intake/facts.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {findIds, type QuarantineSelection} from './store/quarantine.ts'

export type {QuarantineSelection}

/** As people say it. With `ids` the rest says nothing. */
export interface QuarantineRequest {
  readonly ids?: readonly number[]
  readonly reason?: QuarantineReason
  /** The address that they wait for. */
  readonly channel?: string
  /** Those that were quarantined longer ago than so many days. */
  readonly olderThanDays?: number
  /** Those that were purged, and not those that wait. */
  readonly purged?: boolean
}

const DAY_MS = 24 * 3_600_000

/** So many days after an instant; days have 24 hours. */
export const daysAfter = (instant: Instant, days: number): Instant =>
  new Date(Date.parse(instant) + days * DAY_MS).toISOString()

/** `whole`: for what needs the mail itself; a purged one is refused. @throws 67 for an unknown id or address, 65 for a purged mail. */
export async function resolveSelection(
  store: Store,
  portal: PortalRow,
  request: QuarantineRequest,
  {now, whole}: {readonly now: Instant; readonly whole: boolean},
): Promise<QuarantineSelection> {
  const {ids, reason, channel, olderThanDays, purged} = request
  if (ids !== undefined) {
    await checkIds(store, portal, ids, whole)
    return {ids}
  }
  return {
    ...(reason === undefined ? {} : {reasons: [reason]}),
    ...(channel === undefined ? {} : {channelId: (await requireChannel(store.db, portal, channel)).id}),
    ...(olderThanDays === undefined ? {} : {before: daysAfter(now, -olderThanDays)}),
    ...(purged === undefined ? {} : {purged}),
  }
}

async function checkIds(
  {db, dialect}: Store,
  portal: PortalRow,
  ids: readonly number[],
  whole: boolean,
): Promise<void> {
  const found = await findIds(db, dialect, portal.id, ids)
  for (const id of ids) {
    const state = found.get(id)
    if (state === undefined) throw noQuarantinedMail(id, portal)
    if (whole && state.purged_at !== null) throw mailPurged(id, state.purged_at)
  }
}

export const noQuarantinedMail = (id: number, portal: PortalRow): PostdeskError =>
  noSuchNumber(
    'quarantined mail',
    [id],
    [{text: 'See what there is:', command: `postdesk quarantine list --portal ${portal.key}`}],
  )

/** Portals: adding, changing and removing them. */
import {checkDisplayName, checkDomain} from './address.ts'
import {alreadyExists, invalidValue, notFound} from './errors.ts'
import {listAddresses, listChannels, portalThatHas, updateChannel} from './store/channels.ts'
import type {Store} from './store/open.ts'
import {
  countPortal,
  deletePortal,
  findPortal,
  findPortalByDomain,
  insertPortal,
  listPortals,
  lockPortal,
  lockStore,
  updatePortal as writePortal,
  type PortalFields,
  type PortalRow,
} from './store/portals.ts'
import {findSource} from './store/sources.ts'
import type {Tx} from './store/schema.ts'

export {checkDomain}

/** A portal as commands show it. */
export interface PortalSummary {
  readonly key: string
  /** The extension of its internal addresses. */
  readonly domain: string
  readonly name: string
  /** An IANA time zone. */
  readonly timezone: string
  /** A BCP 47 language tag. */
  readonly locale: string
  /** Bytes; a larger message is quarantined with its header alone. */
  readonly maxMessageSize: number
  readonly createdAt: string
}

/** A portal with what surrounds it. */
export interface PortalDetails extends PortalSummary {
  /** The mailbox that its mail comes in by, such as `imap:user@host:993/INBOX`; null for none. */
  readonly inbound: string | null
}

const summarisePortal = (row: PortalRow): PortalSummary => ({
  key: row.key,
  domain: row.domain,
  name: row.name,
  timezone: row.timezone,
  locale: row.locale,
  maxMessageSize: row.max_message_size,
  createdAt: row.created_at,
})

/** All portals of the store. The current one is the one that was chosen, or the only one. */
export async function summarisePortals(
  store: Store,
  chosen?: string,
): Promise<(PortalSummary & {readonly current: boolean})[]> {
  const rows = await listPortals(store.db)
  return rows.map((row) => ({...summarisePortal(row), current: row.key === chosen || rows.length === 1}))
}

export async function describePortal(store: Store, portal: PortalRow): Promise<PortalDetails> {
  const inbound =
    portal.inbound_source_id === null ? undefined : await findSource(store.db, portal.id, portal.inbound_source_id)
  return {...summarisePortal(portal), inbound: inbound?.identity ?? null}
}

/** Bytes. The largest mail that a big provider lets through is 150 MB (Exchange Online, "message limits"). */
export const DEFAULT_MAX_MESSAGE_SIZE = 150 * 1024 * 1024
/** Bytes. No mail at all would fit a smaller limit. */
const LEAST_MAX_MESSAGE_SIZE = 1000
/** Bytes. SQLite and PostgreSQL hold more, but no mail system hands over more than 2 GB. */
const MOST_MAX_MESSAGE_SIZE = 2 * 1024 ** 3

/** What is wrong with a KEY; null for a good one. */
export function checkKey(key: string): string | null {
  return /^[a-z0-9][a-z0-9-]*$/.test(key) && key.length <= 63
    ? null
    : 'use lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit'
}

function checkTimezone(timezone: string): string | null {
  try {
    Intl.DateTimeFormat('en', {timeZone: timezone})
    return null
  } catch {
    return 'use a name of the IANA time zone database, such as Europe/Berlin or Asia/Ho_Chi_Minh'
  }
}

function checkLocale(locale: string): string | null {
  try {
    Intl.getCanonicalLocales(locale)
    return null
  } catch {
    return 'use a language tag (BCP 47), such as en, de or vi'
  }
}

const checkMaxMessageSize = (bytes: number): string | null =>
  Number.isInteger(bytes) && bytes >= LEAST_MAX_MESSAGE_SIZE && bytes <= MOST_MAX_MESSAGE_SIZE
    ? null
    : `use bytes between ${LEAST_MAX_MESSAGE_SIZE} and ${MOST_MAX_MESSAGE_SIZE}`

/** @throws 64 for the first field that is not valid. */
export function checkPortal(fields: Partial<PortalFields>): void {
  const check = <T>(what: string, value: T | undefined, judge: (value: T) => string | null) => {
    const wrong = value === undefined ? null : judge(value)
    if (wrong !== null) throw invalidValue(`${what} ${JSON.stringify(value)}`, wrong)
  }
  check('The key', fields.key, checkKey)
  check('The domain', fields.domain, checkDomain)
  check('The name', fields.name, checkDisplayName)
  check('The time zone', fields.timezone, checkTimezone)
  check('The locale', fields.locale, checkLocale)
  check('The maximum message size', fields.max_message_size, checkMaxMessageSize)
}

/** What a new portal is told; the rest is filled in. */
export type NewPortal = Pick<PortalFields, 'key' | 'domain'> & Partial<PortalFields>

/**
 * Adds a portal. With `ifNotExists` one that has the fields given is no change.
 * @throws 64 for a bad field, 73 where the key or the domain is taken.
 */
export async function addPortal(
  store: Store,
  given: NewPortal,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{portal: PortalSummary; changed: boolean}> {
  checkPortal(given)
  const fields: PortalFields = {
    name: given.key,
    timezone: 'UTC',
    locale: 'en',
    max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
    ...given,
  }
  return store.transaction(async (tx) => {
    await lockStore(tx)
    const known = await findPortal(tx, fields.key)
    if (known) {
      const differs = (Object.keys(given) as (keyof PortalFields)[]).filter((name) => known[name] !== given[name])
      if (options.ifNotExists && differs.length === 0) return {portal: summarisePortal(known), changed: false}
      throw alreadyExists(
        'portal',
        fields.key,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'a portal is added once',
        [{text: 'Change it instead:', command: `postdesk portal update ${fields.key} …`}],
      )
    }
    await refuseTakenDomain(tx, fields.domain)
    return {portal: summarisePortal(await insertPortal(tx, fields, options.now)), changed: true}
  })
}

async function refuseTakenDomain(tx: Tx, domain: string): Promise<void> {
  const owner = await findPortalByDomain(tx, domain)
  if (owner)
    throw alreadyExists('domain', domain, `it belongs to the portal ${owner.key}, and a domain belongs to one portal`)
}

/** An address that changed. The one before still leads to the channel. */
export interface MovedAddress {
  readonly from: string
  readonly to: string
}

/**
 * Changes a portal. With a new domain its internal addresses move there; those at the old one stay aliases for incoming
 * mail.
 * @throws 64 for a bad field, 73 where the domain is taken or an address there belongs to another channel.
 */
export async function updatePortal(
  store: Store,
  portal: PortalRow,
  changes: Partial<Omit<PortalFields, 'key'>>,
  now: string,
): Promise<{portal: PortalSummary; moved: MovedAddress[]; changed: boolean}> {
  checkPortal(changes)
  return store.transaction(async (tx) => {
    if (changes.domain !== undefined) await lockStore(tx)
    const before = await lockPortal(tx, portal.id)
    if (!before) throw notFound('portal', portal.key)
    const differs = (Object.keys(changes) as (keyof typeof changes)[]).some((name) => before[name] !== changes[name])
    if (!differs) return {portal: summarisePortal(before), moved: [], changed: false}
    const moved: MovedAddress[] = []
    if (changes.domain !== undefined && changes.domain !== before.domain) {
      await refuseTakenDomain(tx, changes.domain)
      moved.push(...(await moveAddresses(tx, portal.id, changes.domain, now)))
    }
    await writePortal(tx, portal.id, changes, now)
    return {portal: summarisePortal({...before, ...changes}), moved, changed: true}
  })
}

async function moveAddresses(tx: Tx, portalId: number, domain: string, now: string): Promise<MovedAddress[]> {
  const owners = new Map((await listAddresses(tx, portalId)).map((row) => [row.address, row.channel_id]))
  const moved: MovedAddress[] = []
  for (const channel of (await listChannels(tx, portalId)).filter(({kind}) => kind === 'internal')) {
    const to = `${channel.address.slice(0, channel.address.lastIndexOf('@'))}@${domain}`
    const owner = owners.get(to.toLowerCase())
    // Possible where the portal had this domain before, and addresses were renamed since.
    if (owner !== undefined && owner !== channel.id)
      throw alreadyExists('address', to, `${channel.address} would move there, but it leads to another address`, [
        {text: 'Take it from the other one:', command: `postdesk email update ADDRESS --drop-alias ${to}`},
      ])
    const elsewhere = await portalThatHas(tx, to, portalId)
    if (elsewhere !== undefined)
      throw alreadyExists('address', to, `${channel.address} would move there, but the portal ${elsewhere} has it`)
    await updateChannel(tx, channel, {address: to}, now)
    moved.push({from: channel.address, to})
  }
  return moved
}

/** What goes with a portal, as a person is told before it does. */
export async function contentOfPortal(store: Store, portal: PortalRow): Promise<string> {
  const {channels, tickets} = await countPortal(store.db, portal.id)
  const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`
  return `${count(channels, 'address', 'addresses')} and ${count(tickets, 'ticket', 'tickets')}`
}

/** Removes a portal with everything in it. */
export async function removePortal(store: Store, portal: PortalRow): Promise<void> {
  await store.transaction((tx) => deletePortal(tx, portal.id))
}

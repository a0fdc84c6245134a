/** Portals: adding, changing and removing them. */
import {alreadyExists, invalidValue} from './errors.ts'
import type {Store} from './store/open.ts'
import {
  findPortal,
  findPortalByDomain,
  insertPortal,
  listPortals,
  type PortalFields,
  type PortalRow,
} from './store/portals.ts'

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

export const summarisePortal = (row: PortalRow): PortalSummary => ({
  key: row.key,
  domain: row.domain,
  name: row.name,
  timezone: row.timezone,
  locale: row.locale,
  maxMessageSize: row.max_message_size,
  createdAt: row.created_at,
})

export const summarisePortals = async (store: Store): Promise<PortalSummary[]> =>
  (await listPortals(store.db)).map(summarisePortal)

/** Bytes. The largest mail that a big provider lets through is 150 MB (Exchange Online, "message limits"). */
export const DEFAULT_MAX_MESSAGE_SIZE = 150 * 1024 * 1024

/** What is wrong with a KEY; null for a good one. */
export function checkKey(key: string): string | null {
  return /^[a-z0-9][a-z0-9-]*$/.test(key) && key.length <= 63
    ? null
    : 'use lower-case letters, digits and hyphens, beginning with a letter or digit'
}

/** What is wrong with a domain (RFC 1035 2.3.1, RFC 5890 for its A-labels); null for a good one. */
export function checkDomain(domain: string): string | null {
  const labels = domain.split('.')
  const fine =
    labels.length > 1 &&
    domain.length <= 253 &&
    labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return fine ? null : 'use a full domain in lower case, such as acme.example'
}

export function checkTimezone(timezone: string): string | null {
  try {
    new Intl.DateTimeFormat('en', {timeZone: timezone})
    return null
  } catch {
    return 'use a name of the IANA time zone database, such as Europe/Berlin or Asia/Ho_Chi_Minh'
  }
}

export function checkLocale(locale: string): string | null {
  try {
    Intl.getCanonicalLocales(locale)
    return null
  } catch {
    return 'use a language tag (BCP 47), such as en, de or vi'
  }
}

/**
 * Adds a portal. With `ifNotExists` the same one again is no change.
 * @throws 73 where the key or the domain is taken.
 */
export async function addPortal(
  store: Store,
  fields: PortalFields,
  options: {readonly ifNotExists: boolean; readonly now: string},
): Promise<{portal: PortalSummary; changed: boolean}> {
  for (const [what, wrong] of [
    ['The key', checkKey(fields.key)],
    ['The domain', checkDomain(fields.domain)],
    ['The time zone', checkTimezone(fields.timezone)],
    ['The locale', checkLocale(fields.locale)],
  ] as const)
    if (wrong) throw invalidValue(what, wrong)
  return store.transaction(async (tx) => {
    const known = await findPortal(tx, fields.key)
    if (known) {
      const differs = (Object.keys(fields) as (keyof PortalFields)[]).filter((name) => known[name] !== fields[name])
      if (options.ifNotExists && differs.length === 0) return {portal: summarisePortal(known), changed: false}
      throw alreadyExists(
        'portal',
        fields.key,
        options.ifNotExists ? `with another ${differs.join(', ')}` : 'a portal is added once',
        [{text: 'Change it instead:', command: `postdesk portal update --portal ${fields.key} …`}],
      )
    }
    const owner = await findPortalByDomain(tx, fields.domain)
    if (owner) throw alreadyExists('domain', fields.domain, `it belongs to the portal ${owner.key}`)
    return {portal: summarisePortal(await insertPortal(tx, fields, options.now)), changed: true}
  })
}

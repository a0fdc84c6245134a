/** The inbound of a portal: the mailbox that the mail of its domain comes in by. */
import {isIP} from 'node:net'
import {isAbsolute} from 'node:path'
import {domainToASCII} from 'node:url'
import {inUse, invalidValue, notFound} from './errors.ts'
import {INBOUND_OWNER, inboundPasswordName, PASSWORD_FIELD, passwordBinding} from './inbound-password.ts'
import type {Store} from './store/open.ts'
import {revokeLease} from './store/leases.ts'
import {listPortals, lockPortal, lockStore, updatePortal, type PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {deleteSecrets, findSecret, putSecret} from './store/secrets.ts'
import {findSource, findSourceByIdentity, putSource, retireSource, type SourceRow} from './store/sources.ts'

/** `tls` from the first byte, `starttls` or no connection at all, `none` in clear. */
export type Security = 'tls' | 'starttls' | 'none'

/** A catch-all mailbox that is pulled by IMAP. Kept as the `config` of its source. */
export interface ImapInbound {
  readonly kind: 'imap'
  /** In lower case, without brackets where it is an IPv6 address. */
  readonly host: string
  readonly port: number
  readonly security: Security
  readonly user: string
  /** `INBOX` in upper case for the inbox (RFC 9051 5.1). */
  readonly mailbox: string
  /** The one header that names the SMTP recipient, in lower case; null for the usual ones. */
  readonly envelopeHeader: string | null
  /** The authserv-id whose Authentication-Results are believed (RFC 8601 2.5), in lower case; null for none. */
  readonly trustedAuthservId: string | null
  /** True where a mail is marked as read on the server once it is stored. */
  readonly markSeen: boolean
  /** The mailbox that a mail is moved to on the server once it is stored; null for none. */
  readonly moveTo: string | null
}

/** A Maildir of this machine. Kept as the `config` of its source. */
export interface MaildirInbound {
  readonly kind: 'maildir'
  /** Absolute. */
  readonly path: string
  readonly envelopeHeader: string | null
  readonly markSeen: boolean
}

export type InboundConfig = ImapInbound | MaildirInbound

/** An inbound as commands show it. */
export type InboundSummary = InboundConfig & {
  /** What it points at, such as `imap:user@host:993/INBOX`. */
  readonly identity: string
  /** Name of the password; null where none is needed. */
  readonly secret: string | null
  readonly lastSyncAt: string | null
  /** What went wrong the last time; null after a success. */
  readonly lastError: {readonly code: string; readonly title: string; readonly why: string; readonly at: string} | null
}

/** What an IMAP inbound is told; the rest is filled in. */
export interface ImapSettings {
  readonly host: string
  readonly user: string
  readonly port?: number | undefined
  readonly security?: Security | undefined
  readonly mailbox?: string | undefined
  readonly envelopeHeader?: string | undefined
  readonly trustedAuthservId?: string | undefined
  readonly markSeen?: boolean | undefined
  readonly moveTo?: string | undefined
}

/** The port of IMAP with TLS from the first byte (RFC 8314 3.2), and the one of IMAP alone. */
const IMAPS_PORT = 993
const IMAP_PORT = 143
/** Octets. Servers limit the names of mailboxes and users to a few hundred. */
const MAX_NAME = 500

/** What is wrong with a host; null for a name or an address. */
export function checkHost(text: string): string | null {
  return normaliseHost(text) === null
    ? 'use the name or the address of a server, without a scheme and without a port, such as imap.acme.example'
    : null
}

/** In lower case and ASCII (RFC 5890), without the brackets of an IPv6 address and without a final dot. */
function normaliseHost(text: string): string | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare.toLowerCase()
  // The conversion below reads a URL's host, and would leave out what follows it.
  if (/[\s/:?#@%\\[\]]/.test(text)) return null
  const ascii = domainToASCII(text.replace(/\.$/, ''))
  return ascii.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*$/.test(ascii)
    ? ascii
    : null
}

/** What is wrong with a port; null for a good one. */
export const checkPort = (port: number): string | null =>
  Number.isInteger(port) && port >= 1 && port <= 65_535 ? null : 'use a port between 1 and 65535'

/** What is wrong with the name of a user or a mailbox; null for a good one. */
export const checkAccountName = (text: string): string | null =>
  text !== '' && Buffer.byteLength(text) <= MAX_NAME && !/\p{Cc}/u.test(text)
    ? null
    : `use 1 to ${MAX_NAME} bytes, without control characters`

/** The usual security of a port: 993 speaks TLS from the first byte, every other one after STARTTLS. */
export const securityOfPort = (port: number): Security => (port === IMAPS_PORT ? 'tls' : 'starttls')

/** True where the connection does not leave this machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** The config of an IMAP inbound, with everything that was left out. @throws 64 for the first bad value. */
export function imapInbound(settings: ImapSettings): ImapInbound {
  const {user, moveTo} = settings
  const port =
    settings.port ?? (settings.security === undefined || settings.security === 'tls' ? IMAPS_PORT : IMAP_PORT)
  const mailbox = settings.mailbox ?? 'INBOX'
  refuse('--host', settings.host, checkHost)
  refuse('--port', port, checkPort)
  refuse('--user', user, checkAccountName)
  refuse('--mailbox', mailbox, checkAccountName)
  refuse('--move-to', moveTo, checkAccountName)
  refuse('--trusted-authserv-id', settings.trustedAuthservId, checkAccountName)
  if (moveTo !== undefined && canonicalMailbox(moveTo) === canonicalMailbox(mailbox))
    throw invalidValue(`--move-to ${JSON.stringify(moveTo)}`, 'it is the mailbox that the mail is taken from')
  return {
    kind: 'imap',
    host: normaliseHost(settings.host)!,
    port,
    security: settings.security ?? securityOfPort(port),
    user,
    mailbox: canonicalMailbox(mailbox),
    envelopeHeader: envelopeHeaderOf(settings.envelopeHeader),
    trustedAuthservId: settings.trustedAuthservId?.toLowerCase() ?? null,
    markSeen: settings.markSeen ?? false,
    moveTo: moveTo === undefined ? null : canonicalMailbox(moveTo),
  }
}

/** The config of a Maildir inbound. `path` is absolute. @throws 64 for the first bad value. */
export function maildirInbound(settings: {
  readonly path: string
  readonly envelopeHeader?: string | undefined
  readonly markSeen?: boolean | undefined
}): MaildirInbound {
  refuse('--path', settings.path, (path) => (isAbsolute(path) && !path.includes('\0') ? null : 'use an absolute path'))
  return {
    kind: 'maildir',
    path: settings.path,
    envelopeHeader: envelopeHeaderOf(settings.envelopeHeader),
    markSeen: settings.markSeen ?? false,
  }
}

function refuse<T>(flag: string, value: T | undefined, judge: (value: T) => string | null): void {
  const wrong = value === undefined ? null : judge(value)
  if (wrong !== null) throw invalidValue(`${flag} ${JSON.stringify(value)}`, wrong)
}

const canonicalMailbox = (name: string): string => (name.toUpperCase() === 'INBOX' ? 'INBOX' : name)

/** RFC 5322 2.2: a field name is printable ASCII without the colon. */
function envelopeHeaderOf(name: string | undefined): string | null {
  refuse('--envelope-header', name, (text) =>
    /^[!-9;-~]+$/.test(text) ? null : 'use the name of a header field, without the colon, such as X-Original-To',
  )
  return name?.toLowerCase() ?? null
}

/** What an inbound points at: another one has a ledger of its own. */
export function identityOf(config: InboundConfig): string {
  if (config.kind === 'maildir') return `maildir:${config.path}`
  const host = isIP(config.host) === 6 ? `[${config.host}]` : config.host
  return `imap:${config.user}@${host}:${config.port}/${config.mailbox}`
}

const summarise = (portal: PortalRow, row: SourceRow): InboundSummary => {
  const config = JSON.parse(row.config) as InboundConfig
  return {
    ...config,
    identity: row.identity,
    secret: config.kind === 'imap' ? inboundPasswordName(portal) : null,
    lastSyncAt: row.last_ok_at,
    lastError: row.last_error === null ? null : (JSON.parse(row.last_error) as InboundSummary['lastError']),
  }
}

const inboundRow = async (db: Db, portal: PortalRow): Promise<SourceRow | undefined> =>
  portal.inbound_source_id === null ? undefined : findSource(db, portal.id, portal.inbound_source_id)

/** The inbound of a portal; null for none. */
export async function describeInbound(store: Store, portal: PortalRow): Promise<InboundSummary | null> {
  const row = await inboundRow(store.db, portal)
  return row ? summarise(portal, row) : null
}

/** What stands in the way of an inbound, before a password is asked for. */
export interface InboundCheck {
  /** True where a password is needed: there is none, or it was given for another host, port, security or user. */
  readonly needsPassword: boolean
  /** True where there is one that could be kept. */
  readonly hasPassword: boolean
}

/** @throws 73 where the mailbox belongs to another portal. */
export async function checkInbound(db: Db, portal: PortalRow, config: InboundConfig): Promise<InboundCheck> {
  const known = await findSourceByIdentity(db, identityOf(config))
  if (known && known.portal_id !== portal.id) {
    const owner = (await listPortals(db)).find(
      (other) => other.id === known.portal_id && other.inbound_source_id === known.id,
    )
    if (owner)
      throw inUse('mailbox', known.identity, `it is the inbound of the portal ${owner.key}`, [
        {
          text: 'Choose another mailbox, or take it from that portal first:',
          command: `postdesk portal inbound unset --portal ${owner.key}`,
        },
      ])
  }
  const secret = await findSecret(db, portal.id, INBOUND_OWNER, PASSWORD_FIELD)
  return {
    needsPassword: config.kind === 'imap' && secret?.bound_to !== passwordBinding(config),
    hasPassword: secret !== undefined,
  }
}

/**
 * Makes a mailbox the inbound of a portal. Another host, port, user, mailbox or path is another source with a ledger of
 * its own; the ledger of the one before is kept. An IMAP password must be on this machine by then, or kept.
 * @throws 73 where the mailbox belongs to another portal.
 */
export async function setInbound(
  store: Store,
  portal: PortalRow,
  config: InboundConfig,
  now: string,
): Promise<{inbound: InboundSummary; changed: boolean}> {
  const identity = identityOf(config)
  return store.transaction(async (tx) => {
    await lockStore(tx)
    const {needsPassword} = await checkInbound(tx, portal, config)
    const known = await findSourceByIdentity(tx, identity)
    // Another portal had it, and uses it no longer.
    if (known && known.portal_id !== portal.id) await retireSource(tx, known, now)
    const before = known?.portal_id === portal.id ? known.config : null
    const source = await putSource(tx, portal.id, {kind: config.kind, identity, config: JSON.stringify(config)}, now)
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    const changed = locked.inbound_source_id !== source.id || before !== source.config || needsPassword
    // A watch of before goes by the settings of before.
    if (changed && locked.inbound_source_id !== null)
      await revokeLease(tx, 'source', {portal_id: portal.id, id: locked.inbound_source_id})
    if (locked.inbound_source_id !== source.id) await updatePortal(tx, portal.id, {inbound_source_id: source.id}, now)
    if (config.kind === 'maildir') await deleteSecrets(tx, portal.id, INBOUND_OWNER)
    else if (needsPassword)
      await putSecret(tx, {
        portal_id: portal.id,
        owner: INBOUND_OWNER,
        field: PASSWORD_FIELD,
        bound_to: passwordBinding(config),
        created_at: now,
      })
    return {inbound: summarise(portal, source), changed}
  })
}

/** The portal has no inbound from then on. What is known of the mailbox stays, for when it is set again. */
export async function unsetInbound(store: Store, portal: PortalRow, now: string): Promise<{changed: boolean}> {
  return store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    await deleteSecrets(tx, portal.id, INBOUND_OWNER)
    if (locked.inbound_source_id === null) return {changed: false}
    await revokeLease(tx, 'source', {portal_id: portal.id, id: locked.inbound_source_id})
    await updatePortal(tx, portal.id, {inbound_source_id: null}, now)
    return {changed: true}
  })
}

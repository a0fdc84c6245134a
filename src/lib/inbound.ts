/** The inbound of a portal: the mailbox that the mail of its domain comes in by. */
import {isAbsolute} from 'node:path'
import {checkPassword, INBOUND, notePassword, passwordName, type PasswordCheck} from './account-password.ts'
import {inUse, invalidValue, notFound} from './errors.ts'
import {
  bracketed,
  checkAccountName,
  checkPort,
  normaliseHost,
  refuse,
  type Security,
  type ServerSettings,
} from './server-settings.ts'
import type {Store} from './store/open.ts'
import {revokeLease} from './store/leases.ts'
import {listPortals, lockPortal, lockStore, updatePortal, type PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {deleteSecrets} from './store/secrets.ts'
import {findSource, findSourceByIdentity, putSource, retireSource, type SourceRow} from './store/sources.ts'

/** A catch-all mailbox that is pulled by IMAP. Kept as the `config` of its source. */
export interface ImapInbound extends ServerSettings {
  readonly kind: 'imap'
  /** Name to log in with. */
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

/** The usual security of a port: 993 speaks TLS from the first byte, every other one after STARTTLS. */
const securityOfPort = (port: number): Security => (port === IMAPS_PORT ? 'tls' : 'starttls')

/** The config of an IMAP inbound, with everything that was left out. @throws 64 for the first bad value. */
export function imapInbound(settings: ImapSettings): ImapInbound {
  const {user, moveTo} = settings
  const port =
    settings.port ?? (settings.security === undefined || settings.security === 'tls' ? IMAPS_PORT : IMAP_PORT)
  const mailbox = settings.mailbox ?? 'INBOX'
  const host = normaliseHost(settings.host)
  refuse('--port', port, checkPort)
  refuse('--user', user, checkAccountName)
  refuse('--mailbox', mailbox, checkAccountName)
  refuse('--move-to', moveTo, checkAccountName)
  refuse('--trusted-authserv-id', settings.trustedAuthservId, checkAccountName)
  if (moveTo !== undefined && canonicalMailbox(moveTo) === canonicalMailbox(mailbox))
    throw invalidValue(`--move-to ${JSON.stringify(moveTo)}`, 'it is the mailbox that the mail is taken from')
  return {
    kind: 'imap',
    host,
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
  return `imap:${config.user}@${bracketed(config.host)}:${config.port}/${config.mailbox}`
}

const summarise = (portal: PortalRow, row: SourceRow): InboundSummary => {
  const config = JSON.parse(row.config) as InboundConfig
  return {
    ...config,
    identity: row.identity,
    secret: config.kind === 'imap' ? passwordName(portal, INBOUND) : null,
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

/** @throws 73 where the mailbox belongs to another portal. */
export async function checkInbound(db: Db, portal: PortalRow, config: InboundConfig): Promise<PasswordCheck> {
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
  return config.kind === 'imap'
    ? checkPassword(db, portal, INBOUND, config)
    : {needsPassword: false, hasPassword: false}
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
    if (config.kind === 'maildir') await deleteSecrets(tx, portal.id, INBOUND.key)
    else if (needsPassword) await notePassword(tx, portal.id, INBOUND, config, now)
    return {inbound: summarise(portal, source), changed}
  })
}

/** The portal has no inbound from then on. What is known of the mailbox stays, for when it is set again. */
export async function unsetInbound(store: Store, portal: PortalRow, now: string): Promise<{changed: boolean}> {
  return store.transaction(async (tx) => {
    const locked = await lockPortal(tx, portal.id)
    if (!locked) throw notFound('portal', portal.key)
    await deleteSecrets(tx, portal.id, INBOUND.key)
    if (locked.inbound_source_id === null) return {changed: false}
    await revokeLease(tx, 'source', {portal_id: portal.id, id: locked.inbound_source_id})
    await updatePortal(tx, portal.id, {inbound_source_id: null}, now)
    return {changed: true}
  })
}

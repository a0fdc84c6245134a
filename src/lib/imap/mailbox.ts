/**
 * What postdesk asks of an IMAP mailbox, one function per command. None trusts the answer: rows are taken only if
 * they were asked for, and whoever calls compares what was expected with what came.
 */
import type {FetchMessageObject, ImapFlow, MailboxObject} from 'imapflow'
import type {ImapConnection, ImapAccount} from './connect.ts'
import {imapRefused} from './errors.ts'
import {expandUids, MAX_UID, packUids} from './uid-set.ts'

/** The two numbers that tell whether something is new; null where the server does not say. */
export interface MailboxState {
  /** UIDVALIDITY in decimal; null where it is missing or 0, which RFC 9051 9 forbids and servers send. */
  readonly uidValidity: string | null
  readonly uidNext: number | null
}

/** A mailbox as it was when it was opened. */
export interface OpenMailbox extends MailboxState {
  readonly exists: number
  readonly readOnly: boolean
}

/** What is known of a message before its bytes are fetched. */
export interface Metadata {
  /** RFC822.SIZE: what the server claims, often a little wrong, sometimes very; 0 where it does not say. */
  readonly size: number
  /** INTERNALDATE; null where it is missing or cannot be read. */
  readonly receivedAt: Date | null
  /** EMAILID (RFC 8474) or X-GM-MSGID where the server has it. */
  readonly emailId: string | null
  /** Those header fields that were asked for. */
  readonly header: Buffer | null
}

/** Rows of a metadata FETCH: a few hundred bytes each, so that a chunk stays far below a megabyte. */
export const METADATA_ROWS = 1000
/** A piece of a large message: what the store keeps as one chunk. */
export const PIECE_BYTES = 2 ** 20
/** The most that a set may bring before its rest is fetched one by one: four times what was planned. */
const SET_BYTES_SURVIVED = 64 * 2 ** 20

function stateOf(mailbox: {uidValidity?: bigint | undefined; uidNext?: number | undefined}): MailboxState {
  const {uidValidity, uidNext} = mailbox
  return {
    uidValidity: uidValidity === undefined || uidValidity === 0n ? null : uidValidity.toString(),
    uidNext: uidNext === undefined || uidNext < 1 ? null : uidNext,
  }
}

/** STATUS (RFC 9051 6.3.11): one round trip, nothing is opened. Null where the server refuses it. */
export async function mailboxStatus(connection: ImapConnection, account: ImapAccount): Promise<MailboxState | null> {
  const status = await connection.command('asking for news', (client) =>
    client.status(account.mailbox, {uidNext: true, uidValidity: true}),
  )
  return status === false ? null : stateOf(status)
}

/** EXAMINE, or SELECT for writing (RFC 9051 6.3.2, 6.3.3). */
export async function openMailbox(
  connection: ImapConnection,
  account: ImapAccount,
  writable: boolean,
): Promise<OpenMailbox> {
  const mailbox: MailboxObject = await connection.command('opening the mailbox', (client) =>
    client.mailboxOpen(account.mailbox, {readOnly: !writable}),
  )
  return {...stateOf(mailbox), exists: mailbox.exists ?? 0, readOnly: mailbox.readOnly ?? !writable}
}

/** UID SEARCH of all messages from UID `from` on, ascending; with `since` only those of that day and later. */
export async function searchUids(
  connection: ImapConnection,
  account: ImapAccount,
  from: number,
  exists: number,
  since?: Date,
): Promise<number[]> {
  if (exists === 0) return []
  const query = {uid: `${from}:*`, ...(since ? {since} : {})}
  const search = <T>(run: (client: ImapFlow) => Promise<T>) => connection.command('listing messages', run)
  // "n:*" means "from n on, and always the last message too" (RFC 9051 6.4.9): what is below n was not asked for.
  const asked = (uids: readonly number[]) => uids.filter((uid) => uid >= from && uid <= MAX_UID)
  // A range answers a million messages in kilobytes (RFC 4731).
  const ranges = await search((client) => client.search(query, {uid: true, returnOptions: ['ALL']}))
  if (Array.isArray(ranges)) return asked(ranges)
  if (typeof ranges === 'object' && ranges.all !== undefined)
    return asked(expandUids(ranges.all, exists + METADATA_ROWS))
  // Without `since` an answer without UIDs cannot be: the last message is always among them. Some servers
  // announce ESEARCH and do not have it.
  if (typeof ranges === 'object' && since) return []
  const plain = await search((client) => client.search(query, {uid: true}))
  if (Array.isArray(plain)) return asked(plain)
  throw imapRefused(account, 'listing messages', connection.lastRefusal())
}

/** Whether a message is still there, asked by UID SEARCH. */
export async function isPresent(connection: ImapConnection, account: ImapAccount, uid: number): Promise<boolean> {
  const found = await connection.command('looking for a message', (client) =>
    client.search({uid: `${uid}`}, {uid: true}),
  )
  if (!Array.isArray(found)) throw imapRefused(account, 'looking for a message', connection.lastRefusal())
  return found.includes(uid)
}

/** Which of the metadata FETCH's parts are wanted besides size and date. */
const IDENTITY_FIELDS = ['message-id', 'date', 'from']

/** Size and date of at most METADATA_ROWS messages, in one command; messages that gave no row are missing. */
export async function fetchMetadata(
  connection: ImapConnection,
  uids: readonly number[],
  options: {readonly identity?: boolean} = {},
): Promise<Map<number, Metadata>> {
  const {set, count} = packUids(uids, METADATA_ROWS)
  const wanted = new Set(uids.slice(0, count))
  const query = {
    uid: true,
    size: true,
    internalDate: true,
    ...(options.identity === true ? {headers: IDENTITY_FIELDS} : {}),
  }
  return connection.command('fetching sizes', async (client) => {
    const rows = new Map<number, Metadata>()
    for await (const row of client.fetch(set, query, {uid: true})) {
      // An unsolicited FETCH, such as a changed flag, has neither size nor date (RFC 9051 7.5.2).
      if (!wanted.has(row.uid) || (row.size === undefined && row.internalDate === undefined)) continue
      rows.set(row.uid, {
        size: row.size ?? 0,
        receivedAt: row.internalDate instanceof Date ? row.internalDate : null,
        emailId: row.emailId ?? null,
        header: row.headers ?? null,
      })
    }
    return rows
  })
}

/** How many of `uids` one metadata FETCH takes. */
export const metadataCount = (uids: readonly number[]) => packUids(uids, METADATA_ROWS).count

/**
 * The bytes of whole messages into `found`, which keeps what came also when the command fails in its middle.
 * BODY.PEEK[] sets no flag, and works where RFC822 gives an empty body.
 */
export async function fetchSet(
  connection: ImapConnection,
  uids: readonly number[],
  found: Map<number, Buffer>,
): Promise<void> {
  for (let done = 0; done < uids.length;) {
    const {set, count} = packUids(uids.slice(done), uids.length)
    const wanted = new Set(uids.slice(done, done + count))
    let bytes = 0
    await connection.command('fetching messages', async (client) => {
      for await (const row of client.fetch(set, {uid: true, source: true}, {uid: true})) {
        // NIL or nothing is not a message; an empty one is fetched again alone, to be sure of it.
        if (!wanted.has(row.uid) || found.has(row.uid) || row.source === undefined || row.source.length === 0) continue
        bytes += row.source.length
        // The sizes were lies. What is left out here is missing, and the missing are fetched in pieces.
        if (bytes > SET_BYTES_SURVIVED) break
        found.set(row.uid, row.source)
      }
    })
    done += count
  }
}

/** One piece of a message. */
export interface Piece {
  readonly bytes: Buffer
  /** True where the server ignored the partial fetch: `bytes` is the whole message. */
  readonly whole: boolean
}

/** BODY.PEEK[]<offset.length> (RFC 9051 6.4.5). Null where no row came. */
export async function fetchPiece(
  connection: ImapConnection,
  uid: number,
  offset: number,
  length = PIECE_BYTES,
): Promise<Piece | null> {
  const query = {uid: true, source: {start: offset, maxLength: length}}
  const row = await connection.command('fetching a message', async (client) => {
    let last: FetchMessageObject | null = null
    for await (const row of client.fetch(`${uid}`, query, {uid: true}))
      if (row.uid === uid && 'source' in row) last ??= row
    return last
  })
  if (!row) return null
  // The answer repeats where it starts, `BODY[]<4096>`; the library keeps that outside its types.
  const {partialOrigins} = row as {partialOrigins?: ReadonlyMap<string, number>}
  const bytes = Buffer.isBuffer(row.source) ? row.source : Buffer.alloc(0)
  return {bytes, whole: bytes.length > 0 && partialOrigins?.get('') !== offset}
}

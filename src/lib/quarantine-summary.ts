/** What waits in the quarantine, as commands show it. */
import {notFound, type Fix} from './errors.ts'
import type {Envelope} from './channel/delivery.ts'
import type {QuarantineReason} from './intake/facts.ts'
import {MAX_HEADER_BYTES} from './message/limits.ts'
import type {Address, Field} from './message/message.ts'
import {parseFacts} from './message/parse.ts'
import {decompressChunk} from './message/raw-chunks.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {
  countQuarantine,
  findQuarantined,
  listQuarantine,
  type QuarantineFilter,
  type NamedQuarantineRow,
} from './store/quarantine.ts'
import {readRaw} from './store/raw.ts'
import type {Db} from './store/schema.ts'

/** A mail that could not become part of a ticket. */
export interface QuarantineSummary {
  readonly id: number
  readonly reason: QuarantineReason
  /** The reason in words. */
  readonly why: string
  /** What it came by, such as `imap:user@host:993/INBOX`, or `pipe:1`. */
  readonly source: string
  /** The address that it waits for; null where none was found. */
  readonly channel: string | null
  /** Its first From, as sent. */
  readonly from: string
  readonly subject: string
  readonly receivedAt: string
  /** Bytes of the raw mail; 0 where it was never seen. */
  readonly size: number
}

/** One page of the quarantine, the newest first. */
export interface QuarantinePage {
  readonly items: readonly QuarantineSummary[]
  /** How many wait for each reason, whatever page is shown. */
  readonly counts: Readonly<Record<string, number>>
  /** How many were removed after their time. Nothing is yet. */
  readonly purged: number
  /** What `--after` takes for the next page; null where this is the last one. */
  readonly next: string | null
}

/** A quarantined mail with its header. */
export interface QuarantineDetails extends QuarantineSummary {
  /** The item of its source: UIDVALIDITY and UID of IMAP, `0` and a name elsewhere. */
  readonly item: {readonly epoch: string; readonly key: string}
  /** Null where mail is pulled and the envelope is lost. */
  readonly envelope: Envelope | null
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** The fields of its header, topmost first; none where nothing of it could be read. */
  readonly headers: readonly Field[]
  /** Whether the whole mail is kept, or its header at most. */
  readonly kept: 'whole' | 'header' | 'nothing'
  /** What to do about it. */
  readonly fixes: readonly Fix[]
}

const summarise = (row: NamedQuarantineRow): QuarantineSummary => ({
  id: row.id,
  reason: row.reason as QuarantineReason,
  why: row.detail,
  source: row.source_identity,
  channel: row.channel_address,
  from: row.from_text,
  subject: row.subject,
  receivedAt: row.received_at,
  size: row.size,
})

export async function pageOfQuarantine(
  {db}: Store,
  portal: PortalRow,
  filter: QuarantineFilter,
): Promise<QuarantinePage> {
  const rows = await listQuarantine(db, portal.id, {...filter, limit: filter.limit + 1})
  const items = rows.slice(0, filter.limit).map(summarise)
  return {
    items,
    counts: await countQuarantine(db, portal.id),
    purged: 0,
    next: rows.length > filter.limit ? String(items.at(-1)!.id) : null,
  }
}

/** @throws 67 where there is no such mail. */
export async function describeQuarantined({db}: Store, portal: PortalRow, id: number): Promise<QuarantineDetails> {
  const row = await findQuarantined(db, portal.id, id)
  if (!row)
    throw notFound(
      'quarantined mail',
      String(id),
      [],
      [{text: 'See what there is:', command: `postdesk quarantine list --portal ${portal.key}`}],
    )
  const head = row.raw_id === null ? row.header : await beginningOf(db, portal.id, row.raw_id)
  const message = head === null ? null : parseFacts(head)
  const summary = summarise(row)
  return {
    ...summary,
    item: {epoch: row.epoch, key: row.item_key},
    envelope: row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope),
    to: message?.to ?? [],
    cc: message?.cc ?? [],
    headers: message?.fields ?? [],
    kept: row.raw_id === null ? (row.header === null ? 'nothing' : 'header') : 'whole',
    fixes: fixesFor(summary, row.raw_id !== null, portal),
  }
}

/** The first bytes of a raw mail, as many as a header can have. */
async function beginningOf(db: Db, portalId: number, rawId: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const chunk of readRaw(db, portalId, rawId)) {
    pieces.push(decompressChunk(chunk))
    size += chunk.size
    if (size >= MAX_HEADER_BYTES) break
  }
  return Buffer.concat(pieces).subarray(0, MAX_HEADER_BYTES)
}

/** What mends the reason, and then the command that takes the mail in. */
function fixesFor({id, reason, channel, size}: QuarantineSummary, kept: boolean, portal: PortalRow): Fix[] {
  const on = `--portal ${portal.key}`
  const retry: Fix = {text: 'Then take it in:', command: `postdesk quarantine retry ${id} ${on}`}
  switch (reason) {
    case 'unknown-recipient':
      return [
        {
          text: 'If it is for this portal, add the address it was sent to:',
          command: `postdesk email add internal LOCALPART --name NAME --queue KEY ${on}`,
        },
        retry,
      ]
    case 'channel-inactive':
      return [
        {
          text: 'Switch the address on, and all that waits for it is taken in:',
          command: `postdesk email update ${channel ?? 'ADDRESS'} --active ${on}`,
        },
      ]
    case 'needs-queue':
      return [
        {
          text: 'Say which queue its tickets go to:',
          command: `postdesk email update ${channel ?? 'ADDRESS'} --queue KEY ${on}`,
        },
        retry,
      ]
    case 'oversized':
      return [
        {
          text: 'Let the portal take larger mail:',
          command: `postdesk portal update ${portal.key} --max-message-size ${size}`,
        },
        {text: 'Then let the next sync fetch it:', command: `postdesk quarantine retry ${id} ${on}`},
      ]
    case 'poison':
      return [
        {text: 'The server is asked for it again each hour by `postdesk email sync`.'},
        {text: 'To ask at the next sync:', command: `postdesk quarantine retry ${id} ${on}`},
        {text: 'If it stays: open it in a mail program on that mailbox, and move or delete it there.'},
      ]
    case 'parse-failed':
      return [{text: 'A later version of postdesk may read it.', command: `postdesk quarantine retry ${id} ${on}`}]
    case 'loop':
      return [
        {text: 'Find out what sends it back: its header shows the way it went.'},
        {text: 'Then take it in, if it is wanted:', command: `postdesk quarantine retry ${id} ${on}`},
      ]
    case 'not-storable':
      return kept
        ? [retry]
        : [{text: 'Let the next sync fetch it anew:', command: `postdesk quarantine retry ${id} ${on}`}]
  }
}

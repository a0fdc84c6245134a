/** What waits in the quarantine, as commands show it. */
import {checkLocalPart} from './address.ts'
import {PostdeskError, type Fix} from './errors.ts'
import type {Envelope} from './channel/delivery.ts'
import type {QuarantineReason} from './intake/facts.ts'
import {confirmationFixes} from './forwarding-confirmations.ts'
import {REASONS} from './intake/quarantine-reasons.ts'
import {MAX_FALLBACK_HEADER_BYTES} from './message/limits.ts'
import type {Address, Attachment, Field, Message} from './message/message.ts'
import {describeUnparsed, parseFacts, parseStream} from './message/parse.ts'
import {daysAfter, noQuarantinedMail, type QuarantineSelection} from './quarantine-selection.ts'
import {readBeginning, readRawMail} from './raw-mail.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import {
  countQuarantine,
  findQuarantined,
  listQuarantine,
  type NamedQuarantineRow,
  type QuarantineRow,
} from './store/quarantine.ts'
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
  /** Bytes of the raw mail as it came; 0 where it was never seen. */
  readonly size: number
  /** When it was quarantined. */
  readonly quarantinedAt: string
  /** When all but its header was removed; null where it waits. */
  readonly purgedAt: string | null
}

/** One page of the quarantine, the newest first. */
export interface QuarantinePage {
  readonly items: readonly QuarantineSummary[]
  /** How many wait for each reason, whatever page is shown. */
  readonly counts: Readonly<Record<string, number>>
  /** How many were purged: of those only the header is kept. They are not among `counts`. */
  readonly purged: number
  readonly purgedByReason: Readonly<Record<string, number>>
  /** What `--after` takes for the next page; null where this is the last one. */
  readonly next: string | null
}

/** A quarantined mail with its header and its text. Texts are as sent: whoever shows them makes them safe. */
export interface QuarantineDetails extends QuarantineSummary {
  /** The item of its source: UIDVALIDITY and UID of IMAP, `0` and a name elsewhere. */
  readonly item: {readonly epoch: string; readonly key: string}
  /** Null where mail is pulled and the envelope is lost. */
  readonly envelope: Envelope | null
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** What its Date field says, in UTC; null where that cannot be read. */
  readonly date: string | null
  /** The fields of its header, topmost first; none where nothing of it could be read. */
  readonly headers: readonly Field[]
  /** The plain body, or the HTML body turned into text; null where it is not kept or cannot be read. */
  readonly text: string | null
  readonly attachments: readonly QuarantinedAttachment[]
  /** Whether the whole mail is kept, or its header at most. */
  readonly kept: Kept
  /** When all but its header will be purged; null where that is never, or has been done. */
  readonly keptUntil: string | null
  /** What to do about it. */
  readonly fixes: readonly Fix[]
}

export type Kept = 'whole' | 'header' | 'nothing'

export interface QuarantinedAttachment {
  /** As sent, not a safe file name. */
  readonly filename: string | null
  readonly contentType: string
  /** Bytes after decoding. */
  readonly size: number
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
  quarantinedAt: row.created_at,
  purgedAt: row.purged_at,
})

export async function pageOfQuarantine(
  {db, dialect}: Store,
  portal: PortalRow,
  selection: QuarantineSelection,
  page: {readonly below?: number; readonly limit: number},
): Promise<QuarantinePage> {
  const rows = await listQuarantine(db, dialect, portal.id, selection, {...page, limit: page.limit + 1})
  const items = rows.slice(0, page.limit).map(summarise)
  const purgedByReason = await countQuarantine(db, portal.id, 'purged')
  return {
    items,
    counts: await countQuarantine(db, portal.id),
    purged: Object.values(purgedByReason).reduce((sum, count) => sum + count, 0),
    purgedByReason,
    next: rows.length > page.limit ? String(items.at(-1)!.id) : null,
  }
}

/** `problem` says where its bytes are damaged. @throws 67 where there is no such mail. */
export async function describeQuarantined(
  {db}: Store,
  portal: PortalRow,
  id: number,
): Promise<{details: QuarantineDetails; problem: string | null}> {
  const row = await findQuarantined(db, portal.id, id)
  if (!row) throw noQuarantinedMail(id, portal)
  const {message, text, problem} = await readContent(db, row)
  const summary = summarise(row)
  const {keptDays} = REASONS[summary.reason]
  const kept: Kept = row.raw_id === null ? (row.header === null ? 'nothing' : 'header') : 'whole'
  const envelope = row.envelope === null ? null : (JSON.parse(row.envelope) as Envelope)
  const named = [...(message?.to ?? []), ...(message?.cc ?? [])].map(({address}) => address)
  const localPart = plainLocalPart([...(envelope?.recipients ?? []), ...named], portal)
  const details = {
    ...summary,
    item: {epoch: row.epoch, key: row.item_key},
    envelope,
    to: message?.to ?? [],
    cc: message?.cc ?? [],
    date: message?.date ?? null,
    headers: message?.fields ?? [],
    text,
    attachments: kept === 'whole' ? (message?.attachments ?? []).map(summariseAttachment) : [],
    kept,
    keptUntil: keptDays === null || row.purged_at !== null ? null : daysAfter(row.created_at, keptDays),
    fixes: fixesFor(summary, kept === 'whole', portal, localPart ?? 'LOCALPART'),
  }
  return {details, problem}
}

interface Content {
  readonly message: Message | null
  readonly text: string | null
  readonly problem: string | null
}

/** What can be read of a mail: a damaged one still has its row. */
async function readContent(db: Db, row: QuarantineRow): Promise<Content> {
  const {portal_id: portalId, id, raw_id: rawId, size, header, reason} = row
  if (rawId === null) return {message: header === null ? null : parseFacts(header), text: null, problem: null}
  const mail = {portalId, rawId, size, name: `Quarantined mail ${id}`}
  try {
    // What the parser could not read, or not in time, must not reach it here, on the main thread.
    if (reason === 'parse-failed') {
      const head = await readBeginning(db, mail, MAX_FALLBACK_HEADER_BYTES)
      return {message: describeUnparsed(head, row.detail), text: null, problem: null}
    }
    const {message, body} = await parseStream(readRawMail(db, mail))
    return {message, text: body.text, problem: null}
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    return {message: null, text: null, problem: `${error.title}: ${error.why}`}
  }
}

const summariseAttachment = ({filename, contentType, size}: Attachment): QuarantinedAttachment => ({
  filename,
  contentType,
  size,
})

/** What a person pastes into a shell as it is. Addresses of the portal are plain; from outside anything may come. */
const PLAIN_LOCAL_PART = /^[a-z0-9][a-z0-9._+-]*$/

/** Of the addresses that a mail was sent to, the first one's at the portal's domain, before the @; null where none is plain. */
function plainLocalPart(addresses: readonly string[], {domain}: PortalRow): string | null {
  for (const address of addresses) {
    const at = address.lastIndexOf('@')
    const local = address.slice(0, Math.max(at, 0)).toLowerCase()
    if (address.slice(at + 1).toLowerCase() !== domain) continue
    if (PLAIN_LOCAL_PART.test(local) && checkLocalPart(local) === null) return local
  }
  return null
}

/** What mends the reason, and then the command that takes the mail in. */
function fixesFor(
  {id, reason, channel, size, purgedAt}: QuarantineSummary,
  whole: boolean,
  portal: PortalRow,
  localPart: string,
): Fix[] {
  const on = `--portal ${portal.key}`
  const drop: Fix = {text: 'If nobody needs it:', command: `postdesk quarantine drop ${id} ${on}`}
  if (purgedAt !== null)
    return [
      {
        text: 'If its mailbox or its sender still has it, hand it in:',
        command: 'postdesk email deliver --recipient=ADDRESS < message.eml',
      },
      drop,
    ]
  const retry: Fix = {text: 'Then take it in:', command: `postdesk quarantine retry ${id} ${on}`}
  const refetch: Fix = {text: 'Then let the next sync fetch it:', command: `postdesk quarantine retry ${id} ${on}`}
  switch (reason) {
    case 'unknown-recipient':
      return [
        {
          text: 'If it is for this portal, add the address it was sent to:',
          command: `postdesk email add internal ${localPart} --name NAME --queue KEY ${on}`,
        },
        retry,
        drop,
      ]
    case 'loop':
      return [
        {text: 'Its Received and Delivered-To fields name the hosts it passes: end the forwarding that sends it back.'},
        drop,
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
        whole ? retry : refetch,
      ]
    case 'poison':
      return [
        {text: 'The server is asked for it again each hour by `postdesk email sync`.'},
        {text: 'To ask at the next sync:', command: `postdesk quarantine retry ${id} ${on}`},
        {text: 'If it stays: open it in a mail program on that mailbox, and move or delete it there.'},
        {text: 'To ask no more:', command: `postdesk quarantine drop ${id} ${on}`},
      ]
    case 'parse-failed':
      return [
        {text: 'Read it elsewhere:', command: `postdesk quarantine export ${id} --out DIR ${on}`},
        {text: 'A later version of postdesk may read it:', command: `postdesk quarantine retry ${id} ${on}`},
      ]
    case 'not-storable':
      return [whole ? retry : {...refetch, text: 'Let the next sync fetch it anew:'}]
    case 'forwarding-confirmation':
      return confirmationFixes(id, portal.key)
  }
}

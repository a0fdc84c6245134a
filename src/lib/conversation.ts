/** A ticket with all that was said and done, read from the raw mails at the time of asking. */
import {invalidValue, noSuchNumber, PostdeskError} from './errors.ts'
import type {Authentication} from './channel/authentication.ts'
import type {Address, AttachmentFacts, Body, Defect, Message, ParsedMessage} from './message/message.ts'
import {parseStream} from './message/parse.ts'
import {readRawMail} from './raw-mail.ts'
import type {Store} from './store/open.ts'
import type {PortalRow} from './store/portals.ts'
import type {Db} from './store/schema.ts'
import {
  listAttachments,
  listDeliveries,
  listEvents,
  listMessages,
  type AttachmentRow,
  type DeliveryRow,
  type MessageRow,
  type TicketEventRow,
} from './store/tickets.ts'
import {requireTicket, summariseTicket, type TicketSummary} from './ticket-summary.ts'

/** A ticket, its messages and what was done to it, each in the order of time. */
export interface Conversation extends Omit<TicketSummary, 'messageCount'> {
  readonly messages: readonly ConversationMessage[]
  readonly events: readonly ConversationEvent[]
}

/** A mail, or a note of an agent. Texts are as sent: whoever shows them makes them safe. */
export interface ConversationMessage extends Body, Pick<Message, 'security' | 'invitation'> {
  readonly id: number
  readonly direction: 'in' | 'out' | 'note'
  /** What kind of mail it is: `human`, `auto-reply`, `bulk`, `bounce`, `report`; `mail` where nobody judged it; `note`. */
  readonly kind: string
  /** Why it is of that kind, and by which field; null for what was not judged. */
  readonly verdict: {readonly kind: string; readonly reason: string; readonly header: string | null} | null
  /** Whether it was decided to answer it automatically, and why or why not; null for what was not judged. */
  readonly autoReply: {readonly send: boolean; readonly why: string} | null
  /** True where its sender is no participant of the ticket. */
  readonly thirdParty: boolean
  /** What is known of its sender's authenticity; null where nobody asked. */
  readonly authentication: Authentication | null
  /** Of an outgoing message, what became of it for each recipient. */
  readonly delivery?: readonly ConversationDelivery[]
  /** The email of the agent who wrote it, or `admin`; null for mail that came in. */
  readonly author: string | null
  readonly from: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly subject: string
  /** What its Date field says, in UTC; null where that cannot be read. */
  readonly date: string | null
  /** When the mail store took it, or when the note was written. */
  readonly receivedAt: string
  readonly attachments: readonly AttachmentFacts[]
  /** How it found its ticket: `new`, or a method and what it found, such as `reference ID`; `note`. */
  readonly threadedBy: string
  /** What is odd about its bytes. */
  readonly defects: readonly Defect[]
}

/** What became of an outgoing message for one recipient. */
export interface ConversationDelivery {
  readonly address: string
  readonly state: 'queued' | 'sending' | 'sent' | 'unknown' | 'failed' | 'bounced'
  /** The last words of a server about it. */
  readonly reply: string | null
  readonly at: string
}

/** Something that was done to the ticket. */
export interface ConversationEvent {
  readonly at: string
  /**
   * `created`, `assigned`, `moved`, `noted`, `closed`, `pending`, `reopened`, `merged`, `third-party`, `bounced`,
   * `reported`, `copied`, `replied`, `not-sent`, `sent-unknown`, `sent-again`.
   */
  readonly kind: string
  /** `intake`, `admin`, or the email of an agent. */
  readonly by: string
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Reads a ticket whole. A mail whose bytes are damaged does not hide the others: it is there without its text, and
 * `problems` says what is wrong with it.
 * @throws 67 where there is no such ticket.
 */
export async function readConversation(
  {db}: Store,
  portal: PortalRow,
  number: number,
): Promise<{conversation: Conversation; problems: string[]}> {
  const ticket = await requireTicket(db, portal, number)
  const attachments = Map.groupBy(await listAttachments(db, ticket), (row) => row.message_id)
  const deliveries = Map.groupBy(await listDeliveries(db, ticket), (row) => row.message_id)
  const problems: string[] = []
  const messages: ConversationMessage[] = []
  for (const row of await listMessages(db, ticket)) {
    let content: ParsedMessage | null = null
    try {
      if (row.raw_id !== null) content = await parseStream(rawBytes(db, row, row.raw_id))
    } catch (error) {
      if (!(error instanceof PostdeskError)) throw error
      problems.push(`${error.title}: ${error.why}`)
    }
    messages.push(summariseMessage(row, content, attachments.get(row.id) ?? [], deliveries.get(row.id)))
  }
  const {messageCount: _, ...summary} = summariseTicket(ticket)
  return {
    conversation: {
      ...summary,
      // Mail of several mailboxes comes in out of order; ids tell the order of those of one second.
      messages: messages.sort((a, b) => compare(second(a.receivedAt), second(b.receivedAt)) || a.id - b.id),
      events: (await listEvents(db, ticket)).map(eventOf),
    },
    problems,
  }
}

/**
 * The raw mail behind a message, in pieces.
 * @throws 67 for a ticket that is not there or a message that is none of its own, 64 for a note.
 */
export async function openRawMessage(
  {db}: Store,
  portal: PortalRow,
  number: number,
  messageId: number,
): Promise<AsyncIterable<Uint8Array>> {
  const messages = await listMessages(db, await requireTicket(db, portal, number))
  const message = messages.find(({id}) => id === messageId)
  const mails = messages.filter((row) => row.raw_id !== null).map(({id}) => id)
  if (!message)
    throw noSuchNumber(
      'message',
      [messageId],
      [
        {
          text:
            mails.length > 0 ? `The mails of ticket ${number} are: ${mails.join(', ')}.` : 'The ticket has no mail.',
        },
      ],
      number,
    )
  if (message.raw_id === null) throw invalidValue(`--raw ${messageId}`, 'it is a note: there is no mail behind it')
  return rawBytes(db, message, message.raw_id)
}

const rawBytes = (db: Db, {portal_id: portalId, id, size}: MessageRow, rawId: number) =>
  readRawMail(db, {portalId, rawId, size, name: `Mail ${id}`})

/** What the store keeps of the decision about a mail. */
type Judged = NonNullable<ConversationMessage['verdict']> & {
  readonly autoReply: NonNullable<ConversationMessage['autoReply']>
}

function summariseMessage(
  row: MessageRow,
  content: ParsedMessage | null,
  attachments: readonly AttachmentRow[],
  deliveries: readonly DeliveryRow[] | undefined,
): ConversationMessage {
  const text = row.note ?? content?.body.text ?? ''
  const judged = row.verdict === null ? null : (JSON.parse(row.verdict) as Judged)
  return {
    id: row.id,
    direction: row.direction,
    kind: row.kind,
    verdict: judged && {kind: judged.kind, reason: judged.reason, header: judged.header},
    autoReply: judged && judged.autoReply,
    thirdParty: row.third_party === 1,
    authentication: row.authentication === null ? null : (JSON.parse(row.authentication) as Authentication),
    ...(deliveries === undefined
      ? {}
      : {delivery: deliveries.map(({address, state, reply, at}) => ({address, state, reply, at}))}),
    author: row.author,
    from: content?.message.from ?? (row.from_address === '' ? [] : [{name: row.from_name, address: row.from_address}]),
    to: content?.message.to ?? [],
    cc: content?.message.cc ?? [],
    subject: row.subject,
    date: row.date,
    receivedAt: row.received_at,
    text,
    replyText: content?.body.replyText ?? text,
    quotedText: content?.body.quotedText ?? '',
    signature: content?.body.signature ?? null,
    security: content?.message.security ?? null,
    invitation: content?.message.invitation ?? null,
    html: content?.body.html ?? null,
    attachments: attachments.map((attachment) => ({
      part: attachment.part,
      filename: attachment.filename,
      contentType: attachment.content_type,
      size: attachment.size,
      sha256: attachment.sha256,
      contentId: attachment.content_id,
      inline: attachment.inline === 1,
      role: content?.message.attachments.find(({part}) => part === attachment.part)?.role ?? null,
    })),
    threadedBy: row.threaded_by,
    defects: content?.message.defects ?? [],
  }
}

const eventOf = ({at, kind, by, details}: TicketEventRow): ConversationEvent => ({
  at,
  kind,
  by,
  details: JSON.parse(details) as Record<string, unknown>,
})

/** An instant without its fraction: INTERNALDATE has none (RFC 9051 9), so a mailbox seems a part of a second too early. */
const second = (instant: string): string => instant.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A ticket as a person reads it: like a conversation, with what was done to it in between. */
import type {Conversation, ConversationEvent, ConversationMessage} from '../conversation.ts'
import type {Address} from '../message/message.ts'
import {cutLine} from './cut-line.ts'
import {formatBytes} from './format-bytes.ts'
import {localTime} from './local-time.ts'
import {invitationLines, remarksOf} from './remarks.ts'
import {safeLine, safeText} from './safe-text.ts'
import type {Style} from './style.ts'
import {textWidth} from './text-width.ts'
import {wrapText} from './wrap-text.ts'

/** Columns beyond which lines of text become hard to read, however wide the terminal is. */
const WIDEST = 100
/** Columns of a rule where there is no terminal. */
const RULE = 72
/** Addresses of To and Cc that are named; the rest are counted. */
const NAMED_RECIPIENTS = 3

export function renderConversation(conversation: Conversation, timezone: string, style: Style): string {
  const page: Page = {
    time: localTime(timezone),
    colour: style.colour,
    rule: Math.min(style.width ?? RULE, WIDEST),
    wrap: (text) => (style.width === null ? text.split('\n') : wrapText(text, Math.min(style.width, WIDEST))),
  }
  const {messages, events} = conversation
  const parts = [
    ...messages.map((message) => ({at: message.receivedAt, event: false, text: renderMessage(message, page)})),
    ...events
      .filter(({kind}) => kind !== 'noted' && kind !== 'replied') // the note and the answer stand there themselves
      .map((event) => ({at: event.at, event: true, text: renderEvent(event, page)})),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const text = parts.map((part, index) => `${part.event && parts[index - 1]?.event ? '\n' : '\n\n'}${part.text}`)
  return `${renderHead(conversation, timezone, page)}${text.join('')}\n`
}

interface Page {
  readonly time: (instant: string) => string
  readonly colour: Style['colour']
  /** Columns of the rule above a message. */
  readonly rule: number
  readonly wrap: (text: string) => string[]
}

function renderHead(ticket: Conversation, timezone: string, {time, colour, wrap}: Page): string {
  const {status} = ticket
  const tint = {open: colour.green, pending: colour.yellow, closed: colour.dim}[status]
  const facts = [
    status,
    `queue ${ticket.queue ?? '–'}`,
    `owner ${ticket.owner ?? 'nobody'}`,
    ...(ticket.channel === null ? [] : [`by ${ticket.channel}`]),
    ...(ticket.mergedInto === null ? [] : [`part of ticket ${ticket.mergedInto} now`]),
    ...ticket.flags.filter((flag) => flag !== 'unowned'),
  ]
  return [
    ...wrap(`#${ticket.number} ${safeLine(ticket.subject) || '(no subject)'}`).map((line) => colour.bold(line)),
    ...wrap(safeLine(facts.join(' · '))).map((line, index) =>
      index === 0 ? line.replace(status, tint(status)) : line,
    ),
    ...wrap(`from ${formatAddress(ticket.requester)}`),
    ...wrap(`opened ${time(ticket.createdAt)} · changed ${time(ticket.updatedAt)} · ${timezone}`).map((line) =>
      colour.dim(line),
    ),
  ].join('\n')
}

function renderMessage(message: ConversationMessage, page: Page): string {
  const {colour, wrap} = page
  const body = safeText(message.text).replace(/^\n+/, '').trimEnd()
  const invitation = invitationLines(message)
  // What proves a signature is nothing to read.
  const attachments = message.attachments.filter(({role}) => role === null)
  const lines = body === '' ? [colour.dim('(no text)')] : wrap(body)
  return [
    renderRule(message, page),
    ...remarksOf(message)
      .flatMap((remark) => wrap(safeLine(remark)))
      .map((line) => colour.yellow(line)),
    ...[...recipients('to', message.to), ...recipients('cc', message.cc)].flatMap(wrap).map((line) => colour.dim(line)),
    '',
    ...lines.map((line) => (line.startsWith('>') ? colour.dim(line) : line)),
    ...(invitation.length > 0 ? ['', ...invitation.flatMap((line) => wrap(safeLine(line)))] : []),
    ...(attachments.length > 0 ? [''] : []),
    ...attachments.map(
      ({filename, contentType, size}) =>
        `+ ${safeLine(filename ?? '(no name)')} ${colour.dim(`${safeLine(contentType)}, ${formatBytes(size)}`)}`,
    ),
  ].join('\n')
}

/** A line across the page: what it is and who wrote it on the left, when on the right. */
function renderRule(
  {direction, kind, id, from, author, receivedAt}: ConversationMessage,
  {rule, colour, time}: Page,
): string {
  const label = kind === 'auto-reply' && direction === 'out' ? 'automatic reply' : LABELS[direction]
  const tint = {in: colour.cyan, out: colour.green, note: colour.yellow}[direction]
  const who = (author === null ? formatAddresses(from) : safeLine(author)) || '(no sender)'
  const when = time(receivedAt)
  const room = rule - `── ${label} ${id} ──  ── ${when}`.length
  const shown = cutLine(who, Math.max(room, LEAST_NAME))
  const line = '─'.repeat(Math.max(2, 2 + room - textWidth(shown)))
  return `── ${tint(label)} ${id} ── ${shown} ${colour.dim(line)} ${when}`
}

const LABELS: Readonly<Record<ConversationMessage['direction'], string>> = {in: 'mail', out: 'answer', note: 'note'}

/** Narrowest that a name is cut to. */
const LEAST_NAME = 6

function recipients(field: string, addresses: readonly Address[]): string[] {
  if (addresses.length === 0) return []
  const rest = addresses.length - NAMED_RECIPIENTS
  const named = formatAddresses(addresses.slice(0, NAMED_RECIPIENTS))
  return [`${field} ${named}${rest > 0 ? ` and ${rest} more` : ''}`]
}

function renderEvent(event: ConversationEvent, {time, colour, wrap}: Page): string {
  const text = `· ${time(event.at)}  ${safeLine(`${describeEvent(event)} (${event.by})`)}`
  return wrap(text)
    .map((line) => colour.dim(line))
    .join('\n')
}

/** What was done, in words. */
export function describeEvent({kind, details}: ConversationEvent): string {
  const text = (name: string): string | null => (typeof details[name] === 'string' ? details[name] : null)
  const number = (name: string): string => (typeof details[name] === 'number' ? String(details[name]) : '')
  const why = text('why') ? `: ${text('why')}` : ''
  switch (kind) {
    case 'created':
      return `opened${text('address') ? ` by mail to ${text('address')}` : ''}${text('sentBy') ? ` by a mail of ours, from ${text('sentBy')}` : ''}${why}${describeAutoReply(details)}`
    case 'assigned':
      return text('to') === null ? `taken from ${text('from')}${why}` : `given to ${text('to')}${why}`
    case 'moved':
      return `moved${text('from') ? ` from ${text('from')}` : ''} to ${text('to')}${why}`
    case 'merged':
      return details['into'] === undefined
        ? `ticket ${number('from')} merged into this`
        : `merged into ${number('into')}`
    case 'third-party':
      return `a mail of ${text('from')}, who is no participant, joined`
    case 'bounced':
      return `message ${number('message')} came back${why}`
    case 'replied':
      return `answered by ${text('by')}`
    case 'not-sent':
      return `message ${number('message')} was not sent to ${recipientsOf(details)}`
    case 'sent-unknown':
      return `whether message ${number('message')} reached ${recipientsOf(details)} is not known`
    case 'sent-again':
      return `message ${number('message')} is to be sent again to ${recipientsOf(details)}`
    case 'copied':
      return `the same mail came to ${text('address')} too`
    default:
      return `${kind}${why}`
  }
}

/** Whom an event of the outbox is about; each with what its server said, where it said something. */
function recipientsOf({recipients}: ConversationEvent['details']): string {
  const named = Array.isArray(recipients)
    ? (recipients as readonly (string | {address?: string; reply?: string})[])
    : []
  return named
    .map((recipient) =>
      typeof recipient === 'string'
        ? recipient
        : `${recipient.address ?? ''}${recipient.reply ? ` (${recipient.reply})` : ''}`,
    )
    .join(', ')
}

function describeAutoReply({autoReply, autoReplyWhy}: ConversationEvent['details']): string {
  if (typeof autoReply !== 'boolean') return '' // tickets that no mail opened
  const why = typeof autoReplyWhy === 'string' && autoReplyWhy !== '' ? ` (${autoReplyWhy})` : ''
  return `; automatic reply: ${autoReply ? 'yes' : 'none'}${why}`
}

const formatAddresses = (addresses: readonly Address[]) => addresses.map(formatAddress).join(', ')

function formatAddress({name, address}: Address): string {
  return safeLine(name === '' ? address || '(nobody)' : `${name} <${address}>`)
}

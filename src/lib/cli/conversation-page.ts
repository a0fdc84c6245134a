/**
 * A ticket as one page for the browser, which needs nothing but itself: no script, no request, whatever the mails say.
 *
 * Three walls, each of which holds alone. HTML of mail is made safe by `message/html.ts`. The page's own policy
 * (Content-Security-Policy) allows no script, no connection, no form and only pictures that are in the page. And each
 * mail stands in a shadow tree of its own, declared in the markup: a template is parsed by itself, so that no end tag in
 * it closes an element of the page, styles go neither in nor out, and the element around it contains what it paints.
 * docs/adr/0012-text-and-safety-of-html.md
 */
import {createHash} from 'node:crypto'
import type {Conversation, ConversationEvent, ConversationMessage} from '../conversation.ts'
import type {Pictures} from '../conversation-pictures.ts'
import {escapeHtml, rasterDataUrl, sanitizeHtml, type SafeHtml} from '../message/html.ts'
import {baseSubject} from '../message/base-subject.ts'
import {maskTokens} from '../message/mask-tokens.ts'
import type {Address, AttachmentFacts} from '../message/message.ts'
import {PAGE_STYLE, MAIL_STYLE} from './conversation-page-style.ts'
import {formatBytes} from './format-bytes.ts'
import {localTime} from './local-time.ts'
import {invitationLines, remarksOf} from './remarks.ts'
import {describeEvent} from './render-conversation.ts'
import {safeLine} from './safe-text.ts'

export interface PageOptions {
  /** The portal's. */
  readonly timezone: string
  readonly pictures: Pictures
}

/** Characters of pictures in a page: one that is small can be shown any number of times by the mail that has it. */
const MAX_PICTURE_LENGTH = 20_000_000

/** Hosts of pictures that are named under a mail; the rest are counted. */
const NAMED_HOSTS = 5

/** The page as HTML. All of it is text of strangers, but what stands here. */
export function conversationPage(conversation: Conversation, {timezone, pictures}: PageOptions): string {
  const {number, subject, status, queue, owner, channel, requester, createdAt, updatedAt, messages, events} =
    conversation
  const page: Page = {time: timeIn(timezone), subject: baseSubject(subject), pictures, room: MAX_PICTURE_LENGTH}
  const parts = [
    ...messages.map((message) => ({at: message.receivedAt, html: renderMessage(message, page)})),
    ...events
      .filter(({kind}) => kind !== 'noted') // the note stands there itself
      .map((event) => ({at: event.at, html: renderEvent(event, page)})),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const facts = [
    ['Queue', queue ?? 'none'],
    ['Owner', owner ?? 'nobody'],
    ['Came by', channel ?? 'an address that was removed'],
  ] as const
  return maskTokens(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta http-equiv="x-dns-prefetch-control" content="off">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>#${number} ${line(subject)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header class="ticket">
<p class="number">Ticket #${number} <span class="badge ${status}">${status}</span></p>
<h1 dir="auto">${line(subject) || '(no subject)'}</h1>
<p class="requester">${renderAddress(requester)}</p>
<dl>
${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${line(value)}</dd></div>`).join('\n')}
<div><dt>Opened</dt><dd>${page.time(createdAt)}</dd></div>
<div><dt>Changed</dt><dd>${page.time(updatedAt)}</dd></div>
</dl>
</header>
<main>
${parts.map(({html}) => html).join('\n')}
</main>
<footer>Times are those of ${line(timezone)}. Nothing was loaded from the net to make this page, and nothing is to show it.</footer>
</body>
</html>
`)
}

interface Page {
  /** An instant as markup. */
  readonly time: (instant: string) => string
  /** Of the ticket, without `Re:`: mails with the same do not say it again. */
  readonly subject: string
  readonly pictures: Pictures
  /** Characters of pictures that the page still takes. */
  room: number
}

/** Only pictures in the page, only the two style sheets of postdesk; styles of single elements, which load nothing. */
const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src ${[PAGE_STYLE, MAIL_STYLE].map((style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`).join(' ')}`,
  "style-src-attr 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

function timeIn(timezone: string): Page['time'] {
  const local = localTime(timezone)
  return (instant) =>
    `<time datetime="${escapeHtml(instant)}" title="${escapeHtml(instant)}">${escapeHtml(local(instant))}</time>`
}

function renderMessage(message: ConversationMessage, page: Page): string {
  const {id, direction, kind, author, from, to, cc, receivedAt, subject, attachments, defects} = message
  const label = {in: 'Mail', out: 'Answer', note: 'Internal note'}[direction]
  const who = direction === 'in' || author === null ? from.map(renderAddress).join(', ') : line(author)
  const verdict =
    kind === 'mail' || kind === 'note' || kind === 'human' ? '' : ` <span class="badge">${line(kind)}</span>`
  return `<article class="message ${direction}" id="message-${id}">
<header>
<p class="who"><span class="badge ${direction}">${label}</span>${verdict} <span dir="auto">${who || '(no sender)'}</span></p>
<p class="when">${page.time(receivedAt)}</p>
${renderRecipients('To', to)}${renderRecipients('Cc', cc)}${
    baseSubject(subject) === page.subject ? '' : `<p class="subject" dir="auto">${line(subject)}</p>\n`
  }</header>
${renderRemarks(remarksOf(message))}${renderBody(message, page)}
${renderRemarks(invitationLines(message))}${renderAttachments(attachments.filter(({role}) => role === null))}${
    defects.length === 0
      ? ''
      : `<p class="notice">Odd about its bytes: ${defects.map(({code}) => line(code)).join(', ')}.</p>\n`
  }</article>`
}

/** What an agent should know before he believes the mail. */
const renderRemarks = (remarks: readonly string[]): string =>
  remarks.map((remark) => `<p class="notice" dir="auto">${line(remark)}</p>\n`).join('')

function renderBody(message: ConversationMessage, page: Page): string {
  const {id, html} = message
  if (html === null || html.trim() === '') return renderText(message)
  const ofMessage = page.pictures.get(id)
  const safe = sanitizeHtml(html, {
    resolveCid: (contentId) => {
      const bytes = ofMessage?.get(contentId)
      const url = bytes === undefined || bytes.length > page.room ? null : rasterDataUrl(bytes)
      if (url === null || url.length > page.room) return null
      page.room -= url.length
      return url
    },
  })
  if (safe.html === null)
    return `${renderText(message)}\n<p class="notice">Shown as text: its HTML cannot be made safe (${line(safe.why)}).</p>`
  return `<div class="mail"><template shadowrootmode="open"><style>${MAIL_STYLE}</style><div dir="auto">${safe.html}</div></template></div>
${renderRemote(safe)}${safe.leavesOut ? LEAVES_OUT : ''}<details class="plain"><summary>As plain text</summary>${textBlock(message.text)}</details>`
}

/** That the plain text may have words which a sender hid from who reads the page, or the other way round. */
const LEAVES_OUT = `<p class="notice">Words may be missing here: its HTML breaks off within a tag or a comment, or is read one way by some programs and another way by others. Compare the plain text.</p>
`

function renderText({text, replyText, quotedText}: ConversationMessage): string {
  if (text.trim() === '') return '<p class="empty">(no text)</p>'
  const folds = quotedText.trim() !== '' && replyText.trim() !== ''
  return folds
    ? `${textBlock(replyText)}\n<details><summary>Quoted text</summary>${textBlock(quotedText)}</details>`
    : textBlock(text)
}

/** Running text: direction by its own letters, line by line; whoever turns it round does so within the block. */
const textBlock = (text: string): string =>
  `<div class="text" dir="auto">${escapeHtml(text.replace(/^\n+/, '').trimEnd().replace(CONTROLS, '\uFFFD'))}</div>`

/** What has no place in text. Line feeds and tabs have. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g

function renderRemote({remotePictures, remoteHosts}: SafeHtml): string {
  if (remotePictures === 0) return ''
  const rest = remoteHosts.length - NAMED_HOSTS
  const named = remoteHosts.slice(0, NAMED_HOSTS).map(line).join(', ')
  return `<p class="notice">${remotePictures === 1 ? 'A picture was' : `${remotePictures} pictures were`} not loaded from ${named}${
    rest > 0 ? ` and ${rest} more` : ''
  }: that would tell the sender that the mail is read.</p>
`
}

function renderAttachments(attachments: readonly AttachmentFacts[]): string {
  if (attachments.length === 0) return ''
  const items = attachments.map(
    ({filename, contentType, size, inline}) =>
      `<li><bdi>${line(filename ?? '') || '(no name)'}</bdi> <span>${line(contentType)}, ${formatBytes(size)}${inline ? ', in the text' : ''}</span></li>`,
  )
  return `<ul class="attachments" aria-label="Attachments">\n${items.join('\n')}\n</ul>\n`
}

function renderRecipients(field: string, addresses: readonly Address[]): string {
  return addresses.length === 0
    ? ''
    : `<p class="recipients"><span>${field}</span> ${addresses.map(renderAddress).join(', ')}</p>\n`
}

const renderEvent = (event: ConversationEvent, {time}: Page): string =>
  `<p class="event">${time(event.at)} <bdi>${line(describeEvent(event))}</bdi> <span>(${line(event.by)})</span></p>`

const renderAddress = ({name, address}: Address): string =>
  name === ''
    ? `<bdi>${line(address) || '(nobody)'}</bdi>`
    : `<bdi><b>${line(name)}</b> <span class="address">&lt;${line(address)}&gt;</span></bdi>`

/** A stranger's words on one line: what would turn the reading order round is made visible. */
const line = (text: string): string => escapeHtml(safeLine(text))

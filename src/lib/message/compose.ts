/**
 * An outgoing mail as bytes (RFC 5322, MIME). The same draft gives the same bytes. Whatever is put in, what comes out is a
 * mail of seven bits in lines of at most 998 octets, which no server on the way has a reason to change, so that signatures
 * (RFC 6376) hold: only a local part beyond ASCII needs eight (`needsSmtpUtf8`).
 *
 * The parts are nodemailer's work, the fields in which people's words stand are not: it passes on what looks like an
 * encoded word, and leaves a word longer than a line as it is.
 */
import {hash} from 'node:crypto'
import type MimeNode from 'nodemailer/lib/mime-node'
import {addressField} from './compose-address.ts'
import {encodeText, foldField, oneLine} from './encode-words.ts'
import type {Address} from './message.ts'
import {isWritableId} from './thread-fields.ts'

/** What a mail is made of. */
export interface Draft {
  /** Without angle brackets, ours. */
  readonly messageId: string
  /** An ISO instant. */
  readonly date: string
  readonly from: Address
  readonly replyTo: Address | null
  /** Those that no mail can be sent to (`sendableAddress`) are left out. */
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly subject: string
  readonly text: string
  /** The same words as HTML; null for plain text alone. */
  readonly html: string | null
  /** Ids without angle brackets (RFC 5322 3.6.4); those that cannot be written are left out. */
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  readonly attachments: readonly DraftAttachment[]
  /** Auto-Submitted of an automatic mail (RFC 3834 5); null for one that a person wrote. */
  readonly autoSubmitted: 'auto-replied' | 'auto-generated' | null
  /** By which the portal knows its own mail when it comes back (`loopMark`). */
  readonly loopMark: string
}

export interface DraftAttachment {
  readonly filename: string
  readonly contentType: string
  readonly content: Uint8Array
}

/** @throws RangeError where the Message-ID, the date or From are none: they are ours. */
export async function compose(draft: Draft): Promise<Buffer> {
  const header = headerOf(draft)
  const body = await (await rootOf(draft)).build()
  return Buffer.concat([Buffer.from(header), body])
}

function headerOf(draft: Draft): string {
  const from = addressField('From', [draft.from])
  if (from === '') throw new RangeError(`no mail is sent from ${draft.from.address}`)
  const fields = [
    from,
    draft.replyTo === null ? '' : addressField('Reply-To', [draft.replyTo]),
    addressField('To', draft.to),
    addressField('Cc', draft.cc),
    foldField('Subject', encodeText(draft.subject)),
    idField('In-Reply-To', draft.inReplyTo === null ? [] : [draft.inReplyTo]),
    idField('References', draft.references),
    foldField('X-Postdesk-Instance', encodeText(draft.loopMark)),
  ]
  if (draft.autoSubmitted !== null)
    fields.push(
      foldField('Auto-Submitted', [draft.autoSubmitted]),
      // MS-OXCMAIL: without it Exchange may answer with a receipt or an out-of-office note.
      foldField('X-Auto-Response-Suppress', ['All']),
    )
  return fields.join('')
}

function idField(name: string, ids: readonly string[]): string {
  const written = ids.filter(isWritableId).map((id) => `<${id}>`)
  return written.length === 0 ? '' : foldField(name, written)
}

/** The message without the fields of `headerOf`, its parts below it. */
async function rootOf(draft: Draft): Promise<MimeNode> {
  if (!isWritableId(draft.messageId)) throw new RangeError('the Message-ID is none')
  const date = new Date(draft.date)
  if (Number.isNaN(date.getTime())) throw new RangeError(`${draft.date} is no date`)
  // Loaded when a mail is composed: most runs compose none, and it brings all that its other parts need to connect.
  const {default: Node} = await import('nodemailer/lib/mime-node')
  const {encode: quotedPrintable, wrap} = await import('nodemailer/lib/qp')
  const {buildHeaderValue} = await import('nodemailer/lib/mime-funcs')
  const options = {
    disableFileAccess: true,
    disableUrlAccess: true,
    // RFC 2045 6.7: what has `=_` in it stands in no part that is encoded. The rest tells the mails of a digest apart.
    boundaryPrefix: '=_pd',
    baseBoundary: hash('sha256', draft.messageId, 'hex').slice(0, BOUNDARY_CHARS),
  }

  const textPart = (type: 'plain' | 'html', words: string): MimeNode => {
    const content = bodyText(words)
    const encoded = wrap(quotedPrintable(content))
    const isShort = encoded.length <= base64Length(Buffer.byteLength(content))
    const encoding = isShort && !CHANGED_ON_THE_WAY.test(encoded) ? 'quoted-printable' : 'base64'
    return new Node(`text/${type}; charset=utf-8`, options)
      .setHeader('Content-Transfer-Encoding', encoding)
      .setContent(content)
  }
  const attached = ({filename, contentType, content}: DraftAttachment): MimeNode =>
    new Node(attachmentType(contentType), options)
      // Written here: beside it nodemailer would put a `name` in encoded words, which RFC 2047 5 forbids.
      .setHeader('Content-Disposition', {
        prepared: true,
        foldLines: true,
        value: buildHeaderValue({value: 'attachment', params: {filename: attachmentName(filename)}}),
      })
      .setHeader('Content-Transfer-Encoding', 'base64')
      .setContent(Buffer.from(content.buffer, content.byteOffset, content.byteLength))
  const multipart = (type: 'alternative' | 'mixed', parts: readonly MimeNode[]): MimeNode => {
    const node = new Node(`multipart/${type}`, options)
    for (const part of parts) node.appendChild(part)
    return node
  }

  const plain = textPart('plain', draft.text)
  // RFC 2046 5.1.4: the richest form stands last.
  const words = draft.html === null ? plain : multipart('alternative', [plain, textPart('html', draft.html)])
  const root = draft.attachments.length === 0 ? words : multipart('mixed', [words, ...draft.attachments.map(attached)])
  return root.setHeader('Message-ID', {prepared: true, value: `<${draft.messageId}>`}).setHeader('Date', date)
}

/** Characters of a hash by which the boundaries of one mail differ from those of another. */
const BOUNDARY_CHARS = 32

/** Length in base64 with its line ends (RFC 2045 6.8). */
const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4 + Math.ceil(bytes / 57) * 2

/** RFC 2049 3: what servers change that keep mail in one file (`>From `), and what ends a mail where dots are not doubled. */
const CHANGED_ON_THE_WAY = /^(?:From |\.\r?$)/m

/**
 * Text in the form of mail (RFC 2046 4.1.1). Paragraphs stay lines as long as they are, which a transfer encoding carries:
 * most readers do not know format=flowed (RFC 3676) and would show its line breaks as such. Blanks at the end of a line stay.
 */
function bodyText(words: string): string {
  const text = words
    .toWellFormed()
    .replace(/\r\n?|[\n\v\f\u0085]/g, '\n')
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f]/g, '')
  let end = text.length
  while (text[end - 1] === '\n') end--
  return `${text.slice(0, end)}\n`.replaceAll('\n', '\r\n')
}

/** `type/subtype`, maybe with a charset (RFC 2045 5.1). */
const CONTENT_TYPE = /^([\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127})(?:\s*;\s*(charset=[\w.-]{1,40}))?$/

/** All files are base64, which RFC 2046 5.2.1 forbids for messages and 5.1 for multiparts: as such they would be changed. */
function attachmentType(given: string): string {
  const [, type = '', charset] = CONTENT_TYPE.exec(given.trim().toLowerCase()) ?? []
  if (type === '' || /^(?:message|multipart)\//.test(type)) return 'application/octet-stream'
  return charset === undefined ? type : `${type}; ${charset}`
}

/** Characters of the name of a file: no system takes more, and some count bytes. */
const MAX_FILE_NAME_CHARS = 255

/** A name that is no path, on one line; the end of one that is too long, for there the type is told. */
const attachmentName = (filename: string): string =>
  oneLine(filename).replace(/[/\\]/g, '_').slice(-MAX_FILE_NAME_CHARS).toWellFormed() || 'attachment'

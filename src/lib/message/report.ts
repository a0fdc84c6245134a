/** What a machine reports on another mail: delivery reports, complaints, receipts. */
import {fieldValue} from './header.ts'
import type {BouncedRecipient, Report, ReportAction, ReturnedMessage} from './message.ts'
import {readDeliveryStatus, type RecipientStatus} from './report/delivery-status.ts'
import {readDisposition} from './report/disposition.ts'
import {readFeedback, readJunkMailReport} from './report/feedback.ts'
import {oneLine} from './report/field-groups.ts'
import {MAX_DIAGNOSTIC_CHARS, MAX_NOTICE_CHARS} from './report/limits.ts'
import {folded, listRecipients, type ListedRecipient} from './report/listed-recipients.ts'
import {noticeText, readNotice, type Notice} from './report/notice.ts'
import {isPermanent, reasonOf} from './report/reason.ts'
import {
  addressesOf,
  meantMessageId,
  readReturnedHeader,
  returnedPart,
  toldSubject,
  type ReturnedHeader,
} from './report/returned-message.ts'
import {readSesNotification} from './report/ses-notification.ts'
import {ENOUGH, weighHeader, weighNotice, type HeaderSigns} from './report/signs.ts'
import {findStatus, replyCode} from './report/smtp-reply.ts'
import type {Structure} from './structure.ts'

/** Reads the report that a message with this subject is; null for a mail that is none. Never throws, takes linear time. */
export function readReport(structure: Structure, subject: string): Report | null {
  const {fields} = structure
  if (SNS.test(fieldValue(fields, 'from') ?? '')) return readSns(structure)
  const feedback = readFeedbackPart(structure) ?? readDispositionPart(structure)
  if (feedback !== null) return feedback
  const signs = weighHeader(fields, subject)
  return signs.weight === 0 ? null : readBounce(structure, signs)
}

/** Where Amazon SNS sends from. */
const SNS = /@sns\.amazonaws\.com\b/i

/** The text of the first part of one of these types; null where there is none. */
function partText(structure: Structure, ...types: readonly string[]): string | null {
  for (const {contentType, content} of structure.leaves) {
    if (content.kind === 'opaque' && content.excerpt !== null && types.includes(contentType)) return content.excerpt
  }
  return null
}

function readFeedbackPart(structure: Structure): Report | null {
  const text = partText(structure, 'message/feedback-report')
  const feedback = text === null ? readJunkMailReport(structure.fields, returnedPart(structure)) : readFeedback(text)
  return feedback === null ? null : {...feedback, original: originalOf(readReturned(structure, null), null)}
}

function readDispositionPart(structure: Structure): Report | null {
  const text = partText(structure, 'message/disposition-notification', 'message/global-disposition-notification')
  const read = text === null ? null : readDisposition(text)
  if (read === null) return null
  const {messageId, ...disposition} = read
  return {...disposition, original: originalOf(readReturned(structure, null), messageId)}
}

function readSns(structure: Structure): Report | null {
  const read = readSesNotification(noticeText(structure))
  if (read === null) return null
  const original = read.mail
  if (read.kind === 'feedback') return {kind: 'feedback', feedbackType: read.type, recipient: read.recipient, original}
  const recipients = read.recipients.map((status) => bouncedOf(status, undefined, '', () => false))
  return {kind: 'bounce', rule: 'ses-notification', recipients, original}
}

// Bounces -------------------------------------------------------------------------------------------------------------

/** A part for machines (RFC 3464, RFC 6533). */
const DELIVERY_STATUS = ['message/delivery-status', 'message/global-delivery-status'] as const

/** Fields for machines within a text for people, as gateways leave them. */
const STATUS_IN_TEXT = /^[ \t]*(?:final|original)-recipient[ \t]*:/im

function readBounce(structure: Structure, signs: HeaderSigns): Report | null {
  const {fields} = structure
  const text = noticeText(structure)
  const part = partText(structure, ...DELIVERY_STATUS)
  const inText = part === null && STATUS_IN_TEXT.test(text) ? text : null
  // What a text returns stands after the fields for machines in it.
  const notice = readNotice(text, inText === null ? 0 : text.search(STATUS_IN_TEXT))
  const said = oneLine(notice.lines.join('\n').slice(0, MAX_NOTICE_CHARS))
  const returned = readReturned(structure, notice)
  const weight =
    signs.weight -
    (signs.answered ? 1 : 0) +
    (part === null ? 0 : 2) +
    (inText === null ? 0 : 2) +
    (returned === null ? 0 : 1) +
    (said === '' ? 0 : weighNotice(said))
  if (weight < ENOUGH) return null

  const refusedAfterData = (diagnostic: string) => isAfterData(notice.lines, diagnostic)
  const listed = listRecipients(notice.lines, ownAddresses(structure, returned), returned?.recipients ?? [])
  const statuses = readDeliveryStatus(part ?? inText ?? '')
  const failedField = addressesOf(fieldValue(fields, 'x-failed-recipients'))
  const original: ReturnedMessage = {
    messageId: returned?.messageId ?? meantMessageId(fields),
    subject: returned?.subject ?? toldSubject(notice.lines),
  }
  const bounce = (rule: string, recipients: readonly BouncedRecipient[]): Report => ({
    kind: 'bounce',
    rule,
    recipients,
    original,
  })
  const listedFor = (address: string | null) =>
    listed.find(({recipient}) => address !== null && folded(recipient) === folded(address)) ??
    (listed.length === 1 && statuses.length < 2 ? listed[0] : undefined)

  if (statuses.length > 0) {
    const recipients = statuses.map((status) => {
      const named = status.recipient ?? (statuses.length === 1 ? (failedField[0] ?? null) : null)
      const said = listedFor(named)
      return bouncedOf({...status, recipient: named ?? said?.recipient ?? null}, said, oneLine(text), refusedAfterData)
    })
    return bounce(part === null ? 'delivery-status-in-text' : 'delivery-status', recipients)
  }
  const action = isDelay(fieldValue(fields, 'subject') ?? '', said) ? 'delayed' : 'failed'
  const freeForm = (recipient: string, listed: ListedRecipient | undefined) =>
    bouncedOf({recipient, original: null, action, status: null, diagnostic: ''}, listed, said, refusedAfterData)
  if (failedField.length > 0) {
    return bounce(
      'failed-recipients-field',
      failedField.map((address) => freeForm(address, listedFor(address))),
    )
  }
  if (listed.length > 0) {
    return bounce(
      'notice',
      listed.map((one) => freeForm(one.recipient, one)),
    )
  }
  // Last resort: a mail to one recipient, of whom nothing is said.
  const sole = returned?.recipients.length === 1 ? returned.recipients[0] : undefined
  return bounce('returned-message', [freeForm(sole ?? '', undefined)])
}

function bouncedOf(
  status: RecipientStatus,
  listed: ListedRecipient | undefined,
  said: string,
  refusedAfterData: (diagnostic: string) => boolean,
): BouncedRecipient {
  // A number alone is what a program exited with, or half a reply: the notice may have the words.
  const inNotice = /\p{L}{3}/u.test(status.diagnostic)
    ? ''
    : listed === undefined
      ? firstReply(said)
      : listed.diagnostic
  const diagnostic = inNotice === '' ? status.diagnostic : inNotice
  const action = status.action ?? actionOf(status.status)
  const code = bestStatus(status.status, diagnostic)
  const notice = (listed?.notice ?? said).slice(0, MAX_DIAGNOSTIC_CHARS * 2)
  const reason =
    action === 'failed' || action === 'delayed'
      ? reasonOf({status: code, diagnostic, notice: oneLine(notice), afterData: refusedAfterData(diagnostic)})
      : 'delivered'
  return {
    recipient: status.recipient ?? '',
    originalRecipient: status.original === status.recipient ? null : status.original,
    status: code,
    action,
    reason,
    permanent: isPermanent(reason, action, code),
    diagnostic,
  }
}

/** RFC 3464 2.3.3: without an action, the class of the status says it. */
function actionOf(status: string | null): ReportAction {
  return status?.startsWith('2') === true ? 'delivered' : 'failed'
}

/**
 * The code of the server that refused, where its words have one, since it knows why; else that of the report. A reply
 * code alone tells the class (RFC 3463 3.1: X.0.0).
 */
function bestStatus(status: string | null, diagnostic: string): string | null {
  const reply = replyCode(diagnostic)
  const said =
    findStatus(reply === null ? diagnostic : diagnostic.slice(diagnostic.indexOf(reply))) ?? findStatus(diagnostic)
  return said ?? status ?? (reply === null ? null : `${reply[0]}.0.0`)
}

/**
 * True where the notice says that the refusal came after DATA: Postfix names the command, Sendmail shows the dialogue
 * (`>>> DATA`, then `<<< 550 …`).
 */
function isAfterData(lines: readonly string[], diagnostic: string): boolean {
  if (AFTER_DATA.test(diagnostic)) return true
  const words = diagnostic.slice(0, SOUGHT_CHARS)
  if (words === '') return false
  let command = ''
  for (const [at, line] of lines.entries()) {
    if (/^\s*>>> /.test(line)) command = line
    else if (!line.includes(words)) continue
    else if (/^\s*<<< /.test(line)) return /^\s*>>> data\b/i.test(command)
    else if (
      AFTER_DATA.test(
        lines
          .slice(at, at + REPLY_LINES)
          .join(' ')
          .slice(0, MAX_DIAGNOSTIC_CHARS),
      )
    )
      return true
  }
  return false
}

const AFTER_DATA =
  /in reply to (?:the )?end of data|after (?:the )?end of data|after i sent the message|like our final data/i

/** Characters of a reply by which it is found again in the notice: its first line, which folding leaves whole. */
const SOUGHT_CHARS = 40

/** Lines of a reply in a notice, to the remark on the command. */
const REPLY_LINES = 12

function firstReply(said: string): string {
  const code = replyCode(said)
  return code === null ? '' : said.slice(said.indexOf(code)).slice(0, MAX_DIAGNOSTIC_CHARS)
}

/** Notices that the mail is still being tried (RFC 3464 2.3.3, `delayed`). */
const DELAYED =
  /warning|delay(?:ed)?\b|still (?:being |be )?(?:tr|attempt|queue)|will (?:continue|keep|be retried|retry)|not yet (?:been )?deliver|temporary failure report|do not need to re-?send/i
const GAVE_UP = /giv(?:ing|en) up|permanent|could not be delivered|undeliverable|returned/i

function isDelay(subject: string, said: string): boolean {
  return (
    (DELAYED.test(subject) || DELAYED.test(said)) &&
    !GAVE_UP.test(subject) &&
    !/permanent error|giv(?:ing|en) up/i.test(said)
  )
}

/** The addresses that a notice names and that did not fail: where the report goes, and who sent the mail. */
function ownAddresses(structure: Structure, returned: ReturnedHeader | null): ReadonlySet<string> {
  const own = [
    ...OWN_FIELDS.flatMap((name) => addressesOf(fieldValue(structure.fields, name))),
    ...(returned?.senders ?? []),
  ]
  return new Set(own.map(folded))
}

const OWN_FIELDS = ['to', 'cc', 'from', 'sender', 'reply-to', 'delivered-to', 'envelope-to', 'x-original-to']

// The returned mail ---------------------------------------------------------------------------------------------------

function readReturned(structure: Structure, notice: Notice | null): ReturnedHeader | null {
  const text = returnedPart(structure) ?? notice?.returned ?? null
  return text === null ? null : readReturnedHeader(text)
}

function originalOf(returned: ReturnedHeader | null, meant: string | null): ReturnedMessage {
  return {messageId: returned?.messageId ?? meant, subject: returned?.subject ?? null}
}

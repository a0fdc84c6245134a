/**
 * Amazon SES reports bounces and complaints also by SNS, which can be subscribed to by e-mail: the text is JSON ("Amazon
 * SNS notification contents for Amazon SES", Amazon SES Developer Guide).
 */
import type {ReportAction} from '../message.ts'
import {readAction, type RecipientStatus} from './delivery-status.ts'
import {oneLine} from './field-groups.ts'
import {MAX_DIAGNOSTIC_CHARS, MAX_JSON_CHARS, MAX_RECIPIENTS} from './limits.ts'
import {readTypedAddress} from './report-address.ts'
import {findStatus} from './smtp-reply.ts'

/** What a notification says. */
export type SesNotification =
  | {readonly kind: 'bounce'; readonly recipients: readonly RecipientStatus[]; readonly mail: SesMail}
  | {readonly kind: 'feedback'; readonly type: string; readonly recipient: string | null; readonly mail: SesMail}

/** The mail that it is about. */
export interface SesMail {
  readonly messageId: string | null
  readonly subject: string | null
}

/** Reads a notification; null for a text that is none. */
export function readSesNotification(text: string): SesNotification | null {
  const object = record(parseJson(text))
  const type = string(object['notificationType']) ?? string(object['eventType'])
  if (type === null) return null
  const mail = mailOf(record(object['mail']))
  if (type === 'Bounce') {
    const bounce = record(object['bounce'])
    // `bounceType`: Permanent, Transient or Undetermined; the kind is finer, such as MailboxFull.
    const words = [string(bounce['bounceType']), string(bounce['bounceSubType'])].filter((word) => word !== null)
    const recipients = list(bounce['bouncedRecipients']).map((one) =>
      recipientOf(record(one), 'failed', words.join(' ').replaceAll(/([a-z])([A-Z])/g, '$1 $2')),
    )
    return {kind: 'bounce', recipients, mail}
  }
  if (type === 'Delivery') {
    const delivery = record(object['delivery'])
    const response = string(delivery['smtpResponse']) ?? ''
    const recipients = list(delivery['recipients']).map((one) =>
      recipientOf({emailAddress: one, diagnosticCode: response}, 'delivered', ''),
    )
    return {kind: 'bounce', recipients, mail}
  }
  if (type === 'Complaint') {
    const complaint = record(object['complaint'])
    const first = record(list(complaint['complainedRecipients'])[0])
    return {
      kind: 'feedback',
      type: /^[a-z-]{1,60}$/.exec(string(complaint['complaintFeedbackType']) ?? '')?.[0] ?? 'abuse',
      recipient: readTypedAddress(string(first['emailAddress']) ?? ''),
      mail,
    }
  }
  return null
}

function recipientOf(one: Record<string, unknown>, action: ReportAction, otherwise: string): RecipientStatus {
  return {
    recipient: readTypedAddress(string(one['emailAddress']) ?? ''),
    original: null,
    action: readAction(string(one['action']) ?? '') ?? action,
    status: findStatus(string(one['status']) ?? ''),
    diagnostic: oneLine((string(one['diagnosticCode']) ?? otherwise).replace(/^smtp;/i, '')).slice(
      0,
      MAX_DIAGNOSTIC_CHARS,
    ),
  }
}

function mailOf(mail: Record<string, unknown>): SesMail {
  const common = record(mail['commonHeaders'])
  const id = string(common['messageId']) ?? string(mail['messageId'])
  const subject = string(common['subject'])
  return {
    messageId: id === null ? null : id.replaceAll(/[<>\s]/g, ''),
    subject: subject === null ? null : oneLine(subject),
  }
}

/**
 * The object at the beginning of the text. Mail gateways break its only line, which may break a word in JSON: line
 * breaks are left out.
 */
function parseJson(text: string): unknown {
  const end = text.lastIndexOf('}', MAX_JSON_CHARS)
  if (end === -1 || !text.trimStart().startsWith('{')) return null
  try {
    return JSON.parse(text.slice(0, end + 1).replaceAll(/\r?\n/g, ''))
  } catch {
    // A text that begins with a brace and is no JSON is a text.
    return null
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]).slice(0, MAX_RECIPIENTS) : []
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

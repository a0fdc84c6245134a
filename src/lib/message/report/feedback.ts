import {fieldValue} from '../header.ts'
import type {Field, Report} from '../message.ts'
import {readFieldGroups} from './field-groups.ts'
import {readTypedAddress} from './report-address.ts'

/** What a complaint says, without the mail it is about. */
export type Feedback = Omit<Extract<Report, {kind: 'feedback'}>, 'original'>

/**
 * Reads a feedback report (RFC 5965 3.1: Feedback-Type and User-Agent are required; RFC 6591 3.1). Null where the part
 * has no type.
 */
export function readFeedback(text: string): Feedback | null {
  const fields = readFieldGroups(text).flat()
  const type = fields.find(({name}) => name === 'feedback-type')?.value
  if (type === undefined) return null
  const recipient = fields.find(({name}) => name === 'original-rcpt-to')?.value
  return {
    kind: 'feedback',
    // RFC 5965 7.3: a token; an unknown one means `other`, and is kept for who knows it.
    feedbackType: /^[A-Za-z0-9-]{1,60}/.exec(type)?.[0].toLowerCase() ?? 'other',
    recipient: recipient === undefined ? null : readTypedAddress(recipient),
  }
}

/**
 * A complaint of Outlook.com in the form from before ARF ("Junk Mail Reporting Program"): the mail as it came, with the
 * recipient in a field of its own. Null for any other mail.
 */
export function readJunkMailReport(fields: readonly Field[], returned: string | null): Feedback | null {
  if (returned === null || !/^\s*complaint about message from /i.test(fieldValue(fields, 'subject') ?? '')) return null
  const recipient = /^X-HmXmrOriginalRecipient:(.{1,500})$/im.exec(returned)?.[1]
  return recipient === undefined
    ? null
    : {kind: 'feedback', feedbackType: 'abuse', recipient: readTypedAddress(recipient)}
}

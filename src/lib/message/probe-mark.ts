/**
 * By what a probe is recognised when it comes back: one word with 128 random bits, in a field of its own, in its Message-ID,
 * and on a line of its text. Forwarders drop fields, servers replace the Message-ID, and programs that forward write a new
 * mail around the text; hardly anything does all three.
 */
import {isForwardSubject} from './forwarded.ts'
import {fieldValue} from './header.ts'
import {TOKEN} from './mask-tokens.ts'
import type {Message, ProbeMark, Report} from './message.ts'
import {noticeText} from './report/notice.ts'
import {returnedPart} from './report/returned-message.ts'
import type {Structure} from './structure.ts'

// Writing -------------------------------------------------------------------------------------------------------------

/** The field that bears the word. */
export const PROBE_FIELD = 'X-Postdesk-Probe'

/** The word of a probe, of a nonce as `newToken` writes them. In the text it stands at the end of a line. */
export const probeWord = (nonce: string): string => `probe.${nonce}`

/** The field of its header, with its line end. */
export const probeField = (nonce: string): string => `${PROBE_FIELD}: ${probeWord(nonce)}\r\n`

/** Its Message-ID, without angle brackets. */
export const probeMessageId = (nonce: string, domain: string): string => `${probeWord(nonce)}@${domain}`

/** Its subject: only under one that begins so the text is looked into. `code` tells one from another, for people. */
export const probeSubject = (code: string): string => `[probe ${code}] please ignore`

// Reading -------------------------------------------------------------------------------------------------------------

const WORD = new RegExp(`^probe\\.(${TOKEN})$`, 'i')
const IN_MESSAGE_ID = new RegExp(`^probe\\.(${TOKEN})@`, 'i')
const IN_TEXT = new RegExp(`(?:^|\\s)probe\\.(${TOKEN})[ \\t]*$`, 'im')
/** The field within a mail that is returned or attached. */
const IN_RETURNED = new RegExp(`^[ \\t>]*${PROBE_FIELD}:[ \\t]*probe\\.(${TOKEN})[ \\t]*\\r?$`, 'im')
const SUBJECT = /^\s*\[probe /i
const SUBJECT_OF_FORWARD = /^[^:：]*[:：]\s*\[probe /i

const nonceIn = (pattern: RegExp, text: string | null): string | null =>
  text === null ? null : (pattern.exec(text)?.[1]?.toLowerCase() ?? null)

/**
 * The mark of a mail; null where it bears none. That of a report is the mark of the mail that it returns. `text` gives the text
 * of the mail, which is looked at only where the subject is that of a probe or of its forward: an answer quotes it as well, and
 * is none.
 */
export function readProbeMark(
  structure: Structure,
  {messageId, subject, report}: Pick<Message, 'messageId' | 'subject' | 'report'>,
  text: () => string,
): ProbeMark | null {
  const inHeader = nonceIn(WORD, fieldValue(structure.fields, PROBE_FIELD.toLowerCase())?.trim() ?? null)
  if (inHeader !== null) return {nonce: inHeader, place: 'header'}
  const inId = nonceIn(IN_MESSAGE_ID, messageId)
  if (inId !== null) return {nonce: inId, place: 'message-id'}
  if (report !== null) return markOfReturned(structure, report)
  if (!SUBJECT.test(subject) && !(isForwardSubject(subject) && SUBJECT_OF_FORWARD.test(subject))) return null
  const nonce = nonceIn(IN_TEXT, text()) ?? nonceIn(IN_RETURNED, returnedPart(structure))
  return nonce === null ? null : {nonce, place: 'text'}
}

/** By the Message-ID of the returned mail, else by its field: a provider may have given it another id. */
function markOfReturned(structure: Structure, report: Report): ProbeMark | null {
  if (report.kind !== 'bounce') return null
  const nonce =
    nonceIn(IN_MESSAGE_ID, report.original.messageId) ??
    nonceIn(IN_RETURNED, returnedPart(structure) ?? noticeText(structure))
  return nonce === null ? null : {nonce, place: 'report'}
}

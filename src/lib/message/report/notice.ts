/** The text of a report for people: what the server says, and where the returned mail begins in it. */
import {htmlToText} from '../html-text.ts'
import type {Structure} from '../structure.ts'
import {MAX_LINE_CHARS, MAX_NOTICE_CHARS} from './limits.ts'

export interface Notice {
  /** The lines that the server wrote, none longer than `MAX_LINE_CHARS`, without white space at their ends. */
  readonly lines: readonly string[]
  /** The mail that it returns in the same text, from its first field on; null where it does not. */
  readonly returned: string | null
}

const LINE_BREAK = /\r\n?|\n/

/** The text of a message as one piece: of its plain parts, or of its HTML where there are none. */
export function noticeText(structure: Structure): string {
  const plain: string[] = []
  const html: string[] = []
  for (const leaf of structure.leaves) {
    if (leaf.content.kind === 'text') (leaf.contentType === 'text/html' ? html : plain).push(leaf.content.text)
  }
  const text = plain.join('\n').slice(0, MAX_NOTICE_CHARS)
  return text.trim() === '' ? htmlToText(html.join('\n').slice(0, MAX_NOTICE_CHARS)) : text
}

/** Parts a text into what the server says and what it returns, which begins after the first `from` characters. */
export function readNotice(text: string, from = 0): Notice {
  const skipped = from === 0 ? 0 : text.slice(0, from).split(LINE_BREAK).length
  const lines = text.split(LINE_BREAK).map((line) => line.slice(0, MAX_LINE_CHARS).trimEnd())
  const end = findReturned(lines, skipped)
  return {
    lines: lines.slice(0, end.notice),
    returned: end.returned === -1 ? null : lines.slice(end.returned).join('\n'),
  }
}

/**
 * A line that announces the returned mail, between dashes: `--- Below this line is a copy of the message.` (qmail),
 * `------ This is a copy of the message, including all the headers. ------` (Exim), `----- Unsent message follows -----`
 * (Sendmail), `----- Original message -----` (Gmail), `|--- Message text follows: ---|` (smail), `--- Returned Message ---`
 * (Notes).
 */
const RULED_ANNOUNCEMENT =
  /^[\s>|*]{0,20}[-=_*|]{2,80} ?[^-=@].{0,60}(?:(?:original|unsent|returned|undelivered|undeliverable|rejected|failed|bounced|copy of|enclosed|included|your) .{0,40}(?:message|mail)|(?:message|mail) (?:text|headers?|body|content|follows)|headers? )|^[\s>|*]{0,20}[-=_*|]{2,80} ?(?:original|unsent|returned|undelivered|undeliverable|rejected|failed|bounced|message (?:text|headers?|body)|mail) ?(?:message|mail|e-mail|headers?|text|follow)/i

/** Without dashes: `Original message follows.` (IMail), `Message headers follow.` (DragonFly), `Below is a copy of the original message:` (OpenSMTPD), `Original message headers:` (Exchange). */
const PLAIN_ANNOUNCEMENT =
  /^\s{0,20}(?:(?:the |your |this is the )?(?:original|unsent|returned|undelivered|rejected|failed|included)? ?(?:message|mail|e-mail) ?(?:headers?|text|body|source)? ?(?:follows?|is (?:attached|included|below)|begins)|(?:the |a |your )?(?:original|unsent|returned|undelivered|rejected) (?:message|mail|e-mail) ?(?:headers?|text)? ?:|(?:below|here|this|attached|following|enclosed)[^.]{0,30}copy of (?:the|your) .{0,30}(?:message|mail|headers?))/i

/** Fields that a mail begins with (RFC 5322 3.6), and those that servers put on top. */
const TOP_FIELD =
  /^(?:received|return-path|message-id|from|to|subject|date|mime-version|content-type|cc|sender|reply-to|delivered-to|dkim-signature|domainkey-signature|x-[a-z0-9-]{1,60}|arc-[a-z-]{1,60}|authentication-results|user-agent|envelope-to|references|in-reply-to|list-[a-z]{1,20}|precedence|received-spf):/i

/** Characters of an announcement: it stands alone on its line. */
const MAX_ANNOUNCEMENT = 120

/** Lines after an announcement within which the first field comes, if the mail is there. */
const ANNOUNCEMENT_REACH = 6

/** Different fields that make a header of lines that look like fields: a notice may name a subject and a recipient. */
const MIN_HEADER_FIELDS = 3

function findReturned(lines: readonly string[], from: number): {readonly notice: number; readonly returned: number} {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at]!
    if (line.length < MAX_ANNOUNCEMENT && (RULED_ANNOUNCEMENT.test(line) || PLAIN_ANNOUNCEMENT.test(line))) {
      const field = nextField(lines, at + 1, ANNOUNCEMENT_REACH)
      if (field !== -1) return {notice: at, returned: field}
      // Announced, and not there: nothing but a rest follows, or a part of its own.
      if (at > 2 && !lines.slice(at + 1, at + 60).some((next) => next.includes('@'))) return {notice: at, returned: -1}
    }
    if (TOP_FIELD.test(line) && isHeader(lines, at)) return {notice: at, returned: at}
  }
  return {notice: lines.length, returned: -1}
}

function nextField(lines: readonly string[], from: number, reach: number): number {
  for (let at = from; at < Math.min(from + reach, lines.length); at++) if (TOP_FIELD.test(lines[at]!)) return at
  return -1
}

/** Lines of a header that are looked at to tell that it is one. */
const HEADER_REACH = 40

/** True where a header begins: different fields follow each other, with nothing between but their continuations. */
function isHeader(lines: readonly string[], from: number): boolean {
  const names = new Set<string>()
  for (let at = from; at < Math.min(from + HEADER_REACH, lines.length); at++) {
    const line = lines[at]!
    if (line === '') return false
    if (/^[ \t]/.test(line)) continue
    const name = TOP_FIELD.exec(line)?.[0].toLowerCase()
    if (name !== undefined) names.add(name)
    if (names.size >= MIN_HEADER_FIELDS) return true
  }
  return false
}

/** The recipients that a notice for people names, each with what is said of it. */
import {MAX_DIAGNOSTIC_CHARS, MAX_RECIPIENTS} from './limits.ts'
import {oneLine} from './field-groups.ts'
import {findAddresses, type FoundAddress} from './report-address.ts'
import {findReply} from './smtp-reply.ts'

export interface ListedRecipient {
  readonly recipient: string
  /** What the server said, from its reply code on where it has one; on one line. */
  readonly diagnostic: string
  /** All that the notice says of this recipient, on one line. */
  readonly notice: string
}

/** How sure it is that an address in a notice is one that failed, the surest first. */
type Place =
  /** At the beginning of a line, or after a label: `<a@b>:`, `Recipient: a@b`, `>>> a@b`. */
  | 'listed'
  /** After a word that makes it one: `delivery to a@b failed`, `user a@b unknown`. */
  | 'object'
  /** In a reply of the server: `550 5.1.1 <a@b>... User unknown`. */
  | 'replied'
  /** After `To:`, in what the notice tells of the mail. */
  | 'told'

const PLACES: readonly Place[] = ['listed', 'object', 'replied', 'told']

interface Mention {
  readonly place: Place
  readonly address: string
  readonly line: number
  /** The place in the line after the address. */
  readonly end: number
}

/**
 * Finds who a notice is about. `own` are addresses that are not meant: where the report goes, who sent the mail. `sent`
 * are those that the returned mail was for.
 */
export function listRecipients(
  lines: readonly string[],
  own: ReadonlySet<string>,
  sent: readonly string[],
): readonly ListedRecipient[] {
  const mentions = findMentions(lines)
  const sentTo = new Set(sent.map(folded))
  const wanted = mentions.filter(({address}) => {
    const key = folded(address)
    return sentTo.has(key) || !(own.has(key) || isRole(address))
  })
  // A mail to oneself: then the own address is meant after all, where it is listed.
  const usable =
    wanted.length > 0 ? wanted : mentions.filter(({place, address}) => place === 'listed' && !isRole(address))
  for (const place of PLACES) {
    const found = usable.filter((mention) => mention.place === place)
    if (found.length > 0) return describe(lines, found, mentions)
  }
  return []
}

/** For comparing: local parts distinguish case in theory (RFC 5321 2.4), not in notices. */
export function folded(address: string): string {
  return address.toLowerCase()
}

/** Addresses that notices name for help. */
function isRole(address: string): boolean {
  return /^(?:postmaster|post_master|mailer-daemon|abuse|mail-?admin|hostmaster|help ?desk|noreply|no-reply)@/i.test(
    address,
  )
}

function findMentions(lines: readonly string[]): readonly Mention[] {
  const mentions: Mention[] = []
  let before = ''
  for (const [line, text] of lines.entries()) {
    if (text.trim() === '') continue
    if (text.includes('@') && !NOT_A_PLACE.test(text)) {
      let from = 0
      for (const found of findAddresses(text)) {
        const last = mentions.at(-1)
        if (
          last?.line === line &&
          last.end === from &&
          /^\s*$/.test(text.slice(from, found.start)) &&
          text[found.start] === '<'
        ) {
          // `a@b <c@d>`: the first is a name (RFC 5322 3.4).
          mentions.splice(-1, 1, {...last, address: found.address, end: found.end})
        } else {
          const place = placeOf(text, found, from, before)
          if (place !== null) mentions.push({place, address: found.address, line, end: found.end})
        }
        from = found.end
        if (mentions.length >= MAX_RECIPIENTS * 4) return mentions
      }
    }
    before = text
  }
  return mentions
}

/** Lines whose addresses are ids, senders, or addresses of help. */
const NOT_A_PLACE =
  /message-?id|^\s*(?:from|sender|reply-to|return-path|mail from|original sender|envelope-?from|reporting-mta|arrival|received|references|in-reply-to|x-[a-z-]{1,40})\b\s*[:=]|mail from ?:|https?:\/\/\S{0,500}@/i

/** What stands before an address at the beginning of a line: quotes, bullets, the marks of transcripts. */
const DECORATION = /^[\s>*|•·#+"'([{<:=–—-]*(?:\d{1,3}[.)]\s*)?[\s"'<(]*$/

/** A label, or what notices write before an address, at the beginning of a line. */
const LABEL =
  /^[\s>*|•#"'([-]*(?:final[- ]recipient|original[- ]recipient|failed recipient|intended recipient|recipients?(?: address(?:es)?| name)?|rcpt(?: to)?|e-?mail(?: address)?|address(?:ee)?|users?|mailbox|account|destination|unknown user|user unknown|invalid (?:user|recipient|address)|bad address|undeliverable (?:to|address)|unable to deliver (?:message |mail )?to|could not (?:be )?deliver(?:ed)? (?:message |mail )?to|(?:message|mail|delivery) (?:to|for)|failed(?: address)?|delivery failed[^:@]{0,40}|宛先|送信先|получатель|empf[äa]nger|destinataire|destinatario)\s*(?:\([^()]{0,40}\))?\s*[:=：]\s*(?:rfc822;)?\s*[<"'([]*(?:[^@<>:]{0,60}<)?$/i

/** `To:` in what is told of the mail: the recipient of its header, which is not always the one that failed. */
const TOLD = /^[\s>*|-]*(?:to|cc|sent to)\s*:\s*.{0,200}$/i

/** Words that make the address after them the one that failed. */
const OBJECT =
  /(?:\b(?:to|for|user|recipients?|address(?:es)?|mailbox|account|alias|unknown|person|named|deliver|reach|rcpt to|an|à|a|para|für|fur|адресу|адресату)|しました|:)\s*:?\s*[<"'([]*(?:rfc822;\s*)?$/i

/** Words that make the address after them that of the sender. */
const SENDER_BEFORE =
  /(?:\b(?:from|sent by|sender|by|contact|(?:please|send) (?:e-?)?mail to|e-?mail|write to|visit|von|de|от)|mailto:)\s*:?\s*[<"'([]*$/i

/** A line before a list that says that senders follow. */
const SENDER_LINE = /\b(?:sent by|from|sender|contact|written by)\s*:?\s*$/i

function placeOf(text: string, {start, end}: FoundAddress, from: number, before: string): Place | null {
  const head = text.slice(0, start)
  if (DECORATION.test(head)) return SENDER_LINE.test(before) ? null : 'listed'
  // `Name <a@b>` at the beginning, and the second one of `a@b <a@b>`.
  if (from > 0 && DECORATION.test(text.slice(from, start))) return null
  // A command names every recipient, also those that were taken: `>>> RCPT To:<a@b>`.
  if (/^\s*>>> /.test(text)) return 'replied'
  if (LABEL.test(head)) return 'listed'
  if (TOLD.test(head)) return 'told'
  const near = head.slice(-80)
  if (SENDER_BEFORE.test(near)) return null
  if (findReply(head) !== -1) return 'replied'
  if (/^[\s>*|-]*"?[^@<>:;,]{1,80}"?\s*<?$/.test(head) && text[start] === '<' && end >= text.length - 2) return 'listed'
  if (OBJECT.test(near)) return 'object'
  return null
}

/** Gathers what is said of each address. */
function describe(
  lines: readonly string[],
  found: readonly Mention[],
  mentions: readonly Mention[],
): readonly ListedRecipient[] {
  const starts = new Set(found.map(({line}) => line))
  const alone = new Set(found.map(({address}) => folded(address))).size === 1
  const replies = repliesByAddress(lines, mentions)
  const inAll = alone ? firstReply(lines) : ''
  const result = new Map<string, ListedRecipient>()
  for (const mention of found) {
    const key = folded(mention.address)
    const earlier = result.get(key)
    if (result.size >= MAX_RECIPIENTS) break
    const own = blockOf(lines, mention.line, starts)
    const block = alone ? lines : own
    const diagnostic = replies.get(key) ?? saidOf(mention.end, own, inAll)
    if (earlier !== undefined && (earlier.diagnostic !== '' || diagnostic === '')) continue
    result.set(key, {
      recipient: earlier?.recipient ?? mention.address,
      diagnostic,
      notice: oneLine(block.join(' ').slice(0, MAX_DIAGNOSTIC_CHARS * 2)),
    })
  }
  return [...result.values()]
}

/** Lines of what is said of one of several recipients. */
const MAX_BLOCK_LINES = 30

/** The lines from that of the address to the next address that is listed. */
function blockOf(lines: readonly string[], from: number, starts: ReadonlySet<number>): readonly string[] {
  let end = from + 1
  while (end < lines.length && end - from < MAX_BLOCK_LINES && !starts.has(end)) end++
  return lines.slice(from, end)
}

/** Replies of servers by the address that stands in them. */
function repliesByAddress(lines: readonly string[], mentions: readonly Mention[]): ReadonlyMap<string, string> {
  const replies = new Map<string, string>()
  for (const {address, line} of mentions) {
    const key = folded(address)
    const at = findReply(lines[line]!)
    if (at === -1 || replies.has(key)) continue
    replies.set(key, replyFrom(lines, line, at))
  }
  return replies
}

/**
 * What is said of an address: the reply in its block, the first line of which is its own, or in all lines; else what
 * stands behind the address; else the lines that follow it.
 */
function saidOf(end: number, block: readonly string[], inAll: string): string {
  const rest = block[0]!.slice(end).replace(/^[\s>:;,.)\]-]+/, '')
  const following = block.slice(1)
  const reply = firstReply([rest, ...following])
  if (reply !== '') return reply
  if (inAll !== '') return inAll
  // Exchange 5.5 says when: `a@b on Thu, 29 Apr 2010 00:00:00 -0000`, and on the next line why.
  const own = /^on \w{3},? \d/i.test(rest) ? '' : rest
  return paragraph([own, ...following], own.length > 3 || following[0]?.trim() === '' ? 0 : 1)
}

/** The first reply of a server in these lines; empty where there is none. */
function firstReply(lines: readonly string[]): string {
  for (const [index, text] of lines.entries()) {
    const at = findReply(text)
    if (at !== -1 && !/^\s*>>>/.test(text)) return replyFrom(lines, index, at)
  }
  return ''
}

/** A reply from its code on, with the lines that continue it. */
function replyFrom(lines: readonly string[], line: number, at: number): string {
  const reply = paragraph([lines[line]!.slice(at), ...lines.slice(line + 1, line + MAX_BLOCK_LINES)], 0)
  // Sendmail's list of failures: `(reason: 550 5.1.1 … User unknown)`.
  return lines[line]!.slice(0, at).endsWith('(reason: ') ? reply.replace(/\)$/, '') : reply
}

/** From a line to the next empty one, to the next step of a transcript, or to the next reply. */
function paragraph(lines: readonly string[], from: number): string {
  let end = from + 1
  while (end < lines.length && lines[end]!.trim() !== '' && !/^\s*(?:>>>|---)/.test(lines[end]!)) {
    const code = /^\s*(?:<<< )?([45]\d\d)[ -]/.exec(lines[end]!)?.[1]
    // RFC 5321 4.2.1: a reply goes on where its line has a dash behind the code.
    if (code !== undefined && !lines[end - 1]!.includes(`${code}-`)) break
    end++
  }
  return oneLine(lines.slice(from, end).join(' ')).slice(0, MAX_DIAGNOSTIC_CHARS)
}

/** What mail programs say in their HTML about quotes, and that plain text does not show. */
import {htmlToText} from './html-text.ts'
import type {Mark, MarkedLine} from './reply/lines.ts'

/**
 * Stand for the start and the end of each mark while HTML becomes text. They are noncharacters, which are for such
 * internal use (Unicode 23.7) and in no text that is interchanged.
 */
const OPENERS: Readonly<Record<Mark, string>> = {
  quote: '\ufdd0',
  indented: '\ufdd1',
  attribution: '\ufdd2',
  signature: '\ufdd3',
  rest: '\ufdd4',
}
const CLOSER = '\ufddf'
const SENTINELS = /[\ufdd0-\ufddf]/g
/** The text of a quote has `> ` before its lines, also before one that holds nothing else. */
const WORD = /[^>\s]/
const MARKS = new Map((Object.entries(OPENERS) as [Mark, string][]).map(([mark, opener]) => [opener, mark]))

/**
 * The lines of HTML parts with what their markup says of them; null where it says nothing, or where the lines would
 * not be those of `text`, which the parts were made into.
 */
export function linesOfHtml(parts: readonly string[], text: string): readonly MarkedLine[] | null {
  const annotated = parts.map(annotate)
  if (!annotated.some((html) => html !== null)) return null
  const lines = annotated.flatMap((html, at) => markedLines(htmlToText(html ?? parts[at] ?? '')))
  return withoutSpace(lines.map(({text}) => text).join('')) === withoutSpace(text) ? lines : null
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '')
}

function markedLines(annotated: string): readonly MarkedLine[] {
  const lines: MarkedLine[] = []
  /** Marks that are open, the innermost last. `rest` is never closed. */
  const open: Mark[] = []
  let rest = false
  for (const annotatedLine of annotated.split(/\r\n?|\n/)) {
    const text = annotatedLine.replace(SENTINELS, '')
    let mark: Mark | null = null
    // The marks of a line are those at its first word.
    let atWord = false
    for (const [, sentinel, words] of annotatedLine.matchAll(/([\ufdd0-\ufddf])|([^\ufdd0-\ufddf]+)/g)) {
      const opened = sentinel === undefined ? undefined : MARKS.get(sentinel)
      if (sentinel === CLOSER) open.pop()
      else if (opened === 'rest') rest = true
      else if (opened !== undefined) open.push(opened)
      else if (!atWord && words !== undefined && WORD.test(words)) {
        atWord = true
        mark = outermost(open)
        if (rest && mark !== 'quote') {
          mark = 'rest'
          rest = false
        }
      }
    }
    // A line of nothing but marks is none of the text's; an empty line stays one.
    if (WORD.test(text) || annotatedLine === text) lines.push({text: text.trimEnd(), mark})
  }
  return lines
}

/** Of nested marks, the one that says most: a signature inside a quote is quoted. */
function outermost(open: readonly Mark[]): Mark | null {
  for (const mark of ['quote', 'attribution', 'signature', 'indented'] as const) if (open.includes(mark)) return mark
  return null
}

// Markup ---------------------------------------------------------------------------------------------------------------

/** Elements that carry marks, and whose end tag must not be left out (HTML 13.1.2.4): each is followed to its end. */
const CONTAINERS = new Set(['div', 'blockquote', 'span', 'table', 'section'])

/** Open containers that are remembered: mail in mail reaches a few hundred, and what is nested deeper has no marks. */
const MAX_OPEN = 1000

/** Open containers that an end tag is compared with: HTML of mail programs closes what it opens, nearly. */
const MAX_UNCLOSED = 64

/** A tag: its slash, its name, its attributes. Comments and declarations are no tags. */
const TAG = /^<(\/?)([a-z][a-z0-9]{0,15})(?=[\s/>])/i

/** HTML with sentinels where marks begin and end; null where it has none. Takes linear time. */
function annotate(html: string): string | null {
  const clean = html.replace(SENTINELS, '')
  const pieces: string[] = []
  const open: {readonly name: string; readonly mark: Mark | null}[] = []
  let copied = 0
  let marks = 0
  const insert = (at: number, sentinel: string) => {
    pieces.push(clean.slice(copied, at), sentinel)
    copied = at
  }
  const closeContainer = (name: string, at: number) => {
    if (!CONTAINERS.has(name)) return
    const from = open.findLastIndex((element, index) => element.name === name || index < open.length - MAX_UNCLOSED)
    if (from === -1 || open[from]?.name !== name) return
    for (const {mark} of open.splice(from).toReversed()) if (mark !== null) insert(at, CLOSER)
  }
  for (let start = clean.indexOf('<'); start !== -1; start = clean.indexOf('<', start)) {
    if (clean.startsWith('<!--', start)) {
      const end = clean.indexOf('-->', start + 4)
      if (end === -1) break
      start = end + 3
      continue
    }
    const tag = TAG.exec(clean.slice(start, start + 20))
    const end = tag === null ? start : clean.indexOf('>', start)
    if (end === -1) break
    if (tag === null) {
      start++
      continue
    }
    const name = (tag[2] ?? '').toLowerCase()
    if (tag[1] === '/') closeContainer(name, start)
    else {
      const mark = markOf(name, clean.slice(start, Math.min(end, start + MAX_TAG_CHARS)))
      const container = CONTAINERS.has(name) && clean[end - 1] !== '/' && open.length < MAX_OPEN
      if (mark === 'rest') insert(end + 1, OPENERS.rest)
      else if (mark !== null && container) insert(end + 1, OPENERS[mark])
      if (mark !== null) marks++
      if (container) open.push({name, mark: mark === 'rest' ? null : mark})
    }
    start = end + 1
  }
  pieces.push(clean.slice(copied))
  return marks === 0 ? null : pieces.join('')
}

/** Characters of a tag that are read: Word writes styles of some hundred. */
const MAX_TAG_CHARS = 2000

/** Classes, ids and names of quotes: Gmail, Yahoo, Proton, Tuta, Zoho, Front, HubSpot, mail.ru, Yandex, GMX, 163, Spark. */
const QUOTE_NAMES =
  /(?:class|id|name) ?= ?["']?(?:[^"'>]{0,200} )?(?:yahoo_quoted|ydp\w{1,20}yahoo_quoted|tutanota_quote|front-blockquote|hs_reply|mailru-blockquote|moz-forward-container|ms-outlook-mobile-reference-message|isreplycontent|isforwardcontent|messagereplysection|quoted-content|olk_src_body_section|mail-editor-reference-message-container|wmi-quote)(?=["'\s>])/i

/** Blockquotes of mail programs: Apple Mail, Thunderbird and Yahoo cite; Gmail, Proton, Zimbra, QQ name or draw them. */
const QUOTE_BLOCK =
  /type ?= ?["']?cite|class ?= ?["'][^"'>]{0,200}(?:quote|cite)|border-left ?:(?! ?(?:none|0))|cite ?= ?["']|id ?= ?["'](?:qt|replybl)/i

/** Gmail and Apple Mail indent what people indent with such a block. */
const INDENT_BLOCK = /border ?: ?(?:none|medium none|0)/i

const ATTRIBUTION_NAMES =
  /class ?= ?["']?(?:[^"'>]{0,200} )?(?:gmail_attr|moz-cite-prefix|gmail_quote_attribution)(?=["'\s>])/i

const SIGNATURE_NAMES =
  /(?:class|id|name|data-smartmail|data-marker) ?= ?["']?(?:[^"'>]{0,200} )?(?:gmail_signature|gmail_signature_prefix|moz-signature|signature|ms-outlook-mobile-signature|applemailsignature|protonmail_signature_block(?:-user|-proton)?|tutanota_signature|messagesignaturesection|yahoo-signature|ydp\w{1,20}(?:yahoo-)?signature|__sig_pre__)(?=["'\s>])/i

/** Outlook on the web and on phones; Zimbra's line; Outlook Express. What follows has no container of its own. */
const REST_NAMES =
  /(?:id|class) ?= ?["']?(?:divrplyfwdmsg|appendonsend|zwchr|stopspelling|outlookmessageheader)(?=["'\s>])/i

/** The line that Outlook and Word draw above the header of an earlier mail. */
const OUTLOOK_LINE =
  /border ?: ?none ?; ?border-top ?: ?solid #?\w{1,12} 1\.0pt ?; ?padding ?: ?3\.0pt 0(?:cm|in|mm|pt)? 0/i

/** What a start tag says of what it contains. Names that a program prefixes (`x_gmail_quote`) are of quoted mail. */
function markOf(name: string, tag: string): Mark | null {
  if (name === 'blockquote') {
    if (QUOTE_BLOCK.test(tag)) return 'quote'
    return INDENT_BLOCK.test(tag) ? null : 'indented'
  }
  // Most tags have no attributes that matter.
  if (!/\s(?:id|class|name|style|data-)/i.test(tag)) return null
  if (REST_NAMES.test(tag)) return 'rest'
  if (QUOTE_NAMES.test(tag)) return 'quote'
  if (name === 'div' && /name ?= ?["']quote["']/i.test(tag)) return 'quote'
  if (ATTRIBUTION_NAMES.test(tag)) return 'attribution'
  if (SIGNATURE_NAMES.test(tag)) return 'signature'
  return name === 'div' && OUTLOOK_LINE.test(tag) ? 'rest' : null
}

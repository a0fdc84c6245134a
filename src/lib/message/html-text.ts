/** The text of HTML, as a person would type it into a plain mail. */
import {decodeHTML, decodeHTMLAttribute} from 'entities'
import {programMark, type ProgramMark} from './program-marks.ts'

/**
 * Elements whose content nobody reads. What others hold in place of what they would show (`object`, `noscript`, `svg`) is
 * read as on the page of a conversation (html.ts): a sender must not be able to show words in one view alone.
 */
const UNREAD = new Set(['head', 'iframe', 'noembed', 'noframes', 'script', 'style', 'title'])

/** Elements that start a new line, and those with an empty line around them. */
const LINES = new Set([
  ...['address', 'article', 'aside', 'blockquote', 'body', 'caption', 'center', 'dd', 'details', 'div', 'dl', 'dt'],
  ...[
    'figcaption',
    'figure',
    'footer',
    'form',
    'header',
    'hr',
    'html',
    'legend',
    'li',
    'main',
    'nav',
    'ol',
    'option',
    'section',
  ],
  ...['summary', 'tr', 'ul'],
])
const PARAGRAPHS = new Set(['fieldset', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'pre', 'table'])

/** Elements that a style can hide. A fixed set, as each name may cost one search through the rest of the HTML. */
const HIDEABLE = new Set([
  ...['a', 'blockquote', 'center', 'div', 'font', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'li', 'ol', 'p', 'section'],
  ...['span', 'table', 'tbody', 'td', 'tr', 'ul'],
])

/** Elements that the next of their kind closes where their end tag is left out. */
const CLOSED_BY_NEXT = new Set(['a', 'p', 'td', 'th'])

/** Levels of quoting that are written; deeper quotes stay at the last one. Real mail has some five. */
const MAX_QUOTE_LEVELS = 10

/** Levels of lists that are indented. */
const MAX_LIST_LEVELS = 10

/** Elements open at once that mean something for the text. Those opened beyond it are as if they meant nothing. */
const MAX_OPEN = 50

/** Characters of a link that is written out. What is longer counts readers, and would bury the text. */
const MAX_LINK_LENGTH = 300

/** What the markup of a mail program says of a line. */
export type Mark = Exclude<ProgramMark, 'exchange'>

/** A line of the text, and what the markup around its first word says of it: of several marks the strongest. */
export interface MarkedLine {
  readonly text: string
  readonly mark: Mark | null
  /** Characters at the start of `text` that stand for the blocks it is in (`> > `), and that nobody typed. */
  readonly prefix: number
}

/** Marks that hold lines, the strongest first: a signature inside a quote is quoted. */
const HOLDING_MARKS = ['quote', 'attribution', 'signature', 'indented'] as const

type HoldingMark = (typeof HOLDING_MARKS)[number]

/** An open element that changes how text is written. */
interface OpenElement {
  readonly name: string
  /** Open elements of the same name inside of it, whose end tags are not its own. */
  nested: number
  readonly mark: HoldingMark | null
  readonly preformatted: boolean
  /** For lists: the number of the next item; null for those without numbers. */
  next: number | null
  readonly link: string | null
}

/** The lines of HTML as one text. */
export function htmlToText(html: string): string {
  return htmlLines(html)
    .map(({text}) => text)
    .join('\n')
}

/**
 * The text of HTML for reading: blocks on lines of their own, `> ` before what is quoted, `- ` or numbers before the
 * items of lists, the addresses of links behind their words, entities resolved; what is hidden is left out. Time is
 * linear in the input, whatever is left open in it. The result is plain text: nothing in it is markup any more. The
 * first line and the last are not empty.
 */
export function htmlLines(html: string): readonly MarkedLine[] {
  const text = createWriter()
  const open: OpenElement[] = []
  // Elements that are not closed from here on: looked for once, not again at each of their start tags.
  const unclosed = new Set<string>()
  let quotesInTags = true

  const leave = (at: number) => {
    for (const {name, mark, link} of open.splice(at).toReversed()) {
      if (mark !== null) text.mark(mark, -1)
      if (name === 'blockquote' && mark !== null) text.quote(-1)
      else if (name === 'ol' || name === 'ul') text.indent(-1)
      if (link !== null) text.endLink(link)
    }
  }
  const enter = (name: string, attributes: ReadonlyMap<string, string>) => {
    const said = programMark(name, (attribute) => attributes.get(attribute))
    if (said === 'rest') text.markRest()
    // What a person answered between quotes is in an exchange too.
    const mark = said === 'rest' || said === 'exchange' ? null : said
    const at = open.findLastIndex((element) => element.name === name)
    if (at !== -1 && CLOSED_BY_NEXT.has(name)) leave(at)
    const style = attributes.get('style') ?? ''
    const preformatted = name === 'pre' || /white-space\s*:\s*(?:pre\b|break-spaces)/i.test(style)
    // Mail programs indent with it too.
    const quote = name === 'blockquote' && mark !== null
    const list = name === 'ol' || name === 'ul'
    const link = name === 'a' ? (attributes.get('href') ?? null) : null
    if ((mark !== null || list || preformatted || link !== null) && open.length < MAX_OPEN) {
      const start = Number.parseInt(attributes.get('start') ?? '1', 10)
      const next = name === 'ol' ? (Number.isSafeInteger(start) ? start : 1) : null
      open.push({name, nested: 0, mark, preformatted, next, link})
      if (mark !== null) text.mark(mark, 1)
      if (quote) text.quote(1)
      if (list) text.indent(1)
      if (link !== null) text.startLink()
    } else if (at !== -1 && open[at]?.name === name) open[at].nested++
  }
  const exit = (name: string) => {
    const at = open.findLastIndex((element) => element.name === name)
    const element = open[at]
    if (element === undefined) return
    if (element.nested > 0) element.nested--
    else leave(at)
  }

  let start = 0
  while (start < html.length) {
    const next = html.indexOf('<', start)
    const words = html.slice(start, next === -1 ? html.length : next)
    if (words !== '')
      text.add(
        words.includes('&') ? decodeHTML(words) : words,
        open.some(({preformatted}) => preformatted),
      )
    if (next === -1) break
    if (html.startsWith('<!--', next)) {
      // `<!-->` is a comment too.
      const end = html.indexOf('-->', next + 2)
      if (end === -1) break
      start = end + 3
      continue
    }
    TAG.lastIndex = next
    const tag = TAG.exec(html)
    if (tag === null) {
      text.add('<', false)
      start = next + 1
      continue
    }
    const [, slash, written] = tag
    let close = written !== undefined && quotesInTags ? endOfTag(html, TAG.lastIndex) : html.indexOf('>', next)
    if (close === -1 && quotesInTags) {
      // A quote that is never closed would take all the rest with it: from here on a tag ends at its first `>`.
      quotesInTags = false
      close = html.indexOf('>', next)
    }
    if (close === -1) break
    start = close + 1
    if (written === undefined) continue
    const name = written.toLowerCase()
    const opens = slash === ''
    const attributes = opens ? readAttributes(html.slice(TAG.lastIndex, close)) : NO_ATTRIBUTES
    if (opens && !unclosed.has(name) && (UNREAD.has(name) || (HIDEABLE.has(name) && isHidden(attributes)))) {
      const end = UNREAD.has(name) ? endOfUnread(html, name, start) : endOfElement(html, name, start)
      if (end !== -1) {
        start = end
        if (LINES.has(name)) text.breakLine()
        continue
      }
      unclosed.add(name)
    }
    if (!opens) exit(name)
    if (name === 'br') text.addLineBreak()
    else if (PARAGRAPHS.has(name)) text.breakParagraph()
    else if (LINES.has(name)) text.breakLine()
    else if (name === 'td' || name === 'th') text.add(' ', false)
    else if (name === 'img' && opens) text.add(attributes.get('alt') ?? '', false)
    if (!opens) continue
    enter(name, attributes)
    if (name === 'li') {
      const list = open.findLast((element) => element.name === 'ol' || element.name === 'ul')
      text.item(list?.next == null ? '- ' : `${list.next++}. `)
    }
  }
  leave(0)
  return text.end()
}

// Tags ------------------------------------------------------------------------------------------------------------------

/** A start tag, an end tag, a declaration. Anything else after `<` is text: `5 < 7`. */
const TAG = /<(?:(\/?)([a-z][^\s/>]*)|[!?/])/iy

/** The place of the `>` that is not within a quoted value; -1 where there is none. */
function endOfTag(html: string, from: number): number {
  let end = html.indexOf('>', from)
  let at = from
  while (end !== -1) {
    // Not searched for beyond the tag: what is not there would be looked for to the end of the HTML, at each tag.
    const equals = html.slice(at, end).indexOf('=')
    if (equals === -1) return end
    at += equals + 1
    while (html[at] === ' ' || html[at] === '\n' || html[at] === '\r' || html[at] === '\t') at++
    const quote = html[at]
    if (quote !== '"' && quote !== "'") continue
    at = html.indexOf(quote, at + 1) + 1
    if (at === 0) return -1
    if (at > end) end = html.indexOf('>', at)
  }
  return -1
}

const ATTRIBUTE = /([^\s/>="']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?/g

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map()

/** The attributes of a start tag by their names; of several of a name the first counts. */
function readAttributes(text: string): ReadonlyMap<string, string> {
  if (!text.includes('=') && !/hidden/i.test(text)) return NO_ATTRIBUTES
  const attributes = new Map<string, string>()
  ATTRIBUTE.lastIndex = 0
  for (let found = ATTRIBUTE.exec(text); found !== null; found = ATTRIBUTE.exec(text)) {
    const key = found[1]!.toLowerCase()
    const value = found[2] ?? found[3] ?? found[4] ?? ''
    if (!attributes.has(key)) attributes.set(key, value.includes('&') ? decodeHTMLAttribute(value) : value)
  }
  return attributes
}

function isHidden(attributes: ReadonlyMap<string, string>): boolean {
  return (
    attributes.has('hidden') ||
    /(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)/i.test(attributes.get('style') ?? '')
  )
}

/** The place after the first end tag of an element whose content is not read as HTML; -1 where it is never closed. */
function endOfUnread(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?![^\\s/>])`, 'gi')
  end.lastIndex = from
  const match = end.exec(html)
  if (match === null) return -1
  const close = html.indexOf('>', match.index)
  return close === -1 ? html.length : close + 1
}

/** The place after the end tag that closes an element, past those of the same name in it; -1 where it is never closed. */
function endOfElement(html: string, name: string, from: number): number {
  const tag = new RegExp(`<(/?)${name}(?![^\\s/>])`, 'gi')
  tag.lastIndex = from
  let depth = 1
  for (let match = tag.exec(html); match !== null; match = tag.exec(html)) {
    depth += match[1] === '' ? 1 : -1
    if (depth > 0) continue
    const close = html.indexOf('>', match.index)
    return close === -1 ? html.length : close + 1
  }
  return -1
}

// Lines -----------------------------------------------------------------------------------------------------------------

/** Takes text and breaks as they come, and makes lines of them. */
interface Writer {
  add(text: string, preformatted: boolean): void
  /** A line break that was asked for; the others are there between two texts, however many are given. */
  addLineBreak(): void
  breakLine(): void
  breakParagraph(): void
  /** What stands before the next text. */
  item(marker: string): void
  quote(levels: 1 | -1): void
  indent(levels: 1 | -1): void
  /** An element with this mark begins, or ends. */
  mark(mark: HoldingMark, elements: 1 | -1): void
  /** From the next line on stands an earlier mail. */
  markRest(): void
  startLink(): void
  endLink(href: string): void
  end(): readonly MarkedLine[]
}

function createWriter(): Writer {
  const lines: MarkedLine[] = []
  let line = ''
  /** What the first word of the line is in; undefined as long as the line has none. */
  let lineMark: Mark | null | undefined
  /** Elements that are open of each mark. */
  const marks: Record<HoldingMark, number> = {quote: 0, attribution: 0, signature: 0, indented: 0}
  let rest = false
  /** Whether the line ends with a blank; asking the line itself would copy it each time. */
  let blankAtEnd = false
  /** Line breaks that stand between the line and what comes next. */
  let breaks = 0
  let marker = ''
  let [quotes, lists] = [0, 0]
  let prefix = ''
  let label: string | null = null

  const quotePrefix = () => '> '.repeat(Math.min(quotes, MAX_QUOTE_LEVELS))
  const pushLine = (written: string, before: string, mark: Mark | null) =>
    lines.push({text: (before + written).trimEnd(), mark, prefix: before.length})
  const markOfLine = (): Mark | null => {
    const mark = HOLDING_MARKS.find((mark) => marks[mark] > 0) ?? null
    if (!rest || mark === 'quote') return mark
    rest = false
    return 'rest'
  }
  const startLine = () => {
    if (lines.length > 0 || line !== '') {
      pushLine(line, prefix, lineMark ?? null)
      if (breaks > 1) pushLine('', prefix.length < quotePrefix().length ? prefix : quotePrefix(), null)
    }
    prefix = quotePrefix()
    line = '  '.repeat(Math.min(Math.max(lists - 1, 0), MAX_LIST_LEVELS)) + marker
    lineMark = undefined
    breaks = 0
    marker = ''
  }
  const append = (text: string) => {
    if (breaks > 0 || marker !== '' || (lines.length === 0 && line === '')) startLine()
    line += text
    blankAtEnd = text.endsWith(' ')
    if (lineMark === undefined && text.trim() !== '') lineMark = markOfLine()
  }
  const addCollapsed = (text: string) => {
    const collapsed = text.replace(MORE_THAN_A_BLANK, ' ')
    const atStart = breaks > 0 || marker !== '' || line === '' || blankAtEnd
    const words = atStart && collapsed.startsWith(' ') ? collapsed.slice(1) : collapsed
    if (words !== '') append(words)
  }
  const writer: Writer = {
    add(text, preformatted) {
      const visible = text.replace(INVISIBLE, '')
      if (label !== null) label += visible
      if (!preformatted) return addCollapsed(visible)
      const [first = '', ...others] = visible.replace(/\r\n?/g, '\n').split('\n')
      if (first !== '') append(first)
      for (const other of others) {
        breaks++
        if (other !== '') append(other)
      }
    },
    addLineBreak: () => void breaks++,
    breakLine: () => void (breaks = Math.max(breaks, marker === '' ? 1 : 0)),
    breakParagraph: () => void (breaks = Math.max(breaks, marker === '' ? 2 : 0)),
    item: (text) => void (marker = text),
    quote: (levels) => void (quotes += levels),
    indent: (levels) => void (lists += levels),
    mark: (mark, elements) => void (marks[mark] += elements),
    markRest: () => void (rest = true),
    startLink: () => void (label = ''),
    endLink(href) {
      const target = label === null ? null : targetBehind(label, href)
      // A blank before the end tag stands behind the address.
      const blank = label !== null && /\s$/.test(label) ? ' ' : ''
      label = null
      if (target !== null) addCollapsed(` <${target}>${blank}`)
    },
    end() {
      if (line !== '') pushLine(line, prefix, lineMark ?? null)
      return withoutEmptyEnds(lines)
    },
  }
  return writer
}

/** The lines without the empty ones before and after them, and without white space before the first word. */
function withoutEmptyEnds(lines: readonly MarkedLine[]): readonly MarkedLine[] {
  const isFilled = ({text}: MarkedLine) => text !== ''
  const [first, ...others] = lines.slice(lines.findIndex(isFilled), lines.findLastIndex(isFilled) + 1)
  return first === undefined ? [] : [{...first, text: first.text.trimStart()}, ...others]
}

/** White space that is no single blank, as nearly all of it is. */
const MORE_THAN_A_BLANK = /[^\S ]\s*| \s+/g

/** What takes no room: soft hyphens, zero-width spaces, grapheme joiners, with which newsletters fill their preview. */
const INVISIBLE = /\u00AD|\u034F|\u200B|\uFEFF/g

/** Where a link leads, if its words do not say it; null where they do, or where it leads nowhere for a reader. */
function targetBehind(label: string, href: string): string | null {
  const words = label.trim()
  const target = href.trim().replace(/^mailto:/i, '')
  if (words === '' || target.length > MAX_LINK_LENGTH || /[\s<>\p{Cc}\p{Cf}]/u.test(target)) return null
  if (/^https?:/i.test(target)) return bare(words) === bare(target) ? null : target
  if (!/^mailto:/i.test(href.trim())) return null
  const [address = ''] = target.split('?')
  return address.includes('@') && !words.toLowerCase().includes(address.toLowerCase()) ? address : null
}

const bare = (url: string): string => url.replace(/^https?:\/\/(?:www\.)?|^www\.|\/$/gi, '').toLowerCase()

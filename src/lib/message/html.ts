/**
 * HTML of mail made safe to be shown inside a page. What comes out is written anew from a list of what is allowed: it
 * loads nothing from anywhere, runs nothing, and its styles can only colour and arrange what is inside of it. The one
 * home of sanitize-html, which parses as browsers do and writes well-formed HTML; what an attribute may say is decided
 * here.
 */
import {hash} from 'node:crypto'
import sanitize from 'sanitize-html'
import {messageOf} from '../errors.ts'
import {foldQuotes, quoteMark} from './fold-quotes.ts'
import {MAX_TEXT_BYTES} from './limits.ts'

export interface SafeHtml {
  /** Well-formed HTML. Whoever embeds it must see to it that no end tag of it closes an element of the page. */
  readonly html: string
  /** Pictures that a mail program would have loaded from the net, invisible ones that only report included. */
  readonly remotePictures: number
  /** The hosts they would have come from, each once. */
  readonly remoteHosts: readonly string[]
  /** True where words that a reader of the mail may see elsewhere do not stand in it. */
  readonly leavesOut: boolean
}

/** HTML that cannot be made safe within bounds; its text can be shown instead. */
export interface UnsafeHtml {
  readonly html: null
  readonly why: string
}

export interface SanitizeOptions {
  /**
   * The picture with this Content-ID as a `data:` URL made by `rasterDataUrl`; null where there is none to show. Ids
   * are asked for as written and with their percent signs decoded (RFC 2392), in lower case.
   */
  readonly resolveCid: (contentId: string) => string | null
}

/** Characters of HTML taken: as much as is kept of the text of a mail. */
const MAX_HTML_LENGTH = MAX_TEXT_BYTES

/** Elements open at once that are shown; the text of deeper ones stays. Browsers go to 512; answers of years reach 100. */
const MAX_SHOWN_DEPTH = 256

/**
 * Elements open at once that are parsed: the parser looks for the element that an end tag closes among all of them.
 * Old mail programs open some hundred `<font>` and close none.
 */
const MAX_OPEN_ELEMENTS = 2000

/** Characters of one `style` attribute. Word writes some 300. */
const MAX_STYLE_LENGTH = 4000

/** Characters of an address that a link leads to. Links that count readers have up to 1,500. */
const MAX_URL_LENGTH = 4000

/** Characters of a tooltip. */
const MAX_TITLE_LENGTH = 300

/** Hosts that are named. */
const MAX_HOSTS = 100

const ELEMENTS = [
  ...['a', 'abbr', 'acronym', 'address', 'b', 'bdi', 'bdo', 'big', 'blockquote', 'br', 'caption', 'center', 'cite'],
  ...['code', 'col', 'colgroup', 'dd', 'del', 'dfn', 'div', 'dl', 'dt', 'em', 'font', 'h1', 'h2', 'h3', 'h4', 'h5'],
  ...['h6', 'hr', 'i', 'img', 'ins', 'kbd', 'li', 'mark', 'ol', 'p', 'pre', 'q', 's', 'samp', 'small', 'span'],
  ...['strike', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'tt', 'u', 'ul', 'var'],
  'wbr',
]

/** Elements that are a `div` to a reader of mail, choices of a list among them. */
const DIVISIONS = new Set([
  ...['article', 'aside', 'body', 'dir', 'figcaption', 'figure', 'footer', 'header', 'main', 'menu', 'nav', 'optgroup'],
  ...['option', 'section'],
])

/** Elements whose text stands as it was typed. */
const PREFORMATTED = new Set(['listing', 'noembed', 'noframes', 'plaintext', 'textarea', 'xmp'])

/**
 * Elements whose content goes with them, as it is no text of the mail. All others that are not allowed leave their text:
 * mail programs know neither scripts nor films, and show what stands there for those who do not.
 */
const WITH_CONTENT = new Set(['script', 'style', 'title'])

/** Elements whose content is not read as markup (HTML, 13.2.6: raw text, RCDATA, PLAINTEXT). */
const RAW_TEXT = new Set([...WITH_CONTENT, 'iframe', 'noembed', 'noframes', 'plaintext', 'textarea', 'xmp'])

/**
 * Elements in which nobody can say how a browser reads those: in SVG and MathML they are markup, until the first `<p>` or
 * its like ends both (HTML, 13.2.6.5); in a `<select>` browsers of before 2025 pass over their tags and show their content.
 */
const READ_OTHERWISE = new Set(['math', 'select', 'svg'])

const LENGTH = /^\d{1,4}(?:\.\d{1,3})?(?:px|%)?$/
const COLOUR = /^(?:#?[0-9a-f]{3,8}|[a-z]{3,20})$/i

/** Attributes of any element, each with what it may say. None of them names, loads or does anything. */
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  align: /^(?:left|right|center|justify|middle|top|bottom)$/i,
  valign: /^(?:top|middle|bottom|baseline)$/i,
  bgcolor: COLOUR,
  color: COLOUR,
  face: /^[\p{L}\d ,'-]{1,200}$/u,
  size: /^[+-]?\d{1,2}$/,
  width: LENGTH,
  height: LENGTH,
  border: /^\d{1,2}$/,
  cellpadding: /^\d{1,2}$/,
  cellspacing: /^\d{1,2}$/,
  // Each of a table's cells can span others: the product of all of them is what a browser lays out.
  colspan: /^\d{1,2}$/,
  rowspan: /^\d{1,3}$/,
  span: /^\d{1,2}$/,
  nowrap: /^/,
  start: /^-?\d{1,6}$/,
  value: /^-?\d{1,6}$/,
  type: /^(?:[1aAiI]|disc|circle|square)$/,
  dir: /^(?:ltr|rtl|auto)$/i,
  lang: /^[a-z\d-]{1,35}$/i,
}

/** Makes HTML safe. Time is linear in its length, whatever is in it. */
export function sanitizeHtml(html: string, {resolveCid}: SanitizeOptions): SafeHtml | UnsafeHtml {
  if (html.length > MAX_HTML_LENGTH) return {html: null, why: `it has more than ${MAX_HTML_LENGTH} characters`}
  const hosts = new Set<string>()
  let remotePictures = 0
  /** Finished markup by number. It is put in at the end, as nothing needs to parse a picture of some MB. */
  const pictures: string[] = []
  const addPicture = (attributes: Attributes): Attributes => {
    const picture = describePicture(attributes, resolveCid)
    if (picture.host !== null) {
      remotePictures++
      if (hosts.size < MAX_HOSTS) hosts.add(picture.host)
    }
    return {[PICTURE]: String(pictures.push(picture.markup) - 1)}
  }
  // Nothing but what swallows the rest of the HTML can hold this element back: a tag, a comment or a style without end.
  // The HTML cannot hold its own digest; the line break ends the value of an attribute that has no quotes, and what is an
  // attribute of the element ends a CDATA section, whose words are shown.
  const end = `end-${hash('sha256', html, 'hex')}`
  let [open, readOtherwise] = [0, 0]
  let [atEnd, leavesOut] = [false, false]
  try {
    const written = sanitize(`${html}\n<${end} ]]>`, {
      allowedTags: ELEMENTS,
      allowedAttributes: {'*': [...Object.keys(ATTRIBUTES), 'style', 'title', PICTURE, QUOTE], a: LINK_ATTRIBUTES},
      // What is dropped is decided below; this refuses once more.
      allowedSchemes: ['http', 'https', 'mailto'],
      allowProtocolRelative: false,
      nonTextTags: [...WITH_CONTENT],
      parser: {recognizeCDATA: true}, // text within SVG and MathML; a comment with the same words elsewhere
      nestingLimit: MAX_SHOWN_DEPTH,
      parseStyleAttributes: false,
      transformTags: {'*': (name, attributes) => rewrite(name, attributes, addPicture)},
      onOpenTag: (name, {alt = ''}) => {
        if (++open > MAX_OPEN_ELEMENTS) throw new Error(`more than ${MAX_OPEN_ELEMENTS} elements are open at once`)
        if (name === end) atEnd = true
        else if (READ_OTHERWISE.has(name)) readOtherwise++
        else if (readOtherwise > 0 && RAW_TEXT.has(name)) leavesOut = true
        else if (name === 'img' && open > MAX_SHOWN_DEPTH && alt.trim() !== '') leavesOut = true
      },
      onCloseTag: (name) => {
        open--
        if (READ_OTHERWISE.has(name)) readOtherwise--
      },
    })
    // Within text that is not read as markup the element is text.
    const shown = written.replace(new RegExp(`&lt;${end} (?:\\]\\]&gt;)?`), '')
    atEnd ||= shown !== written
    const clean = atEnd ? shown.replace(/\n((?:<\/[a-z\d]+>)*)$/, '$1') : shown
    return {
      html: foldQuotes(clean).replace(PLACE_OF_PICTURE, (_, index: string) => pictures[Number(index)] ?? ''),
      remotePictures,
      remoteHosts: [...hosts],
      leavesOut: leavesOut || !atEnd,
    }
  } catch (error) {
    // Whatever a stranger's HTML does to the library: there is the text.
    return {html: null, why: messageOf(error)}
  }
}

type Attributes = Record<string, string>

const PICTURE = 'data-picture'
const QUOTE = 'data-quote'
const PLACE_OF_PICTURE = new RegExp(`<img ${PICTURE}="(\\d+)" />`, 'g')
const LINK_ATTRIBUTES = ['href', 'rel', 'target']

/** An element with the attributes that it keeps; none is taken over that is not made here. */
function rewrite(name: string, given: Attributes, addPicture: (given: Attributes) => Attributes): sanitize.Tag {
  if (name === 'img') return {tagName: 'img', attribs: addPicture(given)}
  const tagName = DIVISIONS.has(name) ? 'div' : PREFORMATTED.has(name) ? 'pre' : name
  const attribs: Attributes = {}
  for (const [attribute, value] of Object.entries(given)) {
    const allowed = Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute] : undefined
    if (allowed?.test(value.trim())) attribs[attribute] = value.trim()
  }
  const style = safeStyle(given['style'] ?? '')
  // A background of the whole mail stands on the body, and a div has no such attribute.
  const background = name === 'body' && attribs['bgcolor'] ? `background-color:${attribs['bgcolor']};` : ''
  if (style !== '' || background !== '') attribs['style'] = background + style
  if (given['title'] && tagName !== 'a') attribs['title'] = given['title'].slice(0, MAX_TITLE_LENGTH)
  const href = tagName === 'a' ? safeLink(given['href'] ?? '') : null
  if (href !== null)
    Object.assign(attribs, {
      href,
      // Where it leads, whatever its words and its own title say.
      title: href.slice(0, MAX_TITLE_LENGTH),
      rel: 'noopener noreferrer nofollow',
      target: '_blank',
    })
  const quote = quoteMark(tagName, given)
  if (quote !== null) attribs[QUOTE] = quote
  return {tagName, attribs}
}

// Links -----------------------------------------------------------------------------------------------------------------

/** The address as a browser understands it, so that what is checked is what is followed; null where it is not allowed. */
function safeLink(href: string): string | null {
  if (href.length > MAX_URL_LENGTH || !URL.canParse(href)) return null
  const url = new URL(href)
  if (url.protocol === 'mailto:') return /[?&]attach/i.test(url.href) ? null : url.href // no file of the reader's
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  // `https://bank.example@evil.example` leads to evil.example.
  url.username = ''
  url.password = ''
  return url.href
}

// Pictures --------------------------------------------------------------------------------------------------------------

interface Picture {
  readonly markup: string
  /** Where it would have been loaded from; null where it is in the mail. */
  readonly host: string | null
}

function describePicture(given: Attributes, resolveCid: SanitizeOptions['resolveCid']): Picture {
  // As browsers read a URL: blanks and control characters around it and line breaks within do not count.
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const source = (given['src'] ?? '').replace(/^[\u0000-\u0020]+|[\t\n\r]+/g, '').trimEnd()
  const alternative = given['alt'] ?? ''
  const embedded = /^cid:/i.test(source) ? ofThisMail(source.slice(4), resolveCid) : ownDataUrl(source)
  if (embedded !== null) return {markup: pictureTag(embedded, alternative, given), host: null}
  const remote = remoteUrl(source)
  if (remote === null) return {markup: placeholder(alternative, 'picture missing', ''), host: null}
  const {host, href} = remote
  // What it says in words is read by whoever has no pictures.
  if (isInvisible(given) && alternative.trim() === '') return {markup: '', host}
  return {markup: placeholder(alternative, `picture from ${host} not loaded`, href), host}
}

/** Where a picture would be loaded from; null for an address that leads nowhere from a mail. */
function remoteUrl(source: string): URL | null {
  // A mail has no address of its own, so `/logo.png` is nowhere, while `//cdn.example/logo.png` is somewhere.
  const nowhere = 'https://nowhere.invalid'
  if (source.length > MAX_URL_LENGTH || !URL.canParse(source, nowhere)) return null
  const url = new URL(source, nowhere)
  return /^https?:$/.test(url.protocol) && url.origin !== nowhere ? url : null
}

function ofThisMail(written: string, resolveCid: SanitizeOptions['resolveCid']): string | null {
  for (const id of [written, percentDecoded(written)]) {
    const url = resolveCid(id.replace(/^<|>$/g, '').toLowerCase())
    if (url !== null) return url
  }
  return null
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a percent sign that stands for itself
  }
}

/** A picture that stands in the HTML itself, its bytes looked at as those of any other; null for anything else. */
function ownDataUrl(source: string): string | null {
  const start = /^data:[^,;]{0,100}(?:;[^,;]{0,100})?;base64,/i.exec(source)
  return start === null ? null : rasterDataUrl(Buffer.from(percentDecoded(source.slice(start[0].length)), 'base64'))
}

/** How the pictures begin that browsers draw and that are nothing but a picture: never SVG, which is a document. */
const RASTER_TYPES: readonly (readonly [type: string, start: RegExp])[] = [
  ['image/png', /^\x89PNG/],
  ['image/jpeg', /^\xFF\xD8\xFF/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
]

/** A PNG, JPEG, GIF or WebP as a `data:` URL, recognised by its bytes whatever a mail calls it; null for all else. */
export function rasterDataUrl(bytes: Uint8Array): string | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = buffer.toString('latin1', 0, 12)
  const type = RASTER_TYPES.find(([, pattern]) => pattern.test(start))?.[0]
  return type === undefined ? null : `data:${type};base64,${buffer.toString('base64')}`
}

function pictureTag(source: string, alternative: string, given: Attributes): string {
  const attributes = ['width', 'height', 'align', 'border'].flatMap((name) => {
    const value = (given[name] ?? '').trim()
    return ATTRIBUTES[name]!.test(value) ? [` ${name}="${escapeHtml(value)}"`] : []
  })
  const style = safeStyle(given['style'] ?? '')
  if (style !== '') attributes.push(` style="${escapeHtml(style)}"`)
  return `<img src="${escapeHtml(source)}" alt="${escapeHtml(alternative)}"${attributes.join('')}>`
}

const placeholder = (alternative: string, what: string, title: string): string =>
  `<span class="picture" title="${escapeHtml(title.slice(0, MAX_TITLE_LENGTH))}">` +
  `${escapeHtml(alternative.trim() === '' ? what : `${alternative.trim()} (${what})`)}</span>`

/** A picture that nobody sees tells its sender that the mail was read. */
function isInvisible({width, height, style = ''}: Attributes): boolean {
  const tiny = /^\s*[0-2](?:px)?\s*$/
  return (
    tiny.test(width ?? '') ||
    tiny.test(height ?? '') ||
    /(?:^|[;\s])(?:display\s*:\s*none|(?:width|height)\s*:\s*[0-2](?:px|\s*;|\s*$))/i.test(
      style.slice(0, MAX_STYLE_LENGTH),
    )
  )
}

/** Text for HTML, in attributes with double quotes too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// Styles ----------------------------------------------------------------------------------------------------------------

/** Properties that colour and arrange. None takes an element out of its place, and none can name a resource. */
const PROPERTIES = new Set([
  ...['color', 'background', 'background-color', 'font', 'font-family', 'font-size', 'font-style', 'font-weight'],
  ...['font-variant', 'letter-spacing', 'line-height', 'text-align', 'text-decoration', 'text-decoration-line'],
  ...['text-decoration-color', 'text-transform', 'text-indent', 'vertical-align', 'white-space', 'word-break'],
  ...['word-wrap', 'overflow-wrap', 'direction', 'unicode-bidi', 'width', 'min-width', 'max-width', 'height'],
  ...['min-height', 'max-height', 'display', 'overflow', 'float', 'clear', 'table-layout', 'caption-side'],
  ...['empty-cells', 'border-collapse', 'border-spacing', 'border-radius', 'list-style-type'],
  ...['margin', 'padding'].flatMap((name) => [
    name,
    ...['top', 'right', 'bottom', 'left'].map((side) => `${name}-${side}`),
  ]),
  ...['border', 'border-top', 'border-right', 'border-bottom', 'border-left'].flatMap((name) =>
    ['', '-color', '-style', '-width'].map((part) => name + part),
  ),
])

/** Properties of which only some values are harmless, or mean something in a mail. */
const VALUES: Readonly<Record<string, RegExp>> = {
  display:
    /^(?:none|block|inline|inline-block|list-item|table|inline-table|table-(?:cell|row|row-group|header-group|caption))$/,
  overflow: /^hidden$/,
  float: /^(?:left|right|none)$/,
}

/** Properties that may be negative without laying one thing over another. */
const MAY_BE_NEGATIVE = new Set(['text-indent', 'letter-spacing'])

/** The declarations that are allowed, written anew. */
function safeStyle(style: string): string {
  if (style.length > MAX_STYLE_LENGTH) return ''
  // A semicolon in quotes cuts a declaration in two; each is looked at by itself.
  return style
    .split(';')
    .flatMap((declaration) => {
      const colon = declaration.indexOf(':')
      const property = declaration.slice(0, Math.max(colon, 0)).trim().toLowerCase()
      if (!PROPERTIES.has(property)) return []
      const value = declaration
        .slice(colon + 1)
        .replace(/!\s*important\s*$/i, '')
        .replace(/["']/g, '') // names of fonts do without
        .replace(/\s+/g, ' ')
        .trim()
        .toLowerCase()
      return isSafeValue(property, value) ? [`${property}:${value}`] : []
    })
    .join(';')
}

function isSafeValue(property: string, value: string): boolean {
  const values = Object.hasOwn(VALUES, property) ? VALUES[property] : undefined
  if (values !== undefined) return values.test(value)
  const rest = value.replace(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\([\d.,%/ ]{1,60}\)/g, '')
  return (
    value !== '' &&
    // No function but a colour, no escape, no comment, no string, no variable.
    /^[\p{L}\d.,%+ -]*$/u.test(rest) &&
    !rest.includes('--') &&
    // No size of ten thousand and more, in which a page is lost.
    !/\d{5}|\de[+-]?\d/.test(rest) &&
    (MAY_BE_NEGATIVE.has(property) || !/(?:^|[ ,])-\.?\d/.test(rest))
  )
}

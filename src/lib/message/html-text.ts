/** Elements whose content nobody reads. */
const HIDDEN = new Set(['head', 'script', 'style', 'title', 'template', 'noscript'])

/** Elements that start a new line, and those after which a line stays empty. */
const LINES = new Set(['div', 'tr', 'li', 'ul', 'ol', 'dt', 'dd', 'hr', 'section', 'article', 'header', 'footer'])
const PARAGRAPHS = new Set(['p', 'table', 'blockquote', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'])

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  ntilde: 'ñ',
  euro: '€',
  pound: '£',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  middot: '·',
}

/**
 * The text of HTML for reading: tags dropped, blocks on lines of their own, entities resolved. Time is linear in the
 * input, whatever is left open in it. The result is plain text: nothing in it is markup any more.
 */
export function htmlToText(html: string): string {
  const pieces: string[] = []
  /** True where a new block needs no line break. */
  let atLineStart = true
  const addText = (markup: string) => {
    const text = readableText(markup)
    if (text === '' || (atLineStart && text === ' ')) return
    pieces.push(text)
    atLineStart = false
  }
  const addBreak = (lines: string) => {
    pieces.push(lines)
    atLineStart = true
  }

  // Hidden elements that are not closed from here on: looked for once, not again at each of their start tags.
  const unclosed = new Set<string>()
  let start = 0
  while (start < html.length) {
    const open = html.indexOf('<', start)
    addText(html.slice(start, open === -1 ? html.length : open))
    if (open === -1) break
    if (html.startsWith('<!--', open)) {
      const end = html.indexOf('-->', open + 4)
      if (end === -1) break
      start = end + 3
      continue
    }
    const tag = TAG.exec(html.slice(open, open + MAX_TAG_NAME + 2))
    if (tag === null) {
      addText('<')
      start = open + 1
      continue
    }
    const close = html.indexOf('>', open)
    if (close === -1) break
    start = close + 1
    const closing = tag[1] === '/'
    const name = tag[2]?.toLowerCase() ?? ''
    if (HIDDEN.has(name) && !closing && !unclosed.has(name)) {
      const end = endOfHidden(html, name, start)
      if (end === -1) unclosed.add(name)
      else start = end
    } else if (name === 'br') addBreak('\n')
    else if (PARAGRAPHS.has(name)) addBreak('\n\n')
    else if (LINES.has(name)) {
      if (!atLineStart) addBreak('\n')
      if (name === 'li' && !closing) pieces.push('- ')
    } else if (name === 'td' || name === 'th') addText(' ')
  }
  return pieces
    .join('')
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** Longest name of an element that means something here, and then some. */
const MAX_TAG_NAME = 12

/** A start tag, an end tag, a declaration. Anything else after `<` is text: `5 < 7`. */
const TAG = /^<(?:(\/?)([a-z][a-z0-9]*)|[!?/])/i

/** The place after the end tag of a hidden element; -1 where it is never closed. */
function endOfHidden(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}[^a-z0-9]`, 'gi')
  end.lastIndex = from
  const match = end.exec(html)
  if (match === null) return -1
  const close = html.indexOf('>', match.index)
  return close === -1 ? html.length : close + 1
}

function readableText(html: string): string {
  const collapsed = html.replace(/[\s\u00a0]+/g, ' ')
  if (!collapsed.includes('&')) return collapsed
  return collapsed.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? ENTITIES[name.toLowerCase()] ?? all
      const code = decimal === undefined ? Number.parseInt(hex ?? '0', 16) : Number(decimal)
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
    },
  )
}

/** The text of RTF (Rich Text Format Specification 1.9.1), or the HTML that it carries (MS-OXRTFEX). */
import {decodeCharset} from './charset.ts'

/** What an RTF document says: HTML where it was made of that, else text. */
export interface RtfContent {
  readonly text: string | null
  readonly html: string | null
}

/** Destinations whose content is no text of the document. Those behind `\*` are skipped whatever their name. */
const HIDDEN: ReadonlySet<string> = new Set([
  'fonttbl',
  'colortbl',
  'stylesheet',
  'info',
  'pict',
  'object',
  'objdata',
  'header',
  'headerl',
  'headerr',
  'headerf',
  'footer',
  'footerl',
  'footerr',
  'footerf',
  'footnote',
  'xe',
  'tc',
  'fldinst',
  'listtable',
  'listoverridetable',
  'rsidtbl',
  'generator',
  'themedata',
  'colorschememapping',
  'datastore',
  'latentstyles',
])

/** Words that stand for characters. */
const CHARACTERS: Readonly<Record<string, string>> = {
  par: '\n',
  line: '\n',
  sect: '\n',
  page: '\n',
  row: '\n',
  cell: '\t',
  tab: '\t',
  emdash: '—',
  endash: '–',
  emspace: ' ',
  enspace: ' ',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
}

/** `\word-12 `: the word, its number, and the space that ends it. */
const CONTROL_WORD = /([a-z]{1,32})(-?\d{1,10})? ?/iy

/** Text up to the next thing that means something. */
const PLAIN = /[^\\{}\r\n]+/y

/** Groups within groups: documents reach some twenty. */
const MAX_GROUPS = 200

/** Charsets of fonts (`\fcharset`), as code pages. */
const FONT_CHARSETS: Readonly<Record<number, number>> = {
  77: 10000,
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
}

/** What holds within a group and those within it. */
interface Group {
  readonly hidden: boolean
  /** Within the table of fonts. */
  readonly fonts: boolean
  /** Between `\htmlrtf` and `\htmlrtf0`: for those who read RTF and not the HTML in it. */
  readonly forRtf: boolean
  /** Within `\htmltag`. */
  readonly tag: boolean
  /** Characters to skip after `\u`, for readers that know no Unicode. */
  readonly skip: number
  readonly codePage: number
}

/** Reads an RTF document. Never throws, linear in time. */
export function readRtf(rtf: Buffer): RtfContent {
  const source = rtf.toString('latin1')
  const isHtml = source.slice(0, 1000).includes('\\fromhtml')
  const output = new RtfOutput()
  const fonts = new Map<number, number>()
  let group: Group = {hidden: false, fonts: false, forRtf: false, tag: false, skip: 1, codePage: 1252}
  const outer: Group[] = []
  let documentCodePage = 1252
  let font = 0
  /** Characters still to skip after a `\u`. */
  let toSkip = 0
  /** True after `\*`: the next word names a destination that is optional. */
  let optional = false

  const shows = () => !group.hidden && !group.forRtf
  const bytes = (text: string) => {
    const skipped = Math.min(toSkip, text.length)
    toSkip -= skipped
    if (shows() && skipped < text.length) output.bytes(text.slice(skipped), group.codePage)
  }
  const character = (text: string) => {
    if (shows()) output.text(text)
  }

  let i = 0
  while (i < source.length) {
    const char = source[i]!
    if (char === '{') {
      if (outer.length >= MAX_GROUPS) break
      outer.push(group)
      toSkip = 0
      i++
    } else if (char === '}') {
      const before = outer.pop()
      if (before === undefined) break
      group = before
      toSkip = 0
      i++
    } else if (char === '\r' || char === '\n') i++
    else if (char !== '\\') {
      PLAIN.lastIndex = i
      PLAIN.test(source)
      bytes(source.slice(i, PLAIN.lastIndex))
      i = PLAIN.lastIndex
    } else {
      CONTROL_WORD.lastIndex = i + 1
      const match = CONTROL_WORD.exec(source)
      if (match === null) {
        const symbol = source[i + 1] ?? ''
        i += 2
        if (symbol === "'") {
          const code = /^[0-9a-f]{2}/i.exec(source.slice(i, i + 2))?.[0]
          if (code !== undefined) {
            bytes(String.fromCharCode(Number.parseInt(code, 16)))
            i += 2
          }
        } else if (symbol === '*') optional = true
        else if (symbol === '\\' || symbol === '{' || symbol === '}') bytes(symbol)
        else if (symbol === '~') character('\u00a0')
        else if (symbol === '_') character('-')
        else if (symbol === '\n' || symbol === '\r') character('\n')
        continue
      }
      i = CONTROL_WORD.lastIndex
      const word = match[1]!
      const number = match[2] === undefined ? null : Number(match[2])
      if (optional) {
        optional = false
        group = word === 'htmltag' ? {...group, tag: true, hidden: false} : {...group, hidden: true}
        continue
      }
      if (Object.hasOwn(CHARACTERS, word)) {
        // In HTML the line breaks are those of its source.
        if (toSkip > 0) toSkip--
        else character(CHARACTERS[word]!)
        continue
      }
      switch (word) {
        case 'u':
          // \u takes a number with a sign.
          character(String.fromCharCode((number ?? 0) & 0xffff))
          toSkip = group.skip
          break
        case 'uc':
          group = {...group, skip: Math.max(0, Math.min(number ?? 1, 255))}
          break
        case 'bin':
          i += Math.max(0, number ?? 0)
          break
        case 'ansicpg':
          documentCodePage = number ?? 1252
          group = {...group, codePage: documentCodePage}
          break
        case 'mac':
          documentCodePage = 10000
          group = {...group, codePage: documentCodePage}
          break
        case 'f':
          font = number ?? 0
          if (!group.fonts) group = {...group, codePage: fonts.get(font) ?? documentCodePage}
          break
        case 'fcharset':
          if (group.fonts && fonts.size < MAX_FONTS) {
            const codePage = FONT_CHARSETS[number ?? 0]
            if (codePage !== undefined) fonts.set(font, codePage)
          }
          break
        case 'plain':
          group = {...group, codePage: documentCodePage}
          break
        case 'htmlrtf':
          group = {...group, forRtf: isHtml && number !== 0}
          break
        default:
          if (HIDDEN.has(word)) group = {...group, hidden: true, fonts: word === 'fonttbl'}
      }
    }
  }
  const text = output.end()
  return isHtml ? {html: text, text: null} : {text: text.trim() === '' ? null : text, html: null}
}

/** Fonts of one document: those of Word have some hundred. */
const MAX_FONTS = 1000

/** Text made of bytes in several code pages. Neighbours in one are decoded together: a character may have two. */
class RtfOutput {
  readonly #pieces: string[] = []
  #run: string[] = []
  #codePage = 1252

  bytes(latin1: string, codePage: number): void {
    if (codePage !== this.#codePage) this.#flush()
    this.#codePage = codePage
    this.#run.push(latin1)
  }

  text(text: string): void {
    // ASCII is the same in every code page.
    if (text.charCodeAt(0) < 0x80) {
      this.#run.push(text)
      return
    }
    this.#flush()
    this.#pieces.push(text)
  }

  end(): string {
    this.#flush()
    return this.#pieces.join('')
  }

  #flush(): void {
    if (this.#run.length === 0) return
    const charset = this.#codePage === 10000 ? 'macintosh' : this.#codePage === 65001 ? 'utf-8' : `cp${this.#codePage}`
    this.#pieces.push(decodeCharset(Buffer.from(this.#run.join(''), 'latin1'), charset).text)
    this.#run = []
  }
}

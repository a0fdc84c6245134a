/** What a mail in HTML repeats of earlier mail, put under a fold. */
import {programMark} from './program-marks.ts'

/**
 * How quoted text is marked: `whole` is an element that holds it, `onwards` one with which it begins and that is
 * followed by it. Null for any other element. `attributes` are those of the mail.
 */
export function quoteMark(element: string, attributes: Readonly<Record<string, string>>): QuoteMark | null {
  const mark = programMark(element, (name) => attributes[name])
  if (mark === 'quote' || mark === 'exchange') return 'whole'
  return mark === 'rest' ? 'onwards' : null
}

export type QuoteMark = 'whole' | 'onwards'

/** Elements in which a fold may stand: a table allows no other content between its rows. */
const NO_PLACE = new Set(['table', 'tbody', 'thead', 'tfoot', 'tr', 'colgroup', 'ol', 'ul', 'dl'])
/** Elements without an end tag. */
const VOID = new Set(['br', 'col', 'hr', 'img', 'wbr'])

const OPEN_FOLD = '<details><summary>Quoted text</summary>'
const CLOSE_FOLD = '</details>'

interface OpenElement {
  readonly name: string
  /** Its start tag among the pieces. */
  readonly piece: number
  /** True while nothing came in it but start tags of elements that hold nothing yet. */
  empty: boolean
  /** What stands before its end tag, and after it. */
  before: boolean
  after: boolean
}

/**
 * Puts quoted text of well-formed HTML, marked by `data-quote`, under folds, and removes the marks. Nothing is folded
 * where the fold would hold all there is (a mail passed on), or where answers stand between several quotes.
 */
export function foldQuotes(html: string): string {
  const pieces: string[] = []
  /** The pieces that make folds, to take them back. */
  const folds: number[] = []
  const open: OpenElement[] = []
  let inFold = 0
  let [wordsOutside, wordsAfterFold, count] = [false, false, 0]
  const startFold = (piece: number) => {
    pieces[piece] = OPEN_FOLD + pieces[piece]
    folds.push(piece)
    inFold++
    count++
  }
  const endFold = () => {
    folds.push(pieces.push(CLOSE_FOLD) - 1)
    inFold--
  }
  const hasContent = () => {
    for (let at = open.length - 1; at >= 0 && open[at]!.empty; at--) open[at]!.empty = false
    if (inFold > 0) return
    wordsOutside = true
    if (count > 0) wordsAfterFold = true
  }

  let end = 0
  for (const tag of html.matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/g)) {
    const text = html.slice(end, tag.index)
    end = tag.index + tag[0].length
    if (text.trim() !== '') hasContent()
    pieces.push(text)
    const [all, slash, name = '', attributes = ''] = tag
    if (slash !== '') {
      const element = open.pop()
      if (element?.before) endFold()
      pieces.push(all)
      if (element?.after) endFold()
      continue
    }
    const mark = / data-quote="([a-z]+)"/.exec(attributes)
    const piece = pieces.push(mark === null ? all : all.replace(mark[0], '')) - 1
    if (VOID.has(name)) {
      if (name === 'img') hasContent()
      continue
    }
    const element: OpenElement = {name, piece, empty: true, before: false, after: false}
    if (mark !== null && inFold === 0 && !NO_PLACE.has(open.at(-1)?.name ?? '')) {
      if (mark[1] === 'whole') {
        startFold(piece)
        element.after = true
      } else {
        // The quote begins with the outermost element that begins with the mark, and ends with the one around it.
        let at = open.length
        while (at > 0 && open[at - 1]!.empty && !NO_PLACE.has(open[at - 2]?.name ?? '')) at--
        const around = open[at - 1]
        startFold((open[at] ?? element).piece)
        if (around) around.before = true
      }
    }
    open.push(element)
  }
  const text = html.slice(end)
  if (text.trim() !== '') hasContent()
  pieces.push(text)
  if (inFold > 0) endFold()
  if (!wordsOutside || (wordsAfterFold && count > 1))
    for (const piece of folds) pieces[piece] = pieces[piece]!.replace(OPEN_FOLD, '').replace(CLOSE_FOLD, '')
  return pieces.join('')
}

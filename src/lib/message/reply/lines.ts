/** What each line of a mail is: words of the person, or of somebody else. */
import type {MarkedLine} from '../html-text.ts'
import {attributionEndingAt, type Attribution} from './attribution.ts'
import {asksToReplyAbove, isDivider} from './divider.ts'
import {headerBlockAt, isSenderLine, notesBlockAt} from './header-block.ts'
import {literalLines} from './literal.ts'
import {normalLine} from './normal-line.ts'
import {isRule, isSignatureDelimiter, looksLikeFooter, MAX_SIGNATURE_LINES, sentFromLine} from './signature.ts'

export type Kind =
  | 'blank'
  /** Words of the person. */
  | 'text'
  /** Words that are marked as quoted. */
  | 'quote'
  /** Says whose words are quoted below, where the quote is marked. */
  | 'attribution'
  /** Says whose words follow, where they are not marked and so go on to the end. */
  | 'unmarked-attribution'
  /** The header of an earlier mail, or a line that announces it, where that mail is not marked and so goes on to the end. */
  | 'earlier'
  /** A signature with its delimiter, or the line of a mail program. */
  | 'signature'
  /** The frame of a signed text, which is for machines. */
  | 'armor'

/** A line and what it is. */
export interface Line {
  readonly text: string
  readonly kind: Kind
}

/** A `>` at the start, indented at most as far as format=flowed and clients do (RFC 3676 4.5). */
const QUOTE = /^\s{0,8}[>＞]/u

/** Marks that are only believed below an attribution: bars, and initials (`AS> text`), which are prompts elsewhere. */
const ODD_QUOTE = /^\s{0,8}(?:[|¦]|\p{L}{1,12}>)/u

const ARMOR_SIGNED = /^-----BEGIN PGP SIGNED MESSAGE-----$/
const ARMOR_HASH = /^Hash: [A-Za-z0-9, -]{1,80}$/
const ARMOR_BEGIN = /^-----BEGIN PGP SIGNATURE-----$/
const ARMOR_END = /^-----END PGP SIGNATURE-----$/

/**
 * Lines that are looked at. The text that is kept (MAX_TEXT_BYTES) has 25,000 lines of ordinary length; more are made
 * to cost time, and hold no reply that anybody could find.
 */
export const MAX_LINES = 100_000

/** Tells what each line is. Time is linear in the length of the text. */
export function classify(marked: readonly MarkedLine[]): readonly Line[] {
  // What people only indent has `> ` before it too, and is no quote.
  const typed = marked.map(({text, prefix}) => (prefix === 0 ? text : text.slice(prefix)))
  const literal = literalLines(typed)
  const normal = typed.map(normalLine)
  const kinds = marked.map(({mark}, at): Kind => {
    if (normal[at] === '') return 'blank'
    if (mark === 'quote') return 'quote'
    return literal[at] !== true && QUOTE.test(typed[at] ?? '') ? 'quote' : 'text'
  })
  markEnclosedQuotes(normal, kinds)
  markArmor(normal, kinds)
  markMarkedSignatures(marked, kinds)
  markEarlierMail(marked, normal, literal, kinds)
  markSignatures(normal, literal, kinds)
  return marked.map(({text}, at) => ({text, kind: kinds[at] ?? 'text'}))
}

/** `>>> Anna >>>` above a quote and `<<< Anna <<<` below it, as some programs for groups write. */
const ENCLOSURE_OPENS = /^>{3,} ?[^>].{0,80}>{3,}$|^>{4,}$/u
const ENCLOSURE_CLOSES = /^<{3,} ?[^<].{0,80}<{3,}$|^<{4,}$/u

function markEnclosedQuotes(normal: readonly string[], kinds: Kind[]): void {
  const last = normal.findLastIndex((line) => ENCLOSURE_CLOSES.test(line))
  let open = -1
  for (let at = 0; at <= last; at++) {
    const line = normal[at] ?? ''
    if (open === -1 && ENCLOSURE_OPENS.test(line)) open = at
    else if (open !== -1 && ENCLOSURE_CLOSES.test(line)) {
      for (let inside = open; inside <= at; inside++) if (kinds[inside] !== 'blank') kinds[inside] = 'quote'
      open = -1
    }
  }
}

/** What a mail program calls a signature is one, unless a whole letter was typed into it. */
function markMarkedSignatures(marked: readonly MarkedLine[], kinds: Kind[]): void {
  for (let at = 0; at < marked.length; at++) {
    if (marked[at]?.mark !== 'signature') continue
    let end = at
    let words = 0
    for (; marked[end]?.mark === 'signature'; end++) if (kinds[end] === 'text') words++
    if (words <= MAX_SIGNATURE_LINES) {
      for (let inside = at; inside < end; inside++) if (kinds[inside] === 'text') kinds[inside] = 'signature'
    }
    at = end
  }
}

/** The frame of a signed text (RFC 9580 7) is nobody's words. */
function markArmor(normal: readonly string[], kinds: Kind[]): void {
  let begin = -1
  for (const [at, line] of normal.entries()) {
    if (kinds[at] !== 'text' || !(line.startsWith('-----') || kinds[at - 1] === 'armor')) continue
    if (ARMOR_SIGNED.test(line)) kinds[at] = 'armor'
    else if (ARMOR_HASH.test(line) && kinds[at - 1] === 'armor') kinds[at] = 'armor'
    else if (ARMOR_BEGIN.test(line)) begin = at
    else if (ARMOR_END.test(line) && begin !== -1) {
      kinds.fill('armor', begin, at + 1)
      begin = -1
    }
  }
}

/** Something that says that an earlier mail follows: lines `from` to before `to`. */
interface Marker extends Attribution {
  readonly is: 'attribution' | 'header' | 'divider'
}

/**
 * Finds what introduces earlier mail. Where marked quotes follow, it is an attribution of these; where they do not, the
 * earlier mail goes on to the end, which is only believed of a certain one.
 */
function markEarlierMail(
  marked: readonly MarkedLine[],
  normal: readonly string[],
  literal: readonly boolean[],
  kinds: Kind[],
): void {
  const markers = findMarkers(marked, normal, literal, kinds)
  // From the end, for an attribution may be followed by another one and then by the quote of both.
  for (const {from, to, certain, is} of markers.toReversed()) {
    let below = to
    while (kinds[below] === 'blank') below++
    if (is === 'attribution' && kinds[below] === 'text') markOddQuotes(marked, kinds, below)
    // Below a header, an attribution is of the earlier mail.
    const quoted = kinds[below] === 'quote' || (kinds[below] === 'attribution' && is !== 'header')
    if (!quoted && !certain) continue
    const kind = quoted ? 'attribution' : is === 'attribution' ? 'unmarked-attribution' : 'earlier'
    kinds.fill(kind, from, to)
    // A line drawn above it belongs to it.
    let above = from - 1
    while (kinds[above] === 'blank') above--
    if (kinds[above] === 'text' && literal[above] !== true && isRule(normal[above] ?? '')) kinds[above] = kind
  }
}

function findMarkers(
  marked: readonly MarkedLine[],
  normal: readonly string[],
  literal: readonly boolean[],
  kinds: readonly Kind[],
): readonly Marker[] {
  const markers: Marker[] = []
  /** Lines before this one are part of a marker already. */
  let taken = 0
  const add = (marker: Marker) => {
    markers.push(marker)
    taken = marker.to
  }
  for (let at = 0; at < normal.length; at++) {
    if (at < taken || literal[at] === true) continue
    const mark = marked[at]?.mark
    if (mark === 'rest') add({from: at, to: at + 1, certain: true, is: 'header'})
    else if (mark === 'attribution') add({from: at, to: at + 1, certain: true, is: 'attribution'})
    if (at < taken || kinds[at] === 'blank' || kinds[at] === 'signature') continue
    // GroupWise and Supercite write `>>>` before a line that is no quote; a wrapped address ends in `> wrote:`.
    const attribution = attributionEndingAt(normal, at, taken)
    if (attribution !== null && mark !== 'quote') add({...attribution, is: 'attribution'})
    if (at < taken || kinds[at] !== 'text') continue
    const announced = isDivider(normal[at] ?? '') || asksToReplyAbove(normal[at] ?? '')
    const header = headerBlockAt(normal, at) ?? notesBlockAt(normal, at)
    if (header !== null) add({...header, certain: true, is: 'header'})
    else if (announced) add({from: at, to: at + 1, certain: true, is: 'divider'})
    else if (isSenderLine(normal[at] ?? '')) add({from: at, to: at + 1, certain: false, is: 'attribution'})
  }
  return markers
}

/** Bars and initials at the start of lines below an attribution, up to the first line without. */
function markOddQuotes(marked: readonly MarkedLine[], kinds: Kind[], from: number): void {
  const isOdd = (at: number) => marked[at]?.mark === 'indented' || ODD_QUOTE.test(marked[at]?.text ?? '')
  for (let at = from; at < kinds.length && (kinds[at] === 'blank' || isOdd(at)); at++) {
    if (kinds[at] === 'text') kinds[at] = 'quote'
  }
}

/** Lines below a rule that are looked at: a footer with empty lines between its own. */
const MAX_FOOTER_SPAN = 40

/** Finds signatures in what is left as text. A signature goes on to what is no text any more, or to the end. */
function markSignatures(normal: readonly string[], literal: readonly boolean[], kinds: Kind[]): void {
  /** Where the run of own lines ends that a line is in: at other words, at a signature found below, at the end. */
  let end = normal.length
  /** Own words between the line and that end. */
  let words = 0
  /** Whether words stand anywhere in the run below the line, but for signatures. */
  let wordsBelow = false
  let ruleSeen = false
  const take = (at: number) => {
    for (let inside = at; inside < end; inside++) if (kinds[inside] === 'text') kinds[inside] = 'signature'
    end = at
    words = 0
  }
  for (let at = normal.length - 1; at >= 0; at--) {
    const kind = kinds[at]
    if (kind !== 'text' && kind !== 'blank' && kind !== 'signature') {
      end = at
      words = 0
      wordsBelow = false
      ruleSeen = false
      continue
    }
    if (kind !== 'text') continue
    const line = normal[at] ?? ''
    if (literal[at] !== true) {
      const sent = sentFromLine(line)
      if (sent === 'certain' || (sent === 'likely' && !wordsBelow)) {
        kinds[at] = 'signature'
        continue
      }
      if (isSignatureDelimiter(line) && words <= MAX_SIGNATURE_LINES) {
        take(at)
        wordsBelow = false
        continue
      }
      if (!ruleSeen && isRule(line)) {
        // Below the last line drawn across: several of a kind are the shape of a letter or a form.
        ruleSeen = true
        const below = normal.slice(at + 1, Math.min(end, at + 1 + MAX_FOOTER_SPAN))
        if (end - at <= MAX_FOOTER_SPAN && !isShape(normal, kinds, at) && looksLikeFooter(below)) {
          take(at)
          wordsBelow = false
          continue
        }
      }
    }
    words++
    wordsBelow = true
  }
}

/** Whether a rule underlines a heading, or a like one stands above it in the same run of own lines. */
function isShape(normal: readonly string[], kinds: readonly Kind[], rule: number): boolean {
  const line = normal[rule] ?? ''
  const heading = normal[rule - 1] ?? ''
  if (kinds[rule - 1] === 'text' && Math.abs(heading.length - line.length) <= MAX_UNDERLINE_DIFFERENCE) return true
  for (let at = rule - 1; at >= 0 && (kinds[at] === 'text' || kinds[at] === 'blank'); at--) {
    const above = normal[at] ?? ''
    if (above[0] === line[0] && isRule(above)) return true
  }
  return false
}

/** Characters by which a line under a heading is longer or shorter than the heading, as people draw it by hand. */
const MAX_UNDERLINE_DIFFERENCE = 3

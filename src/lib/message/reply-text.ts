/** The words that a person wrote, told apart from what they quote. What is done with odd cases: docs/reply-text.md. */
import type {MarkedLine} from './html-text.ts'
import type {Body} from './message.ts'
import {attributionEndingAt} from './reply/attribution.ts'
import {classify, MAX_LINES, type Line} from './reply/lines.ts'
import {normalLine} from './reply/normal-line.ts'
import {isRule, isSignatureDelimiter, valedictionOf} from './reply/signature.ts'

/**
 * Splits what a person reads. `marked` are its lines where it was made of HTML, so that what mail programs mark in
 * their markup counts; null where it was plain. Nothing is lost: each line is in `replyText` or in `quotedText`. Takes
 * linear time, and never throws.
 */
export function splitReply(
  text: string,
  marked: readonly MarkedLine[] | null,
): Pick<Body, 'replyText' | 'quotedText' | 'signature'> {
  const whole = {replyText: text.trim(), quotedText: '', signature: null}
  const given = marked ?? linesOf(text).map(plainLine)
  if (given.length > MAX_LINES) return whole
  const lines = classify(given)
  const end = endOfOwnPart(lines)
  const own = isOwn(lines, end)
  // Where nothing seems to be the person's, as in a bare forward, all is what the person sends.
  if (own === null) return whole
  const kept = lines.filter((_, at) => own[at] === true).map(({text}) => text)
  const quoted = lines.filter((_, at) => own[at] !== true).map(({text}) => text)
  return {
    replyText: kept.join('\n').trim(),
    quotedText: quoted.join('\n').trim(),
    signature: signatureOf(lines.slice(0, end)) ?? valedictionOf(kept),
  }
}

function linesOf(text: string): readonly string[] {
  // Most texts have line feeds alone, by which strings are split fast.
  return text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n')
}

/** A line of which no markup says anything. */
export const plainLine = (text: string): MarkedLine => ({text, mark: null, prefix: 0})

/**
 * The line from which on all belongs to an earlier mail that bears no marks. People write above such a mail, so there
 * must be words above; and who says to have answered inside it has, which nothing else can tell.
 */
function endOfOwnPart(lines: readonly Line[]): number {
  const first = lines.findIndex(({kind}) => kind === 'text')
  const end = lines.findIndex(({kind}, at) => kind === 'earlier' || (kind === 'unmarked-attribution' && at > first))
  if (end === -1 || first === -1 || end < first) return lines.length
  const words = lines
    .slice(first, end)
    .map(({text}) => text)
    .join(' ')
  return ANSWERS_INSIDE.test(words.slice(0, MAX_INTRODUCTION_CHARS)) ? lines.length : end
}

/** Characters in which a person says where the answers are. */
const MAX_INTRODUCTION_CHARS = 1000

/** "My answers are below in red". "See below" alone is what people write above a forward. */
const ANSWERS_INSIDE =
  /(?<!\p{L})(?:in-?line|(?:answers?|answered|comments?|commented|repl(?:y|ies|ied)|responses?|responded|notes) (?:\S+ ){0,4}?(?:below|inside|within|in (?:red|blue|green|bold|capitals|colou?r|the text))|(?:antwort(?:en)?|kommentare?|anmerkungen) (?:\S+ ){0,4}?(?:unten|im text|in rot|in blau|rot|blau|eingefügt)|(?:réponses?|commentaires?) (?:\S+ ){0,4}?(?:ci-dessous|dans le (?:texte|corps|mail)|en (?:rouge|bleu))|(?:respuestas?|comentarios?) (?:\S+ ){0,4}?(?:abajo|más abajo|en (?:rojo|azul)|en el texto)|(?:respostas?|comentários?) (?:\S+ ){0,4}?(?:abaixo|em (?:vermelho|azul)|no texto)|(?:risposte|commenti) (?:\S+ ){0,4}?(?:sotto|in (?:rosso|blu)|nel testo)|(?:antwoorden|opmerkingen) (?:\S+ ){0,4}?(?:hieronder|onderstaand|in het (?:rood|blauw)|in de tekst)|(?:odpowiedzi|komentarze) (?:\S+ ){0,4}?(?:poniżej|w tekście|na czerwono)|(?:ответ(?:ы|ил|ила)?|комментарии) (?:\S+ ){0,4}?(?:ниже|в тексте|красным))(?!\p{L})/iu

/** Which lines are the person's, null where none is; all from `end` on are not. */
function isOwn(lines: readonly Line[], end: number): readonly boolean[] | null {
  const part = lines.slice(0, end)
  const first = part.findIndex(({kind}) => kind === 'text')
  if (first === -1) return null
  const earlier = part.findIndex(({kind}) => kind === 'earlier')
  if (earlier !== -1) return earlier < first ? null : lines.map(() => true)
  const last = part.findLastIndex(({kind}) => kind === 'text')
  const inside = part.slice(first, last).some(({kind}) => kind === 'quote')
  // A quote above the words is context of them, unless the program that set it said so and all words are below it.
  const dropLeading = !inside && isIntroduced(part.slice(0, first))
  let own = false
  return lines.map(({kind}, at) => {
    if (at >= end) return false
    // Empty lines go with what stands above them.
    if (kind === 'blank') return own
    own = kind === 'text' || (kind === 'quote' && at < last && (at > first || !dropLeading))
    return own
  })
}

/** Lines of a quote in which Apple Mail writes the attribution: it is wrapped over three at most. */
const MAX_QUOTED_ATTRIBUTION_LINES = 3

/** Whether the quote above the words has an attribution, which may be a part of it (iOS). */
function isIntroduced(lines: readonly Line[]): boolean {
  if (lines.some(({kind}) => kind === 'attribution' || kind === 'unmarked-attribution')) return true
  const start = lines.findIndex(({kind}) => kind === 'quote')
  if (start === -1) return false
  const quoted = lines
    .slice(start, start + MAX_QUOTED_ATTRIBUTION_LINES)
    .map(({text}) => normalLine(text.replace(/^[\s>]+/, '')))
  return quoted.some((_, at) => attributionEndingAt(quoted, at) !== null)
}

/** The signature without its delimiter or the line drawn above it; null where there is none. */
function signatureOf(lines: readonly Line[]): string | null {
  const isDrawn = (line: string) => isSignatureDelimiter(line) || isRule(line)
  const signature = lines
    .filter(({kind, text}) => kind === 'signature' && !isDrawn(normalLine(text)))
    .map(({text}) => text)
    .join('\n')
    .trim()
  return signature === '' ? null : signature
}

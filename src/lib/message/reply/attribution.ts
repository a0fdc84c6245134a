/** The line above a quote that says who wrote it, and when: "On Monday, Anna <anna@example.org> wrote:". */

/** Words for "wrote" of languages that separate words, as mail programs use them. They may stand last, or before the name. */
const WROTE = [
  // English
  'wrote|writes',
  // German, Dutch
  'schrieb|schreibt|geschrieben|schreef|geschreven|schrijft',
  // French, Spanish, Catalan, Galician, Portuguese, Italian, Romanian
  'a écrit|a ecrit|écrit|écrivait|escribió|escribio|ha escrito|va escriure|escribiu|escreveu|ha scritto|scrive|a scris',
  // Swedish, Norwegian, Danish, Finnish, Estonian, Latvian, Lithuanian, Hungarian
  'skrev|skreiv|kirjoitti|kirjutas|rakstīja|rašė|írta|irta',
  // Polish, Czech, Slovak, Slovenian, Croatian, Serbian
  'napisał|napisała|napisał\\(a\\)|napisal|napisala|pisze|napsal|napsala|napsal\\(a\\)|napísal|napísala|napísal\\(a\\)|je napisal|je napisala|je napisao|je napisao/la|napisao je|napisala je|napisana przez|piše',
  // Russian, Ukrainian, Bulgarian, Serbian
  'написал|написала|написал\\(а\\)|пишет|писал|писала|писал\\(а\\)|написав|написала|написав\\(ла\\)|пише|писав|написа|је написао|је написала',
  // Turkish, Greek, Hebrew, Arabic, Persian
  'şunu yazdı|şöyle yazdı|yazdı|yazmış|έγραψε|έγραψεν|כתב|כתבה|כתב/ה|כתב\\(ה\\)|כתבת|كتب|كتبت|نوشت',
  // Vietnamese, Indonesian, Malay
  'đã viết|viết|menulis',
].join('|')

/** Endings of languages that do not separate words: Chinese, Japanese, Korean, Thai. */
const WROTE_JOINED =
  '写道|寫道|写到|写|寫|のメール|のメッセージ|は書きました|が書きました|書きました|님이 작성|님이 씀|님이 쓴 글|작성|썼습니다|เขียนว่า|เขียน'

const WORD_START = '(?<![\\p{L}\\p{M}\\p{N}])'
const WORD_END = '(?![\\p{L}\\p{M}\\p{N}])'

/** "… wrote:", maybe with a time in parentheses (Hungarian), maybe framed (Zoho: `---- On … wrote ----`). */
const WROTE_LAST = new RegExp(
  `(?:${WORD_START}(?:${WROTE})|${WROTE_JOINED})(?: ?\\([^()]{0,80}\\))? ?(?:[:：]|-{2,}|={2,})[ "'*_:=-]{0,40}$`,
  'iu',
)

/** "Am … schrieb Max Mustermann:": the name after the verb is at most this long. */
const WROTE_INSIDE = new RegExp(`${WORD_START}(?:${WROTE})${WORD_END}.{1,160}[:：]["'*_]{0,2}$`, 'iu')

/** A date at the start: at most four words (`On Wednesday, February`, `Il giorno mer`), then a digit. */
const DATE_FIRST = /^(?:[\p{L}\p{M}.'’`´׳"]{1,20}[,.،:]? ){0,4}[^\p{L}\d]{0,3}\d|^[在于於] ?\d|^\p{L}-\d/u

/** An attribution behind other words on its line: these would be lost with it. */
const BEHIND_WORDS =
  /[^\s-] (?:On|Am|Le|El|Em|No dia|Il|Op|Den|Dne|W dniu|În|Pe|Στις|Vào) (?:\p{L}{2,15}[.,]{0,2} ){0,3}\d/u

/** A name at the start, with its address. */
const NAME_FIRST = /^[^<>@:]{0,80}[<([] ?\[?(?:mailto:)?[^\s<>@]{1,100}@[^\s<>]{1,200}[>)\]]/u

/** A few words and the verb: `Anna wrote:`. */
const SHORT_NAME = new RegExp(
  `^[^\\s:<>@]{1,30}(?: [^\\s:<>@]{1,30}){0,4} (?:${WROTE})(?: [^:]{0,60})?[:：]$|^[^:<>@]{1,60}(?:${WROTE_JOINED})[:：]$`,
  'iu',
)

/** No verb: `3 февр. 2016 г. в 15:35, Anna <anna@example.org>:`. */
const ADDRESS_LAST = /[<([]\s?(?:mailto:)?[^\s<>@]{1,100}@[^\s<>]{1,200}[>)\]]["'”»]{0,2} ?[:：]?$/u

/** GroupWise: `>>> Anna <anna@example.org> 03.02.2016 15:35 >>>`. Its quotes bear no marks. */
const GROUPWISE = /^>{3} ?[^>].{0,200}\d.{0,100}>{3}$/u

/** Supercite, of Usenet: `>>>>> "Anna" == Anna Smith <anna@example.org> writes:`. */
const SUPERCITE = /^>{3,} ?"[^"]{1,80}" ?==/u

const ADDRESS = /[^\s<>@]{1,100}@[^\s<>@]{1,100}/u
const YEAR = /(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d)/u
const TIME = /\d{1,2} ?[:.hH時时시点점] ?\d{2}|\d ?[ap]\.? ?m\b/iu

/** Who writes of himself is telling a story: "On 3 May 2016 at 15:00 I wrote:". */
const FIRST_PERSON =
  /(?<![\p{L}\p{M}.@-])(?:I|we|ich|wir|je(?! ?[:：]| napisa)|j['’]ai|nous|yo|nosotros|eu|io|noi|ik|wij|jag|jeg|я|мы|ми)(?![\p{L}\p{M}.@-])/u

/** Words in small letters behind the date: "the technician came and wrote:" tells a story, "heeft Anna het volgende geschreven:" does not. */
const MAX_SMALL_WORDS = 4

/** Characters that end an attribution. */
const ENDS = new Set(':：>)]"\'”»*_=-')

/** Marks alone end none; `>:` does, behind a wrapped address. */
const MARKS_ALONE = /^[-=_*>]+$/

/** Lines that an attribution may be wrapped over: the longest seen has five, with an address on lines of its own. */
const MAX_LINES = 6

/** Characters of an attribution: a date, a name and an address, which some programs write twice. */
const MAX_CHARS = 500

/** What looks like an attribution: lines `from` to before `to`. */
export interface Attribution {
  readonly from: number
  readonly to: number
  /** True where it names an address or an instant, so that no person wrote it: it needs no quote below to be believed. */
  readonly certain: boolean
}

/**
 * The attribution whose last line is `last`, and that begins at `first` or below; null where there is none. The shortest
 * one counts. `lines` are normal.
 */
export function attributionEndingAt(lines: readonly string[], last: number, first = 0): Attribution | null {
  const found = shortestEndingAt(lines, last, first)
  if (found === null || /[:：]$/u.test(lines[last] ?? '')) return found
  // An address may end a line of it, and "wrote:" stand on the next ones.
  for (let end = last + 1; end <= last + 2; end++) {
    const longer = shortestEndingAt(lines, end, first)
    if (longer !== null && longer.from <= found.from) return longer
  }
  return found
}

function shortestEndingAt(lines: readonly string[], last: number, first: number): Attribution | null {
  const end = lines[last] ?? ''
  // Most lines end in something else.
  if (!ENDS.has(end.slice(-1)) || MARKS_ALONE.test(end)) return null
  let joined = ''
  let partial: Attribution | null = null
  for (let from = last; from >= Math.max(first, last - MAX_LINES + 1); from--) {
    const line = lines[from] ?? ''
    if (line === '') {
      // A wrapped address may stand apart, nothing else may.
      if (partial === null && joined.startsWith('<')) continue
      break
    }
    joined = joined === '' ? line : `${line} ${joined}`
    if (joined.length > MAX_CHARS) break
    const reading = readAttribution(joined)
    if (reading === null || !quoteMarksAreBrackets(lines, from, last)) continue
    const found = {from, to: last + 1, certain: reading.certain}
    if (reading.complete) return found
    // The date of "Anna wrote:", or the verb before "16 Apr. at 11:53:", may stand on the lines above.
    partial ??= found
  }
  return partial
}

/** Whether a text is an attribution, whether it needs no quote to be believed, and whether nothing is missing in it. */
function readAttribution(text: string): {readonly certain: boolean; readonly complete: boolean} | null {
  if (BEHIND_WORDS.test(text)) return null
  if (GROUPWISE.test(text)) return {certain: true, complete: true}
  if (text.startsWith('>'))
    return SUPERCITE.test(text) && WROTE_LAST.test(text) ? {certain: true, complete: true} : null
  const line = text.replace(/^[-=*_"'\s]+/, '')
  const hasAddress = ADDRESS.test(line)
  const hasYear = YEAR.test(line)
  const hasTime = TIME.test(line)
  const hasInstant = hasYear && hasTime
  const certain = (hasAddress || (hasInstant && !tellsStory(line))) && !FIRST_PERSON.test(line)
  const dateFirst = DATE_FIRST.test(line)
  if ((dateFirst || NAME_FIRST.test(line)) && (hasAddress || hasYear || hasTime)) {
    if (WROTE_LAST.test(line) || WROTE_INSIDE.test(line)) return {certain, complete: hasInstant}
    const ended = /[:：]$/u.test(line)
    if (dateFirst && hasYear && ADDRESS_LAST.test(line))
      return {certain: certain && hasTime && ended, complete: hasTime}
    // Languages that are not known here: believed where a quote follows.
    if (ended && (hasAddress || hasInstant)) return {certain: false, complete: false}
  }
  return SHORT_NAME.test(line) ? {certain: certain && hasInstant, complete: hasInstant} : null
}

function tellsStory(line: string): boolean {
  const behindDate = line.split(/\d/).at(-1) ?? ''
  return behindDate.split(' ').filter((word) => /^\p{Ll}/u.test(word)).length > MAX_SMALL_WORDS
}

/** In `<` / `> wrote:` over several lines the `>` ends an address; anywhere else it marks a quote. */
function quoteMarksAreBrackets(lines: readonly string[], from: number, last: number): boolean {
  let open = 0
  for (let at = from; at <= last; at++) {
    const line = lines[at] ?? ''
    if (at > from && open === 0 && line.startsWith('>')) return false
    for (const mark of line) {
      if (mark === '<') open++
      else if (mark === '>' && open > 0) open--
    }
  }
  return true
}

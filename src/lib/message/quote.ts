/** The mail that is answered, as it stands below an answer. */
import {oneLine} from './encode-words.ts'
import {maskTokens} from './mask-tokens.ts'
import type {Address} from './message.ts'
import {plainLines} from './plain-lines.ts'

/** What is quoted. */
export interface Quoted {
  readonly text: string
  readonly author: Address
  /** An ISO instant; null where it is not known. */
  readonly date: string | null
  /** Of the portal. */
  readonly timezone: string
  readonly locale: string
}

/** Who wrote it and when, and the words, not yet marked. */
export interface Quote {
  readonly attribution: string
  readonly text: string
}

/**
 * Characters of a quote. A long history is in it many times over; in HTML, at three bytes a character, this is half of the
 * 102 KB at which Gmail hides the rest of a mail.
 */
const MAX_QUOTED_CHARS = 16_000

/** Says that the rest is left out, in any language. */
const CUT = '[…]'

/** Characters of a name: with an address of ordinary length behind it, no client wraps it apart from that (at 70 or more). */
const MAX_NAME_CHARS = 30

/**
 * The quote of a mail, in one length whatever its own. Tokens are made unusable: who is given the quote need not be the one
 * whom they were given to.
 */
export function quoteOf({text, author, date, timezone, locale}: Quoted): Quote {
  const words = plainLines(text.toWellFormed()).join('\n')
  return {attribution: maskTokens(attributionOf(author, date, timezone, locale)), text: maskTokens(cut(words))}
}

/** The attribution, and below it the words behind `>`, those that were quoted before behind `>>` (RFC 3676 4.5). */
export function quoteBelow(quoted: Quoted): string {
  const {attribution, text} = quoteOf(quoted)
  const marked = text.split('\n').map((line) => (line === '' || line.startsWith('>') ? `>${line}` : `> ${line}`))
  return `${attribution}\n${marked.join('\n')}\n`
}

function cut(text: string): string {
  if (text.length <= MAX_QUOTED_CHARS) return text
  const start = text.slice(0, MAX_QUOTED_CHARS)
  const end = start.lastIndexOf('\n')
  // A line that is longer than all that is quoted is cut where it is.
  return `${end === -1 ? start.replace(/[\ud800-\udbff]$/, '') : start.slice(0, end)}\n${CUT}`
}

/** How a language says it. `date` is null where none is known. */
type Phrase = (who: string, date: string | null) => string

/** As mail programs write it in that language, so that they, and we, know it when it comes back. */
const PHRASES: Readonly<Record<string, Phrase>> = {
  en: (who, date) => (date === null ? `${who} wrote:` : `On ${date}, ${who} wrote:`),
  vi: (who, date) => (date === null ? `${who} đã viết:` : `Vào ${date}, ${who} đã viết:`),
  ja: (who, date) => (date === null ? `${who}さんは書きました:` : `${date}、${who}さんは書きました:`),
  zh: (who, date) => (date === null ? `${who} 写道：` : `${date}，${who} 写道：`),
  'zh-Hant': (who, date) => (date === null ? `${who} 寫道：` : `${date}，${who} 寫道：`),
  de: (who, date) => (date === null ? `${who} schrieb:` : `Am ${date} schrieb ${who}:`),
  fr: (who, date) => (date === null ? `${who} a écrit :` : `Le ${date}, ${who} a écrit :`),
  es: (who, date) => (date === null ? `${who} escribió:` : `El ${date}, ${who} escribió:`),
}

function attributionOf({name, address}: Address, date: string | null, timezone: string, locale: string): string {
  const {language, script} = new Intl.Locale(locale).maximize()
  const phrase = PHRASES[`${language}-${script}`] ?? PHRASES[language]
  // Dates in the words of the sentence: a language that has none here gets both in English.
  const when = date === null ? null : formatDate(date, timezone, phrase === undefined ? 'en' : locale)
  return (phrase ?? PHRASES['en']!)(whoIs(name, address), when)
}

function formatDate(date: string, timeZone: string, locale: string): string {
  const format = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
  })
  // The narrow blank before "PM" is not in every font.
  return format.format(new Date(date)).replace(/\s+/g, ' ')
}

function whoIs(name: string, address: string): string {
  // In an attribution these end the name, or are the address.
  const bare = oneLine(name.includes('@') ? '' : name.replace(/[<>:：]/g, ' '))
  const short = bare.slice(0, MAX_NAME_CHARS).toWellFormed().trim()
  const where = `<${oneLine(address)}>`
  return short === '' ? where : `${short} ${where}`
}

/** What mail programs say in the markup of a mail about its parts: the one table of the names and styles they use. */

/** What an element is. */
export type ProgramMark =
  /** Holds earlier mail. */
  | 'quote'
  /** Holds earlier mail, what introduces it, and the answers that a person typed into it. */
  | 'exchange'
  /** An indented block, which some programs make of a quote, and people of what they like. */
  | 'indented'
  /** Says whose words are quoted below. */
  | 'attribution'
  | 'signature'
  /** Stands above an earlier mail, which goes on to the end without any other mark. */
  | 'rest'

/** Names of elements (class, id, name), in lower case. */
const NAMES: ReadonlyMap<string, ProgramMark> = new Map([
  ['yahoo_quoted', 'quote'],
  ['tutanota_quote', 'quote'],
  ['front-blockquote', 'quote'],
  ['hs_reply', 'quote'], // HubSpot
  ['mailru-blockquote', 'quote'],
  ['moz-forward-container', 'quote'], // Thunderbird
  ['isreplycontent', 'quote'], // 163
  ['isforwardcontent', 'quote'],
  ['messagereplysection', 'quote'], // Spark
  ['wmi-quote', 'quote'], // Yandex
  ['quoted-content', 'quote'],
  ['olk_src_body_section', 'quote'], // Outlook 2011 for Mac
  ['ms-outlook-mobile-reference-message', 'quote'],
  ['mail-editor-reference-message-container', 'quote'], // the new Outlook
  ['gmail_quote', 'exchange'],
  ['protonmail_quote', 'exchange'],
  ['zmail_extra', 'exchange'], // Zoho
  ['gmail_attr', 'attribution'],
  ['gmail_quote_attribution', 'attribution'],
  ['moz-cite-prefix', 'attribution'],
  ['gmail_signature', 'signature'],
  ['gmail_signature_prefix', 'signature'],
  ['moz-signature', 'signature'],
  ['signature', 'signature'], // Outlook
  ['ms-outlook-mobile-signature', 'signature'],
  ['applemailsignature', 'signature'],
  ['protonmail_signature_block', 'signature'],
  ['protonmail_signature_block-user', 'signature'],
  ['protonmail_signature_block-proton', 'signature'],
  ['tutanota_signature', 'signature'],
  ['messagesignaturesection', 'signature'], // Spark
  ['yahoo-signature', 'signature'],
  ['__sig_pre__', 'signature'], // Zimbra
  ['divrplyfwdmsg', 'rest'], // Outlook on the web and on phones
  ['appendonsend', 'rest'],
  ['stopspelling', 'rest'],
  ['outlookmessageheader', 'rest'], // Outlook Express, Windows Mail
  ['zwchr', 'rest'], // Zimbra
])

/** Attributes that hold such names; the last two are those of Zimbra and of Gmail. */
const NAMING = ['class', 'id', 'name', 'data-marker', 'data-smartmail']

/** Characters looked at of such an attribute. */
const MAX_NAMES_LENGTH = 500

/** Characters looked at of a style: Word writes some hundred. */
const MAX_STYLE_LENGTH = 2000

/** Elements that say something of what they hold: none of these has an end tag that may be left out (HTML 13.1.2.4). */
const CONTAINERS = new Set(['blockquote', 'div', 'pre', 'section', 'span', 'table'])

/** The line that Outlook and Word draw above the header of an earlier mail. */
const OUTLOOK_LINE =
  /border ?: ?none ?; ?border-top ?: ?solid #?\w{1,12} 1\.0pt ?; ?padding ?: ?3\.0pt 0(?:cm|in|mm|pt)? 0/i

/** Gmail, Proton, QQ, mail.ru and Outlook draw a line beside what they quote. */
const LINE_BESIDE = /border-left ?:(?! ?(?:none|0))/i

/** Gmail and Apple Mail indent what people indent with a block that is stripped of its looks. */
const NO_BORDER = /border ?: ?(?:none|medium none|0)/i

/** What a start tag says of what it holds, or of what follows; null for most. `attribute` gives decoded values. */
export function programMark(element: string, attribute: (name: string) => string | undefined): ProgramMark | null {
  const named = markOfNames(attribute)
  if (named === 'rest') return named
  if (!CONTAINERS.has(element)) return null
  const style = () => (attribute('style') ?? '').slice(0, MAX_STYLE_LENGTH)
  if (element === 'blockquote') {
    if (named === 'quote' || named === 'exchange' || isCited(attribute) || LINE_BESIDE.test(style())) return 'quote'
    return NO_BORDER.test(style()) ? null : 'indented'
  }
  if (named !== null || element !== 'div') return named
  // GMX and web.de.
  if (attribute('name') === 'quote') return 'quote'
  return OUTLOOK_LINE.test(style()) ? 'rest' : null
}

/** Apple Mail, Thunderbird and Yahoo cite; many programs use a class with such a word in it; QQ and others an id. */
function isCited(attribute: (name: string) => string | undefined): boolean {
  return (
    attribute('type')?.toLowerCase() === 'cite' ||
    attribute('cite') !== undefined ||
    /quote|cite/i.test((attribute('class') ?? '').slice(0, MAX_NAMES_LENGTH)) ||
    /^(?:qt|replybl)/i.test(attribute('id') ?? '')
  )
}

function markOfNames(attribute: (name: string) => string | undefined): ProgramMark | null {
  for (const naming of NAMING) {
    const value = attribute(naming)
    if (value === undefined || value === '') continue
    for (const name of value.slice(0, MAX_NAMES_LENGTH).toLowerCase().split(/\s+/)) {
      const mark = markOfName(name)
      if (mark !== null) return mark
    }
  }
  return null
}

/** Yahoo puts letters of its own before its names. */
const YAHOO_PREFIX = /^ydp\w{1,20}?(?=yahoo|signature)/

/** Outlook on the web puts this before the names of what it quotes, once for each time. */
const QUOTED_PREFIX = /^(?:x_)+/

function markOfName(name: string): ProgramMark | null {
  const mark = NAMES.get(name.startsWith('ydp') ? name.replace(YAHOO_PREFIX, '') : name)
  if (mark !== undefined || !name.startsWith('x_')) return mark ?? null
  const quoted = NAMES.get(name.replace(QUOTED_PREFIX, '')) ?? null
  // The signature of a mail that is quoted is not that of this one.
  return quoted === 'signature' ? null : quoted
}

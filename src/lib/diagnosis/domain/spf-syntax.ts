/** The words of an SPF record that name a domain (RFC 7208 7.1). */

/** %{letter digits r delimiters}; the letters c, r and t are for explanations alone (RFC 7208 7.2). */
const MACRO = '%\\{[slodiphv](?:0*[1-9][0-9]*)?r?[.\\-+,/_=]*\\}'
const ESCAPE = '%%|%_|%-'
/** macro-string: %x21-24 / %x26-7E are literal. */
const MACRO_STRING = new RegExp(`^(?:${MACRO}|${ESCAPE}|[\\x21-\\x24\\x26-\\x7e])*$`, 'i')
/** domain-end: `.` and a top label, or a macro. A top label is not made of digits, so that an address is none. */
const DOMAIN_END = new RegExp(
  `(?:\\.(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])\\.?|${MACRO}|${ESCAPE})$`,
  'i',
)

export const isMacroString = (text: string) => MACRO_STRING.test(text)

export const isDomainSpec = (text: string) => MACRO_STRING.test(text) && DOMAIN_END.test(text)

/** Such a name depends on the mail that is checked, and cannot be followed without one. */
export const hasMacro = (domainSpec: string) => domainSpec.includes('%')

/** As the DNS is asked for it: lower case, without the dot of the root. */
export const plainDomain = (domainSpec: string) => domainSpec.toLowerCase().replace(/\.$/, '')

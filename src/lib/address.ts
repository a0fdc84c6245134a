/** What admins type as addresses and names, judged before anything is stored. */

/** RFC 5322 3.2.3: what may stand in an atom. Quoted local parts and non-ASCII ones exist, but many systems refuse them. */
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
const DOT_ATOM = new RegExp(`^${ATOM}(\\.${ATOM})*$`)
/** Octets (RFC 5321 4.5.3.1.1). */
const MAX_LOCAL_PART = 64
/** Octets (RFC 5321 4.5.3.1.3, less the angle brackets of a path). */
const MAX_ADDRESS = 254
/** Characters: as a header field it still fits a line of 998 (RFC 5322 2.1.1) when every one of them is encoded. */
const MAX_DISPLAY_NAME = 200

/** What is wrong with the part before the `@`; null for a good one. */
export function checkLocalPart(text: string): string | null {
  if (text.length > MAX_LOCAL_PART) return `use at most ${MAX_LOCAL_PART} characters before the @`
  return DOT_ATOM.test(text)
    ? null
    : "use letters, digits and !#$%&'*+/=?^_`{|}~- before the @, with single dots between them"
}

/** What is wrong with a full domain (RFC 1035 2.3.1, RFC 5890 for its A-labels); null for a good one. */
export function checkDomain(domain: string): string | null {
  const labels = domain.split('.')
  const fine =
    labels.length > 1 &&
    domain.length <= 253 &&
    labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return fine ? null : 'use a full domain in lower case, such as acme.example'
}

/** What is wrong with an address; null for a good one. */
export function checkAddress(text: string): string | null {
  const at = text.lastIndexOf('@')
  if (at === -1) return 'use a full address, such as ann@acme.example'
  if (text.length > MAX_ADDRESS) return `use at most ${MAX_ADDRESS} characters`
  return checkLocalPart(text.slice(0, at)) ?? checkDomain(text.slice(at + 1).toLowerCase())
}

/** What is wrong with a name that goes into header fields; null for a good one. */
export function checkDisplayName(text: string): string | null {
  if (text.trim() === '') return 'use at least one visible character'
  if (text.length > MAX_DISPLAY_NAME) return `use at most ${MAX_DISPLAY_NAME} characters`
  return /[\p{Cc}\u2028\u2029]/u.test(text) ? 'use one line, without control characters' : null
}

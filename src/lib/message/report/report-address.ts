import {MAX_ADDRESS_CHARS, MAX_LINE_CHARS} from './limits.ts'

/** An address within a line. */
export interface FoundAddress {
  /** The domain in lower case, as everywhere (RFC 5321 2.4). */
  readonly address: string
  /** Where it begins in the line, with its opening bracket or quote. */
  readonly start: number
  /** The place after it, with its closing bracket. */
  readonly end: number
}

/** Characters that end an address on its left: those of an atom go on (RFC 5322 3.2.3, RFC 6531 3.3). */
// oxlint-disable-next-line no-control-regex -- control characters end an address too
const NOT_LOCAL = /[\s<>()[\]",;:\\@|\u0000-\u001f、，：；（）「」]/
/** Characters of a domain; an underscore and letters of any script occur. */
const DOMAIN_CHARACTER = /[\p{L}\p{M}\p{N}._-]/u

/**
 * The addresses in a line of text, from left to right. Takes time linear in the line: from each `@` outwards, and never
 * past another one.
 */
export function findAddresses(line: string): readonly FoundAddress[] {
  const found: FoundAddress[] = []
  let from = 0
  for (let at = line.indexOf('@'); at !== -1; at = line.indexOf('@', at + 1)) {
    const one = addressAround(line, at, from)
    if (one === null) continue
    found.push(one)
    from = one.end
  }
  return found
}

function addressAround(line: string, at: number, from: number): FoundAddress | null {
  let start = at
  if (line[at - 1] === '"') {
    // A quoted local part (RFC 5321 4.1.2).
    const quote = line.lastIndexOf('"', at - 2)
    if (quote < from) return null
    start = quote
  } else {
    while (start > from && at - start < MAX_ADDRESS_CHARS && !NOT_LOCAL.test(line[start - 1]!)) start--
    // Quotes of text, and what stands before an address without a space: `*a@b`, `=a@b`, `'a@b'`.
    while (start < at && /['`*=‘“«]/.test(line[start]!)) start++
  }
  if (start === at) return null
  let end = at + 1
  if (line[end] === '[') {
    const close = line.indexOf(']', end)
    if (close === -1 || close - end > 64) return null
    end = close + 1
  } else {
    while (end < line.length && end - at < MAX_ADDRESS_CHARS && DOMAIN_CHARACTER.test(line[end]!)) end++
    while (end > at + 1 && /[._-]/.test(line[end - 1]!)) end--
  }
  const address = normalize(line.slice(start, end))
  if (address === null) return null
  return {
    address,
    start: line[start - 1] === '<' || line[start - 1] === '"' || line[start - 1] === "'" ? start - 1 : start,
    end: line[end] === '>' || line[end] === '"' || line[end] === "'" ? end + 1 : end,
  }
}

/** The domain in lower case; null for what is no address. */
function normalize(text: string): string | null {
  const at = text.lastIndexOf('@')
  if (at < 1 || at === text.length - 1 || text.length > MAX_ADDRESS_CHARS) return null
  return text.slice(0, at + 1) + text.slice(at + 1).toLowerCase()
}

/**
 * The address of a field such as Final-Recipient: `rfc822; user@example.org` (RFC 3464 2.3.2), `utf-8; …` with
 * `\x{20AC}` for what is not ASCII (RFC 6533 3), and what servers write instead: no type, angle brackets, a name before
 * it, a source route (RFC 5321 F.2). Null where there is none, as for a mailbox of a local program.
 */
export function readTypedAddress(field: string): string | null {
  const value = field.slice(0, MAX_LINE_CHARS)
  const semicolon = /^[ \t]*[A-Za-z0-9._-]{1,30}[ \t]*;/.exec(value)
  const type = semicolon === null ? '' : semicolon[0].slice(0, -1).trim().toLowerCase()
  const typed = value.slice(semicolon?.[0].length ?? 0).trim()
  const decoded = type === 'utf-8' ? decodeUnicode(typed) : type === 'rfc822' ? decodeXtext(typed) : typed
  const text = decoded.replace(/^<?@[^:<>\s]{1,255}:/, '')
  // A pipe or a file that an alias leads to (`|/usr/bin/vacation joe@example.org`) is not where the mail was for.
  if (/^["']?[|/]/.test(text)) return null
  const addresses = findAddresses(text)
  // `Name <address>`: the last one is the address.
  return addresses.at(-1)?.address ?? null
}

/** RFC 6533 3: `\x{…}` for a character in an address that must travel as ASCII. */
function decodeUnicode(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (all, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
}

/**
 * RFC 3461 4: `+2B` in xtext. Servers copy ORCPT into Original-Recipient as it came, so it is decoded where it stands
 * for a character that xtext must encode (`+` and `=`): any other `+3x` is more likely of the address itself.
 */
function decodeXtext(text: string): string {
  return text.replace(/\+(2B|3D)/g, (_, hex: string) => (hex === '2B' ? '+' : '='))
}

/** True for an address whose domain can be reached from elsewhere: it has a dot, or is a literal. */
export function isGlobal(address: string): boolean {
  return /@(?:\[|[^@]*\.)/.test(address)
}

/** What a server says of itself in its reply to EHLO (RFC 5321 4.1.1.1). */

export interface SmtpCapabilities {
  /** In capitals, as AUTH lists them (RFC 4954 3). Null where the server has no AUTH. */
  readonly mechanisms: readonly string[] | null
  /** The largest message in bytes (RFC 1870 4); null where it names none. */
  readonly size: number | null
  /** Addresses may have characters beyond ASCII before the @ (RFC 6531 3.1). */
  readonly smtpUtf8: boolean
}

/** Reads the whole reply. One to HELO has no keywords, and gives a server without extensions. */
export function readCapabilities(reply: string): SmtpCapabilities {
  const keywords = reply
    .split(/\r?\n/)
    .slice(1)
    // `AUTH=` is how servers of the nineties wrote it, for clients of the nineties; some still do beside AUTH.
    .map((line) =>
      line
        .replace(/^\d{3}[ -]/, '')
        .replace(/^AUTH=/i, 'AUTH ')
        .toUpperCase()
        .trim()
        .split(/\s+/),
    )
  const all = (name: string) => keywords.filter(([keyword]) => keyword === name).map(([, ...words]) => words)
  const auth = all('AUTH')
  const size = Number(all('SIZE')[0]?.[0] ?? 0)
  return {
    mechanisms: auth.length === 0 ? null : [...new Set(auth.flat())],
    // Zero says that there is no fixed maximum (RFC 1870 4).
    size: Number.isSafeInteger(size) && size > 0 ? size : null,
    smtpUtf8: all('SMTPUTF8').length > 0,
  }
}

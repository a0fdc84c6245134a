/** Reply tokens are keys to a ticket: whoever reads what is printed must not be able to write to it. */

/** Stands in place of a token. */
const MASK = '+…'
/** Characters: 128 random bits have 22 in base64url and 43 in octal; something short may stand before them. */
const TOKEN = {least: 22, most: 64}

/**
 * Replaces what may be a token in every address `local+TOKEN@domain` of these domains, wherever it stands in a text: also
 * in one that quotes an address.
 */
export function createTokenMask(domains: Iterable<string>): (text: string) => string {
  const names = [...domains].map((domain) => domain.replace(/[^A-Za-z0-9-]/g, '\\$&'))
  if (names.length === 0) return (text) => text
  const token = new RegExp(`\\+[a-z0-9._-]{${TOKEN.least},${TOKEN.most}}(?=@(?:${names.join('|')})\\b)`, 'gi')
  return (text) => text.replace(token, MASK)
}

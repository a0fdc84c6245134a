/** Apart from token.ts: every output of the program passes here, and need not load what makes and hashes tokens. */

/** A token: 128 bits at five bits a character. */
export const TOKEN = '[a-z2-7]{26}'

/**
 * As they are written, in a link (`%2B`, `%40`; RFC 6068 2), in HTML, and within the address of a forwarder or a list that
 * writes `=` for the `@` (VERP, SRS).
 */
const ANYWHERE = new RegExp(`((?:\\+|%2B|&#43;|&plus;)[tb]|\\bpd\\.)${TOKEN}(?=@|%40|=|&#64;|&commat;)`, 'gi')

/** The same text with every token in it made unusable: whoever has a token can write into its ticket. */
export const maskTokens = (text: string): string => text.replace(ANYWHERE, '$1…')

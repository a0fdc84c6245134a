/** SPF records as they should be: what to put in the place of the one that is wrong. Pure. */
import {isIP} from 'node:net'
import {readSpf} from './read-spf.ts'

const VERSION = 'v=spf1'
/** Mail from elsewhere is suspicious: safe to begin with, since a server that was forgotten loses no mail. */
const REST = '~all'

const termsOf = (text: string): string[] => text.split(' ').slice(1).filter(Boolean)
const isAll = (term: string) => /^[+\-?~]?all$/i.test(term)
const isRedirect = (term: string) => /^redirect=/i.test(term)
const isPtr = (term: string) => /^[+\-?~]?ptr(?::|$)/i.test(term)
const written = (terms: readonly string[]) => [VERSION, ...terms].join(' ')

/** For a domain that has none. `allows`: the terms for the servers that send. */
export const newRecord = (allows: readonly string[]): string => written([...allows, REST])

export interface SpfMending {
  /** Terms that let further servers send. */
  readonly add: readonly string[]
  /** Terms that lead nowhere. */
  readonly drop: readonly string[]
  /** Without the terms that nobody should use. */
  readonly dropPtr: boolean
  /** Mail from elsewhere becomes suspicious. */
  readonly newEnd: boolean
}

/** The same record, with all that is to be mended; the same text where that is nothing. */
export function mended(text: string, {add, drop, dropPtr, newEnd}: SpfMending): string {
  const terms = termsOf(text).filter((term) => !(dropPtr && isPtr(term)) && !drop.includes(term))
  const end = terms.findIndex((term) => isAll(term) || (!newEnd && isRedirect(term)))
  const [first, last] = end === -1 ? [terms, []] : [terms.slice(0, end), terms.slice(end)]
  return written([...first, ...add, ...(newEnd ? [REST] : last)])
}

/** One record of several: whatever one of them allows is allowed. */
export function merged(texts: readonly string[]): string {
  const terms = texts.flatMap(termsOf).map((term) => term.replace(/^redirect=/i, 'include:'))
  const strict = texts.every((text) => termsOf(text).some((term) => /^-all$/i.test(term)))
  return written([...new Set(terms.filter((term) => !isAll(term))), strict ? '-all' : REST])
}

/** What was meant by a record with a version that nobody takes for one; null where that is not clear. */
export function withVersion(text: string): string | null {
  const meant = text.replace(/^[\s"']*(?:v\s*=\s*)?spf\s*1[\s;,:"']*/i, `${VERSION} `).replace(/["']?\s*$/, '')
  return readSpf(meant).defects.some(({weight}) => weight === 'broken') ? null : meant
}

/** The term for a server of one's own. */
export function termOfHost(host: string): string {
  const family = isIP(host)
  return family === 0 ? `a:${host}` : `ip${family}:${host}`
}

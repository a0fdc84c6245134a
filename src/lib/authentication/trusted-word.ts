import {DKIM_RESULTS, SPF_RESULTS, type DkimResult, type SpfResult} from '../channel/authentication.ts'
import {readAuthenticationResults, type AuthenticationResult} from '../message/authentication-results.ts'
import type {Field} from '../message/message.ts'
import {domainOf, normalDomain} from './author.ts'

/** What the trusted server says of a mail. */
export interface TrustedWord {
  /** Null where it says neither: it has not asked, or could not find out. */
  readonly dmarc: 'pass' | 'fail' | null
  readonly dkim: readonly DkimResult[]
  readonly spf: SpfResult | null
}

/** The word of nobody. */
const SILENCE: TrustedWord = {dmarc: null, dkim: [], spf: null}

/** What the server of that authserv-id says of a mail whose author is of `domain`; null for no server. */
export function readTrustedWord(fields: readonly Field[], trustedId: string | null, domain: string): TrustedWord {
  if (trustedId === null) return SILENCE
  const results = readAuthenticationResults(fields, trustedId)
  // RFC 8601 2.7.2: a result about another author than the one we read is not about this mail.
  const aboutAuthor = ({properties}: AuthenticationResult) =>
    domainIn(properties.get('header.from') ?? domain) === domain
  const dmarc = new Set(
    results.flatMap((result) => (result.method === 'dmarc' && aboutAuthor(result) ? [result.result] : [])),
  )
  const certain = results.filter((result) => result.certain)
  const spf = certain.find(({method}) => method === 'spf')
  return {
    // Where its filters disagree, the failure counts.
    dmarc: dmarc.has('fail') ? 'fail' : dmarc.has('pass') ? 'pass' : null,
    dkim: certain.flatMap((result) => (result.method === 'dkim' ? (signatureOf(result, domain) ?? []) : [])),
    spf: spf === undefined ? null : spfOf(spf),
  }
}

function signatureOf({result, properties}: AuthenticationResult, author: string): DkimResult | null {
  const known = DKIM_RESULTS.find((word) => word === result)
  if (known === undefined || known === 'none') return null
  const domain = domainIn(properties.get('header.d') ?? properties.get('header.i') ?? '')
  return {domain, selector: properties.get('header.s') ?? null, result: known, aligned: domain === author, why: null}
}

function spfOf({result, properties}: AuthenticationResult): SpfResult | null {
  const known = SPF_RESULTS.find((word) => word === result)
  const domain = domainIn(properties.get('smtp.mailfrom') ?? '')
  return known === undefined ? null : {result: known, domain: domain === '' ? null : domain}
}

/** Servers write `example.com`, `@example.com` and `a@example.com` alike. */
const domainIn = (value: string) => (value.includes('@') ? domainOf(value) : normalDomain(value))

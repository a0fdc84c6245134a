/** Reads an SPF record (RFC 7208): what it says, and what of it is wrong by itself, without a question to the DNS. */
import {isIP, isIPv4, isIPv6} from 'node:net'
import type {Defect} from './defect.ts'
import {isDomainSpec, isMacroString, plainDomain} from './spf-syntax.ts'

/** What a match means: pass, fail, softfail, neutral (RFC 7208 4.6.2). */
export type Qualifier = '+' | '-' | '~' | '?'

/** `text`: the term as it stands. `domain`: null for the domain of the record itself. */
export type SpfMechanism = {readonly qualifier: Qualifier; readonly text: string} & (
  | {readonly kind: 'all'}
  | {readonly kind: 'include' | 'exists'; readonly domain: string}
  | {readonly kind: 'ptr'; readonly domain: string | null}
  | {
      readonly kind: 'a' | 'mx'
      readonly domain: string | null
      /** Lengths of the networks around the addresses that are found. */
      readonly prefix4: number
      readonly prefix6: number
    }
  | {readonly kind: 'ip4' | 'ip6'; readonly address: string; readonly prefix: number}
)

export type SpfDefectCode =
  | 'SPF_SYNTAX'
  | 'SPF_ALLOWS_ALL'
  | 'SPF_NEUTRAL'
  | 'SPF_NO_ALL'
  | 'SPF_PTR'
  | 'SPF_TOO_LONG'
  | 'SPF_WIDE_NETWORK'
  | 'SPF_TERMS_AFTER_ALL'
  | 'SPF_REDIRECT_IGNORED'

export interface SpfRecord {
  readonly text: string
  /** Those that count, in order: none comes after `all` (RFC 7208 5.1). */
  readonly mechanisms: readonly SpfMechanism[]
  /** The domain whose record goes on where nothing matches; null for none, and where an `all` overrules it (6.1). */
  readonly redirect: string | null
  readonly defects: readonly Defect<SpfDefectCode>[]
}

/** RFC 7208 4.5: the version, then a space or the end. In any letters, as the ABNF has it. */
export const isSpf = (text: string) => /^v=spf1(?: |$)/i.test(text)

/** A record that its author took for SPF, and that nobody else does. */
export const resemblesSpf = (text: string) => !isSpf(text) && /^[\s"']*(?:v\s*=\s*)?spf\s*1/i.test(text)

/** Octets of a record, beyond which answers no longer fit into 512 octets of UDP with what else is in them (RFC 7208 3.4). */
const LONG_RECORD = 450

/** Networks of 2^24 addresses and more, which no sender has: what is in them is anybody. */
const WIDE_PREFIX4 = 8
const WIDE_PREFIX6 = 16

/** Reads a record that is one. @param text its strings, joined without a space. */
export function readSpf(text: string): SpfRecord {
  const words = text.split(' ').slice(1).filter(Boolean)
  const terms = words.map(readTerm)
  const mechanisms = terms.flatMap((term) => ('qualifier' in term ? [term] : []))
  const all = mechanisms.findIndex(({kind}) => kind === 'all')
  const counting = all === -1 ? mechanisms : mechanisms.slice(0, all + 1)
  const modifiers = terms.flatMap((term) => ('modifier' in term ? [term] : []))
  const redirect = modifiers.find(({modifier}) => modifier === 'redirect')?.value ?? null
  const broken = [
    ...(/[^\x20-\x7e]/.test(text) ? ['it has characters that are no printable ASCII'] : []),
    ...terms.flatMap((term) => ('wrong' in term ? [term.wrong] : [])),
    // RFC 7208 6: redirect and exp at most once.
    ...['redirect', 'exp']
      .filter((name) => modifiers.filter(({modifier}) => modifier === name).length > 1)
      .map((name) => `${name}= stands in it more than once`),
  ]
  return {
    text,
    mechanisms: counting,
    redirect: all === -1 && redirect !== null ? plainDomain(redirect) : null,
    defects: [
      ...broken.map((why): Defect<SpfDefectCode> => ({code: 'SPF_SYNTAX', weight: 'broken', why})),
      ...defectsOfAll(counting, redirect),
      ...counting.flatMap(defectsOfMechanism),
      ...(all !== -1 && mechanisms.length > counting.length
        ? [note('SPF_TERMS_AFTER_ALL', `what stands after ${mechanisms[all]!.text} is never looked at`)]
        : []),
      ...(all !== -1 && redirect !== null
        ? [note('SPF_REDIRECT_IGNORED', `redirect=${redirect} has no effect beside ${mechanisms[all]!.text}`)]
        : []),
      ...(Buffer.byteLength(text) > LONG_RECORD
        ? [weak('SPF_TOO_LONG', `it has ${Buffer.byteLength(text)} octets, and ${LONG_RECORD} fit into any answer`)]
        : []),
    ],
  }
}

type Term = SpfMechanism | {readonly modifier: string; readonly value: string} | {readonly wrong: string}

/** A term begins like a modifier where `=` comes before any `:` and `/` (RFC 7208 4.6.1). */
const MODIFIER = /^([a-z][a-z0-9\-_.]*)=(.*)$/is
const MECHANISM = /^([+\-?~]?)([a-z0-9]+)(.*)$/is

function readTerm(text: string): Term {
  const modifier = MODIFIER.exec(text)
  if (modifier) return readModifier(text, modifier[1]!.toLowerCase(), modifier[2]!)
  const [, sign = '', name = '', rest = ''] = MECHANISM.exec(text) ?? []
  const common = {qualifier: (sign || '+') as Qualifier, text}
  const wrong = {wrong: `"${text}" is no term of SPF${hintFor(text)}`}
  const kind = name.toLowerCase()
  switch (kind) {
    case 'all':
      return rest === '' ? {...common, kind} : wrong
    case 'include':
    case 'exists':
      return rest.startsWith(':') && isDomainSpec(rest.slice(1))
        ? {...common, kind, domain: plainDomain(rest.slice(1))}
        : wrong
    case 'ptr':
      if (rest === '') return {...common, kind, domain: null}
      return rest.startsWith(':') && isDomainSpec(rest.slice(1))
        ? {...common, kind, domain: plainDomain(rest.slice(1))}
        : wrong
    case 'a':
    case 'mx': {
      const hosts = readHosts(rest)
      return hosts ? {...common, kind, ...hosts} : wrong
    }
    case 'ip4':
    case 'ip6': {
      const network = readNetwork(kind, rest)
      return network ? {...common, kind, ...network} : wrong
    }
    default:
      return wrong
  }
}

function readModifier(text: string, modifier: string, value: string): Term {
  const good = modifier === 'redirect' || modifier === 'exp' ? isDomainSpec(value) : isMacroString(value)
  return good ? {modifier, value} : {wrong: `"${text}" is no good modifier`}
}

/** No leading zeros (RFC 7208 5.6, 12). */
const PREFIX = '(0|[1-9][0-9]*)'
const HOSTS = new RegExp(`^(?::(.+?))?(?:/${PREFIX})?(?://${PREFIX})?$`)
const NETWORK = new RegExp(`^:([^/]+)(?:/${PREFIX})?$`)

function readHosts(rest: string) {
  const [, domain = null, four = '32', six = '128'] = HOSTS.exec(rest) ?? [null]
  if (!HOSTS.test(rest) || (domain !== null && !isDomainSpec(domain)) || Number(four) > 32 || Number(six) > 128)
    return null
  return {domain: domain === null ? null : plainDomain(domain), prefix4: Number(four), prefix6: Number(six)}
}

function readNetwork(kind: 'ip4' | 'ip6', rest: string) {
  const [, address = '', prefix] = NETWORK.exec(rest) ?? []
  const most = kind === 'ip4' ? 32 : 128
  if (!(kind === 'ip4' ? isIPv4(address) : isIPv6(address) && !address.includes('%'))) return null
  return Number(prefix ?? most) > most ? null : {address, prefix: Number(prefix ?? most)}
}

/** What was meant, for the mistakes that are common. */
function hintFor(text: string): string {
  const bare = text.replace(/^[+\-?~]/, '')
  const [name = '', value = ''] = bare.split(/[:=](.*)/s)
  const address = (isIP(bare.split('/')[0]!) ? bare : value).split('/')[0]!
  const wanted = isIP(address) === 4 ? 'ip4' : 'ip6'
  if (isIP(address) && name.toLowerCase() !== wanted) return `: an address is written ${wanted}:${address}`
  if (/[",;]/.test(text)) return ': terms are parted by spaces alone'
  if (['include', 'exists'].includes(name.toLowerCase()) && value === '')
    return `: ${name}: is followed by a domain, without a space`
  return ''
}

function defectsOfAll(mechanisms: readonly SpfMechanism[], redirect: string | null): Defect<SpfDefectCode>[] {
  const last = mechanisms.at(-1)
  if (last?.kind !== 'all')
    return redirect === null
      ? [weak('SPF_NO_ALL', 'it does not say what becomes of mail from other servers: it ends without an "all"')]
      : []
  // RFC 7208 11.4: a record that lets anybody send is worse than none.
  if (last.qualifier === '+') return [broken('SPF_ALLOWS_ALL', `${last.text} lets every server of the world send`)]
  if (last.qualifier === '?') return [weak('SPF_NEUTRAL', `${last.text} says nothing of mail from other servers`)]
  return []
}

function defectsOfMechanism(mechanism: SpfMechanism): Defect<SpfDefectCode>[] {
  // RFC 7208 5.5: it should not be published; some receivers skip it, or refuse the record.
  if (mechanism.kind === 'ptr')
    return [weak('SPF_PTR', `${mechanism.text} is slow and unreliable, and should not be used`)]
  const isWide =
    mechanism.qualifier === '+' &&
    ((mechanism.kind === 'ip4' && mechanism.prefix <= WIDE_PREFIX4) ||
      (mechanism.kind === 'ip6' && mechanism.prefix <= WIDE_PREFIX6) ||
      ((mechanism.kind === 'a' || mechanism.kind === 'mx') &&
        (mechanism.prefix4 <= WIDE_PREFIX4 || mechanism.prefix6 <= WIDE_PREFIX6)))
  return isWide ? [broken('SPF_WIDE_NETWORK', `${mechanism.text} lets millions of strangers send`)] : []
}

const broken = (code: SpfDefectCode, why: string) => ({code, weight: 'broken', why}) as const
const weak = (code: SpfDefectCode, why: string) => ({code, weight: 'weak', why}) as const
const note = (code: SpfDefectCode, why: string) => ({code, weight: 'note', why}) as const

/** The SPF record of a domain with all that it refers to, as the DNS has it. What follows from it is judge-spf.ts. */
import type {Ask} from './ask.ts'
import {askAddresses, textsOf} from './ask.ts'
import {isSpf, readSpf, type SpfMechanism, type SpfRecord} from './read-spf.ts'
import {hasMacro} from './spf-syntax.ts'

export interface SpfNode {
  readonly domain: string
  /**
   * `missing`: there is no SPF record. `several`: there is more than one. `loop`: it is being looked at already. `cut`:
   * enough was asked. `macro`: its name depends on the mail that is checked.
   */
  readonly state: 'record' | 'missing' | 'several' | 'loop' | 'cut' | 'macro' | 'unknown'
  /** The SPF records that were found; the strings of each joined. */
  readonly texts: readonly string[]
  /** All other TXT records of the domain, so that what was meant as SPF can be told. */
  readonly otherTexts: readonly string[]
  /** Null for every state but `record`. */
  readonly record: SpfRecord | null
  /** The mechanisms of the record with what they refer to. */
  readonly branches: readonly SpfBranch[]
  readonly redirect: SpfNode | null
  /** True where the DNS has no TXT record at all: a void lookup (RFC 7208 4.6.4). */
  readonly isVoid: boolean
  /** Not only no such record, the name does not exist. */
  readonly noName: boolean
  /** Of `unknown`: what the DNS said. */
  readonly why: string
}

export interface SpfBranch {
  readonly mechanism: SpfMechanism
  /** Of `include`. */
  readonly child: SpfNode | null
  /** Of `a`, `mx`, `exists`: the addresses that were found. */
  readonly addresses: readonly string[]
  /** Mail exchangers of `mx`; at most ten are allowed (RFC 7208 4.6.4). */
  readonly exchangers: number
  readonly isVoid: boolean
  /** It depends on the mail that is checked: by a macro, or the name of the sender's address. */
  readonly isOpen: boolean
  /** Why the DNS did not say what it refers to; null where it did. */
  readonly unknown: string | null
}

/**
 * Questions for one tree. A usual record needs some twenty; ten mx with ten exchangers each, which RFC 7208 allows, 210.
 * That is also enough to say how far above its limits a bad one is.
 */
const MOST_QUESTIONS = 250

/** Exchangers of one `mx` that are asked for addresses: the RFC lets ten pass, and one more tells that there are more. */
const MOST_EXCHANGERS = 11

export async function fetchSpfTree(domain: string, ask: Ask): Promise<SpfNode> {
  return createFetcher(ask)(domain, [])
}

function createFetcher(ask: Ask): (domain: string, path: readonly string[]) => Promise<SpfNode> {
  let asked = 0
  const mayAsk = (count: number) => {
    asked += count
    return asked <= MOST_QUESTIONS
  }

  const fetchNode = async (domain: string, path: readonly string[]): Promise<SpfNode> => {
    if (hasMacro(domain)) return leaf(domain, 'macro')
    if (path.includes(domain)) return leaf(domain, 'loop')
    if (!mayAsk(1)) return leaf(domain, 'cut')
    const answer = await ask(domain, 'TXT')
    if (answer.kind === 'unknown') return {...leaf(domain, 'unknown'), why: answer.why}
    if (answer.kind === 'none') return {...leaf(domain, 'missing'), isVoid: true, noName: answer.noName}
    const all = textsOf(answer.records)
    const texts = all.filter(isSpf)
    const found = {...leaf(domain, 'missing'), texts, otherTexts: all.filter((text) => !isSpf(text))}
    if (texts.length !== 1) return {...found, state: texts.length === 0 ? 'missing' : 'several'}
    const record = readSpf(texts[0]!)
    const below = [...path, domain]
    const [branches, redirect] = await Promise.all([
      Promise.all(record.mechanisms.map((mechanism) => fetchBranch(mechanism, domain, below))),
      record.redirect === null ? null : fetchNode(record.redirect, below),
    ])
    return {...found, state: 'record', record, branches, redirect}
  }

  const fetchBranch = async (mechanism: SpfMechanism, domain: string, path: readonly string[]): Promise<SpfBranch> => {
    const branch: SpfBranch = {
      mechanism,
      child: null,
      addresses: [],
      exchangers: 0,
      isVoid: false,
      isOpen: false,
      unknown: null,
    }
    switch (mechanism.kind) {
      case 'all':
      case 'ip4':
      case 'ip6':
        return branch
      case 'ptr':
        return {...branch, isOpen: true}
      case 'include': {
        const child = await fetchNode(mechanism.domain, path)
        return {...branch, child, isVoid: child.isVoid}
      }
      case 'a':
      case 'exists':
      case 'mx': {
        const name = mechanism.domain ?? domain
        if (hasMacro(name)) return {...branch, isOpen: true}
        return {
          ...branch,
          ...(await (mechanism.kind === 'mx' ? exchangersOf(name) : addressesOf(name, mechanism.kind))),
        }
      }
    }
  }

  const addressesOf = async (host: string, kind: 'a' | 'exists'): Promise<Partial<SpfBranch>> => {
    if (!mayAsk(2)) return {unknown: TOO_MUCH}
    const {a, aaaa, unknown} = await askAddresses(host, ask)
    // RFC 7208 5.7: exists asks for A alone, whatever the family.
    const addresses = kind === 'exists' ? a : [...a, ...aaaa]
    return {addresses, unknown, isVoid: addresses.length === 0 && unknown === null}
  }

  const exchangersOf = async (domain: string): Promise<Partial<SpfBranch>> => {
    if (!mayAsk(1)) return {unknown: TOO_MUCH}
    const answer = await ask(domain, 'MX')
    if (answer.kind === 'unknown') return {unknown: answer.why}
    if (answer.kind === 'none') return {isVoid: true}
    const hosts = answer.records
      .toSorted((one, other) => one.priority - other.priority)
      .map(({exchange}) => exchange.toLowerCase())
      .filter(Boolean)
    const found = await Promise.all(
      hosts.slice(0, MOST_EXCHANGERS).map((host) => (mayAsk(2) ? askAddresses(host, ask) : NOT_ASKED)),
    )
    return {
      exchangers: hosts.length,
      addresses: found.flatMap(({a, aaaa}) => [...a, ...aaaa]),
      unknown: found.find(({unknown}) => unknown !== null)?.unknown ?? null,
    }
  }

  return fetchNode
}

const TOO_MUCH = `more than ${MOST_QUESTIONS} questions would be needed`
const NOT_ASKED = Promise.resolve({a: [], aaaa: [], unknown: TOO_MUCH})

const leaf = (domain: string, state: SpfNode['state']): SpfNode => ({
  domain,
  state,
  texts: [],
  otherTexts: [],
  record: null,
  branches: [],
  redirect: null,
  isVoid: false,
  noName: false,
  why: '',
})

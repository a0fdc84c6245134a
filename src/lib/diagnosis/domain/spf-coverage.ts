/** Whether the SPF record of a domain lets the servers send that its mail leaves by, and how that was judged. */
import {isIP} from 'node:net'
import {isLoopback} from '../../connection/loopback.ts'
import {PROVIDERS} from '../../discovery/providers.ts'
import type {Certainty} from '../../errors.ts'
import {type Ask, askAddresses} from './ask.ts'
import type {DomainSubject} from './domain-subject.ts'
import {countLookups, evaluateSpf, isWithin, unknownPart} from './judge-spf.ts'
import {ownerOf} from './owner.ts'
import {sendingFactsOf} from './sending-facts.ts'
import {fetchSpfTree, type SpfNode} from './spf-tree.ts'
import {termOfHost} from './spf-record-to-publish.ts'

export interface Coverage {
  /**
   * `not-asked`: mail leaves with an envelope sender of another domain, so that nobody asks for this record; a guess where
   * the account decides that. `unknown`: only a mail that was sent can tell.
   */
  readonly verdict: 'covered' | 'not-covered' | 'not-asked' | 'unknown'
  /** How it was judged, a sentence without its dot. */
  readonly how: string
  readonly certainty: Certainty
  /** The terms that are missing in the record; empty where nothing can be named. */
  readonly missing: readonly string[]
  /** Lookups that they cost. */
  readonly cost: number
}

export async function judgeCoverage(subject: DomainSubject, root: SpfNode, ask: Ask): Promise<Coverage> {
  const {domain, provider, protocol, host} = subject
  const facts = sendingFactsOf(provider)
  const owner = ownerOf(subject)
  if (protocol !== 'smtp' || host === null) return coverage('unknown', 'no server is configured that mail leaves by')
  if (isLoopback(host)) return coverage('unknown', 'mail is handed to a server on this machine, which passes it on')
  if (owner !== null)
    return owner.sends
      ? coverage('covered', `${domain} is a domain of ${owner.provider.name} itself`, 'certain')
      : coverage('not-covered', `${domain} belongs to ${owner.provider.name}, and ${host} does not`, 'likely')
  if (facts === null) return byHost(host, root, ask)
  const name = nameOf(provider)
  const known = facts.checked ? 'certain' : 'likely'
  if (facts.returnPath === 'provider')
    return coverage('not-asked', `${name} sends with an envelope sender of its own`, known)
  const included = findReference(root, facts.spf)
  if (included !== null) return coverage('covered', `${included} names the servers of ${name}`, known)
  const listed = await areNetworksListed(facts.spf[0]!, root, ask)
  if (listed.all) return coverage('covered', `it lists all ${listed.of} networks of ${facts.spf[0]}`, known)
  const open = whyOpen(root)
  if (open !== null) return coverage('unknown', open)
  const part = listed.in > 0 ? `, and only ${listed.in} of its ${listed.of} networks are listed` : ''
  const why = `it does not include ${facts.spf[0]}, which names the servers of ${name}${part}`
  return facts.returnPath === 'either'
    ? coverage('not-asked', `${why}; ${name} may send with an envelope sender of another domain of the account`)
    : {...coverage('not-covered', why, known), missing: [`include:${facts.spf[0]}`], cost: listed.cost}
}

/** For a server that is of no provider that is known: by its addresses, and by its name. */
async function byHost(host: string, root: SpfNode, ask: Ask): Promise<Coverage> {
  const addresses = isIP(host) === 0 ? await addressesOf(host, ask) : [host]
  const passing = addresses.find((address) => evaluateSpf(root, address) === 'pass')
  if (passing !== undefined) return coverage('covered', `it lets ${passing} send, an address of ${host}`, 'likely')
  const hoster = referenceOfHoster(host, root)
  if (hoster !== null) return coverage('covered', `${hoster} is of the domain of ${host}`, 'guess')
  if (addresses.length === 0) return coverage('unknown', `the addresses of ${host} are not known`)
  const open = whyOpen(root)
  if (open !== null) return coverage('unknown', open)
  return {
    ...coverage('not-covered', `it does not let ${addresses.join(', ')} send, the addresses of ${host}`, 'guess'),
    missing: [termOfHost(host)],
    cost: isIP(host) === 0 ? 1 : 0,
  }
}

async function addressesOf(host: string, ask: Ask): Promise<readonly string[]> {
  const {a, aaaa} = await askAddresses(host, ask)
  return [...a, ...aaaa]
}

const coverage = (verdict: Coverage['verdict'], how: string, certainty: Certainty = 'guess'): Coverage => ({
  verdict,
  how,
  certainty,
  missing: [],
  cost: 0,
})

const nameOf = (provider: string | null) => PROVIDERS.find(({id}) => id === provider)?.name ?? provider ?? ''

/** The include or redirect to one of these domains, by includes that let send; null for none. */
function findReference(node: SpfNode, domains: readonly string[]): string | null {
  for (const {mechanism, child} of node.branches) {
    if (mechanism.kind !== 'include' || mechanism.qualifier !== '+') continue
    if (domains.includes(mechanism.domain)) return mechanism.text
    const below = child === null ? null : findReference(child, domains)
    if (below !== null) return below
  }
  if (node.redirect === null) return null
  return domains.includes(node.redirect.domain)
    ? `redirect=${node.redirect.domain}`
    : findReference(node.redirect, domains)
}

/** An include of a domain that the name of the server lies in: `smtp.hoster.example` and `_spf.hoster.example`. */
function referenceOfHoster(host: string, root: SpfNode): string | null {
  const parent = host.slice(host.indexOf('.') + 1)
  // A single label, or one such as co.uk, says nothing of whose it is.
  if (isIP(host) !== 0 || !/^[^.]{4,}\./.test(parent)) return null
  const isOfHoster = (domain: string) => domain === parent || domain.endsWith(`.${parent}`)
  const include = root.branches.find(({mechanism: one}) => one.kind === 'include' && isOfHoster(one.domain))
  if (include) return include.mechanism.text
  return root.redirect !== null && isOfHoster(root.redirect.domain) ? `redirect=${root.redirect.domain}` : null
}

interface Network {
  readonly address: string
  readonly prefix: number
}

/** Whether a record that includes nobody lists the networks of the provider one by one ("flattened"). */
async function areNetworksListed(domain: string, root: SpfNode, ask: Ask) {
  const tree = await fetchSpfTree(domain, ask)
  const theirs = networksOf(tree)
  const ours = networksOf(root)
  const listed = theirs.filter(({address, prefix}) =>
    ours.some((network) => network.prefix <= prefix && isWithin(address, network.address, network.prefix)),
  )
  return {
    of: theirs.length,
    in: listed.length,
    all: theirs.length > 0 && listed.length === theirs.length,
    cost: 1 + countLookups(tree),
  }
}

const networksOf = (node: SpfNode): Network[] => [
  ...node.branches.flatMap(({mechanism, child}): Network[] => {
    if (mechanism.qualifier !== '+') return []
    if (mechanism.kind === 'ip4' || mechanism.kind === 'ip6') return [mechanism]
    return child === null ? [] : networksOf(child)
  }),
  ...(node.redirect === null ? [] : networksOf(node.redirect)),
]

/** Why it is open whom the record lets send; null where it is not. */
function whyOpen(root: SpfNode): string | null {
  if (unknownPart(root) !== null) return 'a part of it could not be looked up'
  return hasMacros(root) ? 'it has macros, whose answer depends on the mail that is checked' : null
}

/** Whether a mechanism that lets send depends on the mail that is checked. */
const hasMacros = (node: SpfNode): boolean =>
  node.branches.some(
    ({mechanism, child, isOpen}) =>
      mechanism.qualifier === '+' && (isOpen || (child !== null && (child.state === 'macro' || hasMacros(child)))),
  ) ||
  (node.redirect !== null && (node.redirect.state === 'macro' || hasMacros(node.redirect)))

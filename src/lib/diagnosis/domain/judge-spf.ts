/** What follows from the SPF records of a domain (RFC 7208 4.6, 5, 6). Pure: the tree was fetched before. */
import {BlockList, isIP} from 'node:net'
import type {Defect} from './defect.ts'
import type {SpfMechanism} from './read-spf.ts'
import type {SpfBranch, SpfNode} from './spf-tree.ts'

/** RFC 7208 4.6.4. */
export const MOST_LOOKUPS = 10
const MOST_VOID_LOOKUPS = 2
const MOST_EXCHANGERS = 10

export type SpfTreeDefectCode =
  | 'SPF_TOO_MANY_LOOKUPS'
  | 'SPF_TOO_MANY_VOID_LOOKUPS'
  | 'SPF_TOO_MANY_EXCHANGERS'
  | 'SPF_LOOP'
  | 'SPF_INCLUDE_BROKEN'
  | 'SPF_REDIRECT_BROKEN'

/** Kinds that cost a lookup each. */
const ASKING: ReadonlySet<SpfMechanism['kind']> = new Set(['include', 'a', 'mx', 'ptr', 'exists'])

/** Lookups of a mail that matches nothing before the end: those of all records together. */
export const countLookups = (node: SpfNode): number =>
  node.branches.reduce((sum, branch) => sum + lookupsOfBranch(branch), 0) +
  (node.redirect === null ? 0 : 1 + countLookups(node.redirect))

/** What a mechanism of the record costs, with what it includes. */
const lookupsOfBranch = ({mechanism, child}: SpfBranch): number =>
  (ASKING.has(mechanism.kind) ? 1 : 0) + (child === null ? 0 : countLookups(child))

/** Lookups that find nothing, whatever the family of the sender's address. */
export const voidLookups = (node: SpfNode): string[] => [
  ...node.branches.flatMap(({mechanism, child, isVoid}) => [
    ...(isVoid ? [`${mechanism.text} (in ${node.domain})`] : []),
    ...(child === null ? [] : voidLookups(child)),
  ]),
  ...(node.redirect === null
    ? []
    : [
        ...(node.redirect.isVoid ? [`redirect=${node.redirect.domain} (in ${node.domain})`] : []),
        ...voidLookups(node.redirect),
      ]),
]

/** Every record of the tree, the domain's own first. */
export const nodesOf = (node: SpfNode): SpfNode[] => [
  node,
  ...node.branches.flatMap(({child}) => (child === null ? [] : nodesOf(child))),
  ...(node.redirect === null ? [] : nodesOf(node.redirect)),
]

/** Why a part of the tree is not known; null where all is. */
export function unknownPart(node: SpfNode): string | null {
  for (const {state, why, branches} of nodesOf(node)) {
    if (state === 'unknown') return why
    const branch = branches.find(({unknown}) => unknown !== null)
    if (branch) return branch.unknown
  }
  return null
}

/** What is wrong with the records together. The defects of the domain's own record are those of `readSpf`. */
export function defectsOfTree(root: SpfNode): Defect<SpfTreeDefectCode>[] {
  const lookups = countLookups(root)
  const voids = voidLookups(root)
  const nodes = nodesOf(root)
  const isCut = nodes.some(({state}) => state === 'cut')
  const crowded = nodes.flatMap(({branches}) => branches).filter(({exchangers}) => exchangers > MOST_EXCHANGERS)
  return [
    ...(lookups > MOST_LOOKUPS
      ? [
          broken(
            'SPF_TOO_MANY_LOOKUPS',
            `it takes ${isCut ? 'more than ' : ''}${lookups} lookups, and ${MOST_LOOKUPS} are allowed: ${costs(root)}`,
          ),
        ]
      : []),
    ...(voids.length > MOST_VOID_LOOKUPS
      ? [
          broken(
            'SPF_TOO_MANY_VOID_LOOKUPS',
            `${voids.length} lookups find nothing, and ${MOST_VOID_LOOKUPS} are allowed: ${listed(voids)}`,
          ),
        ]
      : []),
    ...crowded.map(({mechanism, exchangers}) =>
      broken(
        'SPF_TOO_MANY_EXCHANGERS',
        `${mechanism.text} has ${exchangers} mail exchangers, and ${MOST_EXCHANGERS} are allowed`,
      ),
    ),
    ...nodes.flatMap(brokenReferences),
  ]
}

/** Names in a sentence; a bad record could have dozens. */
const MOST_NAMED = 4
const listed = (names: readonly string[]) =>
  `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`

/** RFC 7208 5.2: an include without a good record makes the whole an error, as a redirect does (6.1). */
function brokenReferences(node: SpfNode): Defect<SpfTreeDefectCode>[] {
  const where = `(in ${node.domain})`
  const references = [
    ...node.branches.flatMap(({mechanism, child}) => (child === null ? [] : [{text: mechanism.text, child}])),
    ...(node.redirect === null ? [] : [{text: `redirect=${node.redirect.domain}`, child: node.redirect}]),
  ]
  return references.flatMap(({text, child}) => {
    if (child.state === 'loop') return [broken('SPF_LOOP', `${text} ${where} leads back to where it came from`)]
    const why = whyUnusable(child)
    const code = text.startsWith('redirect=') ? 'SPF_REDIRECT_BROKEN' : 'SPF_INCLUDE_BROKEN'
    return why === null ? [] : [broken(code, `${text} ${where}: ${child.domain} ${why}`)]
  })
}

function whyUnusable({state, record, texts}: SpfNode): string | null {
  if (state === 'missing') return 'has no SPF record'
  if (state === 'several') return `has ${texts.length} SPF records`
  const syntax = record?.defects.find(({code}) => code === 'SPF_SYNTAX')
  return syntax === undefined ? null : `has a record with an error: ${syntax.why}`
}

const costs = (root: SpfNode) =>
  [
    ...root.branches
      .map((branch) => ({text: branch.mechanism.text, lookups: lookupsOfBranch(branch)}))
      .filter(({lookups}) => lookups > 0),
    ...(root.redirect === null
      ? []
      : [{text: `redirect=${root.redirect.domain}`, lookups: 1 + countLookups(root.redirect)}]),
  ]
    .toSorted((one, other) => other.lookups - one.lookups)
    .map(({text, lookups}) => `${text} ${lookups}`)
    .join(', ')

const broken = (code: SpfTreeDefectCode, why: string) => ({code, weight: 'broken', why}) as const

/** `unknown`: the mail itself, or an answer that the DNS did not give, would decide. */
export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'permerror' | 'temperror' | 'unknown'

const RESULTS = {'+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral'} as const

interface Limits {
  lookups: number
  voids: number
  /** Something on the way depends on the mail: a result other than pass is not sure. */
  isOpen: boolean
}

/** check_host() (RFC 7208 4) for a sender with this address. */
export function evaluateSpf(root: SpfNode, address: string): SpfResult {
  const limits: Limits = {lookups: 0, voids: 0, isOpen: false}
  const result = evaluateNode(root, address, limits)
  return limits.isOpen && result !== 'pass' && result !== 'permerror' ? 'unknown' : result
}

function evaluateNode(node: SpfNode, address: string, limits: Limits): SpfResult {
  switch (node.state) {
    case 'missing':
      return 'none'
    case 'unknown':
      return 'temperror'
    case 'several':
    case 'loop':
    case 'cut':
      return 'permerror'
    case 'macro':
      limits.isOpen = true
      return 'neutral'
    case 'record':
  }
  // RFC 7208 4.6: an error anywhere in the record comes before its first mechanism.
  if (node.record === null || node.record.defects.some(({code}) => code === 'SPF_SYNTAX')) return 'permerror'
  for (const branch of node.branches) {
    const matched = matches(branch, address, limits)
    if (typeof matched === 'string') return matched
    if (matched) return RESULTS[branch.mechanism.qualifier]
  }
  if (node.redirect === null) return 'neutral'
  if (isBeyond(limits, node.redirect.isVoid)) return 'permerror'
  const result = evaluateNode(node.redirect, address, limits)
  return result === 'none' ? 'permerror' : result
}

function isBeyond(limits: Limits, isVoid: boolean): boolean {
  limits.lookups++
  if (isVoid) limits.voids++
  return limits.lookups > MOST_LOOKUPS || limits.voids > MOST_VOID_LOOKUPS
}

/** Whether a mechanism matches; an error ends the evaluation. */
function matches(branch: SpfBranch, address: string, limits: Limits): boolean | 'permerror' | 'temperror' {
  const {mechanism, child, addresses, exchangers, isVoid, isOpen, unknown} = branch
  if (ASKING.has(mechanism.kind) && isBeyond(limits, isVoid)) return 'permerror'
  switch (mechanism.kind) {
    case 'all':
      return true
    case 'ip4':
    case 'ip6':
      return isWithin(address, mechanism.address, mechanism.prefix)
    case 'include':
      return includes(child, address, limits)
    case 'ptr':
      limits.isOpen = true
      return false
    case 'exists':
      if (isOpen || unknown !== null) limits.isOpen = true
      return addresses.length > 0
    case 'a':
    case 'mx': {
      if (exchangers > MOST_EXCHANGERS) return 'permerror'
      const {prefix4, prefix6} = mechanism
      if (addresses.some((one) => isWithin(address, one, isIP(one) === 4 ? prefix4 : prefix6))) return true
      if (isOpen || unknown !== null) limits.isOpen = true
      return false
    }
  }
}

/** RFC 7208 5.2, the table. */
function includes(child: SpfNode | null, address: string, limits: Limits): boolean | 'permerror' | 'temperror' {
  const result = child === null ? 'permerror' : evaluateNode(child, address, limits)
  if (result === 'none') return 'permerror'
  return result === 'permerror' || result === 'temperror' ? result : result === 'pass'
}

/** Whether an address is in a network; networks of the other family have none of it. */
export function isWithin(address: string, network: string, prefix: number): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(network) !== isIP(address)) return false
  const list = new BlockList()
  list.addSubnet(network, prefix, family)
  return list.check(address, family)
}

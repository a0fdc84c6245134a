/** Reads a DMARC Policy Record (RFC 9989 4.7, 4.8): what it asks for, and what is wrong with it. */
import type {Defect} from './defect.ts'
import {readTagList, repeatedTags} from './tag-list.ts'

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

export type DmarcDefectCode =
  | 'DMARC_SYNTAX'
  | 'DMARC_POLICY_INVALID'
  | 'DMARC_POLICY_MISSING'
  | 'DMARC_TAG_INVALID'
  | 'DMARC_REPORT_URI'
  | 'DMARC_TAG_REMOVED'
  | 'DMARC_TAG_UNKNOWN'
  | 'DMARC_TEST_MODE'

export interface DmarcRecord {
  readonly text: string
  /**
   * What is asked for where mail fails, as receivers apply it before `t`; null where they apply nothing, since no policy is
   * valid and no reports are wanted (RFC 9989 4.10.1).
   */
  readonly policy: DmarcPolicy | null
  /** Of subdomains that exist, and that do not; null where they have none of their own. */
  readonly subdomainPolicy: DmarcPolicy | null
  readonly missingPolicy: DmarcPolicy | null
  /** Whether DKIM, SPF must be of the very domain of From. */
  readonly strictDkim: boolean
  readonly strictSpf: boolean
  /** `y`: this is the domain of a registry; `n`: one organization's, itself and all below; `u`: the tree walk tells. */
  readonly psd: 'y' | 'n' | 'u'
  /** Receivers apply one step less than the policy (t=y). */
  readonly isTesting: boolean
  /** Where reports go: aggregate, and of single failures; URIs as they are written, without an obsolete size. */
  readonly aggregateUris: readonly string[]
  readonly failureUris: readonly string[]
  readonly defects: readonly Defect<DmarcDefectCode>[]
}

/** RFC 9989 4.7: the version is the first tag, and its value exactly this. */
export const isDmarc = (text: string) => /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text)

/** A record that its author took for DMARC, and that nobody else does. */
export const resemblesDmarc = (text: string) => !isDmarc(text) && /dmarc\s*1/i.test(text.slice(0, 24))

const POLICIES: ReadonlySet<string> = new Set(['none', 'quarantine', 'reject'])
const KNOWN: ReadonlySet<string> = new Set('v p sp np adkim aspf fo rua ruf t psd'.split(' '))
/** Of RFC 7489, gone since RFC 9989 (C.5.2): receivers take them for unknown ones. */
const REMOVED: Readonly<Record<string, string>> = {
  pct: 'receivers apply the policy to all mail; t=y asks for one step less',
  rf: 'there is one format of failure reports',
  ri: 'reports come once a day',
}

/** RFC 3986; "," and "!" have to be escaped (RFC 9989 4.8). */
const URI = /^[a-z][a-z0-9+.-]*:(?:[a-z0-9\-._~:/?#[\]@$&'()*+;=]|%[0-9a-f]{2})+$/i
/** mailto: with an address (RFC 6068), for reports are sent by mail. */
const MAILTO = /^mailto:[^@\s]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\?.*)?$/i
const OBSOLETE_SIZE = /!\d+[kmgt]?$/i

/** @param text a record that is one, its strings joined without a space. */
export function readDmarc(text: string): DmarcRecord {
  const list = readTagList(text)
  const {tags, names, malformed} = list
  const repeated = repeatedTags(list)
  const one = <Value extends string>(name: string, values: readonly Value[], otherwise: Value): Value =>
    values.find((value) => value === tags.get(name)?.toLowerCase()) ?? otherwise
  const asked = (name: string): DmarcPolicy | null => {
    const value = tags.get(name)?.toLowerCase() ?? ''
    return POLICIES.has(value) ? (value as DmarcPolicy) : null
  }
  const invalid = ['p', 'sp', 'np'].filter((name) => tags.has(name) && asked(name) === null)
  const aggregate = readUris(tags.get('rua'))
  const failure = readUris(tags.get('ruf'))
  const applies = tags.has('p') && invalid.length === 0
  const isTesting = one('t', ['y', 'n'], 'n') === 'y'
  return {
    text,
    policy: applies ? asked('p') : aggregate.good.length > 0 ? 'none' : null,
    subdomainPolicy: applies ? asked('sp') : null,
    missingPolicy: applies ? asked('np') : null,
    strictDkim: one('adkim', ['r', 's'], 'r') === 's',
    strictSpf: one('aspf', ['r', 's'], 'r') === 's',
    psd: one('psd', ['y', 'n', 'u'], 'u'),
    isTesting,
    aggregateUris: aggregate.good,
    failureUris: failure.good,
    defects: [
      // RFC 6376 3.2, by RFC 9989 4.7: such a list is invalid as a whole; where it is taken, nobody knows which value counts.
      ...repeated.map((name) => broken('DMARC_SYNTAX', `${name}= stands in it more than once`)),
      ...malformed.filter(Boolean).map((piece) => weak('DMARC_SYNTAX', `"${piece.slice(0, 40)}" is no tag`)),
      ...invalid.map((name) =>
        broken('DMARC_POLICY_INVALID', `${name}=${tags.get(name)} is no policy: none, quarantine and reject are`),
      ),
      ...(tags.has('p')
        ? []
        : [
            weak(
              'DMARC_POLICY_MISSING',
              'it has no policy (p=), which counts as none, and as an error with older receivers',
            ),
          ]),
      ...defectsOfValues(tags),
      ...[...aggregate.bad, ...failure.bad].map((uri) =>
        weak(
          'DMARC_REPORT_URI',
          `${JSON.stringify(uri)} is no address for reports: they are written mailto:NAME@DOMAIN`,
        ),
      ),
      ...[...aggregate.sized, ...failure.sized].map((uri) =>
        note('DMARC_TAG_REMOVED', `the size in ${uri} has no effect any more`),
      ),
      ...names.flatMap((name) => defectOfName(name, tags)),
      ...(isTesting
        ? [note('DMARC_TEST_MODE', 'it is marked as a test (t=y): receivers apply one step less than its policy')]
        : []),
      ...(tags.has('fo') && !tags.has('ruf') ? [note('DMARC_TAG_INVALID', 'fo= has no effect without ruf=')] : []),
    ],
  }
}

interface Uris {
  readonly good: readonly string[]
  readonly bad: readonly string[]
  readonly sized: readonly string[]
}

function readUris(value: string | undefined): Uris {
  const written = (value ?? '').split(',').map((uri) => uri.trim())
  const uris = value === undefined ? [] : written.map((uri) => uri.replace(OBSOLETE_SIZE, ''))
  const isGood = (uri: string) => (/^mailto:/i.test(uri) ? MAILTO.test(uri) : URI.test(uri))
  return {
    good: uris.filter(isGood),
    bad: uris.filter((uri) => !isGood(uri)),
    sized: written.filter((uri) => OBSOLETE_SIZE.test(uri)),
  }
}

const VALUES: Readonly<Record<string, RegExp>> = {
  adkim: /^[rs]$/i,
  aspf: /^[rs]$/i,
  psd: /^[ynu]$/i,
  t: /^[yn]$/i,
  fo: /^(?!.*0.*1|.*1.*0)[01ds](?::[01ds]){0,2}$/i,
}

const defectsOfValues = (tags: ReadonlyMap<string, string>): Defect<DmarcDefectCode>[] =>
  Object.entries(VALUES).flatMap(([name, good]) => {
    const value = tags.get(name)
    return value === undefined || good.test(value)
      ? []
      : [weak('DMARC_TAG_INVALID', `${name}=${value} is no good value, and has no effect`)]
  })

function defectOfName(name: string, tags: ReadonlyMap<string, string>): Defect<DmarcDefectCode>[] {
  if (KNOWN.has(name)) return []
  const why = REMOVED[name]
  if (why !== undefined) {
    // Written by habit, and what holds anyway.
    const isDefault = name === 'pct' && tags.get(name) === '100'
    return [note('DMARC_TAG_REMOVED', `${name}= has no effect any more (RFC 9989)${isDefault ? '' : `: ${why}`}`)]
  }
  const known = name.toLowerCase()
  return KNOWN.has(known) && known !== 'v'
    ? [weak('DMARC_TAG_UNKNOWN', `${name}= has no effect: tags are written in small letters`)]
    : name.toLowerCase() === 'v'
      ? []
      : [note('DMARC_TAG_UNKNOWN', `${name}= is no tag of DMARC, and has no effect`)]
}

const broken = (code: DmarcDefectCode, why: string) => ({code, weight: 'broken', why}) as const
const weak = (code: DmarcDefectCode, why: string) => ({code, weight: 'weak', why}) as const
const note = (code: DmarcDefectCode, why: string) => ({code, weight: 'note', why}) as const

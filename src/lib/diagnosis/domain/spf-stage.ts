/** The stage `spf` (RFC 7208). */
import {type Evidence, type Finding, skipped, warned} from '../../channel/stage.ts'
import {isLoopback} from '../../connection/loopback.ts'
import type {Fix} from '../../errors.ts'
import {type Ask, notKnown} from './ask.ts'
import {conclude, domainNotFound, type Fault, type PublishedRecord} from './conclude.ts'
import type {Defect, Weight} from './defect.ts'
import type {DomainSubject} from './domain-subject.ts'
import {
  countLookups,
  defectsOfTree,
  MOST_LOOKUPS,
  nodesOf,
  type SpfTreeDefectCode,
  unknownPart,
  voidLookups,
} from './judge-spf.ts'
import {ownerOf} from './owner.ts'
import {resemblesSpf, type SpfDefectCode, type SpfRecord} from './read-spf.ts'
import {sendingFactsOf} from './sending-facts.ts'
import {type Coverage, judgeCoverage} from './spf-coverage.ts'
import {mended, merged, newRecord, termOfHost, withVersion} from './spf-record-to-publish.ts'
import {fetchSpfTree, type SpfNode} from './spf-tree.ts'

type Code = SpfDefectCode | SpfTreeDefectCode

/** What SPF of the domain comes to; DMARC builds upon it. */
export interface SpfExam {
  readonly root: SpfNode
  readonly coverage: Coverage
}

export async function examineSpf(subject: DomainSubject, ask: Ask): Promise<SpfExam> {
  const root = await fetchSpfTree(subject.domain, ask)
  return {root, coverage: await judgeCoverage(subject, root, ask)}
}

export function findSpf(subject: DomainSubject, {root, coverage}: SpfExam): Finding {
  const {domain} = subject
  const {state, record, texts, noName} = root
  const covers = {verdict: coverage.verdict, how: coverage.how, certainty: coverage.certainty}
  if (state === 'unknown') return warned(notKnown(`SPF of ${domain}`, root.why))
  if (noName) return conclude({well: '', faults: [domainNotFound(domain)], evidence: {}})
  if (state === 'several')
    return conclude({well: '', faults: [several(domain, texts)], evidence: {records: texts, covers}})
  if (record === null) return findMissing(subject, root, coverage)
  const defects = [...record.defects, ...defectsOfTree(root)]
  const better = mendedRecord(domain, root, defects, coverage)
  const faults = [
    ...faultsOf(domain, defects, record),
    ...(coverage.verdict === 'not-covered' ? [notCovered(subject, root, coverage, better.length > 0)] : []),
  ]
  const evidence: Evidence = {
    record: record.text,
    lookups: countLookups(root),
    voidLookups: voidLookups(root).length,
    records: nodesOf(root).length,
    covers,
  }
  const unknown = unknownPart(root)
  if (unknown !== null && faults.every(({weight}) => weight === 'weak'))
    return warned(notKnown(`A part of SPF of ${domain}`, unknown), evidence)
  return conclude({
    well: `SPF of ${domain} is good${wordsOf(coverage)}`,
    faults,
    publish: better,
    notes: defects.filter(({weight}) => weight === 'note').map(({why}) => why),
    evidence,
  })
}

function wordsOf({verdict, how}: Coverage): string {
  if (verdict === 'covered') return ', and covers the server'
  return verdict === 'not-asked' ? `; ${how}` : ''
}

/** Without a record. */
function findMissing(subject: DomainSubject, root: SpfNode, coverage: Coverage): Finding {
  const {domain, provider, protocol, host} = subject
  const {verdict, how, certainty} = coverage
  const evidence: Evidence = {covers: {verdict, how, certainty}}
  const facts = sendingFactsOf(provider)
  const mayBeAsked = verdict === 'not-asked' && certainty === 'guess'
  if (verdict === 'not-asked' && !mayBeAsked)
    return skipped(`${domain} has no SPF record, and needs none: ${how}`, evidence)
  const own = protocol !== 'smtp' || host === null || isLoopback(host) ? [] : [termOfHost(host)]
  const allows = facts?.spf[0] ? [`include:${facts.spf[0]}`] : ['mx', ...own]
  // What belongs to a provider is published by it alone.
  const mayPublish = ownerOf(subject) === null
  const near = root.otherTexts.find(resemblesSpf)
  if (near !== undefined)
    return conclude({
      well: '',
      faults: [
        {
          code: 'SPF_VERSION',
          weight: 'broken',
          title: `The SPF record of ${domain} is not taken for one`,
          why: `it has to begin with "v=spf1" and a space, and begins ${JSON.stringify(near.slice(0, 20))}`,
          publish: [txt(domain, withVersion(near) ?? newRecord(allows), true)],
        },
      ],
      evidence: {...evidence, record: near},
    })
  return conclude({
    well: '',
    faults: [
      {
        code: 'SPF_MISSING',
        weight: mayBeAsked ? 'weak' : 'broken',
        title: `${domain} has no SPF record`,
        why: 'it does not say which servers may send its mail, so that many receivers distrust all of it',
        publish: mayPublish ? [txt(domain, newRecord(allows), false)] : [],
        fixes: mayPublish
          ? [{text: 'Add the other servers that send mail of the domain, such as those of newsletters.'}]
          : [],
      },
    ],
    evidence,
  })
}

const txt = (name: string, value: string, replaces: boolean): PublishedRecord => ({name, type: 'TXT', value, replaces})

/** What no other text of the record mends, since it takes to know which services send. */
const OWNERS_CHOICE: ReadonlySet<Code> = new Set([
  'SPF_SYNTAX',
  'SPF_WIDE_NETWORK',
  'SPF_LOOP',
  'SPF_REDIRECT_BROKEN',
  'SPF_TOO_MANY_LOOKUPS',
  'SPF_TOO_MANY_VOID_LOOKUPS',
  'SPF_TOO_MANY_EXCHANGERS',
])

/** The record as it should be; nothing where it is so already, and where only its owner can say how it should be. */
function mendedRecord(
  domain: string,
  root: SpfNode,
  defects: readonly Defect<Code>[],
  {missing}: Coverage,
): PublishedRecord[] {
  const has = (...codes: readonly Code[]) => defects.some(({code}) => codes.includes(code))
  const text = root.record?.text ?? ''
  const dead = root.branches.filter(({child}) => child?.state === 'missing').map(({mechanism}) => mechanism.text)
  const brokenIncludes = defects.filter(({code}) => code === 'SPF_INCLUDE_BROKEN').length
  if (brokenIncludes > dead.length || defects.some(({code}) => OWNERS_CHOICE.has(code))) return []
  const better = mended(text, {
    add: missing,
    drop: dead,
    dropPtr: has('SPF_PTR'),
    newEnd: has('SPF_ALLOWS_ALL', 'SPF_NEUTRAL', 'SPF_NO_ALL'),
  })
  return better === text ? [] : [txt(domain, better, true)]
}

const several = (domain: string, texts: readonly string[]): Fault => ({
  code: 'SPF_SEVERAL',
  weight: 'broken',
  title: `${domain} has ${texts.length} SPF records`,
  why: 'only one is allowed, and receivers take several for an error (RFC 7208 4.5)',
  publish: [txt(domain, merged(texts), true)],
  fixes: [{text: 'Remove all others that begin with "v=spf1".'}],
})

function notCovered(
  subject: DomainSubject,
  root: SpfNode,
  {how, certainty, missing, cost}: Coverage,
  isMended: boolean,
): Fault {
  const {domain, host} = subject
  const owner = ownerOf(subject)?.provider
  const wouldBe = countLookups(root) + cost
  return {
    code: 'SPF_DOES_NOT_COVER',
    weight: certainty === 'guess' ? 'weak' : 'broken',
    title: `SPF of ${domain} does not cover ${host}`,
    why: how,
    certainty,
    ...(certainty === 'guess'
      ? {
          causes: [
            `mail from ${host} fails SPF`,
            `mail leaves by other addresses than those of ${host}, and they are covered: a mail that was sent tells`,
          ],
        }
      : {}),
    fixes: [
      ...(owner?.smtp[0]
        ? [{text: `Send mail of ${domain} by ${owner.smtp[0].host}: only ${owner.name} can publish its records.`}]
        : []),
      ...(missing.length > 0 && !isMended ? [{text: `Add ${missing.join(' ')} to the record, before its end.`}] : []),
      ...(missing.length > 0 && wouldBe > MOST_LOOKUPS
        ? [{text: `That makes ${wouldBe} lookups, and ${MOST_LOOKUPS} are allowed: remove what sends no more.`}]
        : []),
    ],
  }
}

type Faulty = Defect<Code> & {readonly weight: Exclude<Weight, 'note'>}

/** One fault for each code, the first of its kind. */
function faultsOf(domain: string, defects: readonly Defect<Code>[], {text}: SpfRecord): Fault[] {
  const faulty = defects.filter((defect): defect is Faulty => defect.weight !== 'note')
  return faulty
    .filter(({code}, index) => faulty.findIndex((one) => one.code === code) === index)
    .map(({code, weight}) => ({
      code,
      weight,
      title: TITLES[code](domain),
      why: faulty
        .filter((one) => one.code === code)
        .map(({why}) => why)
        .join('; '),
      fixes: fixesOf(code, text),
    }))
}

const TITLES: Readonly<Record<Code, (domain: string) => string>> = {
  SPF_SYNTAX: (domain) => `The SPF record of ${domain} has an error`,
  SPF_ALLOWS_ALL: (domain) => `SPF of ${domain} lets everybody send`,
  SPF_WIDE_NETWORK: (domain) => `SPF of ${domain} lets strangers send`,
  SPF_NEUTRAL: (domain) => `SPF of ${domain} forbids nobody to send`,
  SPF_NO_ALL: (domain) => `The SPF record of ${domain} has no end`,
  SPF_PTR: (domain) => `The SPF record of ${domain} uses ptr`,
  SPF_TOO_LONG: (domain) => `The SPF record of ${domain} is long`,
  SPF_TERMS_AFTER_ALL: (domain) => `The SPF record of ${domain} goes on after its end`,
  SPF_REDIRECT_IGNORED: (domain) => `The SPF record of ${domain} has a redirect without effect`,
  SPF_TOO_MANY_LOOKUPS: (domain) => `SPF of ${domain} takes too many lookups`,
  SPF_TOO_MANY_VOID_LOOKUPS: (domain) => `SPF of ${domain} refers to too much that does not exist`,
  SPF_TOO_MANY_EXCHANGERS: (domain) => `SPF of ${domain} refers to too many mail exchangers`,
  SPF_LOOP: (domain) => `SPF of ${domain} goes in a circle`,
  SPF_INCLUDE_BROKEN: (domain) => `SPF of ${domain} includes a record that cannot be used`,
  SPF_REDIRECT_BROKEN: (domain) => `SPF of ${domain} leads to a record that cannot be used`,
}

/** The way out of each, beside the record that is to be published instead. */
function fixesOf(code: Code, text: string): readonly Fix[] {
  switch (code) {
    case 'SPF_SYNTAX':
      return [{text: `Correct it; until then receivers take all of it for an error: ${text}`}]
    case 'SPF_WIDE_NETWORK':
      return [{text: 'Name the networks of the servers that send, and no larger ones.'}]
    case 'SPF_TOO_LONG':
      return [{text: 'Remove what sends no more, or put networks together.'}]
    case 'SPF_TOO_MANY_LOOKUPS':
      return [
        {text: 'Remove the includes of services that send no more, and a and mx where they add nothing.'},
        {text: 'Or send by some services from a subdomain, which has a record of its own.'},
      ]
    case 'SPF_TOO_MANY_VOID_LOOKUPS':
    case 'SPF_TOO_MANY_EXCHANGERS':
    case 'SPF_LOOP':
    case 'SPF_INCLUDE_BROKEN':
    case 'SPF_REDIRECT_BROKEN':
      return [{text: 'Remove that term, or correct the name in it.'}]
    case 'SPF_ALLOWS_ALL':
    case 'SPF_NEUTRAL':
    case 'SPF_NO_ALL':
    case 'SPF_PTR':
    case 'SPF_TERMS_AFTER_ALL':
    case 'SPF_REDIRECT_IGNORED':
      return []
  }
}

/** The stage `dmarc` (RFC 9989), with what it will say of mail that leaves by the server. */
import {type Evidence, type Finding, warned} from '../../channel/stage.ts'
import type {Fix} from '../../errors.ts'
import {type Ask, notKnown, textsOf} from './ask.ts'
import {conclude, domainNotFound, type Fault, type PublishedRecord} from './conclude.ts'
import type {DkimExam} from './dkim-stage.ts'
import type {DomainSubject} from './domain-subject.ts'
import {ownerOf} from './owner.ts'
import {predictAlignment, type Prediction} from './predict-alignment.ts'
import {type DmarcDefectCode, type DmarcPolicy, type DmarcRecord, isDmarc, resemblesDmarc} from './read-dmarc.ts'
import type {SpfExam} from './spf-stage.ts'
import {type DmarcWalk, walkDmarc} from './walk-dmarc.ts'

export interface DmarcExam {
  readonly walk: DmarcWalk
  /** Records of DMARC at the name of the domain itself, where nobody looks for them. */
  readonly misplaced: readonly string[]
  /** Hosts elsewhere that reports are to go to, and have not said that they take them. */
  readonly unauthorized: readonly string[]
  /** The domain does not exist. */
  readonly noName: boolean
}

/** Destinations of reports that are asked about; domains name one or two. */
const MOST_DESTINATIONS = 5

export async function examineDmarc({domain}: DomainSubject, ask: Ask): Promise<DmarcExam> {
  const [walk, own] = await Promise.all([walkDmarc(domain, ask), ask(domain, 'TXT')])
  const misplaced = own.kind === 'found' ? textsOf(own.records).filter(isDmarc) : []
  const noName = own.kind === 'none' && own.noName
  return {walk, misplaced, noName, unauthorized: await findUnauthorized(walk, ask)}
}

/** RFC 9990 4: a destination outside of the organization has to publish that it takes reports of the domain. */
async function findUnauthorized({found, organization}: DmarcWalk, ask: Ask): Promise<string[]> {
  if (found === null || organization === null) return []
  const {aggregateUris, failureUris} = found.record
  const hosts = [...new Set([...aggregateUris, ...failureUris].map(hostOf))]
    .filter((host) => host !== '' && host !== organization && !host.endsWith(`.${organization}`))
    .slice(0, MOST_DESTINATIONS)
  const answers = await Promise.all(hosts.map((host) => ask(`${found.name}._report._dmarc.${host}`, 'TXT')))
  return hosts.filter((_, index) => {
    const answer = answers[index]!
    return answer.kind === 'none' || (answer.kind === 'found' && !textsOf(answer.records).some(isDmarc))
  })
}

const hostOf = (uri: string) => /^mailto:[^?]*@([^?@]+)/i.exec(uri)?.[1]?.toLowerCase() ?? ''

export function findDmarc(subject: DomainSubject, exam: DmarcExam, spf: SpfExam, dkim: DkimExam): Finding {
  const {domain} = subject
  const {walk, misplaced, unauthorized, noName} = exam
  const {found} = walk
  const [first] = walk.steps
  const prediction = predictAlignment(spf, dkim)
  const evidence = evidenceOf(walk, prediction, subject)
  if (walk.unknown !== null) return warned(notKnown(`DMARC of ${domain}`, walk.unknown), evidence)
  const several = (first?.texts.length ?? 0) > 1 ? [severalRecords(domain, first!.texts)] : []
  if (found === null && noName) return conclude({well: '', faults: [domainNotFound(domain)], evidence})
  if (found === null)
    return conclude({well: '', faults: several.length > 0 ? several : [missing(subject, walk, misplaced)], evidence})
  const {record, name} = found
  const applied = appliedPolicy(domain, found)
  const willFail = subject.protocol === 'smtp' && prediction.passes === 'no' && applied !== 'none' && applied !== null
  return conclude({
    well: `DMARC of ${domain} ${WORDS[applied ?? 'none']}${name === domain ? '' : `, by the record of ${name}`}`,
    faults: [...several, ...faultsOf(name, record), ...(willFail ? [cannotPass(subject, applied, prediction)] : [])],
    notes: [
      ...record.defects.filter(({weight}) => weight === 'note').map(({why}) => why),
      ...(record.aggregateUris.length === 0 ? ['nobody gets reports (rua=)'] : []),
      ...unauthorized.map(
        (host) =>
          `${host} gets no reports before it publishes ${name}._report._dmarc.${host}. TXT "v=DMARC1" (RFC 9990 4)`,
      ),
      ...(name === domain && walk.organization !== null && walk.organization !== domain && record.text.includes('sp=')
        ? [`sp= has no effect below the organization, which is ${walk.organization}`]
        : []),
    ],
    evidence,
  })
}

const WORDS: Readonly<Record<DmarcPolicy, string>> = {
  none: 'watches only (p=none)',
  quarantine: 'asks to put aside what fails (quarantine)',
  reject: 'asks to refuse what fails (reject)',
}

/** The policy for mail of the domain: of an organization above it, the one for subdomains (RFC 9989 4.10.1). */
function appliedPolicy(domain: string, {name, record}: NonNullable<DmarcWalk['found']>): DmarcPolicy | null {
  const policy = name === domain ? record.policy : (record.subdomainPolicy ?? record.policy)
  if (!record.isTesting || policy === null) return policy
  return policy === 'reject' ? 'quarantine' : 'none'
}

function evidenceOf(walk: DmarcWalk, {spf, dkim, passes, why}: Prediction, {protocol}: DomainSubject): Evidence {
  const {found, organization, steps} = walk
  return {
    asked: steps.map(({name}) => `_dmarc.${name}`),
    ...(organization === null ? {} : {organization}),
    ...(found === null
      ? {}
      : {
          foundAt: found.name,
          record: found.record.text,
          policy: found.record.policy,
          strictDkim: found.record.strictDkim,
          strictSpf: found.record.strictSpf,
        }),
    ...(protocol === 'smtp' ? {alignment: {spf, dkim, passes, why}} : {}),
  }
}

/** Begins with watching: nothing is refused before the reports were read. postmaster@ exists everywhere (RFC 5321 4.5.1). */
const firstRecord = (domain: string): PublishedRecord => ({
  name: `_dmarc.${domain}`,
  type: 'TXT',
  value: `v=DMARC1; p=none; rua=mailto:postmaster@${domain}`,
  replaces: false,
})

function missing(subject: DomainSubject, {steps}: DmarcWalk, misplaced: readonly string[]): Fault {
  const {domain} = subject
  const near = steps[0]?.otherTexts.find(resemblesDmarc)
  const mayPublish = ownerOf(subject) === null
  if (near !== undefined)
    return {
      code: 'DMARC_VERSION',
      weight: 'broken',
      title: `The DMARC record of ${domain} is not taken for one`,
      why: `it has to begin with "v=DMARC1;", in these letters, and begins ${JSON.stringify(near.slice(0, 20))}`,
      publish: [{...firstRecord(domain), value: withVersion(near), replaces: true}],
    }
  if (misplaced.length > 0)
    return {
      code: 'DMARC_WRONG_NAME',
      weight: 'broken',
      title: `The DMARC record of ${domain} is at the wrong name`,
      why: `it is at ${domain}, and everybody looks for it at _dmarc.${domain}`,
      publish: [{...firstRecord(domain), value: misplaced[0]!}],
      fixes: [{text: `Remove it from ${domain}.`}],
    }
  return {
    code: 'DMARC_MISSING',
    weight: 'broken',
    title: `${domain} has no DMARC record`,
    why: 'anybody can write mail in its name, and large receivers ask for one',
    publish: mayPublish ? [firstRecord(domain)] : [],
    fixes: mayPublish ? [{text: 'Read the reports for some weeks, then ask for quarantine, and for reject.'}] : [],
  }
}

/** The same record with the version as it has to be. */
const withVersion = (text: string): string =>
  `v=DMARC1; ${text.replace(/^[\s"']*(?:v\s*=\s*)?dmarc\s*1\s*[;,:]*\s*/i, '').replace(/["'\s]+$/, '')}`

const severalRecords = (domain: string, texts: readonly string[]): Fault => ({
  code: 'DMARC_SEVERAL',
  weight: 'broken',
  title: `${domain} has ${texts.length} DMARC records`,
  why: 'only one is allowed, and receivers discard several (RFC 9989 4.10)',
  fixes: [{text: `Keep one of these at _dmarc.${domain}, and remove the others: ${texts.join(' | ')}`}],
})

const RECEIVERS_DO: Readonly<Record<DmarcPolicy, string>> = {
  none: 'take it',
  quarantine: 'put it aside as junk',
  reject: 'refuse it',
}

function cannotPass({domain, host}: DomainSubject, policy: DmarcPolicy, {why}: Prediction): Fault {
  return {
    code: 'DMARC_CANNOT_PASS',
    weight: 'broken',
    title: `Mail of ${domain} by ${host ?? 'this server'} fails DMARC`,
    why: `${why.spf}; ${why.dkim}; receivers are asked to ${RECEIVERS_DO[policy]}`,
    certainty: 'likely',
    fixes: [{text: 'Mend SPF or DKIM, as the stages before say; either is enough.'}],
  }
}

function faultsOf(name: string, {defects, text}: DmarcRecord): Fault[] {
  return defects.flatMap(({code, weight, why}): Fault[] =>
    weight === 'note'
      ? []
      : [{code, weight, title: `The DMARC record of ${name} ${TITLES[code]}`, why, fixes: fixesOf(code, name, text)}],
  )
}

const TITLES: Readonly<Record<DmarcDefectCode, string>> = {
  DMARC_SYNTAX: 'has an error',
  DMARC_POLICY_INVALID: 'has no valid policy',
  DMARC_POLICY_MISSING: 'has no policy',
  DMARC_TAG_INVALID: 'has a value without effect',
  DMARC_REPORT_URI: 'has an address without effect',
  DMARC_TAG_REMOVED: 'has a tag of the past',
  DMARC_TAG_UNKNOWN: 'has a tag without effect',
  DMARC_TEST_MODE: 'is marked as a test',
}

function fixesOf(code: DmarcDefectCode, name: string, text: string): readonly Fix[] {
  if (code === 'DMARC_POLICY_MISSING') return [{text: `Add p=none to the record at _dmarc.${name}, after v=DMARC1.`}]
  return [{text: `Correct the record at _dmarc.${name}, which is: ${text}`}]
}

/** From what is wrong to the finding of a stage: the worst is the problem, the rest stands in the evidence. */
import {type Evidence, type EvidenceValue, type Finding, passed, warned} from '../../channel/stage.ts'
import {type Certainty, EXIT, type ExitCode, type Fix} from '../../errors.ts'
import type {Weight} from './defect.ts'

/** A record as it is to be published. */
export interface PublishedRecord {
  /** Without the dot of the root. */
  readonly name: string
  readonly type: 'TXT' | 'CNAME' | 'MX' | 'SRV' | 'A' | 'AAAA'
  readonly value: string
  /** True where it takes the place of what is there now. */
  readonly replaces: boolean
}

/** Something wrong, with the way out. */
export interface Fault {
  readonly code: string
  readonly weight: Exclude<Weight, 'note'>
  readonly title: string
  readonly why: string
  /** Records that mend it, exactly. */
  readonly publish?: readonly PublishedRecord[]
  readonly fixes?: readonly Fix[]
  readonly certainty?: Certainty
  readonly causes?: readonly string[]
}

/** Exit codes of what is wrong. */
export type ExitCodes = Readonly<Record<Fault['weight'], ExitCode>>

/** What is weak is reported; only what is broken fails where the domain's authentication is required. */
const OF_DOMAIN: ExitCodes = {broken: EXIT.domainAuthentication, weak: EXIT.findings}
export const OF_DNS: ExitCodes = {broken: EXIT.dns, weak: EXIT.dns}

interface Conclusion {
  /** The title where nothing is wrong. */
  readonly well: string
  readonly faults: readonly Fault[]
  /** Records that mend several of the faults at once. */
  readonly publish?: readonly PublishedRecord[]
  /** Good to know. */
  readonly notes?: readonly string[]
  readonly evidence: Evidence
  readonly exitCodes?: ExitCodes
}

export function conclude({
  well,
  faults,
  publish: together = [],
  notes = [],
  evidence,
  exitCodes = OF_DOMAIN,
}: Conclusion): Finding {
  const noted = {...evidence, ...(notes.length > 0 ? {notes} : {})}
  const [worst, ...others] = faults.toSorted((a, b) => Number(a.weight === 'weak') - Number(b.weight === 'weak'))
  if (worst === undefined) return passed(well, noted)
  const {code, title, why, certainty, causes} = worst
  const records = [...together, ...faults.flatMap((fault) => fault.publish ?? [])]
  const publish = records.map((record): EvidenceValue => ({...record}))
  return warned(
    {
      code,
      exitCode: exitCodes[worst.weight],
      title,
      why,
      fixes: differing([...together.map(publishFix), ...[worst, ...others].flatMap(fixesOf)]),
      ...(certainty === undefined ? {} : {certainty}),
      ...(causes === undefined ? {} : {causes}),
    },
    {
      ...noted,
      ...(others.length > 0 ? {alsoWrong: others.map((fault) => ({code: fault.code, why: fault.why}))} : {}),
      ...(publish.length > 0 ? {publish} : {}),
    },
  )
}

/** Several faults may be mended alike. */
const differing = (fixes: readonly Fix[]) =>
  fixes.filter(({text}, index) => fixes.findIndex((fix) => fix.text === text) === index)

/** Of a fault, what to publish first. */
const fixesOf = ({publish = [], fixes = []}: Fault): readonly Fix[] => [...publish.map(publishFix), ...fixes]

export const publishFix = (record: PublishedRecord): Fix => ({
  text: `Publish in the DNS${record.replaces ? ', in the place of what is there' : ''}: ${zoneLine(record)}`,
})

/** What is said of a domain that does not exist, wherever its records were to be looked at. */
export const domainNotFound = (domain: string): Fault => ({
  code: 'DOMAIN_NOT_FOUND',
  weight: 'broken',
  title: `There is no domain ${domain}`,
  why: 'the DNS does not know the name',
  fixes: [
    {text: 'Look for a typing mistake in the address.'},
    {text: 'Ask the registrar of the domain whether it has expired.'},
  ],
})

/** Characters of one string of a TXT record (RFC 1035 3.3.14). */
const STRING_LENGTH = 255

/** As it stands in a zone file: `acme.example. TXT "v=spf1 -all"`. */
export function zoneLine({name, type, value}: PublishedRecord): string {
  if (type !== 'TXT') return `${name}. ${type} ${value}`
  const strings = value.match(new RegExp(`.{1,${STRING_LENGTH}}`, 'gs')) ?? ['']
  return `${name}. TXT ${strings.map((string) => `"${string.replace(/["\\]/g, '\\$&')}"`).join(' ')}`
}

/** Finds the DMARC policy of a domain, and its organization, by the tree walk of RFC 9989 4.10. There is no list of suffixes. */
import {type Ask, textsOf} from './ask.ts'
import {type DmarcRecord, isDmarc, readDmarc} from './read-dmarc.ts'

/** What is published at `_dmarc.` of one name. */
export interface DmarcStep {
  readonly name: string
  /** Null where there is none, or more than one: they are all discarded (4.10 steps 2 and 6). */
  readonly record: DmarcRecord | null
  /** The DMARC records, and what else stands there. */
  readonly texts: readonly string[]
  readonly otherTexts: readonly string[]
  /** Why it is not known; null where it is. */
  readonly unknown: string | null
}

export interface DmarcWalk {
  readonly steps: readonly DmarcStep[]
  /** The record that holds for the domain, and where it is; null for none. */
  readonly found: {readonly name: string; readonly record: DmarcRecord} | null
  /** Null where an answer is missing that it depends on. */
  readonly organization: string | null
  /** Why the policy is not known; null where it is, or is known to be none. */
  readonly unknown: string | null
}

/** Queries of a walk at most (RFC 9989 4.10): the domain, and the last seven labels of it and up. */
const MOST_QUERIES = 8

/** The names in the order of the walk: of eight labels and more, seven are left at once (4.10 step 4). */
export function namesOfWalk(domain: string): string[] {
  const labels = domain.split('.')
  const parents = labels.slice(Math.max(1, labels.length - MOST_QUERIES + 1))
  return [domain, ...parents.map((_, index) => parents.slice(index).join('.'))]
}

/** All names are asked at once: a walk ends early only at a `psd` tag, and few domains have one above them. */
export async function walkDmarc(domain: string, ask: Ask): Promise<DmarcWalk> {
  const all = await Promise.all(namesOfWalk(domain).map((name) => askStep(name, ask)))
  // 4.10 steps 2 and 6: with psd=y or psd=n the walk ends.
  const end = all.findIndex(({record}) => record !== null && record.psd !== 'u')
  const steps = end === -1 ? all : all.slice(0, end + 1)
  const [first] = steps
  const unknown = steps.find((step) => step.unknown !== null)?.unknown ?? null
  const organization = unknown === null ? organizationOf(domain, steps) : null
  if (first?.record) return {steps, found: {name: domain, record: first.record}, organization, unknown: null}
  if (unknown !== null) return {steps, found: null, organization, unknown}
  // 4.10.1: then the record of the organization, then the one of the registry above it.
  const holder =
    steps.find(({name, record}) => record !== null && name === organization) ??
    steps.find(({record}) => record?.psd === 'y')
  return {
    steps,
    found: holder?.record ? {name: holder.name, record: holder.record} : null,
    organization,
    unknown: null,
  }
}

async function askStep(name: string, ask: Ask): Promise<DmarcStep> {
  const answer = await ask(`_dmarc.${name}`, 'TXT')
  const all = answer.kind === 'found' ? textsOf(answer.records).map((text) => text.trim()) : []
  const texts = all.filter(isDmarc)
  return {
    name,
    record: texts.length === 1 ? readDmarc(texts[0]!) : null,
    texts,
    otherTexts: all.filter((text) => !isDmarc(text)),
    unknown: answer.kind === 'unknown' ? answer.why : null,
  }
}

/** RFC 9989 4.10.2, of a walk that is complete. */
function organizationOf(domain: string, steps: readonly DmarcStep[]): string {
  for (const {name, record} of steps) {
    if (record?.psd === 'n') return name
    // One label below the registry.
    if (record?.psd === 'y' && name !== domain)
      return domain
        .split('.')
        .slice(-(name.split('.').length + 1))
        .join('.')
  }
  return steps.findLast(({record}) => record !== null)?.name ?? domain
}

/** The stage `mta-sts`: whether senders may count on TLS on the way to the domain (RFC 8461), and by DANE (RFC 7672). */
import {type Evidence, type Finding, skipped, warned} from '../../channel/stage.ts'
import {NoDocument} from '../../discovery/fetch-public.ts'
import {messageOf} from '../../errors.ts'
import {type Ask, notKnown, textsOf} from './ask.ts'
import {conclude, type Fault, type PublishedRecord} from './conclude.ts'
import type {DomainSubject} from './domain-subject.ts'
import {fetchPublicPolicy} from './fetch-policy.ts'
import type {MxExam} from './mx-stage.ts'
import {
  isMtaSts,
  matchesMx,
  type MtaStsPolicy,
  type MtaStsRecord,
  readMtaStsPolicy,
  readMtaStsRecord,
} from './read-mta-sts.ts'

interface Look {
  readonly subject: DomainSubject
  readonly mx: MxExam
  readonly ask: Ask
  readonly signal: AbortSignal
}

export async function lookAtMtaSts(look: Look): Promise<Finding> {
  const {subject, mx, ask} = look
  const {domain} = subject
  const [answer, dane] = await Promise.all([ask(`_mta-sts.${domain}`, 'TXT'), hostsWithDane(mx, ask)])
  const evidence: Evidence = {dane}
  if (answer.kind === 'unknown') return warned(notKnown(`MTA-STS of ${domain}`, answer.why), evidence)
  const texts = answer.kind === 'found' ? textsOf(answer.records).filter(isMtaSts) : []
  if (texts.length === 0) return skipped(absent(domain, dane), evidence)
  if (texts.length > 1)
    return conclude({well: '', faults: [several(domain, texts)], evidence: {...evidence, records: texts}})
  return lookAtPolicy(look, readMtaStsRecord(texts[0]!), evidence)
}

const absent = (domain: string, dane: readonly string[]) =>
  `${domain} has no MTA-STS, which is no fault${dane.length > 0 ? `; DANE is published for ${dane.join(', ')}` : ''}`

/** Hosts with a TLSA record. Whether it is signed (DNSSEC), as it has to be, is not known here. */
async function hostsWithDane({hosts}: MxExam, ask: Ask): Promise<string[]> {
  const answers = await Promise.all(hosts.map(({name}) => ask(`_25._tcp.${name}`, 'TLSA')))
  return hosts.filter((_, index) => answers[index]!.kind === 'found').map(({name}) => name)
}

async function lookAtPolicy({subject, mx, signal}: Look, record: MtaStsRecord, before: Evidence): Promise<Finding> {
  const {domain, query, fetchPolicy = fetchPublicPolicy(query)} = subject
  const url = new URL(`https://mta-sts.${domain}/.well-known/mta-sts.txt`)
  let text: string
  try {
    text = await fetchPolicy(url, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof NoDocument && error.unknown)
      return warned(notKnown(`The policy of MTA-STS of ${domain}`, error.message), before)
    return conclude({
      well: '',
      faults: [unreachable(url, messageOf(error), domain, mx)],
      evidence: {...before, record: record.text},
    })
  }
  const policy = readMtaStsPolicy(text)
  const strangers =
    policy.mode === 'none' ? [] : mx.hosts.filter(({name}) => !matchesMx(name, policy)).map(({name}) => name)
  const evidence = {
    ...before,
    record: record.text,
    id: record.id,
    mode: policy.mode,
    maxAge: policy.maxAge,
    mx: [...policy.mx],
  }
  const faults = faultsOf(domain, record, policy, strangers, mx)
  if (mx.kind === 'unknown' && faults.length === 0) return warned(notKnown(`MX of ${domain}`, mx.why), evidence)
  return conclude({
    well: `MTA-STS of ${domain} is good (mode ${policy.mode})`,
    faults,
    notes: policy.defects.filter(({weight}) => weight === 'note').map(({why}) => why),
    evidence,
  })
}

/** The lines of the policy for the MX records as they are. */
function policyFor({hosts}: MxExam, mode: 'testing' | 'enforce'): string {
  const patterns = hosts.map(({name}) => `mx: ${name}`)
  return ['version: STSv1', `mode: ${mode}`, ...patterns, 'max_age: 604800'].join(' | ')
}

function unreachable(url: URL, why: string, domain: string, mx: MxExam): Fault {
  return {
    code: 'MTA_STS_POLICY_UNREACHABLE',
    weight: 'broken',
    title: `The policy of MTA-STS of ${domain} cannot be had`,
    why,
    fixes: [
      {
        text: `Serve ${url.href} as text/plain, with a certificate for ${url.hostname} and these lines: ${policyFor(mx, 'testing')}`,
      },
      {text: `Or remove the record _mta-sts.${domain}.`},
    ],
  }
}

const several = (domain: string, texts: readonly string[]): Fault => ({
  code: 'MTA_STS_SEVERAL',
  weight: 'broken',
  title: `${domain} has ${texts.length} MTA-STS records`,
  why: 'senders take several for none (RFC 8461 3.1)',
  fixes: [{text: `Keep one of these at _mta-sts.${domain}, and remove the others: ${texts.join(' | ')}`}],
})

function faultsOf(
  domain: string,
  record: MtaStsRecord,
  policy: MtaStsPolicy,
  strangers: readonly string[],
  mx: MxExam,
): Fault[] {
  const [badRecord] = record.defects
  const badPolicy = policy.defects.filter(({weight}) => weight === 'broken')
  const mode = policy.mode === 'enforce' ? 'enforce' : 'testing'
  return [
    ...(badRecord
      ? [
          {
            code: 'MTA_STS_RECORD',
            weight: 'broken',
            title: `The MTA-STS record of ${domain} has an error`,
            why: badRecord.why,
            publish: [recordOf(domain)],
          } as const,
        ]
      : []),
    ...(badPolicy.length > 0
      ? [
          {
            code: 'MTA_STS_POLICY_INVALID',
            weight: 'broken',
            title: `The policy of MTA-STS of ${domain} has an error`,
            why: badPolicy.map(({why}) => why).join('; '),
            fixes: [{text: `Serve these lines instead: ${policyFor(mx, mode)}`}],
          } as const,
        ]
      : []),
    ...(badPolicy.length === 0 && strangers.length > 0
      ? [
          {
            code: 'MTA_STS_MX_MISMATCH',
            weight: 'broken',
            title: `The policy of MTA-STS does not know ${strangers.join(', ')}`,
            why:
              mode === 'enforce'
                ? `senders that keep to it deliver nothing there, and MX of ${domain} names it`
                : `MX of ${domain} names it; once the policy is enforced, nothing is delivered there`,
            fixes: [
              {text: `Serve these lines instead: ${policyFor(mx, mode)}`},
              {
                text: `Then change the id, so that senders fetch it anew: _mta-sts.${domain}. TXT "${recordOf(domain).value}"`,
              },
            ],
          } as const,
        ]
      : []),
  ]
}

/** The id is the moment, as is usual: it only has to differ from the one before. */
const recordOf = (domain: string): PublishedRecord => ({
  name: `_mta-sts.${domain}`,
  type: 'TXT',
  value: `v=STSv1; id=${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`,
  replaces: true,
})

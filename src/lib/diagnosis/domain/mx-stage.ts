/** The stage `mx`: where mail to the domain goes (RFC 5321 5.1), and whose mailboxes those are. */
import {isIP} from 'node:net'
import {type Evidence, type Finding, warned} from '../../channel/stage.ts'
import {providerOfDomain, providerOfMx} from '../../discovery/providers.ts'
import {type Ask, askAddresses, notKnown} from './ask.ts'
import {conclude, domainNotFound, type Fault, OF_DNS} from './conclude.ts'
import type {DomainSubject} from './domain-subject.ts'

export interface MxExam {
  /**
   * `null`: the domain says that it takes no mail (RFC 7505). `implicit`: it has no MX, and mail goes to its own address.
   * `none`: neither. `no-domain`: it does not exist.
   */
  readonly kind: 'hosts' | 'null' | 'implicit' | 'none' | 'no-domain' | 'unknown'
  /** The most preferred first; of `implicit` the domain itself. */
  readonly hosts: readonly MxHost[]
  /** A null MX stands beside others, which it must not (RFC 7505 3). */
  readonly hasNullBeside: boolean
  readonly why: string
}

export interface MxHost {
  /** In lower case; empty for none. */
  readonly name: string
  readonly priority: number
  /** What it is an alias of; null for none. */
  readonly alias: string | null
  readonly addresses: readonly string[]
  /** Why its addresses are not known; null where they are. */
  readonly unknown: string | null
}

/** Hosts that are looked at; large providers have seven. */
const MOST_HOSTS = 12

export async function examineMx({domain}: Pick<DomainSubject, 'domain'>, ask: Ask): Promise<MxExam> {
  const answer = await ask(domain, 'MX')
  const exam = {hosts: [], hasNullBeside: false, why: ''}
  if (answer.kind === 'unknown') return {...exam, kind: 'unknown', why: answer.why}
  if (answer.kind === 'none') return answer.noName ? {...exam, kind: 'no-domain'} : examineImplicit(domain, ask)
  const named = answer.records.filter(({exchange}) => exchange !== '')
  if (named.length === 0) return {...exam, kind: 'null'}
  const hosts = await Promise.all(
    named
      .toSorted((one, other) => one.priority - other.priority)
      .slice(0, MOST_HOSTS)
      .map(({exchange, priority}) => examineHost(exchange.toLowerCase(), priority, ask)),
  )
  return {...exam, kind: 'hosts', hosts, hasNullBeside: named.length < answer.records.length}
}

async function examineHost(name: string, priority: number, ask: Ask): Promise<MxHost> {
  if (isIP(name) !== 0) return {name, priority, alias: null, addresses: [], unknown: null}
  const [{a, aaaa, unknown}, cname] = await Promise.all([askAddresses(name, ask), ask(name, 'CNAME')])
  const alias = cname.kind === 'found' ? cname.records[0]!.toLowerCase() : null
  return {name, priority, alias, addresses: [...a, ...aaaa], unknown}
}

async function examineImplicit(domain: string, ask: Ask): Promise<MxExam> {
  const {a, aaaa, unknown} = await askAddresses(domain, ask)
  const addresses = [...a, ...aaaa]
  const exam = {hasNullBeside: false, why: unknown ?? ''}
  if (addresses.length > 0)
    return {...exam, kind: 'implicit', hosts: [{name: domain, priority: 0, alias: null, addresses, unknown: null}]}
  return {...exam, kind: unknown === null ? 'none' : 'unknown', hosts: []}
}

export function findMx({domain}: Pick<DomainSubject, 'domain'>, exam: MxExam): Finding {
  const {kind, hosts, hasNullBeside, why} = exam
  if (kind === 'unknown') return warned(notKnown(`MX of ${domain}`, why))
  if (kind !== 'hosts')
    return conclude({
      well: '',
      faults: [withoutHosts(domain, exam)],
      evidence: evidenceOf(domain, exam),
      exitCodes: OF_DNS,
    })
  const faults = [...(hasNullBeside ? [nullBeside(domain)] : []), ...hosts.flatMap((host) => faultsOf(domain, host))]
  const unknown = hosts.find((host) => host.unknown !== null && host.addresses.length === 0)
  if (unknown && faults.length === 0)
    return warned(notKnown(`The mail server ${unknown.name}`, unknown.unknown!), evidenceOf(domain, exam))
  const provider = providerOf(domain, exam)
  return conclude({
    well: `Mail to ${domain} goes to ${hosts[0]!.name}${provider === null ? '' : `, which is ${provider.name}`}`,
    faults,
    evidence: evidenceOf(domain, exam),
    exitCodes: OF_DNS,
  })
}

/** Whose mailboxes they are. The mail domains of a provider itself say it better than its servers. */
const providerOf = (domain: string, {hosts}: MxExam) =>
  providerOfDomain(domain) ?? providerOfMx(hosts.map(({name}) => name))

function evidenceOf(domain: string, exam: MxExam): Evidence {
  const {kind, hosts} = exam
  const provider = providerOf(domain, exam)
  return {
    kind,
    hosts: hosts.map(({name, priority, alias, addresses}) => ({
      name,
      priority,
      addresses: [...addresses],
      ...(alias === null ? {} : {alias}),
    })),
    ...(provider === null ? {} : {provider: provider.id}),
  }
}

function withoutHosts(domain: string, {kind, hosts}: MxExam): Fault {
  const name = {fixes: [{text: `Publish the MX records that the provider of the mailboxes of ${domain} shows.`}]}
  switch (kind) {
    case 'null':
      return {
        code: 'MX_NULL',
        weight: 'broken',
        title: `${domain} takes no mail at all`,
        why: 'its MX record is the root, which says so (RFC 7505): answers to what is sent from it never arrive',
        ...name,
      }
    case 'no-domain':
      return domainNotFound(domain)
    case 'implicit':
      return {
        code: 'MX_IMPLICIT',
        weight: 'weak',
        title: `${domain} has no MX record`,
        why: `mail to it goes to its own address (${hosts[0]!.addresses.join(', ')}), which is often a web server that takes none`,
        publish: [{name: domain, type: 'MX', value: `10 ${domain}.`, replaces: false}],
        fixes: [{text: 'Or, where the mailboxes are elsewhere, the MX records that their provider shows.'}],
      }
    case 'none':
    case 'hosts':
    case 'unknown':
      return {
        code: 'MX_MISSING',
        weight: 'broken',
        title: `${domain} takes no mail`,
        why: 'it has neither an MX record nor an address: answers to what is sent from it never arrive',
        ...name,
      }
  }
}

const nullBeside = (domain: string): Fault => ({
  code: 'MX_NULL_BESIDE_OTHERS',
  weight: 'broken',
  title: `${domain} says that it takes no mail, and names servers`,
  why: 'a null MX stands alone (RFC 7505 3); what comes of both, nobody knows',
  fixes: [{text: `Remove the record ${domain}. MX 0 .`}],
})

function faultsOf(domain: string, {name, priority, alias, addresses, unknown}: MxHost): Fault[] {
  const mx = (value: string) => ({name: domain, type: 'MX', value: `${priority} ${value}.`, replaces: true}) as const
  if (isIP(name) !== 0)
    return [
      {
        code: 'MX_IS_ADDRESS',
        weight: 'broken',
        title: `The MX of ${domain} is an address`,
        why: `it has to be a name (RFC 5321 5.1): many servers send nothing to ${name}`,
        publish: [
          {name: `mail.${domain}`, type: isIP(name) === 4 ? 'A' : 'AAAA', value: name, replaces: false},
          mx(`mail.${domain}`),
        ],
      },
    ]
  const faults: Fault[] = []
  if (alias !== null)
    faults.push({
      code: 'MX_IS_ALIAS',
      weight: 'weak',
      title: `The mail server ${name} is an alias`,
      why: `an MX has to name a host, and this is an alias of ${alias} (RFC 2181 10.3): some servers send nothing to it`,
      publish: [mx(alias)],
    })
  if (addresses.length === 0 && unknown === null)
    faults.push({
      code: 'MX_WITHOUT_ADDRESS',
      weight: 'broken',
      title: `The mail server ${name} has no address`,
      why: `an MX of ${domain} names it, and the DNS knows no address of it`,
      fixes: [{text: `Correct the name, or remove the record ${domain}. MX ${priority} ${name}.`}],
    })
  return faults
}

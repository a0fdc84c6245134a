/**
 * Finds how mail of an address is sent: the bundled table by the domain, the table by the domain's MX, and, where asked
 * online, what the domain publishes itself: SRV records (RFC 8314 5.1, RFC 6186 3.1), else an autoconfig file on its web
 * server. A host that nobody named is never tried: there is no `smtp.DOMAIN` here. Nothing is connected to but the DNS and
 * that web server, and no password is known here.
 */
import type {Query, SrvRecord} from '../dns/resolver.ts'
import {dnsReason, isAnswer} from '../dns/resolver.ts'
import {codeOf, messageOf} from '../errors.ts'
import {addressesOf} from './addresses.ts'
import {fetchPublic, NoDocument, type LoopbackWeb} from './fetch-public.ts'
import type {Endpoint, Provider} from './provider.ts'
import {isPublicAddress, publicHost} from './public-host.ts'
import {loginOf, providerOfDomain, providerOfHost, providerOfMx} from './providers.ts'
import {readAutoconfig} from './read-autoconfig.ts'

export type SourceKind = 'table-domain' | 'table-mx' | 'srv' | 'autoconfig'

/** One way to send, and who says so. */
export interface Candidate extends Endpoint {
  /** The login name; null where only its owner knows it. */
  readonly user: string | null
  /** Who says what the login name is. */
  readonly userFrom: string
  readonly source: {
    readonly kind: SourceKind
    /** The record or document, or what of the address was found in the table. */
    readonly detail: string
  }
  /** True only for the bundled table: what others publish may be forged on its way here. */
  readonly trusted: boolean
  /** The host is outside the domain of the address (RFC 6186 6: its owner should confirm it). */
  readonly elsewhere: boolean
}

/** What was asked, and what came of it. */
export interface Attempt {
  readonly kind: SourceKind
  /** `unknown` where DNS could not say. */
  readonly state: 'found' | 'nothing' | 'unknown'
  readonly outcome: string
}

export interface Discovery {
  /** Most secure first. */
  readonly candidates: readonly Candidate[]
  readonly provider: Provider | null
  /** The domain says that it takes no mail at all (RFC 7505). */
  readonly nullMx: boolean
  readonly tried: readonly Attempt[]
}

export interface DiscoverOptions {
  readonly query: Query
  readonly signal: AbortSignal
  /** Asks what the domain publishes, beside its MX. */
  readonly online: boolean
  /** For everything together. */
  readonly deadlineMs?: number
  readonly loopback?: LoopbackWeb
}

/** The web servers of hosting providers answer within two; the rest is for their slow days. */
const DEADLINE_MS = 8000

/** SRV targets that are looked at; domains publish one or two. */
const MAX_TARGETS = 10

/** One source's answer. */
interface Found {
  readonly candidates: readonly Candidate[]
  readonly attempt: Attempt
}

/**
 * How mail of a good address (ASCII, a full domain) is sent. Rejects only with the signal's reason: what fails is told in
 * `tried`.
 */
export async function discoverSmtp(address: string, options: DiscoverOptions): Promise<Discovery> {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const own = providerOfDomain(domain)
  if (own) {
    const attempt: Attempt = {kind: 'table-domain', state: 'found', outcome: `${domain} is a domain of ${own.name}`}
    return {
      candidates: ofTable(own, address, {kind: 'table-domain', detail: domain}),
      provider: own,
      nullMx: false,
      tried: [attempt],
    }
  }
  const tried: Attempt[] = [
    {kind: 'table-domain', state: 'nothing', outcome: `${domain} is not a domain of a provider that is known`},
  ]
  const {query, online, deadlineMs = DEADLINE_MS} = options
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)])
  const mx = await askMx(domain, query, signal)
  options.signal.throwIfAborted()
  tried.push(mx.attempt)
  if (mx.provider) {
    const candidates = ofTable(mx.provider, address, {kind: 'table-mx', detail: `MX ${mx.host}`})
    return {candidates, provider: mx.provider, nullMx: false, tried}
  }
  // Below a name that does not exist there is nothing (RFC 8020 2).
  if (!online || mx.noName) return {candidates: [], provider: null, nullMx: mx.nullMx, tried}
  const question = {domain, address, query, signal, loopback: options.loopback}
  const published = await Promise.all([askSrv(question), askAutoconfig(question)])
  options.signal.throwIfAborted()
  tried.push(...published.map(({attempt}) => attempt))
  // The order of the two breaks ties; one host and port is told once, by whom it was found first.
  const candidates = published
    .flatMap((found) => found.candidates)
    .toSorted((a, b) => Number(b.security === 'tls') - Number(a.security === 'tls'))
    .filter(({host, port}, index, all) => all.findIndex((one) => one.host === host && one.port === port) === index)
  const [best] = candidates
  return {candidates, provider: best ? providerOfHost(best.host) : null, nullMx: mx.nullMx, tried}
}

function ofTable(provider: Provider, address: string, source: Candidate['source']): Candidate[] {
  return provider.smtp.map((endpoint) => ({
    ...endpoint,
    user: loginOf(address, provider),
    userFrom: `the table, for ${provider.name}`,
    source,
    trusted: true,
    // The table knows to whom its hosts belong.
    elsewhere: false,
  }))
}

/** What the mail exchangers of a domain tell. */
interface MxAnswer {
  readonly provider: Provider | null
  /** The exchanger that told it. */
  readonly host: string
  readonly nullMx: boolean
  /** The domain does not exist. */
  readonly noName: boolean
  readonly attempt: Attempt
}

async function askMx(domain: string, query: Query, signal: AbortSignal): Promise<MxAnswer> {
  const nothing = (state: Attempt['state'], outcome: string, more: Partial<MxAnswer> = {}): MxAnswer => ({
    ...{provider: null, host: '', nullMx: false, noName: false, ...more},
    attempt: {kind: 'table-mx', state, outcome},
  })
  try {
    const records = (await query(domain, 'MX', signal)).toSorted((a, b) => a.priority - b.priority)
    const hosts = records.map(({exchange}) => exchange)
    if (hosts.every((host) => host === ''))
      return nothing('nothing', `${domain} says that it takes no mail (null MX, RFC 7505)`, {nullMx: true})
    for (const host of hosts) {
      const provider = providerOfMx([host])
      if (provider)
        return {
          ...nothing('found', `mail for ${domain} goes to ${host}, which is ${provider.name}`),
          ...{provider, host},
        }
    }
    return nothing('nothing', `mail for ${domain} goes to ${hosts[0]}, which is of no provider that is known`)
  } catch (error) {
    const code = codeOf(error)
    const outcome = `MX of ${domain}: ${dnsReason(code)}`
    return nothing(isAnswer(code) ? 'nothing' : 'unknown', outcome, {noName: code === 'ENOTFOUND'})
  }
}

/** What both sources of a domain need. */
interface Question {
  readonly domain: string
  readonly address: string
  readonly query: Query
  readonly signal: AbortSignal
  readonly loopback: LoopbackWeb | undefined
}

/** The two services of submission: with TLS from the first byte (RFC 8314 5.1), and with STARTTLS (RFC 6186 3.1). */
const SERVICES = [
  {service: '_submissions._tcp', security: 'tls'},
  {service: '_submission._tcp', security: 'starttls'},
] as const

async function askSrv(question: Question): Promise<Found> {
  const answers = await Promise.all(SERVICES.map((service) => askService(question, service)))
  const candidates = answers.flatMap((answer) => answer.candidates)
  const states = answers.map(({state}) => state)
  const state = candidates.length > 0 ? 'found' : states.includes('unknown') ? 'unknown' : 'nothing'
  return {candidates, attempt: {kind: 'srv', state, outcome: answers.map(({outcome}) => outcome).join('; ')}}
}

async function askService(
  question: Question,
  {service, security}: (typeof SERVICES)[number],
): Promise<{readonly candidates: readonly Candidate[]; readonly state: Attempt['state']; readonly outcome: string}> {
  const {domain, address, query, signal} = question
  const name = `${service}.${domain}`
  let records: readonly SrvRecord[]
  try {
    records = await query(name, 'SRV', signal)
  } catch (error) {
    const code = codeOf(error)
    return {candidates: [], state: isAnswer(code) ? 'nothing' : 'unknown', outcome: `${name}: ${dnsReason(code)}`}
  }
  // A root as the target says that there is no such service (RFC 2782, RFC 6186 3.4).
  if (records.every((record) => record.name === ''))
    return {candidates: [], state: 'nothing', outcome: `${name} says that there is no such service`}
  const targets = records
    // Of equal priority the heavier one first: the dice of RFC 2782 are for those who connect.
    .toSorted((a, b) => a.priority - b.priority || b.weight - a.weight)
    .slice(0, MAX_TARGETS)
  const judged = await Promise.all(targets.map((target) => judgeHost(target.name, question)))
  const candidates = targets.flatMap((target, index): Candidate[] => {
    const {host} = judged[index]!
    if (host === null || target.port === 0) return []
    return [
      {
        ...{host, port: target.port, security, user: address, userFrom: 'the address, as RFC 6186 4 has it'},
        source: {kind: 'srv', detail: `${name} SRV ${target.priority} ${target.weight} ${target.port} ${target.name}`},
        trusted: false,
        elsewhere: isElsewhere(host, domain),
      },
    ]
  })
  const refused = judged.flatMap(({why}) => (why === null ? [] : [why]))
  const outcome = [`${name}: ${candidates.length} found`, ...refused].join(', ')
  return {candidates, state: candidates.length > 0 ? 'found' : 'nothing', outcome}
}

/** Where a domain's autoconfig file is (draft-ietf-mailmaint-autoconfig); only the first is told the address. */
const locations = (domain: string, address: string) => [
  new URL(`https://autoconfig.${domain}/mail/config-v1.1.xml?emailaddress=${encodeURIComponent(address)}`),
  new URL(`https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`),
]

async function askAutoconfig(question: Question): Promise<Found> {
  const {domain, address} = question
  const documents = await Promise.all(locations(domain, address).map((url) => readDocument(url, question)))
  const first = documents.find(({candidates}) => candidates.length > 0)
  if (first)
    return {candidates: first.candidates, attempt: {kind: 'autoconfig', state: 'found', outcome: first.outcome}}
  const state = documents.some(({unknown}) => unknown) ? 'unknown' : 'nothing'
  const outcome = documents.map((document) => document.outcome).join('; ')
  return {candidates: [], attempt: {kind: 'autoconfig', state, outcome}}
}

async function readDocument(
  url: URL,
  question: Question,
): Promise<{readonly candidates: readonly Candidate[]; readonly outcome: string; readonly unknown: boolean}> {
  const {domain, address} = question
  const where = `${url.origin}${url.pathname}`
  try {
    const servers = await readAutoconfig(await fetchPublic(url, question), address)
    const judged = await Promise.all(servers.map(({host}) => judgeHost(host, question)))
    const candidates = servers
      .filter((_, index) => judged[index]!.host !== null)
      .map(({host, port, security, user}): Candidate => ({
        ...{host, port, security, user, userFrom: where},
        source: {kind: 'autoconfig', detail: where},
        trusted: false,
        elsewhere: isElsewhere(host, domain),
      }))
    const refused = judged.flatMap(({why}) => (why === null ? [] : [why]))
    const outcome = [`${where}: ${candidates.length} found`, ...refused].join(', ')
    return {candidates, outcome, unknown: false}
  } catch (error) {
    const unknown = error instanceof NoDocument && error.unknown
    return {candidates: [], outcome: `${where}: ${messageOf(error)}`, unknown}
  }
}

/** A host that a stranger names, if one may send a password there some day; else why not. */
async function judgeHost(
  name: string,
  {query, signal, loopback}: Question,
): Promise<{readonly host: string; readonly why: null} | {readonly host: null; readonly why: string}> {
  const host = publicHost(name)
  if (host === null) return {host: null, why: `${name} is no public name`}
  const {found, why, unknown} = await addressesOf(host, query, signal)
  if (why !== null && !unknown) return {host: null, why: `${host}: ${why}`}
  if (!loopback && !found.every(isPublicAddress)) return {host: null, why: `${host} has an address that is not public`}
  // Where DNS could not say, it is still what was published; who connects asks again.
  return {host, why: null}
}

const isElsewhere = (host: string, domain: string) => host !== domain && !host.endsWith(`.${domain}`)

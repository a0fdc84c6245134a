/** The stage `dns`: the addresses of the server. */
import {lookup} from 'node:dns/promises'
import {isIP} from 'node:net'
import {failed, passed, type Evidence, type Finding} from '../channel/stage.ts'
import {isLoopback} from '../connection/loopback.ts'
import {connectError} from '../connection/transport-errors.ts'
import {dnsReason} from '../dns/resolver.ts'
import {codeOf, type ErrorParts, EXIT} from '../errors.ts'
import type {Conversation, ServerAddress} from './conversation.ts'
import {nearHost} from './near-host.ts'

/** Addresses that are tried; large providers publish some ten. */
const MOST_ADDRESSES = 8

/** What was answered to one question. */
interface Answer {
  readonly addresses: readonly ServerAddress[]
  /** Why there are none; null where there are. */
  readonly code: string | null
  readonly ms: number
}

/** Notes the addresses with the conversation. */
export async function lookUp(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {host} = conversation.subject
  const literal = isIP(host)
  if (literal !== 0) return take(conversation, [{address: host, family: literal === 6 ? 6 : 4}], {host})
  // Of this machine it is known without the DNS (RFC 6761 6.3).
  const [system, dns] = await Promise.all([
    conversation.asksSystem || isLoopback(host) ? askSystem(conversation, signal) : null,
    isLoopback(host) ? null : askDns(conversation, signal),
  ])
  const evidence: Evidence = {
    host,
    ...(dns === null ? {} : {A: shown(dns.A), AAAA: shown(dns.AAAA), ...(dns.cname ? {CNAME: dns.cname} : {})}),
    ...(system === null ? {} : {system: shown(system)}),
  }
  const inDns = dns === null ? [] : [...dns.A.addresses, ...dns.AAAA.addresses]
  // What this machine says of a name, as `/etc/hosts` has it, is what every program on it is told.
  const addresses = system?.addresses ?? inDns
  if (addresses.length > 0) return take(conversation, addresses, evidence)
  const codes = dns === null ? [] : [dns.A.code, dns.AAAA.code]
  return failed(notFound(conversation, system?.code ?? null, codes, inDns.length > 0), evidence)
}

function take(conversation: Conversation, found: readonly ServerAddress[], evidence: Evidence): Finding {
  const {host, family} = conversation.subject
  const wanted = found.filter((one) => family === null || one.family === family).slice(0, MOST_ADDRESSES)
  if (wanted.length === 0) return failed(noneOfFamily(host, family ?? 4), evidence)
  conversation.addresses = wanted
  const named = wanted.map(({address}) => address).join(', ')
  return passed(named === host ? `${host} is an address` : `${host} is ${named}`, evidence)
}

async function askDns({query, subject: {host}}: Conversation, signal: AbortSignal) {
  const one = async (type: 'A' | 'AAAA', family: 4 | 6): Promise<Answer> => {
    const began = performance.now()
    const [records, code] = await query(host, type, signal).then(
      (records) => [records, null] as const,
      (error: unknown) => [[], codeOf(error) || 'ESERVFAIL'] as const,
    )
    return {addresses: records.map((address) => ({address, family})), code, ms: since(began)}
  }
  const [A, AAAA, cname] = await Promise.all([
    one('A', 4),
    one('AAAA', 6),
    // Merely for the evidence: whoever has the addresses has followed it.
    query(host, 'CNAME', signal).then(
      ([name]) => name,
      () => undefined,
    ),
  ])
  signal.throwIfAborted()
  return {A, AAAA, cname}
}

/** As every program of this machine is told: `getaddrinfo`, which nothing stops once it runs. */
async function askSystem({deadlines, subject: {host}}: Conversation, signal: AbortSignal): Promise<Answer> {
  const began = performance.now()
  const ended = AbortSignal.any([signal, AbortSignal.timeout(deadlines.connectMs)])
  const {promise, resolve} = Promise.withResolvers<Omit<Answer, 'ms'>>()
  const late = () => resolve({addresses: [], code: 'LOOKUP_TIMEOUT'})
  ended.addEventListener('abort', late, {once: true})
  lookup(host, {all: true}).then(
    (all) =>
      resolve({addresses: all.map(({address, family}) => ({address, family: family === 6 ? 6 : 4})), code: null}),
    (error: unknown) => resolve({addresses: [], code: codeOf(error) || 'EAI_FAIL'}),
  )
  const answer = await promise
  ended.removeEventListener('abort', late)
  signal.throwIfAborted()
  return {...answer, ms: since(began)}
}

const since = (began: number) => Math.round(performance.now() - began)

const shown = ({addresses, code, ms}: Answer): Evidence =>
  code === null ? {records: addresses.map(({address}) => address), ms} : {error: code, reason: dnsReason(code), ms}

/** Codes of `node:dns` as the errors of a connection have them: these tell more than that nothing is known. */
const TELLING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'ENOTFOUND',
  ENODATA: 'ENODATA',
  ESERVFAIL: 'ESERVFAIL',
  ETIMEOUT: 'LOOKUP_TIMEOUT',
  LOOKUP_TIMEOUT: 'LOOKUP_TIMEOUT',
}

/** `system` is what `getaddrinfo` said, which does not tell a name without an address from none, as the DNS does. */
function notFound(
  {subject, protocol}: Conversation,
  system: string | null,
  dns: readonly (string | null)[],
  isInDns: boolean,
): ErrorParts {
  const codes = dns.filter((code) => code !== null)
  const silent = codes.find((code) => code !== 'ENOTFOUND' && code !== 'ENODATA')
  const code = silent ?? (codes.includes('ENODATA') ? 'ENODATA' : (codes[0] ?? system ?? 'ENOTFOUND'))
  const known = TELLING[code]
  const parts = connectError(Object.assign(new Error(code), {code: known ?? 'EAI_AGAIN'}), subject, protocol)
  if (isInDns)
    return {...parts, why: 'the DNS has its address, and the system of this machine finds none: see /etc/nsswitch.conf'}
  if (known === undefined) return {...parts, why: dnsReason(code)}
  const near = code === 'ENOTFOUND' ? nearHost(subject.host) : null
  return near === null ? parts : {...parts, fixes: [{text: `Did you mean ${near}?`}, ...(parts.fixes ?? [])]}
}

const noneOfFamily = (host: string, family: 4 | 6): ErrorParts => ({
  code: 'DNS_NO_SUCH_FAMILY',
  exitCode: EXIT.dns,
  title: `${host} has no IPv${family} address`,
  why: `only addresses of IPv${family} were asked for`,
  fixes: [{text: `Leave out -${family}.`}],
})

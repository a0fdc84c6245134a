/** The stage `dns`: the addresses of the server. */
import {lookup} from 'node:dns/promises'
import {isIP} from 'node:net'
import {failed, passed, type Evidence, type Finding} from '../channel/stage.ts'
import {isLoopback} from '../connection/loopback.ts'
import {connectError} from '../connection/transport-errors.ts'
import {PROVIDERS} from '../discovery/providers.ts'
import {dnsReason, isAnswer, type Query} from '../dns/resolver.ts'
import {codeOf, type ErrorParts, EXIT} from '../errors.ts'
import {nearNames} from '../near-names.ts'
import type {Conversation, ServerAddress} from './conversation.ts'

/** Addresses that are tried; large providers publish some ten. */
const MOST_ADDRESSES = 8

/** Notes the addresses with the conversation. */
export async function lookUp(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject, asksSystem, query} = conversation
  const {host, family} = subject
  const literal = isIP(host)
  if (literal !== 0) {
    conversation.addresses = [{address: host, family: literal === 4 ? 4 : 6}]
    return passed(`${host} is an address`, {host})
  }
  const asked = await ask(query, host, signal)
  // What this machine says of a name is what every program on it is told.
  const found = asksSystem || isLoopback(host) ? await askSystem(host) : asked
  const addresses = found.addresses.filter((one) => family === null || one.family === family).slice(0, MOST_ADDRESSES)
  const evidence: Evidence = {
    host,
    A: asked.of(4),
    AAAA: asked.of(6),
    ...(asksSystem ? {system: found.addresses.map(({address}) => address)} : {}),
  }
  if (addresses.length > 0) {
    conversation.addresses = addresses
    return passed(`${host} is ${addresses.map(({address}) => address).join(', ')}`, evidence)
  }
  if (found.addresses.length > 0) return failed(noneOfFamily(host, family ?? 4), evidence)
  return failed(notFound(conversation, found.codes), evidence)
}

interface Found {
  readonly addresses: readonly ServerAddress[]
  /** The records of a family, or why there are none. */
  of(family: 4 | 6): string[] | string
  readonly codes: readonly string[]
}

async function ask(query: Query, host: string, signal: AbortSignal): Promise<Found> {
  const one = (type: 'A' | 'AAAA', family: 4 | 6) =>
    query(host, type, signal).then(
      (records) => ({family, records: [...records], code: null}),
      (error: unknown) => ({family, records: [], code: codeOf(error) || 'ESERVFAIL'}),
    )
  const answers = await Promise.all([one('A', 4), one('AAAA', 6)])
  return {
    addresses: answers.flatMap(({family, records}) => records.map((address) => ({address, family}))),
    codes: answers.flatMap(({code}) => code ?? []),
    of(family) {
      const {records, code} = answers.find((answer) => answer.family === family)!
      return code === null ? records : dnsReason(code)
    },
  }
}

async function askSystem(host: string): Promise<Pick<Found, 'addresses' | 'codes'>> {
  try {
    const all = await lookup(host, {all: true})
    return {addresses: all.map(({address, family}) => ({address, family: family === 6 ? 6 : 4})), codes: []}
  } catch (error) {
    return {addresses: [], codes: [codeOf(error)]}
  }
}

function notFound({subject, protocol}: Conversation, codes: readonly string[]): ErrorParts {
  const {host} = subject
  // That there is no record is an answer; anything else means that nothing is known.
  const silent = codes.find((code) => !isAnswer(code))
  const code = silent === undefined ? 'ENOTFOUND' : 'EAI_AGAIN'
  const parts = connectError(Object.assign(new Error(code), {code}), subject, protocol)
  if (silent !== undefined) return {...parts, why: dnsReason(silent)}
  const [near] = nearNames(host, PROVIDER_HOSTS)
  return {
    ...parts,
    why: codes.includes('ENOTFOUND') ? 'the DNS has no such name' : 'the name is in the DNS, and has no address',
    fixes: [...(near === undefined ? [] : [{text: `Did you mean ${near}?`}]), ...(parts.fixes ?? [])],
  }
}

const PROVIDER_HOSTS = PROVIDERS.flatMap(({smtp}) => smtp.map(({host}) => host))

const noneOfFamily = (host: string, family: 4 | 6): ErrorParts => ({
  code: 'DNS_NO_SUCH_FAMILY',
  exitCode: EXIT.dns,
  title: `${host} has no IPv${family} address`,
  why: `only addresses of IPv${family} were asked for`,
  fixes: [{text: `Leave out -${family}.`}],
})

/** The DNS resolvers of this machine: which they are, and whether each answers. */
import {getServers} from 'node:dns'
import {isIP} from 'node:net'
import {failed, passed, skipped, warned, type Finding} from '../channel/stage.ts'
import {createResolver, dnsReason, isAnswer, type RecordType, type ResolverAddress} from '../dns/resolver.ts'
import {codeOf, EXIT, type ErrorParts, type Fix, partsOf, type PostdeskError} from '../errors.ts'

/** What is asked about: a server of the portal, or the domain of its mail. */
export interface DnsQuestion {
  readonly name: string
  readonly type: RecordType
}

/** Resolvers that are asked: the system itself uses the first three (resolv.conf(5)). */
const MAX_RESOLVERS = 5

const NAME_ANOTHER: Fix = {text: 'Correct POSTDESK_RESOLVER, or take it away: then those of the system are asked.'}

/** POSTDESK_RESOLVER names none. */
export const misnamedResolver = (error: PostdeskError): Finding =>
  failed({...partsOf(error), fixes: [...error.fixes, NAME_ANOTHER]})

/** @param named the one that POSTDESK_RESOLVER names; null for the system's. */
export async function lookAtResolvers(named: ResolverAddress | null, question: DnsQuestion | null): Promise<Finding> {
  const resolvers = named === null ? getServers().flatMap(addressOf).slice(0, MAX_RESOLVERS) : [named]
  const shown = resolvers.map(shownAs)
  if (question === null)
    return skipped('there is no name to ask for: no portal, or none of its servers has a name', {resolvers: shown})
  const answers = await Promise.all(resolvers.map((address) => ask(address, question)))
  const silent = answers.filter(({error}) => error !== null)
  const evidence = {asked: `${question.type} ${question.name}`, resolvers: answers}
  if (answers.length > 0 && silent.length === 0)
    return passed(`${shown.join(', ')} ${shown.length === 1 ? 'answers' : 'answer'}`, evidence)
  const problem: ErrorParts = {
    code: 'DNS_UNAVAILABLE',
    exitCode: EXIT.dns,
    title:
      resolvers.length === 0
        ? 'This machine has no DNS resolver'
        : `${silent.map(({resolver}) => resolver).join(', ')} ${silent.length === 1 ? 'does' : 'do'} not answer`,
    why:
      resolvers.length === 0
        ? 'none is configured'
        : silent.map(({resolver, error}) => (silent.length === 1 ? `${error}` : `${resolver}: ${error}`)).join('; '),
    fixes: [
      named === null
        ? {text: 'Correct the resolvers of this machine (/etc/resolv.conf), and see that port 53 is open to them.'}
        : NAME_ANOTHER,
    ],
  }
  if (silent.length === answers.length) return failed(problem, evidence)
  return warned({...problem, why: `${problem.why}. Every name that is looked up may wait for it first`}, evidence)
}

async function ask(address: ResolverAddress, {name, type}: DnsQuestion) {
  const began = performance.now()
  const error = await createResolver({address})(name, type).then(
    () => null,
    // That there is no such record is an answer, too.
    (error: unknown) => (isAnswer(codeOf(error)) ? null : dnsReason(codeOf(error))),
  )
  return {resolver: shownAs(address), ms: Math.round(performance.now() - began), error}
}

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`, as Node gives them. */
function addressOf(text: string): ResolverAddress[] {
  if (isIP(text) !== 0) return [{host: text, port: 53}]
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? []
  const host = six ?? four
  return host === undefined ? [] : [{host, port: Number(port)}]
}

const shownAs = ({host, port}: ResolverAddress): string =>
  port === 53 ? host : `${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** The stage `srv`: the servers that the domain names itself (RFC 6186, RFC 8314 5.1), against the one that is configured. */
import {type Finding, passed, skipped, warned} from '../../channel/stage.ts'
import {PROVIDERS} from '../../discovery/providers.ts'
import {type Ask, type Answer, notKnown} from './ask.ts'
import {conclude, OF_DNS, publishFix} from './conclude.ts'
import type {DomainSubject} from './domain-subject.ts'
import type {SrvRecord} from '../../dns/resolver.ts'

/** Services, those with TLS from the first byte before those with STARTTLS. */
const SERVICES = {
  smtp: [
    {service: '_submissions._tcp', security: 'tls'},
    {service: '_submission._tcp', security: 'starttls'},
  ],
  imap: [
    {service: '_imaps._tcp', security: 'tls'},
    {service: '_imap._tcp', security: 'starttls'},
  ],
} as const

/** Targets that are told; domains publish one or two. */
const MOST_TARGETS = 10

interface Target {
  readonly service: string
  readonly security: 'tls' | 'starttls'
  readonly host: string
  readonly port: number
  readonly priority: number
}

interface Service {
  readonly service: string
  readonly security: 'tls' | 'starttls'
  readonly answer: Answer<readonly SrvRecord[]>
}

export async function lookAtSrv(subject: DomainSubject, ask: Ask): Promise<Finding> {
  const {domain, protocol, host} = subject
  const services = await Promise.all(
    SERVICES[protocol].map(async ({service, security}): Promise<Service> => ({
      service,
      security,
      answer: await ask(`${service}.${domain}`, 'SRV'),
    })),
  )
  const targets = services.flatMap(targetsOf).slice(0, MOST_TARGETS)
  const evidence = {targets: targets.map((target) => ({...target}))}
  if (host === null) return skipped('no server is configured that could be compared', evidence)
  if (targets.some((target) => target.host === host.toLowerCase()))
    return passed(`${domain} names ${host} itself`, evidence)
  const unknown = services.find(({answer}) => answer.kind === 'unknown')
  if (unknown?.answer.kind === 'unknown')
    return warned(notKnown(`The servers that ${domain} names`, unknown.answer.why), evidence)
  if (targets.length > 0) return findOthers(subject, host, targets)
  // A root as the target says that there is no such service (RFC 2782, RFC 6186 3.4).
  const refused = services.find(({answer}) => answer.kind === 'found')
  if (refused === undefined)
    return skipped(`${domain} names no servers by SRV records, so that there is nothing to compare`, evidence)
  return conclude({
    well: '',
    faults: [
      {
        code: 'SRV_NO_SERVICE',
        weight: 'weak',
        title: `${domain} says that it has no such server`,
        why: `${refused.service}.${domain} is the root, which means that the service is not offered`,
        publish: [recordFor(subject, host, true)],
        fixes: [{text: `Or, where ${host} is not meant for the domain, use the server that its provider names.`}],
      },
    ],
    evidence,
    exitCodes: OF_DNS,
  })
}

const targetsOf = ({service, security, answer}: Service): Target[] =>
  answer.kind !== 'found'
    ? []
    : answer.records
        .filter(({name, port}) => name !== '' && port !== 0)
        .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight)
        .map(({name, port, priority}) => ({service, security, host: name.toLowerCase(), port, priority}))

function findOthers(subject: DomainSubject, host: string, targets: readonly Target[]): Finding {
  const {domain, provider} = subject
  const evidence = {targets: targets.map((target) => ({...target}))}
  const named = targets.map((target) => `${target.host}:${target.port}`).join(', ')
  // Who has mailboxes here and sends by a service for sending alone meant it so.
  const sender = PROVIDERS.find(({id, forwarding}) => id === provider && forwarding === null)
  if (sender) return passed(`${domain} names ${named} for its mailboxes; ${sender.name} only sends`, evidence)
  const [best] = targets
  const record = recordFor(subject, host, false)
  return conclude({
    well: '',
    faults: [
      {
        code: 'SRV_NAMES_OTHERS',
        weight: 'weak',
        title: `${domain} names another server than ${host}`,
        why: `its SRV records name ${named}`,
        causes: [`${host} is an old name, or of another provider`, 'the SRV records are out of date'],
        fixes: [
          {text: `Use what the domain names: --host ${best!.host} --port ${best!.port} --security ${best!.security}.`},
          publishFix(record),
        ],
      },
    ],
    evidence,
    exitCodes: OF_DNS,
  })
}

/** The record that names the configured server. */
function recordFor({domain, protocol, port, security}: DomainSubject, host: string, replaces: boolean) {
  const [overTls, startTls] = SERVICES[protocol]
  const {service} = security === 'tls' ? overTls : startTls
  return {name: `${service}.${domain}`, type: 'SRV', value: `0 1 ${port ?? 0} ${host}.`, replaces} as const
}

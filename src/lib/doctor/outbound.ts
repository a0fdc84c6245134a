/** Connections to the servers of a portal, port by port: what a network lets out, and what it does not. */
import {connect, isIP} from 'node:net'
import {failed, passed, skipped, type Finding} from '../channel/stage.ts'
import {SMTP, type MailProtocol} from '../connection/protocol.ts'
import {connectError} from '../connection/transport-errors.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {type ErrorParts, EXIT, type Fix} from '../errors.ts'
import {bracketed, type Security} from '../server-settings.ts'

/** A server that the portal sends by or fetches from. */
export interface MailServer {
  readonly protocol: MailProtocol
  readonly host: string
  readonly port: number
  readonly security: Security
  /** As `email test` names it: an address, `inbound`, `relay`. */
  readonly usedBy: string
}

export interface OutboundOptions {
  /** The port that nearly every network lets out. */
  readonly webPort?: number
  readonly timeoutMs?: number
  /** Names of the variables of proxies that are set. */
  readonly proxies?: readonly string[]
}

/** A host that is there answers within a second, at the other end of the world too; a lost packet is sent again after 1 and 3 s. */
const TIMEOUT_MS = 5000
/** Servers that are tried; a portal has some dozen at most. */
const MAX_SERVERS = 50
const WEB_PORT = 443

interface Tried {
  readonly server: MailServer
  readonly ms: number
  /** What went wrong; null where it connected. */
  readonly error: Error | null
}

export async function lookAtOutbound(
  servers: readonly MailServer[],
  {webPort = WEB_PORT, timeoutMs = TIMEOUT_MS, proxies = []}: OutboundOptions = {},
): Promise<Finding> {
  if (servers.length === 0) return skipped('the portal has no server to connect to')
  const tried = await Promise.all(
    distinct(servers)
      .slice(0, MAX_SERVERS)
      .map((server) => tryServer(server, timeoutMs)),
  )
  const silent = tried.filter(({error}) => isSilence(error))
  const hosts = [...new Set(silent.map(({server}) => server.host))]
  const webAnswers = new Set(
    (await Promise.all(hosts.map(async (host) => ((await reaches(host, webPort, timeoutMs)) ? host : null)))).flatMap(
      (host) => host ?? [],
    ),
  )
  const evidence = {
    servers: tried.map(({server, ms, error}) => ({
      server: at(server),
      usedBy: server.usedBy,
      ms,
      error: error === null ? null : connectError(error, server, server.protocol).code,
      webAnswers: isSilence(error) ? webAnswers.has(server.host) : null,
    })),
  }
  const failing = tried.filter(({error}) => error !== null)
  if (failing.length === 0) return passed(`${tried.map(({server}) => at(server)).join(', ')} can be reached`, evidence)
  const blocked = silent.filter(({server}) => webAnswers.has(server.host)).map(({server}) => server)
  return failed(blocked.length > 0 ? portBlocked(blocked, webPort, proxies) : unreachable(failing), evidence)
}

const distinct = (servers: readonly MailServer[]): MailServer[] => [
  ...new Map(servers.map((server) => [at(server), server])).values(),
]

const at = ({host, port}: MailServer): string => `${bracketed(host)}:${port}`

const isSilence = (error: Error | null): boolean =>
  error !== null && ['CONNECT_TIMEOUT', 'ETIMEDOUT'].includes((error as NodeJS.ErrnoException).code ?? '')

async function tryServer(server: MailServer, timeoutMs: number): Promise<Tried> {
  const began = performance.now()
  const error = await connectionTo(server.host, server.port, timeoutMs)
  return {server, ms: Math.round(performance.now() - began), error}
}

const reaches = async (host: string, port: number, timeoutMs: number): Promise<boolean> => {
  const error = await connectionTo(host, port, timeoutMs)
  // Whoever refuses has answered.
  return error === null || (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
}

/** Connects and hangs up; the error, null where it connected. */
function connectionTo(host: string, port: number, timeoutMs: number): Promise<Error | null> {
  return new Promise((resolve) => {
    let lookedUp = isIP(host) !== 0
    const socket = connect({host, port, autoSelectFamily: true})
    const settle = (error: Error | null) => {
      clearTimeout(timer)
      socket.on('error', () => {}).destroy()
      resolve(error)
    }
    const timer = setTimeout(
      () => settle(Object.assign(new Error('timed out'), {code: lookedUp ? 'CONNECT_TIMEOUT' : 'LOOKUP_TIMEOUT'})),
      timeoutMs,
    )
    socket
      .once('lookup', (error: Error | null) => (lookedUp = error === null))
      .once('connect', () => settle(null))
      .once('error', settle)
  })
}

/** The class that is the lowest decides; the others are named. */
function unreachable(failing: readonly Tried[]): ErrorParts {
  const all = failing
    .map(({server, error}) => connectError(error, server, server.protocol))
    .toSorted((a, b) => a.exitCode - b.exitCode)
  const [first, ...others] = all
  if (others.length === 0) return first!
  return {
    ...first!,
    title: `${first!.title}, and ${others.length} more cannot be reached`,
    why: [first!.why, ...others.map(({title, why}) => `${title}: ${why}`)].join('; '),
  }
}

/** A filter is silent where a host would refuse, and other ports of the same host answer. */
function portBlocked(servers: readonly MailServer[], webPort: number, proxies: readonly string[]): ErrorParts {
  const [first] = servers
  const others = first!.protocol === SMTP ? (providerOfHost(first!.host)?.smtp ?? []) : []
  const free = others.find(
    ({port}) => ![25, 465, 587].includes(port) && !servers.some((server) => server.port === port),
  )
  const fixes: Fix[] = [
    ...(free === undefined
      ? []
      : [
          {
            text: `${first!.host} also takes mail at port ${free.port}, which few networks block:`,
            command: settingsCommand(first!, free.port),
          },
        ]),
    {
      text: 'Ask whoever runs this network, or the host of this machine, to open the port: many clouds do so on request.',
    },
    {text: 'Or work from another network.'},
    ...(proxies.length === 0
      ? []
      : [{text: `${proxies.join(', ')} does not help: mail does not go by a proxy of the web.`}]),
  ]
  return {
    code: 'PORT_BLOCKED',
    exitCode: EXIT.tcp,
    title: `This network blocks ${servers.map(at).join(', ')}`,
    why: `nothing answers there, not even with a refusal, while port ${webPort} of the same ${servers.length === 1 ? 'host' : 'hosts'} answers`,
    fixes,
    certainty: 'likely',
  }
}

const settingsCommand = ({usedBy}: MailServer, port: number): string =>
  usedBy === 'relay'
    ? `postdesk portal relay set smtp --port ${port} …`
    : `postdesk email update ${usedBy} --port ${port} --keep-password`

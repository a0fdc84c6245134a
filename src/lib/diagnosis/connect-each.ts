/** The stage `tcp`: a connection to every address of the server. */
import {failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {connectError} from '../connection/transport-errors.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Conversation, ServerAddress} from './conversation.ts'
import type {OpenWire} from './open-wire.ts'
import {WireError} from './wire.ts'

interface Attempt {
  readonly server: ServerAddress
  readonly ms: number
  readonly outcome: {readonly wire: OpenWire} | {readonly error: WireError}
}

/** Keeps the first connection that stood as that of the conversation. */
export async function connectEach(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject, protocol, addresses} = conversation
  let first: OpenWire | null = null
  const attempts = await Promise.all(
    addresses.map(async (server): Promise<Attempt> => {
      const began = performance.now()
      const ms = () => Math.round(performance.now() - began)
      try {
        const wire = await conversation.connect(server.address, signal)
        if (first === null) first = wire
        else wire.close()
        return {server, ms: ms(), outcome: {wire}}
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        return {server, ms: ms(), outcome: {error}}
      }
    }),
  )
  const evidence: Evidence = {
    connections: attempts.map(({server, ms, outcome}) => ({
      ...server,
      ms,
      outcome: 'wire' in outcome ? 'connected' : wordOf(outcome.error),
    })),
  }
  const failures = attempts.flatMap(({server, outcome}) => ('error' in outcome ? [{server, error: outcome.error}] : []))
  const wire = first as OpenWire | null
  if (wire === null) return failed(allFailed(failures, conversation), evidence)
  conversation.use(wire)
  const broken = failures.filter(({server, error}) => isBroken(server, error, attempts))
  if (broken.length > 0) return warned(familyBroken(broken, subject.host), {...evidence, used: wire.address})
  return passed(`connected to ${wire.address} port ${subject.port}`, {
    ...evidence,
    used: wire.address,
    protocol: protocol.name,
  })
}

/** A refusal says most, a missing route the least: many machines have none for IPv6. */
const TELLING = ['ECONNREFUSED', 'ECONNRESET', 'CONNECT_TIMEOUT', 'ETIMEDOUT']

function allFailed(failures: readonly {readonly error: WireError}[], {subject, protocol}: Conversation): ErrorParts {
  const rank = ({code}: WireError) => (TELLING.includes(code) ? TELLING.indexOf(code) : TELLING.length)
  const [most] = failures.map(({error}) => error).toSorted((a, b) => rank(a) - rank(b))
  return connectError(most, subject, protocol)
}

/** That this machine has no way to a family at all is no fault of the server. */
function isBroken({family}: ServerAddress, {code}: WireError, attempts: readonly Attempt[]): boolean {
  const stands = attempts.some(({server, outcome}) => server.family === family && 'wire' in outcome)
  return stands || !['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code)
}

const familyBroken = (
  broken: readonly {readonly server: ServerAddress; readonly error: WireError}[],
  host: string,
): ErrorParts => ({
  code: 'TCP_SOME_ADDRESSES_FAIL',
  exitCode: EXIT.tcp,
  title: `${broken.map(({server}) => server.address).join(', ')} of ${host} ${broken.length === 1 ? 'is' : 'are'} not reached`,
  why: `${broken.map(({server, error}) => `IPv${server.family} ${wordOf(error)}`).join('; ')}; connections are slow where it is tried first`,
  fixes: [
    {text: "Have the server's administrator mend or remove that address."},
    {text: 'Or, where every host fails so, mend the IPv6 of this network.'},
  ],
})

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  CONNECT_TIMEOUT: 'no answer',
  ETIMEDOUT: 'no answer',
  ENETUNREACH: 'no route',
  EHOSTUNREACH: 'no route',
  EADDRNOTAVAIL: 'no route',
}
const wordOf = ({code}: WireError) => WORDS[code] ?? code

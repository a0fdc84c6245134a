/** The stage `tcp`: a connection to every address of the server. */
import {failed, passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import {isLoopback} from '../connection/loopback.ts'
import {connectError} from '../connection/transport-errors.ts'
import {PROVIDERS} from '../discovery/providers.ts'
import {EXIT, type ErrorParts, type Fix} from '../errors.ts'
import type {Conversation, ServerAddress} from './conversation.ts'
import type {OpenWire} from './open-wire.ts'
import {WireError} from './wire.ts'

interface Attempt extends ServerAddress {
  readonly ms: number
  /** Null where it stood. */
  readonly error: WireError | null
}

/**
 * How much longer than the first of them an address may take, in milliseconds: a packet that was lost is sent again after
 * one second (RFC 6298 2.1), and the server must not wait for our first command too long.
 */
const GRACE_MS = 3000

/** Keeps the first connection that stood as that of the conversation. */
export async function connectEach(conversation: Conversation, signal: AbortSignal): Promise<Finding> {
  const {subject, addresses} = conversation
  const late = new AbortController()
  let grace: ReturnType<typeof setTimeout> | undefined
  let first: OpenWire | null = null
  const attempts = await Promise.all(
    addresses.map(async (server): Promise<Attempt> => {
      const began = performance.now()
      const ms = () => Math.round(performance.now() - began)
      try {
        const wire = await connectUnlessLate(conversation, server.address, signal, late.signal)
        const took = ms()
        if (first === null) {
          first = wire
          grace = setTimeout(() => late.abort(), GRACE_MS)
        } else wire.close()
        return {...server, ms: took, error: null}
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        return {...server, ms: ms(), error}
      }
    }),
  ).finally(() => clearTimeout(grace))
  const evidence: Evidence = {
    connections: attempts.map(({address, family, ms, error}) => ({
      address,
      family,
      ms,
      outcome: error === null ? 'connected' : wordOf(error),
    })),
  }
  const wire = first as OpenWire | null
  if (wire === null) return failed(noneStands(attempts, conversation), evidence)
  conversation.use(wire)
  const used = {...evidence, used: wire.address}
  const broken = attempts.filter((attempt) => isBroken(attempt, attempts))
  if (broken.length > 0) return warned(someFail(broken, subject.host), used)
  return passed(`connected to ${wire.address} port ${subject.port}`, used)
}

/** @throws `WireError`, also where it is late; the reason of `signal`. */
async function connectUnlessLate(conversation: Conversation, address: string, signal: AbortSignal, late: AbortSignal) {
  // Only for as long as it does not stand: the first that does must not end with the others.
  const waiting = new AbortController()
  const giveUp = () => waiting.abort()
  late.addEventListener('abort', giveUp, {once: true})
  try {
    return await conversation.connect(address, AbortSignal.any([signal, waiting.signal]))
  } catch (error) {
    signal.throwIfAborted()
    if (waiting.signal.aborted) throw new WireError('CONNECT_TIMEOUT', 'others stood long before')
    throw error
  } finally {
    late.removeEventListener('abort', giveUp)
  }
}

/** A refusal says most, a missing route the least: many machines have none for IPv6. */
const TELLING = ['ECONNREFUSED', 'ECONNRESET', 'CONNECT_TIMEOUT', 'ETIMEDOUT']
const NO_ROUTE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'])

function noneStands(attempts: readonly Attempt[], {subject, protocol}: Conversation): ErrorParts {
  const rank = ({code}: WireError) => (TELLING.includes(code) ? TELLING.indexOf(code) : TELLING.length)
  const [most] = attempts.flatMap(({error}) => error ?? []).toSorted((a, b) => rank(a) - rank(b))
  const parts = connectError(most, subject, protocol)
  return parts.code === 'TCP_TIMEOUT' ? {...parts, fixes: [...otherPorts(subject), ...(parts.fixes ?? [])]} : parts
}

/** A port that is silent is mostly blocked on the way, and the provider has others. */
function otherPorts({host, port}: Conversation['subject']): Fix[] {
  const ways = PROVIDERS.flatMap(({smtp}) => smtp).filter((way) => way.host === host && way.port !== port)
  const named = [...new Set(ways.map((way) => `--port ${way.port} --security ${way.security}`))]
  return named.length === 0 ? [] : [{text: `Try another port of ${host}: ${named.join(', or ')}.`}]
}

/** That this machine has no way to a family at all is no fault of the server; nor is it that a server here has but one. */
function isBroken({address, family, error}: Attempt, attempts: readonly Attempt[]): boolean {
  if (error === null || (isLoopback(address) && error.code === 'ECONNREFUSED')) return false
  const stands = attempts.some((other) => other.family === family && other.error === null)
  return stands || !NO_ROUTE.has(error.code)
}

function someFail(broken: readonly Attempt[], host: string): ErrorParts {
  const [only, ...others] = broken
  const slow = broken.some(({error}) => wordOf(error) === 'no answer')
  return {
    code: 'TCP_SOME_ADDRESSES_FAIL',
    exitCode: EXIT.tcp,
    title: `${broken.map(({address}) => address).join(', ')} of ${host} ${others.length === 0 ? 'is' : 'are'} not reached`,
    why: `${broken.map(({family, error}) => `IPv${family}: ${wordOf(error)}`).join('; ')}; ${
      slow ? 'connections are slow where it is tried first' : 'programs that try but one address fail there'
    }`,
    fixes: [
      {text: "Have the server's administrator mend or remove that address."},
      ...(only?.family === 6 ? [{text: 'Or, where every host fails so, mend the IPv6 of this network.'}] : []),
    ],
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  CONNECT_TIMEOUT: 'no answer',
  ETIMEDOUT: 'no answer',
  ENETUNREACH: 'no route',
  EHOSTUNREACH: 'no route',
  EADDRNOTAVAIL: 'no route',
  EAFNOSUPPORT: 'no route',
}
const wordOf = (error: WireError | null) => (error === null ? 'connected' : (WORDS[error.code] ?? error.code))

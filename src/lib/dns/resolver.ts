/**
 * Questions to the DNS about mail, within bounds: names come from strangers, and a resolver that is silent must not hold
 * up a mailbox. Answers and failures are kept for a while, so that mail of one sender costs one question.
 */
import {Resolver} from 'node:dns/promises'
import {codeOf} from '../errors.ts'

/** A mail exchanger; an empty name is the root, which is none (RFC 7505 3). */
export interface MxRecord {
  readonly exchange: string
  /** The lowest is preferred (RFC 5321 5.1). */
  readonly priority: number
}

/** Where a service is (RFC 2782); an empty name is the root, which says that there is none. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** Which certificate a server must have (RFC 6698 2.1). */
export interface TlsaRecord {
  readonly certUsage: number
  readonly selector: number
  readonly match: number
  readonly data: ArrayBuffer
}

/** As `node:dns` gives them: of a TXT record its strings, of others a name, an address, or fields. */
export interface RecordsOf {
  readonly TXT: readonly string[][]
  readonly A: readonly string[]
  readonly AAAA: readonly string[]
  readonly CNAME: readonly string[]
  readonly MX: readonly MxRecord[]
  readonly SRV: readonly SrvRecord[]
  readonly TLSA: readonly TlsaRecord[]
}

export type RecordType = keyof RecordsOf

type Records = RecordsOf[RecordType]

/**
 * Asks for the records of a name. Rejects with an error whose `code` says why: `ENOTFOUND` and `ENODATA` are answers, all
 * others mean that nothing is known.
 */
export type Query = <Type extends RecordType>(
  name: string,
  type: Type,
  signal?: AbortSignal,
) => Promise<RecordsOf[Type]>

/** What the codes mean, for people. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'DNS has no such name',
  ENODATA: 'DNS has no such record',
  ETIMEOUT: 'DNS did not answer in time',
  ESERVFAIL: 'DNS could not answer',
  EBREAKER: 'DNS has been silent, and was not asked',
  ETOOLARGE: 'DNS answered with more than any record needs',
}

/** Where to ask: an IP address and a port. */
export interface ResolverAddress {
  readonly host: string
  readonly port: number
}

export interface ResolverOptions {
  /** Null for the system's own resolvers. */
  readonly address?: ResolverAddress | null
  readonly queryTimeoutMs?: number
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed?: () => number
}

/** A resolver on the way answers in some 50 ms, also where it has to ask others; two seconds are far above that. */
const QUERY_TIMEOUT_MS = 2000

/** Names remembered in a run. A batch of 200 mails asks for a few hundred at most. */
const MAX_ANSWERS = 1000

/**
 * Characters of an answer. The largest key in use, RSA with 4096 bits, takes 800; a thousand answers of this size are
 * still only 8 MB.
 */
const MAX_ANSWER_LENGTH = 8 * 1024

/** How long answers hold. Node does not tell the TTL of TXT records; keys and policies are published with 5 min or more. */
const ANSWER_MS = 5 * 60 * 1000

/** How long a failure holds: not to wait again for every mail of a batch, and to try again in the next round. */
const FAILURE_MS = 30 * 1000

/** Questions that time out one after the other before the resolver is taken for silent, whatever the names. */
const MAX_TIMEOUTS = 5

/** How long a silent resolver is left alone. Then one more silence is enough. */
const BREAK_MS = 60 * 1000

/** A name that DNS can have (RFC 1035 2.3.4), in the letters that keys and policies use. Others are not asked for. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/

interface Remembered {
  readonly answer: Promise<Records>
  /** When it is forgotten; infinite while the question is out. */
  until: number
}

/** A resolver for one run. */
export function createResolver(options: ResolverOptions = {}): Query {
  const {address = null, queryTimeoutMs = QUERY_TIMEOUT_MS, elapsed = () => performance.now()} = options
  // Two tries, since UDP loses packets; the second waits twice as long, and both together no longer than is waited here.
  const library = new Resolver({timeout: Math.ceil(queryTimeoutMs / 3), tries: 2})
  if (address)
    library.setServers([`${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`])
  const remembered = new Map<string, Remembered>()
  let timeouts = 0
  let silentUntil = 0

  const ask = async (name: string, type: RecordType): Promise<Records> => {
    if (timeouts >= MAX_TIMEOUTS) {
      if (elapsed() < silentUntil) throw dnsError('EBREAKER')
      timeouts = MAX_TIMEOUTS - 1
    }
    try {
      const records = (await within(queryTimeoutMs, library.resolve(name, type))) as Records
      timeouts = 0
      if (records.flat().reduce((sum, record) => sum + lengthOf(record), 0) > MAX_ANSWER_LENGTH)
        throw dnsError('ETOOLARGE')
      return records
    } catch (error) {
      if (codeOf(error) !== 'ETIMEOUT') timeouts = 0
      else if (++timeouts >= MAX_TIMEOUTS) silentUntil = elapsed() + BREAK_MS
      throw dnsError(codeOf(error))
    }
  }

  const recall = (name: string, type: RecordType): Promise<Records> => {
    const key = `${type} ${name}`
    const known = remembered.get(key)
    remembered.delete(key)
    const kept = known !== undefined && elapsed() < known.until ? known : {answer: ask(name, type), until: Infinity}
    // Put in anew, so that the first of the map is the one that was not asked for the longest.
    remembered.set(key, kept)
    if (kept === known) return kept.answer
    kept.answer.then(
      () => (kept.until = elapsed() + ANSWER_MS),
      (error: unknown) => (kept.until = elapsed() + (isAnswer(codeOf(error)) ? ANSWER_MS : FAILURE_MS)),
    )
    const [oldest] = remembered.keys()
    if (remembered.size > MAX_ANSWERS && oldest !== undefined) remembered.delete(oldest)
    return kept.answer
  }

  return async <Type extends RecordType>(name: string, type: Type, signal?: AbortSignal) => {
    const asked = name.toLowerCase().replace(/\.$/, '')
    if (!NAME.test(asked)) throw dnsError('ENOTFOUND')
    if (signal?.aborted) throw dnsError('ETIMEOUT')
    const answer = recall(asked, type) as Promise<RecordsOf[Type]>
    return signal ? untilAborted(answer, signal) : answer
  }
}

/** Characters of a record, or of one string of it. */
function lengthOf(record: string | MxRecord | SrvRecord | TlsaRecord): number {
  if (typeof record === 'string') return record.length
  if ('data' in record) return record.data.byteLength
  return 'exchange' in record ? record.exchange.length : record.name.length
}

function dnsError(code: string): Error {
  return Object.assign(new Error(dnsReason(code)), {code})
}

/** What the code of a failed question means, for people. */
export const dnsReason = (code: string) => REASONS[code] ?? `DNS failed (${code})`

/** Whether a code says that there is no record, rather than that nothing is known. */
export const isAnswer = (code: string) => code === 'ENOTFOUND' || code === 'ENODATA'

/** The library's own timeout counts per server and try; nobody is waited for longer than this. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return untilAborted(work, AbortSignal.timeout(ms))
}

/** Rejects with a timeout once the signal is aborted; the work goes on, for others that wait for it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const {promise, reject} = Promise.withResolvers<never>()
  const abort = () => reject(dnsError('ETIMEOUT'))
  signal.addEventListener('abort', abort, {once: true})
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

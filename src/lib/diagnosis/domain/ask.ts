/** Questions of a stage to the DNS, and their three answers: there is something, there is nothing, nobody knows. */
import {dnsReason, isAnswer, type Query, type RecordsOf, type RecordType} from '../../dns/resolver.ts'
import {codeOf, type ErrorParts, EXIT} from '../../errors.ts'

export type Answer<Records> =
  | {readonly kind: 'found'; readonly records: Records}
  /** `noName`: not only such a record, the name itself does not exist. */
  | {readonly kind: 'none'; readonly noName: boolean}
  /** The resolver was silent, or could not say: that is never "no record". */
  | {readonly kind: 'unknown'; readonly why: string}

/** Rejects only with the reason of the run's signal. */
export type Ask = <Type extends RecordType>(name: string, type: Type) => Promise<Answer<RecordsOf[Type]>>

/** Asks until the deadline; what is asked later is not known. */
export function createAsk(query: Query, signal: AbortSignal, deadline: AbortSignal): Ask {
  const either = AbortSignal.any([signal, deadline])
  return async (name, type) => {
    try {
      const records = await query(name, type, either)
      return records.length > 0 ? {kind: 'found', records} : {kind: 'none', noName: false}
    } catch (error) {
      signal.throwIfAborted()
      const code = codeOf(error)
      return isAnswer(code)
        ? {kind: 'none', noName: code === 'ENOTFOUND'}
        : {kind: 'unknown', why: `${name} ${type}: ${dnsReason(code)}`}
    }
  }
}

/** The addresses of a host. */
export interface HostAddresses {
  readonly a: readonly string[]
  readonly aaaa: readonly string[]
  /** Why one of the two questions has no answer; null where both have. */
  readonly unknown: string | null
}

export async function askAddresses(host: string, ask: Ask): Promise<HostAddresses> {
  const [a, aaaa] = await Promise.all([ask(host, 'A'), ask(host, 'AAAA')])
  const failed = [a, aaaa].find((answer) => answer.kind === 'unknown')
  return {
    a: a.kind === 'found' ? a.records : [],
    aaaa: aaaa.kind === 'found' ? aaaa.records : [],
    unknown: failed?.why ?? null,
  }
}

/** The strings of each TXT record, joined as those who read it join them (RFC 7208 3.3, RFC 6376 3.6.2.2). */
export const textsOf = (records: readonly (readonly string[])[]): string[] => records.map((strings) => strings.join(''))

/** Nothing is known of `what`, a noun. */
export const notKnown = (what: string, why: string): ErrorParts => ({
  code: 'DNS_FAILED',
  exitCode: EXIT.dns,
  title: `${what} could not be looked up`,
  why: `${why}; it may be published or not`,
  fixes: [
    {text: 'Run the same command again.'},
    {text: 'Check the resolver of this machine, or name another one with POSTDESK_RESOLVER=IP:PORT.'},
  ],
})

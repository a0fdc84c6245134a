/** The addresses of a host, and whether it may be connected to. */
import {codeOf} from '../errors.ts'
import {dnsReason, isAnswer, type Query} from '../dns/resolver.ts'

export interface Addresses {
  /** Of both families, IPv6 first. */
  readonly found: readonly string[]
  /** Why there are none; null where there are some. */
  readonly why: string | null
  /** True where DNS could not say. */
  readonly unknown: boolean
}

/** All addresses of a host. Never rejects: a failure is told in the answer. */
export async function addressesOf(host: string, query: Query, signal: AbortSignal): Promise<Addresses> {
  const answers = await Promise.allSettled([query(host, 'AAAA', signal), query(host, 'A', signal)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [...answer.value] : []))
  if (found.length > 0) return {found, why: null, unknown: false}
  const codes = answers.map((answer) => (answer.status === 'rejected' ? codeOf(answer.reason) : 'ENODATA'))
  const failed = codes.find((code) => !isAnswer(code))
  return {found, why: dnsReason(failed ?? codes[1]!), unknown: failed !== undefined}
}

/** Whether a host may send for the domain of a return path (RFC 7208). The only home of mailauth's SPF. */
import {SPF_RESULTS, type SpfResult} from '../channel/authentication.ts'
import type {Query, RecordType} from '../dns/resolver.ts'
import {domainOf} from './author.ts'

/** Who handed a mail over to a server of ours. */
export interface SmtpClient {
  readonly ip: string
  /** What it called itself; null where that is not told. */
  readonly helo: string | null
  /** The reverse-path; `''` for the null one, of which the name of the host is asked (RFC 7208 2.4). */
  readonly sender: string
}

/** Milliseconds for all questions together (RFC 7208 4.6.4 allows 20 s; a person waits). */
const MAX_ELAPSED_MS = 8000

/** Never rejects for what the DNS does. */
export async function checkSpf(
  {ip, helo, sender}: SmtpClient,
  query: Query,
  deadline: AbortSignal,
): Promise<SpfResult> {
  const {default: library} = await import('mailauth/lib/spf/index.js')
  const {status, domain} = await library.spf({
    ip,
    helo: helo ?? ip,
    sender,
    strict: true,
    maxElapsedTime: MAX_ELAPSED_MS,
    // It asks for PTR records, too, where an old record has `ptr` (RFC 7208 5.5).
    resolver: async (name: string, type: string) => (await query(name, type as RecordType, deadline)) as string[],
  })
  const result = SPF_RESULTS.find((known) => known === status.result) ?? 'permerror'
  return {result, domain: sender === '' ? domain : domainOf(sender)}
}

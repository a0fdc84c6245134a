import type {BounceReason, ReportAction} from '../message.ts'
import {MAX_DIAGNOSTIC_CHARS} from './limits.ts'
import {REASON_OF_REPLY, REASON_OF_STATUS, REASON_RULES} from './reason-rules.ts'
import {findStatus, replyCode} from './smtp-reply.ts'

/** What is known of a failure. */
export interface Evidence {
  /** The status field of the report; null where there is none. */
  readonly status: string | null
  /** The words of the server that refused. */
  readonly diagnostic: string
  /** What the reporting server wrote for people about this recipient; looked at where the diagnostic says nothing. */
  readonly notice: string
  /** True where the server refused after DATA, when it had accepted the recipient (RFC 5321 3.3). */
  readonly afterData: boolean
}

/** Why the mail did not arrive: by the words of the server, then its codes, then the words of the notice. */
export function reasonOf({status, diagnostic, notice, afterData}: Evidence): BounceReason {
  const ofWords = reasonOfWords(diagnostic)
  const detail = (status ?? findStatus(diagnostic))?.slice(2) ?? null
  if (detail !== null && TELLING.has(detail)) return REASON_OF_STATUS[detail]!
  const accepted = afterData && detail !== '1.1'
  if (ofWords !== null) return filteredAfterData(ofWords, accepted)
  const ofStatus = detail === null ? undefined : REASON_OF_STATUS[detail]
  if (ofStatus !== undefined && !GENERIC.has(detail!)) return ofStatus
  // The text around a reply that has words of its own is the same for every failure: what it says is no hint.
  const ofNotice = hasWords(diagnostic) ? null : reasonOfWords(notice)
  if (ofNotice !== null) return filteredAfterData(ofNotice, accepted)
  return ofStatus ?? REASON_OF_REPLY[replyCode(diagnostic) ?? ''] ?? 'unknown'
}

function hasWords(diagnostic: string): boolean {
  return /\p{L}{3}/u.test(diagnostic)
}

/** Codes that are given for one thing only, whatever the words: RFC 3463 3, RFC 7372. */
const TELLING: ReadonlySet<string> = new Set(['1.6', '2.2', '3.4', '7.23', '7.25', '7.26'])

/** Codes that MTAs give where they do not know: RFC 3463 3.1 X.n.0, and 5.7.1 for any refusal. */
const GENERIC: ReadonlySet<string> = new Set(['1.0', '2.0', '3.0', '4.0', '5.0', '6.0', '7.0', '7.1'])

/**
 * A server that took RCPT, calls the user unknown after the mail, and has another code for it than X.1.1 knows the
 * address: it filters. So do the Japanese mobile carriers, at the will of their customers.
 */
function filteredAfterData(reason: BounceReason, accepted: boolean): BounceReason {
  return reason === 'user-unknown' && accepted ? 'filtered' : reason
}

function reasonOfWords(text: string): BounceReason | null {
  // Cisco's appliance puts a sentence of its own before what it was told: `5.1.0 - Unknown address error 550-'…'`.
  const words = plainWords(/ error [45]\d\d-'(.{1,1500})'/.exec(text)?.[1] ?? text)
  if (words === '') return null
  return REASON_RULES.find(([, says]) => says.test(words))?.[0] ?? null
}

/** Lower case, on one line, without the codes that stand before every line of a long reply (RFC 5321 4.2.1). */
function plainWords(text: string): string {
  return text
    .slice(0, MAX_DIAGNOSTIC_CHARS)
    .toLowerCase()
    .replaceAll(/[’‘]/g, "'")
    .replaceAll(/(?:^| )[45]\d\d-(?:[45]\.\d{1,3}\.\d{1,3}(?= ))?/g, ' ')
    .replaceAll(/(\S) [45]\d\d [45]\.\d{1,3}\.\d{1,3} /g, '$1 ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** Reasons that lie in the address. */
const OF_THE_ADDRESS: ReadonlySet<BounceReason> = new Set(['user-unknown', 'host-unknown', 'moved', 'not-accepting'])

/**
 * True where trying again cannot help: the server gave up, for a reason that lies in the address, and does not call it
 * one of the moment (RFC 3463 2: class 4).
 */
export function isPermanent(reason: BounceReason, action: ReportAction, status: string | null): boolean {
  return action === 'failed' && OF_THE_ADDRESS.has(reason) && status?.startsWith('4') !== true
}

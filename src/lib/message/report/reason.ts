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
}

/** Why the mail did not arrive: by the words of the server, then its codes, then the words of the notice. */
export function reasonOf({status, diagnostic, notice}: Evidence): BounceReason {
  const code = status ?? findStatus(diagnostic)
  const ofWords = reasonOfWords(diagnostic)
  if (ofWords !== null) return afterData(ofWords, `${diagnostic} ${notice}`)
  const ofStatus = code === null ? undefined : REASON_OF_STATUS[code.slice(2)]
  // Without details (`5.0.0`, and `5.1.0`-like ones with words elsewhere) the notice may say more.
  const ofNotice = notice === '' ? null : reasonOfWords(notice)
  if (ofStatus !== undefined && !GENERIC.has(code!.slice(2))) return ofStatus
  if (ofNotice !== null) return afterData(ofNotice, `${diagnostic} ${notice}`)
  if (ofStatus !== undefined) return ofStatus
  return REASON_OF_REPLY[replyCode(diagnostic) ?? ''] ?? 'unknown'
}

/** Codes that MTAs give where they do not know: RFC 3463 3.1 X.n.0, and 5.7.1 for any refusal. */
const GENERIC: ReadonlySet<string> = new Set(['1.0', '2.0', '3.0', '4.0', '5.0', '6.0', '7.0', '7.1', '4.7'])

/**
 * A server that took RCPT and calls the user unknown only after the whole mail knows the address: it filters. So do the
 * Japanese mobile carriers. Postfix's bounce(8) names the command; Sendmail's transcript shows it.
 */
function afterData(reason: BounceReason, text: string): BounceReason {
  return reason === 'user-unknown' && /in reply to (?:the )?(?:end of )?data command|>>> data\b/i.test(text)
    ? 'filtered'
    : reason
}

function reasonOfWords(text: string): BounceReason | null {
  const words = plainWords(text)
  if (words === '') return null
  return REASON_RULES.find(({says}) => says.test(words))?.reason ?? null
}

/** Lower case, on one line, without the codes that stand before every line of a long reply (RFC 5321 4.2.1). */
function plainWords(text: string): string {
  return text
    .slice(0, MAX_DIAGNOSTIC_CHARS)
    .toLowerCase()
    .replaceAll(/[’‘]/g, "'")
    .replaceAll(/(?:^| )[45]\d\d-(?:[45]\.\d{1,3}\.\d{1,3}(?= ))?/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** Reasons that lie in the address. */
const OF_THE_ADDRESS: ReadonlySet<BounceReason> = new Set(['user-unknown', 'host-unknown', 'moved', 'not-accepting'])

/** True where trying again cannot help: the server gave up, for a reason that lies in the address. */
export function isPermanent(reason: BounceReason, action: ReportAction, status: string | null): boolean {
  if (action !== 'failed' || !OF_THE_ADDRESS.has(reason)) return false
  // RFC 3463 2: class 4 is for the moment. A host that is unknown for now (a name server that is down) may come back,
  // but a server that gave up on it has tried for days.
  return !(reason === 'not-accepting' && status?.startsWith('4') === true)
}

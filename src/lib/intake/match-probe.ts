/**
 * Whether a mail is a probe of ours that has come back, or a report on one. It was sent to find out what becomes of mail to an
 * SMTP address, and so it is no mail for anybody. Anybody can write a mark; only one whose nonce is known counts, and of any
 * other nothing follows.
 */
import type {Authentication} from '../channel/authentication.ts'
import type {Envelope} from '../channel/delivery.ts'
import type {Instant} from '../clock.ts'
import type {Address, BouncedRecipient, Field, ProbeMark, ProbePlace, Report} from '../message/message.ts'
import {hashToken} from '../message/token.ts'
import type {Arrival, Facts, ProbeFacts, RowId, SourceFacts} from './facts.ts'
import type {RecipientResult} from './match-recipient.ts'

/** What was seen of a probe on its way back. */
export type ProbeSighting = SeenProbe &
  (
    | {
        readonly kind: 'arrived'
        /** Which of the portal's addresses the reception takes it for. */
        readonly match: RecipientResult
        /** Null where mail is pulled. */
        readonly envelope: Envelope | null
        /** As it arrived, without angle brackets. */
        readonly messageId: string | null
        readonly from: readonly Address[]
        readonly replyTo: readonly Address[]
        /** Its header, topmost first: at most `MAX_KEPT_CHARS` of it. */
        readonly fields: readonly Field[]
        /** What the sender check found; null where nobody asked. */
        readonly authentication: Authentication | null
      }
    /** A report: that it could not be delivered, or (`delayed`) that it is still on its way, or was delivered. */
    | {readonly kind: 'bounced' | 'delayed'; readonly recipients: readonly BouncedRecipient[]}
  )

interface SeenProbe {
  /** When the mailbox took it, or the MTA handed it in. */
  readonly at: Instant
  readonly source: {readonly id: RowId; readonly kind: SourceFacts['kind']}
  /** Where its mark was found. */
  readonly place: ProbePlace
}

/** The probe that a mail is, or reports on. */
export interface ProbeMatch {
  readonly probe: ProbeFacts
  readonly mark: ProbeMark
  /** Null for the probe itself. */
  readonly report: Extract<Report, {kind: 'bounce'}> | null
}

export function matchProbe({message, receivedAt}: Arrival, facts: Facts): ProbeMatch | null {
  const {probe: mark, report} = message
  if (mark === null || (report !== null && report.kind !== 'bounce')) return null
  const probe = facts.probes.get(hashToken(mark.nonce))
  // Since it came, and not since it is read: the inbound may be synced once a day.
  return probe === undefined || receivedAt > probe.expiresAt ? null : {probe, mark, report}
}

/** In words, for people. */
export function probeReason({probe: {address}, report}: ProbeMatch): string {
  const what = `the forwarding of ${address} is being tested`
  if (report === null) return what
  return hasFailed(report.recipients) ? `${what}, and it could not be delivered` : `${what}; it is still on its way`
}

/** RFC 3464 2.3.3: what is delayed may arrive yet. A report that names nobody is about a failure. */
const hasFailed = (recipients: readonly BouncedRecipient[]): boolean =>
  recipients.length === 0 || recipients.some(({action}) => action === 'failed')

/** Characters of the header that are kept: fields and ARC sets of many hops have some 30 KB. */
const MAX_KEPT_CHARS = 64 * 1024

/** Addresses of a field, and recipients of a report, that are kept: a probe has one. */
const MAX_KEPT = 10

/** What is kept of its return. */
export function sightingOf(arrival: Arrival, {mark, report}: ProbeMatch, match: RecipientResult): ProbeSighting {
  const {message, receivedAt, source, envelope, authentication} = arrival
  const seen = {at: receivedAt, source: {id: source.id, kind: source.kind}, place: mark.place}
  if (report !== null)
    return {
      ...seen,
      kind: hasFailed(report.recipients) ? 'bounced' : 'delayed',
      recipients: report.recipients.slice(0, MAX_KEPT),
    }
  return {
    ...seen,
    kind: 'arrived',
    match,
    envelope,
    messageId: message.messageId,
    from: message.from.slice(0, MAX_KEPT),
    replyTo: message.replyTo.slice(0, MAX_KEPT),
    fields: topmost(message.fields),
    authentication,
  }
}

/** The fields from the top that have room. */
function topmost(fields: readonly Field[]): readonly Field[] {
  let room = MAX_KEPT_CHARS
  const end = fields.findIndex(({name, value}) => (room -= name.length + value.length) < 0)
  return end === -1 ? fields : fields.slice(0, end)
}

/** Whether a mail is a probe of ours that has come back, or a report on one. */
import type {Authentication} from '../channel/authentication.ts'
import type {Envelope} from '../channel/delivery.ts'
import type {Instant} from '../clock.ts'
import type {Address, BouncedRecipient, Field, ProbePlace} from '../message/message.ts'
import type {RowId, SourceFacts} from './facts.ts'
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
        /** Its header, topmost first: at most `MAX_KEPT_HEADER_CHARS` of it. */
        readonly fields: readonly Field[]
        /** What the sender check found; null where nobody asked. */
        readonly authentication: Authentication | null
      }
    /** A report: that it could not be delivered, or (`delayed`) that it is on its way still, or delivered. */
    | {readonly kind: 'bounced' | 'delayed'; readonly recipients: readonly BouncedRecipient[]}
  )

interface SeenProbe {
  /** When the mailbox took it, or the MTA handed it in. */
  readonly at: Instant
  readonly source: {readonly id: RowId; readonly kind: SourceFacts['kind']}
  /** Where its mark was found. */
  readonly place: ProbePlace
}

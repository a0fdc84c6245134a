/** A probe on its way out and back: values shared by what sends it, waits for it and judges it. */
import type {Authentication} from '../channel/authentication.ts'
import type {Envelope} from '../channel/delivery.ts'
import type {PlaceRole} from '../channel/inbound-look.ts'
import type {Instant} from '../clock.ts'
import type {RecipientResult} from '../intake/match-recipient.ts'
import type {BouncedRecipient, Message} from '../message/message.ts'

/** An address that forwards, and where to. */
export interface Forward {
  /** The SMTP address. */
  readonly channel: {readonly id: number; readonly address: string}
  /** The internal address that it is to be forwarded to. */
  readonly internal: {readonly id: number; readonly address: string}
  /** The name that the SMTP server is logged in to with. */
  readonly login: string
  readonly portalKey: string
}

/** A probe that was given over to the provider. */
export interface SentProbe {
  /** Ours, without angle brackets. */
  readonly messageId: string
  /** What the provider said that it puts in its place; null where it said nothing. */
  readonly replacedBy: string | null
  readonly to: string
  readonly at: Instant
}

/** A probe that came back. */
export interface ArrivedProbe {
  /** Where it was seen: taken in by a sync or an MTA, or still in the mailbox. */
  readonly seen: {readonly by: 'intake'} | {readonly by: 'look'; readonly place: string; readonly role: PlaceRole}
  /** When the mailbox or the intake took it. */
  readonly at: Instant
  /** Null where mail is pulled. */
  readonly envelope: Envelope | null
  /** What the sender check of the reception found; null where nobody asked. */
  readonly authentication: Authentication | null
  /** Its header; of what follows nothing is needed. */
  readonly message: Pick<Message, 'fields' | 'from' | 'replyTo' | 'messageId'>
  /** Which of the portal's addresses the reception takes it for. */
  readonly match: RecipientResult
  /** The whole mail; null where only its header is known. */
  readonly raw: Uint8Array | null
}

/** A probe that came back as a report that it could not be delivered. */
export interface BouncedProbe {
  readonly at: Instant
  readonly recipients: readonly BouncedRecipient[]
}

/** What became of a probe. */
export type Fate =
  | {readonly kind: 'arrived'; readonly probe: ArrivedProbe}
  | {readonly kind: 'bounced'; readonly probe: BouncedProbe}
  /** `blind`: why nobody could look into the inbound; null where somebody did, or nobody has to. */
  | {readonly kind: 'absent'; readonly waitedMs: number; readonly blind: string | null}

/** The probe to the address with a detail may not even be taken. */
export type DetailFate = Fate | {readonly kind: 'refused'; readonly reply: string}

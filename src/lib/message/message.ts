/**
 * What a mail message is (RFC 5322, RFC 2045), as facts read from its bytes. Nothing here is policy: what a fact
 * means for a ticket is decided in `intake/`. Texts are decoded and kept as sent; whoever shows them makes them safe.
 */

/** A mailbox as a header names it (RFC 5322 3.4). */
export interface Address {
  /** The display name, decoded; empty where there is none. */
  readonly name: string
  /** `local@domain`: the domain in lower case (RFC 5321 2.4), the local part as sent. */
  readonly address: string
}

/** One header field as it stands in the message. */
export interface Field {
  /** The field name in lower case. */
  readonly name: string
  /** The value, unfolded (RFC 5322 2.2.3), trimmed, its encoded words not decoded. */
  readonly value: string
}

/** Where the encoded bytes of a leaf stand in the raw message, and how to decode them (RFC 2045 6). */
export interface PartLocation {
  /** First byte of the encoded body, counted in the raw message. */
  readonly offset: number
  /** Length in bytes of the encoded body. */
  readonly length: number
  readonly transferEncoding: TransferEncoding
}

/**
 * Content-Transfer-Encoding (RFC 2045 6.1), and uuencode, which was there before. Unknown ones are treated as `binary`
 * and noted as a defect.
 */
export type PlainEncoding = '7bit' | '8bit' | 'binary' | 'base64' | 'quoted-printable' | 'uuencode'

/**
 * How to decode the bytes of a part. A file within another part (a winmail.dat, a text with uuencoded files) stands
 * there at some place of what that part decodes to: `base64 120+4000 binary` is decoded from base64, and of the result
 * 4,000 bytes from byte 120 on are the file.
 */
export type TransferEncoding = PlainEncoding | `${PlainEncoding} ${number}+${number} ${string}`

/** A part that is not the text of the message. Its content stays in the raw message; this says where. */
export interface Attachment extends PartLocation {
  /**
   * The position in the MIME tree, counted as IMAP does: `1.2` (RFC 9051 6.4.5). Files within a part that is no
   * multipart are counted on below it.
   */
  readonly part: string
  /**
   * As sent (RFC 2183, RFC 2231), not yet a safe file name; null where none was given. A message without a name has its
   * subject for one.
   */
  readonly filename: string | null
  /** `type/subtype` in lower case. */
  readonly contentType: string
  /** Bytes after decoding. */
  readonly size: number
  /** SHA-256 of the decoded bytes, in hex. */
  readonly sha256: string
  /** Content-ID without its angle brackets. */
  readonly contentId: string | null
  /** True for Content-Disposition inline, or a Content-ID inside multipart/related. */
  readonly inline: boolean
  /** What it is there for, where that is not to be read: to prove who sent it, or to tell a Macintosh of a file's icon. */
  readonly role: 'signature' | 'resource-fork' | null
}

/** An attachment without the place of its bytes. */
export type AttachmentFacts = Omit<Attachment, keyof PartLocation>

/** Whether a message is signed or encrypted. What is said here is what it looks like: nothing is verified. */
export interface Security {
  /** S/MIME (RFC 8551) or OpenPGP (RFC 9580, RFC 3156). */
  readonly kind: 'smime' | 'pgp'
  readonly signed: boolean
  readonly encrypted: boolean
}

/** An invitation to a meeting, or another entry of a calendar (RFC 5545), in the words of its sender. */
export interface Invitation {
  /** `REQUEST`, `CANCEL`, `REPLY`… (RFC 5546 1.4); null where none is given. */
  readonly method: string | null
  readonly summary: string | null
  /** ISO 8601: an instant in UTC, a day, or a time of the clock and behind it the name of its zone, as sent. */
  readonly start: string | null
  /** In the same form; null where there is no end, or only a duration. */
  readonly end: string | null
  readonly location: string | null
  readonly organizer: Address | null
  /** `CONFIRMED`, `CANCELLED`… (RFC 5545 3.8.1.11). */
  readonly status: string | null
  readonly description: string | null
}

/** Something odd about the bytes that parsing could live with. */
export interface Defect {
  readonly code: DefectCode
  readonly detail: string
}

export type DefectCode =
  /** The header, or one of its lists, is over a limit; the rest of it is not read. */
  | 'header-too-large'
  /** Lines in a header that are no field. */
  | 'header-line-malformed'
  /** A field that may stand once stands several times (RFC 5322 3.6); the topmost counts, of To and Cc all. */
  | 'header-repeated'
  /** A header with raw bytes that are not UTF-8 (RFC 6532): read in the charset that the mail names, or windows-1252. */
  | 'header-not-utf8'
  /** A Date field that cannot be read. */
  | 'date-invalid'
  /** A multipart that names no boundary, or has none of those it names. */
  | 'boundary-missing'
  /** A multipart that is not closed. */
  | 'boundary-unclosed'
  /** A text in a charset that nobody knows: read as UTF-8, or else as windows-1252. */
  | 'charset-unknown'
  /** A text that is not in the charset it names: read in the one it is in, or with U+FFFD for what is lost. */
  | 'charset-wrong'
  /** An unknown Content-Transfer-Encoding: the bytes are taken as they stand. */
  | 'encoding-unknown'
  /** A part that breaks the rules of its Content-Transfer-Encoding: what can be decoded is. */
  | 'encoding-malformed'
  /** More parts than are looked at. */
  | 'too-many-parts'
  /** Multiparts nested deeper than is looked at. */
  | 'nested-too-deep'
  /** More text than is read. */
  | 'text-truncated'
  /** A winmail.dat (MS-OXTNEF) that cannot be read, or not to its end: it is kept as the file it is. */
  | 'tnef-malformed'
  /** A part that stands for something which is not in the mail (message/partial, message/external-body: RFC 2046 5.2). */
  | 'content-elsewhere'
  /** The parser did not come to an end with this message: only its topmost fields are read. */
  | 'parse-failed'

/** What a delivery report says became of the mail to a recipient (RFC 3464 2.3.3). */
export type ReportAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** Why a mail did not arrive, in one word; `unknown` where the report gives no usable hint. */
export type BounceReason =
  | 'user-unknown'
  | 'mailbox-full'
  | 'message-too-large'
  | 'host-unknown'
  | 'network-error'
  | 'expired'
  | 'blocked'
  | 'spam'
  | 'policy'
  | 'authentication'
  | 'content'
  | 'virus'
  | 'suspended'
  | 'moved'
  | 'rate-limited'
  | 'relay-denied'
  | 'filtered'
  | 'not-accepting'
  | 'protocol'
  | 'system-error'
  | 'feedback'
  | 'vacation'
  | 'delivered'
  | 'unknown'

/** What a report says of one recipient. */
export interface BouncedRecipient {
  /** The address that the mail was for at last, after aliases (RFC 3464 2.3.2); empty where the report does not name one. */
  readonly recipient: string
  /** The address as the sender wrote it, where the report says that it led to `recipient` (RFC 3464 2.3.1); else null. */
  readonly originalRecipient: string | null
  /** The enhanced status code, such as `5.1.1` (RFC 3463); null where none is given or can be told. */
  readonly status: string | null
  readonly action: ReportAction
  readonly reason: BounceReason
  /** True where trying again cannot help: the address, not the moment, is what is wrong. */
  readonly permanent: boolean
  /** The words of the server that refused it, on one line; empty where none are given. */
  readonly diagnostic: string
}

/** The mail that a report is about, as far as it is returned. */
export interface ReturnedMessage {
  /** Without angle brackets; null where it is not returned. */
  readonly messageId: string | null
  readonly subject: string | null
}

/** A mail in which a machine reports on another mail. */
export type Report =
  /** What became of a mail (RFC 3464, and the free forms of many servers). `rule` names how it was recognised. */
  | {
      readonly kind: 'bounce'
      readonly rule: string
      readonly recipients: readonly BouncedRecipient[]
      readonly original: ReturnedMessage
    }
  /** A complaint of a recipient, or of a filter (ARF, RFC 5965; RFC 6591). */
  | {
      readonly kind: 'feedback'
      /** Such as `abuse`, `fraud`, `auth-failure`, `not-spam`, `opt-out`. */
      readonly feedbackType: string
      /** Original-Rcpt-To; null where it is withheld. */
      readonly recipient: string | null
      readonly original: ReturnedMessage
    }
  /** A receipt (MDN, RFC 8098). */
  | {
      readonly kind: 'disposition'
      /** Such as `displayed`, `deleted`. */
      readonly disposition: string
      readonly recipient: string | null
      readonly original: ReturnedMessage
    }

/** What a forward says of the mail it passes on. */
export interface Forwarded {
  /** Who wrote the mail that is forwarded. */
  readonly from: Address
  /** As written there; null where it is not. */
  readonly subject: string | null
  readonly date: string | null
}

/** Where the mark of a probe was found: `report` for the mail that a report returns. */
export type ProbePlace = 'header' | 'message-id' | 'text' | 'report'

/** What a provider asks for before it forwards mail to us. Anybody can write such a mail. */
export interface ForwardingConfirmation {
  /** As people call it. */
  readonly provider: string
  /** To be entered in the provider's settings; null where it sends none. */
  readonly code: string | null
  /** To be opened; always at the provider's own host. Null where it sends none. */
  readonly link: string | null
  /** The address whose mail is to be forwarded; null where it is not named. */
  readonly forAddress: string | null
}

/** What a mail of ours that was to come back is recognised by (`probe-mark.ts`). Anybody can write one. */
export interface ProbeMark {
  /** Whether it is one of ours is told by its hash (`hashToken`). */
  readonly nonce: string
  readonly place: ProbePlace
}

/** The facts of a message that intake decides on: its header and its structure, without the text. */
export interface Message {
  /** Message-ID without angle brackets (RFC 5322 3.6.4); null where there is none that can be read. */
  readonly messageId: string | null
  /** In-Reply-To ids, in order, without angle brackets. */
  readonly inReplyTo: readonly string[]
  /** References ids, oldest first, without angle brackets. */
  readonly references: readonly string[]
  readonly subject: string
  readonly from: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly replyTo: readonly Address[]
  /** The Date field in UTC; null where it is missing or cannot be read. */
  readonly date: string | null
  /** All fields of the header, topmost first. */
  readonly fields: readonly Field[]
  readonly attachments: readonly Attachment[]
  /** Null for a message that is neither signed nor encrypted. */
  readonly security: Security | null
  /** The first entry of a calendar that it brings; null where it brings none. */
  readonly invitation: Invitation | null
  /** What it reports on another mail; null for a mail that is no report. */
  readonly report: Report | null
  /** The mail that it forwards, where its subject says that it does and its text names the sender; else null. */
  readonly forwarded: Forwarded | null
  /** By which it is recognised as a probe, or as a report on one; null for a mail without such a mark. */
  readonly probe: ProbeMark | null
  /** What a provider asks to confirm before it forwards mail to us; null for any other mail. */
  readonly confirmation: ForwardingConfirmation | null
  readonly defects: readonly Defect[]
  /** Size of the raw message in bytes. */
  readonly size: number
  /** SHA-256 of the raw message, in hex. */
  readonly sha256: string
  /**
   * Tells the same mail from a different one that only reuses its Message-ID: SHA-256 in hex over Message-ID, Date,
   * From, raw Subject and the body without trailing white space; never over trace fields, which every hop changes.
   */
  readonly fingerprint: string
}

/** What a person reads of a message. */
export interface Body {
  /**
   * The plain text, or the HTML turned into text where there is no plain part; of a message without either what its
   * winmail.dat or its invitation says. Without the files that are uuencoded in it, soft line breaks removed (RFC 3676).
   */
  readonly text: string
  /**
   * The words that the person wrote: `text` without what it quotes and without the lines of signatures. What is quoted
   * between answers stays, as what they answer. Never empty where `text` is not.
   */
  readonly replyText: string
  /** All other lines of `text`, as they stand: earlier mail, what introduces it, signatures. Empty where there are none. */
  readonly quotedText: string
  /**
   * The signature, null where none is recognised. One with a delimiter, and the line of a mail program, are a part of
   * `quotedText`; a closing formula with a name stays in `replyText`, being the person's words.
   */
  readonly signature: string | null
  /** The HTML part as sent, not sanitised; null where there is none. */
  readonly html: string | null
}

/** A message read whole. */
export interface ParsedMessage {
  readonly message: Message
  readonly body: Body
}

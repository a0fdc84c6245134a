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

/** Content-Transfer-Encoding (RFC 2045 6.1). Unknown ones are treated as `binary` and noted as a defect. */
export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'base64' | 'quoted-printable'

/** A part that is not the text of the message. Its content stays in the raw message; this says where. */
export interface Attachment extends PartLocation {
  /** The position in the MIME tree, counted as IMAP does: `1.2` (RFC 9051 6.4.5). */
  readonly part: string
  /** As sent (RFC 2183, RFC 2231), not yet a safe file name; null where none was given. */
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
}

/** Something odd about the bytes that parsing could live with. */
export interface Defect {
  readonly code: DefectCode
  readonly detail: string
}

export type DefectCode =
  | 'header-too-large'
  | 'header-line-malformed'
  | 'header-repeated'
  | 'header-not-utf8'
  | 'date-invalid'
  | 'boundary-missing'
  | 'boundary-unclosed'
  | 'charset-unknown'
  | 'encoding-unknown'
  | 'encoding-malformed'
  | 'too-many-parts'
  | 'nested-too-deep'
  | 'text-truncated'
  | 'parse-failed'

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
  /** The plain text, or the HTML turned into text where there is no plain part. */
  readonly text: string
  /** The HTML part as sent, not sanitised; null where there is none. */
  readonly html: string | null
}

/** A message read whole. */
export interface ParsedMessage {
  readonly message: Message
  readonly body: Body
}

/** The inbound of a portal: the mailbox that the mail of its domain comes in by. */

/** `tls` from the first byte, `starttls` or no connection at all, `none` in clear. */
export type Security = 'tls' | 'starttls' | 'none'

/** A catch-all mailbox that is pulled by IMAP. Kept as the `config` of its source. */
export interface ImapInbound {
  readonly kind: 'imap'
  /** In lower case, without brackets where it is an IPv6 address. */
  readonly host: string
  readonly port: number
  readonly security: Security
  readonly user: string
  /** `INBOX` in upper case for the inbox (RFC 9051 5.1). */
  readonly mailbox: string
  /** The one header that names the SMTP recipient, in lower case; null for the usual ones. */
  readonly envelopeHeader: string | null
  /** The authserv-id whose Authentication-Results are believed (RFC 8601 2.5), in lower case; null for none. */
  readonly trustedAuthservId: string | null
  /** True where a mail is marked as read on the server once it is stored. */
  readonly markSeen: boolean
  /** The mailbox that a mail is moved to on the server once it is stored; null for none. */
  readonly moveTo: string | null
}

/** A Maildir of this machine. Kept as the `config` of its source. */
export interface MaildirInbound {
  readonly kind: 'maildir'
  /** Absolute. */
  readonly path: string
  readonly envelopeHeader: string | null
  readonly markSeen: boolean
}

export type InboundConfig = ImapInbound | MaildirInbound

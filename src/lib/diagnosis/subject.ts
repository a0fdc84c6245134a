/** What is diagnosed: a server, who we are to it, and what it is to be asked. */
import type {Secret} from '../secret/secret.ts'

export interface DiagnosisSubject {
  readonly protocol: 'smtp' | 'imap'
  /** A name or an address literal without brackets. */
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
  /** Null for a server that asks for no login. */
  readonly user: string | null
  /** Null where `user` is, or where this machine has none: then the login is not tried. */
  readonly password: Secret | null
  /** The SASL mechanism that is asked for (`--auth`), in capitals; null for the best one that both sides have. */
  readonly mechanism: string | null
  /** PEM of the only authority to trust; null for the public ones. */
  readonly ca: string | null
  /** The name that the certificate has to be for; null for the host. */
  readonly tlsName: string | null
  /** What we call ourselves (RFC 5321 4.1.1.1); null for this machine's name. */
  readonly ehloName: string | null
  /** Only addresses of this family; null for both. */
  readonly family: 4 | 6 | null
  /** True where the user asked for `none` on another machine. */
  readonly allowCleartext: boolean
  /** Id of the provider whose words the server speaks; null where its host tells, or nobody knows. */
  readonly provider: string | null
  /** The reverse-path for MAIL FROM; null where no sender is known, and nothing is asked about it. */
  readonly sender: string | null
  /** For RCPT TO; null where none is known. */
  readonly recipient: string | null
  /** A message that is really sent to the recipient; null for none. */
  readonly message: Uint8Array | null
  /** The IMAP mailbox; null for `INBOX`. */
  readonly mailbox: string | null
  /**
   * True where the password was given for this very run, and may be used after the security of the port was corrected: one
   * that is kept was given for the security that it is kept with.
   */
  readonly passwordMayFollow: boolean
}

/** How long a stage waits, in milliseconds. */
export interface DiagnosisDeadlines {
  /** To connect to one address, and for a TLS handshake. */
  readonly connectMs: number
  /** For a greeting, and for the answer to a command. */
  readonly replyMs: number
}

/** One line that passed over the wire, as it may be shown. */
export interface TranscriptLine {
  /** Milliseconds since the run began. */
  readonly at: number
  readonly from: 'client' | 'server' | 'note'
  /** Without CRLF; credentials are masked. */
  readonly text: string
}

/** Takes what passes over the wire. Called with text that is masked already. */
export type Transcript = (line: TranscriptLine) => void

/** One thing that servers say, and what it means. */
import type {Certainty, ExitCode, Fix} from '../../errors.ts'

export type ReplyProtocol = 'smtp' | 'imap' | 'oauth'

/** What was being done when the server answered. `sender` is MAIL FROM, `recipient` RCPT TO, `message` DATA and its end. */
export type ReplyStep =
  'greeting' | 'ehlo' | 'starttls' | 'login' | 'sender' | 'recipient' | 'message' | 'mailbox' | 'token'

/**
 * How a reply is known. All that is given has to fit.
 *
 * | protocol | `code` | `detail` |
 * |---|---|---|
 * | smtp | `535` | the enhanced status code `5.7.8` (RFC 3463) |
 * | imap | `NO`, `BAD`, `BYE` | the response code `AUTHENTICATIONFAILED` (RFC 5530) |
 * | oauth | the error `invalid_grant` (RFC 6749 5.2) | `AADSTS50173` of Microsoft |
 */
export interface ReplyMatch {
  readonly code?: string | RegExp
  /** A pattern is tried on `''` where the reply has none. */
  readonly detail?: string | RegExp
  /** Tried on the words: all lines in one, without codes. `^` is what the server says first. */
  readonly text?: RegExp
}

/** One of several reasons for the same words. */
export interface ReplyCause {
  readonly why: string
  /** How it is told from the other ones. */
  readonly check: string
}

export interface ReplyRow {
  /** The stable error code. */
  readonly id: string
  /** Id of whose words these are (`providers.ts`); null for those of any server. */
  readonly provider: string | null
  /** Others say the same and mean something else: the row holds only where the provider is known. */
  readonly onlyThere?: true
  readonly protocol: ReplyProtocol
  /** To what the server says so. */
  readonly steps: readonly ReplyStep[]
  /** Of several one has to fit. */
  readonly match: ReplyMatch | readonly ReplyMatch[]
  /**
   * Of whom it is said; left out: of the account, so that no other mail of it leaves either. What is said of a recipient
   * before one was named is said of the account.
   */
  readonly about?: 'sender' | 'recipient' | 'message'
  readonly exitCode: ExitCode
  /** What happened; whom it concerns is added to it. */
  readonly title: string
  /** Why, in one sentence. */
  readonly why: string
  /** Where there are several reasons: the most likely first. */
  readonly causes?: readonly ReplyCause[]
  /** Best first. `USER` in a command stands for the user. */
  readonly fixes: readonly Fix[]
  readonly certainty: Certainty
  /** The document, or where it was seen: `owner/repository#issue`. */
  readonly source: string
}

/** Opens SMTP connections and sends messages over them, one at a time. */
import type {Sender} from '../channel/outgoing.ts'
import type {Log} from '../log.ts'
import type {SmtpAccount} from './account.ts'

/** How long to wait, in milliseconds. Tests shorten it. */
export interface SmtpDeadlines {
  /** For DNS, TCP and TLS together; then again for the greeting and STARTTLS together. */
  readonly connectMs: number
  /** For any reply, and for any byte of a message to leave. */
  readonly commandMs: number
  /** For the reply to the final dot. */
  readonly finalMs: number
  /** For one message altogether. */
  readonly messageMs: number
}

export interface SmtpOptions {
  readonly log?: Log
  readonly deadlines?: Partial<SmtpDeadlines>
}

/** The way out by this account. Nothing is connected before `open`. */
export function createSmtpSender(_account: SmtpAccount, _options: SmtpOptions = {}): Sender {
  return {
    open: () => Promise.reject(new Error('not built yet')),
  }
}

/** What the replies of servers mean: the one way in for everybody. Pure. */
import {type ErrorParts, EXIT} from '../errors.ts'

/** What was being done when the server answered. `sender` is MAIL FROM, `recipient` RCPT TO, `message` DATA and its end. */
export type ReplyStep =
  'greeting' | 'ehlo' | 'starttls' | 'login' | 'sender' | 'recipient' | 'message' | 'mailbox' | 'token'

/** Who answered to what. */
export interface ReplyContext {
  readonly protocol: 'smtp' | 'imap' | 'oauth'
  readonly step: ReplyStep
  readonly host: string
  /** Id of the provider whose words these are; null where its host tells, or nobody knows. */
  readonly provider: string | null
  readonly user: string | null
}

/** What pasted text means. */
export interface Explanation {
  /** Id of the row that knows these words; null where they are only classified. */
  readonly rule: string | null
  /** Id of the provider whose words these are; null where they are nobody's in particular. */
  readonly provider: string | null
  readonly parts: ErrorParts
  /** Where it is documented or was seen; null where it is only classified. */
  readonly source: string | null
}

/** Whose words the table knows, for `--provider` and for "did you mean". */
export const KNOWN_PROVIDERS: readonly {readonly id: string; readonly name: string}[] = []

/**
 * What a refusal means: that of the row that knows it, else of its class by RFC 3463, RFC 5530 or RFC 5321, which is a
 * guess. `serverReply` is not set: whoever has the password blanks it out of the reply first.
 */
export function partsOfReply(reply: string, {protocol, step, host, user}: ReplyContext): ErrorParts {
  const later = /^4|^BYE/.test(reply)
  return {
    code: `${protocol.toUpperCase()}_${step === 'login' ? 'AUTH' : 'REFUSED'}`,
    exitCode: later ? EXIT.tryAgain : step === 'login' ? EXIT.credentials : EXIT.protocol,
    title: `${host} refuses${step === 'login' && user !== null ? ` the login of ${user}` : ''}`,
    why: 'nobody documented these words of the server',
    fixes: [{text: "Ask the server's administrator."}],
    certainty: 'guess',
    stage: step,
  }
}

/** Id of the provider that a server belongs to; null where its name tells none. */
export function providerOfServer(_host: string): string | null {
  return null
}

/**
 * What pasted text means, whatever was being done: the best row of all protocols and steps, with the words of `provider`
 * first where it is given. Null where the text is no reply and no error of a connection, such as an empty text or prose.
 */
export function explainText(text: string, provider: string | null): Explanation | null {
  if (!/^\s*([2-5]\d\d[ -]|NO |BAD )/.test(text)) return null
  const parts = partsOfReply(text, {protocol: 'smtp', step: 'message', host: 'the server', provider, user: null})
  return {rule: null, provider, parts, source: null}
}

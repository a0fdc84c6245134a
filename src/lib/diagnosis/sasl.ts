/** How a password is shown to a server (RFC 4422): which mechanism, and what is said in it. Pure. */
import {createHmac} from 'node:crypto'

/** What takes a password, best first. PLAIN needs one round trip, LOGIN two; the digest of CRAM-MD5 is of the nineties. */
export const PASSWORD_MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const
export type PasswordMechanism = (typeof PASSWORD_MECHANISMS)[number]

/** What takes a token in place of a password: Google's and Microsoft's own, and RFC 7628. */
const TOKEN_MECHANISMS: ReadonlySet<string> = new Set(['XOAUTH2', 'OAUTHBEARER'])

/** What a server takes logins by. */
export interface Offer {
  /** Names of mechanisms in capitals. */
  readonly mechanisms: readonly string[]
  /** IMAP's command LOGIN, which is no mechanism, and there unless it is switched off (RFC 9051 6.2.3). */
  readonly loginCommand: boolean
}

export type Choice =
  | {
      readonly mechanism: PasswordMechanism
      /** By IMAP's command of the name LOGIN, not by the mechanism. */
      readonly byCommand: boolean
      readonly why: string
    }
  /** Nothing fits; whether tokens are taken where passwords are not. */
  | {readonly mechanism: null; readonly takesTokens: boolean}

/** The mechanism for a password; `asked` is the only one that the user wants, in capitals, null for the best. */
export function chooseMechanism({mechanisms, loginCommand}: Offer, asked: string | null): Choice {
  const wanted = PASSWORD_MECHANISMS.filter((name) => asked === null || name === asked)
  const why = asked === null ? 'the first of those that both sides have' : 'the one that was asked for'
  const mechanism = wanted.find((name) => mechanisms.includes(name))
  if (mechanism !== undefined) return {mechanism, byCommand: false, why}
  if (loginCommand && wanted.includes('LOGIN'))
    return {
      mechanism: 'LOGIN',
      byCommand: true,
      why: asked === null ? 'no mechanism fits, and the command is open' : why,
    }
  return {mechanism: null, takesTokens: mechanisms.some((name) => TOKEN_MECHANISMS.has(name))}
}

/** What a client says in a mechanism, in base64, line by line as it is asked. */
export interface SaslClient {
  /** What can be said with the command already (RFC 4954 4, RFC 4959); null where the server speaks first. */
  readonly initial: string | null
  /** The next line, to the server's words in base64; null where there is nothing more to say. */
  answer(challenge: string): string | null
}

export function saslClient(mechanism: PasswordMechanism, user: string, password: string): SaslClient {
  switch (mechanism) {
    case 'PLAIN': {
      // RFC 4616 2: no authorisation identity; the server takes the one that belongs to the user.
      const message = base64(`\0${user}\0${password}`)
      return {initial: message, answer: inTurn([() => message])}
    }
    case 'LOGIN':
      // draft-murchison-sasl-login: what the server asks is not to be looked at, only that it does.
      return {initial: null, answer: inTurn([() => base64(user), () => base64(password)])}
    case 'CRAM-MD5':
      return {initial: null, answer: inTurn([(challenge) => cramAnswer(challenge, user, password)])}
  }
}

/** RFC 2195 2. */
function cramAnswer(challenge: string, user: string, password: string): string {
  const digest = createHmac('md5', password).update(Buffer.from(challenge, 'base64')).digest('hex')
  return base64(`${user} ${digest}`)
}

function inTurn(answers: readonly ((challenge: string) => string)[]): SaslClient['answer'] {
  let next = 0
  return (challenge) => answers[next++]?.(challenge) ?? null
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

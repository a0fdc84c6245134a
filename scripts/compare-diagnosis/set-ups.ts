/** Servers of submission that are broken in one way each, and Dovecot set up with the same fault. */
import type {TestContext} from 'node:test'
import type {MailHandler} from '../../test/support/mail-server.ts'
import {type Cage, tame, ZOO} from '../../test/support/zoo.ts'
import type {ZooCertificates} from '../../test/support/zoo-certificates.ts'

/** How a Dovecot has the fault. */
export interface DovecotFault {
  readonly certificate?: keyof Omit<ZooCertificates, 'ca'>
  /** Lines of its configuration. */
  readonly configuration?: string
  /** The mode that its clients think a port speaks; TLS where it is left out. */
  readonly askedFor?: Cage['security']
  /** Which of its ports they ask; the one for what they think, where it is left out. */
  readonly port?: 'starttls' | 'tls'
  readonly password?: string
  /** What the server behind it says to a command. */
  readonly relay?: Readonly<Record<string, string>>
}

export interface SetUp {
  /** What is wrong, for people. */
  readonly fault: string
  start(t: TestContext): Promise<Cage>
  /** Null where Dovecot cannot be set up so. */
  readonly dovecot: DovecotFault | null
}

const animal = (name: string): SetUp['start'] => {
  const found = ZOO.find((one) => one.protocol === 'smtp' && one.name === name)
  if (found === undefined) throw new Error(`the zoo has no ${name}`)
  return (t) => found.start(t)
}

const says =
  (line: string): MailHandler =>
  ({say}) =>
    say(line)

const refuses =
  (command: string, line: string): SetUp['start'] =>
  (t) =>
    tame(t, 'smtp', 'tls', {commands: {[command]: says(line)}})

/** Also who logs in. */
export const SENDER = 'help@acme.example'
export const PASSWORD = 'correct-horse-battery'
export const RECIPIENT = 'ann@customer.example'
const NOT_OWNED = `553 5.7.1 <${SENDER}>: Sender address rejected: not owned by user ann`
const UNKNOWN = `550 5.1.1 <${RECIPIENT}>: Recipient address rejected: User unknown`

export const SET_UPS: readonly SetUp[] = [
  {fault: 'certificate has expired', start: animal('expired'), dovecot: {certificate: 'expired'}},
  {fault: 'certificate for another name', start: animal('wrong name'), dovecot: {certificate: 'wrongName'}},
  {
    fault: 'intermediate certificate not sent',
    start: animal('missing intermediate'),
    dovecot: {certificate: 'missingIntermediate'},
  },
  {fault: 'TLS 1.0 only', start: animal('TLS 1.0 only'), dovecot: null},
  {
    fault: 'asked for STARTTLS, speaks TLS',
    start: animal('TLS where plain text is expected'),
    dovecot: {askedFor: 'starttls', port: 'tls'},
  },
  {
    fault: 'asked for TLS, speaks in clear',
    start: animal('plain text where TLS is expected'),
    dovecot: {askedFor: 'tls', port: 'starttls'},
  },
  {
    fault: 'STARTTLS taken out',
    start: animal('offers no STARTTLS'),
    dovecot: {configuration: 'ssl = no', askedFor: 'starttls'},
  },
  {fault: 'greeting made of `*` by a firewall', start: animal('is rewritten on the way'), dovecot: null},
  {fault: 'greeting 554', start: animal('blocks this address'), dovecot: null},
  {
    fault: 'password wrong',
    start: refuses('AUTH', '535 5.7.8 Error: authentication failed'),
    dovecot: {password: 'wrong horse'},
  },
  {
    fault: 'password right, login closed',
    start: refuses(
      'AUTH',
      '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.',
    ),
    dovecot: null,
  },
  {
    fault: 'logins by token only',
    start: animal('takes only tokens'),
    dovecot: {configuration: 'auth_mechanisms = xoauth2'},
  },
  {fault: 'sender of somebody else', start: refuses('MAIL', NOT_OWNED), dovecot: {relay: {MAIL: NOT_OWNED}}},
  {fault: 'recipient refused', start: refuses('RCPT', UNKNOWN), dovecot: {relay: {RCPT: UNKNOWN}}},
]

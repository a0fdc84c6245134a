/** What the stages of one run have in common: the wire, and what was learned of the server so far. */
import {hostname} from 'node:os'
import {isIP} from 'node:net'
import {isLoopback} from '../connection/loopback.ts'
import {IMAP, type MailProtocol, SMTP} from '../connection/protocol.ts'
import {withoutPassword} from '../connection/without-password.ts'
import type {Query} from '../dns/resolver.ts'
import type {ExitCode} from '../errors.ts'
import {REDACTED} from '../log.ts'
import {type ImapDialog, imapDialog} from './imap-dialog.ts'
import {type OpenWire, openWire, type TlsDemand} from './open-wire.ts'
import {type SmtpDialog, smtpDialog} from './smtp-dialog.ts'
import type {DiagnosisDeadlines, DiagnosisSubject, Transcript} from './subject.ts'
import type {TlsEvidence} from './tls-evidence.ts'
import {WireError} from './wire.ts'

export interface ServerAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** A refusal of the login. */
export interface RefusedLogin {
  /** The server's words, without the password. */
  readonly reply: string
  readonly exitCode: ExitCode
}

export interface Conversation {
  readonly subject: DiagnosisSubject
  readonly protocol: MailProtocol
  readonly deadlines: DiagnosisDeadlines
  readonly query: Query
  /** True where the names that this machine itself knows count, as `/etc/hosts` has them. */
  readonly asksSystem: boolean
  /** Where the server is; empty until `dns` has passed. */
  addresses: readonly ServerAddress[]
  /** The connection that is spoken over; null until `tcp` has passed, and again when it is of no more use. */
  wire: OpenWire | null
  /** The address that was last spoken to; null until `tcp` has passed. */
  used: string | null
  /** Where there is no connection, why, for people. */
  noWire: string
  /** What is spoken, which is not what was configured where that was corrected. */
  security: DiagnosisSubject['security']
  corrected: boolean
  /** The whole greeting; null until it came. */
  greeting: string | null
  /** What the server offered before TLS, a keyword and its words each; null where nobody asked. */
  before: readonly string[] | null
  /** What it offers now. */
  after: readonly string[] | null
  /** Null where TLS was not begun, or did not come to stand. */
  tls: TlsEvidence | null
  /** Why TLS did not come to stand; null where it did, or was not begun. */
  tlsFailure: WireError | null
  /** Null where the login was not refused. */
  refused: RefusedLogin | null
  /** True once the server has taken the login. */
  loggedIn: boolean
  /** True while the server holds a sender that was not sent for: RSET has to come before the next one. */
  inTransaction: boolean
  /** A new connection to an address of the server. @throws `WireError`; the signal's reason. */
  connect(address: string, signal: AbortSignal): Promise<OpenWire>
  /** From now on this connection is spoken over; one before it is closed. */
  use(wire: OpenWire): void
  /** SMTP over the wire there is. @throws `WireError` where there is none. */
  smtp(): SmtpDialog
  /** IMAP over the wire there is. @throws as `smtp`. */
  imap(): ImapDialog
  /**
   * Changes to TLS, and notes what came of it; the failure where no TLS came to stand. Where the certificate is not trusted,
   * there is no connection any more.
   */
  secure(wire: OpenWire): Promise<WireError | null>
  /** Notes a line of our own in the transcript. */
  note(text: string): void
  /** From now on this is blanked out as the password is, wherever the server repeats it: a line with credentials. */
  conceal(text: string): void
  /** Words of the server, as they may be shown: without the password, and without what is concealed. */
  shown(text: string): string
  /** Frees the connection at once; `because` is for people. */
  close(because?: string): void
}

export interface ConversationOptions {
  readonly deadlines: DiagnosisDeadlines
  readonly query: Query
  readonly asksSystem: boolean
  /** Takes what passes over the wire. */
  readonly transcript: Transcript
}

export function createConversation(subject: DiagnosisSubject, options: ConversationOptions): Conversation {
  const {deadlines, query, asksSystem, transcript} = options
  const began = performance.now()
  const concealed: string[] = []
  const shown = (text: string) =>
    concealed.reduce((safe, secret) => safe.replaceAll(secret, REDACTED), withoutPassword(text, subject))
  const note = (from: 'client' | 'server' | 'note', text: string) =>
    transcript({at: Math.round(performance.now() - began), from, text: shown(text)})
  const dialogs = new WeakMap<OpenWire, ImapDialog>()
  const wireOf = (): OpenWire => {
    if (conversation.wire === null) throw new WireError('CLOSED', 'there is no connection')
    return conversation.wire
  }
  const conversation: Conversation = {
    subject,
    protocol: subject.protocol === 'imap' ? IMAP : SMTP,
    deadlines,
    query,
    asksSystem,
    addresses: [],
    wire: null,
    used: null,
    noWire: 'nothing is connected yet',
    security: subject.security,
    corrected: false,
    greeting: null,
    before: null,
    after: null,
    tls: null,
    tlsFailure: null,
    refused: null,
    loggedIn: false,
    inTransaction: false,
    connect: (address, signal) => openWire(address, subject.port, {...deadlines, signal, note}),
    use(wire) {
      if (conversation.wire !== wire) conversation.wire?.close()
      conversation.wire = wire
      conversation.used = wire.address
    },
    smtp: () => smtpDialog(wireOf()),
    imap() {
      // Its tags count, so that no answer is taken for that to another command.
      const wire = wireOf()
      const dialog = dialogs.get(wire) ?? imapDialog(wire)
      dialogs.set(wire, dialog)
      return dialog
    },
    async secure(wire) {
      try {
        const tls = await wire.startTls(demandOf(subject))
        conversation.tls = tls
        conversation.tlsFailure = null
        if (!tls.trusted) conversation.close('the certificate of the server is not trusted')
        return null
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        conversation.tlsFailure = error
        return error
      }
    },
    note: (text) => note('note', text),
    conceal: (text) => void concealed.push(text),
    shown,
    close(because = 'the connection was closed') {
      if (conversation.wire === null) return
      conversation.wire.close()
      conversation.wire = null
      conversation.noWire = because
    },
  }
  return conversation
}

/** What the certificate has to be for. */
export const demandOf = ({host, tlsName, ca}: DiagnosisSubject): TlsDemand => ({name: tlsName ?? host, ca})

/** What we call ourselves: a full name of this machine, else its address (RFC 5321 4.1.3, 4.1.4). */
export function ehloName({subject, wire}: Pick<Conversation, 'subject' | 'wire'>): string {
  if (subject.ehloName !== null) return subject.ehloName
  const own = hostname()
  if (own.includes('.')) return own
  const address = wire?.localAddress ?? '127.0.0.1'
  return isIP(address) === 6 ? `[IPv6:${address}]` : `[${address}]`
}

/** Whether credentials may travel over the connection as it is now. */
export function isPrivate({wire, tls, subject}: Pick<Conversation, 'wire' | 'tls' | 'subject'>): boolean {
  if (wire === null) return false
  if (wire.encrypted) return tls?.trusted === true
  return subject.security === 'none' && (isLoopback(subject.host) || subject.allowCleartext)
}

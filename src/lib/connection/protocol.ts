/** The protocols of mail as their connections know them, and what is said of their ports. */
import type {Fix} from '../errors.ts'

export interface MailProtocol {
  readonly name: 'IMAP' | 'SMTP'
  /** The usual port with TLS from the first byte. */
  readonly tlsPort: number
  /** The usual port with STARTTLS. */
  readonly starttlsPort: number
}

/** RFC 9051 2.1. */
export const IMAP: MailProtocol = {name: 'IMAP', tlsPort: 993, starttlsPort: 143}
/** Submission: RFC 8314 7.3, RFC 6409 3.1. */
export const SMTP: MailProtocol = {name: 'SMTP', tlsPort: 465, starttlsPort: 587}

export const checkThePort = ({tlsPort, starttlsPort}: MailProtocol): Fix => ({
  text: `Check the port: ${tlsPort} is for --security tls, ${starttlsPort} for --security starttls.`,
})

export const useEncryption = ({tlsPort, starttlsPort}: MailProtocol): Fix => ({
  text: `Use --security tls (port ${tlsPort}) or --security starttls (port ${starttlsPort}).`,
})

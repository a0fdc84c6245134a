/**
 * What it takes to hand mail over to an SMTP server: the portal's relay, or the provider of an SMTP address.
 */
import type {Secret} from '../secret/secret.ts'

/** How the connection is encrypted. */
export type SmtpSecurity =
  /** TLS from the first byte (RFC 8314 3.3). */
  | 'tls'
  /** STARTTLS (RFC 3207) or nothing: where it is not offered no credentials and no mail leave. */
  | 'starttls'
  /** Clear text, only on this machine unless `allowCleartext`. */
  | 'none'

/** An SMTP server, and who we are to it. */
export interface SmtpAccount {
  /** A name or an address literal without brackets. */
  readonly host: string
  readonly port: number
  readonly security: SmtpSecurity
  /** Null for a server that takes our mail without a login (RFC 4954 is not spoken then). */
  readonly user: string | null
  /** Null exactly where `user` is. */
  readonly password: Secret | null
  /** PEM of the only authority to trust, in place of the public ones. */
  readonly ca?: string
  /** True where the user asked for `none` on another machine. */
  readonly allowCleartext?: boolean
  /**
   * What we call ourselves (RFC 5321 4.1.1.1): a full domain name. Left out it is this machine's name where that has a
   * dot in it, else `[127.0.0.1]`.
   */
  readonly ehloName?: string
}

/** The security that is usual on a port: 465 is TLS from the first byte (RFC 8314 7.3), every other has STARTTLS. */
export function defaultSecurity(port: number): SmtpSecurity {
  return port === 465 ? 'tls' : 'starttls'
}

/**
 * The port of message submission: 465 with TLS (RFC 8314 7.3), else 587 (RFC 6409 3.1). Never 25, which is for mail
 * between servers and is blocked by many networks.
 */
export function defaultPort(security: SmtpSecurity): number {
  return security === 'tls' ? 465 : 587
}

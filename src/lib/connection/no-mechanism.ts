/** A server that has no way to log in with a password; no credentials were sent to it. */
import {type ErrorParts, EXIT} from '../errors.ts'
import {IMAP, SMTP, useEncryption} from './protocol.ts'

interface Server {
  readonly host: string
  readonly port: number
  readonly security: 'tls' | 'starttls' | 'none'
}

/** `offered` is what its AUTH lists, none of it for passwords; null where it has no AUTH. */
export function noSmtpMechanism({host, port, security}: Server, offered: readonly string[] | null): ErrorParts {
  const unencrypted = security === 'none'
  if (offered === null)
    return {
      code: 'SMTP_NO_AUTH',
      exitCode: EXIT.protocol,
      title: `${host}:${port} offers no login`,
      why: unencrypted
        ? 'it offers none on an unencrypted connection; no credentials were sent'
        : 'it does not announce AUTH on this port; no credentials were sent',
      fixes: [
        unencrypted
          ? useEncryption(SMTP)
          : {text: 'Use the port for submission, 465 or 587: 25 is for mail between servers.'},
        {text: 'If the server takes mail from this machine without a login, leave out --user.'},
      ],
      stage: 'capabilities',
    }
  return {
    code: 'SMTP_NO_MECHANISM',
    exitCode: EXIT.protocol,
    title: `${host} takes no password`,
    why: `it offers ${offered.length === 0 ? 'no way to log in' : offered.join(', ')}, and a password needs PLAIN, LOGIN or CRAM-MD5; no credentials were sent`,
    fixes: [
      unencrypted
        ? useEncryption(SMTP)
        : {text: 'Use an account of a provider that takes app passwords, or a token of OAuth.'},
    ],
    stage: 'capabilities',
  }
}

/** LOGIN is switched off, and so is every mechanism for passwords. */
export function noImapMechanism({host, security}: Server): ErrorParts {
  return {
    code: 'IMAP_LOGIN_CLOSED',
    exitCode: EXIT.loginClosed,
    title: `${host} takes no password`,
    why:
      security === 'none'
        ? 'it offers no login with a password on an unencrypted connection'
        : 'it offers no way to log in with a password, only others such as OAuth',
    fixes: [
      security === 'none'
        ? useEncryption(IMAP)
        : {text: 'Let the mailbox forward to an internal address, which needs no login at all.'},
    ],
    stage: 'login',
  }
}

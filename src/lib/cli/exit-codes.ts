/** What the exit codes mean, for help and docs/exit-codes.md. They are never renumbered. */
import {EXIT, type ExitCode} from '../errors.ts'

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'Done, or there was nothing to do.',
  [EXIT.unclassified]: 'Failed in a way that has no code of its own.',
  [EXIT.findings]: 'Checked, and there is something to report.',
  [EXIT.dns]: 'DNS: the host or its mail exchanger is not found.',
  [EXIT.tcp]: 'TCP: refused, timed out, or no route.',
  [EXIT.tls]: 'TLS: handshake, certificate, or no STARTTLS.',
  [EXIT.protocol]: 'The server does not speak the protocol as needed.',
  [EXIT.credentials]: 'The server rejected user or password.',
  [EXIT.loginClosed]: 'The server closed this way to log in; the password was not judged.',
  [EXIT.sender]: 'The account may not send as this sender.',
  [EXIT.recipient]: 'A recipient or the mail itself was refused for good.',
  [EXIT.notReceived]: 'Accepted, and not received: it did not arrive where it should.',
  [EXIT.domainAuthentication]: 'SPF, DKIM or DMARC of the domain is broken (only with --require-domain-auth).',
  [EXIT.usage]: 'The command line is wrong or incomplete, or has a secret on it.',
  [EXIT.data]: 'The content of a file or message cannot be used.',
  [EXIT.noInput]: 'A file that was named cannot be read.',
  [EXIT.notFound]: 'No such portal, queue, agent, address or ticket.',
  [EXIT.unavailable]: 'The store cannot be reached or used.',
  [EXIT.bug]: 'A bug of postdesk.',
  [EXIT.cannotCreate]: 'It exists already, is in use, or cannot be written.',
  [EXIT.tryAgain]: 'Failed for now: run the same again later.',
  [EXIT.notPermitted]: 'Not permitted.',
  [EXIT.config]: 'Configuration or a secret is missing or does not fit.',
  [EXIT.sigint]: 'Stopped by Ctrl-C (SIGINT).',
  [EXIT.sigterm]: 'Stopped by SIGTERM.',
}

/** Those that any command can end with. */
export const COMMON_EXIT_CODES: readonly ExitCode[] = [
  EXIT.ok,
  EXIT.usage,
  EXIT.notFound,
  EXIT.unavailable,
  EXIT.bug,
  EXIT.tryAgain,
  EXIT.config,
  EXIT.sigint,
]

/** The server that mail is handed to: what was said of it, and what is filled in or found. */
import {discoverSmtp, type Candidate, type Discovery} from './discovery/discover.ts'
import {loginOf, providerOfDomain, providerOfHost, type Provider} from './discovery/providers.ts'
import {createResolver, type ResolverAddress} from './dns/resolver.ts'
import {connectionFailed, EXIT, PostdeskError} from './errors.ts'
import {Secret} from './secret/secret.ts'
import {bracketed, checkPort, normaliseHost, refuse, type Security, type ServerSettings} from './server-settings.ts'
import {defaultPort, defaultSecurity} from './smtp/account.ts'

export {forwardingTo} from './discovery/providers.ts'

/** A server without who we are to it. */
export type SmtpServer = Pick<ServerSettings, 'host' | 'port' | 'security'>

/** A server as far as it was said. */
export interface SaidServer {
  readonly host: string
  readonly port?: number | undefined
  readonly security?: Security | undefined
}

/**
 * With everything that was left out: what is known of the host, else the usual. `known` are its ways in, best first.
 * @throws 64 for the first bad value.
 */
export function smtpServer(said: SaidServer, known: readonly SmtpServer[] = []): SmtpServer {
  const host = normaliseHost(said.host)
  refuse('--port', said.port, checkPort)
  const fitting = [...known, ...(providerOfHost(host)?.smtp ?? [])].find(
    (way) =>
      way.host === host &&
      (said.port === undefined || way.port === said.port) &&
      (said.security === undefined || way.security === said.security),
  )
  const port = said.port ?? fitting?.port ?? defaultPort(said.security ?? 'tls')
  return {host, port, security: said.security ?? fitting?.security ?? defaultSecurity(port)}
}

/** What is known of an address and its server without asking anybody. */
export const knownProvider = (address: string, host?: string): Provider | null =>
  providerOfDomain(address.slice(address.lastIndexOf('@') + 1)) ?? (host === undefined ? null : providerOfHost(host))

/** The login name that is usual there; null where only its owner knows it. */
export function usualLogin(address: string, host: string): string | null {
  const provider = providerOfHost(host)
  return provider ? loginOf(address, provider) : address
}

/** Asks the bundled table, the DNS, and what the domain publishes. Rejects only with the signal's reason. */
export const findServer = (
  address: string,
  {resolver, signal}: {readonly resolver: ResolverAddress | null; readonly signal: AbortSignal},
): Promise<Discovery> => discoverSmtp(address, {query: createResolver({address: resolver}), signal, online: true})

/** A way in, and who says so, for people. */
export const describeCandidate = ({host, port, security, source}: Candidate): string =>
  `${bracketed(host)}:${port} (${security}), ${FOUND_BY[source.kind]} ${source.detail}`

const FOUND_BY = {
  'table-domain': 'by the bundled table for',
  'table-mx': 'by the bundled table for',
  srv: 'by the DNS record',
  autoconfig: 'by',
} as const

/** Nobody says by which server the mail of an address leaves, or only those whom nobody vouches for. */
export const serverNotKnown = (address: string, {candidates, tried}: Discovery, command: string): PostdeskError =>
  new PostdeskError({
    code: 'SERVER_NOT_KNOWN',
    exitCode: EXIT.usage,
    title: '--host is missing',
    why:
      candidates.length > 0
        ? `the domain of ${address} names a server itself, which is not used unasked: ${candidates.map(describeCandidate).join('; ')}`
        : `no server is known for ${address}: ${tried.map(({outcome}) => outcome).join('; ')}`,
    fixes: [
      {text: 'Name the server that its provider names:', command: `${command} --host HOST`},
      ...(candidates.length > 0
        ? [{text: 'Or use what the domain says:', command: `${command} --accept-discovered`}]
        : [{text: 'Where the domain publishes a server later, --accept-discovered uses it.'}]),
    ],
    missing: ['--host'],
  })

/** @throws 25 where the provider takes no passwords at all. */
export function refusePasswordless(provider: Provider | null, address: string): void {
  if (provider?.password.kind !== 'none') return
  const {say, url} = provider.password
  throw connectionFailed({
    code: 'PASSWORDS_REFUSED',
    exitCode: EXIT.loginClosed,
    title: `${provider.name} takes no password for ${address}`,
    why: say,
    stage: 'login',
    fixes: [
      {text: 'Answer by another address, of a provider that takes a password.'},
      {text: 'Or save it all the same, without trying to log in: --no-verify.'},
      ...(url === undefined ? [] : [{text: `What ${provider.name} says: ${url}`}]),
    ],
  })
}

/**
 * An app password of Google is shown in four groups of four letters, and pasted with what stands between them, which belongs
 * to no password (https://support.google.com/accounts/answer/185833). Null where it is none of these.
 */
export function withoutPastedSpaces(password: Secret, provider: Provider | null): Secret | null {
  const text = password.reveal()
  return provider?.consent === 'gmail' && /^[a-z]{4}(\s+[a-z]{4}){3}$/i.test(text.trim())
    ? new Secret(text.replace(/\s/g, ''))
    : null
}

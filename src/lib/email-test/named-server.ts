/** A server that is tested without any channel: what was said of it, and what is filled in. */
import {X509Certificate} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {isIP} from 'node:net'
import {checkAddress} from '../address.ts'
import {passed} from '../channel/stage.ts'
import {KNOWN_PROVIDERS} from '../connection/explain-reply.ts'
import type {DiagnosisSubject} from '../diagnosis/subject.ts'
import {inputFileMissing, invalidValue} from '../errors.ts'
import {nearNames} from '../near-names.ts'
import type {Secret} from '../secret/secret.ts'
import {bracketed, checkAccountName, checkPort, normaliseHost, refuse, type Security} from '../server-settings.ts'
import {smtpServer} from '../smtp-server.ts'
import type {Ladder} from './ladder.ts'
import type {TestRun} from './run.ts'
import {serverLadder} from './server-ladder.ts'
import {testMessage} from './test-message.ts'

/** What a command line says of it. */
export interface NamedServer {
  readonly host: string
  readonly protocol?: 'smtp' | 'imap' | undefined
  readonly port?: number | undefined
  readonly security?: Security | undefined
  readonly user?: string | undefined
  readonly mechanism?: string | undefined
  readonly provider?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly ehloName?: string | undefined
  readonly family: 4 | 6 | null
}

/** Mechanisms that take a password (RFC 4616, draft-murchison-sasl-login, RFC 2195). */
const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5']

/** @throws 64 for the first bad value, before anybody is asked for a password. */
export function checkNamedServer(said: NamedServer, sends: boolean): void {
  const {user, from, to, ehloName} = said
  refuse('--user', user, checkAccountName)
  refuse('--from', from, checkAddress)
  refuse('--to', to, checkAddress)
  refuse('--ehlo-name', ehloName, (name) => (/^[\w.:[\]-]{1,255}$/.test(name) ? null : 'use a domain name'))
  mechanismOf(said.mechanism)
  providerOf(said.provider)
  const {protocol} = protocolAndPort(said)
  if (sends && protocol === 'imap') throw invalidValue('--send', 'an IMAP server takes no mail to send')
  if (sends && senderOf(said) === null)
    throw invalidValue('--send', 'nobody is named whom the message is from: --from ADDR')
}

const senderOf = ({from, user}: NamedServer): string | null =>
  from ?? (user !== undefined && checkAddress(user) === null ? user : null)

/** The ladder of a server that was checked. */
export async function namedLadder(said: NamedServer, password: Secret | null, run: TestRun): Promise<Ladder> {
  const {user, to, ehloName} = said
  const server = protocolAndPort(said)
  const sender = senderOf(said)
  const {host, port} = server
  return serverLadder(
    {
      target: `${bracketed(host)}:${port}`,
      server: {
        ...server,
        user: user ?? null,
        mechanism: mechanismOf(said.mechanism),
        provider: providerOf(said.provider),
        family: said.family,
        ehloName: ehloName ?? null,
        sender,
        recipient: to ?? sender,
        message:
          run.sendTo === null || sender === null
            ? null
            : await testMessage({name: '', address: sender}, run.sendTo, run.clock.now()),
        passwordMayFollow: true,
      },
      password,
      config: passed(
        `${host}:${port}, security ${server.security}, ${user === undefined ? 'no login' : `user ${user}`}`,
        {...server, user: user ?? null},
      ),
      domain: domainOf(sender, server.protocol),
      mend: null,
      relay: null,
    },
    run,
  )
}

function domainOf(sender: string | null, protocol: 'smtp' | 'imap') {
  const name = sender?.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  // A mailbox is read, whatever its domain publishes for what is sent.
  const stages = protocol === 'imap' ? (['srv', 'mx'] as const) : ('all' as const)
  return name === undefined || isIP(name.replace(/^\[|\]$/g, '')) !== 0 ? null : {name, stages}
}

function protocolAndPort({
  host: typed,
  protocol,
  port: saidPort,
  security: saidSecurity,
}: NamedServer): Pick<DiagnosisSubject, 'protocol' | 'host' | 'port' | 'security'> {
  refuse('--port', saidPort, checkPort)
  const spoken = protocol ?? (saidPort === 143 || saidPort === 993 ? 'imap' : 'smtp')
  if (spoken === 'smtp') return {protocol: spoken, ...smtpServer({host: typed, port: saidPort, security: saidSecurity})}
  const port = saidPort ?? (saidSecurity === undefined || saidSecurity === 'tls' ? 993 : 143)
  return {
    protocol: spoken,
    host: normaliseHost(typed),
    port,
    security: saidSecurity ?? (port === 993 ? 'tls' : 'starttls'),
  }
}

function mechanismOf(typed: string | undefined): string | null {
  if (typed === undefined) return null
  const mechanism = typed.toUpperCase()
  if (MECHANISMS.includes(mechanism)) return mechanism
  throw invalidValue(
    `--auth ${JSON.stringify(typed)}`,
    `use one of ${MECHANISMS.join(', ')}`,
    near(mechanism, MECHANISMS),
  )
}

/** The id of a provider that the rules for replies know. @throws 64 for another. */
export function providerOf(typed: string | undefined): string | null {
  if (typed === undefined) return null
  const ids = KNOWN_PROVIDERS.map(({id}) => id)
  const id = typed.toLowerCase()
  if (ids.includes(id)) return id
  throw invalidValue(`--provider ${JSON.stringify(typed)}`, `use one of ${ids.join(', ')}`, near(id, ids))
}

const near = (name: string, known: readonly string[]) =>
  nearNames(name, known).map((near) => ({text: `Did you mean "${near}"?`}))

/** The certificates of a PEM file. @throws 66 where it cannot be read, 64 where none that can be read is in it. */
export async function readAuthority(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw inputFileMissing(path, error)
  })
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  // Node passes over what it cannot read, and trusts nobody then.
  if (blocks.length === 0 || !blocks.every(isCertificate))
    throw invalidValue(`--ca-file ${JSON.stringify(path)}`, 'it is no PEM file with certificates that can be read')
  return text
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

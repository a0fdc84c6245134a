/**
 * Reads a domain's autoconfig file (draft-ietf-mailmaint-autoconfig, as Thunderbird has asked for it since 2008). Pure. The
 * file is a stranger's: nothing in it is expanded, and what is not a plain answer is left out.
 */
import type {Endpoint} from './provider.ts'
import {publicHost} from './public-host.ts'

/** A server that the file names, with its login name; null for one that cannot be used. */
export interface AutoconfigServer extends Endpoint {
  readonly user: string | null
}

/** Servers that are looked at; files in use name two. */
const MAX_SERVERS = 10
/** Levels; files in use have four. */
const MAX_DEPTH = 16
/** Octets of a login name; that of an address (RFC 5321 4.5.3.1.3). */
const MAX_USER = 254

/** The SMTP servers with TLS, in the order of the file, which is that of preference. @throws for what is no such file. */
export async function readAutoconfig(xml: string, address: string): Promise<AutoconfigServer[]> {
  // Entities are how a small file becomes a large one, or one of ours: files in use declare none.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw new Error('it declares a document type')
  const {XMLParser} = await import('fast-xml-parser')
  const parser = new XMLParser({
    processEntities: false,
    ignoreAttributes: false,
    parseTagValue: false,
    maxNestedTags: MAX_DEPTH,
    isArray: (tag) => tag === 'outgoingServer' || tag === 'emailProvider',
  })
  const config = field(parser.parse(xml, true), 'clientConfig')
  if (config === undefined) throw new Error('it is no clientConfig')
  return items(field(config, 'emailProvider'))
    .flatMap((provider) => items(field(provider, 'outgoingServer')))
    .slice(0, MAX_SERVERS)
    .flatMap((server) => readServer(server, address))
}

function readServer(server: unknown, address: string): AutoconfigServer[] {
  const at = address.lastIndexOf('@')
  const fill = (value: string) =>
    value
      .replaceAll('%EMAILADDRESS%', address)
      .replaceAll('%EMAILLOCALPART%', address.slice(0, at))
      .replaceAll('%EMAILDOMAIN%', address.slice(at + 1))
  const host = publicHost(fill(text(server, 'hostname')))
  const port = Number(text(server, 'port'))
  const security = {SSL: 'tls', STARTTLS: 'starttls'}[text(server, 'socketType').toUpperCase()] as
    Endpoint['security'] | undefined
  if (text(server, '@_type') !== 'smtp' || host === null || security === undefined) return []
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return []
  return [{host, port, security, user: readUser(fill(text(server, 'username')))}]
}

/** A name in one word; a variable that is not known here leaves a question to its owner. */
const readUser = (user: string) =>
  user !== '' && user.length <= MAX_USER && /^[\x21-\x7e]+$/.test(user) && !/%[A-Z]+%/.test(user) ? user : null

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Record<string, unknown>)[name]
    : undefined
}

const items = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

function text(of: unknown, name: string): string {
  const value = field(of, name)
  return typeof value === 'string' ? value.trim() : ''
}

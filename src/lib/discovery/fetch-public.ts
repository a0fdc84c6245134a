/**
 * Gets a small document from a web server that a stranger's domain names. The stranger chooses where the connection goes, so
 * it goes to public addresses only: they are looked up once, judged, and connected to as they were judged; another answer of
 * the DNS a moment later (rebinding) changes nothing. TLS with a verified certificate, also after a redirect.
 */
import type {IncomingMessage} from 'node:http'
import {request} from 'node:https'
import {isIP, type LookupFunction} from 'node:net'
import type {Query} from '../dns/resolver.ts'
import {messageOf} from '../errors.ts'
import {addressesOf} from './addresses.ts'
import {isLoopbackAddress, isPublicAddress, publicHost} from './public-host.ts'

/**
 * For tests alone, which have no public address and no certificate of a public authority: every web server is on loopback,
 * at this port, with a certificate of this authority. No command gives it.
 */
export interface LoopbackWeb {
  readonly port: number
  readonly ca: string
}

export interface FetchOptions {
  readonly query: Query
  readonly signal: AbortSignal
  readonly loopback?: LoopbackWeb | undefined
  /** How many redirects are followed; left out for as many as hosting providers need. */
  readonly redirects?: number
  /** The only media type that is taken; left out for any. */
  readonly mediaType?: string
}

/** Why there is no document. */
export class NoDocument extends Error {
  /** True where DNS could not say where the server is. */
  readonly unknown: boolean
  constructor(why: string, unknown = false) {
    super(why)
    this.name = 'NoDocument'
    this.unknown = unknown
  }
}

/** Autoconfig files in use have some 2 to 10 kB. */
const MAX_BYTES = 64 * 1024
/** Hosting providers send from the customer's name to theirs, and at most once more to the file. */
const MAX_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** The text at an https URL. @throws NoDocument for whatever is in the way. */
export async function fetchPublic(start: URL, options: FetchOptions): Promise<string> {
  const {redirects: most = MAX_REDIRECTS, mediaType} = options
  let url = start
  for (let redirects = 0; ; redirects++) {
    const response = await get(url, options)
    const {statusCode = 0, headers} = response
    if (!REDIRECTS.has(statusCode)) {
      const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
      if (statusCode === 200 && (mediaType === undefined || type === mediaType)) return readText(response)
      response.destroy()
      throw new NoDocument(
        statusCode === 200
          ? `the web server sent ${type ?? 'no media type'} instead of ${mediaType}`
          : `the web server answered ${statusCode}`,
      )
    }
    response.destroy()
    if (redirects === most)
      throw new NoDocument(
        most === 0 ? `the web server answered ${statusCode}, a redirect` : `more than ${most} redirects`,
      )
    const next = URL.parse(headers.location ?? '', url.href)
    if (next === null) throw new NoDocument('a redirect to nowhere')
    url = next
  }
}

async function get(url: URL, {query, signal, loopback, mediaType}: FetchOptions): Promise<IncomingMessage> {
  // Another port could be any service of any host, and a name with it a login (RFC 3986 3.2.1).
  if (url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '')
    throw new NoDocument('only https on its own port is asked, and the server sent elsewhere')
  const host = publicHost(url.hostname)
  if (host === null) throw new NoDocument(`${url.hostname} is no public name`)
  const {found, why, unknown} = await addressesOf(host, query, signal)
  if (why !== null) throw new NoDocument(`${host}: ${why}`, unknown)
  const mayBeAsked = loopback ? isLoopbackAddress : isPublicAddress
  if (!found.every(mayBeAsked)) throw new NoDocument(`${host} has an address that is not public, and was not asked`)
  return new Promise((resolve, reject) => {
    request(url, {
      // A connection of its own: no proxy and no open connection of somebody else's.
      agent: false,
      lookup: pinned(found),
      signal,
      headers: {host: url.host, accept: mediaType ?? 'text/xml, application/xml'},
      ...(loopback && {port: loopback.port, ca: loopback.ca}),
    })
      .on('response', resolve)
      .on('error', (error) =>
        reject(new NoDocument(signal.aborted ? `${host} did not answer in time` : `${host}: ${messageOf(error)}`)),
      )
      .end()
  })
}

/** Answers with these addresses, whatever the name. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({address, family: isIP(address)}))
  return (_name, options, callback) => {
    if (options.all) callback(null, all)
    else callback(null, all[0]!.address, all[0]!.family)
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BYTES) throw new NoDocument(`the document is larger than ${MAX_BYTES / 1024} kB`)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof NoDocument) throw error
    throw new NoDocument(`the answer broke off: ${messageOf(error)}`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

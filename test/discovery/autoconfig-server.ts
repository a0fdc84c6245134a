/** A web server on loopback that has the autoconfig files of a domain, with a certificate for its names. */
import {execFile} from 'node:child_process'
import {once} from 'node:events'
import {mkdtemp, readFile, rm} from 'node:fs/promises'
import type {RequestListener} from 'node:http'
import {createServer} from 'node:https'
import type {AddressInfo} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {promisify} from 'node:util'
import type {LoopbackWeb} from '../../src/lib/discovery/fetch-public.ts'

export interface WebServer extends LoopbackWeb {
  /** `host path` of every request that came. */
  readonly requests: string[]
}

/** Starts one that answers as told; it ends with the test. */
export async function startWeb(t: TestContext, names: readonly string[], answer: RequestListener): Promise<WebServer> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-web-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const [key, certificate] = [join(directory, 'key'), join(directory, 'certificate')]
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=web'
  const alternative = `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`
  await promisify(execFile)('openssl', [
    ...words.split(' '),
    ...['-addext', alternative, '-keyout', key, '-out', certificate],
  ])
  const ca = await readFile(certificate, 'utf8')
  const requests: string[] = []
  const server = createServer({key: await readFile(key), cert: ca}, (request, response) => {
    requests.push(`${request.headers.host} ${request.url}`)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return {port: (server.address() as AddressInfo).port, ca, requests}
}

/** An autoconfig file with these SMTP servers: `host port socketType username`. */
export const autoconfigFile = (...servers: readonly string[]) => `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1"><emailProvider id="acme.test"><domain>acme.test</domain>
  <incomingServer type="imap"><hostname>imap.acme.test</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
${servers
  .map((line) => line.split(' '))
  .map(
    ([host, port, socket, user]) =>
      `  <outgoingServer type="smtp"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType>` +
      `<authentication>password-cleartext</authentication><username>${user}</username></outgoingServer>`,
  )
  .join('\n')}
</emailProvider></clientConfig>`

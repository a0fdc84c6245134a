/**
 * Certificates for TLS peers of the tests, made with the openssl command: one authority, and server certificates
 * that are good or wrong in one way each.
 */
import {execFile} from 'node:child_process'
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {promisify} from 'node:util'

const run = promisify(execFile)

/** A certificate and its key as files, the way servers want them. */
export interface ServerCertificate {
  readonly certificate: string
  readonly key: string
}

export interface Certificates {
  /** The authority in PEM: what a client has to trust. */
  readonly ca: string
  /** For localhost and 127.0.0.1, valid now. */
  readonly good: ServerCertificate
  /** Valid until yesterday. */
  readonly expired: ServerCertificate
  /** For another.example only. */
  readonly wrongName: ServerCertificate
  /** Signed by nobody but itself. */
  readonly selfSigned: ServerCertificate
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Makes one of each; the files are gone after the test. */
export async function makeCertificates(t: TestContext): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-certificates-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const at = (name: string) => join(directory, name)

  await run('openssl', [
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=Test Authority'],
    ...['-keyout', at('ca.key'), '-out', at('ca.crt')],
  ])
  const signed = async (name: string, alternative: string, validity: readonly string[]) => {
    await run('openssl', [
      'req',
      '-new',
      ...KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
    ])
    await writeFile(at(`${name}.ext`), `subjectAltName=${alternative}\n`)
    await run('openssl', [
      ...['x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'],
      ...['-extfile', at(`${name}.ext`), '-out', at(`${name}.crt`), ...validity],
    ])
    return {certificate: at(`${name}.crt`), key: at(`${name}.key`)}
  }
  const local = 'DNS:localhost,IP:127.0.0.1'
  const good = await signed('good', local, ['-days', '2'])
  // A negative number of days ends the validity before it began, which is expired all the same.
  const expired = await signed('expired', local, ['-days', '-1'])
  const wrongName = await signed('wrong-name', 'DNS:another.example', ['-days', '2'])
  await run('openssl', [
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=localhost', '-addext', `subjectAltName=${local}`],
    ...['-keyout', at('self.key'), '-out', at('self.crt')],
  ])
  const selfSigned = {certificate: at('self.crt'), key: at('self.key')}
  return {ca: await readFile(at('ca.crt'), 'utf8'), good, expired, wrongName, selfSigned}
}

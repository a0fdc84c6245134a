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

const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

/** Makes one of each; the files are gone after the test. */
export async function makeCertificates(t: TestContext): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-certificates-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const at = (name: string) => join(directory, name)

  /** Words without spaces, then further arguments as they are. */
  const openssl = (words: string, ...more: readonly string[]) => run('openssl', [...words.split(' '), ...more])

  await openssl(`req -x509 ${KEY} -days 2 -keyout ${at('ca.key')} -out ${at('ca.crt')} -subj`, '/CN=Test Authority')
  const signed = async (name: string, alternative: string, days: number) => {
    const [key, request, extensions, certificate] = [
      at(`${name}.key`),
      at(`${name}.csr`),
      at(`${name}.ext`),
      at(`${name}.crt`),
    ]
    await openssl(`req -new ${KEY} -subj /CN=${name} -keyout ${key} -out ${request}`)
    await writeFile(extensions, `subjectAltName=${alternative}\n`)
    const authority = `-CA ${at('ca.crt')} -CAkey ${at('ca.key')} -CAcreateserial`
    await openssl(`x509 -req -in ${request} ${authority} -extfile ${extensions} -days ${days} -out ${certificate}`)
    return {certificate, key}
  }
  const local = 'DNS:localhost,IP:127.0.0.1'
  const good = await signed('good', local, 2)
  // A negative number of days ends the validity before it began, which is expired all the same.
  const expired = await signed('expired', local, -1)
  const wrongName = await signed('wrong-name', 'DNS:another.example', 2)
  const selfSigned = {certificate: at('self.crt'), key: at('self.key')}
  await openssl(
    `req -x509 ${KEY} -days 2 -subj /CN=localhost -addext subjectAltName=${local} -keyout ${selfSigned.key} -out ${selfSigned.certificate}`,
  )
  return {ca: await readFile(at('ca.crt'), 'utf8'), good, expired, wrongName, selfSigned}
}

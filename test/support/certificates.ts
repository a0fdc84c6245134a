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
  /** For localhost, 127.0.0.1 and ::1, valid now. */
  readonly good: ServerCertificate
  /** Valid until yesterday. */
  readonly expired: ServerCertificate
  /** For another.example only. */
  readonly wrongName: ServerCertificate
  /** Signed by nobody but itself. */
  readonly selfSigned: ServerCertificate
}

/** What a certificate is like, where it is not good for this machine and made now. */
export interface Wanted {
  /** As in `subjectAltName`: `DNS:mail.acme.example`. */
  readonly names?: string
  /** The days, counted from now, from which on and up to which it is valid. */
  readonly valid?: readonly [from: number, to: number]
  /** Bits of an RSA key; without them it is one of an elliptic curve. */
  readonly rsaBits?: number
}

/** Who signs certificates. */
export interface Authority {
  /** Its certificate in PEM. */
  readonly ca: string
  /** Makes a certificate; `name` is its common name, and each is asked for once. */
  issue(name: string, wanted?: Wanted): Promise<ServerCertificate>
  /** Makes an authority whose certificate this one signed. */
  intermediate(name: string): Promise<Authority>
}

/** Makes one of each; the files are gone after the test. */
export async function makeCertificates(t: TestContext): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-certificates-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const authority = await makeAuthority(directory)
  return {
    ca: authority.ca,
    good: await authority.issue('good'),
    expired: await authority.issue('expired', {valid: [-30, -1]}),
    wrongName: await authority.issue('wrong-name', {names: 'DNS:another.example'}),
    selfSigned: await makeSelfSigned(directory),
  }
}

/** Longer than any test takes. */
const VALID: readonly [number, number] = [-1, 60]
const LOCAL = 'DNS:localhost,IP:127.0.0.1,IP:::1'

/** Makes an authority of its own in the directory, which has to be empty. */
export async function makeAuthority(directory: string, name = 'Test Authority'): Promise<Authority> {
  const [certificate, key] = [join(directory, 'ca.crt'), join(directory, 'ca.key')]
  await openssl(`req -x509 ${newKey()} -days 60 -keyout ${key} -out ${certificate} -subj`, `/CN=${name}`)
  return authorityOf(directory, {certificate, key})
}

/** A certificate for this machine that nobody vouches for. */
export async function makeSelfSigned(directory: string): Promise<ServerCertificate> {
  const [certificate, key] = [join(directory, 'self.crt'), join(directory, 'self.key')]
  await openssl(
    `req -x509 ${newKey()} -days 60 -subj /CN=localhost -addext subjectAltName=${LOCAL} -keyout ${key} -out ${certificate}`,
  )
  return {certificate, key}
}

async function authorityOf(directory: string, own: ServerCertificate): Promise<Authority> {
  // The command `x509` of OpenSSL 3.0 signs from now on only, `ca` for any time; it keeps books for that.
  const configuration = `${own.certificate}.conf`
  await writeFile(`${own.certificate}.index`, '')
  await writeFile(`${own.certificate}.index.attr`, 'unique_subject = no\n')
  await writeFile(
    configuration,
    `[ca]
default_ca = books
[books]
database = ${own.certificate}.index
new_certs_dir = ${directory}
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
`,
  )

  const sign = async (name: string, extensions: string, {valid = VALID, rsaBits}: Wanted) => {
    const at = (ending: string) => join(directory, `${name.replaceAll(' ', '-')}.${ending}`)
    const [from, to] = valid
    await openssl(`req -new ${newKey(rsaBits)} -keyout ${at('key')} -out ${at('csr')} -subj`, `/CN=${name}`)
    await writeFile(at('ext'), `${extensions}\n`)
    await openssl(
      `ca -batch -notext -config ${configuration} -cert ${own.certificate} -keyfile ${own.key} -in ${at('csr')} -out ${at('crt')} -extfile ${at('ext')} -startdate ${dateIn(from)} -enddate ${dateIn(to)}`,
    )
    return {certificate: at('crt'), key: at('key')}
  }

  return {
    ca: await readFile(own.certificate, 'utf8'),
    issue: (name, wanted = {}) => sign(name, `subjectAltName=${wanted.names ?? LOCAL}`, wanted),
    intermediate: async (name) => authorityOf(directory, await sign(name, 'basicConstraints=CA:TRUE', {})),
  }
}

const newKey = (rsaBits?: number): string =>
  rsaBits === undefined ? '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' : `-newkey rsa:${rsaBits} -nodes`

/** `20261127170000Z`, so many days from now. */
const dateIn = (days: number): string =>
  `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`

/** Words without spaces, then further arguments as they are. */
const openssl = (words: string, ...more: readonly string[]) => run('openssl', [...words.split(' '), ...more])

/** The certificates of the servers of the zoo, each wrong in its own way. Made once in a process. */
import {mkdir, mkdtemp, readFile, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {makeAuthority, makeSelfSigned, type ServerCertificate} from './certificates.ts'

/** As `node:tls` takes them. */
export interface Pem {
  readonly cert: string
  readonly key: string
}

export interface ZooCertificates {
  /** The authority that a client has to trust. */
  readonly ca: string
  readonly good: Pem
  readonly expired: Pem
  readonly notYetValid: Pem
  /** Ends in five days. */
  readonly endsSoon: Pem
  /** For another.example and mail.another.example. */
  readonly wrongName: Pem
  readonly selfSigned: Pem
  /** With all that a client needs, from an authority that nobody knows. */
  readonly unknownAuthority: Pem
  /** Of an authority that reads the traffic of a company. */
  readonly inspected: Pem
  /** By an intermediate, whose certificate is sent along. */
  readonly wholeChain: Pem
  /** The same, with the certificate of the authority between. */
  readonly misordered: Pem
  /** By an intermediate, whose certificate is not sent. */
  readonly missingIntermediate: Pem
  /** RSA with 1024 bits. */
  readonly weakKey: Pem
}

let made: Promise<ZooCertificates> | undefined

export const zooCertificates = (): Promise<ZooCertificates> => (made ??= make())

async function make(): Promise<ZooCertificates> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-zoo-'))
  try {
    const authorityIn = async (name: string, called?: string) => {
      await mkdir(join(directory, name))
      return makeAuthority(join(directory, name), called)
    }
    const authority = await authorityIn('own')
    const intermediate = await authority.intermediate('Test Intermediate')
    const stranger = await authorityIn('stranger', 'Unknown Authority')
    const inspector = await authorityIn('inspector', 'Zscaler Intermediate Root CA')
    const behind = await pemOf(await intermediate.issue('behind'))
    return {
      ca: authority.ca,
      good: await pemOf(await authority.issue('good')),
      expired: await pemOf(await authority.issue('expired', {valid: [-30, -1]})),
      notYetValid: await pemOf(await authority.issue('not-yet-valid', {valid: [10, 40]})),
      endsSoon: await pemOf(await authority.issue('ends-soon', {valid: [-30, 5.5]})),
      wrongName: await pemOf(
        await authority.issue('wrong-name', {names: 'DNS:another.example,DNS:mail.another.example'}),
      ),
      selfSigned: await pemOf(await makeSelfSigned(directory)),
      unknownAuthority: await pemOf(await stranger.issue('unknown'), stranger.ca),
      inspected: await pemOf(await inspector.issue('inspected'), inspector.ca),
      wholeChain: {...behind, cert: behind.cert + intermediate.ca},
      misordered: {...behind, cert: behind.cert + authority.ca + intermediate.ca},
      missingIntermediate: behind,
      weakKey: await pemOf(await authority.issue('weak-key', {rsaBits: 1024})),
    }
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

/** With what the server sends behind its own certificate. */
async function pemOf({certificate, key}: ServerCertificate, behind = ''): Promise<Pem> {
  return {cert: (await readFile(certificate, 'utf8')) + behind, key: await readFile(key, 'utf8')}
}

/** Mail with DKIM signatures, and the records that publish their keys (RFC 6376). */
import {generateKeyPairSync, type KeyObject} from 'node:crypto'
import {dkimSign} from 'mailauth/lib/dkim/sign.js'

/** A key that a domain signs with. */
export interface SigningKey {
  readonly domain: string
  readonly selector: string
  readonly privateKey: string
  /** The name of its record, and the record. */
  readonly name: string
  readonly record: string
}

/** Makes one; `tags` are further tags of the record, such as `t=y`. */
export function signingKey(
  domain: string,
  options: {type?: 'rsa' | 'ed25519'; bits?: number; selector?: string; tags?: string} = {},
): SigningKey {
  const {type = 'rsa', bits = 2048, selector = 'mail', tags = ''} = options
  const pair: {publicKey: KeyObject; privateKey: KeyObject} =
    type === 'rsa' ? generateKeyPairSync('rsa', {modulusLength: bits}) : generateKeyPairSync('ed25519')
  const der = pair.publicKey.export({type: 'spki', format: 'der'})
  const published = type === 'rsa' ? der : der.subarray(-32) // RFC 8463 4: the bare key
  return {
    domain,
    selector,
    privateKey: pair.privateKey.export({type: 'pkcs8', format: 'pem'}) as string,
    name: `${selector}._domainkey.${domain}`,
    record: `v=DKIM1; k=${type}; ${tags ? `${tags}; ` : ''}p=${published.toString('base64')}`,
  }
}

export interface SigningOptions {
  readonly canonicalization?: 'relaxed/relaxed' | 'simple/simple' | 'relaxed/simple' | 'simple/relaxed'
  readonly algorithm?: string
  readonly signTime?: string
  readonly expires?: string
  /** `l=`: bytes of the body that are signed. */
  readonly bodyLength?: number
}

/** The mail with a signature above it. */
export async function sign(mail: string | Buffer, key: SigningKey, options: SigningOptions = {}): Promise<Buffer> {
  const raw = Buffer.from(mail)
  const signature = {
    signingDomain: key.domain,
    selector: key.selector,
    privateKey: key.privateKey,
    canonicalization: options.canonicalization ?? 'relaxed/relaxed',
    signTime: new Date(options.signTime ?? '2026-03-01T10:00:00Z'),
    ...(options.expires === undefined ? {} : {expires: new Date(options.expires)}),
    ...(options.algorithm === undefined ? {} : {algorithm: options.algorithm}),
    ...(options.bodyLength === undefined ? {} : {maxBodyLength: options.bodyLength}),
  }
  const {signatures, errors} = await dkimSign(raw, {...signature, signatureData: [signature]})
  if (errors.length > 0) throw new Error('signing failed', {cause: errors[0]})
  return Buffer.concat([Buffer.from(signatures), raw])
}

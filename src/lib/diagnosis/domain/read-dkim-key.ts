/** Reads a DKIM key record (RFC 6376 3.6.1, RFC 8301, RFC 8463): what it says, and what is wrong with it. */
import {createPublicKey, type KeyObject} from 'node:crypto'
import type {Defect} from './defect.ts'
import {readTagList, repeatedTags} from './tag-list.ts'

export type DkimDefectCode =
  | 'DKIM_KEY_SYNTAX'
  | 'DKIM_KEY_REVOKED'
  | 'DKIM_KEY_TYPE_UNKNOWN'
  | 'DKIM_KEY_NOT_FOR_MAIL'
  | 'DKIM_KEY_HASH'
  | 'DKIM_KEY_TOO_SHORT'
  | 'DKIM_KEY_SHORT'
  | 'DKIM_KEY_TESTING'

export interface DkimKey {
  readonly text: string
  /** `rsa`, `ed25519`, or what the record calls it. */
  readonly type: string
  /** Of an RSA key that can be read. */
  readonly bits: number | null
  /** The domain is testing DKIM: receivers treat its mail as if it were not signed (t=y). */
  readonly isTesting: boolean
  /** The key was taken back (p= is empty). */
  readonly isRevoked: boolean
  readonly defects: readonly Defect<DkimDefectCode>[]
}

/** Verifiers must not take shorter ones (RFC 8301 3.2). */
const LEAST_BITS = 1024
/** What signers should have (RFC 8301 3.2). */
const GOOD_BITS = 2048
/** RFC 8032 5.1.5. */
const ED25519_BYTES = 32

/** @param text the strings of the record, joined without a space. */
export function readDkimKey(text: string): DkimKey {
  const list = readTagList(text)
  const {tags, names, malformed} = list
  const type = (tags.get('k') ?? 'rsa').toLowerCase()
  const version = tags.get('v')
  const material = tags.get('p')?.replace(/\s/g, '')
  const flags = partsOf(tags.get('t'))
  const repeated = repeatedTags(list)
  const read = material === undefined || material === '' ? null : readMaterial(type, material)
  const wrong = [
    ...malformed.map((piece) => `"${piece.slice(0, 40)}" is no tag`),
    ...repeated.map((name) => `${name}= stands in it more than once`),
    // RFC 6376 3.6.1: where v= is there, it is the first, and exactly this.
    ...(version !== undefined && (version !== 'DKIM1' || names[0] !== 'v') ? [`it does not begin with v=DKIM1`] : []),
    ...(material === undefined ? ['it has no key (p=)'] : []),
    ...(read !== null && 'wrong' in read ? [read.wrong] : []),
  ]
  const bits = read !== null && 'bits' in read ? read.bits : null
  const isRevoked = material === ''
  const isTesting = flags.includes('y')
  return {
    text,
    type,
    bits,
    isTesting,
    isRevoked,
    defects: [
      ...wrong.map((why) => broken('DKIM_KEY_SYNTAX', why)),
      ...(isRevoked ? [broken('DKIM_KEY_REVOKED', 'its owner took it back: p= is empty')] : []),
      ...(type === 'rsa' || type === 'ed25519'
        ? []
        : [broken('DKIM_KEY_TYPE_UNKNOWN', `nobody knows keys of type "${type}"`)]),
      ...(isForMail(tags.get('s')) ? [] : [broken('DKIM_KEY_NOT_FOR_MAIL', `it is for s=${tags.get('s')} alone`)]),
      // RFC 8301 3.1: SHA-1 must not be used any more.
      ...(isForSha256(tags.get('h'))
        ? []
        : [broken('DKIM_KEY_HASH', `it allows the hash ${tags.get('h')} alone, and signatures use sha256`)]),
      ...defectsOfLength(bits),
      ...(isTesting
        ? [weak('DKIM_KEY_TESTING', 'it is marked as a test (t=y): receivers may take mail for unsigned')]
        : []),
    ],
  }
}

const partsOf = (value: string | undefined): string[] =>
  (value ?? '').split(':').map((part) => part.trim().toLowerCase())
const isForMail = (services: string | undefined) =>
  services === undefined || services === '' || partsOf(services).some((one) => one === '*' || one === 'email')
const isForSha256 = (hashes: string | undefined) =>
  hashes === undefined || hashes === '' || partsOf(hashes).includes('sha256')

function defectsOfLength(bits: number | null): Defect<DkimDefectCode>[] {
  if (bits === null || bits >= GOOD_BITS) return []
  return bits < LEAST_BITS
    ? [broken('DKIM_KEY_TOO_SHORT', `it has ${bits} bits, and receivers take none below ${LEAST_BITS} (RFC 8301 3.2)`)]
    : [weak('DKIM_KEY_SHORT', `it has ${bits} bits, and should have ${GOOD_BITS} (RFC 8301 3.2)`)]
}

type Material = {readonly bits: number | null} | {readonly wrong: string}

function readMaterial(type: string, material: string): Material {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(material)) {
    const [stranger = ''] = /[^A-Za-z0-9+/=]/.exec(material) ?? []
    return {wrong: `the key is no base64${stranger === '' ? '' : `: it has the character ${JSON.stringify(stranger)}`}`}
  }
  const bytes = Buffer.from(material, 'base64')
  switch (type) {
    case 'ed25519':
      // RFC 8463 4: the bare key, not a structure with the key in it.
      return bytes.length === ED25519_BYTES
        ? {bits: null}
        : {wrong: `the key has ${bytes.length} bytes, and a key of Ed25519 has ${ED25519_BYTES}`}
    case 'rsa': {
      const key = readRsaKey(bytes)
      return key === null ? {wrong: whyNoKey(bytes)} : {bits: key.asymmetricKeyDetails?.modulusLength ?? null}
    }
    default:
      return {bits: null}
  }
}

/** As all publish it, SubjectPublicKeyInfo; and as RFC 6376 3.6.1 has it, RSAPublicKey. */
function readRsaKey(der: Buffer): KeyObject | null {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({key: der, format: 'der', type})
      if (key.asymmetricKeyType === 'rsa') return key
    } catch {
      // It is of the other form, or no key at all, which is told below.
    }
  }
  return null
}

/** The length that a key says of itself tells one that was cut off: interfaces for the DNS do that at 255 characters. */
function whyNoKey(der: Buffer): string {
  const declared = derLength(der)
  return declared !== null && declared > der.length
    ? `the key is cut off: it should have ${declared} bytes, and has ${der.length}`
    : 'the key is no RSA key'
}

/** Of an outer SEQUENCE with a length in two octets or three (X.690 8.1.3), header and all. */
function derLength(der: Buffer): number | null {
  if (der[0] !== 0x30) return null
  if (der[1] === 0x81 && der.length > 2) return der.readUInt8(2) + 3
  return der[1] === 0x82 && der.length > 3 ? der.readUInt16BE(2) + 4 : null
}

const broken = (code: DkimDefectCode, why: string) => ({code, weight: 'broken', why}) as const
const weak = (code: DkimDefectCode, why: string) => ({code, weight: 'weak', why}) as const

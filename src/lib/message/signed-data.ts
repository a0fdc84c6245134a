/** Signed and encrypted messages of S/MIME (RFC 8551), as far as they can be read without keys: their outermost layer. */

/** What a message in CMS (RFC 5652) is. */
export interface CmsContent {
  readonly kind: 'signed' | 'encrypted'
  /** Of a signed one, what was signed, in one piece; null where it is not in it, or the bytes end before it does. */
  readonly content: Buffer | null
  /** Where `content` begins in the bytes; null where it stands there in several pieces. */
  readonly offset: number | null
}

/** An element of BER (X.690 8.1). */
interface Element {
  readonly tag: number
  /** Where its content begins and ends; of one of indefinite length that is the end of what surrounds it. */
  readonly start: number
  readonly end: number
  readonly indefinite: boolean
}

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06
const OCTET_STRING = 0x04
const OCTET_STRINGS = 0x24
const CONTEXT_0 = 0xa0
const END_OF_CONTENT = 0x00

/** 1.2.840.113549.1.7 and 1.2.840.113549.1.9.16.1: the arcs of content types (RFC 5652, RFC 5083). */
const PKCS7 = Buffer.from('2a864886f70d0107', 'hex')
const SMIME_CONTENT = Buffer.from('2a864886f70d0109100117', 'hex')
const SIGNED_DATA = 2
const ENVELOPED_DATA = 3

/** Pieces of an octet string: programs that stream write one for every 1 to 4 KB. */
const MAX_PIECES = 10_000

/** Reads the outermost layer; null for what is no signed or encrypted message. Never throws, linear in time. */
export function readCms(bytes: Buffer): CmsContent | null {
  const info = elementAt(bytes, 0, bytes.length)
  if (info?.tag !== SEQUENCE) return null
  const type = elementAt(bytes, info.start, info.end)
  if (type?.tag !== OBJECT_IDENTIFIER) return null
  const id = bytes.subarray(type.start, type.end)
  if (id.equals(SMIME_CONTENT)) return {kind: 'encrypted', content: null, offset: null}
  if (id.length !== PKCS7.length + 1 || !id.subarray(0, -1).equals(PKCS7)) return null
  if (id.at(-1) === ENVELOPED_DATA) return {kind: 'encrypted', content: null, offset: null}
  if (id.at(-1) !== SIGNED_DATA) return null

  const nothing: CmsContent = {kind: 'signed', content: null, offset: null}
  // ContentInfo ::= { type, [0] SignedData ::= { version, digestAlgorithms, EncapsulatedContentInfo, … } }
  const wrapper = elementAt(bytes, type.end, info.end)
  const signed = wrapper === null ? null : elementAt(bytes, wrapper.start, wrapper.end)
  if (wrapper?.tag !== CONTEXT_0 || signed?.tag !== SEQUENCE) return nothing
  const version = elementAt(bytes, signed.start, signed.end)
  const algorithms = version === null ? null : elementAt(bytes, version.end, signed.end)
  if (algorithms === null) return nothing
  const afterAlgorithms = algorithms.indefinite ? endOfIndefinite(bytes, algorithms) : algorithms.end
  const encapsulated = afterAlgorithms === null ? null : elementAt(bytes, afterAlgorithms, signed.end)
  if (encapsulated?.tag !== SEQUENCE) return nothing
  // { eContentType, [0] OCTET STRING }
  const contentType = elementAt(bytes, encapsulated.start, encapsulated.end)
  const explicit = contentType === null ? null : elementAt(bytes, contentType.end, encapsulated.end)
  if (explicit?.tag !== CONTEXT_0) return nothing
  const octets = elementAt(bytes, explicit.start, explicit.end)
  if (octets?.tag === OCTET_STRING)
    return {kind: 'signed', content: bytes.subarray(octets.start, octets.end), offset: octets.start}
  if (octets?.tag !== OCTET_STRINGS) return nothing
  const content = joinPieces(bytes, octets)
  return content === null ? nothing : {kind: 'signed', content, offset: null}
}

/** The element at that place; null where the bytes end within it. */
function elementAt(bytes: Buffer, at: number, limit: number): Element | null {
  const tag = bytes[at]
  const first = bytes[at + 1]
  // Tags of several bytes do not occur in what is read here.
  if (tag === undefined || first === undefined || at + 2 > limit || (tag & 0x1f) === 0x1f) return null
  if (first < 0x80) return within(tag, at + 2, first, limit)
  // X.690 8.1.3.6: the length is not told, the content ends with two zeros.
  if (first === 0x80) return {tag, start: at + 2, end: limit, indefinite: true}
  const count = first & 0x7f
  if (count > 4 || at + 2 + count > limit) return null
  return within(tag, at + 2 + count, bytes.readUIntBE(at + 2, count), limit)
}

function within(tag: number, start: number, length: number, limit: number): Element | null {
  return start + length > limit ? null : {tag, start, end: start + length, indefinite: false}
}

/** Where an element of indefinite length ends, whose own elements have lengths. */
function endOfIndefinite(bytes: Buffer, {start, end}: Element): number | null {
  let at = start
  for (let count = 0; count < MAX_PIECES; count++) {
    const element = elementAt(bytes, at, end)
    if (element === null || element.indefinite) return null
    if (element.tag === END_OF_CONTENT) return element.end
    at = element.end
  }
  return null
}

/** An octet string that is written in pieces (X.690 8.7.3). */
function joinPieces(bytes: Buffer, {start, end}: Element): Buffer | null {
  const pieces: Buffer[] = []
  let at = start
  while (at < end && pieces.length < MAX_PIECES) {
    const element = elementAt(bytes, at, end)
    if (element?.tag === END_OF_CONTENT) break
    if (element?.tag !== OCTET_STRING) return null
    pieces.push(bytes.subarray(element.start, element.end))
    at = element.end
  }
  return Buffer.concat(pieces)
}

import {fieldValue, readHeader} from './header.ts'
import type {Attachment} from './message.ts'
import {isSignature} from './security.ts'
import type {Leaf, Structure, TextContent} from './structure.ts'
import type {TnefContent} from './tnef.ts'
import {encodingWithin} from './transfer-encoding.ts'

/** How encoded words of a name are decoded. */
type Decode = (value: string) => string

/** The attachments that a leaf is, or holds: files in a text, in a winmail.dat, in a signed message. */
export function attachmentsOf(leaf: Leaf, decode: Decode): readonly Attachment[] {
  const {content} = leaf
  if (content.kind === 'text') return (content.files ?? []).map((file, index) => uuencoded(leaf, file, index))
  const {tnef, cms} = content
  const inner = cms?.inner ?? null
  if (inner !== null && cms?.offset != null) return signedAttachments(leaf, inner, cms.offset, decode)
  const own: Attachment = {
    part: leaf.part,
    filename: leaf.filename === null ? nameOfMessage(leaf, decode) : decode(leaf.filename),
    contentType: leaf.contentType,
    size: content.size,
    sha256: content.sha256,
    contentId: leaf.contentId,
    inline: leaf.disposition === 'inline' || (leaf.related && leaf.contentId !== null),
    role: isSignature(leaf) ? 'signature' : leaf.contentType === 'application/applefile' ? 'resource-fork' : null,
    offset: leaf.offset,
    length: leaf.length,
    transferEncoding: leaf.transferEncoding,
  }
  if (tnef === undefined) return [own]
  const files = tnef.files.map((file, index) => fileOfTnef(leaf, file, index))
  // One that was read to its end is the wrapping of what is in it; of another nobody knows what is missing.
  return tnef.whole ? files : [own, ...files]
}

/** A file within the bytes of a leaf, all of which is told by the place. */
function fileWithin(leaf: Leaf, index: number): Pick<Attachment, 'part' | 'offset' | 'length' | 'role'> {
  return {part: `${leaf.part}.${index + 1}`, offset: leaf.offset, length: leaf.length, role: null}
}

function uuencoded(leaf: Leaf, file: NonNullable<TextContent['files']>[number], index: number): Attachment {
  return {
    ...fileWithin(leaf, index),
    filename: file.filename,
    contentType: 'application/octet-stream',
    size: file.size,
    sha256: file.sha256,
    contentId: null,
    inline: false,
    transferEncoding: encodingWithin(leaf.transferEncoding, file.offset, file.length, 'uuencode'),
  }
}

function fileOfTnef(leaf: Leaf, file: TnefContent['files'][number], index: number): Attachment {
  return {
    ...fileWithin(leaf, index),
    filename: file.filename,
    contentType: file.contentType,
    size: file.length,
    sha256: file.sha256,
    contentId: file.contentId,
    inline: file.contentId !== null,
    transferEncoding: encodingWithin(leaf.transferEncoding, file.offset, file.length, 'binary'),
  }
}

/** Of a signed message, the attachments of what was signed. */
function signedAttachments(leaf: Leaf, inner: Structure, start: number, decode: Decode): readonly Attachment[] {
  return inner.leaves
    .flatMap((part) => attachmentsOf(part, decode))
    .map((attachment) => ({
      ...attachment,
      part: `${leaf.part}.${attachment.part}`,
      offset: leaf.offset,
      length: leaf.length,
      transferEncoding: encodingWithin(
        leaf.transferEncoding,
        start + attachment.offset,
        attachment.length,
        attachment.transferEncoding,
      ),
    }))
}

/** A message within a message is known by its subject. */
function nameOfMessage({contentType, content}: Leaf, decode: Decode): string | null {
  if (contentType !== 'message/rfc822' && contentType !== 'message/global') return null
  const excerpt = content.kind === 'opaque' ? (content.excerpt ?? '') : ''
  const [header = ''] = excerpt.split(/\r?\n\r?\n/, 1)
  const subject = decode(fieldValue(readHeader(Buffer.from(header)).fields, 'subject') ?? '').trim()
  return subject === '' ? null : `${subject}.eml`
}

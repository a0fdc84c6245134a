/** What is in an attachment: a part of the raw mail, decoded (docs/adr/0001-the-raw-mail-is-the-body.md). */
import {messageOf, rawDamaged} from './errors.ts'
import {decodePartStream} from './message/decode-part.ts'
import {Digest} from './message/digest.ts'
import {CHUNK_BYTES} from './message/limits.ts'
import type {TransferEncoding} from './message/message.ts'
import {decompressChunk} from './message/raw-chunks.ts'
import {readRaw} from './store/raw.ts'
import type {Db} from './store/schema.ts'
import type {AttachmentRow} from './store/tickets.ts'

/**
 * The decoded bytes in pieces; of the mail only the stored pieces are read that hold them.
 * @throws 65 at a piece that is damaged, and at the end where all of it is not what its hash says.
 */
export async function* readAttachment(db: Db, rawId: number, row: AttachmentRow): AsyncGenerator<Uint8Array> {
  const digest = new Digest()
  const encoding = {transferEncoding: row.transfer_encoding as TransferEncoding}
  for await (const bytes of decodePartStream(encodedBytes(db, rawId, row), encoding)) {
    digest.push(bytes)
    yield bytes
  }
  if (digest.end() !== row.sha256) throw rawDamaged(nameOf(row), 'its bytes are not those that came')
}

/** The first decoded bytes, at most `limit`. @throws 65 where they are damaged. */
export async function beginningOfAttachment(
  db: Db,
  rawId: number,
  row: AttachmentRow,
  limit: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const bytes of readAttachment(db, rawId, row)) {
    pieces.push(bytes)
    size += bytes.length
    if (size >= limit) break
  }
  return Buffer.concat(pieces).subarray(0, limit)
}

/** The bytes of the part as they stand in the raw mail. */
async function* encodedBytes(db: Db, rawId: number, row: AttachmentRow): AsyncGenerator<Uint8Array> {
  const end = row.offset + row.length
  const first = Math.floor(row.offset / CHUNK_BYTES)
  let at = first * CHUNK_BYTES
  if (at >= end) return
  for await (const chunk of readRaw(db, row.portal_id, rawId, first)) {
    let bytes: Uint8Array
    try {
      bytes = decompressChunk(chunk)
    } catch (error) {
      throw rawDamaged(nameOf(row), messageOf(error), error)
    }
    yield bytes.subarray(Math.max(row.offset - at, 0), end - at)
    at += bytes.length
    if (at >= end) return
  }
}

const nameOf = ({part, message_id}: AttachmentRow): string => `Part ${part} of mail ${message_id}`

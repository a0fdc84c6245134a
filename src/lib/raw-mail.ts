/** The raw mails of the store as bytes. */
import {messageOf, rawDamaged} from './errors.ts'
import {decompressChunk, type RawChunk} from './message/raw-chunks.ts'
import {readRaw} from './store/raw.ts'
import type {Db} from './store/schema.ts'

/** A raw mail, and how an error names it, such as `Mail 12`. */
export interface RawMail {
  readonly portalId: number
  readonly rawId: number
  /** Bytes that it must have. */
  readonly size: number
  readonly name: string
}

/** The bytes in pieces. @throws 65 at the end where pieces are missing, or at a piece that is damaged. */
export async function* readRawMail(db: Db, {portalId, rawId, size, name}: RawMail): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const chunk of readRaw(db, portalId, rawId)) {
    const bytes = decompress(chunk, name)
    read += bytes.length
    yield bytes
  }
  if (read !== size) throw rawDamaged(name, `${read} of its ${size} bytes are in the store`)
}

/** Its first bytes, at most so many. @throws 65 where they are damaged. */
export async function readBeginning(db: Db, mail: RawMail, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of readRawMail(db, mail)) {
    pieces.push(piece)
    size += piece.length
    if (size >= most) break
  }
  return Buffer.concat(pieces).subarray(0, most)
}

function decompress(chunk: RawChunk, name: string): Uint8Array {
  try {
    return decompressChunk(chunk)
  } catch (error) {
    throw rawDamaged(name, messageOf(error), error)
  }
}

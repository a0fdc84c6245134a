import {promisify} from 'node:util'
import {constants, zstdCompressSync, zstdDecompress, zstdDecompressSync, type ZstdOptions} from 'node:zlib'
import {CHUNK_BYTES} from './limits.ts'

/** A piece of a raw message as it is stored: all of `CHUNK_BYTES` but the last, which is shorter. */
export interface RawChunk {
  /** How `data` is stored; `none` where compression does not make it smaller. */
  readonly encoding: 'zstd' | 'none'
  /** Bytes after decoding. */
  readonly size: number
  readonly data: Uint8Array
}

/** zstd's own default. On mail, 1 is not faster (set-up takes most of the time) and 6 takes twice as long for 2 %. */
const LEVEL = 3

/** Output is collected in buffers of this size; the last one is cut, and its rest would be held in memory with it. */
const MAX_OUTPUT_BUFFER = 64 * 1024

/** Compresses one piece of at most `CHUNK_BYTES`. The result holds no memory of the input, unless it is not smaller. */
function compressChunk(bytes: Uint8Array): RawChunk {
  const data = zstdCompressSync(bytes, {
    chunkSize: Math.min(MAX_OUTPUT_BUFFER, Math.max(1024, bytes.length)),
    params: {[constants.ZSTD_c_compressionLevel]: LEVEL},
  })
  return data.length < bytes.length
    ? {encoding: 'zstd', size: bytes.length, data}
    : {encoding: 'none', size: bytes.length, data: bytes}
}

/** A whole raw message in compressed chunks, first to last. An empty message has none. */
export function compressChunks(raw: Uint8Array): RawChunk[] {
  const chunks: RawChunk[] = []
  for (let start = 0; start < raw.length; start += CHUNK_BYTES) {
    chunks.push(compressChunk(raw.subarray(start, start + CHUNK_BYTES)))
  }
  return chunks
}

/** As `compressChunks`, without the work: for what is read again before long. */
export function plainChunks(raw: Uint8Array): RawChunk[] {
  const chunks: RawChunk[] = []
  for (let start = 0; start < raw.length; start += CHUNK_BYTES) {
    const data = raw.subarray(start, start + CHUNK_BYTES)
    chunks.push({encoding: 'none', size: data.length, data})
  }
  return chunks
}

/** As `compressChunks`, for bytes that come in pieces of any size. Holds one chunk at a time. */
export async function* compressStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<RawChunk, void, undefined> {
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let filled = 0
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length;) {
      const part = piece.subarray(start, start + CHUNK_BYTES - filled)
      chunk.set(part, filled)
      filled += part.length
      start += part.length
      if (filled < CHUNK_BYTES) continue
      yield compressChunk(chunk)
      // A new one, as a chunk that did not become smaller is handed out as it is.
      chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield compressChunk(chunk.subarray(0, filled))
}

const decompressInPool = promisify(zstdDecompress) as (data: Uint8Array, options: ZstdOptions) => Promise<Buffer>

/** As `decompressChunk`, beside the main thread. Rejects where the stored bytes are damaged. */
export async function decompressChunkLater({encoding, size, data}: RawChunk): Promise<Uint8Array> {
  const bytes = encoding === 'none' ? data : await decompressInPool(data, {maxOutputLength: Math.max(size, 1)})
  if (bytes.length !== size) throw wrongSize(bytes.length, size)
  return bytes
}

const wrongSize = (found: number, size: number) =>
  new Error(`a chunk of raw mail has ${found} bytes instead of ${size}`)

/** The bytes of a chunk. Throws where the stored bytes are damaged. */
export function decompressChunk({encoding, size, data}: RawChunk): Uint8Array {
  // The size is known, so damage cannot blow it up.
  const bytes = encoding === 'none' ? data : zstdDecompressSync(data, {maxOutputLength: Math.max(size, 1)})
  if (bytes.length !== size) throw wrongSize(bytes.length, size)
  return bytes
}

import type {PartLocation} from './message.ts'
import {createTransferDecoder} from './transfer-encoding.ts'

/** The decoded bytes of a leaf, from the whole raw message. */
export function decodePart(raw: Uint8Array, {offset, length, transferEncoding}: PartLocation): Buffer {
  const decoder = createTransferDecoder(transferEncoding)
  const encoded = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).subarray(offset, offset + length)
  return Buffer.concat([decoder.push(encoded), decoder.end()])
}

/** As `decodePart`, from the encoded bytes of the leaf alone, in pieces. */
export async function* decodePartStream(
  encoded: AsyncIterable<Uint8Array>,
  {transferEncoding}: Pick<PartLocation, 'transferEncoding'>,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = createTransferDecoder(transferEncoding)
  for await (const bytes of encoded) {
    const decoded = decoder.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    if (decoded.length > 0) yield decoded
  }
  const rest = decoder.end()
  if (rest.length > 0) yield rest
}

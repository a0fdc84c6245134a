/** RTF as MAPI keeps it (MS-OXRTFCP). */
import {MAX_TEXT_BYTES} from './limits.ts'

/** 2.1.3.1.1: "LZFu" and "MELA", little-endian. */
const COMPRESSED = 0x75465a4c
const UNCOMPRESSED = 0x414c454d
const HEADER_BYTES = 16

const DICTIONARY_BYTES = 4096

/** What the dictionary holds at the beginning (2.1.2.1). */
const FIRST_WORDS =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx'

/** The RTF, at most the text that is read of a mail; null for what is none. Never throws, linear in what it gives. */
export function decompressRtf(bytes: Buffer): Buffer | null {
  if (bytes.length < HEADER_BYTES) return null
  const size = Math.min(bytes.readUInt32LE(4), MAX_TEXT_BYTES)
  const kind = bytes.readUInt32LE(8)
  if (kind === UNCOMPRESSED) return bytes.subarray(HEADER_BYTES, HEADER_BYTES + size)
  if (kind !== COMPRESSED || size === 0) return null

  const dictionary = Buffer.alloc(DICTIONARY_BYTES)
  let write = dictionary.write(FIRST_WORDS, 'latin1')
  const output = Buffer.alloc(size)
  let written = 0
  /** True once that is all. */
  const put = (byte: number): boolean => {
    output[written++] = byte
    dictionary[write] = byte
    write = (write + 1) % DICTIONARY_BYTES
    return written >= size
  }
  let at = HEADER_BYTES
  while (at < bytes.length) {
    // 2.1.3.1.4: eight bits tell of eight tokens whether each is a byte or a place in the dictionary, lowest first.
    const control = bytes[at++]!
    for (let bit = 0; bit < 8 && at < bytes.length; bit++) {
      if (((control >> bit) & 1) === 0) {
        if (put(bytes[at++]!)) return output
        continue
      }
      if (at + 1 >= bytes.length) return output.subarray(0, written)
      const token = bytes.readUInt16BE(at)
      at += 2
      const from = token >> 4
      // 2.1.3.1.5: a reference to where the next byte would be written ends it all.
      if (from === write) return output.subarray(0, written)
      const length = (token & 15) + 2
      for (let i = 0; i < length; i++) {
        if (put(dictionary[(from + i) % DICTIONARY_BYTES]!)) return output
      }
    }
  }
  return output.subarray(0, written)
}

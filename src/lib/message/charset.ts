import {isAscii, isUtf8} from 'node:buffer'
import {TextDecoder} from 'node:util'

/** Text made of bytes, and whether the charset that was named is one we can read. */
export interface DecodedText {
  readonly text: string
  /** False where the name is unknown, and the bytes were read as UTF-8 or else as windows-1252. */
  readonly known: boolean
}

const utf8 = new TextDecoder('utf-8')
const windows1252 = new TextDecoder('windows-1252')

/** One decoder a charset; null for names that are unknown. */
const decoders = new Map<string, TextDecoder | null>()

/** Decoders kept: the Encoding Standard has about 40; names that strangers invent must not fill the memory. */
const MAX_DECODERS = 100

function decoderOf(name: string): TextDecoder | null {
  const cached = decoders.get(name)
  if (cached !== undefined) return cached
  let decoder: TextDecoder | null = null
  try {
    decoder = new TextDecoder(name)
  } catch {
    // RangeError: no such label in the Encoding Standard, or one it refuses to decode.
  }
  if (decoders.size < MAX_DECODERS) decoders.set(name, decoder)
  return decoder
}

/**
 * Turns bytes into text by the charset that a mail names; null where it names none. Never throws: US-ASCII and a
 * missing or unknown charset are read as UTF-8 where the bytes are valid UTF-8, else as windows-1252.
 */
export function decodeCharset(bytes: Buffer, charset: string | null): DecodedText {
  const name = charset?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'us-ascii' || name === 'ascii') return {text: decodeUnlabelled(bytes), known: true}
  const decoder = decoderOf(name)
  if (decoder === null) return {text: decodeUnlabelled(bytes), known: false}
  // Windows programs label windows-1252 and even UTF-8 as they please; but a valid label is believed.
  return {text: decoder.decode(bytes), known: true}
}

function decodeUnlabelled(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  return (isUtf8(bytes) ? utf8 : windows1252).decode(bytes)
}

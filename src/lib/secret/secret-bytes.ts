/** How a secret that arrives as bytes (standard input, a file, a program's output) becomes a `Secret`. */
import type {Readable} from 'node:stream'
import {Secret} from './secret.ts'

/** Most bytes of a secret: a service account's key file has 2.5 KB; whatever is longer is not what was meant. */
export const SECRET_MAX_BYTES = 64 * 1024

/** What is wrong with the bytes of a secret. */
export const SECRET_FAULTS = {
  'too-long': `it is longer than ${SECRET_MAX_BYTES / 1024} KiB`,
  'not-utf8': 'it is not UTF-8 text',
  empty: 'it is empty',
} as const

/**
 * Takes away exactly one trailing line end (that of `echo` or an editor; more of them are the secret's own) and a
 * leading byte order mark (PowerShell's). Returns a key of `SECRET_FAULTS` where it cannot be a secret.
 */
export function secretFromBytes(bytes: Uint8Array): Secret | keyof typeof SECRET_FAULTS {
  if (bytes.length > SECRET_MAX_BYTES) return 'too-long'
  let text: string
  try {
    text = new TextDecoder('utf-8', {fatal: true}).decode(bytes)
  } catch {
    return 'not-utf8'
  }
  const value = text.replace(/\r?\n$/, '')
  return value === '' ? 'empty' : new Secret(value)
}

/** Reads to the end, or one byte more than a secret may have: so that too much is noticed and never held. */
export async function readSecretBytes(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    chunks.push(bytes)
    length += bytes.length
    if (length > SECRET_MAX_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, SECRET_MAX_BYTES + 1)
}

/** A message on its way to the socket, which tells how much of it has left our hands. */
import {Readable} from 'node:stream'

/** Small enough that of a large message the end is still here when its connection breaks early; one TLS record. */
const CHUNK_BYTES = 16 * 1024

/**
 * Gives out a message piece by piece, as fast as the socket takes it. A server accepts a message only after its final
 * dot (RFC 5321 4.1.1.4), and that is written only after this stream has ended: while `ended` is false nobody can have
 * accepted the message. Once it is true it may be anywhere between here and the server's disk.
 */
export class Handover extends Readable {
  readonly #bytes: Buffer
  readonly #onEnded: () => void
  #offset = 0
  #ended = false

  /** `onEnded` is called once, just before the final dot may be written. */
  constructor(raw: Uint8Array, onEnded: () => void) {
    super({highWaterMark: CHUNK_BYTES})
    this.#bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
    this.#onEnded = onEnded
  }

  /** Whether the whole message was given out. */
  get ended(): boolean {
    return this.#ended
  }

  override _read(): void {
    const chunk = this.#bytes.subarray(this.#offset, this.#offset + CHUNK_BYTES)
    this.#offset += chunk.length
    if (chunk.length > 0) {
      this.push(chunk)
      return
    }
    this.#ended = true
    this.#onEnded()
    this.push(null)
  }
}

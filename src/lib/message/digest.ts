import {createHash, hash, type Hash} from 'node:crypto'

/** SHA-256 of bytes that come in pieces. A single piece, the common case, is hashed in one native call. */
export class Digest {
  #first: Uint8Array | null = null
  #hash: Hash | null = null

  /** The piece must not change before the next call. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#hash === null && this.#first === null) this.#first = bytes
    else this.#open().update(bytes)
  }

  /** The digest in hex. */
  end(): string {
    return this.#hash === null ? hash('sha256', this.#first ?? new Uint8Array(), 'hex') : this.#hash.digest('hex')
  }

  /** As `push` and `end`, without ending: what the digest would be if nothing more came. */
  snapshot(): Hash {
    return this.#open().copy()
  }

  #open(): Hash {
    this.#hash ??= createHash('sha256')
    if (this.#first !== null) {
      this.#hash.update(this.#first)
      this.#first = null
    }
    return this.#hash
  }
}

/** SHA-256 of bytes without the white space at their end (space, tab, CR, LF), however much that is. */
export class TrimmedDigest {
  readonly #digest = new Digest()
  /** The state before the white space that may turn out to be the last; null where there is none. */
  #beforeSpace: Hash | null = null

  /** `last` tells that nothing more comes, which spares the state before the white space. */
  push(bytes: Uint8Array, last: boolean): void {
    let end = bytes.length
    while (end > 0 && isSpace(bytes[end - 1]!)) end--
    if (end > 0) {
      this.#digest.push(bytes.subarray(0, end))
      this.#beforeSpace = null
    }
    if (last || end === bytes.length) return
    this.#beforeSpace ??= this.#digest.snapshot()
    this.#digest.push(bytes.subarray(end))
  }

  /** The digest in hex. */
  end(): string {
    return this.#beforeSpace === null ? this.#digest.end() : this.#beforeSpace.digest('hex')
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

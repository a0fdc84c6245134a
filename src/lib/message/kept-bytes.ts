/** The first bytes of what is pushed. */
export class KeptBytes {
  readonly #limit: number
  readonly #kept: Buffer[] = []
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  push(bytes: Buffer): void {
    if (this.#size >= this.#limit || bytes.length === 0) return
    // A copy: decoded bytes may be memory that its owner uses again.
    const taken = Buffer.from(bytes.subarray(0, this.#limit - this.#size))
    this.#kept.push(taken)
    this.#size += taken.length
  }

  end(): Buffer {
    return Buffer.concat(this.#kept)
  }
}

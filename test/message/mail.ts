import {readFileSync} from 'node:fs'

/** The bytes of a message of test/fixtures/mail. */
export function fixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/mail/${name}`, import.meta.url))
}

/** Lines of mail with CRLF. */
export function lines(...text: readonly string[]): string {
  return text.map((line) => `${line}\r\n`).join('')
}

/** Numbers from 0 to 1 that are the same in every run (a linear congruential generator). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Cuts bytes into pieces of 1 to `longest` bytes. */
export function* pieces(bytes: Buffer, longest: number, random: () => number): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + Math.floor(random() * longest)
    yield bytes.subarray(start, end)
    start = end
  }
}

/** The pieces as a stream hands them out. */
export async function* stream(parts: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) yield await Promise.resolve(part)
}

/** Everything that a stream hands out. */
export async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const part of parts) all.push(part)
  return all
}

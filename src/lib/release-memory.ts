/**
 * Gives the memory of bytes back now. Left to the garbage collector it comes back tens of megabytes later, since to V8
 * a buffer is a small object: a sync would hold several times what is in flight.
 */

import {setFlagsFromString} from 'node:v8'

/** `bytes` and every other view of the same memory must not be read again. Memory that Node shares out is left alone. */
export function releaseMemory(buffer: ArrayBufferLike): void {
  // Small Buffers of different owners lie in one pool.
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}

/**
 * Keeps the space for young objects at its first size of 1 MB. V8 would let it grow to 64 MB in a busy run and collect
 * as seldom; measured over a sync, that costs 120 MB and saves no time. The flag counts from the moment it is set.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * Gives the memory of bytes back now. Left to the garbage collector it comes back tens of megabytes later, since to V8
 * a buffer is a small object: a sync would hold several times what is in flight.
 */

/** `bytes` and every other view of the same memory must not be read again. Memory that Node shares out is left alone. */
export function releaseMemory(buffer: ArrayBufferLike): void {
  // Small Buffers of different owners lie in one pool.
  if (buffer instanceof ArrayBuffer && !buffer.detached && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}

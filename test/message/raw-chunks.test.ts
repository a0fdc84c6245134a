import assert from 'node:assert/strict'
import {randomBytes} from 'node:crypto'
import {describe, test} from 'node:test'
import {CHUNK_BYTES} from '../../src/lib/message/limits.ts'
import {compressChunks, compressStream, decompressChunk} from '../../src/lib/message/raw-chunks.ts'
import {collect, fixture, pieces, seededRandom, stream} from './mail.ts'

describe('chunks of raw mail', () => {
  const text = Buffer.from('All work and no play makes Jack a dull boy.\r\n'.repeat(60_000))
  const sizes = [0, 1, 1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, text.length]

  for (const size of sizes) {
    test(`${size} bytes come back as they were, alike from memory and from a stream`, async () => {
      const raw = text.subarray(0, size)
      const chunks = compressChunks(raw)
      assert.deepEqual(Buffer.concat(chunks.map(decompressChunk)), raw)
      assert.ok(chunks.slice(0, -1).every((chunk) => chunk.size === CHUNK_BYTES))
      const parts = stream(pieces(raw, 300_000, seededRandom(size)))
      assert.deepEqual(await collect(compressStream(parts)), chunks)
    })
  }

  test('text becomes smaller, and says how it is stored', () => {
    const [chunk] = compressChunks(text.subarray(0, 20_000))
    assert.equal(chunk?.encoding, 'zstd')
    assert.ok(chunk.data.length < 1000)
  })

  test('what does not become smaller is stored as it is', () => {
    const raw = randomBytes(10_000)
    assert.deepEqual(compressChunks(raw), [{encoding: 'none', size: raw.length, data: raw}])
  })

  test('damage is told, and cannot blow up', () => {
    const [chunk] = compressChunks(fixture('outlook-nested-related.eml'))
    assert.ok(chunk)
    assert.throws(() => decompressChunk({...chunk, data: chunk.data.subarray(0, 100)}))
    assert.throws(() => decompressChunk({...chunk, size: 10}))
    assert.throws(() => decompressChunk({...chunk, encoding: 'none'}), /bytes instead of/)
  })
})

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {decodePart, decodePartStream} from '../../src/lib/message/decode-part.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {collect, fixture, pieces, seededRandom, stream} from './mail.ts'

test('an attachment is decoded from its place in the raw message, at once and in pieces', async () => {
  const raw = fixture('outlook-nested-related.eml')
  const attachment = parseFacts(raw).attachments[1]!
  const original = fixture('invoice.pdf')
  assert.deepEqual(decodePart(raw, attachment), original)

  const encoded = raw.subarray(attachment.offset, attachment.offset + attachment.length)
  const parts = stream(pieces(encoded, 30, seededRandom(1)))
  assert.deepEqual(Buffer.concat(await collect(decodePartStream(parts, attachment))), original)
})

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {decodePart, decodePartStream} from '../../src/lib/message/decode-part.ts'
import type {TransferEncoding} from '../../src/lib/message/message.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {writeTnef} from '../support/tnef-writer.ts'
import {collect, fixture, lines, pieces, seededRandom, stream} from './mail.ts'

test('an attachment is decoded from its place in the raw message, at once and in pieces', async () => {
  const raw = fixture('outlook-nested-related.eml')
  const attachment = parseFacts(raw).attachments[1]!
  const original = fixture('invoice.pdf')
  assert.deepEqual(decodePart(raw, attachment), original)

  const encoded = raw.subarray(attachment.offset, attachment.offset + attachment.length)
  const parts = stream(pieces(encoded, 30, seededRandom(1)))
  assert.deepEqual(Buffer.concat(await collect(decodePartStream(parts, attachment))), original)
})

test('a file within a part is decoded from its place in what the part decodes to', async () => {
  const original = fixture('logo.png')
  const tnef = writeTnef({files: [{title: 'first', data: Buffer.alloc(1000)}, {title: 'logo.png', data: original}]}) // prettier-ignore
  const raw = Buffer.from(
    lines(
      'Content-Type: application/ms-tnef',
      'Content-Transfer-Encoding: base64',
      '',
      tnef.toString('base64').replace(/.{76}/g, '$&\r\n'),
    ),
  )
  const attachment = parseFacts(raw).attachments[1]!
  assert.match(attachment.transferEncoding, /^base64 \d+\+72 binary$/)
  assert.deepEqual(decodePart(raw, attachment), original)

  const encoded = raw.subarray(attachment.offset, attachment.offset + attachment.length)
  const parts = stream(pieces(encoded, 30, seededRandom(1)))
  assert.deepEqual(Buffer.concat(await collect(decodePartStream(parts, attachment))), original)
})

test('an encoding that is none is refused', () => {
  const nonsense = 'base64 x' as TransferEncoding
  assert.throws(() => decodePart(Buffer.alloc(3), {offset: 0, length: 3, transferEncoding: nonsense}), /no transfer/)
})

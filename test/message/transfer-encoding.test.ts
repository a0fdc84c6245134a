import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {TransferEncoding} from '../../src/lib/message/message.ts'
import {createTransferDecoder, readTransferEncoding} from '../../src/lib/message/transfer-encoding.ts'
import {pieces, seededRandom} from './mail.ts'

function decode(encoding: TransferEncoding, parts: Iterable<Buffer>) {
  const decoder = createTransferDecoder(encoding)
  const decoded = [...parts].map((part) => Buffer.from(decoder.push(part)))
  const text = Buffer.concat([...decoded, decoder.end()]).toString('latin1')
  return {text, malformed: decoder.malformed}
}

const cases: readonly (readonly [TransferEncoding, string, string, 'malformed'?])[] = [
  ['7bit', 'a=\r\n', 'a=\r\n'],
  ['base64', '', ''],
  ['base64', 'aGVsbG8=', 'hello'],
  ['base64', 'aGVs\r\nbG8=\r\n', 'hello'],
  ['base64', ' aG\tVs bG8 ', 'hello'],
  ['base64', 'aGVsbG8', 'hello'],
  ['base64', 'aGVs!bG8=', 'hello', 'malformed'],
  ['base64', 'aGVsbG8=\r\naGVsbG8=', 'hellohello', 'malformed'],
  ['base64', 'aA==aA==', 'hh', 'malformed'],
  ['base64', 'aGVsb', 'hel', 'malformed'],
  ['base64', '===', ''],
  ['base64', '\xe4\0aGVs', 'hel', 'malformed'],
  ['quoted-printable', 'f=FCr=20x', 'f\xfcr x'],
  ['quoted-printable', 'a=\r\nb=\nc', 'abc'],
  ['quoted-printable', 'a= \t\r\nb', 'ab'],
  ['quoted-printable', 'a \t\r\nb \n c ', 'a\r\nb\n c'],
  ['quoted-printable', 'a  b\tc', 'a  b\tc'],
  ['quoted-printable', 'a=c3=a4', 'a\xc3\xa4'],
  ['quoted-printable', 'a=XY=', 'a=XY', 'malformed'],
  ['quoted-printable', '100 = 100', '100 = 100', 'malformed'],
  ['quoted-printable', 'a=4', 'a=4', 'malformed'],
  ['quoted-printable', 'a=\rb', 'a=\rb', 'malformed'],
  ['quoted-printable', `a${' '.repeat(5000)}b`, `a${' '.repeat(5000)}b`],
]

describe('transfer encodings', () => {
  for (const [encoding, encoded, text, malformed] of cases) {
    test(`${encoding} ${JSON.stringify(encoded.slice(0, 30))}`, () => {
      const expected = {text, malformed: malformed !== undefined}
      const bytes = Buffer.from(encoded, 'latin1')
      assert.deepEqual(decode(encoding, [bytes]), expected)
      const random = seededRandom(encoded.length)
      for (const longest of [1, 2, 5]) assert.deepEqual(decode(encoding, pieces(bytes, longest, random)), expected)
    })
  }

  test('pieces of random bytes decode as the whole does', () => {
    const random = seededRandom(99)
    const alphabet = 'AAbb09+/-_==\r\n \t!\xff'
    for (let round = 0; round < 2000; round++) {
      const text = Array.from(
        {length: Math.floor(random() * 40)},
        () => alphabet[Math.floor(random() * alphabet.length)],
      )
      const bytes = Buffer.from(text.join(''), 'latin1')
      for (const encoding of ['base64', 'quoted-printable'] as const) {
        const whole = decode(encoding, [bytes])
        assert.deepEqual(decode(encoding, pieces(bytes, 6, random)), whole, JSON.stringify(text.join('')))
      }
    }
  })

  test('names', () => {
    const names: readonly (readonly [string | null, TransferEncoding | null])[] = [
      [null, '7bit'],
      ['BASE64', 'base64'],
      ['(comment) Quoted-Printable ; x', 'quoted-printable'],
      ['"8bit"', '8bit'],
      ['8-bit', '8bit'],
      ['x-uuencode', 'uuencode'],
      ['x-gzip64', null],
      ['', null],
    ]
    for (const [name, encoding] of names) assert.equal(readTransferEncoding(name), encoding, name ?? 'none')
  })
})

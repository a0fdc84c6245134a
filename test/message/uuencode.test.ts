import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {describe, test} from 'node:test'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import {parseMessage, parseStream} from '../../src/lib/message/parse.ts'
import {MAX_TEXT_BYTES} from '../../src/lib/message/limits.ts'
import {fixture, lines, pieces, seededRandom, stream} from './mail.ts'

/** A block as uuencode writes it, or with spaces instead of back quotes, as older ones do. */
function uuencode(name: string, bytes: Buffer, zero: '`' | ' ' = '`'): string {
  const sign = (value: number) => (value === 0 ? zero : String.fromCharCode(value + 0x20))
  const rows: string[] = []
  for (let at = 0; at < bytes.length; at += 45) {
    const row = bytes.subarray(at, at + 45)
    let line = sign(row.length)
    for (let i = 0; i < row.length; i += 3) {
      const [a, b, c] = [row[i]!, row[i + 1] ?? 0, row[i + 2] ?? 0]
      line += [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63].map(sign).join('')
    }
    rows.push(line)
  }
  return lines(`begin 644 ${name}`, ...rows, zero, 'end')
}

const logo = fixture('logo.png')

describe('uuencoded files in a text', () => {
  const check = (raw: Buffer, names: readonly string[], text: string) => {
    const {message, body} = parseMessage(raw)
    assert.equal(body.text, text)
    assert.deepEqual(
      message.attachments.map(({filename}) => filename),
      names,
    )
    for (const attachment of message.attachments) {
      const bytes = decodePart(raw, attachment)
      assert.equal(createHash('sha256').update(bytes).digest('hex'), attachment.sha256)
      assert.equal(bytes.length, attachment.size)
    }
    return message
  }

  test('are attachments, and cut out of it', () => {
    const text = `Hello\r\n${uuencode('my logo.png', logo)}between\r\n${uuencode('b.pdf', fixture('invoice.pdf'), ' ')}Bye\r\n`
    const {attachments} = check(
      Buffer.from(`Subject: x\r\n\r\n${text}`),
      ['my logo.png', 'b.pdf'],
      'Hello\nbetween\nBye\n',
    )
    assert.deepEqual(
      attachments.map(({part, size}) => [part, size]),
      [
        ['1.1', logo.length],
        ['1.2', 828],
      ],
    )
    assert.equal(attachments[0]?.sha256, createHash('sha256').update(logo).digest('hex'))
  })

  test('are found in a text that is encoded itself', () => {
    const text = Buffer.from(`Hello\n${uuencode('logo.png', logo).replaceAll('\r', '')}`)
    check(
      Buffer.from(
        `Content-Transfer-Encoding: base64\r\n\r\n${text.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
      ),
      ['logo.png'],
      'Hello\n',
    )
    const quoted = text.toString('latin1').replace(/[=\x20]/g, (char) => `=${char.charCodeAt(0).toString(16)}`)
    check(Buffer.from(`Content-Transfer-Encoding: quoted-printable\r\n\r\n${quoted}`), ['logo.png'], 'Hello\n')
  })

  test('may be the whole of a part, by its transfer encoding', () => {
    const raw = Buffer.from(
      `Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n${uuencode('l', logo)}`,
    )
    const [attachment] = parseMessage(raw).message.attachments
    assert.ok(attachment)
    assert.deepEqual(decodePart(raw, attachment), logo)
  })

  test('of any size are not text, and cost none', () => {
    const large = Buffer.alloc(2 * MAX_TEXT_BYTES, 'large file ')
    const raw = Buffer.from(`Subject: x\r\n\r\n${uuencode('large.bin', large)}after\r\n`)
    assert.deepEqual(check(raw, ['large.bin'], 'after\n').defects, [])
  })

  test('that are cut off are told of, as far as they go', () => {
    const block = uuencode('cut.png', logo)
    const raw = Buffer.from(`Subject: x\r\n\r\nHello\r\n${block.slice(0, 80)}`)
    const message = check(raw, ['cut.png'], 'Hello\n')
    assert.deepEqual(
      message.defects.map(({code}) => code),
      ['encoding-malformed'],
    )
  })

  test('are not seen where nobody wrote them', () => {
    for (const text of [
      'begin 644 the day\nwith a smile and a cup of coffee\nend\n',
      'We begin 644 tests\n',
      'begin 99 x\n#0V%T\n`\nend\n',
      'begin 644\n#0V%T\n`\nend\n',
      'begin\nend\n',
      'begin 644 x',
      'begin 644 x\nbegin 644 y\nbegin 644 z\n',
      '=ybegin line=128 size=3 name=a.bin\n\x8d\x8e\n=yend size=3\n',
    ]) {
      const {message, body} = parseMessage(Buffer.from(`Subject: x\n\n${text}`))
      assert.deepEqual([message.attachments, body.text], [[], text])
    }
  })

  test('are the same in pieces', async () => {
    const random = seededRandom(4)
    const text = `begin with\r\nbegin 644 no\r\nsuch file\r\n${uuencode('a.png', logo)}${uuencode('b.png', logo, ' ')}end\r\nbeg`
    const raw = Buffer.from(`Subject: x\r\n\r\n${text}`)
    for (const longest of [1, 3, 20, 200]) {
      assert.deepEqual(await parseStream(stream(pieces(raw, longest, random))), parseMessage(raw))
    }
  })
})

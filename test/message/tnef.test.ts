import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {describe, test} from 'node:test'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import type {Attachment} from '../../src/lib/message/message.ts'
import {parseMessage, parseStream} from '../../src/lib/message/parse.ts'
import {decompressRtf} from '../../src/lib/message/compressed-rtf.ts'
import {readRtf} from '../../src/lib/message/rtf.ts'
import {fixture, lines, pieces, seededRandom, stream} from './mail.ts'
import {packRtf, writeTnef} from '../support/tnef-writer.ts'

const mail = (tnef: Buffer, type = 'application/ms-tnef; name=winmail.dat', text = '') =>
  Buffer.from(
    lines(
      'From: a@x.example',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      text,
      '--b',
      `Content-Type: ${type}`,
      'Content-Transfer-Encoding: base64',
      '',
      tnef.toString('base64').replace(/.{76}/g, '$&\r\n'),
      '--b--',
    ),
  )

const checkPlaces = (raw: Buffer, attachments: readonly Attachment[]) => {
  for (const attachment of attachments) {
    const bytes = decodePart(raw, attachment)
    assert.equal(bytes.length, attachment.size, attachment.filename ?? '')
    assert.equal(createHash('sha256').update(bytes).digest('hex'), attachment.sha256, attachment.filename ?? '')
  }
}

describe('winmail.dat', () => {
  const random = seededRandom(11)
  const large = Buffer.from(Array.from({length: 700_000}, () => Math.floor(random() * 256)))
  const tnef = writeTnef({
    messageClass: 'IPM.Note',
    subject: 'Angebot',
    properties: [{id: 0x1009, value: packRtf("{\\rtf1\\ansi\\ansicpg1252 F\\'fcr Sie\\par Gru\\'df}")}],
    files: [
      {title: 'RECHNU~1.PDF', data: fixture('invoice.pdf'), properties: [{id: 0x3707, value: 'Rechnung März 你.pdf'}, {id: 0x370e, value: 'application/pdf'}]},
      {title: 'B\xfcro.bin', data: large},
    ],
  }) // prettier-ignore

  test('is opened: its files have their names, types and places, its text is that of the message', () => {
    const raw = mail(tnef)
    const {message, body} = parseMessage(raw)
    assert.deepEqual(
      message.attachments.map(({part, filename, contentType, size}) => [part, filename, contentType, size]),
      [
        ['2.1', 'Rechnung März 你.pdf', 'application/pdf', 828],
        ['2.2', 'Büro.bin', 'application/octet-stream', large.length],
      ],
    )
    assert.deepEqual(message.defects, [])
    assert.equal(body.text, 'Für Sie\nGruß')
    checkPlaces(raw, message.attachments)
  })

  test('is the same in pieces', async () => {
    const raw = mail(tnef)
    assert.deepEqual(await parseStream(stream(pieces(raw, 20_000, random))), parseMessage(raw))
  })

  test('adds nothing to a text that is there, and is known by its name alone', () => {
    const {message, body} = parseMessage(mail(tnef, 'application/octet-stream; name="winmail.dat"', 'Hello'))
    assert.equal(body.text, 'Hello')
    assert.equal(message.attachments.length, 2)
  })

  test('gives its HTML, as it is or within its RTF', () => {
    const html = '<p>für</p>'
    const direct = writeTnef({properties: [{id: 0x1013, value: Buffer.from(html, 'latin1')}]})
    assert.equal(parseMessage(mail(direct)).body.html, html)
    const encapsulated = `{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\b\\htmlrtf0 f\\'fcr\\htmlrtf }\\htmlrtf0 {\\*\\htmltag72 </p>}}`
    const {html: inner, text} = parseMessage(
      mail(writeTnef({properties: [{id: 0x1009, value: packRtf(encapsulated)}]})),
    ).body
    assert.deepEqual([inner, text], [html, 'für'])
  })

  test('names a meeting', () => {
    const request = writeTnef({
      messageClass: 'IPM.Schedule.Meeting.Request',
      subject: 'Termin',
      properties: [
        {id: 0x8001, named: 0x820d, value: new Date('2026-11-03T09:00:00Z')},
        {id: 0x8002, named: 0x820e, value: new Date('2026-11-03T10:00:00Z')},
        {id: 0x8003, named: 0x8208, value: 'Raum 7'},
      ],
    })
    assert.deepEqual(parseMessage(mail(request)).message.invitation, {
      method: 'REQUEST',
      summary: 'Termin',
      start: '2026-11-03T09:00:00Z',
      end: '2026-11-03T10:00:00Z',
      location: 'Raum 7',
      organizer: null,
      status: null,
      description: null,
    })
    assert.equal(parseMessage(mail(request)).body.text, 'Invitation: Termin\nWhen: 2026-11-03T09:00:00Z to 2026-11-03T10:00:00Z\nWhere: Raum 7\n') // prettier-ignore
  })

  test('has messages within it as files', () => {
    const inner = writeTnef({subject: 'inner', files: [{title: 'a.txt', data: Buffer.from('a')}]})
    const raw = mail(writeTnef({files: [{title: 'inner', data: Buffer.alloc(0), properties: [{id: 0x3701, value: {object: inner}}, {id: 0x3001, value: 'inner'}]}]})) // prettier-ignore
    const {attachments} = parseMessage(raw).message
    assert.deepEqual(
      attachments.map(({filename, contentType, size}) => [filename, contentType, size]),
      [['inner', 'application/vnd.ms-tnef', inner.length]],
    )
    checkPlaces(raw, attachments)
  })

  test('is a file like any other where it is damaged, beside what can be read of it', () => {
    for (const [damaged, files] of [
      [tnef.subarray(0, tnef.length - 100_000), ['Rechnung März 你.pdf']],
      [Buffer.from('no tnef at all'), []],
      [Buffer.alloc(0), []],
      [Buffer.concat([tnef.subarray(0, 40), Buffer.alloc(50, 0xff)]), []],
    ] as const) {
      const raw = mail(damaged)
      const {attachments, defects} = parseMessage(raw).message
      assert.deepEqual(
        attachments.map(({filename}) => filename),
        ['winmail.dat', ...files],
      )
      assert.deepEqual(
        defects.map(({code}) => code),
        ['tnef-malformed'],
      )
      checkPlaces(raw, attachments)
    }
  })

  test('notes a checksum that is wrong', () => {
    const flipped = Buffer.from(tnef)
    flipped[flipped.length - 1000]! ^= 1
    assert.deepEqual(
      parseMessage(mail(flipped)).message.defects.map(({code}) => code),
      ['tnef-malformed'],
    )
  })
})

describe('compressed RTF', () => {
  test('as MS-OXRTFCP 3.1 and 3.2 have it', () => {
    const one = '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0'
    assert.equal(
      decompressRtf(Buffer.from(one, 'hex'))?.toString('latin1'),
      '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
    )
    const two = '1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0'
    assert.equal(decompressRtf(Buffer.from(two, 'hex'))?.toString('latin1'), '{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}')
  })
  test('that is none, cut off, or claims more than it has', () => {
    assert.equal(decompressRtf(Buffer.alloc(10)), null)
    assert.equal(decompressRtf(Buffer.alloc(40)), null)
    const packed = packRtf('{\\rtf1 text}')
    packed.writeUInt32LE(0xffffffff, 4)
    assert.equal(decompressRtf(packed)?.toString('latin1'), '{\\rtf1 text}')
    assert.equal(decompressRtf(packed.subarray(0, 20))?.toString('latin1'), '{\\r')
  })
})

describe('RTF', () => {
  const cases: readonly (readonly [string, string, string | null])[] = [
    ['paragraphs and tabs', '{\\rtf1 a\\par b\\tab c\\line d}', 'a\nb\tc\nd'],
    ['source lines', '{\\rtf1 a\r\nb}', 'ab'],
    ['escaped characters', '{\\rtf1 \\{\\\\\\}\\~x}', '{\\}\u00a0x'],
    ['code pages', "{\\rtf1\\ansicpg1251 \\'cf\\'f0}", 'Пр'],
    [
      'fonts with charsets',
      "{\\rtf1\\ansi{\\fonttbl{\\f0\\fcharset0 Arial;}{\\f1\\fcharset204 Arial;}}\\f1 \\'cf\\f0 \\'fc}",
      'Пü',
    ],
    ['characters of two bytes', "{\\rtf1\\ansicpg932 \\'82\\'a0}", 'あ'],
    ['Unicode with what to skip', "{\\rtf1 \\u252\\'3fx\\uc2\\u-10179 ??\\u-8704 ??y}", 'üx😀y'],
    ['hidden destinations', '{\\rtf1{\\info{\\author x}}{\\*\\unknown x}{\\pict 00ff}a{\\header x}}', 'a'],
    ['binary data', '{\\rtf1 a{\\pict\\bin5 }}}}}}b}', 'ab'],
    ['groups that are not closed', '{\\rtf1{{{ a', ' a'],
    ['nothing', '{\\rtf1 }', null],
  ]
  for (const [name, rtf, text] of cases) {
    test(name, () => assert.deepEqual(readRtf(Buffer.from(rtf, 'latin1')), {text, html: null}))
  }
})

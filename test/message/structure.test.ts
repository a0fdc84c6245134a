import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {describe, test} from 'node:test'
import {decodePart} from '../../src/lib/message/decode-part.ts'
import {MAX_DEPTH, MAX_FIELDS, MAX_HEADER_BYTES, MAX_PARTS, MAX_TEXT_BYTES} from '../../src/lib/message/limits.ts'
import {scanStructure, StructureScanner, type Leaf} from '../../src/lib/message/structure.ts'
import {fixture, lines, pieces, seededRandom} from './mail.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/** What matters of leaves, short enough to compare: number, type, and text or size. */
const outline = (leaves: readonly Leaf[]) =>
  leaves.map(({part, contentType, content}) =>
    content.kind === 'text' ? `${part} ${contentType}: ${content.text}` : `${part} ${contentType} ${content.size}`,
  )

const codes = (raw: string | Buffer) => scanStructure(Buffer.from(raw)).defects.map(({code}) => code)

describe('parts of a message', () => {
  const cases: readonly {
    readonly name: string
    readonly raw: string
    readonly leaves: readonly string[]
    readonly defects?: readonly string[]
  }[] = [
    {name: 'nothing at all', raw: '', leaves: ['1 text/plain: ']},
    {name: 'a header and no body', raw: 'Subject: x\r\n', leaves: ['1 text/plain: ']},
    {name: 'an empty header', raw: '\r\nbody', leaves: ['1 text/plain: body']},
    {
      name: 'plain text without a content type',
      raw: 'Subject: x\r\n\r\nHello\r\n',
      leaves: ['1 text/plain: Hello\r\n'],
    },
    {name: 'a content type that is no type', raw: 'Content-Type: text\r\n\r\nHello', leaves: ['1 text/plain: Hello']},
    {name: 'a single attachment', raw: 'Content-Type: image/png\r\n\r\n1234', leaves: ['1 image/png 4']},
    {
      name: 'an alternative',
      raw: 'Content-Type: multipart/alternative; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\nepilogue\r\n',
      leaves: ['1 text/plain: plain', '2 text/html: <p>'],
    },
    {
      name: 'multiparts in multiparts',
      raw: 'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/related; boundary=b\n\n--b\n\nx\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\ny\n--c--\n--b--\n--a\n\nz\n--a--',
      leaves: ['1.1 text/plain: x', '1.2.1 text/plain: y', '2 text/plain: z'],
    },
    {
      name: 'a boundary that starts like another',
      raw: 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b-1\r\n\r\n--b-1\r\n\r\nx\r\n--b-1--\r\n--b\r\n\r\ny\r\n--b--\r\n',
      leaves: ['1.1 text/plain: x', '2 text/plain: y'],
    },
    {
      name: 'the same boundary inside and outside',
      raw: 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--\n',
      leaves: ['1.1 text/plain: x', '2 text/plain: y'],
    },
    {
      name: 'white space after a boundary, and a lone dash',
      raw: 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\nx\r\n--b-\r\n-- b\r\n--b-- \r\n',
      leaves: ['1 text/plain: x\r\n--b-\r\n-- b'],
    },
    {
      name: 'a quoted boundary with the characters that need quotes',
      raw: `Content-Type: multipart/mixed; boundary="=_(a;b) 1'/?:"\r\n\r\n--=_(a;b) 1'/?:\r\n\r\nx\r\n--=_(a;b) 1'/?:--`,
      leaves: ['1 text/plain: x'],
    },
    {
      name: 'a line that only starts with the boundary',
      raw: 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--bc\r\n--b--x\r\n--b--\r\n',
      leaves: ['1 text/plain: x\r\n--bc\r\n--b--x'],
    },
    {
      name: 'empty parts and a part without the empty line',
      raw: 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b\r\n--b\r\nContent-Type: image/gif\r\n--b--\r\n',
      leaves: ['1 text/plain: ', '2 text/plain: ', '3 image/gif 0'],
    },
    {
      name: 'an inner multipart that is not closed',
      raw: 'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--a\n\ny\n--a--',
      leaves: ['1.1 text/plain: x', '2 text/plain: y'],
      defects: ['boundary-unclosed'],
    },
    {
      name: 'a message that is cut off',
      raw: 'Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--',
      leaves: ['1 text/plain: x\r\n--'],
      defects: ['boundary-unclosed'],
    },
    {
      name: 'a boundary that never comes',
      raw: 'Content-Type: multipart/mixed; boundary=a\r\n\r\n--other\r\n\r\nx\r\n',
      leaves: ['1 text/plain: --other\r\n\r\nx\r\n'],
      defects: ['boundary-missing'],
    },
    {
      name: 'an inner boundary that never comes',
      raw: 'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\nx\n--a\n\ny\n--a--',
      leaves: ['1 text/plain: x', '2 text/plain: y'],
      defects: ['boundary-missing'],
    },
    {
      name: 'a multipart without a boundary',
      raw: 'Content-Type: multipart/mixed\r\n\r\n--a\r\n\r\nx\r\n',
      leaves: ['1 text/plain: --a\r\n\r\nx\r\n'],
      defects: ['boundary-missing'],
    },
    {
      name: 'a message in a message, which is a leaf',
      raw: 'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--a--',
      leaves: ['1 message/rfc822 55'],
    },
    {
      name: 'a digest, whose parts are messages',
      raw: 'Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\ny\n--a--',
      leaves: ['1 message/rfc822 13'],
    },
    {
      name: 'a text that is attached',
      raw: 'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Disposition: attachment\n\nx\n--a\nContent-Type: text/plain; name=a.txt\n\nyy\n--a--',
      leaves: ['1 text/plain 1', '2 text/plain 2'],
    },
    {name: 'a NUL', raw: 'Subject: a\0b\r\n\r\nx\0y', leaves: ['1 text/plain: x\0y']},
    {
      name: 'no empty line after the header',
      raw: 'Subject: x\r\nThis is text\r\nwith: a colon\r\n',
      leaves: ['1 text/plain: This is text\r\nwith: a colon\r\n'],
      defects: ['header-line-malformed'],
    },
    {
      name: 'a line within the header that is no field',
      raw: 'Subject: x\r\nno field\r\nContent-Type: text/html\r\n\r\n<p>',
      leaves: ['1 text/html: <p>'],
      defects: ['header-line-malformed'],
    },
    {
      name: 'an unknown charset and an unknown encoding',
      raw: 'Content-Type: text/plain; charset=x-y\r\nContent-Transfer-Encoding: x-z\r\n\r\ncaf\u00e9',
      leaves: ['1 text/plain: café'],
      defects: ['encoding-unknown', 'charset-unknown'],
    },
  ]
  for (const {name, raw, leaves, defects = []} of cases) {
    test(`finds them in ${name}`, () => {
      const structure = scanStructure(Buffer.from(raw))
      assert.deepEqual(outline(structure.leaves), leaves)
      assert.deepEqual(
        structure.defects.map(({code}) => code),
        defects,
      )
    })
  }

  test('knows which leaves are one alternative, and which are related', () => {
    const {leaves} = scanStructure(fixture('outlook-nested-related.eml'))
    assert.deepEqual(
      leaves.map(({part, alternative, related, disposition, contentId, filename}) => ({
        part,
        alternative,
        related,
        disposition,
        contentId,
        filename,
      })),
      [
        {part: '1.1.1', alternative: 0, related: true, disposition: null, contentId: null, filename: null},
        {part: '1.1.2', alternative: 0, related: true, disposition: null, contentId: null, filename: null},
        {
          part: '1.2',
          alternative: null,
          related: true,
          disposition: null,
          contentId: 'logo@kunde.example',
          filename: 'logo.png',
        },
        {
          part: '2',
          alternative: null,
          related: false,
          disposition: 'attachment',
          contentId: null,
          filename: '=?iso-8859-1?Q?Rechnung_M=E4rz.pdf?=',
        },
      ],
    )
  })
})

describe('places and hashes of attachments', () => {
  const files = [
    ['outlook-nested-related.eml', '1.2', 'logo.png'],
    ['outlook-nested-related.eml', '2', 'invoice.pdf'],
    ['apple-text-around-attachment.eml', '2', 'logo.png'],
    ['printer-boundary-unclosed.eml', '2', 'invoice.pdf'],
  ] as const
  for (const [mail, part, file] of files) {
    test(`lead to ${file} in ${mail}`, () => {
      const raw = fixture(mail)
      const leaf = scanStructure(raw).leaves.find((candidate) => candidate.part === part)
      assert.ok(leaf)
      const original = fixture(file)
      assert.deepEqual(decodePart(raw, leaf), original)
      assert.deepEqual(leaf.content, {kind: 'opaque', size: original.length, sha256: sha256(original), excerpt: null})
    })
  }

  test('are right for a large attachment that comes in pieces', () => {
    const random = seededRandom(1)
    const original = Buffer.from(Array.from({length: 1_500_000}, () => Math.floor(random() * 256)))
    const encoded = original.toString('base64').replace(/.{76}/g, '$&\r\n')
    const head = lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'text')
    const part = lines('--b', 'Content-Type: application/zip', 'Content-Transfer-Encoding: base64', '')
    const raw = Buffer.from(`${head}${part}${encoded}\r\n--b--\r\n`)
    const scanner = new StructureScanner()
    for (const piece of pieces(raw, 70_000, random)) scanner.push(piece)
    const structure = scanner.end()
    assert.deepEqual(structure, scanStructure(raw))
    const leaf = structure.leaves[1]!
    assert.equal(leaf.offset, head.length + part.length)
    assert.deepEqual(leaf.content, {kind: 'opaque', size: original.length, sha256: sha256(original), excerpt: null})
    assert.deepEqual(decodePart(raw, leaf), original)
  })

  test('hash the whole message, and the body without white space at its end', () => {
    const raw = Buffer.from('Subject: x\r\n\r\n body \r\n with space \t\r\n\r\n')
    const structure = scanStructure(raw)
    assert.equal(structure.size, raw.length)
    assert.equal(structure.sha256, sha256(raw))
    assert.equal(structure.bodySha256, sha256(' body \r\n with space'))
    assert.equal(scanStructure(Buffer.from('Subject: x\r\n\r\n \r\n')).bodySha256, sha256(''))
  })
})

describe('limits', () => {
  test('keep the first bytes of a header that is too large, and find the body after it', () => {
    const filler = lines('X-Filler: ' + 'x'.repeat(2000)).repeat(1500)
    const {fields, leaves, defects} = scanStructure(Buffer.from(`Subject: x\r\n${filler}To: late@x\r\n\r\nbody`))
    assert.equal(fields[0]?.value, 'x')
    assert.ok(!fields.some(({name}) => name === 'to'))
    assert.ok(fields.length < MAX_HEADER_BYTES / 2000)
    assert.deepEqual(outline(leaves), ['1 text/plain: body'])
    assert.deepEqual(defects.map(({code}) => code)[0], 'header-too-large')
  })

  test('end a header that is one endless line', () => {
    const {fields, leaves} = scanStructure(Buffer.from(`Subject: ${'x'.repeat(3_000_000)}\n\nbody`))
    assert.equal(fields[0]?.value.length, MAX_HEADER_BYTES - 'Subject: '.length)
    assert.deepEqual(outline(leaves), ['1 text/plain: body'])
  })

  test('bound the fields of a header', () => {
    const {fields, defects} = scanStructure(Buffer.from('a:\n'.repeat(10_000) + '\nbody'))
    assert.equal(fields.length, MAX_FIELDS)
    assert.deepEqual(
      defects.map(({code}) => code),
      ['header-too-large'],
    )
  })

  test('stop at 5,000 parts, and still hash everything', () => {
    const raw = Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(5000)}--b--\r\n`,
    )
    const {leaves, defects, sha256: hash} = scanStructure(raw)
    // The multipart itself is one of them.
    assert.equal(leaves.length, MAX_PARTS - 1)
    assert.deepEqual(
      defects.map(({code}) => code),
      ['too-many-parts'],
    )
    assert.equal(hash, sha256(raw))
  })

  test('stop at a depth of 400', () => {
    let raw = ''
    for (let depth = 0; depth < 400; depth++) {
      raw += `Content-Type: multipart/mixed; boundary=b${depth}.\n\n--b${depth}.\n`
    }
    const {leaves, defects} = scanStructure(Buffer.from(`${raw}\ntext\n`))
    assert.deepEqual(
      leaves.map(({part, contentType}) => ({depth: part.split('.').length, contentType})),
      [{depth: MAX_DEPTH, contentType: 'multipart/mixed'}],
    )
    assert.deepEqual(
      defects.map(({code}) => code),
      ['nested-too-deep', 'boundary-unclosed'],
    )
  })

  test('bound the text that is kept', () => {
    const raw = `Subject: x\n\n${'word '.repeat(MAX_TEXT_BYTES / 4)}`
    const [leaf] = scanStructure(Buffer.from(raw)).leaves
    assert.equal(leaf?.content.size, MAX_TEXT_BYTES)
    assert.equal(leaf?.length, raw.length - 'Subject: x\n\n'.length)
    assert.deepEqual(codes(raw), ['text-truncated'])
  })
})

describe('a message in pieces', () => {
  const whole = (raw: Buffer, longest: number, random: () => number) => {
    const scanner = new StructureScanner()
    for (const piece of pieces(raw, longest, random)) scanner.push(piece)
    return scanner.end()
  }

  const mails = [
    'apple-text-around-attachment.eml',
    'exim-bounce.eml',
    'gateway-boundary-missing.eml',
    'gateway-doubled-cr.eml',
    'hosting-odd-fields.eml',
    'maildir-bare-lf.eml',
    'mailer-unknown-encodings.eml',
    'newsletter-html-only.eml',
    'mac-cr-line-ends.eml',
    'outlook-forwarded-unnamed.eml',
    'outlook-nested-related.eml',
    'russian-raw-koi8-header.eml',
    'vietnamese-viscii.eml',
    'printer-boundary-unclosed.eml',
    'script-no-empty-line.eml',
    'webform-raw-latin1-header.eml',
  ]
  for (const name of mails) {
    test(`is the same as in one: ${name}`, () => {
      const raw = fixture(name)
      const expected = scanStructure(raw)
      const random = seededRandom(7)
      for (const longest of [1, 2, 3, 10, 100]) assert.deepEqual(whole(raw, longest, random), expected)
    })
  }

  test('is the same as in one for random bytes of the kind that matters', () => {
    const random = seededRandom(20_261_103)
    const words = [
      '\r\n', '\n', '\r', '--', '-', '--a', '--a--', '--b', '--b--', '--ab', 'a', ' ', '\t', '=', '=\r\n', '=C3', '=A4', '=0',
      'QUJD', 'QQ==', 'Q', '\0', '\xe4', 'Subject: x', 'Content-Type: multipart/mixed; boundary=a',
      'Content-Type: multipart/alternative; boundary="b"', 'Content-Type: multipart/mixed; boundary=ab',
      'Content-Type: text/html; charset=utf-8', 'Content-Type: image/png', 'Content-Transfer-Encoding: base64',
      'Content-Transfer-Encoding: quoted-printable', '\r\n\r\n', '\r\n--a\r\n', '\r\n--a--\r\n', '\n--b\n', '\n\n',
    ] // prettier-ignore
    for (let round = 0; round < 1500; round++) {
      let text = random() < 0.8 ? 'Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n' : ''
      for (let count = Math.floor(random() * 40); count > 0; count--)
        text += words[Math.floor(random() * words.length)]!
      const raw = Buffer.from(text, 'latin1')
      const expected = scanStructure(raw)
      for (const longest of [1, 5, 30]) {
        assert.deepEqual(whole(raw, longest, random), expected, JSON.stringify(text))
      }
      for (const leaf of expected.leaves) {
        assert.ok(leaf.offset >= 0 && leaf.length >= 0 && leaf.offset + leaf.length <= raw.length, JSON.stringify(text))
        if (leaf.content.kind === 'opaque') assert.equal(sha256(decodePart(raw, leaf)), leaf.content.sha256)
      }
    }
  })

  test('may be cut anywhere around the limits too', () => {
    const random = seededRandom(3)
    const endless = Buffer.from(`A: b\n${'x'.repeat(MAX_HEADER_BYTES)}\r\nB: c\r\n\r\nbody`)
    const long = Buffer.from(`A: b\n${'B: cccc\r\n'.repeat(MAX_HEADER_BYTES / 8)}\r\nbody\n`)
    for (const raw of [endless, long]) assert.deepEqual(whole(raw, 200_000, random), scanStructure(raw))
  })
})

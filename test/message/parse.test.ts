import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {MAX_ADDRESSES} from '../../src/lib/message/limits.ts'
import type {Message} from '../../src/lib/message/message.ts'
import {describeUnparsed, parseFacts, parseMessage, parseStream} from '../../src/lib/message/parse.ts'
import {fixture, lines, pieces, seededRandom, stream} from './mail.ts'

const parse = (...text: readonly string[]) => parseMessage(Buffer.from(lines(...text)))
const codesOf = ({defects}: Message) => defects.map(({code}) => code)

describe('facts of a message', () => {
  test('Outlook with nested parts', () => {
    const {message, body} = parseMessage(fixture('outlook-nested-related.eml'))
    const {fields, attachments, size, sha256, fingerprint, ...facts} = message
    assert.deepEqual(facts, {
      messageId: 'AM0PR04MB4711.eurprd04@mail.kunde.example',
      inReplyTo: ['ticket-1188@acme.example'],
      references: ['first@kunde.example', 'ticket-1188@acme.example'],
      subject: 'Rechnung 4711: falscher Betrag für März',
      from: [{name: 'Weber, Sabine', address: 'Sabine.Weber@kunde.example'}],
      to: [
        {name: 'Acme Support', address: 'support@acme.example'},
        {name: 'Buchhaltung', address: 'billing@acme.example'},
      ],
      cc: [{name: 'Jonas Keller', address: 'jonas@kunde.example'}],
      replyTo: [],
      date: '2026-11-03T08:12:40.000Z',
      security: null,
      invitation: null,
      report: null,
      forwarded: null,
      probe: null,
      confirmation: null,
      defects: [],
    })
    assert.equal(size, fixture('outlook-nested-related.eml').length)
    assert.match(sha256, /^[0-9a-f]{64}$/)
    assert.match(fingerprint, /^[0-9a-f]{64}$/)
    assert.deepEqual(fields[0], {
      name: 'received',
      value:
        'from mail.kunde.example (mail.kunde.example [192.0.2.10])\tby mx.acme.example (Postfix) with ESMTPS id 4F1C2\tfor <support@acme.example>; Tue, 03 Nov 2026 09:12:44 +0100 (CET)',
    })
    assert.deepEqual(
      attachments.map(({part, filename, contentType, contentId, inline, size}) => [
        part,
        filename,
        contentType,
        contentId,
        inline,
        size,
      ]),
      [
        ['1.2', 'logo.png', 'image/png', 'logo@kunde.example', true, 72],
        ['2', 'Rechnung März.pdf', 'application/pdf', null, false, 828],
      ],
    )
    assert.equal(
      body.text,
      'Guten Tag,\n\nder Betrag für März stimmt nicht: statt 480 € sind es 840 €, wie wir schon am Telefon sagten.\n\nMit freundlichen Grüßen\nSabine Weber\n',
    )
    assert.match(body.html ?? '', /<img src="cid:logo@kunde.example">/)
  })

  test('a header in windows-1252 and one in UTF-8, both raw', () => {
    const latin = parseFacts(fixture('webform-raw-latin1-header.eml'))
    assert.equal(latin.subject, 'Störung am Gerät – dringend')
    assert.deepEqual(latin.from, [{name: 'Jörg Müller', address: 'joerg@example.net'}])
    assert.deepEqual(codesOf(latin), ['header-not-utf8'])
    const utf8 = parseFacts(fixture('webform-raw-utf8-header.eml'))
    assert.equal(utf8.subject, 'Störung am Gerät')
    assert.deepEqual(codesOf(utf8), [])
  })

  test('raw headers in the charset of the text, which only a part names', () => {
    const {message, body} = parseMessage(fixture('russian-raw-koi8-header.eml'))
    assert.equal(message.subject, 'Не работает принтер')
    assert.deepEqual(message.from, [{name: 'Иван Петров', address: 'ivan@kunde.example'}])
    assert.equal(body.text, 'Здравствуйте, принтер не печатает.')
    assert.deepEqual(codesOf(message), ['header-not-utf8'])
    const vietnamese = parseMessage(fixture('vietnamese-viscii.eml'))
    assert.equal(vietnamese.message.from[0]?.name, 'Nguyễn Văn')
    assert.equal(vietnamese.message.subject, 'Hóa đơn')
    assert.equal(vietnamese.body.text, 'Việt Nam\n')
  })

  test('lines of other systems, and the line of an mbox', () => {
    const mac = parseMessage(fixture('mac-cr-line-ends.eml'))
    assert.deepEqual([mac.message.subject, mac.body.text], ['Old Macintosh', 'Hello\nthere\n'])
    const doubled = parseMessage(fixture('gateway-doubled-cr.eml'))
    assert.deepEqual([doubled.message.subject, doubled.body.text.trim()], ['Doubled', 'Hello'])
    assert.deepEqual(codesOf(doubled.message), [])
  })

  test('parts without a name, parts of a Macintosh, and parts that are elsewhere', () => {
    const {message, body} = parseMessage(fixture('outlook-forwarded-unnamed.eml'))
    assert.deepEqual(
      message.attachments.map(({filename, contentType, role}) => [filename, contentType, role]),
      [
        ['Angebot für Sie.eml', 'message/rfc822', null],
        ['encoded.eml', 'message/rfc822', null],
        ['a.pdf', 'application/applefile', 'resource-fork'],
        ['a.pdf', 'application/pdf', null],
        [null, 'message/external-body', null],
      ],
    )
    assert.equal(body.text, 'Привет')
    assert.deepEqual(message.defects, [{code: 'content-elsewhere', detail: 'part 5 is to be fetched by URL'}])
  })

  test('fields that are repeated, malformed or odd', () => {
    const message = parseFacts(fixture('hosting-odd-fields.eml'))
    assert.deepEqual(codesOf(message), ['header-line-malformed', 'header-repeated', 'date-invalid'])
    assert.equal(message.subject, 'Order 77')
    assert.equal(message.messageId, 'order-77@host.example')
    assert.equal(message.date, null)
    assert.deepEqual(message.references, ['a@x', 'c@z'])
    assert.deepEqual(
      message.from.map(({address}) => address),
      ['shop@host.example'],
    )
    assert.deepEqual(
      message.to.map(({address}) => address),
      ['support@acme.example', 'sales@acme.example'],
    )
    assert.equal(message.fields.find(({name}) => name === 'x-long')?.value, 'one\ttwo  three')
  })

  test('a message of nothing', () => {
    const {message, body} = parseMessage(new Uint8Array())
    assert.deepEqual(
      {...message, sha256: '', fingerprint: ''},
      {
        messageId: null,
        inReplyTo: [],
        references: [],
        subject: '',
        from: [],
        to: [],
        cc: [],
        replyTo: [],
        date: null,
        fields: [],
        attachments: [],
        security: null,
        invitation: null,
        report: null,
        forwarded: null,
        probe: null,
        confirmation: null,
        defects: [],
        size: 0,
        sha256: '',
        fingerprint: '',
      },
    )
    assert.deepEqual(body, {text: '', html: null, replyText: '', quotedText: '', signature: null})
  })

  test('a missing date is no defect, an invalid one is', () => {
    assert.deepEqual(codesOf(parse('Subject: x', '', '').message), [])
    assert.deepEqual(codesOf(parse('Date: 32 Foo 2026', '', '').message), ['date-invalid'])
  })

  test('groups and entries without an address', () => {
    const {message} = parse('To: Team: a@x.example, "B" <b@X.example>;, undisclosed-recipients:;, nobody', '', '')
    assert.deepEqual(message.to, [
      {name: '', address: 'a@x.example'},
      {name: 'B', address: 'b@x.example'},
    ])
  })

  test('more addresses than anybody writes to', () => {
    const to = Array.from({length: MAX_ADDRESSES + 10}, (_, index) => ` u${index}@x.example,`)
    const {message} = parse('To:', ...to, '', '')
    assert.equal(message.to.length, MAX_ADDRESSES)
    assert.deepEqual(codesOf(message), ['header-too-large'])
  })

  test('line breaks in encoded words are kept as sent: whoever shows them makes them safe', () => {
    assert.equal(parse('Subject: =?utf-8?Q?a=0D=0AB=63c:_x?=', '', '').message.subject, 'a\r\nBcc: x')
  })
})

describe('text of a message', () => {
  const part = (type: string, text: string) => ['--b', `Content-Type: ${type}`, '', text]
  const mail = (type: string, ...parts: readonly string[][]) =>
    parse(`Content-Type: multipart/${type}; boundary=b`, '', ...parts.flat(), '--b--').body

  test('plain text is taken, and HTML beside it is kept as sent', () => {
    const {text, html} = mail('alternative', part('text/plain', 'plain'), part('text/html', '<p>html'))
    assert.deepEqual({text, html}, {text: 'plain', html: '<p>html'})
  })
  test('HTML is turned into text where the plain alternative is missing or empty', () => {
    assert.equal(mail('alternative', part('text/plain', ' '), part('text/html', '<p>html')).text, 'html')
    assert.equal(
      parseMessage(fixture('newsletter-html-only.eml')).body.text,
      'Autumn & winter\n\nEverything 20 % off, until Sunday.\n\n- Coats\n- Boots\n\n5 < 7 €',
    )
  })
  test('all texts of a mixed mail count, in order', () => {
    assert.equal(
      mail('mixed', part('text/plain', 'one'), part('text/html', '<p>two'), part('text/plain', 'three')).text,
      'one\ntwo\nthree',
    )
    const {message, body} = parseMessage(fixture('apple-text-around-attachment.eml'))
    assert.equal(body.text, 'Here is the hinge:\n\nCan you send a new one?\n')
    assert.equal(message.attachments[0]?.filename, 'Scharnier übersicht.png')
  })
  test('an attached text and a message inside are not the text of the message', () => {
    const {body, message} = parseMessage(fixture('exim-bounce.eml'))
    assert.equal(body.text, 'A message that you sent could not be delivered.\n')
    assert.deepEqual(
      message.attachments.map(({part, contentType}) => [part, contentType]),
      [
        ['2', 'message/delivery-status'],
        ['3', 'message/rfc822'],
      ],
    )
  })
  test('bytes without a charset are UTF-8, or else windows-1252', () => {
    assert.equal(parseMessage(Buffer.from('Subject: x\n\nfür', 'utf8')).body.text, 'für')
    assert.equal(parseMessage(Buffer.from('Subject: x\n\nfür', 'latin1')).body.text, 'für')
  })
})

describe('fingerprint', () => {
  const base = ['From: A <a@x.example>', 'Date: Tue, 3 Nov 2026 10:00:00 +0100', 'Subject: s', 'Message-ID: <1@x>']
  const of = (header: readonly string[], body: string) => parse(...header, '', body).message.fingerprint
  const expected = of(base, 'text')

  test('does not change by what happens on the way', () => {
    assert.equal(of(['Received: by mx', 'X-Spam: no', ...base, 'Delivered-To: b@y'], 'text\r\n \r\n'), expected)
    assert.equal(of(['From: "Other Name" <a@X.example>', ...base.slice(1)], 'text'), expected)
    assert.equal(
      of(
        base.map((line) => line.replace(': ', ':\r\n\t')),
        'text',
      ),
      expected,
    )
  })
  test('changes with everything that makes it another mail', () => {
    const others = base.map((_, index) => base.map((line, at) => (at === index ? line.replace(/\d|s$|a@/, '9') : line)))
    const all = [expected, of(base, 'texts'), of(base, ' text'), ...others.map((header) => of(header, 'text'))]
    assert.equal(new Set(all).size, all.length)
  })
  test('is the same for ever', () => {
    assert.equal(expected, '35b323794f2aed149e31097edf384b9465c4bf54251091ba0be1c32754ff6b90')
  })
})

describe('a message that comes as a stream', () => {
  test('gives what it gives in one', async () => {
    const random = seededRandom(5)
    for (const name of [
      'outlook-nested-related.eml',
      'apple-text-around-attachment.eml',
      'mailer-unknown-encodings.eml',
    ]) {
      const raw = fixture(name)
      assert.deepEqual(await parseStream(stream(pieces(raw, 50, random))), parseMessage(raw))
    }
  })
  test('may reuse its buffer', async () => {
    const raw = fixture('outlook-nested-related.eml')
    const buffer = Buffer.alloc(64)
    function* reusing() {
      for (let start = 0; start < raw.length; start += buffer.length) {
        yield buffer.subarray(0, raw.copy(buffer, 0, start, start + buffer.length))
      }
    }
    assert.deepEqual(await parseStream(stream(reusing())), parseMessage(raw))
  })
  test('rejects with the error of the stream', async () => {
    async function* broken() {
      yield await Promise.resolve(Buffer.from('Subject: x\r\n'))
      throw new Error('connection lost')
    }
    await assert.rejects(parseStream(broken()), /connection lost/)
  })
})

test('a message that could not be parsed is described by its header', () => {
  const raw = fixture('outlook-nested-related.eml')
  const {message} = parseMessage(raw)
  const unparsed = describeUnparsed(raw, 'it took too long')
  assert.deepEqual(unparsed.defects, [{code: 'parse-failed', detail: 'it took too long'}])
  assert.deepEqual(
    unparsed.from.map(({address}) => address),
    ['Sabine.Weber@kunde.example'],
  )
  for (const key of ['messageId', 'references', 'date', 'fields', 'size', 'sha256', 'fingerprint'] as const) {
    assert.deepEqual(unparsed[key], message[key], key)
  }
})

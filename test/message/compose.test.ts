import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {simpleParser} from 'mailparser'
import PostalMime from 'postal-mime'
import {compose, type Draft} from '../../src/lib/message/compose.ts'
import {needsSmtpUtf8, sendableAddress} from '../../src/lib/message/compose-address.ts'
import {loopMark, loopMarkIn} from '../../src/lib/message/loop-mark.ts'
import type {Address} from '../../src/lib/message/message.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {checkConformance} from './check-conformance.ts'
import {seededRandom} from './mail.ts'

const DRAFT: Draft = {
  messageId: 'pd.abcdefghijklmnopqrstuvwxyz@acme.example',
  date: '2026-11-30T10:00:05.000Z',
  from: {name: 'Acme', address: 'support@acme.example'},
  replyTo: null,
  to: [{name: 'Ann', address: 'ann@customer.example'}],
  cc: [],
  subject: 'Re: The printer',
  text: 'Hello Ann,\n\nit prints.\n',
  html: null,
  inReplyTo: null,
  references: [],
  attachments: [],
  autoSubmitted: null,
  loopMark: loopMark('store', 1),
}

/** What a peer reads of a mail, in one form. */
interface Reading {
  readonly subject: string
  readonly from: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly replyTo: readonly Address[]
  readonly text: string
  readonly html: string | null
  readonly attachments: readonly {readonly filename: string; readonly contentType: string; readonly content: Buffer}[]
}

const PEERS: Readonly<Record<string, (raw: Buffer) => Reading | Promise<Reading>>> = {
  postdesk(raw) {
    const {message, body} = parseMessage(raw)
    assert.deepEqual(message.defects, [])
    const {subject, from, to, cc, replyTo} = message
    const attachments = message.attachments.map(({filename, contentType, offset, length}) => ({
      filename: filename ?? '',
      contentType,
      content: Buffer.from(raw.toString('latin1', offset, offset + length), 'base64'),
    }))
    return {subject, from, to, cc, replyTo, text: body.text, html: body.html, attachments}
  },
  async mailparser(raw) {
    const mail = await simpleParser(raw, {skipTextToHtml: true, skipHtmlToText: true, skipImageLinks: true})
    const addresses = (field: unknown): Address[] =>
      [field ?? []].flat().flatMap((entry) =>
        (entry as {value: {name: string; address?: string}[]}).value.map(({name, address}) => ({
          name,
          address: address ?? '',
        })),
      )
    return {
      subject: mail.subject ?? '',
      from: addresses(mail.from),
      to: addresses(mail.to),
      cc: addresses(mail.cc),
      replyTo: addresses(mail.replyTo),
      text: mail.text ?? '',
      html: mail.html === false ? null : (mail.html ?? null),
      attachments: mail.attachments.map(({filename, contentType, content}) => ({
        filename: filename ?? '',
        contentType,
        content,
      })),
    }
  },
  async 'postal-mime'(raw) {
    const mail = await PostalMime.parse(raw, {attachmentEncoding: 'arraybuffer'})
    const addresses = (field: unknown): Address[] =>
      [field ?? []].flat().map((entry) => {
        const {name, address} = entry as {name: string; address?: string}
        return {name, address: address ?? ''}
      })
    return {
      subject: mail.subject ?? '',
      from: addresses(mail.from),
      to: addresses(mail.to),
      cc: addresses(mail.cc),
      replyTo: addresses(mail.replyTo),
      text: mail.text ?? '',
      html: mail.html ?? null,
      attachments: mail.attachments.map(({filename, mimeType, content}) => ({
        filename: filename ?? '',
        contentType: mimeType,
        content: Buffer.from(content as ArrayBuffer),
      })),
    }
  },
}

/** Composes, checks the form, and has every peer read it. */
async function readings(draft: Draft): Promise<readonly (readonly [string, Reading])[]> {
  const raw = await compose(draft)
  const addresses = [draft.from, ...(draft.replyTo ? [draft.replyTo] : []), ...draft.to, ...draft.cc]
  checkConformance(raw, needsSmtpUtf8(addresses.map(({address}) => address)))
  return Promise.all(Object.entries(PEERS).map(async ([name, read]) => [name, await read(raw)] as const))
}

const lineFeeds = (text: string) => text.replaceAll('\r\n', '\n').replace(/\n+$/, '')

const FAMILY = '👩‍👩‍👧‍👦'
const SUBJECTS: readonly string[] = [
  'The printer',
  'Máy in không hoạt động từ sáng nay, xin hãy giúp đỡ chúng tôi càng sớm càng tốt',
  'プリンターが動きません。今朝から何度も試しましたが、どうしても印刷できません。至急ご対応をお願いいたします。',
  `${FAMILY.repeat(12)} and ${'👍🏽'.repeat(30)}`,
  'Word '.repeat(400).trim(),
  'a'.repeat(2000),
  'é'.repeat(2000),
  'z\u0301\u0302\u0303'.repeat(60),
  `z${'\u0301'.repeat(100)}`,
  '=?utf-8?Q?not_encoded?= and =?x',
  'a =?utf-8?B?YQ==?=',
  'Re: 50% off? "Yes" (no) <a@b>; x=y_z',
  '',
]

describe('a subject arrives', () => {
  for (const subject of SUBJECTS)
    test(JSON.stringify(subject.slice(0, 60)), async () => {
      for (const [peer, read] of await readings({...DRAFT, subject})) assert.equal(read.subject, subject, peer)
    })
})

const NAMES: readonly string[] = [
  'Ann Berg',
  'Berg, Ann',
  'Ann "the" Berg',
  'Ann (Sales)',
  'Ann <ann@other.example>',
  'A. Berg',
  'a\\b',
  'Nguyễn Thị Minh Khai',
  '山田太郎（営業部、東京）',
  FAMILY,
  '=?utf-8?Q?x?=',
  'Ann: Berg; Team',
  'Dr. '.repeat(60).trim(),
  'x'.repeat(250),
  "O'Neil",
  '',
]

describe('a name arrives', () => {
  for (const name of NAMES)
    test(JSON.stringify(name.slice(0, 60)), async () => {
      const people = [
        {name, address: 'ann@customer.example'},
        {name: 'Bob', address: 'bob@customer.example'},
      ]
      const draft = {...DRAFT, from: {name, address: 'support@acme.example'}, to: people, cc: people}
      for (const [peer, read] of await readings(draft)) {
        assert.deepEqual(read.from, [draft.from], peer)
        assert.deepEqual(read.to, people, peer)
        assert.deepEqual(read.cc, people, peer)
      }
    })
})

describe('an address', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['ann@customer.example', 'ann@customer.example'],
    ['ann+tag=x@customer.example', 'ann+tag=x@customer.example'],
    ["o'neil!#$%&*/?^_`{|}~-@x.example", "o'neil!#$%&*/?^_`{|}~-@x.example"],
    ['"a b"@x.example', '"a b"@x.example'],
    ['"a, b"@x.example', '"a, b"@x.example'],
    ['"a@b"@x.example', '"a@b"@x.example'],
    ['"a\\"b"@x.example', '"a\\"b"@x.example'],
    ['a..b@docomo.example', '"a..b"@docomo.example'],
    ['.a@docomo.example', '".a"@docomo.example'],
    ['Ann@MÜNCHEN.example', 'Ann@xn--mnchen-3ya.example'],
    ['a@straße.example', 'a@xn--strae-oqa.example'],
    ['a@例え。テスト', 'a@xn--r8jz45g.xn--zckzah'],
    ['用户@例え.example', '用户@xn--r8jz45g.example'],
    ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
    ['a@[ipv6:2001:db8::1]', 'a@[ipv6:2001:db8::1]'],
    ['a@x.example.', 'a@x.example'],
    ['a@mail_1.example', 'a@mail_1.example'],
    ['a@localhost', 'a@localhost'],
    ['a', null],
    ['', null],
    ['@x.example', null],
    ['a@', null],
    ['a@x y.example', null],
    ['a@x..example', null],
    ['a@１.２.３.４', null],
    ['a@ü@x.example', '"a@ü"@x.example'],
    ['a@ü/x', null],
    ['a@ü:80', null],
    ['a\r\nBcc: x@y.example', null],
    ['a\0@x.example', null],
    ['\u202ea@x.example', null],
    ['\ud800@x.example', null],
    [`a@${'x'.repeat(64)}.example`, null],
    [`a@${'ü'.repeat(63)}.example`, null],
    [`${'a'.repeat(250)}@x.example`, null],
  ]
  for (const [address, expected] of cases)
    test(`${JSON.stringify(address.slice(0, 60))} is sent to as ${JSON.stringify(expected)}`, () =>
      assert.equal(sendableAddress(address), expected))

  test('arrives, among others', async () => {
    const addresses = cases.flatMap(([, expected]) => (expected === null ? [] : [expected]))
    for (const address of addresses)
      for (const name of ['', 'Ann']) {
        const raw = await compose({...DRAFT, to: [{name, address}, DRAFT.to[0]!], replyTo: {name, address}})
        const {to, replyTo} = parseMessage(raw).message
        assert.deepEqual(to, [{name, address}, DRAFT.to[0]])
        assert.deepEqual(replyTo, [{name, address}])
      }
  })

  test('beyond ASCII needs a server that takes it, a domain does not', async () => {
    assert.equal(needsSmtpUtf8(['a@x.example', 'a@例え.example']), false)
    assert.equal(needsSmtpUtf8(['a@x.example', '用户@x.example']), true)
    const to = [{name: '用户', address: '用户@例え.example'}]
    for (const [peer, read] of await readings({...DRAFT, to}))
      assert.match(read.to[0]!.address, /^用户@(?:xn--r8jz45g|例え)\.example$/, peer)
  })

  test('that nothing can be sent to is left out, and its field with it', async () => {
    const nobody = {name: 'Ann', address: 'a b@@'}
    const raw = await compose({...DRAFT, to: [nobody], cc: [nobody, DRAFT.to[0]!], replyTo: nobody})
    checkConformance(raw, false)
    const {to, cc, replyTo} = parseMessage(raw).message
    assert.deepEqual([to, cc, replyTo], [[], DRAFT.to, []])
    await assert.rejects(compose({...DRAFT, from: nobody}), RangeError)
  })
})

const TEXTS: readonly string[] = [
  'Hello',
  '',
  'Kính gửi chị Lan,\n\nMáy in đã được sửa. Cảm ơn chị đã kiên nhẫn chờ đợi.\n',
  '拝啓\n\nプリンターは直りました。\n'.repeat(50),
  '.\n..\n.hidden\nFrom here to there\n>From x\n. \nFrom\n',
  `${'word '.repeat(1000)}\n${'x'.repeat(5000)}\n${'é'.repeat(5000)}\n`,
  `${'a sentence that is broken softly From time to time, '.repeat(60)}\n`,
  'a=b =20 =\n=\n= \n',
  'trailing  \n\ttab\t\n-- \nAnn\n',
  '\n\n  indented\n\n\n',
  'a\n'.repeat(3000),
  'a\u00a0b\u200bc\u202fd',
  '--=_pd-x-Part_1\n--\n----\n',
]

describe('a text arrives', () => {
  for (const text of TEXTS)
    for (const form of ['plain', 'with HTML', 'with a file'])
      test(`${JSON.stringify(text.slice(0, 50))}, ${form}`, async () => {
        const html = form === 'plain' ? null : `<p>${text.replaceAll('<', '&lt;')}</p>\n`
        const attachments = form === 'with a file' ? [file('a.txt', 'text/plain', 'x')] : []
        for (const [peer, read] of await readings({...DRAFT, text, html, attachments})) {
          assert.equal(lineFeeds(read.text), lineFeeds(text), peer)
          if (html !== null) assert.equal(lineFeeds(read.html ?? ''), lineFeeds(html), peer)
        }
      })
})

const file = (filename: string, contentType: string, content: string | Uint8Array) => ({
  filename,
  contentType,
  content: typeof content === 'string' ? Buffer.from(content) : content,
})

test('files arrive', async () => {
  const attachments = [
    file(
      'report.pdf',
      'application/pdf',
      Uint8Array.from({length: 70_000}, (_, at) => (at * 7) % 256),
    ),
    file('hóa đơn tháng 11 “bản cuối” (2).pdf', 'application/pdf', 'x'),
    file(`${'とても長い名前'.repeat(20)}.txt`, 'text/plain', 'line\nline\r\nFrom\n'),
    file(`${'long-name-'.repeat(20)}.bin`, 'application/octet-stream', ''),
    file(`${FAMILY}.png`, 'image/png', '\0\r\n'),
    file('a;b=c,"d\'\\'.replace('\\', '') + '.txt', 'text/plain', 'x'),
    file('100% of it.csv', 'text/csv', 'ä;ö'),
  ]
  for (const [peer, read] of await readings({...DRAFT, html: '<p>x</p>', attachments}))
    for (const [at, {filename, contentType, content}] of attachments.entries()) {
      assert.equal(read.attachments[at]!.filename, filename, peer)
      assert.equal(read.attachments[at]!.contentType, contentType, peer)
      // Peers take text apart for its charset: the bytes count, not the line ends of what is shown.
      if (!contentType.startsWith('text/') || peer === 'postdesk')
        assert.deepEqual(read.attachments[at]!.content, Buffer.from(content), peer)
    }
})

test('a mail is attached as the file it is', async () => {
  const content = Buffer.from('Subject: x\n\nFrom here\n')
  const raw = await compose({...DRAFT, attachments: [file('a.eml', 'message/rfc822', content)]})
  checkConformance(raw, false)
  const [attachment] =
    PEERS['postdesk']!(raw) instanceof Promise ? [] : (PEERS['postdesk']!(raw) as Reading).attachments
  assert.deepEqual(attachment, {filename: 'a.eml', contentType: 'application/octet-stream', content})
})

test('ids and marks', async () => {
  const raw = await compose({
    ...DRAFT,
    inReplyTo: 'b@x.example',
    references: ['a@x.example', 'b b@x.example', 'x>\r\nBcc: y@x', 'é@x', '', 'no-at', 'b@x.example', 'c'.repeat(981)],
    autoSubmitted: 'auto-replied',
  })
  checkConformance(raw, false)
  const {message} = parseMessage(raw)
  assert.equal(message.messageId, DRAFT.messageId)
  assert.equal(message.date, DRAFT.date)
  assert.deepEqual(message.inReplyTo, ['b@x.example'])
  assert.deepEqual(message.references, ['a@x.example', 'no-at', 'b@x.example'])
  assert.notEqual(loopMarkIn(message.fields, DRAFT.loopMark), null)
  const value = (field: string) => message.fields.find(({name}) => name === field)?.value
  assert.equal(value('auto-submitted'), 'auto-replied')
  assert.equal(value('x-auto-response-suppress'), 'All')
  const byPerson = new Set(parseMessage(await compose(DRAFT)).message.fields.map(({name}) => name))
  for (const name of ['auto-submitted', 'x-auto-response-suppress', 'in-reply-to', 'references', 'cc', 'reply-to'])
    assert.equal(byPerson.has(name), false, name)
})

test('the longest ids fit their lines', async () => {
  const references = Array.from({length: 20}, (_, at) => `${'r'.repeat(978)}${at + 10}`)
  const raw = await compose({...DRAFT, inReplyTo: references[0]!, references})
  checkConformance(raw, false)
  assert.deepEqual(parseMessage(raw).message.references, references)
})

test('the same draft gives the same bytes', async () => {
  const draft = {...DRAFT, html: '<p>x</p>', attachments: [file('a.txt', 'text/plain', 'x')]}
  assert.deepEqual(await compose(draft), await compose(draft))
  assert.notDeepEqual(await compose(draft), await compose({...draft, messageId: 'pd.other@acme.example'}))
})

test('takes no more time for what is made to cost some', async () => {
  const start = performance.now()
  for (const piece of [' ', '\n', '\r', '=', '.', 'é', '\0', '\ud83d', 'From ', '"', '\\', '=?', '['])
    checkConformance(
      await compose({
        ...DRAFT,
        subject: `a${piece.repeat(50_000)}b`,
        from: {name: `a${piece.repeat(50_000)}b`, address: 'support@acme.example'},
        to: [{name: '', address: `a${piece.repeat(50_000)}@x.example`}],
        references: [piece.repeat(50_000)],
        text: `a${piece.repeat(300_000)}b`,
        attachments: [file(`a${piece.repeat(50_000)}b`, `a/b${piece.repeat(50_000)};`, 'x')],
      }),
      false,
    )
  assert.ok(performance.now() - start < 20_000)
})

test('what is ours has to be right', async () => {
  await assert.rejects(compose({...DRAFT, messageId: 'a b'}), RangeError)
  await assert.rejects(compose({...DRAFT, messageId: 'a>\r\nBcc: x@y'}), RangeError)
  await assert.rejects(compose({...DRAFT, date: 'yesterday'}), RangeError)
})

describe('nothing that is put in becomes a field', () => {
  const evil = 'Ann\r\nBcc: evil@x.example\r\n\r\n<html>'
  const alike = ['\n', '\r', '\r\n ', '\0', '\u2028', '\u0085', '\v', '\u202e', '\ud800', '\x1b[31m']
  for (const bad of [evil, ...alike.map((odd) => `Ann${odd}Bcc: evil@x.example`)])
    test(JSON.stringify(bad), async () => {
      const draft: Draft = {
        ...DRAFT,
        from: {name: bad, address: DRAFT.from.address},
        replyTo: {name: bad, address: 'support@acme.example'},
        to: [{name: bad, address: 'ann@customer.example'}],
        cc: [{name: bad, address: bad}],
        subject: bad,
        inReplyTo: bad,
        references: [bad],
        attachments: [file(bad, bad, bad), file(`${bad}.txt`, `text/plain; x="${bad}"`, bad)],
        loopMark: bad,
        html: bad,
        text: bad,
      }
      const plain = bad
        .toWellFormed()
        .replace(/\s+|\u0085/g, ' ')
        .replace(/[\p{Cc}\u202e]/gu, '')
      for (const [peer, read] of await readings(draft)) {
        assert.equal(read.subject, plain, peer)
        assert.deepEqual(read.from, [{name: plain, address: DRAFT.from.address}], peer)
        assert.deepEqual(read.to, [{name: plain, address: 'ann@customer.example'}], peer)
        assert.equal(read.attachments[0]!.filename, plain.replace('/', '_'), peer)
        assert.equal(read.attachments[0]!.contentType, 'application/octet-stream', peer)
        // mailparser goes by the name.
        if (peer !== 'mailparser') assert.equal(read.attachments[1]!.contentType, 'application/octet-stream', peer)
      }
      const {message} = parseMessage(await compose(draft))
      assert.equal(
        message.fields.some(({name}) => name === 'bcc'),
        false,
      )
    })
})

const ROUNDS = 2000
const ALPHABET = [
  ...[
    'a',
    'b',
    'Z',
    '0',
    ' ',
    ' ',
    '.',
    ',',
    '"',
    "'",
    '\\',
    '(',
    ')',
    '<',
    '>',
    '@',
    ':',
    ';',
    '=',
    '?',
    '_',
    '-',
    '/',
  ],
  ...['=?', '?=', '=?utf-8?Q?', 'From ', '\nFrom ', '\n', '\n.', '\r\n', '\r', '\t', '\0', '\x7f', '\u0085', '\u2028'],
  ...[
    'é',
    'ß',
    'ệ',
    'e\u0323\u0302',
    '漢',
    'カ',
    'ガ',
    'ب',
    'ש',
    'ไ',
    '👍🏽',
    FAMILY,
    '🇻🇳',
    '\u200d',
    '\u200b',
    '\u00a0',
    '\u3000',
  ],
  ...['\ud83d', '\udc4d', '\u202e', '\u2066', '\ufeff', '\ufffd', 'word ', 'xxxxxxxxxxxxxxxxxxxx', '文字文字文字文字'],
]

test('whatever is put in, it is a mail with the same words', async () => {
  const random = seededRandom(20_261_130)
  const upTo = (most: number) => Math.floor(random() * (most + 1))
  const words = (most: number) => Array.from({length: upTo(most)}, () => ALPHABET[upTo(ALPHABET.length - 1)]!).join('')
  const locals = ['ann', '"a b"', 'a..b', 'x+y=z', '用户', '"q\\"q"', 'a\nb', '']
  const domains = ['x.example', '例え.example', '[192.0.2.1]', 'b@d', '']
  const address = (): Address => ({
    name: words(12),
    address: `${locals[upTo(locals.length - 1)]}@${domains[upTo(domains.length - 1)]}`,
  })
  const several = () => Array.from({length: upTo(4)}, address)
  for (let round = 0; round < ROUNDS; round++) {
    const draft: Draft = {
      ...DRAFT,
      from: {name: words(12), address: 'support@acme.example'},
      replyTo: random() < 0.5 ? null : address(),
      to: several(),
      cc: several(),
      subject: words(60),
      text: `${words(300)} text`,
      html: random() < 0.5 ? null : words(300),
      inReplyTo: random() < 0.5 ? null : words(5),
      references: Array.from({length: upTo(5)}, () => words(5)),
      attachments: Array.from({length: upTo(2)}, () => file(words(40), words(3) || 'image/png', words(50))),
      autoSubmitted: random() < 0.5 ? null : 'auto-generated',
    }
    try {
      const raw = await compose(draft)
      const written = [...draft.to, ...draft.cc, ...(draft.replyTo ? [draft.replyTo] : [])]
        .map((each) => sendableAddress(each.address))
        .filter((each) => each !== null)
      checkConformance(raw, needsSmtpUtf8(written))
      const read = await PEERS['postdesk']!(raw)
      assert.equal(key(read.subject), key(draft.subject))
      assert.equal(key(lineFeeds(read.text)), key(draft.text))
      assert.equal(key(read.from[0]!.name), key(draft.from.name))
      for (const field of ['to', 'cc'] as const)
        assert.deepEqual(
          read[field].map((each) => each.address),
          draft[field].map((each) => sendableAddress(each.address)).filter((each) => each !== null),
        )
      assert.equal(read.attachments.length, draft.attachments.length)
      for (const [at, {content}] of draft.attachments.entries())
        assert.deepEqual(read.attachments[at]!.content, Buffer.from(content))
    } catch (error) {
      throw new Error(`round ${round}: ${JSON.stringify(draft)}`, {cause: error})
    }
  }
})

/** Text without what is no word: white space, and what is taken away on purpose. */
const key = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\s\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    // A reader takes the quotes around a name away.
    .replace(/^["']+|["']+$/g, '')

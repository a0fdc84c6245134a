import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {compose} from '../../src/lib/message/compose.ts'
import {htmlOfText} from '../../src/lib/message/html-of-text.ts'
import {htmlLines, htmlToText} from '../../src/lib/message/html-text.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {quoteBelow, quoteOf, type Quoted} from '../../src/lib/message/quote.ts'
import {splitReply} from '../../src/lib/message/reply-text.ts'

const QUOTED: Quoted = {
  text: 'The printer is on fire.\n\nPlease help.\n',
  author: {name: 'Ann Berg', address: 'ann@customer.example'},
  date: '2026-11-30T10:00:05.000Z',
  timezone: 'Asia/Ho_Chi_Minh',
  locale: 'en',
}

const LOCALES: Readonly<Record<string, string>> = {
  en: 'On Nov 30, 2026, 5:00 PM, Ann Berg <ann@customer.example> wrote:',
  'en-GB': 'On 30 Nov 2026, 17:00, Ann Berg <ann@customer.example> wrote:',
  vi: 'Vào 17:00 30 thg 11, 2026, Ann Berg <ann@customer.example> đã viết:',
  ja: '2026/11/30 17:00、Ann Berg <ann@customer.example>さんは書きました:',
  'zh-CN': '2026年11月30日 17:00，Ann Berg <ann@customer.example> 写道：',
  'zh-TW': '2026年11月30日 下午5:00，Ann Berg <ann@customer.example> 寫道：',
  de: 'Am 30.11.2026, 17:00 schrieb Ann Berg <ann@customer.example>:',
  fr: 'Le 30 nov. 2026, 17:00, Ann Berg <ann@customer.example> a écrit :',
  es: 'El 30 nov 2026, 17:00, Ann Berg <ann@customer.example> escribió:',
  // No words of its own: a sentence in one language.
  ar: 'On Nov 30, 2026, 5:00 PM, Ann Berg <ann@customer.example> wrote:',
}

const NAMES = [
  '',
  'Ann Berg',
  'Berg, Ann',
  'Nguyễn Thị Minh Khai',
  '山田太郎',
  'Acme (Support): Team',
  'ann@customer.example',
  'Ann\r\n\r\nBcc: x',
  'A very long name that somebody made in order to fill the line and more than the line',
]

/** As clients wrap what they quote. */
const wrapped = (line: string) => line.replace(/(.{1,70})(?: |$)/g, '$1\n').trimEnd()

describe('a quote is known again as such', () => {
  for (const [locale, expected] of Object.entries(LOCALES)) {
    test(`in ${locale}`, () => assert.equal(quoteOf({...QUOTED, locale}).attribution, expected))
    for (const name of NAMES)
      for (const date of [QUOTED.date, null])
        test(`in ${locale}, of ${JSON.stringify(name)}${date === null ? ', without a date' : ''}`, async () => {
          const quoted: Quoted = {...QUOTED, locale, date, author: {...QUOTED.author, name}}
          const quote = quoteBelow(quoted)
          const answer = 'It is out.\n\nBob'
          const text = `${answer}\n\n${quote}`
          const expected = {replyText: answer, quotedText: quote.trim(), signature: null}
          assert.deepEqual(splitReply(text, null), {...expected, signature: splitReply(answer, null).signature})
          // The customer answers below our attribution, all of it quoted and wrapped.
          const again = quoteBelow({...quoted, text, author: {name: 'Bob', address: 'support@acme.example'}})
          assert.equal(splitReply(`Thanks!\n\n${again}`, null).replyText, 'Thanks!')
          const {attribution} = quoteOf(quoted)
          assert.equal(splitReply(`Thanks!\n\n${wrapped(attribution)}\n> It is out.\n`, null).replyText, 'Thanks!')
          const html = htmlOfText(answer, quoteOf(quoted))
          assert.equal(splitReply(htmlToText(html), htmlLines(html)).replyText, answer)
          const mail = parseMessage(
            await compose({
              messageId: 'pd.a@acme.example',
              date: '2026-11-30T11:00:00.000Z',
              from: {name: '', address: 'support@acme.example'},
              replyTo: null,
              to: [QUOTED.author],
              cc: [],
              subject: 'Re: x',
              text,
              html,
              inReplyTo: null,
              references: [],
              attachments: [],
              autoSubmitted: null,
              loopMark: 'x',
            }),
          )
          assert.equal(mail.body.replyText, answer)
        })
  }
})

describe('the words of a quote', () => {
  const marked = (text: string) =>
    quoteBelow({...QUOTED, text})
      .split('\n')
      .slice(1, -1)

  test('have their marks, those that were quoted before without a blank between', () =>
    assert.deepEqual(marked('a\n\n> b\n>> c\n  d  \n-- \ne'), ['> a', '>', '>> b', '>>> c', '>   d', '> --', '> e']))

  test('have no blank lines around them', () => assert.deepEqual(marked('\r\n\r\na\r\nb\r\n \r\n'), ['> a', '> b']))

  test('may be none', () => assert.deepEqual(marked(''), ['>']))

  test('are cut where they are many, at the end of a line', () => {
    const lines = marked(Array.from({length: 10_000}, (_, at) => `line ${at}`).join('\n'))
    assert.equal(lines.at(-1), '> […]')
    assert.match(lines.at(-2)!, /^> line \d+$/)
    assert.ok(lines.join('\n').length < 25_000)
    const [cut, mark] = marked('👍'.repeat(20_000))
    assert.equal(mark, '> […]')
    assert.ok(cut!.isWellFormed() && !cut!.includes('\ufffd'))
  })

  test('take no more time where they are made to cost some', () => {
    const start = performance.now()
    for (const piece of [' ', '\n', '\r', ' \n', '> ', '\t', '\ud83d'])
      quoteBelow({
        ...QUOTED,
        text: `a${piece.repeat(1_000_000)}b`,
        author: {name: piece.repeat(100_000), address: 'a@x'},
      })
    assert.ok(performance.now() - start < 5000)
  })

  test('carry no token that still works', () => {
    const token = 'a'.repeat(26)
    const quote = quoteBelow({...QUOTED, text: `write to support+t${token}@acme.example\n<pd.${token}@acme.example>`})
    assert.equal(quote.includes(token), false)
  })
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {beginsMbox, MboxSplitter, type MboxMessage} from '../../src/lib/message/mbox.ts'

const FROM = 'From jane@example.com Mon Jan  5 06:12:13 2026\n'
const LIMIT = 1_000_000

function split(text: string, {piece = 65_536, limit = LIMIT} = {}): MboxMessage[] {
  const bytes = Buffer.from(text, 'latin1')
  const splitter = new MboxSplitter(limit)
  const messages: MboxMessage[] = []
  for (let at = 0; at < bytes.length; at += piece) messages.push(...splitter.push(bytes.subarray(at, at + piece)))
  return [...messages, ...splitter.end()]
}

/** The messages as text, the same in pieces of any size. */
function texts(mailbox: string): string[] {
  const told = (piece: number) =>
    split(mailbox, {piece}).map((message) =>
      message.kind === 'message' ? message.bytes.toString('latin1') : `oversized ${message.size}`,
    )
  const whole = told(65_536)
  for (const piece of [1, 2, 3, 7, 40]) assert.deepEqual(told(piece), whole, `in pieces of ${piece}`)
  return whole
}

describe('mbox', () => {
  test('begins with an address and a date, in the forms that programs write', () => {
    for (const line of [
      'From jane@example.com Mon Jan  5 06:12:13 2026',
      'From jane@example.com  Mon Jan 05 06:12 2026',
      'From - Mon Jan 05 06:12:13 2026',
      'From MAILER-DAEMON Fri Jul  8 12:08:34 2011 remote from mx',
      'From 123@xxx Mon Jan 05 06:12:13 +0000 2026',
      'From "jane doe"@example.com Mon Jan  5 06:12:13 CET 2026 +0100',
      'From jane@example.com Mon, 5 Jan 2026 06:12:13 +0000',
      'From Mon Jan  5 06:12:13 2026',
    ])
      assert.ok(beginsMbox(Buffer.from(`${line}\r\nSubject: x\r\n`)), line)
    for (const line of [
      'From: jane@example.com Mon Jan  5 06:12:13 2026',
      'From jane@example.com to joe on Mon Jan 5',
      'from jane@example.com Mon Jan  5 06:12:13 2026',
      `From ${'x'.repeat(2000)} Mon Jan  5 06:12:13 2026`,
      '',
    ])
      assert.ok(!beginsMbox(Buffer.from(`${line}\n`)), line)
  })

  test('messages are told apart, and the empty line between two belongs to neither', () => {
    assert.deepEqual(texts(`${FROM}Subject: 1\n\none\n\n${FROM}Subject: 2\n\ntwo\n\n`), [
      'Subject: 1\n\none\n',
      'Subject: 2\n\ntwo\n',
    ])
    const crlf = FROM.replace('\n', '\r\n')
    assert.deepEqual(texts(`${crlf}Subject: 1\r\n\r\none\r\n\r\n${crlf}Subject: 2\r\n\r\ntwo\r\n\r\n`), [
      'Subject: 1\r\n\r\none\r\n',
      'Subject: 2\r\n\r\ntwo\r\n',
    ])
    assert.deepEqual(texts(`${FROM}Subject: 1\n\nno line end`), ['Subject: 1\n\nno line end'])
    assert.deepEqual(texts(`${FROM}\n${FROM}Subject: 2\n\ntwo\n`), ['', 'Subject: 2\n\ntwo\n'])
    assert.deepEqual(texts('Subject: no mailbox\n\nx\n'), [])
  })

  test('a line in the text that begins with From is text, unless it has a date and follows an empty line', () => {
    const body = `Hello\n\nFrom here on\n${FROM}still the same\n`
    assert.deepEqual(texts(`${FROM}Subject: 1\n\n${body}\n${FROM}Subject: 2\n\ntwo\n`), [
      `Subject: 1\n\n${body}`,
      'Subject: 2\n\ntwo\n',
    ])
  })

  test('quoting of mboxrd is undone, once, at the start of lines only', () => {
    assert.deepEqual(
      texts(`${FROM}Subject: 1\n\n>From a\n>>From b\n>>>From c\n> From d\nx>From e\n>from f\n>From: g\n`),
      ['Subject: 1\n\nFrom a\n>From b\n>>From c\n> From d\nx>From e\n>from f\n>From: g\n'],
    )
  })

  test('Content-Length is believed where it leads to the next message or the end', () => {
    const body = `one\n\n${FROM}>From a\n`
    const measured = (length: number) => `${FROM}Subject: 1\nContent-Length: ${length}\n\n${body}`
    const head = `Subject: 1\nContent-Length: ${body.length}\n\n`
    assert.deepEqual(texts(`${measured(body.length)}\n${FROM}Subject: 2\n\ntwo\n`), [
      head + body,
      'Subject: 2\n\ntwo\n',
    ])
    assert.deepEqual(texts(`${measured(body.length)}${FROM}Subject: 2\n\ntwo\n`), [head + body, 'Subject: 2\n\ntwo\n'])
    assert.deepEqual(texts(`${measured(body.length)}\n`), [head + body])
    for (const wrong of [body.length - 1, body.length + 3, 0, 999_999, 99_999_999_999])
      assert.deepEqual(
        texts(`${measured(wrong)}\n${FROM}Subject: 2\n\ntwo\n`),
        [`Subject: 1\nContent-Length: ${wrong}\n\none\n`, 'From a\n', 'Subject: 2\n\ntwo\n'],
        String(wrong),
      )
  })

  test('of a message over the limit the header alone is kept, and the next one is whole', () => {
    const large = `Subject: large\n\n${'0123456789\n'.repeat(200_000)}`
    const mailbox = `${FROM}Subject: 1\n\none\n\n${FROM}${large}\n${FROM}Subject: 3\n\nthree\n`
    for (const piece of [4096, 65_536, mailbox.length]) {
      const [first, second, third] = split(mailbox, {piece, limit: 100_000})
      assert.equal(first?.kind, 'message')
      assert.ok(second?.kind === 'oversized')
      assert.equal(second.size, large.length)
      assert.ok(second.header.length <= 65_536 && second.header.toString().startsWith('Subject: large\n'))
      assert.equal(third?.kind === 'message' && third.bytes.toString(), 'Subject: 3\n\nthree\n')
    }
  })

  test('hostile mailboxes take linear time', () => {
    const hostile: Readonly<Record<string, (size: number) => string>> = {
      'only From lines': (size) => FROM.repeat(size / FROM.length),
      'empty messages': (size) => `${FROM}\n`.repeat(size / FROM.length),
      'every length reaches far': (size) => `${FROM}Content-Length: 900000\n\n\n`.repeat(size / 74),
      'quotes of one line': (size) => `${FROM}\n${'>'.repeat(size)}From `,
      'broken quotes': (size) => `${FROM}\nx${'>From '.repeat(size / 6)}`,
      'weekdays and zones': (size) => `${FROM}\n${`\nFrom ${'Mon Jan 1 1:00 AA '.repeat(50)}\n`.repeat(size / 1000)}`,
      'header without end': (size) => `${FROM}${'X: y\n'.repeat(size / 5)}`,
    }
    for (const [name, make] of Object.entries(hostile)) {
      const time = (size: number) => {
        const text = make(size)
        const started = performance.now()
        split(text)
        return performance.now() - started
      }
      time(1_000_000)
      const [half, whole] = [Math.min(time(2_000_000), time(2_000_000)), time(8_000_000)]
      assert.ok(
        whole < 4 * half * 3 + 100,
        `${name}: ${half.toFixed(0)} ms, then ${whole.toFixed(0)} ms for four times as much`,
      )
    }
  })
})

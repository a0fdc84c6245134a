import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readForwarded} from '../../src/lib/message/forwarded.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {fixture} from './mail.ts'
import {FORWARDS, HEADERS} from './reply-samples.ts'

describe('who wrote the mail that is forwarded', () => {
  for (const [program, lines] of FORWARDS) {
    test(program, () => {
      for (const text of [`${lines}\n\nBody.`, `Please answer.\n\n${lines}\n\nBody.`]) {
        const forwarded = readForwarded(text)
        assert.deepEqual(forwarded?.from, {name: 'Anna Berg', address: 'anna@example.org'})
        assert.equal(forwarded.subject, 'Order 77')
        assert.match(forwarded.date ?? '', /2016/)
      }
    })
  }

  for (const [program, lines] of HEADERS) {
    test(`without an announcement: ${program}`, () => {
      const forwarded = readForwarded(`Please answer.\n\n${lines}\n\nBody.`)
      assert.equal(forwarded?.from.address, 'anna@example.org')
      assert.match(forwarded.subject ?? '', /77/)
      assert.match(forwarded.date ?? '', /2016|٢٠١٦/)
    })
  }

  const senders: readonly (readonly [string, string, string])[] = [
    ['Anna Berg <anna@Example.ORG>', 'Anna Berg', 'anna@example.org'],
    ['"Berg, Anna" <anna@example.org>', 'Berg, Anna', 'anna@example.org'],
    ["'Anna O’Neil' <anna@example.org>", 'Anna O’Neil', 'anna@example.org'],
    ['Anna Berg [mailto:anna@example.org]', 'Anna Berg', 'anna@example.org'],
    ['Anna Berg (anna@example.org)', 'Anna Berg', 'anna@example.org'],
    ['anna@example.org (Anna Berg)', 'Anna Berg', 'anna@example.org'],
    ['<anna@example.org>', '', 'anna@example.org'],
    ['anna@example.org', '', 'anna@example.org'],
    ['mailto:anna@example.org', '', 'anna@example.org'],
    ['"anna@example.org" <anna@example.org>', '', 'anna@example.org'],
    ['anna_berg <anna_berg@example.org>', 'anna_berg', 'anna_berg@example.org'],
    ['**Anna** <anna@example.org>', 'Anna', 'anna@example.org'],
    ['Anna <anna+x@sub.example.org> on behalf of Bo', 'Anna', 'anna+x@sub.example.org'],
    ['Анна <анна@пример.рф>', 'Анна', 'анна@пример.рф'],
  ]
  for (const [value, name, address] of senders) {
    test(value, () => {
      const text = `From: ${value}\nSent: Wednesday\nTo: support@acme.example\nSubject: x`
      assert.deepEqual(readForwarded(text)?.from, {name, address})
    })
  }

  test('an attribution below an announcement', () => {
    for (const text of [
      '-------- Пересылаемое сообщение --------\n03.02.2016, 15:35, "Анна Берг" <anna@example.org>:\n\nBody',
      '‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Wednesday, February 3, 2016 3:35 PM, Анна Берг <anna@example.org> wrote:\n\nBody',
    ]) {
      assert.deepEqual(readForwarded(text), {
        from: {name: 'Анна Берг', address: 'anna@example.org'},
        subject: null,
        date: null,
      })
    }
  })

  test('none without an address: the next header is of another mail', () => {
    assert.equal(readForwarded('No header here.'), null)
    assert.equal(
      readForwarded('From: Anna\nSent: x\nTo: y\nSubject: z\n\nFrom: Bo <bo@example.org>\nSent: x\nTo: y\nSubject: z'),
      null,
    )
    assert.equal(readForwarded('----- Forwarded message -----\nHello, write to bo@example.org'), null)
  })

  test('only where the subject says so', () => {
    const facts = parseFacts(fixture('gmail-forward.eml'))
    assert.deepEqual(facts.forwarded, {
      from: {name: 'Anna Berg', address: 'anna@kunde.example'},
      subject: 'Bestellung 77',
      date: 'Di., 3. Nov. 2026 um 09:12 Uhr',
    })
    const mail = fixture('gmail-forward.eml').toString('latin1').replace('Subject: Fwd: ', 'Subject: ')
    assert.equal(parseFacts(Buffer.from(mail, 'latin1')).forwarded, null)
  })

  test('nothing hostile takes long', () => {
    for (const piece of ['From: a\n', '> ', 'From: a@', '----- Forwarded message -----\n', 'a@b ', 'To: b\n\n']) {
      const text = piece.repeat(300_000 / piece.length)
      assert.equal(readForwarded(text)?.subject ?? null, null)
    }
  })
})

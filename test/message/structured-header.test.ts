import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readStructuredHeader} from '../../src/lib/message/structured-header.ts'

const cases: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['', '', {}],
  ['Text/Plain', 'text/plain', {}],
  ['text/plain; charset=utf-8', 'text/plain', {charset: 'utf-8'}],
  ['text/plain ;CHARSET = "utf-8" ; format=flowed;', 'text/plain', {charset: 'utf-8', format: 'flowed'}],
  ['text/plain (a; b (c)); charset=x (d)', 'text/plain', {charset: 'x'}],
  ['multipart/mixed; boundary="a; b=\\"c\\" "', 'multipart/mixed', {boundary: 'a; b="c" '}],
  ['multipart/mixed; boundary="a" junk', 'multipart/mixed', {boundary: 'a'}],
  ['multipart/mixed; boundary=a; boundary=b', 'multipart/mixed', {boundary: 'a'}],
  ['multipart/mixed; x; boundary=a=b', 'multipart/mixed', {boundary: 'a=b'}],
  ['attachment; filename=two words.txt', 'attachment', {filename: 'two words.txt'}],
  ['attachment; filename="unclosed.txt', 'attachment', {filename: 'unclosed.txt'}],
  ['attachment; filename=a (1.txt', 'attachment', {filename: 'a (1.txt'}],
  ["attachment; filename*=UTF-8'de'%C3%A4%20b.txt", 'attachment', {filename: 'ä b.txt'}],
  ["attachment; filename*=iso-8859-1''%E4.txt; filename=a.txt", 'attachment', {filename: 'ä.txt'}],
  ["attachment; filename*1*=%A4.txt; filename*0*=utf-8''%C3", 'attachment', {filename: 'ä.txt'}],
  ['attachment; filename*0="a b"; filename*1=%20.txt', 'attachment', {filename: 'a b%20.txt'}],
  ["attachment; filename*=x-unknown''%E4", 'attachment', {filename: 'ä'}],
  ['attachment; filename*=100%.txt', 'attachment', {filename: '100%.txt'}],
  ["attachment; filename*=''a%20b; filename*=x", 'attachment', {filename: 'a b'}],
  ['attachment; filename*0*=utf-8\'\'%C3%A4; filename*1=" 20%25.txt"', 'attachment', {filename: 'ä 20%25.txt'}],
  ['attachment; filename*="utf-8\'\'%C3%A4"', 'attachment', {filename: 'ä'}],
  ['attachment; filename="100%25.pdf"', 'attachment', {filename: '100%25.pdf'}],
  ['attachment; filename==?koi8-r?B?89DJ08/LLmRvYw==?=', 'attachment', {filename: '=?koi8-r?B?89DJ08/LLmRvYw==?='}],
  ['text/html charset=utf-8', 'text/html', {charset: 'utf-8'}],
  ['text/html, charset="utf-8"; format=flowed', 'text/html', {charset: 'utf-8', format: 'flowed'}],
  ['attachment filename="a b.pdf"', 'attachment', {filename: 'a b.pdf'}],
  ['multipart/alternative;; boundary="b"', 'multipart/alternative', {boundary: 'b'}],
  ['attachment; constructor=a; __proto__=b', 'attachment', {constructor: 'a', ['__proto__']: 'b'}],
]

describe('value with parameters', () => {
  for (const [text, value, parameters] of cases) {
    test(JSON.stringify(text), () => {
      const header = readStructuredHeader(text)
      assert.equal(header.value, value)
      assert.deepEqual([...header.parameters], Object.entries(parameters))
    })
  }
})

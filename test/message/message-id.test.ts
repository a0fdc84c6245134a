import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {MAX_REFERENCES} from '../../src/lib/message/limits.ts'
import {readMessageId, readMessageIds} from '../../src/lib/message/message-id.ts'

const cases: readonly (readonly [string | null, readonly string[]])[] = [
  [null, []],
  ['', []],
  ['<a@x>', ['a@x']],
  ['<a@x> <b@y>\t<a@x>', ['a@x', 'b@y']],
  ['<a@x>,<b@y>; <c@z>', ['a@x', 'b@y', 'c@z']],
  ['<a@x><b@y>', ['a@x', 'b@y']],
  ['Your message of "Mon, 1 Jan" <a@x> (b@y)', ['a@x']],
  ['a@x, b@y', ['a@x', 'b@y']],
  ['<<a@x>>', ['a@x']],
  ['<a@x> <unclosed@y', ['a@x']],
  ['<unclosed@y <a@x>', ['a@x']],
  ['<long-id-that-was@ folded.example>', ['long-id-that-was@folded.example']],
  ['<> < > <no-at-sign>', ['no-at-sign']],
  ['nothing here', []],
  [`<${'x'.repeat(2000)}@y> <a@x>`, ['a@x']],
]

describe('message ids', () => {
  for (const [value, ids] of cases) {
    test(JSON.stringify(value)?.slice(0, 60) ?? 'none', () => assert.deepEqual(readMessageIds(value), ids))
  }

  test('of very many the oldest and the newest are kept', () => {
    const all = Array.from({length: 1000}, (_, index) => `${index}@x`)
    const kept = readMessageIds(all.map((id) => `<${id}>`).join(' '))
    assert.equal(kept.length, MAX_REFERENCES)
    assert.deepEqual([kept[0], kept[19], kept[20], kept.at(-1)], ['0@x', '19@x', '920@x', '999@x'])
  })

  test('Message-ID is one id, with or without brackets and at sign', () => {
    const values = [null, '', '<a@x>', 'a@x', '<no-at>', 'no-at', 'two words', '<a@x> <b@y>']
    assert.deepEqual(values.map(readMessageId), [null, null, 'a@x', 'a@x', 'no-at', 'no-at', null, 'a@x'])
  })
})

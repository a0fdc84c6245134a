import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {unflow} from '../../src/lib/message/flowed.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'

const cases: readonly (readonly [string, string, boolean, string])[] = [
  ['soft breaks', 'one \ntwo \nthree\nfour', false, 'one two three\nfour'],
  ['soft breaks whose space goes too', '日本 \n語\nx  \ny', true, '日本語\nx y'],
  ['stuffed spaces', ' From here\n  indented\n >no quote', false, 'From here\n indented\n>no quote'],
  ['quotations', '> a \n> b\n>> c \n>> d\n> e\nf', false, '> a b\n>> c d\n> e\nf'],
  ['a soft break before another depth, which is none', '> a \nb \n> c', false, '> a\nb\n> c'],
  ['a signature, which is never joined', 'a \n-- \nname \nmore', false, 'a\n-- \nname more'],
  ['a signature that is quoted', '> a \n> -- \n> b', false, '> a\n> -- \n> b'],
  ['a soft break at the end', 'a ', false, 'a'],
  ['empty lines', 'a\n\n \nb', false, 'a\n\n\nb'],
  ['nothing', '', false, ''],
]

describe('flowed text', () => {
  for (const [name, text, delSp, expected] of cases) {
    test(name, () => assert.equal(unflow(text, delSp), expected))
  }

  test('is put together where the type says so, and only there', () => {
    const text = (type: string) => parseMessage(Buffer.from(`Content-Type: ${type}\r\n\r\na \r\nb\r\n`)).body.text
    assert.equal(text('text/plain; format=flowed'), 'a b\n')
    assert.equal(text('text/plain; Format="Flowed"; DelSp=Yes'), 'ab\n')
    assert.equal(text('text/plain'), 'a \nb\n')
  })
})

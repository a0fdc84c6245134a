import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {decodeCharset} from '../../src/lib/message/charset.ts'

const cases: readonly (readonly [string | null, string, string, boolean])[] = [
  [null, 'f\xc3\xbcr', 'für', true],
  [null, 'f\xfcr', 'für', true],
  ['us-ascii', 'f\xc3\xbcr', 'für', true],
  ['UTF-8', 'f\xc3\xbcr', 'für', true],
  ['utf-8', 'f\xfcr', 'f\ufffdr', true],
  ['iso-8859-1', '\x80\xfc', '€ü', true],
  [' ISO-8859-15 ', '\xa4', '€', true],
  ['gb2312', '\xc4\xe3', '你', true],
  ['iso-2022-jp', '\x1b$B$"\x1b(B', 'あ', true],
  ['x-nowhere', 'f\xfcr', 'für', false],
  ['x-nowhere', 'f\xc3\xbcr', 'für', false],
]

describe('charset', () => {
  for (const [charset, bytes, text, known] of cases) {
    test(`${charset ?? 'none'} ${JSON.stringify(bytes)}`, () => {
      assert.deepEqual(decodeCharset(Buffer.from(bytes, 'latin1'), charset), {text, known})
    })
  }
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {decodeCharset} from '../../src/lib/message/charset.ts'

/** Charset, bytes, text, and what is found to be wrong. */
const cases: readonly (readonly [string | null, string, string, ('unknown' | 'wrong')?])[] = [
  [null, 'f\xc3\xbcr', 'für'],
  [null, 'f\xfcr', 'für'],
  ['us-ascii', 'f\xc3\xbcr', 'für'],
  ['unknown-8bit', 'f\xfcr', 'für'],
  [null, '\x1b$B$"\x1b(B', 'あ'],
  ['UTF-8', 'f\xc3\xbcr', 'für'],
  ['iso-8859-1', '\x80\xfc', '€ü'],
  [' ISO-8859-15 ', '\xa4', '€'],
  ['"utf-8"', '\xc3\xa4', 'ä'],
  ['utf-8*en', '\xc3\xa4', 'ä'],
  ['utf-8;format=flowed', '\xc3\xa4', 'ä'],
  // Names that the Encoding Standard knows, by the wider charset that is meant.
  ['gb2312', '\xc4\xe3\x81\x40', '你丂'],
  ['ks_c_5601-1987', '\x8c\x63\xb0\xa1', '똠가'],
  ['shift_jis', '\x87\x40', '①'],
  ['big5', '\xa4\xa4\x87\x40', '中䏰'],
  ['iso-2022-jp', '\x1b$B$"\x1b(B', 'あ'],
  ['iso-8859-8-i', '\xe0', 'א'],
  ['iso-8859-8-e', '\xe0', 'א'],
  ['tis-620', '\xa1', 'ก'],
  ['koi8-r', '\xf0\xd2\xc9', 'При'],
  // Names that it does not know.
  ['utf-7', 'f+APw-r +- x', 'für + x'],
  ['unicode-1-1-utf-7', '+AOQ-', 'ä'],
  ['hz-gb-2312', 'a~{<:Ky2;~}~~', 'a己所不~'],
  ['iso-2022-kr', '\x1b$)C\x0e0!\x0f a', '가 a'],
  ['iso-2022-cn', '\x1b$)A\x0e=;;;\x0f', '交换'],
  ['viscii', 'Vi\xaet', 'Việt'],
  ['tcvn', '\xb5', 'à'],
  ['cp850', '\x81', 'ü'],
  ['ibm437', '\x81', 'ü'],
  ['cp932', '\x87\x40', '①'],
  ['cp936', '\xc4\xe3', '你'],
  ['macintosh', '\x8a', 'ä'],
  ['x-mac-ce', '\x8a', 'ä'],
  ['ansi_x3.110-1983', '\xe4', 'ä'],
  ['utf-16', '\xfe\xff\0a', 'a'],
  ['utf-16', 'a\0b\0', 'ab'],
  ['utf-16be', '\0a', 'a'],
  ['utf-32', '\xff\xfe\0\0a\0\0\0', 'a'],
  ['iso-8859-1', '\xff\xfea\0', 'a'],
  ['utf-8', '\xef\xbb\xbfa', 'a'],
  ['utf-8', 'a\0b', 'a\0b'],
  // Wrong names.
  ['iso-8859-1', 'f\xc3\xbcr', 'für', 'wrong'],
  ['windows-1251', '\xd0\xbf', 'п', 'wrong'],
  ['gb2312', '\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87', '中文中文中文', 'wrong'],
  // Two bytes that are UTF-8 as well as a sign of GBK: the name decides.
  ['gb2312', '\xc3\xa4', '盲'],
  ['utf-8', 'f\xfcr', 'für', 'wrong'],
  ['utf-8', '\xc3\xa4 f\xfcr', 'ä für', 'wrong'],
  ['utf-8', '\xe2\x82 x', '\ufffd x', 'wrong'],
  ['utf-8', 'cut \xe2\x82', 'cut \ufffd'],
  ['utf-8', '\xc0\xaf\xed\xa0\x80', 'À¯í\u00a0€', 'wrong'],
  ['iso-2022-jp', '\xa4\xa2', 'あ', 'wrong'],
  ['iso-2022-jp', '\x82\xa0', 'あ', 'wrong'],
  ['euc-jp', '\xff', '\ufffd', 'wrong'],
  // Names that nobody knows, and names that are none.
  ['x-nowhere', 'f\xfcr', 'für', 'unknown'],
  ['x-nowhere', 'f\xc3\xbcr', 'für', 'unknown'],
  ['hex', 'a\xfc', 'aü', 'unknown'],
  ['base64', 'YQ==', 'YQ==', 'unknown'],
  ['constructor', 'a', 'a', 'unknown'],
  ['__proto__', 'a', 'a', 'unknown'],
  ['replacement', 'a', 'a', 'unknown'],
]

describe('charset', () => {
  for (const [charset, bytes, text, problem] of cases) {
    test(`${charset ?? 'none'} ${JSON.stringify(bytes)}`, () => {
      assert.deepEqual(decodeCharset(Buffer.from(bytes, 'latin1'), charset), {
        text,
        known: problem !== 'unknown',
        wrong: problem === 'wrong',
      })
    })
  }

  test('every text of a language that is labelled with a charset of its own is believed', () => {
    for (const [charset, bytes] of [
      // The words «ні» and «є», in which a letter of Ukrainian stands where UTF-8 continues.
      ['koi8-u', '\xce\xa6 \xa4'],
      ['windows-874', '\xa1\xd2\xc3'],
      ['iso-8859-1', 'caf\xe9 \xc4\xd6\xdc'],
      ['koi8-r', '\xf0\xd2\xc9\xd7\xc5\xd4'],
    ] as const) {
      assert.equal(decodeCharset(Buffer.from(bytes, 'latin1'), charset).wrong, false, charset)
    }
  })
})

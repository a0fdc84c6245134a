import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {decodeWords} from '../../src/lib/message/words.ts'

const cases: readonly (readonly [string, string, string])[] = [
  ['no word at all', 'plain = ? text', 'plain = ? text'],
  ['the encodings of RFC 2047', '=?utf-8?Q?a=C3=A4_b?= =?UTF-8?B?w7Y=?=', 'aä bö'],
  ['white space between words, and around them', 'a  =?utf-8?Q?b?= \t =?utf-8?Q?c?=  d', 'a  bc  d'],
  ['words of two charsets', '=?iso-8859-1?Q?=E4?= =?utf-8?Q?=C3=B6?=', 'äö'],
  ['a character split over two words', '=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=', '€'],
  ['a character split over two encodings', '=?utf-8?B?4oI=?= =?UTF-8?Q?=AC?=', '€'],
  ['escapes of ISO-2022-JP split over words', '=?iso-2022-jp?B?GyRCJCI=?= =?ISO-2022-JP?B?JCQbKEI=?=', 'あい'],
  ['a language (RFC 2231 5)', '=?utf-8*en-GB?q?x_y?=', 'x y'],
  ['words within words of text', 'pre=?utf-8?Q?fix?=ed=?utf-8?Q?!?=', 'prefixed!'],
  ['words without a space between', '=?utf-8?B?w6Q=?==?utf-8?B?w7Y=?=', 'äö'],
  ['spaces within a word', '=?utf-8?Q?with a space?=', 'with a space'],
  ['a question mark within a word', '=?utf-8?Q?really?_yes?=', 'really? yes'],
  ['a question mark before an escape', '=?utf-8?Q?why?=3D_x?=', 'why?= x'],
  ['a word without its end', '=?utf-8?Q?cut=C3=A4', 'cutä'],
  ['half of an end', '=?utf-8?Q?cut?', 'cut'],
  ['a word without its end before another', '=?utf-8?Q?a =?utf-8?Q?b?=', 'ab'],
  ['base64 without padding', '=?utf-8?B?w6Q?=', 'ä'],
  ['base64 with padding in the middle', '=?utf-8?B?w6Q=w7Y=?=', 'äö'],
  ['base64 with foreign characters', '=?utf-8?B?w!6 Q=?=', 'ä'],
  ['an escape that is none', '=?utf-8?Q?100=_=ZZ_=?=', '100= =ZZ ='],
  ['an empty word', 'a =?utf-8?Q??= b', 'a  b'],
  ['an unknown charset', '=?x-none?Q?f=FCr?=', 'für'],
  ['a wrong charset', '=?utf-8?Q?f=FCr?= =?us-ascii?Q?f=C3=BCr?=', 'fürfür'],
  ['raw characters in a word', '=?utf-8?Q?für?=', 'für'],
  ['an unknown encoding', '=?utf-8?X?a?=', '=?utf-8?X?a?='],
  ['what only begins like a word', '=?=?=? =?utf-8? =?a?q', '=?=?=? =?utf-8? =?a?q'],
  ['a word that decodes to a word', '=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=', '=?utf-8?Q?a?='],
]

describe('encoded words', () => {
  for (const [name, text, expected] of cases) {
    test(name, () => assert.equal(decodeWords(text), expected))
  }
})

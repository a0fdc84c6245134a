import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {htmlToText} from '../../src/lib/message/html-text.ts'

const cases: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['<p>one</p><p>two</p>', 'one\n\ntwo'],
  ['<div>one</div><div>two</div>three', 'one\ntwo\nthree'],
  ['a<br>b<br/><br>c', 'a\nb\n\nc'],
  ['<ul><li>a</li>\n<li>b</li></ul>', '- a\n- b'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['a\n  b &amp; c&nbsp;d', 'a b & c d'],
  ['&lt;b&gt; &#8364; &#x20ac; &auml;&Auml; &unknown; &#0;&#1114112; & x', '<b> € € äÄ &unknown; & x'],
  ['<head><title>no</title></head><style>no</style>yes<script>no("</p>")</script><!-- no -->', 'yes'],
  ['5 < 7 and <b>bold</b>', '5 < 7 and bold'],
  ['a<script>never closed', 'anever closed'],
  ['a<!-- never closed', 'a'],
  ['a<img src="x', 'a'],
  ['<STYLE>no</STYLE >yes', 'yes'],
  ['<o:p>word</o:p>', 'word'],
]

describe('text of HTML', () => {
  for (const [html, text] of cases) test(JSON.stringify(html), () => assert.equal(htmlToText(html), text))

  test('nothing hostile takes long', () => {
    // Each is quadratic in a careless implementation, and would then take hours.
    for (const piece of ['<', '<script>', '<!--', '<a ', '&', '<p>a', '</', '<style></style x']) {
      assert.equal(typeof htmlToText(piece.repeat(1_000_000 / piece.length)), 'string')
    }
  })
})

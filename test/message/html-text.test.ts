import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {htmlLines, htmlToText} from '../../src/lib/message/html-text.ts'

const cases: readonly (readonly [string, string])[] = [
  ['', ''],
  ['plain', 'plain'],
  ['<p>one</p><p>two</p>', 'one\n\ntwo'],
  ['<div>one</div><div>two</div>three', 'one\ntwo\nthree'],
  ['a<br>b<br/><br>c', 'a\nb\n\nc'],
  ['<ul><li>a</li>\n<li>b</li></ul>', '- a\n- b'],
  ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
  ['a\n  b &amp; c&nbsp;d', 'a b & c d'],
  ['&lt;b&gt; &#8364; &#x20ac; &auml;&Auml; &unknown; &#1114112; & x', '<b> € € äÄ &unknown; \uFFFD & x'],
  // Numbers of windows-1252, names without their semicolon, names of HTML 5.
  ['&#150; &#x80; &copy2026 &nbsp &lang; &hellip;', '– € ©2026 ⟨ …'],
  ['<head><title>no</title></head><style>no</style>yes<script>no("</p>")</script><!-- no -->', 'yes'],
  ['5 < 7 and <b>bold</b>', '5 < 7 and bold'],
  ['a<script>never closed', 'anever closed'],
  ['a<!-- never closed', 'a'],
  ['a<img src="x', 'a'],
  ['<STYLE>no</STYLE >yes', 'yes'],
  ['<o:p>word</o:p>', 'word'],
  ['<!-->a<!--->b<!-- > -->c<![if !mso]>d<![endif]>', 'abcd'],
  ['<b title="a > b">word</b> <i alt=\'>\'>word</i>', 'word word'],
  ['<b title="never closed>one <i>two</i>', 'one two'],
  // Quotes
  ['On Monday:<blockquote>one<br>two</blockquote>three', 'On Monday:\n> one\n> two\nthree'],
  ['<blockquote><p>one</p><p>two</p><blockquote>old</blockquote></blockquote>', '> one\n>\n> two\n>\n> > old'],
  ['a<blockquote style="margin:0 0 0 40px;border:none">indented</blockquote>', 'a\nindented'],
  [`${'<blockquote>'.repeat(100)}deep`, `${'> '.repeat(10)}deep`],
  // Lists
  ['<ol start="9"><li>a</li><li><p>b</p></li></ol>', '9. a\n10. b'],
  ['<ul><li>a<ul><li>b</ul><li>c</ul>', '- a\n  - b\n- c'],
  ['<ol start="nine"><li>a</ol><li>b', '1. a\n- b'],
  // White space that counts
  ['<pre>a\n  b\n\nc</pre> d  e', 'a\n  b\n\nc\n\nd e'],
  ['<div style="white-space: pre-wrap">a\n<div>b</div></div>c\nd', 'a\nb\nc d'],
  ['a&shy;b&#8203;c&#847;', 'abc'],
  // Links
  ['<a href="https://acme.example/a?b&amp;c">here</a>.', 'here <https://acme.example/a?b&c>.'],
  ['<a href="https://www.acme.example/">acme.example</a>', 'acme.example'],
  [
    '<a href="mailto:jane@example.com?subject=x">Jane</a> &lt;<a href="mailto:j@x.example">j@x.example</a>&gt;',
    'Jane <jane@example.com> <j@x.example>',
  ],
  [
    '<a href="javascript:alert(1)">a</a> <a href="#top">b</a> <a name="c">c</a> <a href="https://x.example/\u202E">d</a>',
    'a b c d',
  ],
  [`<a href="https://x.example/${'x'.repeat(400)}">counted</a>`, 'counted'],
  [
    '<a href="https://a.example">one <a href="https://b.example">two',
    'one <https://a.example> two <https://b.example>',
  ],
  ['<img alt="😀" src="cid:1"> <img src="https://x.example/open.gif">', '😀'],
  // What nobody sees
  ['<div style="color:red;DISPLAY : none">no<div>no</div></div>yes', 'yes'],
  ['<span hidden>no</span><td style="mso-hide:all">no</td><p style="visibility:hidden">no</p>yes', 'yes'],
  ['<div style="display:none">never closed', 'never closed'],
  ['<b title=" style=display:none">yes</b>', 'yes'],
  ['<select><option>a</option><option>b</select><svg><text>c</text></svg><noscript>d</noscript>', 'a\nbcd'],
]

describe('text of HTML', () => {
  for (const [html, text] of cases) test(JSON.stringify(html), () => assert.equal(htmlToText(html), text))

  test('nothing hostile takes long', () => {
    // Each is quadratic in a careless implementation, and would then take hours.
    const pieces = [
      ...['<', '<script>', '<!--', '<a ', '&', '<p>a', '</', '<style></style x', '<a x="', "<a b='>", '<a =', '<br>'],
      ...['<div hidden>', '<div hidden>a</div>', '<blockquote>a', '<ul><li>a', '<ol>', '<a href=x>', '<pre>\n', '<b>x'],
    ]
    for (const piece of pieces) {
      assert.equal(typeof htmlToText(piece.repeat(1_000_000 / piece.length)), 'string')
    }
  })
})

describe('what the markup says of a line', () => {
  const marked: readonly (readonly [html: string, lines: string])[] = [
    ['a<blockquote type=cite>b</blockquote>c', 'a | quote: > b | c'],
    ['<blockquote>a<div class="gmail_quote">b</div></blockquote>', 'indented: > a | indented: > b'],
    ['<blockquote style="border:none">a</blockquote>', 'a'],
    ['<div class=yahoo_quoted><div id=Signature>a</div></div>b', 'quote: a | b'],
    ['<div class=moz-cite-prefix>a<div>b</div>c</div>d', 'attribution: a | attribution: b | attribution: c | d'],
    ['<pre class="moz-signature">-- \nBo</pre>', 'signature: -- | signature: Bo'],
    ['a<div id=appendonsend></div><p>b<p>c', 'a |  | rest: b |  | c'],
    ['a<div id=divRplyFwdMsg></div><blockquote type=cite>b</blockquote>c', 'a | quote: > b | rest: c'],
    // The first word of a line tells.
    ['a <span class=gmail_signature>b</span><br><span class=gmail_signature>c</span> d', 'a b | signature: c d'],
    ['<blockquote style="white-space:pre;border:none">a</blockquote><blockquote type=cite>b', 'a | quote: > b'],
  ]
  for (const [html, expected] of marked)
    test(html, () => {
      const lines = htmlLines(html).map(({text, mark}) => (mark === null ? text : `${mark}: ${text}`))
      assert.equal(lines.join(' | '), expected)
    })

  test('how much of a line is a mark of a quote', () => {
    const lines = htmlLines('<blockquote>&gt; a<p>b<blockquote>c</blockquote></blockquote>d')
    assert.deepEqual(
      lines.map(({text, prefix}) => [text.slice(0, prefix), text.slice(prefix)]),
      [
        ['> ', '> a'],
        ['>', ''],
        ['> ', 'b'],
        ['> > ', 'c'],
        ['', 'd'],
      ],
    )
  })
})

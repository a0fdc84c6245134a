import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {htmlOfText} from '../../src/lib/message/html-of-text.ts'
import {htmlToText} from '../../src/lib/message/html-text.ts'

const bodyOf = (html: string) =>
  html.replace(/^<!DOCTYPE html>\n<html><body>\n/, '').replace(/\n<\/body><\/html>\n$/, '')
const inner = (text: string) => /^<p dir="auto">(.*)<\/p>$/s.exec(bodyOf(htmlOfText(text, null)))![1]

describe('the HTML of a text', () => {
  test('has its paragraphs and lines', () =>
    assert.equal(
      htmlOfText('a\nb\r\n\r\n\r\nc\n', null),
      '<!DOCTYPE html>\n<html><body>\n<p dir="auto">a<br>\nb</p>\n<p dir="auto">c</p>\n</body></html>\n',
    ))

  test('has its quote as such, without links', () =>
    assert.equal(
      bodyOf(htmlOfText('a', {attribution: 'Ann <ann@x.example> wrote:', text: '<b>\n\nhttps://evil.example/'})),
      '<p dir="auto">a</p>\n<p dir="auto">Ann &lt;ann@x.example&gt; wrote:</p>\n<blockquote type="cite">\n' +
        '<p dir="auto">&lt;b&gt;</p>\n<p dir="auto">https://evil.example/</p>\n</blockquote>',
    ))

  test('shows everything, and does nothing', () => {
    const evil = `<script>alert(1)</script> & "x" 'y' <img src=x onerror=y> &lt;`
    assert.equal(
      inner(evil),
      '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39; &lt;img src=x onerror=y&gt; &amp;lt;',
    )
    assert.equal(htmlToText(htmlOfText(evil, null)).trim(), evil)
  })

  test('keeps blanks that stand for something', () =>
    assert.equal(inner('  a   b\n\tc'), '&nbsp;&nbsp;a&nbsp;&nbsp; b<br>\n&nbsp;&nbsp;&nbsp;&nbsp;c'))

  test('is that of no words', () => assert.equal(inner(''), ''))

  test('takes no more time for a text that is made to cost some', () => {
    const start = performance.now()
    for (const piece of ['https://', 'https://x.example/(', '(', ' ', '\t', '&', 'mailto:', '\n \n', 'https://a.'])
      htmlOfText(`a${piece.repeat(50_000)}b`, null)
    assert.ok(performance.now() - start < 5000)
  })
})

describe('a link', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['see https://x.example/a?b=c&d=e#f.', ['https://x.example/a?b=c&d=e#f']],
    ['(https://x.example/a)', ['https://x.example/a']],
    ['https://x.example/a_(b), and', ['https://x.example/a_(b)']],
    ['(https://x.example/a_(b))', ['https://x.example/a_(b)']],
    ['HTTP://X.EXAMPLE', ['HTTP://X.EXAMPLE']],
    ['mailto:ann@x.example!', ['mailto:ann@x.example']],
    ['https://x.example/a。詳しくは「https://y.example」', ['https://x.example/a', 'https://y.example']],
    ['https://例え.example/パス', ['https://例え.example/パス']],
    ['<https://x.example>"https://y.example"', ['https://x.example', 'https://y.example']],
    ["https://x.example/'onclick=alert(1)", ["https://x.example/'onclick=alert(1)"]],
    ['https://x.example/\u202egnp.exe', ['https://x.example/']],
    ['javascript:alert(1) data:text/html,x vbscript:x ftp://x.example file:///etc/passwd www.x.example', []],
    ['https:// http://. https://[ mailto: mailto:ann xhttps://x.example', []],
  ]
  for (const [text, links] of cases)
    test(`in ${JSON.stringify(text)}`, () => {
      const html = htmlOfText(text, null)
      const found = [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, shown]) => {
        assert.equal(href, shown)
        return href!.replaceAll('&#39;', "'").replaceAll('&amp;', '&')
      })
      assert.deepEqual(found, links)
      assert.equal(html.match(/<a /g)?.length ?? 0, links.length)
      assert.equal(htmlToText(html).includes('<'), text.includes('<'))
    })
})

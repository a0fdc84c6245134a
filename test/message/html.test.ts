import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {htmlToText} from '../../src/lib/message/html-text.ts'
import {rasterDataUrl, sanitizeHtml} from '../../src/lib/message/html.ts'
import {HOSTILE_HTML} from '../support/hostile-html.ts'
import {fixture, seededRandom} from './mail.ts'

const LOGO = rasterDataUrl(fixture('logo.png'))!
const pictures: Readonly<Record<string, string>> = {'logo@acme.example': LOGO, 'a b%2f': LOGO}
const sanitize = (html: string) => sanitizeHtml(html, {resolveCid: (id) => pictures[id] ?? null})
const clean = (html: string): string => {
  const result = sanitize(html)
  assert.ok(result.html !== null, html)
  return result.html
}

/** What must come out exactly. */
const kept: readonly (readonly [string, string])[] = [
  ['<p>one <b>two</b></p>', '<p>one <b>two</b></p>'],
  ['5 < 7 &amp; &lt;b&gt;', '5 &lt; 7 &amp; &lt;b&gt;'],
  [
    '<table width="600" border=0 cellpadding="5" bgcolor="#eeeeee" align=center><tr valign=top><td colspan="2" width="50%">x</td></tr></table>',
    '<table width="600" border="0" cellpadding="5" bgcolor="#eeeeee" align="center"><tr valign="top"><td colspan="2" width="50%">x</td></tr></table>',
  ],
  [
    '<font face="Arial, sans-serif" size="+1" color=red>x</font>',
    '<font face="Arial, sans-serif" size="+1" color="red">x</font>',
  ],
  [
    '<p class="MsoNormal" style="mso-margin-top-alt:auto;margin:0cm 0cm 8.0pt;FONT-FAMILY:\'Segoe UI\',&quot;Arial&quot;;color:#1F497D !important">x</p>',
    '<p style="margin:0cm 0cm 8.0pt;font-family:segoe ui,arial;color:#1f497d">x</p>',
  ],
  [
    '<div style="background:rgba(0, 0, 0, .5);text-indent:-18.0pt">x</div>',
    '<div style="background:rgba(0, 0, 0, .5);text-indent:-18.0pt">x</div>',
  ],
  [
    '<body bgcolor="#ffeeaa"><section>x</section></body>',
    '<div bgcolor="#ffeeaa" style="background-color:#ffeeaa;"><div>x</div></div>',
  ],
  ['<ol start="3" type="a"><li value="4">x</li></ol>', '<ol start="3" type="a"><li value="4">x</li></ol>'],
  ['<p dir="rtl" lang="he">x</p>', '<p dir="rtl" lang="he">x</p>'],
  ['<o:p>Word</o:p>', 'Word'],
  ['<div style="display:none">preview</div>', '<div style="display:none">preview</div>'],
  // Links
  [
    '<a href="https://acme.example/?a=1&b=2" onclick="x()" title="https://bank.example">x</a>',
    '<a href="https://acme.example/?a=1&amp;b=2" title="https://acme.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow" target="_blank">x</a>',
  ],
  [
    '<a href="mailto:jane@example.com" target="_top" rel="opener">x</a>',
    '<a href="mailto:jane@example.com" title="mailto:jane@example.com" rel="noopener noreferrer nofollow" target="_blank">x</a>',
  ],
  [
    '<a href="https://bank.example@evil.example/">x</a>',
    '<a href="https://evil.example/" title="https://evil.example/" rel="noopener noreferrer nofollow" target="_blank">x</a>',
  ],
  [
    '<a href="https://b\u0430nk.example/">x</a>',
    '<a href="https://xn--bnk-6cd.example/" title="https://xn--bnk-6cd.example/" rel="noopener noreferrer nofollow" target="_blank">x</a>',
  ],
  ['<a href="mailto:a@x.example?attach=/etc/passwd">x</a>', '<a>x</a>'],
  ['<a href="/path">x</a><a href="#top">y</a><a href="//x.example">z</a>', '<a>x</a><a>y</a><a>z</a>'],
  // Pictures of the mail itself
  ['<img src="cid:logo@acme.example" width=20 alt="Acme">', `<img src="${LOGO}" alt="Acme" width="20">`],
  ['<img src=" CID:LOGO%40Acme.example">', `<img src="${LOGO}" alt="">`],
  ['<img src="cid:%3Clogo@acme.example%3E">', `<img src="${LOGO}" alt="">`],
  ['<img src="cid:a b%2F">', `<img src="${LOGO}" alt="">`],
  [`<img src="${LOGO.replace('image/png', 'image/svg+xml')}">`, `<img src="${LOGO}" alt="">`],
  ['<img src="cid:none@acme.example" alt="Chart">', '<span class="picture" title="">Chart (picture missing)</span>'],
  ['<img src="cid:%E0%A4%A">', '<span class="picture" title="">picture missing</span>'],
  [
    `<img src="data:image/svg+xml;base64,${Buffer.from('<svg onload="alert(1)"/>').toString('base64')}">`,
    '<span class="picture" title="">picture missing</span>',
  ],
  ['<img src="data:image/png,notbase64">', '<span class="picture" title="">picture missing</span>'],
  ['<img src="file:///etc/passwd"><img>', '<span class="picture" title="">picture missing</span>'.repeat(2)],
]

/** Payloads, of which none of this may be left. */
const LIVE =
  /<(?!\/?(?:a|b|i|p|div|span|img|table|tbody|tr|td|br|ul|li|h1|font|details|summary|blockquote|center|pre)\b)[a-z/!?]|\son\w+\s*=\s*["']?\w|javascript:|vbscript:|data:(?!image\/(?:png|jpeg|gif|webp);base64,)|url\(|expression|@import|position|z-index|\s(?:id|name|class|srcset|background|formaction|srcdoc|action|xlink:href)=/i

/** Attribute values and text cannot be live: their quotes and angle brackets are escaped. */
const withoutValues = (html: string) =>
  html
    .replace(/\s(?:title|alt)="[^"]*"/g, '')
    .replace(/(^|>)[^<]*/g, '$1')
    .replace(/<span class="picture">/g, '<span>')

describe('HTML made safe', () => {
  for (const [html, expected] of kept) test(html.slice(0, 120), () => assert.equal(clean(html), expected))
})

describe('HTML made safe leaves nothing alive of', () => {
  for (const payload of HOSTILE_HTML)
    test(JSON.stringify(payload.slice(0, 120)), () => {
      for (const html of [payload, `<div>before${payload}after</div>`, `<table><tr><td>${payload}`]) {
        const once = clean(html)
        assert.doesNotMatch(withoutValues(once), LIVE, once)
        assert.doesNotMatch(once, /\s(?:id|name|onerror)="/)
        // Pairs of tags fit: what is read again is what was written.
        const open: string[] = []
        for (const [, slash, name = ''] of once.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
          if (slash) assert.equal(open.pop(), name, once)
          else if (!['br', 'col', 'hr', 'img', 'wbr'].includes(name)) open.push(name)
        }
        assert.deepEqual(open, [], once)
      }
    })
})

/** Elements that a program may not know, each with what is left of it. */
const unknown: readonly (readonly [string, string])[] = [
  ['<p>A</p><svg onload=x><p>AFTER</p>', '<p>A</p><p>AFTER</p>'],
  ['<svg><text>a</text><![CDATA[<b>AFTER]]></svg>', 'a&lt;b&gt;AFTER'],
  ['<p>A<![CDATA[<p>AFTER', '<p>A&lt;p&gt;AFTER</p>'],
  ['<math><mi>x</mi><p>AFTER</p>', 'x<p>AFTER</p>'],
  ['<select><optgroup><option>o<p>AFTER', '<div><div>o<p>AFTER</p></div></div>'],
  ['<select><option>one<option>two</select>', '<div>one</div><div>two</div>'],
  ['<noscript><p>AFTER', '<p>AFTER</p>'],
  ['<xmp><p>AFTER &amp;amp;</p></xmp>', '<pre>&lt;p&gt;AFTER &amp;amp;amp;&lt;/p&gt;</pre>'],
  ['<listing><p>AFTER</listing>', '<pre><p>AFTER</p></pre>'],
  ['<plaintext><p>AFTER</plaintext>', '<pre>&lt;p&gt;AFTER&lt;/plaintext&gt;</pre>'],
  ['<textarea><p>AFTER &amp;lt;', '<pre>&lt;p&gt;AFTER &amp;lt;</pre>'],
  ['<noframes><p>AFTER</noframes><noembed>x', '<pre>&lt;p&gt;AFTER</pre><pre>x</pre>'],
  ['<iframe src=//x.example><p>AFTER</p></iframe>x', '<p>AFTER</p>x'],
  ['<iframe><p>AFTER', '<p>AFTER</p>'],
  ...['audio', 'video', 'canvas', 'object', 'applet', 'template', 'datalist', 'marquee', 'button', 'o:p'].flatMap(
    (name) => [[`<${name}><p>AFTER`, '<p>AFTER</p>'] as const, [`<${name}>AFTER</${name}>x`, 'AFTERx'] as const],
  ),
  [
    '<img src="https://a.example/1.gif" width=1 height=1 alt="AFTER">',
    '<span class="picture" title="https://a.example/1.gif">AFTER (picture from a.example not loaded)</span>',
  ],
  ['<style>p{}</style><title>T</title><script>x</script><!-- c --><p>x\n', '<p>x\n</p>'],
]

/** What may leave words out, as another program may read it otherwise. */
const doubtful = [
  ...['<style>p{}<p>AFTER', '<script><p>AFTER', '<title>T<p>AFTER', '<!-- <p>AFTER', '<p title="x>AFTER', '<p title=x'],
  ...['<svg><style><p>AFTER</p></style></svg>', '<svg><p><xmp><!-- AFTER --></xmp>', '<math><script><p>AFTER</script>'],
  ...['<select><option><style>AFTER</style></select>', '<svg><p><textarea><style>AFTER</textarea>', 'x</p'],
  `${'<b>'.repeat(300)}<img alt=AFTER>`,
]

/** Tags that open and close where they should not, and what swallows what comes behind. */
const TAGS = [
  ...['p', 'b', 'div', 'table', 'tr', 'td', 'ul', 'li', 'a', 'blockquote', 'pre', 'svg', 'math', 'mi', 'mtext', 'desc'],
  ...['foreignObject', 'annotation-xml', 'select', 'option', 'noscript', 'xmp', 'plaintext', 'listing', 'textarea'],
  ...['noembed', 'noframes', 'iframe', 'object', 'applet', 'video', 'audio', 'canvas', 'template', 'style', 'script'],
  ...['title', 'form', 'button', 'font', 'head', 'body', 'frameset', 'caption', 'colgroup', 'datalist'],
]
const ODDITIES = [
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<?x ',
  '<!x>',
  '</>',
  '<p title="',
  '">',
  "'",
  '<',
  '>',
  '<img alt=w>',
]

function tagSoup(random: () => number): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  return Array.from({length: 1 + Math.floor(random() * 20)}, (_, index) => {
    const kind = random()
    const tag = kind < 0.5 ? `<${pick(TAGS)}>` : kind < 0.75 ? `</${pick(TAGS)}>` : kind < 0.85 ? pick(ODDITIES) : ' '
    return `${tag}word${index}x`
  }).join('')
}

describe('HTML made safe keeps words', () => {
  for (const [html, expected] of unknown)
    test(html, () => assert.deepEqual(sanitize(html), {...sanitize(expected), html: expected, ...remoteOf(html)}))

  for (const html of doubtful)
    test(`or says that some may be missing: ${html.slice(-60)}`, () => {
      const result = sanitize(html)
      assert.ok(result.html !== null && result.leavesOut)
    })

  test('that the plain text has, in any soup of tags', () => {
    const random = seededRandom(11)
    let complete = 0
    for (let count = 0; count < 5000; count++) {
      const html = tagSoup(random)
      const result = sanitize(html)
      assert.ok(result.html !== null, html)
      const missing = (htmlToText(html).match(/word\d+x/g) ?? []).filter((word) => !result.html.includes(word))
      assert.ok(missing.length === 0 || result.leavesOut, `${html}\n${result.html}\n${missing.join(' ')}`)
      if (!result.leavesOut) complete++
    }
    assert.ok(complete > 1000, `${complete} soups were shown whole`)
  })
})

const remoteOf = (html: string) =>
  html.includes('https://') ? {remotePictures: 1, remoteHosts: ['a.example']} : {remotePictures: 0, remoteHosts: []}

describe('styles that would leave their place are dropped', () => {
  for (const declaration of [
    ...['margin:-500px', 'margin-top:-1px', 'width:99999px', 'height:1e9px', 'font-size:100000pt', 'display:flex'],
    ...['overflow:visible', 'transform:scale(9)', 'opacity:0', 'content:"x"', 'width:calc(1px)', 'cursor:none'],
    ...['color:red}', 'color:\\72 ed', 'color:var(--x)', 'filter:blur(1px)', 'animation:x', 'inset:0', 'color', ':red'],
    ...['__proto__:x', 'constructor:x', 'mask:url(x)', 'list-style:url(x)', 'border-image:url(x)', 'float:inherit'],
  ])
    test(declaration, () => assert.equal(clean(`<p style='${declaration}'>x</p>`), '<p>x</p>'))

  test('and the others stay', () =>
    assert.equal(
      clean('<p style="position:fixed;color:red;x;margin:-1px;width:50%">x</p>'),
      '<p style="color:red;width:50%">x</p>',
    ))
})

describe('pictures from elsewhere', () => {
  test('are named instead of loaded, and counted', () => {
    const result = sanitize(
      '<img src="https://cdn.example/a.png" alt="Logo"><img src=//cdn.example/b.png><img src="HTTP://other.example:8080/x?y">' +
        '<img src="https://track.example/open" width="1" height=1><img src="https://track.example/2" style="display:none">',
    )
    assert.deepEqual(result, {
      html:
        '<span class="picture" title="https://cdn.example/a.png">Logo (picture from cdn.example not loaded)</span>' +
        '<span class="picture" title="https://cdn.example/b.png">picture from cdn.example not loaded</span>' +
        '<span class="picture" title="http://other.example:8080/x?y">picture from other.example:8080 not loaded</span>',
      remotePictures: 5,
      remoteHosts: ['cdn.example', 'other.example:8080', 'track.example'],
      leavesOut: false,
    })
  })

  test('are those of raster types by their bytes where they are in the mail', () => {
    assert.match(LOGO, /^data:image\/png;base64,iVBORw0KGgo/)
    assert.equal(rasterDataUrl(Buffer.from('GIF89a…'))?.slice(0, 15), 'data:image/gif;')
    assert.equal(rasterDataUrl(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))?.slice(0, 16), 'data:image/jpeg;')
    assert.equal(rasterDataUrl(Buffer.from('RIFF\0\0\0\0WEBPVP8 '))?.slice(0, 16), 'data:image/webp;')
    for (const other of [
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
      '<?xml version="1.0"?><svg/>',
      'BM',
      '',
      'RIFF\0\0\0\0WAVE',
    ])
      assert.equal(rasterDataUrl(Buffer.from(other)), null)
  })
})

describe('what is too much', () => {
  test('is refused with a reason', () => {
    assert.match((sanitize('x'.repeat(3_000_000)) as {why: string}).why, /more than \d+ characters/)
    assert.match((sanitize('<b>'.repeat(3000)) as {why: string}).why, /more than 2000 elements/)
  })

  test('takes no longer than its length', () => {
    // Each is quadratic in a careless implementation, and would then take hours.
    for (const piece of [
      '<',
      '</b>',
      '<!--',
      '<a href="',
      '&',
      '<p>a',
      '<p style="',
      '<img src=cid:x>',
      '<blockquote type=cite>a</blockquote>b',
      '<iframe>',
      '<xmp></xmp>\n',
      '<![CDATA[',
      '\n</p>',
    ])
      assert.ok(sanitize(piece.repeat(500_000 / piece.length)).html !== null, piece)
    assert.ok(sanitize(`${'<b>'.repeat(1900)}${'</i>'.repeat(100_000)}`).html !== null)
  })
})

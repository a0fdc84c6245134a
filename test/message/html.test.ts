import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {rasterDataUrl, sanitizeHtml} from '../../src/lib/message/html.ts'
import {fixture} from './mail.ts'

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
  /<(?!\/?(?:a|b|i|p|div|span|img|table|tbody|tr|td|br|ul|li|font|details|summary|blockquote|center)\b)[a-z/!?]|\son\w+\s*=\s*["']?\w|javascript:|vbscript:|data:(?!image\/(?:png|jpeg|gif|webp);base64,)|url\(|expression|@import|position|z-index|\s(?:id|name|class|srcset|background|formaction|srcdoc|action|xlink:href)=/i

const payloads: readonly string[] = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//x.example/x.js></SCRIPT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<img/src="x"/onerror=alert(1)//',
  '<img """><script>alert(1)</script>">',
  '<img src=`x` onerror=alert(1)>',
  '<b onmouseover="alert(1)">x</b>',
  '<b/onclick=alert(1)>x',
  '<body onload=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<svg><animate attributeName=href values=javascript:alert(1)>',
  '<math><a xlink:href="javascript:alert(1)">x</a></math>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<svg></p><style><a title="</style><img src=x onerror=alert(1)>">',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
  '<xmp>&lt;script&gt;alert(1)&lt;/script&gt;</xmp>',
  '<textarea/><img src=x onerror=alert(1)></textarea>',
  '<template><script>alert(1)</script></template>',
  '<div><template shadowrootmode=open><script>alert(1)</script></template></div>',
  '<plaintext><script>alert(1)</script>',
  '<title><img src=x onerror=alert(1)></title>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"><img src=x onerror=alert(1)></iframe>',
  '<object data="data:text/html,<script>alert(1)</script>"></object><embed src="x.swf">',
  '<applet code="x"></applet><frameset onload=alert(1)><frame src="javascript:alert(1)"></frameset>',
  '<meta http-equiv="refresh" content="0;url=https://x.example/"><base href="https://x.example/"><link rel=stylesheet href=//x.example/x.css>',
  '<style>@import url(//x.example/x.css); *{background:url(//x.example/)}</style>',
  '<form action="https://x.example/"><input name=q formaction="javascript:alert(1)"><button>Sign in</button></form>',
  '<isindex action="javascript:alert(1)"><keygen autofocus onfocus=alert(1)>',
  '<video><source onerror="alert(1)"></video><audio src=x onerror=alert(1)>',
  '<details open ontoggle=alert(1)>x</details><marquee onstart=alert(1)>x</marquee>',
  '<input autofocus onfocus=alert(1)><select autofocus onfocus=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="JaVaScRiPt:alert(1)">x</a>',
  '<a href=" &#14; javascript:alert(1)">x</a>',
  '<a href="java\tscript:alert(1)">x</a>',
  '<a href="java&#10;script:alert(1)">x</a>',
  '<a href="&#0000106;avascript:alert(1)">x</a>',
  '<a href="&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)">x</a>',
  '<a href="javascript&colon;alert(1)">x</a>',
  '<a href="vbscript:x">x</a><a href="data:text/html,<script>alert(1)</script>">x</a><a href="file:///etc/passwd">x</a>',
  '<a href="view-source:javascript:alert(1)">x</a><a href="feed:javascript:alert(1)">x</a><a href="blob:https://x/1">x</a>',
  '<img src="javascript:alert(1)"><img dynsrc="javascript:alert(1)" lowsrc="javascript:alert(1)">',
  '<img srcset="https://x.example/x.png 1x" alt="x">',
  '<table background="javascript:alert(1)"><td background="https://x.example/"></table>',
  '<a id=body name=cookie class=page>x</a><img name=getElementById id=location>',
  '<div style="position:fixed;top:0;left:0;z-index:9">x</div>',
  '<div style="background-image:url(https://x.example/)">x</div>',
  '<div style="background:u\\72l(https://x.example/)">x</div>',
  '<div style="background:url&#40;//x.example/&#41;">x</div>',
  '<div style="color:red;/*;*/background:url(//x.example/)/*">x</div>',
  '<div style="width:expression(alert(1))">x</div><div style="behavior:url(x.htc)">x</div>',
  '<div style="-moz-binding:url(//x.example/x.xml#x)">x</div>',
  '<div style="@import url(//x.example/)">x</div>',
  '<div style="color:red\'&quot;><script>alert(1)</script>">x</div>',
  '<div style="--x:url(//x.example/);background:var(--x)">x</div>',
  '<p title="--><script>alert(1)</script>">x</p>',
  '<!--><script>alert(1)</script>-->',
  '<!--[if IE]><script>alert(1)</script><![endif]-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '<?xml version="1.0"?><html xmlns:xss><xss:script>alert(1)</xss:script></html>',
  '<a\u0000href="javascript:alert(1)">x</a>',
  '<\u0000script>alert(1)</script>',
  '<img src="cid:x&quot; onerror=&quot;alert(1)" alt="&quot; onerror=&quot;alert(1)">',
  '<img data-picture="0"><div data-quote="whole">x</div><p>y',
  `${'<div>'.repeat(300)}<script>alert(1)</script>`,
]

/** Attribute values and text cannot be live: their quotes and angle brackets are escaped. */
const withoutValues = (html: string) =>
  html
    .replace(/\s(?:title|alt)="[^"]*"/g, '')
    .replace(/>[^<]*/g, '>')
    .replace(/<span class="picture">/g, '<span>')

describe('HTML made safe', () => {
  for (const [html, expected] of kept) test(html.slice(0, 120), () => assert.equal(clean(html), expected))
})

describe('HTML made safe leaves nothing alive of', () => {
  for (const payload of payloads)
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
    ])
      assert.ok(sanitize(piece.repeat(500_000 / piece.length)).html !== null, piece)
    assert.ok(sanitize(`${'<b>'.repeat(1900)}${'</i>'.repeat(100_000)}`).html !== null)
  })
})

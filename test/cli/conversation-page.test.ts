import assert from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {test} from 'node:test'
import {conversationPage} from '../../src/lib/cli/conversation-page.ts'
import {canOpenBrowser} from '../../src/lib/cli/open-browser.ts'
import {renderConversation} from '../../src/lib/cli/render-conversation.ts'
import {styleOf} from '../../src/lib/cli/style.ts'
import type {Conversation, ConversationMessage} from '../../src/lib/conversation.ts'
import {fixture} from '../message/mail.ts'
import {someMail, someTicket} from '../support/conversation.ts'

const message: ConversationMessage = {
  ...someMail,
  kind: 'mail',
  from: [{name: 'Jane <b>Doe', address: 'jane@example.com'}],
  subject: 'Re: Hinge "x"',
  text: 'Upper.\n\u0007<script>\n\n> Which?\n',
  replyText: 'Upper.\n\u0007<script>\n',
  quotedText: '> Which?\n',
  attachments: [
    {
      part: '2',
      filename: 'in\u202Evoice<i>.pdf',
      contentType: 'application/pdf',
      size: 12_345,
      sha256: '',
      contentId: null,
      inline: false,
      role: null,
    },
  ],
  defects: [{code: 'boundary-unclosed', detail: ''}],
}

const ticket: Conversation = {
  ...someTicket,
  subject: 'Hinge "x"',
  requester: {name: 'Jane', address: 'jane@example.com'},
  messages: [message],
  events: [{at: '2026-03-01T09:00:00.000Z', kind: 'moved', by: 'admin', details: {from: null, to: 'sales'}}],
}

const pageOf = (conversation: Conversation, pictures = new Map<number, Map<string, Uint8Array>>()) =>
  conversationPage(conversation, {timezone: 'Europe/Berlin', pictures})

test('a page shows what was said and done, and lets nothing of it be markup', () => {
  const page = pageOf(ticket)
  for (const shown of [
    '<title>#42 Hinge &quot;x&quot;</title>',
    '<time datetime="2026-03-01T08:00:00.000Z" title="2026-03-01T08:00:00.000Z">2026-03-01 09:00</time>',
    '<b>Jane &lt;b&gt;Doe</b> <span class="address">&lt;jane@example.com&gt;</span>',
    '<div class="text" dir="auto">Upper.\n\uFFFD&lt;script&gt;</div>',
    '<details><summary>Quoted text</summary><div class="text" dir="auto">&gt; Which?</div></details>',
    '<bdi>in&lt;U+202E&gt;voice&lt;i&gt;.pdf</bdi> <span>application/pdf, 12.3 kB</span>',
    'boundary-unclosed',
    '<bdi>moved to sales</bdi> <span>(admin)</span>',
  ])
    assert.ok(page.includes(shown), `${shown}\n${page}`)
  assert.ok(!page.includes('class="subject"'), 'the subject of the ticket is said once')
  assert.ok(!page.includes('<script'))
})

test('the policy of a page allows no more than its own style sheets', () => {
  const page = pageOf({...ticket, messages: [{...message, html: '<p>x</p>'}]})
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!.replaceAll('&#39;', "'")
  const hashes = [...page.matchAll(/<style>([^]*?)<\/style>/g)].map(
    ([, style]) => `'sha256-${createHash('sha256').update(style!).digest('base64')}'`,
  )
  assert.equal(
    policy,
    `default-src 'none'; img-src data:; style-src ${hashes.join(' ')}; style-src-attr 'unsafe-inline'; base-uri 'none'; form-action 'none'`,
  )
})

test('HTML is shown made safe, beside its text; or its text alone', () => {
  const page = pageOf({
    ...ticket,
    messages: [{...message, html: '<p onclick=x>Upper.</p><img src="https://a.example/1.png">'}],
  })
  assert.match(
    page,
    /<template shadowrootmode="open"><style>[^]*?<\/style><div dir="auto"><p>Upper\.<\/p><span class="picture"/,
  )
  assert.match(page, /A picture was not loaded from a\.example:/)
  assert.match(page, /<summary>As plain text<\/summary><div class="text" dir="auto">Upper\./)
  const refused = pageOf({...ticket, messages: [{...message, html: '<b>'.repeat(3000)}]})
  assert.doesNotMatch(refused, /<template/)
  assert.match(refused, /Shown as text: its HTML cannot be made safe \(more than 2000 elements/)
})

test('a page says that words may be missing in HTML that breaks off or is read in several ways', () => {
  const pageWith = (html: string) => pageOf({...ticket, messages: [{...message, html}]})
  assert.match(pageWith('<p>Upper.</p><!-- <p>lower'), /<p class="notice">Words may be missing here: /)
  assert.doesNotMatch(pageWith('<p>Upper.</p><svg><p>lower'), /may be missing/)
})

test('text takes no longer than its length', () => {
  const text = `${' '.repeat(1_000_000)}x`
  for (const page of [
    pageOf({...ticket, messages: [{...message, text, replyText: text, quotedText: ''}]}),
    renderConversation({...ticket, messages: [{...message, text}]}, 'UTC', {
      ...styleOf(process.stdout, {noColour: true}),
      width: null,
    }),
  ])
    assert.ok(page.length > text.length)
})

test('a picture that is shown again and again does not fill the memory', () => {
  const large = Buffer.concat([fixture('logo.png'), Buffer.alloc(6_000_000)])
  const html = '<img src="cid:a">'.repeat(10)
  const page = pageOf({...ticket, messages: [{...message, html}]}, new Map([[3, new Map([['a', large]])]]))
  assert.equal(page.match(/src="data:image\/png/g)!.length, 2)
  assert.equal(page.match(/picture missing/g)!.length, 8)
})

test('a browser is opened where somebody sees it', () => {
  for (const [env, platform, terminal, can] of [
    [{DISPLAY: ':0'}, 'linux', true, true],
    [{WAYLAND_DISPLAY: 'wayland-0'}, 'linux', true, true],
    [{}, 'linux', true, false],
    [{}, 'darwin', true, true],
    [{}, 'darwin', false, false],
    [{SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22'}, 'darwin', true, false],
    [{DISPLAY: ':10', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22'}, 'linux', true, false],
    [{DISPLAY: ':0', CI: 'true'}, 'linux', true, false],
    [{POSTDESK_BROWSER: 'w3m'}, 'linux', false, true],
    [{BROWSER: 'w3m:lynx', SSH_CONNECTION: 'x'}, 'linux', true, true],
    [{POSTDESK_BROWSER: '', DISPLAY: ':0'}, 'linux', true, true],
  ] as const)
    assert.equal(canOpenBrowser(env, {platform, terminal}), can, JSON.stringify(env))
})

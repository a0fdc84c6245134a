import assert from 'node:assert/strict'
import {test} from 'node:test'
import {Chalk} from 'chalk'
import {renderConversation} from '../../src/lib/cli/render-conversation.ts'
import {textWidth} from '../../src/lib/cli/text-width.ts'
import type {Conversation, ConversationMessage} from '../../src/lib/conversation.ts'
import {someMail, someTicket} from '../support/conversation.ts'

const message: ConversationMessage = {
  ...someMail,
  text: 'Hello,\n\nthe hinge is broken.\n> What is broken?\n',
  replyText: '',
}

const ticket: Conversation = {
  ...someTicket,
  messages: [
    message,
    {
      ...message,
      id: 9,
      direction: 'note',
      author: 'ann@acme.example',
      from: [],
      to: [],
      text: 'Called back.',
      receivedAt: '2026-03-01T10:00:00.000Z',
      attachments: [
        {
          part: '2',
          filename: 'in\nvoice.pdf',
          contentType: 'application/pdf',
          size: 12_345,
          sha256: '',
          contentId: null,
          inline: false,
          role: null,
        },
      ],
    },
  ],
  events: [
    {
      at: '2026-03-01T08:00:01.000Z',
      kind: 'created',
      by: 'intake',
      details: {address: 'support@acme.example', why: 'queue support'},
    },
    {
      at: '2026-03-01T09:00:00.000Z',
      kind: 'assigned',
      by: 'admin',
      details: {from: 'ann@acme.example', to: null, why: 'by hand'},
    },
    {at: '2026-03-01T10:00:00.000Z', kind: 'noted', by: 'ann@acme.example', details: {message: 9}},
    {at: '2026-07-01T08:00:00.000Z', kind: 'moved', by: 'admin', details: {from: null, to: 'support'}},
  ],
}

const plain = {colour: new Chalk({level: 0}), width: null}

test('a ticket reads like a conversation, in the order of time and in the zone of the portal', () => {
  assert.equal(
    renderConversation(ticket, 'Europe/Berlin', plain),
    `#42 Hinge
open · queue support · owner nobody · by support@acme.example
from Jane Doe <jane@example.com>
opened 2026-03-01 09:00 · changed 2026-07-01 10:00 · Europe/Berlin

── mail 3 ── Jane Doe <jane@example.com> ────────────── 2026-03-01 09:00
to support@acme.example

Hello,

the hinge is broken.
> What is broken?

· 2026-03-01 09:00  opened by mail to support@acme.example: queue support (intake)
· 2026-03-01 10:00  taken from ann@acme.example: by hand (admin)

── note 9 ── ann@acme.example ───────────────────────── 2026-03-01 11:00

Called back.

+ in voice.pdf application/pdf, 12.3 kB

· 2026-07-01 10:00  moved to support (admin)
`,
  )
})

test('what is quoted is dim, and nothing is coloured without colour', () => {
  const colour = new Chalk({level: 1})
  const coloured = renderConversation(ticket, 'UTC', {colour, width: 80})
  assert.ok(coloured.includes(colour.dim('> What is broken?')))
  assert.ok(!renderConversation(ticket, 'UTC', plain).includes('\u001B'))
})

test('lines fit the terminal, also of wide letters and within quotations', () => {
  const words = Array.from({length: 60}, (_, index) => (index % 3 === 0 ? '日本語' : 'letters')).join(' ')
  const text = `${words}\n> > ${words}\n  ${words}`
  for (const width of [40, 72, 200]) {
    const shown = renderConversation({...ticket, subject: words, messages: [{...message, text}]}, 'UTC', {
      ...plain,
      width,
    })
    const lines = shown.split('\n')
    const widest = Math.max(...lines.map(textWidth))
    assert.ok(widest <= Math.min(width, 100), `${widest} columns on a terminal of ${width}`)
    assert.ok(lines.filter((line) => line.startsWith('> > ')).length > 1, 'a quotation goes on under its marks')
    for (const word of ['日本語', 'letters']) assert.ok(shown.includes(word))
  }
})

test('a sender with no end of names does not hold up the rest', () => {
  const from = Array.from({length: 5000}, () => ({name: 'Jane '.repeat(20), address: 'jane@example.com'}))
  const started = performance.now()
  const shown = renderConversation({...ticket, messages: [{...message, from}]}, 'UTC', {...plain, width: 80})
  assert.ok(performance.now() - started < 1000)
  assert.match(shown, /^── mail 3 ── Jane Jane .*… ── 2026-03-01 08:00$/m)
})

test('a word that is longer than the terminal stays whole, so that it can be copied', () => {
  const link = `https://example.com/${'a'.repeat(120)}`
  const shown = renderConversation({...ticket, messages: [{...message, text: `See ${link} now.`}]}, 'UTC', {
    ...plain,
    width: 60,
  })
  assert.ok(shown.includes(`See\n${link}\nnow.`))
})

test('the event of the creation says whether an automatic reply went out, and why', () => {
  const opened = (details: Readonly<Record<string, unknown>>) =>
    renderConversation({...ticket, events: [{...ticket.events[0]!, details}]}, 'UTC', plain)
  const address = 'support@acme.example'
  assert.match(
    opened({address, why: 'queue support', autoReply: false, autoReplyWhy: 'bulk mail\u001B'}),
    /opened by mail to support@acme\.example: queue support; automatic reply: none \(bulk mail␛\) \(intake\)$/m,
  )
  assert.match(opened({address, autoReply: true, autoReplyWhy: ''}), /acme\.example; automatic reply: yes \(intake\)$/m)
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {matchRecipient} from '../../src/lib/intake/match-recipient.ts'
import {decide} from '../../src/lib/intake/decide.ts'
import {judge} from '../../src/lib/intake/judge.ts'
import {arrival, deskFacts, LOOP_MARK, SUPPORT, TOKEN, type MailOptions} from './desk.ts'

interface Case {
  readonly name: string
  readonly fields: Readonly<Record<string, string>>
  readonly options?: MailOptions
  readonly kind: string
  readonly header?: string | null
}

const CASES: readonly Case[] = [
  {name: 'a plain mail', fields: {}, kind: 'human', header: null},
  {name: 'Auto-Submitted: no', fields: {'Auto-Submitted': 'no'}, kind: 'human'},
  {name: 'Auto-Submitted: No with a comment', fields: {'Auto-Submitted': '(really) No; x=y'}, kind: 'human'},
  {name: 'Auto-Submitted', fields: {'Auto-Submitted': 'auto-replied'}, kind: 'auto-reply', header: 'auto-submitted'},
  {
    name: 'Auto-Submitted with comment and parameters, in capitals',
    fields: {'Auto-Submitted': '(vacation) AUTO-REPLIED; owner-email="a@b.example"'},
    kind: 'auto-reply',
  },
  {name: 'X-Autoreply', fields: {'X-Autoreply': 'yes'}, kind: 'auto-reply', header: 'x-autoreply'},
  {name: 'X-Autoreply: no', fields: {'X-Autoreply': 'no'}, kind: 'human'},
  {
    name: 'an answer by an inbox rule of Exchange',
    fields: {'X-MS-Exchange-Inbox-Rules-Loop': 'a@b.example', 'X-Auto-Response-Suppress': 'All'},
    kind: 'auto-reply',
    header: 'x-ms-exchange-inbox-rules-loop',
  },
  {
    name: 'a mail that an inbox rule of Exchange forwards',
    fields: {'X-MS-Exchange-Inbox-Rules-Loop': 'a@b.example'},
    kind: 'human',
  },
  {name: 'Precedence: auto_reply', fields: {Precedence: 'auto_reply'}, kind: 'auto-reply', header: 'precedence'},
  {name: 'Precedence: bulk', fields: {Precedence: 'Bulk'}, kind: 'bulk', header: 'precedence'},
  {name: 'Precedence of another meaning', fields: {Precedence: 'first-class'}, kind: 'human'},
  {name: 'List-Id', fields: {'List-Id': 'Friends <friends.example.com>'}, kind: 'bulk', header: 'list-id'},
  {name: 'List-Unsubscribe', fields: {'List-Unsubscribe': '<mailto:x@y.example>'}, kind: 'bulk'},
  {
    name: 'a machine that writes to a list',
    fields: {'List-Id': '<a.example>', 'Auto-Submitted': 'auto-generated'},
    kind: 'auto-reply',
  },
  {
    name: 'a wish not to be answered is no proof of a machine',
    fields: {'X-Auto-Response-Suppress': 'All'},
    kind: 'human',
  },
  {name: 'the null return path', fields: {'Return-Path': '<>'}, kind: 'auto-reply', header: 'return-path'},
  {
    name: 'the null return path of an envelope',
    fields: {},
    options: {envelope: {sender: null, recipients: ['support@acme.example']}},
    kind: 'auto-reply',
    header: 'envelope',
  },
  {name: 'a subject of an assistant alone', fields: {Subject: 'Out of office: Jane'}, kind: 'human'},
  {
    name: 'a subject of an assistant that answers',
    fields: {Subject: 'Automatische Antwort: Printer', 'In-Reply-To': '<x@acme.example>'},
    kind: 'auto-reply',
    header: 'subject',
  },
  {
    name: 'a person who answers an assistant',
    fields: {Subject: 'Re: Out of office: Jane', 'In-Reply-To': '<x@acme.example>'},
    kind: 'human',
  },
  {
    name: 'a Japanese assistant',
    fields: {Subject: '自動返信: 不在', 'X-Auto-Response-Suppress': 'All'},
    kind: 'auto-reply',
  },
  {
    name: 'our mark under another id',
    fields: {'X-Postdesk-Instance': LOOP_MARK},
    kind: 'loop',
    header: 'x-postdesk-instance',
  },
  {name: 'the mark of another portal', fields: {'X-Postdesk-Instance': 'fedcba9876543210'}, kind: 'human'},
  {
    name: 'a copy of our mail',
    fields: {
      From: 'support@acme.example',
      'Message-ID': `<pd.${TOKEN}@acme.example>`,
      'X-Postdesk-Instance': LOOP_MARK,
    },
    kind: 'own',
    header: 'message-id',
  },
  {
    name: 'the id of our mail on a mail of somebody else',
    fields: {'Message-ID': `<pd.${TOKEN}@acme.example>`},
    kind: 'human',
  },
]

test('a reason is text, wherever a value is cut', () => {
  const verdict = judge(arrival({'Auto-Submitted': `${'x'.repeat(59)}😀`}), null, deskFacts())
  assert.ok(verdict.reason.isWellFormed())
})

const facts = () => deskFacts({tickets: [{id: 1}], tokens: {[TOKEN]: {ticketId: 1, messageId: 7}}})

describe('judge', () => {
  for (const {name, fields, options, kind, header} of CASES)
    test(`${name}: ${kind}`, () => {
      const mail = arrival(fields, options)
      const verdict = judge(mail, matchRecipient(mail, facts()).match, facts())
      assert.equal(verdict.kind, kind, verdict.reason)
      if (header !== undefined) assert.equal(verdict.header, header)
    })

  const withFields = (...fields: {name: string; value: string}[]) => {
    const mail = arrival()
    const {match} = matchRecipient(mail, facts())
    return judge({...mail, message: {...mail.message, fields: [...fields, ...mail.message.fields]}}, match, facts())
  }
  const hop = {name: 'received', value: 'from a.example by b.example; Sun, 1 Mar 2026 08:00:00 +0000'}

  test('more than a hundred servers are a loop (RFC 5321 6.3)', () => {
    const through = (hops: number) => withFields(...Array.from({length: hops}, () => hop))
    assert.equal(through(100).kind, 'human')
    assert.deepEqual([through(101).kind, through(101).header], ['loop', 'received'])
  })

  test('two earlier deliveries to the same address are a loop, one is not (RFC 9228)', () => {
    const to = {name: 'delivered-to', value: 'Support@acme.example'}
    const other = {...to, value: 'sales@shop.example'}
    assert.equal(withFields(to, hop, to, hop).kind, 'human')
    assert.equal(withFields(to, hop, to, hop, other, hop, to, hop).kind, 'loop')
    assert.equal(withFields(to, hop, other, hop, other, hop).kind, 'human')
  })
})

describe('a hostile header is decided on in linear time', () => {
  const MANY = 900_000
  for (const [name, fields] of [
    ['details without end in To', {To: `x@${'+'.repeat(MANY)}, support@acme.example`}],
    ['details without end in From', {From: `a${'+'.repeat(MANY)}\u2028@b.example`}],
    ['noreply without end in From', {From: `${'noreply.'.repeat(MANY / 8)}\u2028@b.example`}],
    ['comments without end', {'Auto-Submitted': '('.repeat(MANY)}],
    ['tags without end', {Subject: '[#a-'.repeat(MANY / 4)}],
  ] as const)
    test(name, () => {
      const mail = arrival(fields, {envelope: {recipients: [SUPPORT.address]}})
      const facts = deskFacts({channels: [{...SUPPORT, autoReply: true}]})
      const before = performance.now()
      assert.equal(decide(mail, facts).kind, 'accept')
      assert.ok(performance.now() - before < 2000)
    })
})

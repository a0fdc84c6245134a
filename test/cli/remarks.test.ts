import assert from 'node:assert/strict'
import {test} from 'node:test'
import {conversationPage} from '../../src/lib/cli/conversation-page.ts'
import {renderConversation} from '../../src/lib/cli/render-conversation.ts'
import {styleOf} from '../../src/lib/cli/style.ts'
import type {ConversationMessage} from '../../src/lib/conversation.ts'
import {someMail, someTicket} from '../support/conversation.ts'

/** What a person sees of a message, on a terminal and as a page. */
function shown(change: Partial<ConversationMessage>): string[] {
  const conversation = {...someTicket, messages: [{...someMail, ...change}]}
  return [
    renderConversation(conversation, 'UTC', styleOf({isTTY: false} as NodeJS.WriteStream, {noColour: true})),
    conversationPage(conversation, {timezone: 'UTC', pictures: new Map()}),
  ]
}

const CASES: readonly (readonly [string, Partial<ConversationMessage>, RegExp])[] = [
  ['of a third party', {thirdParty: true}, /no participant of this ticket/],
  [
    'of a sender that may be forged',
    {authentication: {dmarc: 'fail', by: 'none', dkim: [], spf: null, why: 'two authors'}},
    /may be forged: two authors/,
  ],
  [
    'of a machine',
    {kind: 'auto-reply', verdict: {kind: 'auto-reply', reason: 'auto-submitted: yes', header: 'auto-submitted'}},
    /auto-reply: auto-submitted: yes/,
  ],
  ['that is encrypted', {security: {kind: 'pgp', signed: false, encrypted: true}}, /encrypted with OpenPGP/],
  [
    'that came back',
    {
      direction: 'out',
      delivery: [
        {address: 'joe@example.com', state: 'bounced', reply: '550 no such user', at: '2026-03-01T09:00:00.000Z'},
        {address: 'ann@example.com', state: 'sent', reply: '250 ok', at: '2026-03-01T09:00:00.000Z'},
      ],
    },
    /bounced: joe@example.com \(550 no such user\)/,
  ],
  [
    'with an invitation',
    {
      invitation: {
        ...{method: 'REQUEST', summary: 'Repair', start: '2026-03-02', end: null, location: null, organizer: null},
        ...{status: null, description: null},
      },
    },
    /Invitation: Repair/,
  ],
]

for (const [name, change, expected] of CASES)
  test(`an agent is told of a mail ${name}`, () => {
    for (const text of shown(change)) assert.match(text, expected)
    for (const text of shown({})) assert.doesNotMatch(text, expected)
  })

test('what was sent is no remark, and what proves a signature no attachment', () => {
  for (const text of shown({
    delivery: [{address: 'ann@example.com', state: 'sent', reply: '250 ok', at: '2026-03-01T09:00:00.000Z'}],
    attachments: [
      {
        ...{part: '2', filename: 'smime.p7s', contentType: 'application/pkcs7-signature', size: 10, sha256: ''},
        ...{contentId: null, inline: false, role: 'signature'},
      },
    ],
  })) {
    assert.doesNotMatch(text, /250 ok/)
    assert.doesNotMatch(text, /smime\.p7s/)
  }
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {addressesWithTokens, taggedNumbers} from '../../src/lib/intake/match-thread.ts'
import {accepted, arrival, deskFacts, OTHER_TOKEN, senderIs, take, TOKEN, type DeskFacts} from './desk.ts'

const JANE = 'jane@example.com'
const MALLORY = {From: 'Mallory <mallory@evil.example>'}

/** Ticket 1 of Jane, with a mail of hers and an answer of ours. */
const JANES: DeskFacts = {
  tickets: [{id: 1, participants: [JANE, 'joe@example.com']}],
  incoming: [{ticketId: 1, headerId: 'first@example.com'}],
  tokens: {
    [TOKEN]: {ticketId: 1, messageId: 7},
    [OTHER_TOKEN]: {ticketId: 1, messageId: 7, kind: 'reply'},
  },
}
const OWN_ID = `<pd.${TOKEN}@acme.example>`
const REPLY_ADDRESS = `support+t${OTHER_TOKEN}@acme.example`

const threadOf = (fields: Record<string, string>, desk = JANES, options = {}) =>
  accepted(arrival(fields, options), deskFacts(desk)).thread

describe('a participant', () => {
  test('joins by the token of the address that is answered, whatever else the mail says', () => {
    const thread = threadOf({To: REPLY_ADDRESS, Subject: 'something else'})
    assert.deepEqual([thread.method, thread.ticket?.id, thread.thirdParty], ['reply-token', 1, false])
    assert.equal(thread.value, 'support+t…@acme.example', 'a token is told to nobody')
  })

  test('joins by a token that a server folded the case of, and that stands in the envelope alone', () => {
    const envelope = {sender: JANE, recipients: [REPLY_ADDRESS.toUpperCase()]}
    const thread = threadOf({To: 'undisclosed-recipients:;'}, JANES, {envelope})
    assert.deepEqual([thread.method, thread.ticket?.id], ['reply-token', 1])
  })

  test('joins by the Message-ID of our mail, also from the middle of References', () => {
    assert.equal(threadOf({'In-Reply-To': OWN_ID}).method, 'own-message-id')
    const thread = threadOf({References: `<a@b.example> ${OWN_ID} <c@d.example>`})
    assert.deepEqual([thread.method, thread.value, thread.ticket?.id], ['own-message-id', 'pd.…@acme.example', 1])
  })

  test('joins by an id that the provider gave our mail', () => {
    const desk = {
      ...JANES,
      incoming: [{ticketId: 1, headerId: 'rewritten@mail.gmail.example', direction: 'out' as const}],
    }
    assert.equal(threadOf({'In-Reply-To': '<rewritten@mail.gmail.example>'}, desk).method, 'own-message-id')
  })

  test('joins by a reference to a mail of the ticket, and by the tag in a subject', () => {
    const reference = threadOf({'In-Reply-To': '<first@example.com>'})
    assert.deepEqual([reference.method, reference.value, reference.ticket?.id], ['reference', 'first@example.com', 1])
    const tag = threadOf({Subject: 'Re: Printer [#1]'})
    assert.deepEqual([tag.method, tag.value, tag.ticket?.id], ['subject-tag', '[#1]', 1])
    assert.equal(threadOf({Subject: 'Re: [#ACME-1] Printer'}).method, 'subject-tag')
    assert.equal(threadOf({Subject: 'Re: [#other-1] Printer'}).method, 'new', 'the tag of another help desk')
  })

  test('brings in whom he writes to, and they join then', () => {
    const facts = deskFacts(JANES)
    take(arrival({'In-Reply-To': OWN_ID, Cc: 'Boss <boss@example.com>, support@acme.example'}), facts)
    const {thread} = accepted(arrival({From: 'boss@example.com', 'In-Reply-To': '<first@example.com>'}), facts)
    assert.deepEqual([thread.method, thread.ticket?.id, thread.thirdParty], ['reference', 1, false])
  })

  test('is known in whatever case the address is written', () => {
    assert.equal(threadOf({From: 'JANE@Example.COM', 'In-Reply-To': '<first@example.com>'}).method, 'reference')
  })
})

describe('attacks', () => {
  test('a leaked token: shown as of a third party; nothing is reopened, nobody brought in, nothing answered', () => {
    const desk = {...JANES, tickets: [{id: 1, participants: [JANE], status: 'closed' as const}]}
    for (const fields of [{To: REPLY_ADDRESS}, {'In-Reply-To': OWN_ID}]) {
      const {thread, participants, autoReply} = accepted(
        arrival({...MALLORY, Cc: 'crony@evil.example', ...fields}),
        deskFacts(desk),
      )
      assert.deepEqual([thread.ticket?.id, thread.thirdParty, thread.reopens], [1, true, false])
      assert.deepEqual(participants, [])
      assert.equal(autoReply.send, false)
    }
  })

  test('a forged reference of a stranger opens a ticket of its own, and says what was claimed', () => {
    const thread = threadOf({...MALLORY, 'In-Reply-To': '<first@example.com>', References: '<first@example.com>'})
    assert.equal(thread.method, 'new')
    assert.deepEqual(thread.rejected, [
      {method: 'reference', value: 'first@example.com', why: 'mallory@evil.example is no participant of ticket 1'},
    ])
  })

  test('a guessed number of a stranger opens a ticket of its own', () => {
    const thread = threadOf({...MALLORY, Subject: 'Re: [#1]'})
    assert.deepEqual([thread.method, thread.rejected[0]?.method], ['new', 'subject-tag'])
  })

  test('a participant as forged sender: proved not to be him, he takes no part', () => {
    const authentication = senderIs('fail')
    const thread = threadOf({'In-Reply-To': '<first@example.com>'}, JANES, {authentication})
    assert.deepEqual([thread.method, thread.rejected.length], ['new', 1])
    const leaked = accepted(
      arrival({'In-Reply-To': OWN_ID, Cc: 'crony@evil.example'}, {authentication}),
      deskFacts(JANES),
    )
    assert.deepEqual([leaked.thread.thirdParty, leaked.participants], [true, []])
  })

  test('two From addresses: nobody is believed', () => {
    const thread = threadOf({From: 'jane@example.com, mallory@evil.example', 'In-Reply-To': '<first@example.com>'})
    assert.equal(thread.method, 'new')
  })

  test('Cc injection: who names a victim or a crony in a forged mail brings in neither', () => {
    const authentication = senderIs('fail')
    const {participants} = accepted(arrival({Cc: 'crony@evil.example'}, {authentication}), deskFacts({}))
    assert.deepEqual(participants, [JANE])
  })

  test('a token of the text, of the subject or of an attachment is none', () => {
    const mail = arrival({...MALLORY, Subject: REPLY_ADDRESS}, {body: `write to ${REPLY_ADDRESS} ${OWN_ID}`})
    assert.deepEqual(addressesWithTokens(mail), [])
    assert.equal(accepted(mail, deskFacts(JANES)).thread.method, 'new')
  })

  test('an expired token opens nothing, and is said to be expired', () => {
    const desk = {
      ...JANES,
      tokens: {
        [OTHER_TOKEN]: {ticketId: 1, messageId: 7, kind: 'reply' as const, expiresAt: '2026-02-28T00:00:00.000Z'},
      },
    }
    const thread = threadOf({...MALLORY, To: REPLY_ADDRESS}, desk)
    assert.deepEqual([thread.method, thread.rejected[0]?.why], ['new', 'the token has expired'])
  })

  test('a return path of ours takes no mail of a person, and no reply address can be made of it', () => {
    const desk = {...JANES, tokens: {[OTHER_TOKEN]: {ticketId: 1, messageId: 7, kind: 'return-path' as const}}}
    const thread = threadOf({...MALLORY, To: `support+b${OTHER_TOKEN}@acme.example`}, desk)
    assert.deepEqual([thread.method, thread.rejected[0]?.method], ['new', 'reply-token'])
    const made = threadOf({...MALLORY, To: `support+t${OTHER_TOKEN}@acme.example`}, desk)
    assert.deepEqual([made.method, made.rejected], ['new', []])
  })

  test('a token that nobody was given is a new ticket', () => {
    assert.equal(threadOf({...MALLORY, To: `support+t${'a'.repeat(26)}@acme.example`}).method, 'new')
  })

  test('a chain of thousands of references costs ten lookups', () => {
    const chain = Array.from({length: 5000}, (_, i) => `<${i}@evil.example>`).join(' ')
    assert.equal(threadOf({...MALLORY, References: `<first@example.com> ${chain}`}).rejected.length, 0)
  })

  test('an id that thousands of mails carry is told of a few times', () => {
    const many = Array.from({length: 5000}, (_, i) => i + 1)
    const desk = {
      tickets: many.map((id) => ({id, participants: [JANE]})),
      incoming: many.map((ticketId) => ({ticketId, headerId: 'same@example.com'})),
    }
    const thread = threadOf({From: `${'m'.repeat(100_000)}@evil.example`, 'In-Reply-To': '<same@example.com>'}, desk)
    assert.deepEqual([thread.method, thread.rejected.length], ['new', 10])
    assert.ok(JSON.stringify(thread.rejected).length < 10_000)
  })
})

describe('a closed ticket', () => {
  const closed = (policy: DeskFacts['closed'], closedAt: string) =>
    threadOf(
      {'In-Reply-To': OWN_ID},
      {
        ...JANES,
        tickets: [{id: 1, participants: [JANE], status: 'closed', closedAt}],
        closed: policy!,
      },
    )

  test('is reopened, left alone, or left alone after some days, as its queue says', () => {
    const yesterday = '2026-02-28T09:00:00.000Z'
    assert.equal(closed({kind: 'reopen'}, yesterday).reopens, true)
    assert.deepEqual(
      [closed({kind: 'new'}, yesterday).method, closed({kind: 'new'}, yesterday).rejected[0]?.method],
      ['new', 'own-message-id'],
    )
    assert.equal(closed({kind: 'new-after', days: 2}, yesterday).reopens, true)
    assert.equal(closed({kind: 'new-after', days: 2}, '2026-02-20T09:00:00.000Z').method, 'new')
  })

  test('is not reopened by an automatic reply', () => {
    const desk = {...JANES, tickets: [{id: 1, participants: [JANE], status: 'closed' as const}]}
    const thread = threadOf({'In-Reply-To': OWN_ID, 'Auto-Submitted': 'auto-replied'}, desk)
    assert.deepEqual([thread.ticket?.id, thread.reopens], [1, false])
  })

  test('takes an out-of-office note whatever its queue says: it would open a ticket each time', () => {
    const desk: DeskFacts = {
      ...JANES,
      tickets: [{id: 1, participants: [JANE], status: 'closed', closedAt: '2026-02-01T09:00:00.000Z'}],
      closed: {kind: 'new'},
    }
    const thread = threadOf({'In-Reply-To': OWN_ID, 'Auto-Submitted': 'auto-replied'}, desk)
    assert.deepEqual([thread.ticket?.id, thread.reopens], [1, false])
  })

  test('pending becomes open when the customer answers', () => {
    const desk = {...JANES, tickets: [{id: 1, participants: [JANE], status: 'pending' as const}]}
    assert.equal(threadOf({'In-Reply-To': OWN_ID}, desk).reopens, true)
  })
})

test('tags are read from a subject, a few at most', () => {
  assert.deepEqual(taggedNumbers('[#12] Re: [#acme-13] [#other-14] [12] #15', 'acme'), [12, 13])
  assert.deepEqual(taggedNumbers('[#1][#2][#3][#4]', 'acme'), [1, 2, 3])
  assert.deepEqual(taggedNumbers('[#99999999999]', 'acme'), [])
})

import assert from 'node:assert/strict'
import {hash} from 'node:crypto'
import {describe, test} from 'node:test'
import {readConversation} from '../../src/lib/conversation.ts'
import {mergeTicket, noteTicket, setStatusOf} from '../../src/lib/ticket-changes.ts'
import {pageOfTickets} from '../../src/lib/ticket-summary.ts'
import {findChannel, updateChannel} from '../../src/lib/store/channels.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {gatherFacts} from '../../src/lib/store/gather-facts.ts'
import {listWaiting} from '../../src/lib/store/quarantine.ts'
import {addSmtpChannel, sendAnswer} from '../support/outgoing.ts'
import {NOW} from '../support/portal.ts'
import {customerMail, startDesk, type Desk} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

const show = async ({store, portal}: Desk, number: number) =>
  (await readConversation(store, portal, number)).conversation
const flagged = async ({store, portal}: Desk, ...flags: ('third-party' | 'unowned' | 'bounced')[]) =>
  (await pageOfTickets(store, portal, {flags, limit: 10})).tickets.map(({number}) => number)
const one = async (desk: Desk, mail: Buffer, at?: string) => (await desk.deliver([mail], at))[0]!

const bounceOf = (messageId: string, recipient: string) =>
  customerMail(
    {
      'Return-Path': '<>',
      From: 'MAILER-DAEMON@mx.example.com (Mail Delivery System)',
      Subject: 'Undelivered Mail Returned to Sender',
      'Auto-Submitted': 'auto-replied',
      'MIME-Version': '1.0',
      'Content-Type': 'multipart/report; report-type=delivery-status; boundary="b"',
    },
    `--b
Content-Type: text/plain

<${recipient}>: host mx.example.com said: 550 5.1.1 <${recipient}>: Recipient address rejected: User unknown

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ${recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <${recipient}>: Recipient address rejected: User unknown

--b
Content-Type: text/rfc822-headers

From: Support <support@acme.example>
To: ${recipient}
Subject: Re: Question
Message-ID: <${messageId}>

--b--
`,
  )

for (const kind of STORES)
  describe(`threads on ${kind}`, () => {
    test('an answer joins by our Message-ID, by the id of the provider, and by the reply address', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'], {
        providerId: 'x@provider.example',
      })
      const outcomes = await desk.deliver([
        customerMail({From: 'jane@example.com', 'In-Reply-To': `<${sent.messageId}>`}),
        customerMail({From: 'jane@example.com', References: '<x@provider.example>'}),
        customerMail({From: 'jane@example.com', To: sent.replyAddress}),
      ])
      assert.deepEqual(
        outcomes.map(({kind, ticket}) => [kind, ticket]),
        Array.from({length: 3}, () => ['appended', 1]),
      )
      const {messages} = await show(desk, 1)
      assert.deepEqual(
        messages.map(({threadedBy}) => threadedBy.split(' ')[0]),
        ['new', 'reply', 'own-message-id', 'own-message-id', 'reply-token'],
      )
      assert.ok(!JSON.stringify(messages.map(({threadedBy}) => threadedBy)).includes(sent.replyAddress))
    })

    test('an expired token and one of another portal open nothing', async (t) => {
      const desk = await startDesk(t, kind)
      const other = await startDesk(t, kind, {key: 'other', domain: 'other.example', addresses: ['support']}, desk)
      await one(desk, customerMail({From: 'jane@example.com'}))
      await one(other, customerMail({From: 'jane@example.com', To: 'support@other.example'}))
      const expired = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'], {expiresAt: NOW})
      const foreign = await sendAnswer(other.store, other.portal, 1, ['jane@example.com'])
      for (const {messageId} of [expired, foreign])
        assert.equal(
          (await one(desk, customerMail({From: 'eve@evil.example', 'In-Reply-To': `<${messageId}>`}))).kind,
          'created',
        )
    })

    test('a leaked token adds a message of a third party, and a flag; the ticket stays closed', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'])
      await setStatusOf(desk.store, desk.portal, [1], 'closed', {now: NOW})
      const mallory = {From: 'mallory@evil.example', 'In-Reply-To': `<${sent.messageId}>`, Cc: 'crony@evil.example'}
      assert.deepEqual((await one(desk, customerMail(mallory))).ticket, 1)
      const ticket = await show(desk, 1)
      assert.deepEqual(
        [ticket.status, ticket.flags, ticket.messages.at(-1)?.thirdParty],
        ['closed', ['third-party'], true],
      )
      assert.ok(
        ticket.events.some(({kind, details}) => kind === 'third-party' && details['from'] === 'mallory@evil.example'),
      )
      assert.deepEqual(await flagged(desk, 'third-party'), [1])
      const crony = customerMail({From: 'crony@evil.example', 'In-Reply-To': `<${sent.messageId}>`})
      await one(desk, crony)
      assert.equal((await show(desk, 1)).messages.at(-1)?.thirdParty, true, 'nobody was brought in')
    })

    test('whom a participant writes to takes part from then on, also in a later batch', async (t) => {
      const desk = await startDesk(t, kind)
      await one(
        desk,
        customerMail({From: 'jane@example.com', Cc: 'Boss@Example.com', 'Message-ID': '<m1@example.com>'}),
      )
      const boss = {From: 'boss@example.com', 'In-Reply-To': '<m1@example.com>'}
      assert.equal((await one(desk, customerMail(boss))).ticket, 1)
      const stranger = await one(desk, customerMail({...boss, From: 'eve@evil.example'}))
      assert.deepEqual([stranger.kind, stranger.ticket], ['created', 2])
      const [created] = (await show(desk, 2)).events
      assert.deepEqual(created?.details['rejected'], [
        {method: 'reference', value: 'm1@example.com', why: 'eve@evil.example is no participant of ticket 1'},
      ])
    })

    test('a bounce marks the recipient, notes the ticket, flags it, and does not reopen it; twice is once', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['Jane@example.com', 'joe@example.com'])
      await setStatusOf(desk.store, desk.portal, [1], 'closed', {now: NOW})
      for (let i = 0; i < 2; i++) {
        const outcome = await one(desk, bounceOf(sent.messageId, 'jane@example.com'))
        assert.deepEqual([outcome.kind, outcome.ticket], ['appended', 1])
      }
      const ticket = await show(desk, 1)
      assert.deepEqual([ticket.status, ticket.flags], ['closed', ['bounced']])
      assert.deepEqual(
        ticket.messages.find(({id}) => id === sent.id)?.delivery?.map(({address, state}) => [address, state]),
        [
          ['jane@example.com', 'bounced'],
          ['joe@example.com', 'sent'],
        ],
      )
      assert.equal(ticket.messages.at(-1)?.kind, 'bounce')
      const bounced = ticket.events.find(({kind}) => kind === 'bounced')
      assert.ok(bounced)
      assert.equal(bounced.details['message'], sent.id)
      assert.equal((bounced.details['recipients'] as {status: string}[])[0]?.status, '5.1.1')
      assert.deepEqual(await flagged(desk, 'bounced'), [1])
    })

    test('a notice of a delay is told, and nothing has come back', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'])
      const bounce = bounceOf(sent.messageId, 'jane@example.com').toString('latin1')
      const delay = bounce
        .replace('Action: failed', 'Action: delayed')
        .replaceAll('5.1.1', '4.4.1')
        .replaceAll('550', '450')
      assert.equal((await one(desk, Buffer.from(delay, 'latin1'))).ticket, 1)
      const {events, flags, messages} = await show(desk, 1)
      assert.deepEqual([events.at(-1)?.kind, flags.includes('bounced')], ['reported', false])
      assert.equal(messages.find(({id}) => id === sent.id)?.delivery?.[0]?.state, 'sent')
    })

    test('a bounce that names somebody else marks the only one that the message was for', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'])
      await one(desk, bounceOf(sent.messageId, 'jane.doe@inside.example'))
      const {messages} = await show(desk, 1)
      assert.equal(messages.find(({id}) => id === sent.id)?.delivery?.[0]?.state, 'bounced')
    })

    test('a bounce of a mail that is not ours is a ticket of its own', async (t) => {
      const desk = await startDesk(t, kind)
      assert.equal((await one(desk, bounceOf('unknown@elsewhere.example', 'x@y.example'))).kind, 'created')
    })

    test('a copy of our own mail is no ticket', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'jane@example.com'}))
      const sent = await sendAnswer(desk.store, desk.portal, 1, ['jane@example.com'])
      const copy = customerMail({From: 'support@acme.example', 'Message-ID': `<${sent.messageId}>`})
      const outcome = await one(desk, copy)
      assert.deepEqual([outcome.kind, outcome.ticket], ['duplicate', 1])
    })

    test('mail forwarded for an SMTP address belongs to it, in the queue of the internal one', async (t) => {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      const support = (await findChannel(desk.store.db, desk.portal.id, 'support@acme.example'))!
      await addSmtpChannel(desk.store, desk.portal, 'shop@provider.example', {forwardsTo: support.id})
      const forwarded = customerMail({
        To: 'shop@provider.example',
        'X-Forwarded-For': 'shop@provider.example support@acme.example',
      })
      assert.equal((await one(desk, forwarded)).address, 'shop@provider.example')
      const ticket = await show(desk, 1)
      assert.deepEqual(
        [ticket.channel, ticket.queue, ticket.owner],
        ['shop@provider.example', 'support', 'ann@acme.example'],
      )
    })

    test('budgets count what earlier runs have decided, per sender', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.store.transaction(async (tx) => {
        const support = (await findChannel(tx, desk.portal.id, 'support@acme.example'))!
        await updateChannel(tx, support, {auto_reply: 1}, NOW)
      })
      const why = async (number: number) => {
        const details = (await show(desk, number)).events[0]?.details
        return [details?.['autoReply'], details?.['autoReplyWhy']]
      }
      await one(desk, customerMail({From: 'j.doe@example.com'}))
      await one(desk, customerMail({From: 'jdoe+2@example.com'}))
      await one(desk, customerMail({From: 'jdoe@example.com'}), '2026-03-01T09:31:00.000Z')
      assert.equal((await why(1))[0], true)
      assert.deepEqual(await why(2), [false, 'the same sender was answered within the last 30 minutes'])
      assert.equal((await why(3))[0], true)
    })

    test('the same mail to a second address is noted in its ticket, once for each', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support', 'sales']})
      const mail = customerMail({To: 'support@acme.example', 'Message-ID': '<two@example.com>'})
      const copy = Buffer.from(mail.toString('latin1').replace('To: support@', 'To: sales@'), 'latin1')
      await desk.deliver([mail])
      assert.equal((await one(desk, copy)).kind, 'duplicate')
      const {events} = await show(desk, 1)
      assert.deepEqual(
        events.filter(({kind}) => kind === 'copied').map(({details}) => details['address']),
        ['sales@acme.example'],
      )
    })

    test('another mail with a reused Message-ID is a message of its own, and says so', async (t) => {
      const desk = await startDesk(t, kind)
      await one(desk, customerMail({From: 'dhl@carrier.example', 'Message-ID': '<same@carrier.example>'}, 'one'))
      const second = customerMail({From: 'dhl@carrier.example', 'Message-ID': '<same@carrier.example>'}, 'two')
      assert.equal((await one(desk, second)).kind, 'created')
      const details = (await show(desk, 2)).events[0]?.details
      assert.equal(details?.['reusesMessageIdOf'], (await show(desk, 1)).messages[0]?.id)
    })

    test('also where both come in one batch', async (t) => {
      const desk = await startDesk(t, kind)
      const same = {From: 'dhl@carrier.example', 'Message-ID': '<same@carrier.example>'}
      await desk.deliver([customerMail(same, 'one'), customerMail(same, 'two')])
      const details = (await show(desk, 2)).events[0]?.details
      assert.equal(details?.['reusesMessageIdOf'], (await show(desk, 1)).messages[0]?.id)
    })

    test('of the mails that share an id the oldest and the newest are known, however many there are', async (t) => {
      const desk = await startDesk(t, kind)
      const many = Array.from({length: 150}, (_, i) =>
        customerMail({
          From: `p${i}@example.com`,
          'Message-ID': '<same@example.com>',
          'In-Reply-To': '<unseen@example.com>',
        }),
      )
      await desk.deliver(many)
      const asked = [{message: parseFacts(customerMail({'In-Reply-To': '<same@example.com>'})), envelope: null}]
      const parent = [{message: parseFacts(customerMail({'Message-ID': '<unseen@example.com>'})), envelope: null}]
      const {db, dialect} = desk.store
      const {byHeaderId} = await gatherFacts(db, dialect, desk.portal, asked, NOW)
      const {referringTo} = await gatherFacts(db, dialect, desk.portal, parent, NOW)
      for (const known of [byHeaderId.get('same@example.com')!, referringTo.get('unseen@example.com')!])
        assert.deepEqual(
          [known.length, known[0]?.fromAddress, known.at(-1)?.fromAddress],
          [100, 'p0@example.com', 'p149@example.com'],
        )
      for (const person of ['p0', 'p149'])
        assert.equal(
          (await one(desk, customerMail({From: `${person}@example.com`, 'In-Reply-To': '<same@example.com>'}))).kind,
          'appended',
        )
    })

    test('mail waits for the address that is switched off, also where that is the one it was forwarded to', async (t) => {
      const desk = await startDesk(t, kind)
      const support = (await findChannel(desk.store.db, desk.portal.id, 'support@acme.example'))!
      const shop = await addSmtpChannel(desk.store, desk.portal, 'shop@provider.example', {forwardsTo: support.id})
      await desk.store.transaction((tx) => updateChannel(tx, support, {deactivated_at: NOW}, NOW))
      const forwarded = customerMail({To: 'shop@provider.example', 'X-Forwarded-To': 'support@acme.example'})
      assert.match((await one(desk, forwarded)).reason, /^channel-inactive: support@/)
      const waiting = async (id: number) => (await listWaiting(desk.store.db, desk.portal.id, id)).length
      assert.deepEqual([await waiting(support.id), await waiting(shop)], [1, 0])
    })

    test('what no index takes is stored all the same: ids that differ in a NUL, an address of thousands of characters', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.store.transaction(async (tx) => {
        const support = (await findChannel(tx, desk.portal.id, 'support@acme.example'))!
        await updateChannel(tx, support, {auto_reply: 1}, NOW)
      })
      const random = Array.from({length: 90}, (_, i) => hash('sha256', String(i), 'hex')).join('')
      await desk.deliver([
        customerMail({References: '<a\0b@example.com> <a\uFFFDb@example.com>'}),
        customerMail({From: `${random}@example.com`}),
        customerMail({From: `jane@${random}.example`}),
      ])
      assert.equal((await show(desk, 3)).events[0]?.details['autoReply'], false)
    })
  })

for (const kind of STORES)
  describe(`merging tickets on ${kind}`, () => {
    const as = {now: NOW, agent: 'ann@acme.example'}
    async function twoTickets(t: Parameters<typeof startDesk>[0]) {
      const desk = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      await one(desk, customerMail({From: 'jane@example.com', 'Message-ID': '<a@example.com>'}))
      await one(desk, customerMail({From: 'joe@example.com', 'Message-ID': '<b@example.com>'}))
      return desk
    }

    test('moves messages and participants; answers to either reach the one that stays', async (t) => {
      const desk = await twoTickets(t)
      const sent = await sendAnswer(desk.store, desk.portal, 2, ['joe@example.com'])
      await noteTicket(desk.store, desk.portal, 2, 'the same matter', as)
      const change = await mergeTicket(desk.store, desk.portal, 2, 1, as)
      assert.deepEqual(change, {number: 2, into: 1, messages: 3, changed: true})
      const [target, source] = [await show(desk, 1), await show(desk, 2)]
      assert.deepEqual([target.messages.length, target.status], [4, 'open'])
      assert.deepEqual([source.messages.length, source.status, source.mergedInto], [0, 'closed', 1])
      assert.deepEqual(target.events.at(-1)?.details, {from: 2, messages: 3, reopens: false})
      assert.deepEqual(
        [target.events.at(-1)?.by, source.events.at(-1)?.details],
        ['ann@acme.example', {into: 1, messages: 3}],
      )
      for (const fields of [
        {'In-Reply-To': `<${sent.messageId}>`},
        {'In-Reply-To': '<b@example.com>'},
        {Subject: 'Re: x [#2]'},
        {To: sent.replyAddress},
      ])
        assert.deepEqual((await one(desk, customerMail({From: 'joe@example.com', ...fields}))).ticket, 1)
      assert.equal((await show(desk, 1)).messages.length, 8)
    })

    test('twice changes nothing; a merged ticket takes no more changes, and says where it went', async (t) => {
      const desk = await twoTickets(t)
      await mergeTicket(desk.store, desk.portal, 2, 1, as)
      assert.equal((await mergeTicket(desk.store, desk.portal, 2, 1, as)).changed, false)
      for (const refused of [
        () => setStatusOf(desk.store, desk.portal, [2], 'open', as),
        () => noteTicket(desk.store, desk.portal, 2, 'x', as),
        () => mergeTicket(desk.store, desk.portal, 1, 2, as),
      ])
        await assert.rejects(refused(), (error: {exitCode: number; why: string}) => {
          assert.equal(error.exitCode, 64)
          assert.match(error.why, /merged into ticket 1/)
          return true
        })
      await assert.rejects(mergeTicket(desk.store, desk.portal, 1, 1, as), {exitCode: 64})
      await assert.rejects(mergeTicket(desk.store, desk.portal, 1, 99, as), {exitCode: 67})
    })

    test('a chain of merges leads to its end in one step', async (t) => {
      const desk = await twoTickets(t)
      await one(desk, customerMail({From: 'jim@example.com'}))
      await mergeTicket(desk.store, desk.portal, 2, 1, as)
      await mergeTicket(desk.store, desk.portal, 1, 3, as)
      assert.deepEqual([(await show(desk, 2)).mergedInto, (await show(desk, 1)).mergedInto], [3, 3])
      assert.equal((await one(desk, customerMail({From: 'joe@example.com', Subject: '[#2]'}))).ticket, 3)
    })

    test('an open matter that becomes part of a closed ticket opens it', async (t) => {
      const desk = await twoTickets(t)
      await setStatusOf(desk.store, desk.portal, [1], 'closed', as)
      await mergeTicket(desk.store, desk.portal, 2, 1, as)
      assert.equal((await show(desk, 1)).status, 'open')
    })
  })

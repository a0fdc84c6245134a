/** What an agent's answer is: whom it goes to, what it refers to, what it looks like. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readConversation} from '../src/lib/conversation.ts'
import {readWholeMail} from './support/raw.ts'
import {PostdeskError} from '../src/lib/errors.ts'
import {parseMessage} from '../src/lib/message/parse.ts'
import {replyToTicket, startConversation, type ReplyRequest} from '../src/lib/reply.ts'
import {mergeTicket} from '../src/lib/ticket-changes.ts'
import {NOW} from './support/portal.ts'
import {ADDRESS, startOutbox, type OutboxDesk} from './support/outbox.ts'
import {customerMail} from './support/seed.ts'
import {STORES} from './support/stores.ts'

const SERVER = {host: 'localhost', port: 1}
const REPLY: ReplyRequest = {
  text: 'Yes.',
  from: ADDRESS,
  cc: [],
  all: false,
  attachments: [],
  quote: true,
}
const ANN = {now: NOW, agent: 'ann@acme.example'}

const take = async (desk: OutboxDesk, headers: Record<string, string>, body?: string) =>
  (await desk.deliver([customerMail(headers, body)]))[0]!.ticket!

const written = async ({store, portal}: OutboxDesk, message: number) =>
  parseMessage(await readWholeMail(store, portal, message))

const failing = (exitCode: number, why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PostdeskError, String(error))
  assert.equal(error.exitCode, exitCode, error.message)
  assert.match(error.message, why)
  return true
}

for (const kind of STORES)
  describe(`an answer on ${kind}`, () => {
    test('goes to who asks, refers to the mail, and quotes its words below', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(
        desk,
        {
          'Message-ID': '<q2@example.com>',
          References: '<q0@example.com> <q1@example.com>',
          Subject: 'AW: Máy in của tôi',
        },
        'Nó không in.\r\n',
      )
      const reply = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      const {message, body} = await written(desk, reply.message)
      assert.deepEqual(message.from, [{name: 'ann@acme.example | Acme', address: ADDRESS}])
      assert.deepEqual(message.to, [{name: 'Jane Doe', address: 'jane@example.com'}])
      assert.equal(message.subject, 'Re: Máy in của tôi')
      assert.deepEqual(message.inReplyTo, ['q2@example.com'])
      assert.deepEqual(message.references, ['q0@example.com', 'q1@example.com', 'q2@example.com'])
      assert.deepEqual(message.replyTo, [], 'no token where a detail may not arrive')
      assert.equal(body.replyText.trim(), 'Yes.')
      assert.match(body.text, /Jane Doe.*wrote:\n> Nó không in\./s)
      assert.match(body.html!, /<blockquote type="cite">/)
      assert.match(message.messageId!, /^pd\.[a-z2-7]{26}@acme\.example$/)
    })

    test('has a token in its reply address where a round trip proved that a detail arrives', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      await desk.store.db.updateTable('smtp_channel').set({plus_addressing: 1}).execute()
      const ticket = await take(desk, {})
      const reply = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      const {message} = await written(desk, reply.message)
      assert.match(message.replyTo[0]!.address, /^sales\+t[a-z2-7]{26}@provider\.example$/)
    })

    test('without the quote, and with a file', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {}, 'secret words\r\n')
      const file = {filename: 'Hóa đơn.pdf', contentType: 'application/pdf', content: Buffer.from('%PDF-1.7')}
      const request = {...REPLY, quote: false, attachments: [file]}
      const reply = await replyToTicket(desk.store, desk.portal, ticket, request, ANN)
      const {message, body} = await written(desk, reply.message)
      assert.equal(body.text.trim(), 'Yes.')
      assert.doesNotMatch(body.html!, /secret words/)
      assert.equal(message.attachments[0]!.filename, 'Hóa đơn.pdf')
      const {conversation} = await readConversation(desk.store, desk.portal, ticket)
      assert.equal(conversation.messages.at(-1)!.attachments[0]!.size, 8)
      assert.deepEqual(
        conversation.events.map(({kind: event, by}) => `${event} ${by}`),
        ['created intake', 'replied ann@acme.example'],
      )
    })

    test('to all goes to those who take part, never to us, and says who is left out', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {To: 'support@acme.example, bob@example.com', Cc: 'Zoe <zoe@example.com>'})
      const reply = await replyToTicket(desk.store, desk.portal, ticket, {...REPLY, all: true}, ANN)
      const {message} = await written(desk, reply.message)
      const everyone = [...message.to, ...message.cc].map(({address}) => address)
      assert.deepEqual(everyone.sort(), ['bob@example.com', 'jane@example.com', 'zoe@example.com'])
    })

    test('to a stranger who wrote into the ticket is none: it goes to who asks', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {'Message-ID': '<first@example.com>'})
      const sent = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      await desk.deliver([
        customerMail({From: 'mallory@evil.example', 'In-Reply-To': `<${sent.messageId}>`, Cc: 'spy@evil.example'}),
      ])
      const reply = await replyToTicket(desk.store, desk.portal, ticket, {...REPLY, all: true}, ANN)
      const {message} = await written(desk, reply.message)
      assert.deepEqual(
        [...message.to, ...message.cc].map(({address}) => address),
        ['jane@example.com'],
      )
    })

    test('of what an agent has forwarded goes to who wrote it', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(
        desk,
        {From: 'Ann <ann@acme.example>', Subject: 'Fwd: Printer'},
        'He is a nuisance, give him nothing.\r\n\r\n---------- Forwarded message ---------\r\nFrom: Jane Doe <jane@example.com>\r\nDate: Sun, 1 Mar 2026\r\nSubject: Printer\r\nTo: Ann <ann@acme.example>\r\n\r\nIt is broken.\r\n',
      )
      const reply = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      const {message, body} = await written(desk, reply.message)
      assert.deepEqual(
        message.to.map(({address}) => address),
        ['jane@example.com'],
      )
      assert.equal(body.text.trim(), 'Yes.', "the agent's remarks are not for the customer")
      assert.deepEqual([message.inReplyTo, message.references], [[], []], 'he does not know that mail')
      assert.equal(message.subject, 'Re: Printer')
    })

    test('to what is nothing but a quote has no quote below', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {}, '> the whole\r\n> history\r\n')
      const reply = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      assert.equal((await written(desk, reply.message)).body.text.trim(), 'Yes.')
    })

    test('leaves by the address of the ticket, else by that of its queue, else it is refused with the way out', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {})
      const {from: _, ...usual} = REPLY
      await assert.rejects(
        replyToTicket(desk.store, desk.portal, ticket, usual, ANN),
        (error: unknown) =>
          failing(78, /internal address.*queue support has no sender/)(error) &&
          (error as PostdeskError).fixes.some(({command}) => command?.includes(`--sender ${ADDRESS}`)),
      )
      await desk.store.db.updateTable('queue').set({sender_channel_id: desk.channelId}).execute()
      const reply = await replyToTicket(desk.store, desk.portal, ticket, usual, ANN)
      assert.deepEqual([reply.from, reply.fromWhy], [ADDRESS, "the queue's sender"])
      await assert.rejects(
        replyToTicket(desk.store, desk.portal, ticket, {...REPLY, from: 'support@acme.example'}, ANN),
        failing(78, /cannot send/),
      )
    })

    test('to a merged ticket is refused, naming the one that it is part of', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const [from, into] = [await take(desk, {}), await take(desk, {From: 'bob@example.com'})]
      await mergeTicket(desk.store, desk.portal, from, into, ANN)
      await assert.rejects(replyToTicket(desk.store, desk.portal, from, REPLY, ANN), failing(64, /merged into/))
    })

    test('of a customer joins by our id, also by the one that the provider wrote in its place', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const ticket = await take(desk, {})
      const reply = await replyToTicket(desk.store, desk.portal, ticket, REPLY, ANN)
      const joined = async (id: string) =>
        (await desk.deliver([customerMail({'In-Reply-To': `<${id}>`, Subject: 'something else'})]))[0]!.ticket
      assert.equal(await joined(reply.messageId), ticket)
      await desk.store.db
        .updateTable('message')
        .set({header_id: 'AM0@eurprd.prod.outlook.com'})
        .where('id', '=', reply.message)
        .execute()
      assert.equal(await joined('AM0@eurprd.prod.outlook.com'), ticket)
      assert.equal(await joined(reply.messageId), ticket, 'and still by ours')
    })

    test('a conversation that an agent starts is his ticket, and its answer joins it', async (t) => {
      const desk = await startOutbox(t, kind, SERVER)
      const request = {
        to: [{name: 'Jane Doe', address: 'jane@example.com'}],
        from: ADDRESS,
        subject: 'Your order',
        text: 'It is ready.',
        queue: 'support',
        attachments: [],
      }
      const started = await startConversation(desk.store, desk.portal, request, ANN)
      const {conversation} = await readConversation(desk.store, desk.portal, started.ticket)
      assert.equal(conversation.owner, 'ann@acme.example')
      assert.equal(conversation.queue, 'support')
      assert.equal(conversation.channel, ADDRESS)
      assert.deepEqual(conversation.requester, request.to[0])
      assert.equal(conversation.messages.length, 1)
      const [answer] = await desk.deliver([customerMail({'In-Reply-To': `<${started.messageId}>`})])
      assert.deepEqual([answer!.kind, answer!.ticket], ['appended', started.ticket])
      const ours = {...request, to: [{name: '', address: 'support@acme.example'}]}
      await assert.rejects(startConversation(desk.store, desk.portal, ours, ANN), failing(64, /address of this portal/))
      const {queue: _, ...homeless} = request
      await assert.rejects(startConversation(desk.store, desk.portal, homeless, ANN), failing(64, /has no queue/))
      const again = await replyToTicket(desk.store, desk.portal, started.ticket, REPLY, ANN)
      const {message} = await written(desk, again.message)
      assert.equal(message.references[0], started.messageId)
    })
  })

/** What is due leaves, once, and whatever a server does is told of each recipient. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readConversation} from '../../src/lib/conversation.ts'
import {cancelOutgoing, outboxItems, pageOfOutbox, retryOutgoing} from '../../src/lib/outbox/items.ts'
import {storeFull, type PostdeskError} from '../../src/lib/errors.ts'
import {flushOutbox} from '../../src/lib/outbox/flush.ts'
import {sendNow} from '../../src/lib/outbox/send-now.ts'
import {takeLease} from '../../src/lib/store/leases.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {ensureSender, findSender, pauseSender, resumeSender} from '../../src/lib/store/senders.ts'
import {ADDRESS, startOutbox, type OutboxDesk} from '../support/outbox.ts'
import {pauseAccount} from '../support/pause-account.ts'
import {mail} from '../support/portal.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'

const AUTH = {auth: {user: 'sales', pass: 'secret'}}

/** A notice that a mail of ours did not arrive (RFC 3464). */
const bounceOf = (messageId: string, recipient: string): Buffer =>
  mail(
    {
      From: 'MAILER-DAEMON@mx.example.com',
      To: 'support@acme.example',
      Subject: 'Undelivered Mail Returned to Sender',
      Date: 'Sun, 01 Mar 2026 09:00:00 +0000',
      'Message-ID': `<dsn-${recipient}>`,
      'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
    },
    [
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.com',
      '',
      `Final-Recipient: rfc822; ${recipient}`,
      'Action: failed',
      'Status: 5.1.1',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user',
      '',
      '--b',
      'Content-Type: text/rfc822-headers',
      '',
      `Message-ID: <${messageId}>`,
      '',
      '--b--',
      '',
    ].join('\r\n'),
  )

/** State and reply by recipient. */
const stateOf = async ({store, portal}: OutboxDesk, id: number) => {
  const [item] = await outboxItems(store, portal, [id])
  return Object.fromEntries(
    item!.recipients.map(({address, state, reply}) => [address, `${state} ${reply ?? ''}`.trim()]),
  )
}

const eventsOf = async ({store, portal}: OutboxDesk, ticket: number) =>
  (await readConversation(store, portal, ticket)).conversation.events.map(({kind}) => kind)

for (const kind of STORES)
  describe(`the outbox on ${kind}`, () => {
    test('a reply leaves with its envelope, and its ticket tells of it', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      assert.equal(sink.mails.length, 0, 'nothing leaves before it is kept')
      assert.deepEqual(await desk.flush(), {sent: 1, failed: 0, queued: 0, unknown: 0, held: []})
      const [mail] = sink.mails
      assert.equal(mail!.sender, ADDRESS)
      assert.deepEqual(mail!.recipients, ['jane@example.com'])
      assert.equal(mail!.user, 'sales')
      assert.match(String(mail!.raw), new RegExp(`^Message-ID: <${reply.messageId}>\r$`, 'im'))
      const {conversation} = await readConversation(desk.store, desk.portal, reply.ticket)
      const [asked, answer] = conversation.messages
      assert.equal(answer!.direction, 'out')
      assert.equal(answer!.author, 'ann@acme.example')
      assert.equal(answer!.replyText.trim(), 'It is on its way.')
      assert.match(answer!.quotedText, new RegExp(`> ${asked!.text.trim().slice(0, 10)}`))
      assert.equal(answer!.delivery![0]!.state, 'sent')
      assert.match(answer!.delivery![0]!.reply!, /^250 2\.0\.0 Ok: queued as 1/)
      assert.deepEqual(await desk.flush(), {sent: 0, failed: 0, queued: 0, unknown: 0, held: []})
      assert.equal(sink.mails.length, 1)
    })

    test("a recipient's 550 fails that recipient alone, and the address goes on", async (t) => {
      const sink = await startSmtpSink(t, {...AUTH, refuse: [/bob@/]})
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply({cc: [{name: '', address: 'bob@example.com'}]})
      assert.deepEqual(await desk.flush(), {sent: 1, failed: 1, queued: 0, unknown: 0, held: []})
      const states = await stateOf(desk, reply.message)
      assert.match(states['jane@example.com']!, /^sent 250/)
      assert.match(states['bob@example.com']!, /^failed 550 5\.1\.1/)
      assert.ok((await eventsOf(desk, reply.ticket)).includes('not-sent'))
      const sender = await findSender(desk.store.db, desk.portal.id, desk.channelId)
      assert.equal(sender!.paused, null)
      assert.equal(sender!.last_error, null)
      await desk.reply({customer: 'zoe@example.com'})
      assert.equal((await desk.flush()).sent, 1)
    })

    test('who is refused for now is tried again later, and alone', async (t) => {
      let full = true
      const sink = await startSmtpSink(t, {
        ...AUTH,
        server: {
          onRcptTo({address}, _session, done) {
            if (full && address === 'bob@example.com')
              done(Object.assign(new Error('4.2.2 mailbox full'), {responseCode: 452}))
            else done()
          },
        },
      })
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply({cc: [{name: '', address: 'bob@example.com'}]})
      assert.deepEqual(await desk.flush(), {sent: 1, failed: 0, queued: 1, unknown: 0, held: []})
      const [item] = await outboxItems(desk.store, desk.portal, [reply.message])
      assert.equal(item!.attempts, 1)
      assert.equal(Date.parse(item!.nextAt!) - Date.parse(desk.now), 60_000)
      assert.match((await stateOf(desk, reply.message))['bob@example.com']!, /^queued 452 4\.2\.2/)
      full = false
      assert.equal((await desk.flush()).sent, 0, 'not before its time')
      desk.wait(2)
      assert.equal((await desk.flush()).sent, 1)
      assert.deepEqual(
        sink.mails.map(({recipients}) => recipients),
        [['jane@example.com'], ['bob@example.com']],
      )
      assert.deepEqual(sink.mails[0]!.raw, sink.mails[1]!.raw, 'the same bytes')
    })

    test('who is refused for now for five days is given up, with what the server said', async (t) => {
      const sink = await startSmtpSink(t, {
        ...AUTH,
        refuse: [{pattern: /jane@/, code: 450, text: '4.7.1 come back later'}],
      })
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      let tries = 0
      for (; (await pageOfOutbox(desk.store, desk.portal, {states: ['queued'], limit: 1})).items.length > 0; tries++) {
        await desk.flush()
        desk.wait(241)
        assert.ok(tries < 60)
      }
      assert.ok(tries > 20, `${tries} tries`)
      assert.match((await stateOf(desk, reply.message))['jane@example.com']!, /^failed given up.*450 4\.7\.1/)
      assert.ok((await eventsOf(desk, reply.ticket)).includes('not-sent'))
    })

    test('a connection that is lost after the final dot leaves unknown, which only a person sends again', async (t) => {
      const server = await startScriptedSmtp(t, {message: ({hangUp}) => hangUp()})
      const desk = await startOutbox(t, kind, server)
      const reply = await desk.reply()
      assert.equal((await desk.flush()).unknown, 1)
      assert.match((await stateOf(desk, reply.message))['jane@example.com']!, /^unknown/)
      assert.ok((await eventsOf(desk, reply.ticket)).includes('sent-unknown'))
      desk.wait(60 * 24)
      assert.equal((await desk.flush()).sent, 0)
      assert.equal(server.messages.length, 1)
      server.script = {}
      const {changed} = await retryOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})
      assert.equal(changed, true)
      assert.equal((await desk.flush()).sent, 1)
      assert.deepEqual(server.messages[1], server.messages[0], 'with the same Message-ID')
    })

    test('a connection that is lost before the final dot leaves the mail in the queue', async (t) => {
      let losses = 0
      const server = await startScriptedSmtp(t, {
        DATA: (exchange) => (losses++ < 1 ? exchange.hangUp() : exchange.usual()),
      })
      const desk = await startOutbox(t, kind, server)
      const reply = await desk.reply()
      assert.deepEqual(await desk.flush(), {sent: 0, failed: 0, queued: 1, unknown: 0, held: []})
      desk.wait(2)
      assert.equal((await desk.flush()).sent, 1)
      assert.match((await stateOf(desk, reply.message))['jane@example.com']!, /^sent/)
    })

    test('a refused login pauses the address after one attempt, until somebody acts', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink, {password: 'wrong'})
      const replies = []
      for (let index = 0; index < 12; index++) replies.push(await desk.reply({customer: `c${index}@example.com`}))
      const {held, ...counts} = await desk.flush()
      assert.deepEqual(counts, {sent: 0, failed: 0, queued: 0, unknown: 0})
      assert.equal(held[0]!.address, ADDRESS)
      assert.equal(held[0]!.paused, true)
      assert.equal(held[0]!.error.exitCode, 24)
      assert.equal(sink.logins(), 1, 'one login, whatever waits')
      desk.wait(60 * 24 * 30)
      const again = await desk.flush()
      assert.equal(again.held[0]!.error.code, held[0]!.error.code)
      assert.equal(sink.logins(), 1, 'a closed door is not knocked at again')
      const [item] = await outboxItems(desk.store, desk.portal, [replies[0]!.message])
      assert.equal(item!.attempts, 0)
      await retryOutgoing(desk.store, desk.portal, [replies[0]!.message], {now: desk.now})
      await desk.flush()
      assert.equal(sink.logins(), 2)
    })

    test('a server that is away is left alone for longer and longer, and no mail is given up for it', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const {port} = sink
      await sink.stop()
      const desk = await startOutbox(t, kind, {host: 'localhost', port})
      await desk.reply()
      const first = await desk.flush()
      assert.equal(first.held[0]!.error.exitCode, 21)
      assert.equal(first.held[0]!.paused, false)
      const retryAt = async () => (await findSender(desk.store.db, desk.portal.id, desk.channelId))!.retry_at!
      assert.equal(Date.parse(await retryAt()) - Date.parse(desk.now), 60_000)
      desk.wait(2)
      await desk.flush()
      assert.equal(Date.parse(await retryAt()) - Date.parse(desk.now), 5 * 60_000)
      const [item] = (await pageOfOutbox(desk.store, desk.portal, {limit: 10})).items
      assert.equal(item!.attempts, 0)
      assert.equal(item!.recipients[0]!.state, 'queued')
    })

    test('one process sends by an address at a time; the mail of two at once leaves once', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      for (let index = 0; index < 20; index++) await desk.reply({customer: `c${index}@example.com`})
      const reports = await Promise.all([desk.flush(), flushOutbox(desk.options())])
      assert.equal(reports[0].sent + reports[1].sent, 20)
      assert.equal(sink.mails.length, 20)
      assert.equal(new Set(sink.mails.map(({recipients}) => recipients[0])).size, 20)
      assert.ok(sink.connections() <= 5)
    })

    test('what a dead process was sending is unknown, and what it had not begun leaves', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const [begun, waiting] = [await desk.reply(), await desk.reply({customer: 'zoe@example.com'})]
      await desk.store.db
        .updateTable('outgoing_recipient')
        .set({state: 'sending'})
        .where('message_id', '=', begun.message)
        .execute()
      const {sent, unknown} = await desk.flush()
      assert.deepEqual([sent, unknown], [1, 1])
      assert.match((await stateOf(desk, begun.message))['jane@example.com']!, /^unknown/)
      assert.match((await stateOf(desk, waiting.message))['zoe@example.com']!, /^sent/)
      assert.deepEqual(
        sink.mails.map(({recipients}) => recipients[0]),
        ['zoe@example.com'],
      )
    })

    test('mail of an address that is switched off is held, and leaves when it is on again', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const switched = (at: string | null) =>
        desk.store.db.updateTable('channel').set({deactivated_at: at}).where('id', '=', desk.channelId).execute()
      await switched(desk.now)
      const reply = await desk.reply()
      assert.equal(reply.active, false)
      const {held, sent} = await desk.flush()
      assert.equal(sent, 0)
      assert.equal(held[0]!.paused, true)
      desk.wait(60 * 24 * 30)
      await switched(null)
      assert.equal((await desk.flush()).sent, 1, 'however long it was held')
    })

    test('what was cancelled never leaves', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      const change = await cancelOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})
      assert.equal(change.changed, true)
      assert.equal((await desk.flush()).sent, 0)
      assert.equal((await stateOf(desk, reply.message))['jane@example.com'], 'failed cancelled by admin')
      assert.equal((await cancelOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})).changed, false)
    })

    test('the id that the provider gave a mail is the one that answers refer to', async (t) => {
      const sink = await startSmtpSink(t, {
        ...AUTH,
        onMail: () => '2.0.0 OK <VI1PR0@eurprd.prod.outlook.com> [Hostname=VI1PR0.eurprd.prod.outlook.com]',
      })
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      await desk.flush()
      const [item] = await outboxItems(desk.store, desk.portal, [reply.message])
      assert.equal(item!.messageId, 'VI1PR0@eurprd.prod.outlook.com')
    })

    test('a bounce of the first copy settles the one that was to be sent again', async (t) => {
      const sink = await startSmtpSink(t, {...AUTH, refuse: [{pattern: /jane@/, code: 451, text: '4.3.0 later'}]})
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      await desk.flush()
      await desk.deliver([bounceOf(reply.messageId, 'jane@example.com')])
      assert.match((await stateOf(desk, reply.message))['jane@example.com']!, /^bounced/)
      desk.wait(60)
      assert.deepEqual(await desk.flush(), {sent: 0, failed: 0, queued: 0, unknown: 0, held: []})
      const due = await desk.store.db.selectFrom('outgoing').select('next_at').executeTakeFirstOrThrow()
      assert.equal(due.next_at, null)
    })

    test('what a dead process was sending is told also where nothing can leave now, and a person can have it sent', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      await desk.store.db.updateTable('outgoing_recipient').set({state: 'sending'}).execute()
      const error = {code: 'SMTP_AUTH', title: 'Refused', why: 'wrong password', at: desk.now}
      await pauseAccount(desk.store.db, desk.portal.id, desk.channelId, error)
      const {unknown, held} = await desk.flush()
      assert.deepEqual([unknown, held[0]?.paused], [1, true])
      await retryOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})
      assert.equal((await desk.flush()).sent, 1)
    })

    test('a reply is tried however long this machine was off, and an automatic one is not', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const [late, automatic] = [await desk.reply(), await desk.reply({customer: 'zoe@example.com'})]
      await desk.store.db
        .updateTable('outgoing')
        .set({kind: 'auto-reply'})
        .where('message_id', '=', automatic.message)
        .execute()
      desk.wait(60 * 24 * 6)
      const {sent, failed} = await desk.flush()
      assert.deepEqual([sent, failed], [1, 1])
      assert.match((await stateOf(desk, late.message))['jane@example.com']!, /^sent/)
      assert.match((await stateOf(desk, automatic.message))['zoe@example.com']!, /^failed given up/)
    })

    test('a server that is away for longer than a mail is tried has it given up, with why', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const {port} = sink
      await sink.stop()
      const desk = await startOutbox(t, kind, {host: 'localhost', port})
      const reply = await desk.reply()
      await desk.flush()
      desk.wait(60 * 24 * 6)
      const {failed, held} = await desk.flush()
      assert.equal(failed, 1)
      assert.equal(held.length, 1)
      assert.match(
        (await stateOf(desk, reply.message))['jane@example.com']!,
        /^failed given up.*refuses the connection/,
      )
      assert.ok((await eventsOf(desk, reply.ticket)).includes('not-sent'))
    })

    test('a login that is refused while another connection sends pauses the address all the same', async (t) => {
      let logins = 0
      const sink = await startSmtpSink(t, {
        ...AUTH,
        server: {
          onAuth(_auth, _session, done) {
            if (++logins === 1) done(null, {user: 'sales'})
            else done(Object.assign(new Error('5.7.8 no'), {responseCode: 535}))
          },
          // Slow enough for the second login to be refused meanwhile.
          onData(stream, _session, done) {
            stream.resume()
            stream.on('end', () => setTimeout(() => done(), 100))
          },
        },
      })
      const desk = await startOutbox(t, kind, sink)
      for (let index = 0; index < 12; index++) await desk.reply({customer: `c${index}@example.com`})
      assert.equal((await desk.flush()).held[0]?.paused, true)
      assert.notEqual((await findSender(desk.store.db, desk.portal.id, desk.channelId))!.paused, null)
    })

    test('what a run finds out that began before somebody acted is not noted', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const {id: senderId, lease_token: token} = await ensureSender(desk.store.db, desk.portal.id, desk.channelId)
      await desk.store.transaction((tx) => resumeSender(tx, desk.portal.id, senderId))
      await pauseSender(desk.store.db, {portalId: desk.portal.id, senderId, token, generation: 0}, {code: 'SMTP_AUTH'})
      assert.equal((await findSender(desk.store.db, desk.portal.id, senderId))!.paused, null)
    })

    test('an address keeps its letters in the envelope, and is the same person in any', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply({
        customer: 'Jane.Doe@Example.com',
        cc: [{name: '', address: 'JANE.DOE@example.com'}],
      })
      await desk.flush()
      assert.deepEqual(sink.mails[0]!.recipients, ['Jane.Doe@example.com'])
      await desk.deliver([bounceOf(reply.messageId, 'jane.doe@example.com')])
      assert.match((await stateOf(desk, reply.message))['Jane.Doe@example.com']!, /^bounced/)
    })

    test('what was written by a clock that was ahead is not stranded', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      desk.wait(60 * 24 * 365)
      await desk.reply()
      desk.wait(-60 * 24 * 365)
      assert.equal((await desk.flush()).sent, 1)
    })

    test('what a server has answered is kept, though the store refuses for a while', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      let refusals = 0
      const store: Store = {
        ...desk.store,
        transaction(work) {
          // The steps of the lease come first, then the claim; the third from here on settles.
          if (sink.mails.length > 0 && refusals++ < 2) return Promise.reject(storeFull('the disk'))
          return desk.store.transaction(work)
        },
      }
      await assert.rejects(desk.flush({store}), (error) => (error as PostdeskError).code === 'STORE_FULL')
      assert.ok(refusals > 1)
      assert.match((await stateOf(desk, reply.message))['jane@example.com']!, /^sent/)
    })

    test('an agent whose colleague is sending waits for him, and no longer', async (t) => {
      const sink = await startSmtpSink(t, AUTH)
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      const row = await ensureSender(desk.store.db, desk.portal.id, desk.channelId)
      const tenure = await takeLease(desk.store, 'sender', row, 'the outbox')
      const release = setTimeout(() => void tenure.release(), 500)
      t.after(() => clearTimeout(release))
      const {item, obstacle} = await sendNow(desk.options(), {id: reply.message, senderId: desk.channelId})
      assert.equal(obstacle, null)
      assert.equal(item.recipients[0]!.state, 'sent')
    })

    test('what was refused is listed until somebody has seen it', async (t) => {
      const sink = await startSmtpSink(t, {...AUTH, refuse: [/jane@/]})
      const desk = await startOutbox(t, kind, sink)
      const reply = await desk.reply()
      await desk.flush()
      const listed = async (states?: readonly 'failed'[]) =>
        (await pageOfOutbox(desk.store, desk.portal, {limit: 10, ...(states ? {states} : {})})).items.length
      assert.equal(await listed(), 1)
      const seen = await cancelOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})
      assert.equal(seen.changed, true)
      assert.deepEqual([await listed(), await listed(['failed'])], [0, 1])
      const again = await cancelOutgoing(desk.store, desk.portal, [reply.message], {now: desk.now})
      assert.deepEqual(again.unchanged, [{id: reply.message, why: 'nothing of it waits'}])
    })
  })

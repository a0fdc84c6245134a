/** What leaves by the relay of a portal. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {outboxItems} from '../../src/lib/outbox/items.ts'
import {setChannelRelay} from '../../src/lib/relay.ts'
import {RELAY_SENDER} from '../../src/lib/store/senders.ts'
import {ADDRESS, startOutbox, type OutboxDesk, type Server} from '../support/outbox.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'

/** The relay is that server, which asks for no login. */
const setRelay = ({store}: OutboxDesk, {host, port}: Server) =>
  store.db
    .updateTable('portal')
    .set({relay: JSON.stringify({kind: 'smtp', host, port, security: 'none', user: null, verifiedAt: null})})
    .execute()

/** A mail that is to leave by the relay. */
async function queueForRelay(desk: OutboxDesk): Promise<number> {
  const {message} = await desk.reply()
  await desk.store.db.updateTable('outgoing').set({sender_id: RELAY_SENDER}).where('message_id', '=', message).execute()
  return message
}

for (const kind of STORES)
  describe(`the relay on ${kind}`, () => {
    test('is the one of now, whatever it was when a watch began', async (t) => {
      const [first, second] = [await startSmtpSink(t), await startSmtpSink(t)]
      const desk = await startOutbox(t, kind, first)
      await setRelay(desk, first)
      await queueForRelay(desk)
      assert.equal((await desk.flush()).sent, 1)
      await setRelay(desk, second)
      await queueForRelay(desk)
      assert.equal((await desk.flush()).sent, 1)
      assert.deepEqual([first.mails.length, second.mails.length], [1, 1])
    })

    test('that is missing holds its mail, and says how to mend it', async (t) => {
      const sink = await startSmtpSink(t)
      const desk = await startOutbox(t, kind, sink)
      await queueForRelay(desk)
      const {held} = await desk.flush()
      assert.equal(held[0]!.error.exitCode, 78)
      assert.ok(held[0]!.error.fixes.some(({command}) => command?.startsWith('postdesk portal relay set smtp')))
    })

    test('that becomes an address has what was written for the account before given up: the address may not send it', async (t) => {
      const sink = await startSmtpSink(t)
      const desk = await startOutbox(t, kind, sink)
      await setRelay(desk, sink)
      const id = await queueForRelay(desk)
      await setChannelRelay(desk.store, desk.portal, ADDRESS, desk.now)
      const [item] = await outboxItems(desk.store, desk.portal, [id])
      assert.deepEqual(
        item!.recipients.map(({state, reply}) => [state, reply]),
        [['failed', 'the relay it was written for is gone']],
      )
      assert.equal((await desk.flush()).sent, 0)
    })
  })

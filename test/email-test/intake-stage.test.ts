import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {intakeRung, type IntakeQuestion} from '../../src/lib/email-test/intake-stage.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {addSmtpChannel} from '../support/outgoing.ts'
import {NOW} from '../support/portal.ts'
import {startDesk, type Desk} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

const look = ({store, portal}: Desk, question: Partial<IntakeQuestion> = {}) =>
  intakeRung({store, portal, internal: 'support@acme.example', forwardedFor: null, now: NOW, ...question}).look(
    new AbortController().signal,
  )

const countMessages = async (store: Store) =>
  (await store.db.selectFrom('message').select('id').execute()).length +
  (await store.db.selectFrom('quarantine').select('id').execute()).length

for (const kind of STORES)
  describe(`what becomes of a mail to an address, on ${kind}`, () => {
    test('is told by the decision of the reception, and nothing is written', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support'], agents: {'ann@acme.example': true}})
      const finding = await look(desk)
      assert.equal(finding.status, 'pass')
      assert.equal(finding.evidence?.['owner'], 'ann@acme.example')
      assert.equal(finding.evidence?.['channel'], 'support@acme.example')
      assert.equal(await countMessages(desk.store), 0)
    })

    test('a mail that is forwarded for an SMTP address is told to be of that address', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support'], agents: {'ann@acme.example': true}})
      const {id} = await desk.store.db.selectFrom('channel').selectAll().executeTakeFirstOrThrow()
      await addSmtpChannel(desk.store, desk.portal, 'help@care.example', {forwardsTo: id})
      const finding = await look(desk, {forwardedFor: 'help@care.example'})
      assert.equal(finding.evidence?.['channel'], 'help@care.example', JSON.stringify(finding))
    })

    test('an address that is switched off, or has no queue, is a failure with its mend', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support'], agents: {'ann@acme.example': true}})
      const codeOf = async () => {
        const finding = await look(desk)
        assert.ok(finding.status === 'fail', JSON.stringify(finding))
        return [finding.problem.code, finding.problem.fixes?.[0]?.command]
      }
      const channels = desk.store.db.updateTable('channel')
      await channels.set({deactivated_at: NOW}).execute()
      assert.deepEqual(await codeOf(), [
        'INTAKE_CHANNEL_INACTIVE',
        'postdesk email update support@acme.example --active --portal acme',
      ])
      await channels.set({deactivated_at: null, queue_id: null}).execute()
      assert.deepEqual((await codeOf())[0], 'INTAKE_NEEDS_QUEUE')
    })

    test('a queue without members is warned of: the ticket belongs to nobody', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support'], agents: {}})
      const finding = await look(desk)
      assert.ok(finding.status === 'warn', JSON.stringify(finding))
      assert.equal(finding.problem.code, 'INTAKE_WITHOUT_OWNER')
    })
  })

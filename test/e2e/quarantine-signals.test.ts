/** A retry of many mails that is stopped, or killed: nothing is lost and nothing becomes two tickets. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {QuarantineRetryResult} from '../../src/commands/quarantine/retry.ts'
import {strays} from '../support/quarantined.ts'
import {startProgram, type Envelope} from '../support/program.ts'
import {startPostdesk} from '../support/run-postdesk.ts'
import {STORES} from '../support/stores.ts'
import {until} from '../support/sync-desk.ts'

const MAILS = 1500

for (const kind of STORES)
  for (const signal of ['SIGINT', 'SIGKILL'] as const)
    test(`${kind}: a retry that gets ${signal} is gone on with by the next`, async (t) => {
      const program = await startProgram(t, kind)
      const {store, home, json} = program
      await program.deliver(strays(MAILS))
      await json(['email', 'add', 'internal', 'nobody', '--name', 'Nobody', '--queue', 'support'])
      const tickets = async () => (await store.db.selectFrom('ticket').select('id').execute()).length
      const env = {POSTDESK_STORE: store.url}
      const running = startPostdesk(['quarantine', 'retry', '--all', '--json'], {home, env})
      t.after(() => running.kill('SIGKILL'))
      await until(async () => (await tickets()) > 0, 30)
      running.kill(signal)
      const {code, stdout} = await running.ended
      const made = await tickets()
      assert.ok(made < MAILS, `${made} of ${MAILS} were done before it was stopped`)
      if (signal === 'SIGINT') {
        assert.equal(code, 130)
        const {result, error} = JSON.parse(stdout) as Envelope<QuarantineRetryResult>
        assert.deepEqual([result.items.length, result.counts, error?.code], [made, {created: made}, 'INTERRUPTED'])
      }
      const rest = await json<QuarantineRetryResult>(['quarantine', 'retry', '--all'])
      assert.deepEqual(rest.result.counts, {created: MAILS - made})
      assert.equal(await tickets(), MAILS)
      assert.deepEqual(await store.db.selectFrom('quarantine').select('id').execute(), [])
    })

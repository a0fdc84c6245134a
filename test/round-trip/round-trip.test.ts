/** Round trips through a provider that forwards: Postfix, a login before it, and the portal's mailbox on Dovecot behind it. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Stage} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {forwardingProviderMissing, REFUSAL, startForwardingProvider} from '../support/forwarding-provider.ts'
import {startTripDesk} from '../support/round-trip.ts'
import {STORES} from '../support/stores.ts'

const skip = forwardingProviderMissing()

/** Each stage in short: its code where something is wrong, why it was skipped, else its status. */
const outcomes = (stages: ReadonlyMap<StageId, Stage>) =>
  Object.fromEntries([...stages].map(([id, {status, problem}]) => [id, problem?.code ?? status]))

const evidenceOf = (stages: ReadonlyMap<StageId, Stage>, id: StageId) => stages.get(id)!.evidence

for (const kind of STORES)
  test(`a round trip, nobody syncing (${kind})`, {skip}, async (t) => {
    const provider = await startForwardingProvider(t)
    const desk = await startTripDesk(t, kind, provider)

    await t.test('that comes back proves the forward, sub-addressing and the Message-ID', async () => {
      const stages = await desk.trip('sales')
      assert.deepEqual(outcomes(stages), {
        'probe-sent': 'pass',
        'probe-arrived': 'pass',
        'probe-from': 'pass',
        'probe-authentication': 'pass',
        'plus-addressing': 'pass',
        'message-id': 'pass',
      })
      const {seconds, seenBy, takenFor, takenBy, forwarding, returnPath, hops} = evidenceOf(stages, 'probe-arrived')
      assert.ok(Number(seconds) < 15, String(seconds))
      assert.deepEqual(
        [seenBy, takenFor, takenBy, forwarding, returnPath],
        [
          'a look into INBOX',
          'sales@provider.example',
          'to',
          {'delivered-to': ['support@acme.example']},
          '<sales@provider.example>',
        ],
      )
      assert.deepEqual((hops as readonly {by: string}[])[0]?.by, 'mx.provider.example')
      assert.equal(evidenceOf(stages, 'plus-addressing')['works'], true)
      const smtp = await desk.smtp('sales')
      assert.deepEqual([smtp.plus_addressing, smtp.keeps_message_id], [1, 1])
      assert.ok(Date.now() - Date.parse(smtp.forwarding_verified_at!) < 60_000)
    })

    await t.test('is run once a minute', async () => {
      const sent = (await desk.trip('sales')).get('probe-sent')!
      assert.deepEqual([sent.status, sent.problem?.code, sent.problem?.exitCode], ['fail', 'PROBE_TOO_SOON', 75])
      assert.match(sent.problem?.fixes?.[0]?.text ?? '', /again after 20/)
    })

    await t.test('that comes in at another address of the portal names both, and disproves the forward', async () => {
      const stages = await desk.trip('wrong')
      const {problem} = stages.get('probe-arrived')!
      assert.deepEqual([problem?.code, problem?.exitCode], ['PROBE_WRONG_TARGET', 28])
      assert.match(problem?.title ?? '', /comes in at billing@acme\.example, not at support@acme\.example/)
      assert.equal(stages.get('probe-from')?.status, 'pass', 'what else is seen is told all the same')
      assert.equal((await desk.smtp('wrong')).forwarding_verified_at, null)
    })

    await t.test('that comes in for an address that nobody has says so', async () => {
      const {problem} = (await desk.trip('typo')).get('probe-arrived')!
      assert.equal(problem?.code, 'PROBE_WRONG_TARGET')
      assert.match(problem?.why ?? '', /suport@acme\.example, which is no address of this portal/)
    })

    await t.test('that a filter takes for junk is found there', async () => {
      const {problem} = (await desk.trip('junk')).get('probe-arrived')!
      assert.deepEqual([problem?.code, problem?.exitCode], ['PROBE_IN_JUNK', 28])
      assert.match(problem?.why ?? '', /^it lies in Junk/)
    })

    await t.test('that a filter has put into a folder is found at the end', async () => {
      const {problem} = (await desk.trip('filed', {waitMs: 3000})).get('probe-arrived')!
      assert.equal(problem?.code, 'PROBE_ELSEWHERE')
      assert.match(problem?.why ?? '', /^it lies in Archive/)
    })

    await t.test('that the provider may not forward tells in whose words', async () => {
      const stages = await desk.trip('blocked')
      const {problem} = stages.get('probe-arrived')!
      assert.deepEqual(
        [problem?.code, problem?.exitCode, problem?.serverReply],
        ['MS_EXTERNAL_FORWARDING_BLOCKED', 28, `550 ${REFUSAL}`],
      )
      assert.equal(stages.get('probe-from')?.status, 'skip')
    })

    await t.test('that nobody sees again has causes, not a cause', async () => {
      const stages = await desk.trip('lost', {waitMs: 2000})
      const {problem} = stages.get('probe-arrived')!
      assert.deepEqual([problem?.code, problem?.exitCode, problem?.certainty], ['PROBE_NOT_RECEIVED', 28, 'likely'])
      assert.deepEqual(
        [...stages.values()].slice(2).map(({status}) => status),
        ['skip', 'skip', 'skip', 'skip'],
      )
    })
  })

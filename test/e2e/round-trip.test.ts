/**
 * The round trip as its admin runs it: the built program, a provider that forwards, the portal's mailbox; and what follows from
 * it, down to a customer's answer that finds its ticket by nothing but the address that it goes to.
 */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Stage} from '../../src/lib/channel/stage.ts'
import {mailWorldMissing, SALES, startMailWorld} from '../support/customer-mailbox.ts'
import {addSales, startMailDesk, type MailDesk} from '../support/mail-desk.ts'
import {submissionMissing} from '../support/submission.ts'
import {until} from '../support/sync-desk.ts'

const skip = mailWorldMissing() || submissionMissing()
const ROUND_TRIP = ['email', 'test', SALES, '--roundtrip', '--wait', '60', '--only', 'roundtrip']

interface Tested {
  readonly verdict: {readonly status: string; readonly code: string}
  readonly stages: readonly (Stage & {readonly code?: string})[]
}

/** The stages of the round trip alone, by their ids. */
async function tested(desk: MailDesk): Promise<ReadonlyMap<string, Stage>> {
  const {result} = await desk.json<Tested>(ROUND_TRIP)
  return new Map(result.stages.filter(({group}) => group === 'roundtrip').map((stage) => [stage.id, stage]))
}

const statuses = (stages: ReadonlyMap<string, Stage>) =>
  Object.fromEntries([...stages].map(([id, {status}]) => [id, status]))

test('a forward that is proved end to end', {skip}, async (t) => {
  const world = await startMailWorld(t, {subAddressing: true})
  const desk = await startMailDesk(t, world)
  await addSales(t, world, desk, ['--name', '{agent} | Acme Sales'])
  const provedAt = async () =>
    (await desk.json<{forwardingVerifiedAt: string | null}>(['email', 'show', SALES])).result.forwardingVerifiedAt

  await t.test('while another process takes mail in, which makes no ticket of the probes', async () => {
    assert.equal(await provedAt(), null)
    const watch = desk.start(['email', 'sync', '--watch', '--jsonl'])
    const stages = await tested(desk)
    assert.deepEqual(statuses(stages), {
      'probe-sent': 'pass',
      'probe-arrived': 'pass',
      'probe-from': 'pass',
      'probe-authentication': 'pass',
      'plus-addressing': 'pass',
      'message-id': 'pass',
    })
    assert.ok(Date.now() - Date.parse((await provedAt())!) < 60_000)
    await until(() => watch.stdout().match(/"reason":"probe: /g)?.length === 2)
    watch.kill('SIGTERM')
    await watch.ended
    const {result} = await desk.json<{tickets: readonly unknown[]}>(['ticket', 'list'])
    assert.deepEqual(result.tickets, [])
  })

  await t.test('and from then on an answer finds its ticket by the address that it goes to', async () => {
    const jane = world.customer('jane')
    await jane.write({to: SALES, subject: 'Oven', text: 'It does not heat.'})
    const line = await until(async () => {
      const {stdout} = await desk.done(['email', 'sync', '--jsonl'])
      return stdout.includes('"created"') ? (JSON.parse(stdout.split('\n')[0]!) as {ticket: number}) : false
    })
    await desk.done(['ticket', 'reply', String(line.ticket), '--body', 'It is on its way.'])
    const [received] = await jane.inbox(1)
    const replyTo = received?.mail.replyTo?.value[0]?.address ?? ''
    assert.match(replyTo, /^sales\+t[a-z2-7]{26}@provider\.example$/)

    // Nothing else tells that it is an answer: no In-Reply-To, no References, another subject.
    await jane.write({to: replyTo, subject: 'Thanks', text: 'It heats.'})
    const joined = await until(async () => {
      const {stdout} = await desk.done(['email', 'sync', '--jsonl'])
      return stdout.includes('"appended"') ? (JSON.parse(stdout.split('\n')[0]!) as {ticket: number}) : false
    })
    assert.equal(joined.ticket, line.ticket)
    const {messages} = await desk.show(line.ticket)
    assert.match(messages.at(-1)!.threadedBy, /^reply-token/)
  })
})

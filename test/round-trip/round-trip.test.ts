/** Round trips through a provider that forwards: Postfix, a login before it, and the portal's mailbox on Dovecot behind it. */
import assert from 'node:assert/strict'
import {randomUUID} from 'node:crypto'
import {Readable} from 'node:stream'
import {test} from 'node:test'
import type {Stage} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {systemClock} from '../../src/lib/clock.ts'
import {deliver} from '../../src/lib/deliver.ts'
import {silent} from '../../src/lib/log.ts'
import {fixture} from '../message/mail.ts'
import {
  forwardingProviderMissing,
  REFUSAL,
  startForwardingProvider,
  type ForwardingMailbox,
} from '../support/forwarding-provider.ts'
import {sendMail} from '../support/mta.ts'
import {unchecked} from '../support/portal.ts'
import {startTripDesk, type TripDesk} from '../support/round-trip.ts'
import {sign, signingKey} from '../support/signed-mail.ts'
import {STORES} from '../support/stores.ts'
import {until} from '../support/sync-desk.ts'

const skip = forwardingProviderMissing()

/** Each stage in short: its code where something is wrong, why it was skipped, else its status. */
const outcomes = (stages: ReadonlyMap<StageId, Stage>) =>
  Object.fromEntries([...stages].map(([id, {status, problem}]) => [id, problem?.code ?? status]))

const evidenceOf = (stages: ReadonlyMap<StageId, Stage>, id: StageId) => stages.get(id)!.evidence

const PROVED_AT = '2026-02-01T00:00:00.000Z'

/** Once the probe is sent, the forward of the address was proved before. */
async function proveOnce(desk: TripDesk, id: StageId, local: ForwardingMailbox): Promise<void> {
  if (id !== 'probe-sent') return
  await desk.store.db
    .updateTable('smtp_channel')
    .set({forwarding_verified_at: PROVED_AT})
    .where('channel_id', '=', (await desk.smtp(local)).channel_id)
    .execute()
}

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
      assert.ok(Number(seconds) < 15)
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
      const stages = await desk.trip('wrong', {onStage: ({id}) => proveOnce(desk, id, 'wrong')})
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

    await t.test('is not proved by a stranger who writes another word', async () => {
      const forged = [
        'From: sales@provider.example',
        'To: sales@provider.example',
        'Subject: [probe AAAA] please ignore',
        'X-Postdesk-Probe: probe.aaaaaaaaaaaaaaaaaaaaaaaaaa',
        'Message-ID: <probe.aaaaaaaaaaaaaaaaaaaaaaaaaa@acme.example>',
        '',
        'It is recognised by: probe.aaaaaaaaaaaaaaaaaaaaaaaaaa',
      ].join('\r\n')
      const stages = await desk.trip('swallowed', {
        waitMs: 6000,
        onStage: ({id}) =>
          id === 'probe-sent'
            ? sendMail(provider.port, {
                from: 'evil@example.com',
                to: ['support@acme.example'],
                data: Buffer.from(forged),
              })
            : undefined,
      })
      assert.equal(stages.get('probe-arrived')?.problem?.code, 'PROBE_NOT_RECEIVED')
    })

    await t.test('tells what the provider changed on the way', async () => {
      const stages = await desk.trip('changed', {
        rewrite: (raw) =>
          raw
            .replace(/^Message-ID: .*$/m, `Message-ID: <${randomUUID()}@provider.example>`)
            .replace(/^From: .*$/m, 'From: Owner <owner@provider.example>'),
      })
      assert.equal(stages.get('probe-arrived')?.status, 'pass', 'its field is still there')
      const from = stages.get('probe-from')!
      assert.deepEqual([from.problem?.code, from.problem?.exitCode], ['FROM_REWRITTEN_BY_PROVIDER', 26])
      assert.equal(from.evidence['keepsReplyTo'], true)
      assert.match(stages.get('message-id')!.title, /replaced on the way; answers are recognised by the address/)
      assert.equal((await desk.smtp('changed')).keeps_message_id, 0)
    })

    await t.test('keeps nothing where the address was changed meanwhile', async () => {
      const stages = await desk.trip('moved', {
        onStage: async ({id}) => {
          if (id === 'probe-sent')
            await desk.store.db
              .updateTable('smtp_channel')
              .set({host: 'elsewhere.example'})
              .where('channel_id', '=', (await desk.smtp('moved')).channel_id)
              .execute()
        },
      })
      assert.deepEqual(
        [stages.get('probe-arrived')?.status, stages.get('probe-arrived')?.evidence['kept']],
        ['pass', false],
      )
      assert.equal((await desk.smtp('moved')).forwarding_verified_at, null)
    })

    await t.test('ends at once with its signal', async () => {
      const ended = new AbortController()
      const trip = desk.trip('ended', {
        signal: ended.signal,
        waitMs: 60_000,
        onStage: ({id}) => void (id === 'probe-sent' && setTimeout(() => ended.abort(new Error('enough')), 500)),
      })
      const began = Date.now()
      await assert.rejects(trip, /enough/)
      assert.ok(Date.now() - began < 3000)
    })

    await t.test('without the password of the inbound says that nobody has looked', async () => {
      const {secrets} = await startTripDesk(t, 'sqlite', provider)
      const nobody = {...secrets, bindings: {...secrets.bindings, get: () => Promise.resolve(null)}}
      const stages = await desk.trip('unseen', {waitMs: 2000, context: {secrets: nobody}})
      assert.match(stages.get('probe-arrived')?.problem?.causes?.[0] ?? '', /^nobody has looked: /)
    })

    await t.test('that nobody sees again has causes, not a cause', async () => {
      const stages = await desk.trip('lost', {waitMs: 2000, onStage: ({id}) => proveOnce(desk, id, 'lost')})
      const {problem} = stages.get('probe-arrived')!
      assert.deepEqual([problem?.code, problem?.exitCode, problem?.certainty], ['PROBE_NOT_RECEIVED', 28, 'likely'])
      assert.deepEqual(
        [...stages.values()].slice(2).map(({status}) => status),
        ['skip', 'skip', 'skip', 'skip'],
      )
      assert.equal((await desk.smtp('lost')).forwarding_verified_at, PROVED_AT, 'slowness disproves nothing')
    })
  })

test('without sub-addressing at the provider only that is missing', {skip}, async (t) => {
  const provider = await startForwardingProvider(t, {subAddressing: false})
  const desk = await startTripDesk(t, 'sqlite', provider)
  const stages = await desk.trip('sales')
  const plus = stages.get('plus-addressing')!
  assert.deepEqual([plus.status, plus.evidence['works']], ['pass', false])
  assert.match(JSON.stringify(plus.evidence), /550 5\.1\.1/)
  assert.deepEqual([stages.get('probe-arrived')?.status, stages.get('message-id')?.status], ['pass', 'pass'])
  const smtp = await desk.smtp('sales')
  assert.deepEqual([smtp.plus_addressing, smtp.keeps_message_id], [0, 1])
})

test('what the forward does to signatures is seen from the bytes, and the key is learned', {skip}, async (t) => {
  const provider = await startForwardingProvider(t)
  const key = signingKey('provider.example', {selector: 'outgoing'})
  const desk = await startTripDesk(t, 'sqlite', provider, {
    [key.name]: {txt: [key.record]},
    '_dmarc.provider.example': {txt: ['v=DMARC1; p=reject']},
  })
  const signed = async (raw: string) =>
    (await sign(Buffer.from(raw, 'latin1'), key, {signTime: new Date().toISOString()})).toString('latin1')

  const whole = (await desk.trip('signed', {rewrite: signed})).get('probe-authentication')!
  assert.deepEqual([whole.status, whole.title], ['pass', 'DMARC passes after the forward'])
  assert.deepEqual(whole.evidence['dkim'], [
    {domain: 'provider.example', selector: 'outgoing', result: 'pass', aligned: true, why: null},
  ])
  const withFooter = async (raw: string) => `${await signed(raw)}Scanned by a gateway.\r\n`
  const broken = (await desk.trip('broken', {rewrite: withFooter})).get('probe-authentication')!
  assert.deepEqual([broken.status, broken.problem?.code], ['warn', 'FORWARD_BREAKS_DKIM'])
})

test('where an MTA hands mail in the store alone tells, at once', {skip}, async (t) => {
  const provider = await startForwardingProvider(t)
  const desk = await startTripDesk(t, 'sqlite', provider)
  const portal = {...desk.portal, inbound_source_id: null}
  // The mailbox stands for the queue of an MTA: what comes into it is handed in.
  const handIn = async () => {
    for (let uid = 1; uid <= 2; uid++) {
      const raw = await until(() =>
        provider.inbound.withMailbox(async (client) => {
          const row = await client.fetchOne(String(uid), {source: true}).catch(() => false as const)
          return row !== false && row?.source !== undefined ? row.source : false
        }),
      )
      const outcome = await deliver({
        store: desk.store,
        portal,
        recipient: /^Delivered-To: (.*)\r$/m.exec(raw.toString('latin1'))![1]!,
        sender: 'sales@provider.example',
        quarantineUnknown: false,
        input: Readable.from([raw]),
        checkSender: unchecked,
        clock: systemClock,
        log: silent,
        itemKey: randomUUID(),
      })
      assert.equal(outcome.kind, 'skipped')
    }
  }
  let handed: Promise<void> | undefined
  const stages = await desk.trip('handed', {
    context: {portal},
    onStage: ({id}) => void (id === 'probe-sent' && (handed = handIn())),
  })
  await handed
  assert.deepEqual(Object.values(outcomes(stages)), ['pass', 'pass', 'pass', 'pass', 'pass', 'pass'])
  const {seenBy, takenBy} = evidenceOf(stages, 'probe-arrived')
  assert.deepEqual([seenBy, takenBy], ['the reception', 'to'])
  assert.match(stages.get('probe-authentication')!.title, /only the header of the mail is kept$/)
  assert.deepEqual(evidenceOf(stages, 'probe-authentication')['spf'], {
    result: 'none',
    domain: 'provider.example',
    by: 'client',
  })
})

test('a confirmation that the provider waits for is told, with its link', {skip}, async (t) => {
  const provider = await startForwardingProvider(t)
  const desk = await startTripDesk(t, 'sqlite', provider)
  const outcome = await deliver({
    store: desk.store,
    portal: desk.portal,
    recipient: 'support@acme.example',
    sender: 'forwarding-noreply@google.com',
    quarantineUnknown: false,
    input: Readable.from([fixture('gmail-forwarding-link.eml')]),
    checkSender: unchecked,
    clock: systemClock,
    log: silent,
    itemKey: 'confirmation',
  })
  assert.equal(outcome.kind, 'quarantined')
  const {problem} = (await desk.trip('lost', {waitMs: 1000})).get('probe-arrived')!
  assert.equal(problem?.causes?.[0], 'a forward to support@acme.example waits to be confirmed')
  assert.match(problem?.fixes?.[0]?.text ?? '', /Gmail asks .* link: https:\/\/mail-settings\.google\.com\//)
})

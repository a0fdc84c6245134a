import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import type {ProbeSighting} from '../../src/lib/intake/match-probe.ts'
import {deleteChannel, findChannel} from '../../src/lib/store/channels.ts'
import {
  findProbes,
  findProbesByHash,
  findProbesById,
  insertProbe,
  noteProbeArrived,
  PROBE_LIFETIME_MS,
  purgeProbes,
  type NewProbe,
} from '../../src/lib/store/probes.ts'
import {lockPortal} from '../../src/lib/store/portals.ts'
import {NOW} from '../support/portal.ts'
import {addForward} from '../support/probes.ts'
import {startDesk} from '../support/seed.ts'
import {STORES, type StoreKind} from '../support/stores.ts'

const after = (ms: number) => new Date(Date.parse(NOW) + ms).toISOString()
const DAY_MS = 24 * 60 * 60 * 1000

const bounce: ProbeSighting = {
  kind: 'bounced',
  at: after(1000),
  source: {id: 1, kind: 'pipe'},
  place: 'report',
  recipients: [],
}

async function startProbes(t: TestContext, kind: StoreKind) {
  const {store, portal} = await startDesk(t, kind)
  await addForward({store, portal})
  const channel = (await findChannel(store.db, portal.id, 'sales@shop.example'))!
  const add = (nonceHash: string, more: Partial<NewProbe> = {}) =>
    store.transaction(async (tx) => {
      await lockPortal(tx, portal.id)
      const messageId = `probe.${nonceHash}@acme.example`
      const probe = {channelId: channel.id, kind: 'forwarding', nonceHash, sentTo: channel.address, messageId} as const
      return insertProbe(tx, portal.id, {...probe, sentAt: NOW, ...more})
    })
  const byId = async (id: number) => (await findProbesById(store.db, store.dialect, portal.id, [id])).get(id)
  return {store, portal, channel, add, byId}
}

for (const kind of STORES)
  describe(`probes on ${kind}`, () => {
    test('are found by their ids, their channel, and the hash of their nonce', async (t) => {
      const {store, portal, channel, add, byId} = await startProbes(t, kind)
      const first = await add('aa')
      const second = await add('bb', {kind: 'plus-addressing', sentTo: 'sales+x@shop.example'})
      assert.deepEqual(await byId(first), {
        id: first,
        channelId: channel.id,
        kind: 'forwarding',
        nonceHash: 'aa',
        sentTo: 'sales@shop.example',
        messageId: 'probe.aa@acme.example',
        sentAt: NOW,
        expiresAt: after(PROBE_LIFETIME_MS),
        arrivedAt: null,
        sightings: [],
      })
      const ids = (probes: readonly {id: number}[]) => probes.map(({id}) => id)
      assert.deepEqual(ids(await findProbes(store.db, portal.id, channel.id)), [second, first], 'the newest first')
      assert.deepEqual(ids(await findProbesByHash(store.db, store.dialect, portal.id, ['bb', 'cc'])), [second])
      assert.deepEqual(await findProbesByHash(store.db, store.dialect, portal.id + 1, ['bb']), [])
      await assert.rejects(add('aa'), 'no two of a portal have the same nonce')
    })

    test('keep what was seen of them: the first says when they arrived, and five are enough', async (t) => {
      const {store, portal, add, byId} = await startProbes(t, kind)
      const id = await add('aa')
      const note = (sighting: ProbeSighting) => store.transaction((tx) => noteProbeArrived(tx, portal.id, id, sighting))
      await note(bounce)
      // What stands in a header: NUL, half a character, a quote.
      const arrived: ProbeSighting = {
        kind: 'arrived',
        at: after(2000),
        source: {id: 1, kind: 'imap'},
        place: 'header',
        match: {match: null, why: 'no "header" names a recipient'},
        envelope: null,
        messageId: 'x\0\ud800@y',
        from: [{name: '\u{1F600}', address: 'sales@shop.example'}],
        replyTo: [],
        fields: [{name: 'x-odd', value: '\u0001\t\\'}],
        authentication: null,
      }
      await note(arrived)
      const probe = await byId(id)
      assert.deepEqual([probe?.arrivedAt, probe?.sightings], [after(1000), [bounce, arrived]])
      for (let more = 0; more < 10; more++) await note({...bounce, at: after(10_000)})
      assert.deepEqual([(await byId(id))?.sightings.length, (await byId(id))?.arrivedAt], [5, after(1000)])
      await store.transaction((tx) => noteProbeArrived(tx, portal.id, id + 1, bounce))
    })

    test('go a week after they have ended, when another one is sent; and with their channel', async (t) => {
      const {store, portal, channel, add, byId} = await startProbes(t, kind)
      const id = await add('aa')
      await add('bb', {sentAt: after(7 * DAY_MS + PROBE_LIFETIME_MS)})
      assert.notEqual(await byId(id), undefined)
      await add('cc', {sentAt: after(7 * DAY_MS + PROBE_LIFETIME_MS + 1)})
      assert.equal(await byId(id), undefined)
      assert.equal(await store.transaction((tx) => purgeProbes(tx, portal.id, after(100 * DAY_MS))), 2)
      await add('dd')
      await store.transaction((tx) => deleteChannel(tx, channel))
      assert.deepEqual(await findProbes(store.db, portal.id, channel.id), [])
    })
  })

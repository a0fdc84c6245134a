import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {silent} from '../src/lib/log.ts'
import {measureBudget, purgeQuarantine, type PurgeOptions} from '../src/lib/quarantine-purge.ts'
import {resolveSelection} from '../src/lib/quarantine-selection.ts'
import {describeQuarantined, pageOfQuarantine} from '../src/lib/quarantine-summary.ts'
import {NOW} from './support/portal.ts'
import {ageQuarantine, handIn, strays, withhold} from './support/quarantined.ts'
import {customerMail, startDesk, type Desk} from './support/seed.ts'
import {STORES} from './support/stores.ts'

const DAY_MS = 24 * 3_600_000

const purge = ({store, portal}: Desk, options: Partial<PurgeOptions> = {}) =>
  purgeQuarantine({store, portal, now: NOW, log: silent, ...options})

const all = ({store, portal}: Desk) =>
  store.db.selectFrom('quarantine').selectAll().where('portal_id', '=', portal.id).orderBy('id').execute()

const rawIds = async ({store, portal}: Desk) => {
  const rows = await store.db.selectFrom('raw').select('id').where('portal_id', '=', portal.id).orderBy('id').execute()
  return rows.map(({id}) => id)
}

for (const kind of STORES)
  describe(`purging the quarantine on ${kind}`, () => {
    test('a mail whose days are over keeps its header, its row and its place in the ledger', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(3, {'X-Trace': 'kept'}, `${'secret '.repeat(100_000)}\n`))
      const [old, alsoOld, young] = (await all(desk)).map(({id}) => id)
      await ageQuarantine(desk.store, 31, [old!, alsoOld!])
      await ageQuarantine(desk.store, 29, [young!])
      assert.deepEqual(await purge(desk), {expired: 2, overBudget: 0})
      const rows = await all(desk)
      assert.deepEqual(
        rows.map((row) => [row.id, row.raw_id === null, row.purged_at]),
        [
          [old, true, NOW],
          [alsoOld, true, NOW],
          [young, false, null],
        ],
      )
      assert.deepEqual(await rawIds(desk), [rows[2]!.raw_id])
      const header = Buffer.from(rows[0]!.header!).toString()
      assert.match(header, /^From: Jane Doe .*X-Trace: kept\r\n\r\n$/s)
      assert.equal(rows[0]!.size, rows[2]!.size, 'how large it was is still told')
      const items = await desk.store.db.selectFrom('source_item').select('state').execute()
      assert.deepEqual(
        items.map(({state}) => state),
        ['quarantined', 'quarantined', 'quarantined'],
      )
      assert.deepEqual(await purge(desk), {expired: 0, overBudget: 0}, 'once')
    })

    test('a purged mail is counted apart, listed when asked for, shown with its header, and not tried again', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(2, {'X-Trace': 'kept'}))
      const id = (await all(desk))[0]!.id
      await ageQuarantine(desk.store, 31, [id])
      await purge(desk)
      const page = (purged: boolean) => pageOfQuarantine(desk.store, desk.portal, {purged}, {limit: 5})
      const waiting = await page(false)
      assert.deepEqual([waiting.items.length, waiting.counts], [1, {'unknown-recipient': 1}])
      assert.deepEqual([waiting.purged, waiting.purgedByReason], [1, {'unknown-recipient': 1}])
      assert.deepEqual(
        (await page(true)).items.map((item) => [item.id, item.purgedAt]),
        [[id, NOW]],
      )
      const {details, problem} = await describeQuarantined(desk.store, desk.portal, id)
      assert.deepEqual(
        [details.kept, details.purgedAt, details.keptUntil, details.text, problem],
        ['header', NOW, null, null, null],
      )
      assert.ok(details.headers.some(({name, value}) => name === 'x-trace' && value === 'kept'))
      const request = (ids: readonly number[]) =>
        resolveSelection(desk.store, desk.portal, {ids}, {now: NOW, whole: true})
      await assert.rejects(request([id]), {code: 'QUARANTINED_MAIL_PURGED', exitCode: 65})
      await assert.rejects(request([9999]), {code: 'QUARANTINED_MAIL_NOT_FOUND', exitCode: 67})
    })

    test('what waits for a switch or a repair is never purged, and does not count for the room', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.store.db.updateTable('channel').set({deactivated_at: NOW}).execute()
      await desk.deliver([customerMail(), customerMail()])
      for (const reason of ['needs-queue', 'parse-failed', 'oversized', 'poison', 'not-storable'])
        await withhold(desk, reason, null)
      await ageQuarantine(desk.store, 3650)
      assert.deepEqual(await measureBudget(desk.store, desk.portal.id), {mails: 0, bytes: 0})
      assert.deepEqual(await purge(desk, {budget: {mails: 0, bytes: 0}}), {expired: 0, overBudget: 0})
      assert.equal((await all(desk)).filter((row) => row.purged_at !== null).length, 0)
    })

    test('where there is too much the oldest make room, and the newest stays however large it is', async (t) => {
      const desk = await startDesk(t, kind)
      const size = (await measured(desk, strays(6))) / 6
      const ids = (await all(desk)).map(({id}) => id)
      const waiting = async () => (await all(desk)).filter((row) => row.purged_at === null).map(({id}) => id)
      assert.deepEqual(await purge(desk, {budget: {mails: 4, bytes: 1e9}}), {expired: 0, overBudget: 2})
      assert.deepEqual(await waiting(), ids.slice(2))
      assert.deepEqual(await purge(desk, {budget: {mails: 10, bytes: Math.ceil(size * 2.5)}}), {
        expired: 0,
        overBudget: 2,
      })
      assert.deepEqual(await waiting(), ids.slice(4))
      assert.deepEqual(await purge(desk, {budget: {mails: 0, bytes: 0}}), {expired: 0, overBudget: 1})
      assert.deepEqual(await waiting(), ids.slice(5))
      // One at a time, as beside a delivery.
      await desk.deliver(strays(3))
      assert.deepEqual(await purge(desk, {budget: {mails: 1, bytes: 1e9}, limit: 2}), {expired: 0, overBudget: 2})
      assert.equal((await waiting()).length, 2)
    })

    test('bytes that another mail or a ticket is made of stay', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support', 'sales']})
      const [twice] = strays(1)
      const both = customerMail({To: 'support@acme.example'})
      await handIn(desk, 'nobody@acme.example', [both])
      await handIn(desk, 'support@acme.example', [both])
      await desk.deliver([twice!, twice!])
      const before = await rawIds(desk)
      const [first, second, third] = await all(desk)
      assert.equal(second!.raw_id, third!.raw_id)
      await ageQuarantine(desk.store, 31, [first!.id, second!.id])
      assert.deepEqual(await purge(desk), {expired: 2, overBudget: 0})
      assert.deepEqual(await rawIds(desk), before)
      await ageQuarantine(desk.store, 31, [third!.id])
      await purge(desk)
      assert.deepEqual(
        await rawIds(desk),
        before.filter((id) => id !== second!.raw_id),
      )
    })

    test('a damaged mail is purged too, without its header', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver(strays(1))
      await desk.store.db
        .updateTable('raw_chunk')
        .set({encoding: 'zstd', data: Buffer.from('none')})
        .execute()
      const said: string[] = []
      const later = new Date(Date.parse(NOW) + 31 * DAY_MS).toISOString()
      const report = await purge(desk, {now: later, log: (what) => said.push(what)})
      assert.deepEqual(report, {expired: 1, overBudget: 0})
      assert.deepEqual(said, ['header not kept', 'quarantine purged'])
      const [row] = await all(desk)
      assert.deepEqual([row!.header, row!.raw_id, row!.purged_at], [null, null, later])
    })

    test('of another portal is left alone', async (t) => {
      const acme = await startDesk(t, kind)
      const other = await startDesk(t, kind, {key: 'other', domain: 'other.example'}, acme)
      await acme.deliver(strays(2))
      await ageQuarantine(acme.store, 31)
      assert.deepEqual(await purge(other, {budget: {mails: 0, bytes: 0}}), {expired: 0, overBudget: 0})
      assert.equal((await all(acme)).filter((row) => row.purged_at === null).length, 2)
    })
  })

/** Delivers mails, and gives their bytes together. */
async function measured(desk: Desk, mails: readonly Buffer[]): Promise<number> {
  await desk.deliver(mails)
  return mails.reduce((sum, {length}) => sum + length, 0)
}

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {describeQuarantined, pageOfQuarantine} from '../../src/lib/quarantine-summary.ts'
import {QUARANTINE_REASONS} from '../../src/lib/intake/facts.ts'
import {countByChannel} from '../../src/lib/store/quarantine.ts'
import {findChannel} from '../../src/lib/store/channels.ts'
import {withhold} from '../support/quarantined.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {NOW} from '../support/portal.ts'
import {STORES} from '../support/stores.ts'

for (const kind of STORES)
  describe(`the quarantine on ${kind}`, () => {
    test('is listed page by page, by reason and with counts', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver([...Array.from({length: 5}, () => customerMail({To: 'unknown@acme.example'})), customerMail()])
      await withhold(desk, 'poison', null)
      const seen: number[] = []
      let next: string | null = null
      do {
        const below = next === null ? {} : {below: Number(next)}
        const page = await pageOfQuarantine(desk.store, desk.portal, {}, {limit: 2, ...below})
        seen.push(...page.items.map(({id}) => id))
        assert.deepEqual(page.counts['poison'], 1)
        next = page.next
        await desk.deliver([customerMail({To: 'unknown@acme.example'})])
      } while (next !== null)
      assert.deepEqual([seen.length, new Set(seen).size], [6, 6], 'what came meanwhile is on no later page')
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => b - a),
      )
      const {items, counts, purged} = await pageOfQuarantine(
        desk.store,
        desk.portal,
        {reasons: ['poison']},
        {limit: 10},
      )
      assert.deepEqual(
        items.map(({reason, why, size, source}) => [reason, why, size, source]),
        [['poison', 'as the test says', 300_000_000, `pipe:${desk.portal.id}`]],
      )
      assert.deepEqual([counts, purged], [{poison: 1, 'unknown-recipient': 8}, 0])
    })

    test('shows the header of a mail that is kept whole, in part, or not at all', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver([
        customerMail({To: 'unknown@acme.example', Subject: 'Big', 'X-Trace': 'yes'}, 'x'.repeat(3_000_000)),
      ])
      const {id} = (await pageOfQuarantine(desk.store, desk.portal, {}, {limit: 1})).items[0]!
      const show = async (id: number) => (await describeQuarantined(desk.store, desk.portal, id)).details
      const whole = await show(id)
      assert.deepEqual(
        [whole.kept, whole.subject, whole.from, whole.to, whole.headers.at(-1)],
        [
          'whole',
          'Big',
          'Jane Doe <jane@example.com>',
          [{name: '', address: 'unknown@acme.example'}],
          {name: 'x-trace', value: 'yes'},
        ],
      )
      assert.match(whole.why, /unknown@acme\.example/)
      const part = await show(await withhold(desk, 'oversized', 'Subject: Huge\r\nFrom: a@b.example\r\nX-Cut: he'))
      assert.deepEqual([part.kept, part.headers[0]], ['header', {name: 'subject', value: 'Huge'}])
      assert.match(JSON.stringify(part.fixes), /--max-message-size 300000000/)
      const nothing = await show(await withhold(desk, 'poison', null))
      assert.deepEqual([nothing.kept, nothing.headers], ['nothing', []])
      await assert.rejects(show(999), {code: 'QUARANTINED_MAIL_NOT_FOUND', exitCode: 67})
    })

    test('says for every reason what to do', async (t) => {
      const desk = await startDesk(t, kind)
      for (const reason of QUARANTINE_REASONS) {
        const id = await withhold(desk, reason, null)
        const {fixes} = (await describeQuarantined(desk.store, desk.portal, id)).details
        assert.ok(
          fixes.some(({command}) => command?.includes('--portal acme') ?? true),
          reason,
        )
      }
    })

    test('names the address that a mail waits for, and counts what waits for it', async (t) => {
      const desk = await startDesk(t, kind, {addresses: ['support', 'sales']})
      const channel = (await findChannel(desk.store.db, desk.portal.id, 'sales@acme.example'))!
      await desk.store.db.updateTable('channel').set({deactivated_at: NOW}).where('id', '=', channel.id).execute()
      await desk.deliver([
        customerMail({To: 'sales@acme.example'}),
        customerMail({To: 'sales@acme.example'}),
        customerMail({To: 'unknown@acme.example'}),
      ])
      const {items} = await pageOfQuarantine(desk.store, desk.portal, {reasons: ['channel-inactive']}, {limit: 5})
      assert.deepEqual(
        items.map((item) => item.channel),
        ['sales@acme.example', 'sales@acme.example'],
      )
      assert.deepEqual(
        await countByChannel(desk.store.db, desk.portal.id),
        new Map<number | null, object>([
          [null, {quarantined: 1, waiting: 0}],
          [channel.id, {quarantined: 2, waiting: 2}],
        ]),
      )
      const {fixes} = (await describeQuarantined(desk.store, desk.portal, items[0]!.id)).details
      assert.match(fixes[0]!.command!, /email update sales@acme\.example --active/)
    })

    test('of another portal is not seen', async (t) => {
      const acme = await startDesk(t, kind)
      const other = await startDesk(t, kind, {key: 'other', domain: 'other.example'}, acme)
      const id = await withhold(acme, 'poison', null)
      assert.deepEqual((await pageOfQuarantine(other.store, other.portal, {}, {limit: 5})).items, [])
      await assert.rejects(describeQuarantined(other.store, other.portal, id), {exitCode: 67})
    })
  })

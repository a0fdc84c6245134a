import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {dropQuarantined, measureDrop, type DroppedItem} from '../src/lib/quarantine-drop.ts'
import type {QuarantineSelection} from '../src/lib/store/quarantine.ts'
import {ledgerOf, putSource} from '../src/lib/store/sources.ts'
import {NOW} from './support/portal.ts'
import {ageQuarantine, handIn, strays} from './support/quarantined.ts'
import {customerMail, startDesk, type Desk} from './support/seed.ts'
import {STORES} from './support/stores.ts'

async function drop({store, portal}: Desk, selection: QuarantineSelection): Promise<DroppedItem[]> {
  const dropped: DroppedItem[] = []
  for await (const batch of dropQuarantined({store, portal, selection})) dropped.push(...batch)
  return dropped
}

const count = async ({store}: Desk, table: 'quarantine' | 'raw' | 'raw_chunk') =>
  (await store.db.selectFrom(table).select('portal_id').execute()).length

for (const kind of STORES)
  describe(`dropping quarantined mail on ${kind}`, () => {
    test('many go in batches, with their bytes, and the ledger remembers each', async (t) => {
      const desk = await startDesk(t, kind)
      await desk.deliver([...strays(250), customerMail()])
      const {store, portal} = desk
      const selection = {reasons: ['unknown-recipient']}
      assert.equal((await measureDrop(store, portal, selection)).mails, 250)
      const dropped = await drop(desk, selection)
      assert.deepEqual([dropped.length, new Set(dropped.map(({id}) => id)).size], [250, 250])
      assert.deepEqual([await count(desk, 'quarantine'), await count(desk, 'raw')], [0, 1])
      const states = await store.db.selectFrom('source_item').select('state').execute()
      assert.deepEqual(
        [states.filter(({state}) => state === 'dropped').length, states.filter(({state}) => state === 'stored').length],
        [250, 1],
      )
      assert.deepEqual(await drop(desk, selection), [])
    })

    test('what the server withholds is asked for no more, and stays settled', async (t) => {
      const desk = await startDesk(t, kind)
      const {store, portal} = desk
      const row = await store.transaction((tx) =>
        putSource(tx, portal.id, {kind: 'imap', identity: 'imap:withheld', config: '{}'}, NOW),
      )
      const item = {portal_id: portal.id, source_id: row.id, epoch: '7', item_key: '0000000001'}
      await store.db
        .insertInto('source_item')
        .values({...item, state: 'poison', effect: 'none', attempts: 1, next_try_at: NOW, received_at: NOW})
        .execute()
      await store.db
        .insertInto('quarantine')
        .values({
          ...item,
          id: 900,
          reason: 'poison',
          detail: 'NO [SERVERBUG]',
          from_text: '',
          subject: '',
          size: 0,
          received_at: NOW,
          created_at: NOW,
        })
        .execute()
      const ledger = ledgerOf(store, row)
      assert.deepEqual(await ledger.due('7'), ['0000000001'])
      assert.deepEqual(await drop(desk, {ids: [900]}), [{id: 900, reason: 'poison'}])
      assert.deepEqual(await ledger.due('7'), [])
      assert.deepEqual(await ledger.settled('7', ''), new Set(['0000000001']))
    })

    test('bytes that a ticket or another quarantined mail is made of stay', async (t) => {
      const desk = await startDesk(t, kind)
      const [both, twice] = [customerMail(), customerMail()]
      await handIn(desk, 'nobody@acme.example', [both, twice])
      await handIn(desk, 'gone@acme.example', [twice])
      await handIn(desk, 'support@acme.example', [both])
      const rows = await desk.store.db.selectFrom('quarantine').selectAll().orderBy('id').execute()
      await drop(desk, {ids: [rows[0]!.id, rows[1]!.id]})
      assert.equal(await count(desk, 'raw'), 2)
      await drop(desk, {ids: [rows[2]!.id]})
      assert.equal(await count(desk, 'raw'), 1)
      assert.equal(await count(desk, 'raw_chunk'), 1)
    })

    test('age and purge choose, and another portal is left alone', async (t) => {
      const acme = await startDesk(t, kind)
      const other = await startDesk(t, kind, {key: 'other', domain: 'other.example'}, acme)
      await acme.deliver(strays(3))
      const ids = (await acme.store.db.selectFrom('quarantine').select('id').orderBy('id').execute()).map(({id}) => id)
      await ageQuarantine(acme.store, 10, ids.slice(0, 1))
      await acme.store.db.updateTable('quarantine').set({purged_at: NOW}).where('id', '=', ids[1]!).execute()
      assert.deepEqual(await drop(other, {ids}), [])
      const before = new Date(Date.parse(NOW) - 1000).toISOString()
      assert.deepEqual(
        (await drop(acme, {before})).map(({id}) => id),
        ids.slice(0, 1),
      )
      assert.deepEqual(
        (await drop(acme, {purged: true})).map(({id}) => id),
        ids.slice(1, 2),
      )
      assert.equal(await count(acme, 'quarantine'), 1)
    })
  })

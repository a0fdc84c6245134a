/** What becomes of quarantined mail from one `email sync` to the next. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {deliverToMaildir, makeMaildir} from '../support/maildir.ts'
import {ageQuarantine, strays} from '../support/quarantined.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk} from '../support/sync-desk.ts'

for (const kind of STORES) {
  test(`${kind}: what was dropped is not fetched again`, async (t) => {
    const path = await makeMaildir(t)
    for (const mail of strays(3)) await deliverToMaildir(path, mail)
    const desk = await startSyncDesk(t, kind)
    await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path])
    assert.equal((await desk.sync()).result.totals.quarantined, 3)
    const {items} = (await desk.json(['quarantine', 'list'])).result
    const dropped = await desk.json(['quarantine', 'drop', String(items[0].id), String(items[2].id), '--yes'])
    assert.equal(dropped.result.dropped.length, 2)
    assert.equal((await desk.sync()).result.totals.seen, 0)
    assert.deepEqual([await desk.count('quarantine'), await desk.count('raw')], [1, 1])
    const shown = await desk.json(['quarantine', 'show', String(items[1].id)])
    assert.match(shown.result.text, /^Hello/)
  })

  test(`${kind}: a sync ends what strangers sent long ago, says so, and does not fetch it again`, async (t) => {
    const path = await makeMaildir(t)
    for (const mail of strays(4)) await deliverToMaildir(path, mail)
    const desk = await startSyncDesk(t, kind)
    await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path])
    const first = await desk.sync()
    assert.deepEqual([first.result.totals.quarantined, first.result.totals.purged], [4, 0])
    const {items} = (await desk.json(['quarantine', 'list'])).result
    await ageQuarantine(
      desk.store,
      0,
      items.slice(1).map(({id}: {id: number}) => id),
    )
    const dry = await desk.sync('--dry-run')
    assert.deepEqual([dry.result.totals.purged, (await desk.json(['quarantine', 'list'])).result.purged], [0, 0])
    const next = await desk.sync()
    assert.deepEqual([next.result.totals.seen, next.result.totals.purged, next.result.channels[0].purged], [0, 3, 3])
    assert.match(next.warnings.join(), /^3 quarantined mails were purged/)
    const page = (await desk.json(['quarantine', 'list'])).result
    assert.deepEqual([page.items.length, page.counts, page.purged], [1, {'unknown-recipient': 1}, 3])
    const last = await desk.sync()
    assert.deepEqual([last.result.totals.seen, last.result.totals.purged, last.warnings], [0, 0, []])
    const status = (await desk.json(['email', 'status'])).result
    assert.match(JSON.stringify(status.findings), /1 mail waits in the quarantine: 1 unknown-recipient/)
  })

  test(`${kind}: email status says when the room for what strangers send is nearly full`, async (t) => {
    const path = await makeMaildir(t)
    await deliverToMaildir(path, strays(1)[0]!)
    const desk = await startSyncDesk(t, kind)
    await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path])
    await desk.sync()
    const finding = async () => {
      const {findings} = (await desk.json(['email', 'status'])).result
      return findings.find(({code}: {code: string}) => code === 'QUARANTINE_FULL')
    }
    await desk.store.db.updateTable('quarantine').set({size: 799_000_000}).execute()
    assert.equal(await finding(), undefined)
    await desk.store.db.updateTable('quarantine').set({size: 850_000_000}).execute()
    assert.match((await finding()).text, /85 % of its room/)
  })
}

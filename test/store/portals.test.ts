import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {addPortal} from '../../src/lib/portal.ts'
import {listPortals} from '../../src/lib/store/portals.ts'
import {startStore, STORES} from '../support/stores.ts'

const fields = {
  key: 'acme',
  domain: 'acme.example',
  name: 'Acme',
  timezone: 'UTC',
  locale: 'en',
  max_message_size: 1000,
}
const now = '2026-01-01T00:00:00.000Z'

for (const kind of STORES)
  describe(`portals on ${kind}`, () => {
    test('are added once; the same one again is no change where that is allowed', async (t) => {
      const store = await startStore(t, kind)
      assert.equal((await addPortal(store, fields, {ifNotExists: false, now})).changed, true)
      assert.equal((await addPortal(store, fields, {ifNotExists: true, now})).changed, false)
      await assert.rejects(addPortal(store, {...fields, name: 'Other'}, {ifNotExists: true, now}), {
        code: 'PORTAL_EXISTS',
        exitCode: 73,
      })
      await assert.rejects(addPortal(store, {...fields, key: 'other'}, {ifNotExists: false, now}), {
        code: 'DOMAIN_EXISTS',
      })
      assert.deepEqual(
        (await listPortals(store.db)).map((row) => row.key),
        ['acme'],
      )
    })
  })

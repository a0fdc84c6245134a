import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {Finding} from '../../src/lib/channel/stage.ts'
import {lookAtClock, WRITTEN_AFTER} from '../../src/lib/doctor/clock.ts'
import {updatePortal} from '../../src/lib/store/portals.ts'
import {startDesk} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

const told = (finding: Finding) => `${finding.status}${'problem' in finding ? ` ${finding.problem.title}` : ''}`
const clockAt = (ms: number) => ({now: () => new Date(ms).toISOString()})

test('a clock before the program was written is wrong, and one of today is not', async () => {
  const before = await lookAtClock(clockAt(Date.parse(WRITTEN_AFTER) - 1), null)
  assert.ok(before.status === 'fail' && before.problem.exitCode === 78)
  assert.equal((await lookAtClock(clockAt(Date.now()), null)).status, 'pass')
  assert.ok(Date.parse(WRITTEN_AFTER) < Date.now())
})

for (const kind of STORES)
  describe(`a clock beside a store on ${kind}`, () => {
    test('that holds instants to come is behind, or another was ahead', async (t) => {
      const {store, portal} = await startDesk(t, kind)
      assert.equal(told(await lookAtClock(clockAt(Date.now()), store)), 'pass')
      const later = new Date(Date.now() + 10 * 60_000).toISOString()
      await updatePortal(store.db, portal.id, {name: 'Acme'}, later)
      assert.equal(
        told(await lookAtClock(clockAt(Date.now()), store)),
        `warn The store holds an instant that is to come: ${later}`,
      )
    })

    if (kind === 'postgres')
      test('is compared with that of the database', async (t) => {
        const {store} = await startDesk(t, kind)
        const at = async (offset: number) =>
          told(await lookAtClock({now: () => new Date(Date.now() + offset).toISOString()}, store))
        assert.equal(await at(0), 'pass')
        assert.match(await at(60_000), /^warn The clock of this machine is (59|60) s ahead of that of the database$/)
        assert.match(await at(-60_000), /^warn The clock of this machine is (60|61) s behind that of the database$/)
        assert.match(await at(600_000), /^fail The clock of this machine is (599|600) s ahead of/)
      })
  })

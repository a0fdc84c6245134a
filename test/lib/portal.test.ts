import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {addInternalAddress, updateInternalAddress} from '../../src/lib/internal-address.ts'
import {addPortal, removePortal, updatePortal} from '../../src/lib/portal.ts'
import {findChannel} from '../../src/lib/store/channels.ts'
import {findPortal, listPortals} from '../../src/lib/store/portals.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {NOW, seedPortal} from '../support/portal.ts'
import {startStore, STORES} from '../support/stores.ts'

const once = {ifNotExists: false, now: NOW}

for (const kind of STORES)
  describe(`portals on ${kind}`, () => {
    test('an added portal compares only what the command line says', async (t) => {
      const store = await startStore(t, kind)
      const fields = {key: 'acme', domain: 'acme.example'}
      await addPortal(store, fields, once)
      await updatePortal(store, (await findPortal(store.db, 'acme'))!, {name: 'Acme GmbH'}, NOW)
      const again = await addPortal(store, fields, {ifNotExists: true, now: NOW})
      assert.deepEqual([again.changed, again.portal.name], [false, 'Acme GmbH'])
      await assert.rejects(addPortal(store, {...fields, name: 'Acme'}, {ifNotExists: true, now: NOW}), {
        code: 'PORTAL_EXISTS',
        why: 'with another name',
      })
    })

    test('a bad value leaves nothing behind', async (t) => {
      const store = await startStore(t, kind)
      for (const [field, value] of Object.entries({
        key: 'Acme Support',
        domain: 'acme',
        name: 'two\nlines',
        timezone: 'Mars/Olympus',
        locale: 'x',
        max_message_size: 1,
      }))
        await assert.rejects(addPortal(store, {key: 'acme', domain: 'acme.example', [field]: value}, once), {
          exitCode: 64,
        })
      assert.deepEqual(await listPortals(store.db), [])
    })

    test('portals added at once get one domain between them', async (t) => {
      const store = await startStore(t, kind)
      const results = await Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((key) => addPortal(store, {key, domain: 'acme.example'}, once)),
      )
      assert.equal(results.filter(({status}) => status === 'fulfilled').length, 1)
      for (const result of results)
        if (result.status === 'rejected') assert.equal((result.reason as {code?: string}).code, 'DOMAIN_EXISTS')
    })

    test('a new domain moves the internal addresses, and the old ones stay aliases', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store, {addresses: ['support', 'Info']})
      const beta = await seedPortal(store, {key: 'beta', domain: 'beta.example'})
      const {moved} = await updatePortal(store, portal, {domain: 'help.example'}, NOW)
      assert.deepEqual(moved, [
        {from: 'Info@acme.example', to: 'Info@help.example'},
        {from: 'support@acme.example', to: 'support@help.example'},
      ])
      for (const address of ['support@help.example', 'support@acme.example'])
        assert.equal((await findChannel(store.db, portal.id, address))?.address, 'support@help.example')
      assert.equal((await findChannel(store.db, beta.id, 'support@beta.example'))?.address, 'support@beta.example')
      await assert.rejects(updatePortal(store, portal, {domain: 'beta.example'}, NOW), {code: 'DOMAIN_EXISTS'})
      // And back again, over its own aliases.
      assert.equal((await updatePortal(store, portal, {domain: 'acme.example'}, NOW)).moved.length, 2)
      assert.equal((await updatePortal(store, portal, {domain: 'acme.example'}, NOW)).changed, false)
    })

    test('a new domain where an alias of another address is in the way changes nothing', async (t) => {
      const store = await startStore(t, kind)
      const portal = await seedPortal(store)
      // support@acme.example becomes an alias of help@, then the portal leaves acme.example and makes a new support@.
      await updateInternalAddress(store, portal, 'support', {address: 'help'}, NOW)
      await updatePortal(store, portal, {domain: 'help.example'}, NOW)
      await addInternalAddress(store, portal, 'support', {name: 'S', queue: 'support'}, once)
      await assert.rejects(updatePortal(store, portal, {domain: 'acme.example'}, NOW), {
        code: 'ADDRESS_EXISTS',
        exitCode: 73,
      })
      assert.equal((await findPortal(store.db, 'acme'))?.domain, 'help.example')
      assert.equal((await findChannel(store.db, portal.id, 'help@help.example'))?.address, 'help@help.example')
    })

    test('a removed portal leaves the others and their mail alone', async (t) => {
      const acme = await startDesk(t, kind, {agents: {'ann@acme.example': true}})
      const beta = await startDesk(
        t,
        kind,
        {key: 'beta', domain: 'beta.example', agents: {'bob@x.example': true}},
        acme,
      )
      await acme.deliver([customerMail(), customerMail({To: 'nobody@acme.example'})])
      await beta.deliver([customerMail({To: 'support@beta.example'})])
      await removePortal(acme.store, acme.portal)
      const count = async (table: 'ticket' | 'message' | 'quarantine' | 'agent' | 'channel' | 'raw') =>
        (await acme.store.db.selectFrom(table).select('portal_id').execute()).map((row) => row.portal_id)
      const {id} = beta.portal
      assert.deepEqual(
        await Promise.all([count('ticket'), count('message'), count('agent'), count('channel'), count('raw')]),
        [[id], [id], [id], [id], [id]],
      )
      assert.deepEqual(await count('quarantine'), [])
    })
  })

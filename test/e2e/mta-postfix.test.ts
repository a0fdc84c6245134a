/** Loads and outages that Postfix rides out for `email deliver`. */
import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {openStore} from '../../src/lib/store/open.ts'
import {parseStoreUrl} from '../../src/lib/store/location.ts'
import {openToMailUser, sendMail, startBehind, uniqueMail} from '../support/mta.ts'
import {seedPortal} from '../support/portal.ts'
import {postfixMissing, startPostfix} from '../support/postfix.ts'
import {emptyStoreUrl, freePort, STORES} from '../support/stores.ts'

const MAILS = 30
const LARGE_BYTES = 20 * 1024 * 1024

describe('behind Postfix', {skip: postfixMissing()}, () => {
  for (const kind of STORES) {
    test(`many mails at once all arrive, each once, in ${kind}`, async (t) => {
      const {mta, subjects, submit} = await startBehind(t, startPostfix, kind)
      const sent = Array.from({length: MAILS}, (_, index) => `mail ${String(index).padStart(2, '0')}`)
      await Promise.all(sent.map((subject) => submit(subject)))
      assert.deepEqual(await mta.settled(), [])
      assert.deepEqual(await subjects(), sent)
      assert.equal((await mta.log()).split('status=sent').length - 1, MAILS, 'none was put off')
    })

    test(`a large mail arrives whole in ${kind}`, async (t) => {
      const {mta, store} = await startBehind(t, startPostfix, kind)
      const data = uniqueMail('large', LARGE_BYTES)
      await sendMail(mta.port, {from: 'jane@example.com', to: ['support@acme.example'], data})
      assert.deepEqual(await mta.settled(), [])
      const message = await store.db.selectFrom('message').selectAll().executeTakeFirstOrThrow()
      assert.equal(message.subject, 'large')
      const raw = await store.db.selectFrom('raw').select('size').executeTakeFirstOrThrow()
      // Postfix hands lines over with LF, adds Received, and counts nothing else.
      const lines = data.filter((byte) => byte === 0x0a).length
      assert.ok(raw.size > data.length - lines && raw.size < data.length - lines + 1000, `${raw.size} bytes`)
    })
  }

  test('while PostgreSQL is down mail waits, and arrives once', async (t) => {
    const {mta, subjects, submit, installed, storeFlags} = await startBehind(t, startPostfix, 'postgres')
    const nobodyThere = storeFlags.replace(/:\d+\//, `:${await freePort()}/`)
    assert.notEqual(nobodyThere, storeFlags)
    await installed.useStore(nobodyThere)
    await submit('waits 1')
    await submit('waits 2')
    for (const {reason} of await mta.settled()) assert.match(reason, /^temporary failure\s*$/)
    assert.equal((await mta.queue()).length, 2)
    await mta.flush()
    assert.equal((await mta.settled()).length, 2, 'still down')
    await installed.useStore(storeFlags)
    await mta.flush()
    assert.deepEqual(await mta.settled(), [])
    assert.deepEqual(await subjects(), ['waits 1', 'waits 2'])
    assert.deepEqual(await mta.bounces(), [])
  })

  test('until a PostgreSQL store is migrated and has a portal mail waits', async (t) => {
    const {mta, submit, installed} = await startBehind(t, startPostfix)
    const url = await emptyStoreUrl(t, 'postgres')
    await installed.useStore(await openToMailUser(t, url))
    await submit('early')
    assert.equal((await mta.settled()).length, 1)
    const store = await openStore(parseStoreUrl(url, {onCommandLine: false}), {schema: 'migrate'})
    t.after(() => store.close())
    await mta.flush()
    assert.equal((await mta.settled()).length, 1, 'there is no portal yet')
    await seedPortal(store)
    await mta.flush()
    assert.deepEqual(await mta.settled(), [])
    const messages = await store.db.selectFrom('message').select('subject').execute()
    assert.deepEqual(messages, [{subject: 'early'}])
    assert.deepEqual(await mta.bounces(), [])
  })
})

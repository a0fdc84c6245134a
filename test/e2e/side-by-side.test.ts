/** One sync and many deliveries on one SQLite file at once: all done, none starved, the lease kept alive. */
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {test} from 'node:test'
import {openStore} from '../../src/lib/store/open.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {GENERATED_ADDRESSES, writeMaildir} from '../support/mail-generator.ts'
import {mail} from '../support/portal.ts'
import {passwordEnv, provision} from '../support/provision.ts'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

const DELIVERIES = 20

test('twenty deliveries beside a sync all commit', {skip: dovecotMissing()}, async (t) => {
  const server = await startDovecot(t)
  await writeMaildir(server.mailDirectory, 4000, {owner: server.owner})
  const home = await temporaryHome(t)
  await provision({home, addresses: GENERATED_ADDRESSES, mailbox: server})
  const store = await openStore({kind: 'sqlite', path: join(home, 'data/postdesk.sqlite')})
  t.after(() => store.close())

  const leases: number[] = []
  const watching = setInterval(() => {
    void store.db
      .selectFrom('source')
      .select('lease_until')
      .where('kind', '=', 'imap')
      .executeTakeFirst()
      .then((row) => row?.lease_until && leases.push(Date.parse(row.lease_until) - Date.now()))
  }, 200)
  t.after(() => clearInterval(watching))

  const sync = postdeskJson(['email', 'sync'], {home, env: passwordEnv(server)})
  const deliveries = Array.from({length: DELIVERIES}, async (_, index) => {
    const started = performance.now()
    const address = GENERATED_ADDRESSES[0]!
    const {code, stdout} = await postdesk(
      ['email', 'deliver', `--recipient=${address}@acme.example`, '--sender=jane@example.com'],
      {
        home,
        input: mail({
          From: 'jane@example.com',
          To: `${address}@acme.example`,
          Subject: `Piped ${index}`,
          'Message-ID': `<piped-${index}@example.com>`,
        }),
      },
    )
    return {code, stdout, ms: performance.now() - started}
  })
  const done = await Promise.all(deliveries)
  const report = await sync
  assert.deepEqual([report.exitCode, report.result.totals.seen], [0, 4000], JSON.stringify(report.error))
  assert.deepEqual(
    done.map(({code, stdout}) => [code, stdout]),
    done.map(() => [0, '']),
  )
  const piped = await store.db.selectFrom('ticket').select('number').where('subject', 'like', 'Piped %').execute()
  assert.equal(piped.length, DELIVERIES)
  const numbers = await store.db.selectFrom('ticket').select('number').distinct().execute()
  assert.equal(numbers.length, report.result.totals.created + DELIVERIES)
  assert.ok(leases.length > 0 && Math.min(...leases) > 0, 'the lease ran out while its owner lived')
  t.diagnostic(
    `slowest delivery ${Math.round(Math.max(...done.map(({ms}) => ms)))} ms; least left of the lease ${Math.min(...leases)} ms`,
  )
})

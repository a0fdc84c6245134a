/** The built program killed at random moments: every message once, little fetched again, nobody waits for the dead. */
import assert from 'node:assert/strict'
import {setTimeout as sleep} from 'node:timers/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {openStore} from '../../src/lib/store/open.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {startImapProxy} from '../support/imap-proxy.ts'
import {GENERATED_ADDRESSES, outlineMail, writeMaildir} from '../support/mail-generator.ts'
import {passwordEnv, provision} from '../support/provision.ts'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'

const MESSAGES = Number(process.env['POSTDESK_CRASH_MESSAGES'] ?? 5000)
const KILLS = Number(process.env['POSTDESK_CRASH_KILLS'] ?? 50)
const SEED = 20260301

test('SIGKILL at random moments of a sync loses nothing and doubles nothing', {skip: dovecotMissing()}, async (t) => {
  const server = await startDovecot(t)
  await writeMaildir(server.mailDirectory, MESSAGES, {seed: SEED, owner: server.owner})
  const proxy = await startImapProxy(t, server.port)
  const mailbox = {port: proxy.port, user: server.user, password: server.password}
  const home = await temporaryHome(t)
  await provision({home, addresses: GENERATED_ADDRESSES, mailbox})
  const options = {home, env: passwordEnv(mailbox)}

  const random = mulberry32(SEED)
  let killedAtWork = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const before = proxy.commands.length
    const killer = new AbortController()
    const running = postdesk(['email', 'sync', '--json'], {...options, signal: killer.signal})
    const fetching = () => proxy.commands.slice(before).some((command) => command.includes('BODY.PEEK[]'))
    // Mostly while messages are fetched, parsed and committed; every fifth anywhere from the start of the process on.
    if (kill % 5 === 0) await sleep(random() * 800)
    else {
      const ended = running.then(() => true)
      while (!fetching() && !(await Promise.race([ended, sleep(5, false)]))) {} // oxlint-disable-line no-empty
      await sleep(random() * 150)
    }
    killer.abort()
    const {code} = await running
    assert.notEqual(code, 75, 'the lease of a killed process is taken over at once')
    if (fetching()) killedAtWork++
  }
  const last = await postdeskJson(['email', 'sync'], options)
  assert.equal(last.exitCode, 0, JSON.stringify(last.error))

  const store = await openStore({kind: 'sqlite', path: join(home, 'data/postdesk.sqlite')})
  t.after(() => store.close())
  const count = async (table: 'message' | 'source_item' | 'ticket' | 'raw' | 'quarantine') =>
    (
      await store.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  const outlines = Array.from({length: MESSAGES}, (_, index) => outlineMail(index, {seed: SEED}))
  assert.deepEqual(
    {
      messages: await count('message'),
      items: await count('source_item'),
      raws: await count('raw'),
      quarantined: await count('quarantine'),
    },
    {messages: MESSAGES, items: MESSAGES, raws: MESSAGES, quarantined: 0},
  )
  assert.equal(await count('ticket'), outlines.filter((outline) => outline.parent === null).length)
  const ids = await store.db.selectFrom('message').select('header_id').distinct().execute()
  assert.equal(ids.length, MESSAGES)
  assert.equal(await damage(home), null)

  const fetched = proxy.commands.reduce((sum, command) => sum + uidsAskedFor(command), 0)
  t.diagnostic(
    `${KILLS} kills, ${killedAtWork} while fetching; ${fetched - MESSAGES} of ${MESSAGES} messages fetched again`,
  )
  assert.ok(killedAtWork > 0, 'no kill came while messages were fetched: the test shows nothing')
  assert.ok(fetched - MESSAGES <= killedAtWork * 3 * 200, `${fetched - MESSAGES} messages were fetched again`)
  const idle = proxy.commands.length
  assert.equal((await postdeskJson(['email', 'sync'], options)).result.totals.seen, 0)
  assert.deepEqual(
    proxy.commands.slice(idle).filter((command) => /^(STATUS|SELECT|EXAMINE|UID)/.test(command)).length,
    1,
    'an idle sync asks once',
  )
})

/** How many messages a command asks to be sent whole. */
function uidsAskedFor(command: string): number {
  const set = /^UID FETCH (\S+) .*BODY\.PEEK\[\]/.exec(command)?.[1]
  if (set === undefined) return 0
  return set.split(',').reduce((sum, range) => {
    const [first, last = first] = range.split(':').map(Number)
    return sum + last! - first! + 1
  }, 0)
}

/** What `store check` finds; null for nothing. */
async function damage(home: string): Promise<unknown> {
  const check = await postdeskJson(['store', 'check', '--full'], {home})
  return check.ok ? null : check
}

/** A small seeded generator, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** `email sync` that watches, is stopped, or is killed between its commit and what it then does on the server. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {startImapProxy} from '../support/imap-proxy.ts'
import {makeMessage} from '../support/maildir.ts'
import {mail} from '../support/portal.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk, type SyncDesk, until} from '../support/sync-desk.ts'

const skip = dovecotMissing()

/** Seconds that a new mail may take to become a ticket while a sync watches. */
const NEWS_SECONDS = 5

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`--watch takes what arrives later, and ends on ${signal} with a report of all of it`, {skip}, async (t) => {
    const server = await startDovecot(t)
    await server.fill(3)
    const desk = await startSyncDesk(t, 'sqlite')
    await desk.setImap(server)
    const json = signal === 'SIGTERM'
    const running = desk.start(['email', 'sync', '--watch', ...(json ? ['--json'] : [])])
    await until(async () => (await desk.count('ticket')) === 3)
    for (const number of [4, 5]) {
      await server.append(makeMessage(number))
      await until(async () => (await desk.count('ticket')) === number, NEWS_SECONDS)
    }
    // Waiting again: stopped while it idles, not while it works.
    await sleep(500)
    const began = performance.now()
    running.kill(signal)
    const {code, stdout, stderr} = await running.ended
    assert.ok(performance.now() - began < 2000, 'it did not end within 2 s')
    assert.equal(code, signal === 'SIGINT' ? 130 : 143, stderr)
    if (json) {
      const {ok, error, result} = JSON.parse(stdout)
      assert.deepEqual([ok, error.code], [false, 'INTERRUPTED'])
      assert.deepEqual([result.totals.seen, result.totals.created], [5, 5])
      assert.equal(result.channels[0].byAddress['help@acme.example'].created, 5)
      assert.equal(result.channels[0].cursorBefore, null)
    } else {
      assert.match(stdout, /^✓ inbound: 5 messages \(5 new tickets\)/)
      assert.match(stderr, /✓ inbound: 1 message \(1 new tickets?\)/)
      assert.match(stderr, /INTERRUPTED/)
    }
    assert.equal((await desk.sync()).exitCode, 0, 'the lease is free again')
  })

test('--watch survives a server that goes away, and ends with 130 also while it waits for it', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.fill(2)
  const desk = await startSyncDesk(t, 'sqlite')
  const proxy = await startImapProxy(t, server.port)
  await desk.setImap(proxy)
  const running = desk.start(['email', 'sync', '--watch'])
  await until(async () => (await desk.count('ticket')) === 2)
  await proxy.stop()
  await until(() => /TCP|lost|refuses/i.test(running.stderr()), 20)
  running.kill('SIGINT')
  const {code, stdout} = await running.ended
  assert.equal(code, 130)
  assert.match(stdout, /2 messages \(2 new tickets\)/)
})

test('SIGINT in the middle of a first sync ends within 2 s, and the next run takes the rest', {skip}, async (t) => {
  const MESSAGES = 3000
  const server = await startDovecot(t)
  await server.fill(MESSAGES)
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  for (const after of [200, 1000]) {
    const running = desk.start(['email', 'sync', '--json'])
    const before = await desk.count('message')
    await until(async () => (await desk.count('message')) >= before + after, 30)
    const began = performance.now()
    running.kill('SIGINT')
    const {code, stdout} = await running.ended
    const ms = performance.now() - began
    assert.ok(ms < 2000, `it took ${Math.round(ms)} ms`)
    assert.equal(code, 130)
    const {result, error} = JSON.parse(stdout)
    assert.equal(error.code, 'INTERRUPTED')
    assert.equal(result.totals.created, (await desk.count('message')) - before, 'the report tells what was committed')
  }
  const rest = await desk.sync()
  assert.deepEqual([rest.exitCode, rest.result.totals.duplicates], [0, 0])
  assert.deepEqual([await desk.count('ticket'), await desk.count('source_item')], [MESSAGES, MESSAGES])
  assert.equal(new Set(await desk.subjects()).size, MESSAGES)
})

interface Kept {
  readonly seen: number
  readonly left: number
  readonly moved: number
}

for (const kind of STORES)
  test(
    `${kind}: killed between the commit and the command that marks or moves, the next run does it`,
    {skip},
    async (t) => {
      const server = await startDovecot(t)
      await server.withMailbox((client) => client.mailboxCreate('Done'))
      await server.fill(4)
      // Kept whole in the quarantine; its place on the server is left like that of the others.
      await server.deliver(mail({From: 'a@b.example', To: 'nobody@acme.example', Subject: 'Stray'}))
      // Only its header is kept: it stays where it is.
      await server.deliver(makeMessage(6, 40_000))
      const look = async (): Promise<Kept> => {
        const inbox = await server.withMailbox(async (client) => ({
          seen: ((await client.search({seen: true})) || []).length,
          left: ((await client.search({all: true})) || []).length,
        }))
        return {
          ...inbox,
          moved: await server.withMailbox(async ({mailbox}) => (mailbox === false ? 0 : mailbox.exists), 'Done'),
        }
      }
      const desk = await startSyncDesk(t, kind, {maxMessageSize: 20_000})
      const killedAt = async (command: RegExp, ...flags: string[]) => {
        let hold = true
        const proxy = await startImapProxy(t, server.port, {
          before: (sent) => (hold && command.test(sent) ? new Promise(() => {}) : undefined),
        })
        await desk.setImap(proxy, ...flags)
        const running = desk.start(['email', 'sync'])
        await until(() => proxy.commands.some((sent) => command.test(sent)))
        running.kill('SIGKILL')
        await running.ended
        hold = false
      }

      await killedAt(/^UID STORE/, '--mark-seen')
      assert.deepEqual([await desk.count('ticket'), await desk.count('quarantine')], [4, 2])
      assert.deepEqual(await look(), {seen: 0, left: 6, moved: 0})
      await works(desk, 0)
      assert.deepEqual(await look(), {seen: 5, left: 6, moved: 0})

      await killedAt(/^UID MOVE/, '--mark-seen', '--move-to', 'Done')
      assert.deepEqual(await look(), {seen: 5, left: 6, moved: 0})
      await works(desk, 0)
      assert.deepEqual(await look(), {seen: 0, left: 1, moved: 5})
      assert.equal(await desk.count('ticket'), 4)
      await server.fill(1, {first: 7})
      await works(desk, 1)
      assert.deepEqual(await look(), {seen: 0, left: 1, moved: 6})
    },
  )

async function works(desk: SyncDesk, created: number): Promise<void> {
  const envelope = await desk.sync()
  assert.deepEqual([envelope.exitCode, envelope.result.totals.created], [0, created], JSON.stringify(envelope))
}

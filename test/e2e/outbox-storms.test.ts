/** The built program while a server, or its own disk, refuses for a while: nothing lost, nothing twice, nobody pestered. */
import assert from 'node:assert/strict'
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {statSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {describe, test, type TestContext} from 'node:test'
import {sql} from 'kysely'
import {AUTH, startOutboxProgram, timesTaken, type OutboxProgram} from '../support/outbox-program.ts'
import {ROOT} from '../support/run-postdesk.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'
import {startSmtpSink, type SmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'

const REPLIES = 300
/** How many connections the program opens to one server. */
const CONNECTIONS = 16
/** How many messages in a row may fail for the same reason before the server is left alone. */
const PATIENCE = 3

/** How many messages are in each state. */
async function countStates(program: OutboxProgram): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries(Object.entries(await program.states()).map(([state, of]) => [state, of!.length]))
}

/** Sends what is left to a server that is well again; then each message that is not unknown was taken once in all. */
async function allLeaveOnce(program: OutboxProgram, taken: () => readonly {readonly raw: Buffer}[]): Promise<void> {
  const unknown = new Set((await program.states())['unknown']?.map(({messageId}) => messageId))
  await program.hurry()
  await program.run(0, ['outbox', 'send', '--json'])
  const {sent = [], unknown: stillUnknown = [], ...others} = await program.states()
  assert.deepEqual(others, {})
  assert.equal(sent.length + stillUnknown.length, REPLIES)
  const times = timesTaken(taken())
  for (const {messageId} of sent) assert.equal(times.get(messageId), 1)
  for (const {messageId} of stillUnknown) assert.ok((times.get(messageId) ?? 0) <= 1)
  for (const {messageId} of sent) assert.ok(!unknown.has(messageId), 'what is unknown is not sent again by itself')
}

for (const kind of STORES)
  describe(`a storm on ${kind}`, () => {
    test('every recipient is refused for now: each is tried once, and again when its time has come', async (t) => {
      const recipients = {refused: true, tried: 0}
      const sink = await startSmtpSink(t, {
        auth: AUTH,
        server: {
          onRcptTo(_address, _session, done) {
            recipients.tried++
            done(recipients.refused ? Object.assign(new Error('4.7.1 try again later'), {responseCode: 451}) : null)
          },
        },
      })
      const program = await startOutboxProgram(t, kind, sink, REPLIES)
      const logins = sink.connections()
      const watching = program.start(['outbox', 'send', '--watch'])
      for (const until = Date.now() + 30_000; recipients.tried < REPLIES && Date.now() < until;) await sleep(20)
      await sleep(3500) // three further rounds of the watch, at least
      watching.kill('SIGTERM')
      await watching.ended
      assert.equal(recipients.tried, REPLIES)
      assert.ok(sink.connections() - logins <= CONNECTIONS, `${sink.connections() - logins} connections`)
      assert.deepEqual(await countStates(program), {queued: REPLIES})

      await program.hurry()
      await program.run(0, ['outbox', 'send', '--json'])
      assert.equal(recipients.tried, 2 * REPLIES)
      assert.deepEqual(await countStates(program), {queued: REPLIES})
      recipients.refused = false
      await allLeaveOnce(program, () => sink.mails)
      assert.equal(sink.mails.length, REPLIES)
    })

    test('a server that lets nobody in is knocked at once, and left alone for a while', async (t) => {
      const server = await startScriptedSmtp(t)
      const program = await startOutboxProgram(t, kind, server, REPLIES)
      const before = server.connections()
      server.script = {
        greeting({reply, hangUp}) {
          reply('421 4.3.2 too busy')
          hangUp()
        },
      }
      const watching = program.start(['outbox', 'send', '--watch'])
      for (const until = Date.now() + 30_000; server.connections() === before && Date.now() < until;) await sleep(20)
      await sleep(3500) // three further rounds of the watch, at least
      watching.kill('SIGTERM')
      await watching.ended
      assert.equal(server.connections() - before, 1)
      assert.deepEqual(await countStates(program), {queued: REPLIES})
      server.script = {}
      await allLeaveOnce(program, () => server.messages.map((raw) => ({raw})))
      assert.equal(server.messages.length, REPLIES)
    })

    test('a server that closes at DATA gets nothing; it is asked a few times, and everything leaves later', async (t) => {
      const server = await startScriptedSmtp(t)
      const program = await startOutboxProgram(t, kind, server, REPLIES)
      const before = server.connections()
      server.script = {DATA: ({hangUp}) => hangUp()}
      await program.run(75, ['outbox', 'send', '--json'])
      assert.ok(server.connections() - before <= PATIENCE + 2 * CONNECTIONS, `${server.connections()} connections`)
      assert.deepEqual(await countStates(program), {queued: REPLIES})
      server.script = {}
      await allLeaveOnce(program, () => server.messages.map((raw) => ({raw})))
      assert.equal(server.messages.length, REPLIES)
    })

    test('a server that closes after the final dot leaves a few unknown, and nothing arrives twice', async (t) => {
      const server = await startScriptedSmtp(t)
      const program = await startOutboxProgram(t, kind, server, REPLIES)
      server.script = {message: ({hangUp}) => hangUp()}
      await program.run(75, ['outbox', 'send', '--json'])
      const {unknown = 0, queued = 0, ...others} = await countStates(program)
      assert.deepEqual(others, {})
      assert.equal(unknown + queued, REPLIES)
      assert.equal(unknown, server.messages.length)
      assert.ok(unknown <= PATIENCE + CONNECTIONS, `${unknown} are unknown`)
      server.script = {}
      await allLeaveOnce(program, () => server.messages.map((raw) => ({raw})))
      assert.equal(server.messages.length, REPLIES)
    })
  })

// The limit of a process for the size of its files (RLIMIT_FSIZE) is a full disk to SQLite, and can be raised from outside.
const limits = process.platform === 'linux' && spawnSync('sh', ['-c', 'prlimit --version']).status === 0

describe('a disk that is full while mail is sent', {skip: limits ? false : 'prlimit is not installed'}, () => {
  test('keeps what servers have answered as soon as there is room', async (t) => {
    const {program, sink, pid, ended} = await sendOntoFullDisk(t)
    spawnSync('sh', ['-c', `prlimit --pid ${pid} --fsize=unlimited`])
    const {code, stdout} = await ended
    assert.equal(code, 75)
    assert.match(stdout, /"code": "STORE_FULL"/)
    assert.deepEqual(Object.keys(await program.states()).toSorted(), ['queued', 'sent'], 'nothing is unknown')
    await allLeaveOnce(program, () => sink.mails)
    assert.equal(sink.mails.length, REPLIES)
  })

  test('and a kill before there is room leave unknown what was on its way; the rest leaves once', async (t) => {
    const {program, sink, pid, ended} = await sendOntoFullDisk(t)
    process.kill(pid, 'SIGKILL')
    await ended
    await allLeaveOnce(program, () => sink.mails)
    const {unknown = 0, ...others} = await countStates(program)
    assert.deepEqual(others, {sent: REPLIES - unknown})
    assert.ok(unknown <= CONNECTIONS, `${unknown} are unknown`)
  })
})

/** How large the log of the store may become, in blocks of `ulimit -f`: some dozens of the messages are sent until then. */
const BLOCKS = 800

/** Has the program send until its store can write no more. */
async function sendOntoFullDisk(t: TestContext): Promise<{
  readonly program: OutboxProgram
  readonly sink: SmtpSink
  readonly pid: number
  readonly ended: Promise<{readonly code: number | null; readonly stdout: string}>
}> {
  const sink = await startSmtpSink(t, {auth: AUTH})
  const program = await startOutboxProgram(t, 'sqlite', sink, REPLIES)
  // What is written from here on is all that its log has.
  await sql`pragma wal_checkpoint(truncate)`.execute(program.store.db)
  const words = [process.execPath, join(ROOT, 'bin/run.js'), 'outbox', 'send', '--json'].map((word) => `'${word}'`)
  const child = spawn('sh', ['-c', `ulimit -S -f ${BLOCKS}; exec ${words.join(' ')}`], {
    env: {...process.env, ...program.env, POSTDESK_HOME: program.home},
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const ended = once(child, 'close').then(([code]) => ({code: code as number | null, stdout}))
  // Full, and nothing has left for a while.
  const log = `${program.store.url.replace('sqlite:', '')}-wal`
  let mails = -1
  for (const until = Date.now() + 30_000; Date.now() < until; await sleep(500)) {
    if (mails > 0 && mails === sink.mails.length && statSync(log).size > 0) break
    mails = sink.mails.length
  }
  assert.ok(mails > 0 && mails < REPLIES, `${mails} mails were sent until the disk was full`)
  return {program, sink, pid: child.pid!, ended}
}

/** The built program killed at random moments while it sends: every mail once, or unknown, and none forgotten. */
import assert from 'node:assert/strict'
import {setTimeout as sleep} from 'node:timers/promises'
import {test} from 'node:test'
import {AUTH, startOutboxProgram, timesTaken, type Queued} from '../support/outbox-program.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {STORES} from '../support/stores.ts'

const SEED = 20260301

/** PostgreSQL is killed less often: what is written and when is the same code. */
const AMOUNT = {sqlite: {replies: 500, kills: 50}, postgres: {replies: 120, kills: 12}}

/** Most mails, in one run, before it is killed: with those that are on their way then, all runs find something to do. */
const MOST_MAILS = 4
/** Most milliseconds from there to the kill: about as long as it takes to send a mail and to write down what became of it. */
const MOST_MS = 12
/** Every fifth kill comes at any moment of the process within so many milliseconds, from before it can do anything. */
const ANY_MS = 900
/** Most milliseconds that the server thinks about a recipient, so that connections do not go in step. */
const THINKING_MS = 30

for (const kind of STORES)
  test(`SIGKILL at random moments of sending loses nothing and sends nothing twice, on ${kind}`, async (t) => {
    const {replies, kills} = AMOUNT[kind]
    const random = mulberry32(SEED)
    /** Connections that were greeted: over others nothing can be sent. */
    const open = new Set<string>()
    let connections = 0
    const sink = await startSmtpSink(t, {
      auth: AUTH,
      server: {
        onRcptTo: (_address, _session, done) => void setTimeout(done, random() * THINKING_MS),
        onConnect({id}, done) {
          open.add(id)
          connections++
          done()
        },
        onClose: ({id}) => void open.delete(id),
      },
    })
    const program = await startOutboxProgram(t, kind, sink, replies)

    let [openAtKills, killedAtWork] = [0, 0]
    for (let kill = 0; kill < kills; kill++) {
      const running = program.start(['outbox', 'send', '--json'])
      const ended = running.ended.then(() => true)
      const [before, mails] = [connections, sink.mails.length + Math.floor(random() * (MOST_MAILS + 1))]
      const atWork = () => connections > before && sink.mails.length >= mails
      if (kill % 5 === 0) await Promise.race([running.ended, sleep(random() * ANY_MS)])
      else {
        while (!atWork() && !(await Promise.race([ended, sleep(1, false)]))) {} // oxlint-disable-line no-empty
        await sleep(random() * MOST_MS)
      }
      openAtKills += open.size
      if (open.size > 0) killedAtWork++
      running.kill('SIGKILL')
      await running.ended
      while (open.size > 0) await sleep(1)
    }
    // The lease of a killed process is taken over at once, and what it was sending is told.
    await program.run(0, ['outbox', 'send', '--json'])

    const {sent = [], unknown = [], ...others} = await program.states()
    assert.deepEqual(others, {}, 'nothing is left behind')
    const taken = timesTaken(sink.mails)
    const of = ({messageId}: Queued) => taken.get(messageId) ?? 0
    assert.deepEqual(
      sent.filter((message) => of(message) !== 1),
      [],
      'what was sent was taken once',
    )
    assert.deepEqual(
      unknown.filter((message) => of(message) > 1),
      [],
      'nothing was sent twice',
    )
    assert.ok(unknown.length <= openAtKills, `${unknown.length} unknown of ${openAtKills} open connections`)
    const arrived = unknown.filter((message) => of(message) === 1)
    t.diagnostic(
      `${kills} kills, ${killedAtWork} with ${openAtKills} connections open; ${unknown.length} unknown, of which ${arrived.length} had arrived`,
    )
    assert.ok(killedAtWork > kills / 2 && unknown.length > 0, 'too few kills came while mail was sent')

    // By a person's word they are sent again: whoever had got it gets it a second time, and nobody else.
    const ids = unknown.map(({id}) => String(id))
    await program.run(0, ['outbox', 'retry', ...ids])
    await program.run(0, ['outbox', 'send', '--json'])
    assert.deepEqual(Object.keys(await program.states()), ['sent'])
    const after = timesTaken(sink.mails)
    assert.equal(after.size, replies, 'everything arrived')
    assert.deepEqual(
      [...after].flatMap(([id, times]) => (times > 1 ? [`${times} ${id}`] : [])).toSorted(),
      arrived.map(({messageId}) => `2 ${messageId}`).toSorted(),
    )
  })

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

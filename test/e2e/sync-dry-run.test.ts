/** `email sync --dry-run` says what the real run after it does, and writes nothing; `--jsonl` says it a line a message. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {makeMessage} from '../support/maildir.ts'
import {generateMail, outlineMail} from '../support/mail-generator.ts'
import {mail} from '../support/portal.ts'
import {startScriptedImap} from '../support/scripted-imap.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk, until} from '../support/sync-desk.ts'

/** More than three batches, so that several are in flight at once. */
const MESSAGES = 700
/** Taken by a real run before. */
const KNOWN = 60
const MAX_BYTES = 150_000

interface Line {
  readonly address: string
  readonly sourceId: string
  readonly outcome: string
  readonly ticket: number | null
  readonly reason: string
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

for (const kind of STORES)
  test(`${kind}: a dry run tells what the real run does, and writes nothing`, {skip: dovecotMissing()}, async (t) => {
    const server = await startDovecot(t)
    for (let index = 0; index < MESSAGES; index++) {
      const {date} = outlineMail(index)
      await server.deliver(generateMail(index), date)
      if (index % 50 === 0) await server.deliver(generateMail(index), date) // a second copy
      if (index % 70 === 0)
        await server.deliver(mail({From: 'a@b.example', To: 'nobody@acme.example', Subject: `Stray ${index}`}), date)
    }
    const desk = await startSyncDesk(t, kind, {
      agents: {'ann@acme.example': false, 'bob@acme.example': true, 'cy@acme.example': true},
      maxMessageSize: MAX_BYTES,
    })
    await desk.setImap(server)
    await desk.sync('--limit', String(KNOWN))

    const before = await desk.dump()
    const dry = await desk.run(['email', 'sync', '--dry-run', '--jsonl'])
    assert.equal(dry.code, 0, dry.stderr)
    assert.deepEqual(await desk.dump(), before)
    const inJson = await desk.sync('--dry-run')
    assert.deepEqual(await desk.dump(), before)
    const real = await desk.run(['email', 'sync', '--jsonl'])
    assert.equal(real.code, 0, real.stderr)

    const [told, done] = [linesOf(dry.stdout), linesOf(real.stdout)]
    const fresh = new Set(done.filter(({outcome}) => outcome === 'created').map(({ticket}) => ticket))
    // A ticket that is yet to be made has no number.
    assert.deepEqual(
      told,
      done.map((line) => ({...line, ticket: fresh.has(line.ticket) ? null : line.ticket})),
    )
    const counts = Object.groupBy(done, ({outcome}) => outcome)
    for (const outcome of ['created', 'appended', 'duplicate', 'quarantined'])
      assert.ok((counts[outcome]?.length ?? 0) > 5, `${outcome} is not tried`)
    assert.ok(done.some(({reason}) => reason.startsWith('oversized')))
    assert.ok(
      done.some((line) => line.outcome === 'appended' && fresh.has(line.ticket)),
      'no answer within the run',
    )
    assert.ok(
      done.some((line) => line.outcome === 'appended' && !fresh.has(line.ticket)),
      'no answer to a known mail',
    )
    const {totals, dryRun} = inJson.result
    assert.equal(dryRun, true)
    assert.deepEqual(
      [totals.seen, totals.created, totals.appended, totals.duplicates, totals.quarantined],
      [done.length, ...['created', 'appended', 'duplicate', 'quarantined'].map((outcome) => counts[outcome]?.length)],
    )
  })

test('--jsonl prints each line when its mail is in, and nothing else on standard output', async (t) => {
  const messages = Array.from({length: 250}, (_, index) => ({uid: index + 1, bytes: makeMessage(index + 1, 500)}))
  const server = await startScriptedImap(t, messages)
  let release = () => {}
  server.script.set('UID FETCH', (exchange) => {
    const second = exchange.args.includes('BODY.PEEK[]') && exchange.asked().some(({uid}) => uid > 200)
    if (second) release = () => exchange.usual()
    else exchange.usual()
  })
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.setImap(server)
  const running = desk.start(['email', 'sync', '--jsonl'])
  await until(() => linesOf(running.stdout()).length === 200)
  assert.equal(await desk.count('message'), 200)
  release()
  const {code, stdout, stderr} = await running.ended
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(linesOf(stdout).length, 250)
  for (const line of linesOf(stdout))
    assert.deepEqual(Object.keys(line), ['address', 'sourceId', 'outcome', 'ticket', 'reason'])
  const nothing = await desk.run(['email', 'sync', '--jsonl'])
  assert.deepEqual([nothing.code, nothing.stdout], [0, ''])
  server.state.password = 'another'
  const failed = await desk.run(['email', 'sync', '--jsonl'])
  assert.deepEqual([failed.code, failed.stdout], [24, ''])
  assert.match(failed.stderr, /DOVECOT_LOGIN_REFUSED/)
})

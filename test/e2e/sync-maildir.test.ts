/** `email sync` of a Maildir of this machine, while other programs work in it. */
import assert from 'node:assert/strict'
import {readdir, rename} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {deliverToMaildir, makeMaildir, makeMessage} from '../support/maildir.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk, until} from '../support/sync-desk.ts'

const MESSAGES = 300

/** Every file of a Maildir with its directory. */
async function filesOf(path: string): Promise<string[]> {
  const files: string[] = []
  for (const directory of ['cur', 'new', 'tmp'])
    for (const name of await readdir(join(path, directory))) files.push(`${directory}/${name}`)
  return files.sort()
}

for (const kind of STORES)
  test(`${kind}: a Maildir is taken once, whatever another program moves in it`, async (t) => {
    const path = await makeMaildir(t)
    const names: string[] = []
    for (let number = 1; number <= MESSAGES; number++)
      names.push(
        number % 3 === 0
          ? await deliverToMaildir(path, makeMessage(number), {directory: 'cur', info: ':2,S'})
          : await deliverToMaildir(path, makeMessage(number)),
      )
    const desk = await startSyncDesk(t, kind)
    const set = await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path])
    assert.equal(set.code, 0, set.stderr)
    const before = await filesOf(path)
    const first = await desk.sync()
    assert.deepEqual([first.exitCode, first.result.totals.created], [0, MESSAGES], JSON.stringify(first.error))
    assert.equal(new Set(await desk.subjects()).size, MESSAGES)
    assert.deepEqual(await filesOf(path), before, 'nothing is altered unasked')
    assert.equal((await desk.sync()).result.totals.seen, 0)

    // A mail program reads one, answers another, and throws one away.
    await rename(join(path, 'new', names[0]!), join(path, 'cur', `${names[0]}:2,S`))
    await rename(join(path, 'cur', `${names[2]}:2,S`), join(path, 'cur', `${names[2]}:2,RS`))
    await rename(join(path, 'new', names[3]!), join(path, 'cur', `${names[3]}:2,T`))
    await deliverToMaildir(path, makeMessage(MESSAGES + 1))
    const next = await desk.sync()
    assert.deepEqual([next.result.totals.seen, next.result.totals.created], [1, 1])
    assert.equal(await desk.count('ticket'), MESSAGES + 1)
  })

test('--mark-seen moves what was taken to cur, and --watch takes what arrives later', async (t) => {
  const path = await makeMaildir(t)
  for (const number of [1, 2]) await deliverToMaildir(path, makeMessage(number))
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path, '--mark-seen'])
  const running = desk.start(['email', 'sync', '--watch'])
  await until(async () => (await desk.count('ticket')) === 2)
  await deliverToMaildir(path, makeMessage(3))
  await until(async () => (await desk.count('ticket')) === 3, 5)
  await until(async () => (await filesOf(path)).every((file) => /^cur\/.*:2,S$/.test(file)))
  running.kill('SIGINT')
  assert.equal((await running.ended).code, 130)
  assert.equal((await desk.sync()).result.totals.seen, 0)
})

test('a Maildir that is gone is 66, and what it held comes once it is back', async (t) => {
  const path = await makeMaildir(t)
  await deliverToMaildir(path, makeMessage(1))
  const desk = await startSyncDesk(t, 'sqlite')
  await desk.run(['portal', 'inbound', 'set', 'maildir', '--path', path])
  await rename(join(path, 'new'), join(path, 'elsewhere'))
  const {code, stderr} = await desk.run(['email', 'sync'])
  assert.equal(code, 66)
  assert.match(stderr, /MAILDIR_MISSING/)
  await rename(join(path, 'elsewhere'), join(path, 'new'))
  assert.equal((await desk.sync()).result.totals.created, 1)
})

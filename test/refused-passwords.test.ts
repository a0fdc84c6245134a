import assert from 'node:assert/strict'
import {fork} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdir, readFile, stat, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {openRefusedPasswords, REFUSED_PASSWORDS_FILE, type KnownLogin} from '../src/lib/refused-passwords.ts'
import {Secret} from '../src/lib/secret/secret.ts'
import {NOW} from './support/portal.ts'
import {temporaryHome} from './support/run-postdesk.ts'

const PASSWORD = 'correct horse battery staple'
const login = (fields: Partial<Omit<KnownLogin, 'password'>> & {readonly password?: string} = {}): KnownLogin => ({
  host: 'smtp.acme.example',
  port: 587,
  user: 'help@acme.example',
  ...fields,
  password: new Secret(fields.password ?? PASSWORD),
})

/** A memory in a directory of its own, and its clock. */
async function startMemory(t: TestContext) {
  const directory = join(await temporaryHome(t), 'state')
  const clock = {time: Date.parse(NOW), now: () => new Date(clock.time).toISOString()}
  const said: string[] = []
  const open = () =>
    openRefusedPasswords(directory, clock, (event, details) => said.push(`${event}: ${String(details?.['why'])}`))
  return {directory, file: join(directory, REFUSED_PASSWORDS_FILE), clock, said, open, memory: open()}
}

test('a password that was refused is known for 15 minutes, to every program of the machine', async (t) => {
  const {memory, open, clock} = await startMemory(t)
  assert.equal(await memory.recall(login()), null)
  await memory.remember(login())
  assert.deepEqual(await open().recall(login()), {at: NOW})
  clock.time += 15 * 60_000 - 1
  assert.deepEqual(await open().recall(login()), {at: NOW})
  clock.time += 1
  assert.equal(await open().recall(login()), null)
})

test('another password, user, host or port was not refused', async (t) => {
  const {memory} = await startMemory(t)
  await memory.remember(login())
  for (const other of [
    {password: 'another'},
    {user: 'sales@acme.example'},
    {host: 'mail.acme.example'},
    {port: 465},
  ] as const)
    assert.equal(await memory.recall(login(other)), null, JSON.stringify(other))
  assert.notEqual(await memory.recall(login({host: 'SMTP.acme.example'})), null, 'names have no upper and lower case')
})

test('after a success it is forgotten, and the others are not', async (t) => {
  const {memory} = await startMemory(t)
  await memory.forget(login())
  await memory.remember(login())
  await memory.remember(login({port: 465}))
  await memory.forget(login())
  assert.equal(await memory.recall(login()), null)
  assert.notEqual(await memory.recall(login({port: 465})), null)
})

test('the file has nothing of the password, the user or the host, and nobody else may read it', async (t) => {
  const {memory, file, directory} = await startMemory(t)
  await memory.remember(login())
  const text = await readFile(file, 'utf8')
  const forms = [
    PASSWORD,
    ...['base64', 'hex', 'base64url'].map((form) => Buffer.from(PASSWORD).toString(form as 'hex')),
  ]
  for (const secret of [...forms, ...PASSWORD.split(' '), 'acme', '587', 'help'])
    assert.ok(!text.includes(secret), `${secret} is in the file`)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal((await stat(directory)).mode & 0o777, 0o700)
})

test('equal logins look different on two machines', async (t) => {
  const hashes = new Set<string>()
  for (const {memory, file} of [await startMemory(t), await startMemory(t)]) {
    await memory.remember(login())
    hashes.add((JSON.parse(await readFile(file, 'utf8')) as {entries: [{hash: string}]}).entries[0].hash)
  }
  assert.equal(hashes.size, 2)
})

test('what is too old is taken out of the file when the memory is asked', async (t) => {
  const {memory, file, clock} = await startMemory(t)
  await memory.remember(login())
  const salt = (await readFile(file, 'utf8')).match(/"salt": "\w+"/)![0]
  clock.time += 60 * 60_000
  assert.equal(await memory.recall(login()), null)
  const text = await readFile(file, 'utf8')
  assert.match(text, /"entries": \[\]/)
  assert.ok(!text.includes(salt), 'the salt of before is gone')
})

test('a refusal of a time to come, when a clock was wrong, does not count', async (t) => {
  const {memory, clock} = await startMemory(t)
  await memory.remember(login())
  clock.time -= 60_000
  assert.equal(await memory.recall(login()), null)
})

test('no more than 200 are kept, the newest', async (t) => {
  const {memory, file} = await startMemory(t)
  await memory.remember(login())
  const memorised = JSON.parse(await readFile(file, 'utf8')) as {entries: {hash: string; at: string}[]}
  memorised.entries.push(...Array.from({length: 250}, (_, n) => ({hash: `${n}`, at: NOW})))
  await writeFile(file, JSON.stringify(memorised))
  await memory.remember(login({port: 465}))
  const {entries} = JSON.parse(await readFile(file, 'utf8')) as typeof memorised
  assert.equal(entries.length, 200)
  assert.equal(await memory.recall(login()), null)
  assert.notEqual(await memory.recall(login({port: 465})), null)
})

for (const [what, content] of [
  ['rubbish', '\u0000\u0001{'],
  ['nothing', ''],
  ['the file of a later version', '{"version": 2, "salt": "00", "entries": [{"a": 1}]}'],
  ['null', 'null'],
  [
    'entries that are none',
    `{"version": 1, "salt": "${'0'.repeat(32)}", "entries": [7, null, {"hash": 1}, {"hash": "a", "at": "soon"}]}`,
  ],
] as const)
  test(`${what} in its place is no obstacle, and is replaced at the next refusal`, async (t) => {
    const {memory, directory, file, said} = await startMemory(t)
    await mkdir(directory, {mode: 0o700})
    await writeFile(file, content, {mode: 0o600})
    assert.equal(await memory.recall(login()), null)
    await memory.forget(login())
    if (what !== 'entries that are none')
      assert.match(said[0]!, /^what was known of refused passwords cannot be read: /)
    await memory.remember(login())
    assert.deepEqual(await memory.recall(login()), {at: NOW})
  })

test('a file that others can write, or a directory that cannot be made, is said and not believed', async (t) => {
  const {memory, file, said} = await startMemory(t)
  await memory.remember(login())
  await chmod(file, 0o666)
  assert.equal(await memory.recall(login()), null)
  await memory.remember(login())
  assert.equal((await stat(file)).mode & 0o777, 0o666, 'it is left as it is')
  assert.equal(said.length, 2)
  assert.match(said[0]!, /open to other users of this machine/)

  const nowhere = openRefusedPasswords('/proc/none/state', {now: () => NOW}, (event) => said.push(event))
  await nowhere.remember(login())
  assert.equal(await nowhere.recall(login()), null)
  assert.equal(said.at(-1), 'refused passwords are not remembered')
})

test('two programs that remember at once lose nothing of each other', async (t) => {
  const {directory, open} = await startMemory(t)
  const programs = [465, 587].map((port) =>
    fork(join(import.meta.dirname, 'support/refused-passwords-worker.ts'), [directory, String(port)]),
  )
  // Both are listened to from the start: who has ended before says it to nobody.
  const ended = await Promise.all(programs.map((program) => once(program, 'exit')))
  assert.deepEqual(ended, [
    [0, null],
    [0, null],
  ])
  for (const port of [465, 587])
    for (const user of ['a', 'b', 'c'])
      assert.notEqual(await open().recall(login({port, user})), null, `${user} at ${port}`)
})

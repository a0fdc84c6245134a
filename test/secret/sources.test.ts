/** Standard input, environment, file and command: where a secret's bytes come from. */
import assert from 'node:assert/strict'
import {execFileSync} from 'node:child_process'
import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {inspect} from 'node:util'
import {PostdeskError} from '../../src/lib/errors.ts'
import {createRedactor} from '../../src/lib/log.ts'
import {readCommandSecret} from '../../src/lib/secret/command.ts'
import {environmentSecrets, readEnvironmentSecret} from '../../src/lib/secret/environment.ts'
import {readSecretFile} from '../../src/lib/secret/file.ts'
import {readSecretStdin} from '../../src/lib/secret/read-secret-stdin.ts'

const failing = (exitCode: number, why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PostdeskError, String(error))
  assert.equal(error.exitCode, exitCode)
  assert.match(error.message, why)
  return true
}

const noWarning = (text: string) => assert.fail(text)

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-secret-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  return directory
}

test('standard input is read to its end, however slow, and loses one line end', async () => {
  async function* slow() {
    yield Buffer.from('pass')
    await sleep(50)
    yield Buffer.from([0xc3])
    await sleep(50)
    yield Buffer.from([0xa4, 0x0d, 0x0a])
  }
  assert.equal((await readSecretStdin('--password-stdin', Readable.from(slow()))).reveal(), 'passä')
  for (const [bytes, value] of [
    ['a\n', 'a'],
    ['a\n\n', 'a\n'],
    ['a\r\n', 'a'],
    ['a\r', 'a\r'],
    [' a \n', ' a '],
    ['a\nb', 'a\nb'],
    ['\uFEFFa\n', 'a'],
    ['-', '-'],
  ] as const)
    assert.equal((await readSecretStdin('--password-stdin', Readable.from([Buffer.from(bytes)]))).reveal(), value)
})

test('standard input that gives no secret is refused', async () => {
  const read = (...chunks: Uint8Array[]) => readSecretStdin('--password-stdin', Readable.from(chunks))
  await assert.rejects(read(), failing(64, /empty/))
  await assert.rejects(read(Buffer.from('\n')), failing(64, /empty/))
  await assert.rejects(read(Buffer.from([0xff, 0xfe, 0x61, 0])), failing(64, /not UTF-8/))
  assert.equal((await read(Buffer.alloc(65_536, 'a'))).reveal().length, 65_536)
  await assert.rejects(read(Buffer.alloc(65_537, 'a')), failing(64, /longer than 64 KiB/))
  async function* endless() {
    for (;;) yield Buffer.alloc(10_000, 'a')
  }
  await assert.rejects(readSecretStdin('--password-stdin', Readable.from(endless())), failing(64, /longer than 64 KiB/))
  const terminal = Object.assign(Readable.from([Buffer.from('a')]), {isTTY: true})
  await assert.rejects(readSecretStdin('--password-stdin', terminal), failing(64, /terminal/))
})

test('standard input gives one secret a run', async () => {
  const input = Readable.from([Buffer.from('a')])
  await readSecretStdin('--password-stdin', input)
  await assert.rejects(readSecretStdin('--client-secret-stdin', input), failing(64, /read already/))
})

test('a variable is taken out of the environment and remembered', () => {
  const env: NodeJS.ProcessEnv = {PASSWORD: 'value', EMPTY: ''}
  const environment = environmentSecrets(env)
  assert.equal(readEnvironmentSecret('PASSWORD', 'acme/x/password', environment).reveal(), 'value')
  assert.deepEqual(Object.keys(env), ['EMPTY'])
  assert.equal(environment('PASSWORD')?.reveal(), 'value')
  assert.throws(
    () => readEnvironmentSecret('EMPTY', 'acme/x/password', environment),
    failing(78, /acme\/x\/password.*variable EMPTY/),
  )
  assert.throws(() => readEnvironmentSecret('NOT_SET', 'acme/x/password', environment), failing(78, /NOT_SET/))
})

test('a file gives its content without one line end', async (t) => {
  const path = join(await temporaryDirectory(t), 'secret')
  await writeFile(path, 'value\n\n', {mode: 0o600})
  assert.equal((await readSecretFile(path, noWarning)).reveal(), 'value\n')
  await chmod(path, 0o444)
  const warnings: string[] = []
  assert.equal((await readSecretFile(path, (text) => warnings.push(text))).reveal(), 'value\n')
  assert.deepEqual(warnings, [`${path} can be read by every user of this machine: chmod 600 '${path}'`])
})

test('a file that gives no secret is refused', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'secret')
  await assert.rejects(readSecretFile(path, noWarning), failing(66, /no such file/))
  await assert.rejects(readSecretFile(directory, noWarning), failing(66, /it is a directory/))
  await writeFile(path, '', {mode: 0o600})
  await assert.rejects(readSecretFile(path, noWarning), failing(65, /empty/))
  await writeFile(path, Buffer.alloc(65_537, 'a'))
  await assert.rejects(readSecretFile(path, noWarning), failing(65, /longer than 64 KiB/))
  await assert.rejects(
    readSecretFile('/dev/zero', () => {}),
    failing(65, /longer than 64 KiB/),
  )
})

test('a named pipe is read as a file', async (t) => {
  const path = join(await temporaryDirectory(t), 'pipe')
  execFileSync('mkfifo', ['-m', '600', path])
  const [secret] = await Promise.all([readSecretFile(path, noWarning), writeFile(path, 'value\n')])
  assert.equal(secret.reveal(), 'value')
})

const command = (argv: readonly [string, ...string[]], timeoutMs = 10_000) => {
  const redactor = createRedactor()
  redactor.register('older-secret')
  return readCommandSecret(argv, {name: 'acme/x/password', env: {PATH: process.env['PATH']}, redactor, timeoutMs})
}

test('a program gives its standard output, and no shell reads its arguments', async () => {
  assert.equal((await command(['printf', '%s\\n\\n', 'va$lue;`id`'])).reveal(), 'va$lue;`id`\n')
  assert.equal((await command(['sh', '-c', 'cat; echo noise >&2; echo value'])).reveal(), 'value')
})

test('a program that fails is named with its exit code and complaint, not with arguments or output', async () => {
  for (const [argv, why] of [
    [
      ['sh', '-c', 'echo hidden-output; echo no older-secret here >&2; echo more >&2; exit 3', 'hidden-argument'],
      /: sh ended with exit code 3: no \[secret\] here$/,
    ],
    [['sh', '-c', 'kill -TERM $$'], /sh was ended by SIGTERM/],
    [['no-such-program-anywhere', 'hidden-argument'], /no-such-program-anywhere is not installed, or not on the PATH/],
    [['/etc/passwd'], /\/etc\/passwd may not be run by this user/],
    [['true'], /true ended well, and what it printed is no secret: it is empty/],
    [['head', '-c', '70000', '/dev/zero'], /head printed more than 64 KiB/],
    [['head', '-c', '65537', '/dev/zero'], /longer than 64 KiB/],
  ] as const)
    await assert.rejects(command(argv), (error: unknown) => {
      assert.ok(!inspect(error, {depth: 9}).includes('hidden'), inspect(error))
      return failing(78, why)(error)
    })
})

test('a program that does not end is ended, also where its child lives on', async () => {
  const before = performance.now()
  await assert.rejects(command(['sh', '-c', 'sleep 20 & wait'], 300), failing(78, /sh gave no answer within 0.3 s/))
  assert.ok(performance.now() - before < 3000)
})

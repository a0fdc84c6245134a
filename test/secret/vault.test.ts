import assert from 'node:assert/strict'
import {execFile, spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {promisify} from 'node:util'
import {Encrypter, generateX25519Identity, identityToRecipient} from 'age-encryption'
import {PostdeskError} from '../../src/lib/errors.ts'
import {createRedactor} from '../../src/lib/log.ts'
import {Secret, type SecretId} from '../../src/lib/secret/secret.ts'
import {openVault} from '../../src/lib/secret/vault.ts'

const ID: SecretId = {store: 'store-1', owner: 'portal-1/channel-1', field: 'password', usedWith: 'host-1'}
const NAME = 'store-1/portal-1/channel-1/password@host-1'

/** Low: these tests are about files. One test measures the real one. */
const SCRYPT_LOG_N = 8

const failing = (exitCode: number, why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PostdeskError, String(error))
  assert.equal(error.exitCode, exitCode)
  assert.match(error.message, why)
  assert.ok(error.fixes.length > 0)
  return true
}

async function temporaryVault(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-vault-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const path = join(directory, 'private', 'vault.age')
  const open = (env: NodeJS.ProcessEnv) =>
    openVault({
      path,
      env: {...env},
      redactor: createRedactor(),
      warn: (text) => assert.fail(text),
      scryptLogN: SCRYPT_LOG_N,
    })
  return {directory, path, open}
}

async function identityFile(directory: string): Promise<NodeJS.ProcessEnv> {
  const path = join(directory, 'vault.key')
  await writeFile(path, `# created: today\n# public key: age1…\n${await generateX25519Identity()}\n`, {mode: 0o600})
  return {POSTDESK_VAULT_IDENTITY_FILE: path}
}

test('keeps, gives back, replaces and deletes a secret', async (t) => {
  const {directory, path, open} = await temporaryVault(t)
  const passphraseFile = join(directory, 'passphrase')
  await writeFile(passphraseFile, 'the passphrase\n', {mode: 0o600})
  for (const env of [{POSTDESK_VAULT_PASSPHRASE: 'the passphrase'}, {POSTDESK_VAULT_PASSPHRASE_FILE: passphraseFile}]) {
    const vault = open(env)
    await vault.probe()
    assert.equal(await vault.get(ID), null)
    await vault.set(ID, new Secret('first'))
    const value = 'pässwörd 🔑 "quoted"\n'
    await vault.set(ID, new Secret(value))
    await vault.set({...ID, field: '__proto__'}, new Secret('own'))
    assert.equal((await open(env).get(ID))?.reveal(), value)
    assert.equal((await open(env).get({...ID, field: '__proto__'}))?.reveal(), 'own')
    assert.equal((await vault.read(NAME))?.reveal(), value)
    assert.equal(await vault.get({...ID, store: 'store-2'}), null)
    assert.equal(await vault.delete(ID), true)
    assert.equal(await vault.delete(ID), false)
    assert.equal(await open(env).get(ID), null)
  }
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await stat(join(path, '..'))).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(join(path, '..')), ['vault.age'])
  assert.ok(!(await readFile(path, 'latin1')).includes('own'))
})

test('the passphrase is taken out of the environment and known to the redactor', async (t) => {
  const {path} = await temporaryVault(t)
  const env: NodeJS.ProcessEnv = {POSTDESK_VAULT_PASSPHRASE: 'the passphrase'}
  const redactor = createRedactor()
  const vault = openVault({path, env, redactor, warn: () => {}, scryptLogN: SCRYPT_LOG_N})
  assert.deepEqual(env, {})
  await vault.set(ID, new Secret('value'))
  assert.equal(redactor.redact('it is the passphrase.'), 'it is [secret].')
})

const ageMissing = spawnSync('age', ['--version']).error !== undefined
if (ageMissing && process.env['POSTDESK_REQUIRE_PEERS'] === '1') throw new Error('age is not installed, and required')
const skip = ageMissing ? 'age is not installed' : false

test('the age tool reads what was written with an identity, and writes what is read', {skip}, async (t) => {
  const {directory, path, open} = await temporaryVault(t)
  const key = join(directory, 'vault.key')
  await promisify(execFile)('age-keygen', ['-o', key])
  const env = {POSTDESK_VAULT_IDENTITY_FILE: key}
  await open(env).set(ID, new Secret('value'))
  const {stdout} = await promisify(execFile)('age', ['-d', '-i', key, path])
  assert.deepEqual(JSON.parse(stdout), {[NAME]: 'value'})

  const plain = join(directory, 'plain.json')
  await writeFile(plain, JSON.stringify({[NAME]: 'from age'}))
  await promisify(execFile)('age', ['-e', '-i', key, '-o', path, plain])
  await chmod(path, 0o600)
  assert.equal((await open(env).get(ID))?.reveal(), 'from age')
})

test('the age tool reads what was written with a passphrase', {skip}, async (t) => {
  const {path, open} = await temporaryVault(t)
  await open({POSTDESK_VAULT_PASSPHRASE: 'the passphrase'}).set(ID, new Secret('value'))
  // age asks on a terminal only; script(1) is one.
  const terminal = spawn('script', ['-qec', `age -d '${path}'`, '/dev/null'], {stdio: ['pipe', 'pipe', 'inherit']})
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    if (/passphrase:\s*$/.test(shown)) terminal.stdin.write('the passphrase\n')
  })
  const [code] = (await once(terminal, 'close')) as [number]
  assert.equal(code, 0, shown)
  assert.match(shown, new RegExp(`"${NAME}": "value"`))
})

test('a wrong key is said to be wrong, and nothing is written', async (t) => {
  const {directory, path, open} = await temporaryVault(t)
  await open({POSTDESK_VAULT_PASSPHRASE: 'right'}).set(ID, new Secret('value'))
  const before = await readFile(path)
  const wrong = open({POSTDESK_VAULT_PASSPHRASE: 'wrong'})
  await assert.rejects(wrong.get(ID), failing(78, /the passphrase is not the one/))
  await assert.rejects(wrong.set(ID, new Secret('other')), failing(78, /the passphrase is not the one/))
  await assert.rejects(wrong.delete(ID), failing(78, /the passphrase is not the one/))
  await assert.rejects(wrong.probe(), failing(78, /the passphrase is not the one/))
  const identity = await identityFile(directory)
  await assert.rejects(open(identity).get(ID), failing(78, /encrypted with a passphrase, and an age identity is given/))
  assert.deepEqual(await readFile(path), before)
  await rm(path)
  await open(identity).set(ID, new Secret('value'))
  const other = await identityFile(directory)
  await assert.rejects(open(other).get(ID), failing(78, /the identity is not the one/))
})

test('without a key, with two keys, or with none in its file, nothing is opened', async (t) => {
  const {directory, open} = await temporaryVault(t)
  await assert.rejects(open({}).get(ID), failing(78, /neither a passphrase nor an age identity/))
  await assert.rejects(open({}).probe(), failing(78, /neither a passphrase nor an age identity/))
  const identity = await identityFile(directory)
  await assert.rejects(
    open({...identity, POSTDESK_VAULT_PASSPHRASE: 'a'}).get(ID),
    failing(78, /POSTDESK_VAULT_PASSPHRASE and POSTDESK_VAULT_IDENTITY_FILE are set/),
  )
  const empty = join(directory, 'empty.key')
  await writeFile(empty, '# nothing\n', {mode: 0o600})
  await assert.rejects(open({POSTDESK_VAULT_IDENTITY_FILE: empty}).get(ID), failing(78, /no age identity/))
})

test('modes that let others in are refused with the command that mends them', async (t) => {
  const {path, open} = await temporaryVault(t)
  const env = {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}
  await open(env).set(ID, new Secret('value'))
  for (const [target, mode, tight] of [
    [path, 0o640, 0o600],
    [path, 0o604, 0o600],
    [join(path, '..'), 0o750, 0o700],
    [join(path, '..'), 0o711, 0o700],
  ] as const) {
    await chmod(target, mode)
    const vault = open(env)
    for (const call of [() => vault.get(ID), () => vault.set(ID, new Secret('other')), () => vault.probe()])
      await assert.rejects(call, (error: unknown) => {
        assert.equal((error as PostdeskError).fixes[0]?.command, `chmod 0${tight.toString(8)} '${target}'`)
        return failing(77, /open to other users/)(error)
      })
    await chmod(target, tight)
  }
  assert.equal((await open(env).get(ID))?.reveal(), 'value')
})

test('a damaged file is refused and kept as it is', async (t) => {
  const {path, open} = await temporaryVault(t)
  const env = {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}
  await open(env).set(ID, new Secret('value'))
  const good = await readFile(path)
  const flipped = Buffer.from(good)
  flipped[good.length - 5]! ^= 1
  for (const bad of [
    Buffer.alloc(0),
    Buffer.from('{}'),
    good.subarray(0, good.length - 1),
    good.subarray(0, 60),
    flipped,
  ]) {
    await writeFile(path, bad)
    await assert.rejects(open(env).get(ID), failing(78, /damaged/))
    await assert.rejects(open(env).set(ID, new Secret('other')), failing(78, /damaged/))
    assert.deepEqual(await readFile(path), bad)
  }
  for (const content of ['[]', 'hidden', '{"a":1}']) {
    const encrypter = new Encrypter()
    encrypter.setPassphrase('a passphrase')
    encrypter.setScryptWorkFactor(SCRYPT_LOG_N)
    await writeFile(path, await encrypter.encrypt(content))
    await assert.rejects(open(env).get(ID), (error: unknown) => {
      assert.ok(!String((error as Error).stack).includes('hidden'))
      return failing(78, /not a JSON object/)(error)
    })
  }
})

test('a vault of several recipients is read, and not rewritten for one', async (t) => {
  const {directory, path, open} = await temporaryVault(t)
  const env = await identityFile(directory)
  const mine = (await readFile(join(directory, 'vault.key'), 'utf8')).split('\n')[2] ?? ''
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(mine))
  encrypter.addRecipient(await identityToRecipient(await generateX25519Identity()))
  await mkdir(join(path, '..'), {mode: 0o700})
  await writeFile(path, await encrypter.encrypt(JSON.stringify({[NAME]: 'shared'})), {mode: 0o600})
  assert.equal((await open(env).get(ID))?.reveal(), 'shared')
  await assert.rejects(open(env).set(ID, new Secret('other')), failing(78, /several recipients/))
  await assert.rejects(open(env).probe(), failing(78, /several recipients/))
  assert.equal((await open(env).get(ID))?.reveal(), 'shared')
})

test('a symbolic link stays one', async (t) => {
  const {directory, path, open} = await temporaryVault(t)
  const env = {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}
  await open(env).set(ID, new Secret('value'))
  const link = join(directory, 'link.age')
  await symlink(path, link)
  const linked = openVault({
    path: link,
    env: {...env},
    redactor: createRedactor(),
    warn: () => {},
    scryptLogN: SCRYPT_LOG_N,
  })
  await linked.set(ID, new Secret('through the link'))
  assert.equal((await open(env).get(ID))?.reveal(), 'through the link')
  assert.deepEqual(await readdir(join(path, '..')), ['vault.age'])
})

/** A process that opens the vault and runs `body`, which knows `vault`, `id`, `Secret`. */
function program(path: string, env: NodeJS.ProcessEnv, body: string) {
  const at = (file: string) => JSON.stringify(new URL(`../../src/lib/${file}`, import.meta.url).href)
  const source = `
    import {openVault} from ${at('secret/vault.ts')}
    import {Secret} from ${at('secret/secret.ts')}
    import {createRedactor} from ${at('log.ts')}
    const vault = openVault({path: ${JSON.stringify(path)}, redactor: createRedactor(), warn() {}, scryptLogN: ${SCRYPT_LOG_N}})
    const id = ${JSON.stringify(ID)}
    ${body}`
  return spawn(process.execPath, ['--input-type=module', '-e', source], {env, stdio: ['ignore', 'pipe', 'inherit']})
}

test('processes that write at once lose nothing of each other', async (t) => {
  const {path, open} = await temporaryVault(t)
  const env = {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}
  const writers = Array.from({length: 8}, (_, n) =>
    program(
      path,
      env,
      `for (const k of [0, 1, 2]) await vault.set({...id, owner: 'writer-${n}/' + k}, new Secret('${n}/' + k))`,
    ),
  )
  const codes = await Promise.all(writers.map(async (writer) => ((await once(writer, 'exit')) as [number])[0]))
  assert.deepEqual(new Set(codes), new Set([0]))
  const vault = open(env)
  for (let n = 0; n < 8; n += 1)
    for (const k of [0, 1, 2])
      assert.equal((await vault.get({...ID, owner: `writer-${n}/${k}`}))?.reveal(), `${n}/${k}`)
})

test('a process killed while it writes leaves the old content or the new', async (t) => {
  const {path, open} = await temporaryVault(t)
  const env = {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}
  await open(env).set({...ID, field: 'kept'}, new Secret('kept'))
  for (let round = 0; round < 6; round += 1) {
    const writer = program(
      path,
      env,
      `process.stdout.write('ready'); for (let n = 0;; n += 1) await vault.set(id, new Secret(String(n % 10).repeat(200_000)))`,
    )
    await once(writer.stdout, 'data')
    await sleep(100 + round * 37)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    const vault = open(env)
    assert.equal((await vault.get({...ID, field: 'kept'}))?.reveal(), 'kept')
    const value = (await vault.get(ID))?.reveal() ?? '0'.repeat(200_000)
    assert.equal(value, value.charAt(0).repeat(200_000))
    // The lock of the dead process is taken over after ten seconds; here they have passed.
    const longAgo = new Date(Date.now() - 15_000)
    await utimes(`${path}.lock`, longAgo, longAgo).catch(() => {})
    await vault.set({...ID, field: 'kept'}, new Secret('kept'))
  }
  assert.deepEqual(await readdir(join(path, '..')), ['vault.age'])
})

test('with the real work factor a secret is read and written in bearable time', async (t) => {
  const {path} = await temporaryVault(t)
  const open = () =>
    openVault({path, env: {POSTDESK_VAULT_PASSPHRASE: 'a passphrase'}, redactor: createRedactor(), warn: () => {}})
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const before = performance.now()
    await work()
    const ms = performance.now() - before
    t.diagnostic(`${what}: ${Math.round(ms)} ms`)
    assert.ok(ms < 10_000, `${what}: ${ms} ms`)
  }
  const vault = open()
  await timed('first set', () => vault.set(ID, new Secret('value')))
  await timed('set in the same run', () => vault.set(ID, new Secret('other')))
  await timed('get in the same run', () => vault.get(ID))
  await timed('get in another run', () => open().get(ID))
  await timed('set in another run', () => open().set(ID, new Secret('third')))
  assert.match(await readFile(path, 'latin1'), /^age-encryption.org\/v1\n-> scrypt \S+ 17\n/)
})

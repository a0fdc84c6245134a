import assert from 'node:assert/strict'
import {chmod, mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {PostdeskError} from '../../src/lib/errors.ts'
import {createRedactor} from '../../src/lib/log.ts'
import {openBindings} from '../../src/lib/secret/bindings.ts'
import {choosePlaceKind, secretPlaces} from '../../src/lib/secret/choose-place.ts'
import {environmentSecrets} from '../../src/lib/secret/environment.ts'
import {resolveSecret, type SecretSources} from '../../src/lib/secret/resolve-secret.ts'
import {parseSecretRef} from '../../src/lib/secret/secret-ref.ts'
import {Secret, type SecretId} from '../../src/lib/secret/secret.ts'

const ID: SecretId = {store: 'store-1', owner: 'portal-1/channel-1', field: 'password', usedWith: 'host-1'}
const NAME = 'acme/support@acme.example/password'

const failing = (exitCode: number, why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PostdeskError, String(error))
  assert.equal(error.exitCode, exitCode)
  assert.match(error.message, why)
  return true
}

async function machine(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-machine-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const key = join(directory, 'vault.key')
  await writeFile(key, 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n', {mode: 0o600})
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    SMTP_PASSWORD: 'from the environment',
    POSTDESK_VAULT_IDENTITY_FILE: key,
  }
  const redactor = createRedactor()
  const warn = () => {}
  const openPlace = secretPlaces({vaultPath: join(directory, 'vault.age'), env, redactor, warn})
  const bindingsPath = join(directory, 'config', 'bindings.json')
  const sources: SecretSources = {
    bindings: openBindings(bindingsPath),
    place: openPlace('vault'),
    openPlace,
    environment: environmentSecrets(env),
    env,
    redactor,
    warn,
  }
  return {directory, bindingsPath, sources}
}

test('the own binding comes first, then the place; each value is known to the redactor', async (t) => {
  const {directory, sources} = await machine(t)
  const {bindings, place, redactor} = sources
  await place.set(ID, new Secret('from the vault'))
  await place.set({...ID, owner: 'elsewhere'}, new Secret('from another entry'))
  const file = join(directory, 'secret')
  await writeFile(file, 'from the file\n', {mode: 0o600})
  for (const [ref, value] of [
    [null, 'from the vault'],
    ['env:SMTP_PASSWORD', 'from the environment'],
    [`file:${file}`, 'from the file'],
    ['cmd:["echo","from the command"]', 'from the command'],
    ['vault:store-1/elsewhere/password@host-1', 'from another entry'],
  ] as const) {
    if (ref !== null) await bindings.set(ID, parseSecretRef(ref))
    assert.equal((await resolveSecret(ID, NAME, sources)).reveal(), value)
    assert.equal(redactor.redact(`<${value}>`), '<[secret]>')
  }
  assert.equal(sources.env['SMTP_PASSWORD'], undefined)
  assert.equal(await bindings.delete(ID), true)
  assert.equal(await bindings.delete(ID), false)
  assert.equal((await resolveSecret(ID, NAME, sources)).reveal(), 'from the vault')
})

test('a secret that this machine does not have names the two ways', async (t) => {
  const {sources} = await machine(t)
  await assert.rejects(resolveSecret(ID, NAME, sources), (error: unknown) => {
    assert.deepEqual(
      (error as PostdeskError).fixes.map((fix) => fix.command),
      [`postdesk secret set ${NAME}`, `postdesk secret bind ${NAME} env:VARIABLE`],
    )
    return failing(78, /acme\/support@acme.example\/password cannot be resolved/)(error)
  })
})

test('a binding that fails is an error, and the place is not asked instead', async (t) => {
  const {directory, sources} = await machine(t)
  await sources.place.set(ID, new Secret('from the vault'))
  for (const [ref, why] of [
    ['env:NOT_SET', /NOT_SET/],
    [`file:${directory}/none`, /no such file/],
    ['cmd:["false"]', /false ended with exit code 1/],
    ['vault:none', /the vault has no entry "none"/],
    ['keychain:service/account', /keychain/],
  ] as const) {
    await sources.bindings.set(ID, parseSecretRef(ref))
    await assert.rejects(resolveSecret(ID, NAME, sources), failing(78, why))
  }
})

test('bindings are kept per store, owner and field, by one writer at a time, for this user', async (t) => {
  const {bindingsPath, sources} = await machine(t)
  const ids = Array.from({length: 10}, (_, n) => ({...ID, store: `store-${n}`}))
  await Promise.all(ids.map((id) => openBindings(bindingsPath).set(id, parseSecretRef(`env:VAR_${id.store.slice(6)}`))))
  for (const id of ids)
    assert.deepEqual(await sources.bindings.get(id), {kind: 'env', variable: `VAR_${id.store.slice(6)}`})
  assert.equal((await stat(bindingsPath)).mode & 0o777, 0o600)
  assert.equal(JSON.parse(await readFile(bindingsPath, 'utf8')).version, 1)
})

test('a bindings file that others may write, or that is not one, is refused and kept', async (t) => {
  const {bindingsPath, sources} = await machine(t)
  await sources.bindings.set(ID, parseSecretRef('env:A'))
  await chmod(bindingsPath, 0o620)
  await assert.rejects(sources.bindings.get(ID), failing(77, /open to other users/))
  await chmod(bindingsPath, 0o644)
  assert.deepEqual(await sources.bindings.get(ID), {kind: 'env', variable: 'A'})
  for (const bad of ['', '{', 'null', '[]', '{"version":2,"bindings":{}}', '{"version":1,"bindings":{"a":1}}']) {
    await writeFile(bindingsPath, bad)
    await assert.rejects(sources.bindings.get(ID), failing(65, /bindings.json cannot be used/))
    await assert.rejects(sources.bindings.set(ID, parseSecretRef('env:B')), failing(65, /cannot be used/))
    assert.equal(await readFile(bindingsPath, 'utf8'), bad)
  }
  await writeFile(bindingsPath, '{"version":1,"bindings":{"store-1/portal-1/channel-1/password@host-1":"hunter2"}}')
  await assert.rejects(sources.bindings.get(ID), failing(65, /cannot be used/))
})

test('the place is the one that was named, and the keychain where none was', () => {
  assert.equal(choosePlaceKind(undefined, {}), 'keychain')
  assert.equal(choosePlaceKind(undefined, {POSTDESK_SECRET_STORE: ''}), 'keychain')
  assert.equal(choosePlaceKind(undefined, {POSTDESK_SECRET_STORE: 'vault'}), 'vault')
  assert.equal(choosePlaceKind('keychain', {POSTDESK_SECRET_STORE: 'vault'}), 'keychain')
  assert.throws(() => choosePlaceKind(undefined, {POSTDESK_SECRET_STORE: 'file'}), failing(64, /POSTDESK_SECRET_STORE/))
  assert.throws(() => choosePlaceKind('file', {}), failing(64, /--secret-store/))
})

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {carefulSecrets} from '../../src/lib/email-test/careful-secrets.ts'
import {PostdeskError} from '../../src/lib/errors.ts'
import {createRedactor} from '../../src/lib/log.ts'
import {openBindings} from '../../src/lib/secret/bindings.ts'
import {environmentSecrets} from '../../src/lib/secret/environment.ts'
import {openKeychain} from '../../src/lib/secret/keychain.ts'
import type {SecretSources} from '../../src/lib/secret/resolve-secret.ts'
import {Secret, type SecretId} from '../../src/lib/secret/secret.ts'
import {keychainMissing, startKeychain} from '../support/keychain.ts'

const skip = keychainMissing()
const MANY = 20
const TIMEOUT_MS = 2000

const idOf = (index: number): SecretId => ({
  store: 'store-1',
  owner: `portal-1/${index}`,
  field: 'password',
  usedWith: 'host-1',
})

/** A real keychain as the place of a machine, with a count of what it is asked. */
function counted(env: NodeJS.ProcessEnv) {
  const keychain = openKeychain({env, timeoutMs: TIMEOUT_MS})
  const count = {asked: 0, now: 0, most: 0}
  const during = async <T>(work: Promise<T>): Promise<T> => {
    count.asked++
    count.most = Math.max(count.most, ++count.now)
    return work.finally(() => count.now--)
  }
  const place = {
    ...keychain,
    get: (id: SecretId) => during(keychain.get(id)),
    read: (entry: string) => during(keychain.read(entry)),
  }
  const sources: SecretSources = {
    bindings: openBindings('/nonexistent/bindings.json'),
    place,
    openPlace: () => place,
    environment: environmentSecrets({}),
    env: {},
    redactor: createRedactor(),
    warn: assert.fail,
  }
  return {keychain, sources, count}
}

test('who asks side by side is answered one after the other, each with its own', {skip}, async (t) => {
  const {env} = await startKeychain(t)
  const {keychain, sources, count} = counted(env)
  for (let index = 0; index < MANY; index++) await keychain.set(idOf(index), new Secret(`secret ${index}`))
  const {place, openPlace} = carefulSecrets(sources)
  const [got, read] = await Promise.all([
    Promise.all(Array.from({length: MANY}, (_, index) => place.get(idOf(index)))),
    openPlace('keychain').read('postdesk:store-1/portal-1/3/password@host-1'),
  ])
  assert.deepEqual(
    got.map((secret) => secret?.reveal()),
    Array.from({length: MANY}, (_, index) => `secret ${index}`),
  )
  assert.equal(read?.reveal(), 'secret 3')
  assert.deepEqual(count, {asked: MANY + 1, now: 0, most: 1})
})

test('a keychain that hangs is waited for once, whoever asks, and by whatever name', {skip}, async (t) => {
  const server = await startKeychain(t)
  const {keychain, sources, count} = counted(server.env)
  await keychain.set(idOf(0), new Secret('secret'))
  server.freeze()
  const {place, openPlace} = carefulSecrets(sources)
  const asked = await Promise.allSettled([
    ...Array.from({length: MANY}, (_, index) => place.get(idOf(index))),
    openPlace('keychain').read('postdesk:store-1/portal-1/0/password@host-1'),
  ])
  for (const answer of asked)
    assert.ok(
      answer.status === 'rejected' &&
        answer.reason instanceof PostdeskError &&
        answer.reason.code === 'NO_SECRET_PLACE',
    )
  assert.equal(count.asked, 1)
})

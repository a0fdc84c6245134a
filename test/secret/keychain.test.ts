import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {once} from 'node:events'
import {mkdtemp, rm} from 'node:fs/promises'
import {createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test} from 'node:test'
import {PostdeskError} from '../../src/lib/errors.ts'
import {openKeychain} from '../../src/lib/secret/keychain.ts'
import {Secret, type SecretId} from '../../src/lib/secret/secret.ts'
import {keychainMissing, startKeychain} from '../support/keychain.ts'

const skip = keychainMissing()
const ID: SecretId = {store: 'store-1', owner: 'portal-1/channel-1', field: 'password', usedWith: 'host-1'}

const noPlace = (why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PostdeskError)
  assert.equal(error.code, 'NO_SECRET_PLACE')
  assert.equal(error.exitCode, 78)
  assert.match(error.why, why)
  assert.match(JSON.stringify(error.fixes), /--secret-store vault/)
  assert.match(JSON.stringify(error.fixes), /--password-env/)
  return true
}

test('keeps, gives back, replaces and deletes a secret', {skip}, async (t) => {
  const {env} = await startKeychain(t)
  const keychain = openKeychain({env})
  await keychain.probe()
  assert.equal(await keychain.get(ID), null)
  await keychain.set(ID, new Secret('first'))
  const value = 'pässwörd 🔑 "quoted"\nsecond line\n'
  await keychain.set(ID, new Secret(value))
  assert.equal((await keychain.get(ID))?.reveal(), value)
  // Another process, another connection to the bus.
  assert.equal((await openKeychain({env}).get(ID))?.reveal(), value)
  assert.equal((await keychain.read('postdesk:store-1/portal-1/channel-1/password@host-1'))?.reveal(), value)
  assert.equal(await keychain.get({...ID, store: 'store-2'}), null)
  assert.equal(await keychain.delete(ID), true)
  assert.equal(await keychain.delete(ID), false)
  assert.equal(await keychain.get(ID), null)
})

test('many calls at once each get their own answer', {skip}, async (t) => {
  const {env} = await startKeychain(t)
  const keychain = openKeychain({env})
  const ids = Array.from({length: 20}, (_, n) => ({...ID, owner: `portal-1/channel-${n}`}))
  await Promise.all(ids.map((id) => keychain.set(id, new Secret(`value of ${id.owner}`))))
  const values = await Promise.all(ids.map((id) => keychain.get(id)))
  assert.deepEqual(
    values.map((value) => value?.reveal()),
    ids.map((id) => `value of ${id.owner}`),
  )
})

test('a locked keychain is said to be locked, in reading and in writing', {skip}, async (t) => {
  const server = await startKeychain(t)
  const keychain = openKeychain({env: server.env})
  await keychain.set(ID, new Secret('value'))
  await server.lock()
  await assert.rejects(keychain.get(ID), noPlace(/is locked/))
  await assert.rejects(keychain.set(ID, new Secret('other')), noPlace(/is locked/))
  await assert.rejects(keychain.delete(ID), noPlace(/is locked/))
  await assert.rejects(keychain.probe(), noPlace(/is locked/))
})

test('without a session bus there is no keychain, also for reading', async () => {
  const keychain = openKeychain({env: {PATH: process.env['PATH'], HOME: tmpdir()}})
  await assert.rejects(keychain.get(ID), noPlace(/there is no keychain here/))
  await assert.rejects(keychain.set(ID, new Secret('value')), noPlace(/there is no keychain here/))
})

test('a bus without a Secret Service has no keychain', {skip}, async (t) => {
  const {env} = await startKeychain(t, {service: false})
  await assert.rejects(openKeychain({env}).get(ID), noPlace(/there is no keychain here/))
})

test('a service that answers nothing is reported within 5 seconds', {skip}, async (t) => {
  const server = await startKeychain(t)
  server.freeze()
  const before = performance.now()
  await assert.rejects(openKeychain({env: server.env}).get(ID), noPlace(/does not answer|no answer within 5 s/))
  assert.ok(performance.now() - before < 6000)
})

test('an unlock dialog that nobody answers ends the call and the program within 5 seconds', {skip}, async (t) => {
  const server = await startKeychain(t, {dialog: 'ignored'})
  await openKeychain({env: server.env}).set(ID, new Secret('value'))
  await server.lock()
  const {code, ms} = await runProgram(server.env)
  assert.equal(code, 78)
  assert.ok(ms < 7000, `${ms} ms`)
})

test('a bus that accepts a connection and is silent ends the call and the program within 5 seconds', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-bus-'))
  const sockets: Socket[] = []
  const bus = createServer((socket) => sockets.push(socket)).listen(join(directory, 'bus'))
  await once(bus, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    bus.close()
    await rm(directory, {recursive: true})
  })
  const {code, ms} = await runProgram({
    PATH: process.env['PATH'],
    HOME: directory,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(directory, 'bus')}`,
  })
  assert.equal(code, 78)
  assert.ok(ms < 7000, `${ms} ms`)
})

test('while the keychain hangs the program goes on, and calls made meanwhile end with the first', {skip}, async (t) => {
  const server = await startKeychain(t, {dialog: 'ignored'})
  const keychain = openKeychain({env: server.env, timeoutMs: 2000})
  await keychain.set(ID, new Secret('value'))
  await server.lock()
  let ticks = 0
  const ticking = setInterval(() => (ticks += 1), 50)
  const before = performance.now()
  const calls = await Promise.allSettled(Array.from({length: 5}, () => keychain.get(ID)))
  clearInterval(ticking)
  assert.deepEqual(
    calls.map(({status}) => status),
    Array.from({length: 5}, () => 'rejected'),
  )
  assert.ok(performance.now() - before < 3000)
  assert.ok(ticks > 15, `${ticks} ticks`)
})

test('an idle keychain does not keep the program from ending', {skip}, async (t) => {
  const {env} = await startKeychain(t)
  await openKeychain({env}).set(ID, new Secret('value'))
  const {code, ms} = await runProgram(env)
  assert.equal(code, 0)
  assert.ok(ms < 4000, `${ms} ms`)
})

/** A program that reads the secret and then has nothing more to do; its exit code is that of the error. */
async function runProgram(env: NodeJS.ProcessEnv): Promise<{code: number; ms: number}> {
  const module = new URL('../../src/lib/secret/keychain.ts', import.meta.url).href
  const source = `
    import {openKeychain} from ${JSON.stringify(module)}
    try { await openKeychain().get(${JSON.stringify(ID)}) } catch (error) { process.exitCode = error.exitCode }`
  const before = performance.now()
  const child = execFile(process.execPath, ['--input-type=module', '-e', source], {env})
  const [code] = (await once(child, 'exit')) as [number]
  return {code, ms: performance.now() - before}
}

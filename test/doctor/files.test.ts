import assert from 'node:assert/strict'
import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {execFileSync} from 'node:child_process'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {lookAtDisk, lookAtModes} from '../../src/lib/doctor/files.ts'
import {temporaryHome} from '../support/run-postdesk.ts'

/** A machine that keeps everything that can be kept, as the program makes it. */
async function startMachine(t: TestContext) {
  const home = await temporaryHome(t)
  const paths = {config: join(home, 'config'), data: join(home, 'data'), state: join(home, 'state')}
  const kept = {
    [paths.config]: 0o755,
    [paths.data]: 0o700,
    [paths.state]: 0o700,
    [join(paths.config, 'config.json')]: 0o600,
    [join(paths.config, 'bindings.json')]: 0o600,
    [join(paths.data, 'vault.age')]: 0o600,
    [join(paths.data, 'postdesk.sqlite')]: 0o600,
    [join(paths.data, 'postdesk.sqlite-wal')]: 0o600,
    [join(paths.data, 'postdesk.sqlite.backup-3')]: 0o600,
    [join(paths.state, 'refused-passwords.json')]: 0o600,
  }
  for (const [path, mode] of Object.entries(kept)) {
    if (mode > 0o600) await mkdir(path)
    else await writeFile(path, '')
    await chmod(path, mode)
  }
  const store = {kind: 'sqlite', path: join(paths.data, 'postdesk.sqlite')} as const
  const vault = join(paths.data, 'vault.age')
  return {home, paths, store, vault, look: () => lookAtModes(paths, store, vault)}
}

test('what the program keeps as it makes it is closed to others', async (t) => {
  const {look} = await startMachine(t)
  const finding = await look()
  assert.deepEqual([finding.status, finding.evidence], ['pass', {looked: 10, loose: []}])
})

for (const [path, mode, status, mended] of [
  ['config', 0o777, 'fail', '0755'],
  ['config/config.json', 0o644, 'warn', '0600'],
  ['config/bindings.json', 0o666, 'fail', '0644'],
  ['data', 0o755, 'fail', '0700'],
  ['data/vault.age', 0o640, 'fail', '0600'],
  ['data/postdesk.sqlite', 0o644, 'fail', '0600'],
  ['data/postdesk.sqlite-wal', 0o604, 'fail', '0600'],
  ['data/postdesk.sqlite.backup-3', 0o644, 'fail', '0600'],
  ['data/postdesk.sqlite', 0o664, 'fail', '0660'],
  ['state', 0o755, 'warn', '0700'],
  ['state/refused-passwords.json', 0o644, 'warn', '0600'],
] as const)
  test(`${path} with mode 0${mode.toString(8)} is a ${status}, and what is said to do mends it`, async (t) => {
    const {home, look} = await startMachine(t)
    await chmod(join(home, path), mode)
    const finding = await look()
    assert.equal(finding.status, status)
    assert.ok('problem' in finding)
    assert.deepEqual([finding.problem.code, finding.problem.exitCode], ['MODE_TOO_OPEN', 77])
    const [fix] = finding.problem.fixes!
    assert.equal(fix!.command, `chmod ${mended} '${join(home, path)}'`)
    execFileSync('sh', ['-c', fix!.command])
    assert.equal((await look()).status, 'pass')
  })

test('a store that a group shares is closed enough, and its directory is the concern of whoever named it', async (t) => {
  const {paths, vault} = await startMachine(t)
  const path = join(await temporaryHome(t), 'store.sqlite')
  await writeFile(path, '')
  await chmod(path, 0o660)
  assert.equal((await lookAtModes(paths, {kind: 'sqlite', path}, vault)).status, 'pass')
})

test('without a vault a data directory that others can enter is only odd', async (t) => {
  const {paths, store} = await startMachine(t)
  await chmod(paths.data, 0o755)
  assert.equal((await lookAtModes(paths, store, join(paths.data, 'none.age'))).status, 'warn')
})

test('several are told at once, the worst first', async (t) => {
  const {home, look} = await startMachine(t)
  await chmod(join(home, 'state'), 0o755)
  await chmod(join(home, 'data/postdesk.sqlite'), 0o644)
  await chmod(join(home, 'data/vault.age'), 0o644)
  const finding = await look()
  assert.ok('problem' in finding)
  assert.match(finding.problem.title, /vault\.age is open/)
  assert.equal(finding.status, 'fail')
  for (const {command} of finding.problem.fixes!) execFileSync('sh', ['-c', command!])
  assert.equal((await look()).status, 'pass')
})

test('where nothing is kept there is nothing to look at', async (t) => {
  const home = await temporaryHome(t)
  const paths = {config: join(home, 'c'), data: join(home, 'd'), state: join(home, 's')}
  assert.equal((await lookAtModes(paths, null, join(home, 'd/vault.age'))).status, 'skip')
})

test('room is looked for where the data is, or would be', async (t) => {
  const home = await temporaryHome(t)
  const paths = {config: home, data: join(home, 'not/there/yet'), state: home}
  const finding = await lookAtDisk(paths, null)
  assert.deepEqual([finding.status, finding.evidence?.['directory']], ['pass', home])
  const elsewhere = await lookAtDisk(paths, {kind: 'sqlite', path: '/dev/shm/store.sqlite'})
  assert.equal(elsewhere.evidence?.['directory'], '/dev/shm')
})

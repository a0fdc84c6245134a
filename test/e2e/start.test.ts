/** bin/run.js: which program it starts, and with which Node. */
import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {cp, mkdir, mkdtemp, rm, utimes, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {ROOT} from '../support/run-postdesk.ts'

const BUILT = new Date('2026-03-02')

/** A directory like the repository, in which the program says where it came from. */
async function repository(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'postdesk-start-'))
  t.after(() => rm(root, {recursive: true, force: true}))
  for (const directory of ['bin', 'dist', 'src/lib']) await mkdir(join(root, directory), {recursive: true})
  await cp(join(ROOT, 'bin/run.js'), join(root, 'bin/run.js'))
  await writeFile(join(root, 'package.json'), '{"type": "module"}')
  for (const [file, name] of [
    ['dist/main.js', 'built'],
    ['src/main.ts', 'source'],
    ['src/lib/other.ts', 'other'],
  ] as const) {
    await writeFile(join(root, file), `export async function main() { console.log('${name}', process.version) }`)
    await utimes(join(root, file), BUILT, name === 'built' ? BUILT : new Date('2026-03-01'))
  }
  return root
}

const start = (root: string, node = process.execPath, args: readonly string[] = []) =>
  spawnSync(node, [join(root, 'bin/run.js'), ...args], {encoding: 'utf8'})

test('the build runs, unless a source is newer or there is none', async (t) => {
  const root = await repository(t)
  assert.match(start(root).stdout, /^built/)
  await utimes(join(root, 'src/lib/other.ts'), new Date('2026-03-03'), new Date('2026-03-03'))
  assert.match(start(root).stdout, /^source/)
  await rm(join(root, 'src'), {recursive: true})
  assert.match(start(root).stdout, /^built/)
})

test('without a build the sources run', async (t) => {
  const root = await repository(t)
  await rm(join(root, 'dist'), {recursive: true})
  assert.match(start(root).stdout, /^source/)
})

test('a program that cannot be loaded ends with 70, and with 75 where an MTA waits', async (t) => {
  const root = await repository(t)
  await writeFile(join(root, 'dist/main.js'), 'this is no program')
  await utimes(join(root, 'dist/main.js'), BUILT, BUILT)
  assert.equal(start(root, process.execPath, ['portal', 'list']).status, 70)
  const delivery = start(root, process.execPath, ['email', 'deliver'])
  assert.deepEqual([delivery.status, delivery.stdout], [75, '4.3.0 temporary failure\n'])
})

const old = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (node) => Number(/^v(\d+)/.exec(spawnSync(node, ['--version'], {encoding: 'utf8'}).stdout ?? '')?.[1] ?? 99) < 22,
)

test(
  'an old Node continues with that of the repository',
  {skip: old === undefined && 'this machine has no old Node'},
  async (t) => {
    const root = await repository(t)
    const alone = start(root, old)
    assert.equal(alone.status, 78)
    assert.match(alone.stderr, /needs Node 22\.22\.2 .*npm ci/s)
    assert.equal(start(root, old, ['email', 'deliver']).status, 75)
    await mkdir(join(root, 'node_modules/node/bin'), {recursive: true})
    await cp(process.execPath, join(root, 'node_modules/node/bin/node'))
    assert.equal(start(root, old).stdout, `built ${process.version}\n`)
  },
)

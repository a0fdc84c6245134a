import assert from 'node:assert/strict'
import {mkdtemp, rm, stat, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {codeOf} from '../src/lib/errors.ts'
import {makeDirectory} from '../src/lib/make-directory.ts'

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-make-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  return directory
}

test('a directory is made with its parents, at once by many, and what is there stays', async (t) => {
  const directory = await temporaryDirectory(t)
  const path = join(directory, 'a', 'b', 'c')
  await Promise.all(Array.from({length: 8}, () => makeDirectory(path, 0o700)))
  for (const made of [path, join(directory, 'a')]) assert.equal((await stat(made)).mode & 0o777, 0o700)
  await makeDirectory(join(directory, 'a'), 0o755)
  assert.equal((await stat(join(directory, 'a'))).mode & 0o777, 0o700)
  await symlink(join(directory, 'a'), join(directory, 'link'))
  await makeDirectory(join(directory, 'link', 'd'), 0o700)
  assert.ok((await stat(join(directory, 'a', 'd'))).isDirectory())
})

test('where none can be made it is refused', async (t) => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'file'), '')
  await symlink(join(directory, 'nowhere'), join(directory, 'broken'))
  for (const [path, code] of [
    ['', 'ENOENT'],
    [join(directory, 'file'), 'EEXIST'],
    [join(directory, 'file', 'below'), 'ENOTDIR'],
    [join(directory, 'broken'), 'EEXIST'],
    ...(process.platform === 'linux' ? [['/proc/postdesk/below', 'ENOENT'] as const] : []),
  ] as const)
    await assert.rejects(makeDirectory(path, 0o700), (error) => codeOf(error) === code, path)
})

/** Puts a page for the browser into a file that only its user can read. */
import {randomUUID} from 'node:crypto'
import {open, readdir, rm, stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {alreadyExists, cannotWrite, codeOf} from '../errors.ts'
import {makeDirectory} from '../make-directory.ts'

/** Hours after which a page that was made to be looked at once is removed. It can be made again. */
const KEPT_HOURS = 24

/**
 * Writes a page to a file of the user's choice, which must not exist yet. Returns its path, absolute.
 * @throws 73 where it exists or cannot be written.
 */
export async function writePageTo(file: string, page: string): Promise<string> {
  const path = resolve(file)
  await write(path, page)
  return path
}

/** Writes a page into `directory`, under a name of its own, and removes those that are old. @throws 73 */
export async function writePrivatePage(directory: string, name: string, page: string, now: Date): Promise<string> {
  const path = join(directory, `${name}-${randomUUID()}.html`)
  try {
    await makeDirectory(directory, 0o700)
    await removeOld(directory, now)
  } catch (error) {
    throw cannotWrite(directory, error)
  }
  await write(path, page)
  return path
}

async function write(path: string, page: string): Promise<void> {
  let file
  try {
    file = await open(path, 'wx', 0o600) // fails also for a link that leads nowhere
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw alreadyExists('file', path, 'it is never overwritten', [{text: 'Name another file, or remove this one.'}])
    throw cannotWrite(path, error)
  }
  try {
    await file.writeFile(page)
  } catch (error) {
    await rm(path, {force: true})
    throw cannotWrite(path, error)
  } finally {
    await file.close()
  }
}

async function removeOld(directory: string, now: Date): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.endsWith('.html')) continue
    const path = join(directory, name)
    // Another process may remove it at the same time.
    const made = (await stat(path).catch(() => null))?.mtimeMs ?? now.getTime()
    if (now.getTime() - made > KEPT_HOURS * 3_600_000) await rm(path, {force: true})
  }
}

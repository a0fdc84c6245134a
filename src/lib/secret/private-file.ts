/**
 * Files of this machine that only their owner may touch. They are replaced whole, by one writer at a time, so that a
 * crash leaves the old content or the new.
 *
 * The replacement is written here and not by a library: what was written is read back before it takes the old file's
 * place (a full disk may cut a write short without an error), and the directory is flushed as well.
 */
import {open, readFile, realpath, rename, rm, stat, type FileHandle} from 'node:fs/promises'
import {dirname} from 'node:path'
import {badFileContent, cannotWrite, codeOf, fileBusy, inputFileMissing, modeTooOpen, PostdeskError} from '../errors.ts'
import {makeDirectory} from '../make-directory.ts'

/** The widest modes that are accepted. */
export interface PrivateModes {
  readonly file: number
  readonly directory: number
}

/** Largest file taken: some thousand secrets. */
const FILE_MAX_BYTES = 1024 * 1024

/** A holder that has not touched its lock for so long is dead. Longer than a key derivation on a slow machine. */
const LOCK_STALE_MS = 10_000

/** Waiting for other writers ends after about a minute: a dozen writers with a passphrase each. */
const LOCK_RETRIES = {retries: 120, factor: 1.3, minTimeout: 20, maxTimeout: 500, randomize: true} as const

/** The content; null where there is no file. Throws 77 where other users have rights on it beyond `modes`. */
export async function readPrivateFile(path: string, modes: PrivateModes): Promise<Buffer | null> {
  let file: FileHandle | undefined
  try {
    const target = await realpath(path)
    file = await open(target)
    refuseLooser(dirname(target), (await stat(dirname(target))).mode, modes.directory)
    const {mode, size} = await file.stat()
    refuseLooser(target, mode, modes.file)
    if (size > FILE_MAX_BYTES) throw badFileContent(path, `it is larger than ${FILE_MAX_BYTES / 1024} KiB`)
    return await file.readFile()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error instanceof PostdeskError ? error : inputFileMissing(path, error)
  } finally {
    await file?.close()
  }
}

/**
 * Replaces the content by what `change` makes of it, alone among all processes of this machine; null changes nothing.
 * The file gets mode 0600; a directory that is made for it 0700. Throws 75 where another writer does not end, 73 where
 * it cannot be written, 77 where modes are too wide.
 */
export async function changePrivateFile(
  path: string,
  modes: PrivateModes,
  change: (current: Buffer | null) => Promise<Buffer | null>,
): Promise<void> {
  try {
    await makeDirectory(dirname(path), 0o700)
    // The lock and the draft belong beside the file that a symbolic link leads to.
    const target = await realpath(path).catch(() => path)
    refuseLooser(dirname(target), (await stat(dirname(target))).mode, modes.directory)
    // CommonJS: bundled, it has a default export alone.
    const {default: lockfile} = await import('proper-lockfile')
    let lost: Error | undefined
    const release = await lockfile.lock(target, {
      realpath: false,
      stale: LOCK_STALE_MS,
      retries: LOCK_RETRIES,
      onCompromised: (error) => (lost = error),
    })
    try {
      const next = await change(await readPrivateFile(target, modes))
      if (next === null) return
      await replace(target, next, () => {
        if (lost !== undefined) throw fileBusy(path, lost)
      })
    } finally {
      // It may be lost already; it is not ours any more then.
      await release().catch(() => {})
    }
  } catch (error) {
    if (error instanceof PostdeskError) throw error
    if (codeOf(error) === 'ELOCKED') throw fileBusy(path, error)
    throw cannotWrite(path, error)
  }
}

async function replace(target: string, bytes: Buffer, stillMine: () => void): Promise<void> {
  const draft = `${target}.new`
  // One left by a process that was killed; whoever holds the lock is the only writer.
  await rm(draft, {force: true})
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  if (!(await readFile(draft)).equals(bytes)) throw new Error('what was read back is not what was written')
  stillMine()
  await rename(draft, target)
  // Windows has no way to flush a directory.
  if (process.platform === 'win32') return
  const directory = await open(dirname(target))
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function refuseLooser(path: string, mode: number, widest: number): void {
  // Windows keeps access lists instead, and Node makes up a mode.
  if (process.platform === 'win32' || (mode & 0o777 & ~widest) === 0) return
  throw modeTooOpen(path, octal(mode & 0o777), `chmod ${octal(mode & widest)} '${path}'`)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

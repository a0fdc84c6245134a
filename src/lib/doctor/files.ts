/** What is kept on this machine: who may read and write it, and whether there is room. */
import {readdir, stat, statfs} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {failed, passed, skipped, warned, type Finding} from '../channel/stage.ts'
import {codeOf, EXIT, messageOf} from '../errors.ts'
import {REFUSED_PASSWORDS_FILE} from '../refused-passwords.ts'
import type {StoreLocation} from '../store/location.ts'

/** The directories of this machine. */
export interface MachinePaths {
  readonly config: string
  readonly data: string
  readonly state: string
}

/** A file or directory, and the widest rights that others may have on it. */
interface Kept {
  readonly path: string
  readonly widest: number
  /** `fail`: passwords or mail lie open, or anybody can change what the program does. */
  readonly wider: 'warn' | 'fail'
}

/** A file or directory that others have more rights on. */
interface Loose extends Kept {
  readonly mode: number
}

export async function lookAtModes(
  paths: MachinePaths,
  store: StoreLocation | null,
  vaultPath: string,
): Promise<Finding> {
  // It keeps access lists instead, and Node makes up a mode.
  if (process.platform === 'win32') return skipped('this system keeps access lists in place of modes')
  const loose: Loose[] = []
  const looked: string[] = []
  for (const kept of await everythingKept(paths, store, vaultPath)) {
    const mode = await modeOf(kept.path)
    if (mode === null) continue
    looked.push(kept.path)
    if ((mode & ~kept.widest) !== 0) loose.push({...kept, mode})
  }
  if (looked.length === 0) return skipped('nothing is kept on this machine yet')
  const evidence = {looked: looked.length, loose: loose.map(({path, mode}) => ({path, mode: octal(mode)}))}
  const [first] = loose.toSorted((a, b) => Number(b.wider === 'fail') - Number(a.wider === 'fail'))
  if (!first)
    return passed(
      `Nobody else has rights on ${looked.length === 1 ? 'it' : `the ${looked.length} files and directories`}`,
      evidence,
    )
  const problem = {
    code: 'MODE_TOO_OPEN',
    exitCode: EXIT.notPermitted,
    title: `${first.path} is open to other users of this machine`,
    why: loose.map(({path, mode}) => `the mode of ${path} is ${octal(mode)}`).join('; '),
    fixes: [...Map.groupBy(loose, mended)].map(([mode, all]) => ({
      text: `Close ${(mode & 0o100) === 0 ? 'what is kept' : 'where it is kept'} to other users:`,
      command: `chmod ${octal(mode)} ${all.map(({path}) => `'${path}'`).join(' ')}`,
    })),
  }
  return first.wider === 'fail' ? failed(problem, evidence) : warned(problem, evidence)
}

/** Where a group cannot write, nobody shares the store on purpose. */
const mended = ({mode, widest}: Loose): number =>
  widest === SHARED && (mode & 0o020) === 0 ? mode & 0o600 : mode & widest

/** A group may share a store on purpose. */
const SHARED = 0o660

/** The settings may be read by others, as what a program is to do; passwords and mail may not. */
async function everythingKept(paths: MachinePaths, store: StoreLocation | null, vaultPath: string): Promise<Kept[]> {
  const hasVault = (await modeOf(vaultPath)) !== null
  return [
    {path: paths.config, widest: 0o755, wider: 'fail'},
    {path: join(paths.config, 'config.json'), widest: 0o600, wider: 'warn'},
    // A binding can name a program to run.
    {path: join(paths.config, 'bindings.json'), widest: 0o644, wider: 'fail'},
    // The vault is refused in a directory that others can enter.
    {path: paths.data, widest: 0o700, wider: hasVault ? 'fail' : 'warn'},
    {path: vaultPath, widest: 0o600, wider: 'fail'},
    ...(store?.kind === 'sqlite'
      ? (await filesOfStore(store.path)).map((path) => ({path, widest: SHARED, wider: 'fail'}) as const)
      : []),
    {path: paths.state, widest: 0o700, wider: 'warn'},
    {path: join(paths.state, REFUSED_PASSWORDS_FILE), widest: 0o600, wider: 'warn'},
  ]
}

/** The database, what SQLite keeps beside it, and the copies that were made before migrations: all hold mail. */
async function filesOfStore(path: string): Promise<string[]> {
  const copies = `${path}.backup-`
  try {
    const directory = dirname(path)
    const beside = (await readdir(directory)).map((name) => join(directory, name))
    return beside.filter((name) => [path, `${path}-wal`, `${path}-shm`].includes(name) || name.startsWith(copies))
  } catch (error) {
    if (codeOf(error) === '') throw error
    // What cannot be listed is told by the check of the store.
    return [path]
  }
}

/** Null where there is no such file, or nobody may know. */
async function modeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777
  } catch (error) {
    if (codeOf(error) === '') throw error
    return null
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

/** Bytes. A day's mail of a busy desk; and SQLite copies the store before a migration. */
const ENOUGH_ROOM = 200_000_000

/** Where the store is, if that is a file; else where data would be. */
export async function lookAtDisk(paths: MachinePaths, store: StoreLocation | null): Promise<Finding> {
  const wanted = store?.kind === 'sqlite' ? dirname(store.path) : paths.data
  const directory = await existing(wanted)
  let free: number
  try {
    const {bavail, bsize} = await statfs(directory)
    free = bavail * bsize
  } catch (error) {
    return skipped(`how much room there is cannot be told: ${messageOf(error)}`)
  }
  const evidence = {directory, freeBytes: free}
  const room = `${Math.floor(free / 1_000_000)} MB`
  if (free >= ENOUGH_ROOM) return passed(`${room} are free where the data is kept`, evidence)
  return warned(
    {
      code: 'DISK_NEARLY_FULL',
      exitCode: EXIT.cannotCreate,
      title: `Only ${room} are free in ${directory}`,
      why: 'mail that finds no room stays on its server, and the store cannot be migrated',
      fixes: [{text: 'Make room on that disk, or move the data to another one.'}],
    },
    evidence,
  )
}

/** The directory, or the nearest above it that is there. */
async function existing(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) if ((await modeOf(at)) !== null || at === dirname(at)) return at
}

/**
 * Remembers for a while which passwords a server refused, so that no command tries one again unasked: providers lock an
 * account after a few failed logins. The memory may be lost at any time; whatever is wrong with its file is no obstacle.
 */
import {randomBytes, scrypt} from 'node:crypto'
import {join} from 'node:path'
import type {Clock, Instant} from './clock.ts'
import {messageOf, PostdeskError} from './errors.ts'
import {silent, type Log} from './log.ts'
import {changePrivateFile, readPrivateFile} from './secret/private-file.ts'
import type {Secret} from './secret/secret.ts'

/** A password as it goes to a server. */
export interface KnownLogin {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Secret
}

/** None of these rejects: what cannot be read or written is said in the log, and nothing is remembered. */
export interface RefusedPasswords {
  /** When this very password was refused there; null where it was not, or that is long ago. */
  recall(login: KnownLogin): Promise<{readonly at: Instant} | null>
  remember(login: KnownLogin): Promise<void>
  /** After a success. */
  forget(login: KnownLogin): Promise<void>
}

/** The name of the file in the state directory. */
export const REFUSED_PASSWORDS_FILE = 'refused-passwords.json'

/**
 * Long enough that a script which runs again and again, or a person who looks for the mistake, sends it once; short enough
 * that one which is mended at the provider is soon tried again.
 */
const REMEMBERED_MS = 15 * 60 * 1000

/** Refusals that are kept, the oldest is given up: a portal has some dozen accounts. */
const MAX_ENTRIES = 200

/**
 * Work factor of scrypt: 16 MB and some 60 ms of a small machine, for each guess of whoever has stolen the file. It is
 * needed only where something is remembered, so the usual login costs nothing.
 */
const SCRYPT_N = 2 ** 14
const SCRYPT_R = 8
const HASH_BYTES = 32
const SALT_BYTES = 16

const MODES = {file: 0o600, directory: 0o700} as const

/** The only version there is; a later program's file is not read by guesswork. */
const VERSION = 1

interface Memory {
  /** Hex. Random, a new one whenever nothing is remembered. */
  readonly salt: string
  readonly entries: readonly Entry[]
}

interface Entry {
  /** Hex: host, port, user and password in one, so that the file tells none of them. */
  readonly hash: string
  readonly at: Instant
}

/** Opens the memory of this machine; nothing is read before the first call. */
export function openRefusedPasswords(stateDirectory: string, clock: Clock, log: Log = silent): RefusedPasswords {
  const path = join(stateDirectory, REFUSED_PASSWORDS_FILE)

  const isFresh = ({at}: Entry): boolean => {
    const age = Date.parse(clock.now()) - Date.parse(at)
    // A time to come was written by a clock that was wrong.
    return age >= 0 && age < REMEMBERED_MS
  }

  const read = async (): Promise<Memory> => parse(await readPrivateFile(path, MODES), log)

  /** Replaces the memory by what `change` makes of the entries that still count. */
  const rewrite = (change: (entries: readonly Entry[], salt: string) => Promise<readonly Entry[]>) =>
    changePrivateFile(path, MODES, async (current) => {
      const {salt, entries} = parse(current, log)
      const next = await change(entries.filter(isFresh), salt)
      return format({salt: next.length === 0 ? newSalt() : salt, entries: next.slice(-MAX_ENTRIES)})
    })

  return {
    recall: (login) =>
      unharmed(log, null, async () => {
        const {salt, entries} = await read()
        const fresh = entries.filter(isFresh)
        // No trace of a password stays for longer than it is of use.
        if (fresh.length < entries.length) await rewrite((rest) => Promise.resolve(rest))
        if (fresh.length === 0) return null
        const hash = await hashOf(login, salt)
        const known = fresh.findLast((entry) => entry.hash === hash)
        return known === undefined ? null : {at: known.at}
      }),
    remember: (login) =>
      unharmed(log, undefined, () =>
        rewrite(async (entries, salt) => {
          const hash = await hashOf(login, salt)
          return [...entries.filter((entry) => entry.hash !== hash), {hash, at: clock.now()}]
        }),
      ),
    forget: (login) =>
      unharmed(log, undefined, async () => {
        if ((await read()).entries.length === 0) return
        await rewrite(async (entries, salt) => {
          const hash = await hashOf(login, salt)
          return entries.filter((entry) => entry.hash !== hash)
        })
      }),
  }
}

/** The result of `work`, or `otherwise` where the file cannot be used. */
async function unharmed<T>(log: Log, otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof PostdeskError)) throw error
    log('refused passwords are not remembered', {why: error.message})
    return otherwise
  }
}

/** Slow on purpose, and in another thread. */
function hashOf({host, port, user, password}: KnownLogin, salt: string): Promise<string> {
  const text = JSON.stringify([host.toLowerCase(), port, user, password.reveal()])
  return new Promise((resolve, reject) =>
    scrypt(text, Buffer.from(salt, 'hex'), HASH_BYTES, {N: SCRYPT_N, r: SCRYPT_R}, (error, hash) =>
      error === null ? resolve(hash.toString('hex')) : reject(error),
    ),
  )
}

const newSalt = (): string => randomBytes(SALT_BYTES).toString('hex')

/** What a file holds. One that is no memory of this version is an empty one, and is replaced at the next refusal. */
function parse(bytes: Buffer | null, log: Log): Memory {
  const nothing = {salt: newSalt(), entries: []}
  if (bytes === null) return nothing
  try {
    const {version, salt, entries} = JSON.parse(bytes.toString()) as Record<string, unknown>
    if (version !== VERSION) throw new Error('it is of another version')
    if (typeof salt !== 'string' || salt.length !== 2 * SALT_BYTES || !Array.isArray(entries))
      throw new Error('it is no such file')
    return {salt, entries: entries.filter(isEntry)}
  } catch (error) {
    log('what was known of refused passwords cannot be read', {why: messageOf(error)})
    return nothing
  }
}

function isEntry(value: unknown): value is Entry {
  const {hash, at} = (value ?? {}) as {readonly hash?: unknown; readonly at?: unknown}
  return typeof hash === 'string' && typeof at === 'string' && !Number.isNaN(Date.parse(at))
}

const format = (memory: Memory): Buffer => Buffer.from(`${JSON.stringify({version: VERSION, ...memory}, null, 2)}\n`)

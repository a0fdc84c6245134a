/** The keychain of the operating system: macOS Keychain, Windows Credential Manager, Secret Service on Linux. */
import {fork, type ChildProcess} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {fileURLToPath} from 'node:url'
import {noSecretPlace, secretPlaceFailed, type Fix, type PostdeskError} from '../errors.ts'
import type {KeychainReply, KeychainRequest} from './keychain-process.ts'
import {fieldName} from './entry-name.ts'
import {Secret, type SecretId, type SecretPlace} from './secret.ts'

/**
 * How long a call may take. A keychain that is there answers within 100 ms; one that waits for a person at a screen that
 * nobody looks at must not hold back the program.
 */
export const KEYCHAIN_TIMEOUT_MS = 5000

/** A place whose entries can also be read by the name that the place itself has for them (`keychain:`, `vault:`). */
export interface NamedSecretPlace extends SecretPlace {
  /** Null where the place works and has no such entry. */
  read(entry: string): Promise<Secret | null>
}

export interface KeychainOptions {
  /** The environment the keychain is found by (`DBUS_SESSION_BUS_ADDRESS`). */
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutMs?: number
}

/**
 * Opens the keychain; nothing is started before the first call. Every call ends within `timeoutMs`, rejects with 78 that
 * says whether the keychain is locked, denied, hanging or not there, and never keeps the process from ending.
 */
export function openKeychain({
  env = process.env,
  timeoutMs = KEYCHAIN_TIMEOUT_MS,
}: KeychainOptions = {}): NamedSecretPlace {
  const call = keychainCaller(env, timeoutMs)

  const place: NamedSecretPlace = {
    kind: 'keychain',
    async probe() {
      // Only a write tells: a Secret Service without a collection, or a locked one, answers every search with "nothing".
      const id = {store: 'probe', owner: 'probe', field: randomUUID(), usedWith: 'probe'}
      await place.set(id, new Secret(randomUUID()))
      await place.delete(id)
    },
    async get(id) {
      return asSecret(await call({operation: 'get', ...entryOf(id)}))
    },
    // Its entries cannot be listed without reading their values, and each may ask a person.
    others: () => Promise.resolve([]),
    async read(entry) {
      const slash = entry.indexOf('/')
      const [service, account] = [entry.slice(0, slash), entry.slice(slash + 1)]
      return asSecret(await call({operation: 'get', service, account}))
    },
    async set(id, value) {
      const readBack = asSecret(await call({operation: 'set', ...entryOf(id), value: value.reveal()}))
      if (readBack?.equals(value) === true) return
      throw secretPlaceFailed(
        'keychain',
        readBack === null
          ? 'it took the secret and did not have it afterwards'
          : 'it gave back another value than it took',
        [{text: 'Unlock the keychain, or use the encrypted vault file: --secret-store vault.'}],
      )
    },
    async delete(id) {
      return (await call({operation: 'delete', ...entryOf(id)})) === true
    },
  }
  return place
}

function entryOf(id: SecretId) {
  return {service: `postdesk:${id.store}`, account: `${id.owner}/${fieldName(id)}`}
}

function asSecret(value: string | boolean | null): Secret | null {
  return typeof value === 'string' ? new Secret(value) : null
}

type Call = (request: Omit<KeychainRequest, 'id'>) => Promise<string | boolean | null>

interface Waiting {
  readonly resolve: (value: string | boolean | null) => void
  readonly reject: (error: PostdeskError) => void
}

/** One process for all calls of a run, started at the first; it answers in turn and is killed where one is too late. */
function keychainCaller(env: NodeJS.ProcessEnv, timeoutMs: number): Call {
  const waiting = new Map<number, Waiting>()
  let running: ChildProcess | null = null
  let lastId = 0

  const fail = (child: ChildProcess, error: PostdeskError) => {
    if (running !== child) return
    running = null
    child.kill('SIGKILL')
    for (const {reject} of waiting.values()) reject(error)
    waiting.clear()
  }

  const start = (): ChildProcess => {
    const child = fork(PROCESS_FILE, [], {env, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc']})
    child.on('message', (reply: KeychainReply) => {
      const waiter = waiting.get(reply.id)
      waiting.delete(reply.id)
      if (waiting.size === 0) holdProcess(child, false)
      if ('failed' in reply) waiter?.reject(keychainError(reply))
      else waiter?.resolve(reply.value)
    })
    child.on('error', (error) =>
      fail(child, noSecretPlace('the process that reads the keychain could not be started', error)),
    )
    child.on('exit', () => fail(child, noSecretPlace('the process that reads the keychain ended unexpectedly')))
    return child
  }

  return async (request) => {
    const child = (running ??= start())
    holdProcess(child, true)
    const id = (lastId += 1)
    const timer = setTimeout(() => fail(child, hanging(timeoutMs)), timeoutMs)
    try {
      return await new Promise((resolve, reject) => {
        waiting.set(id, {resolve, reject})
        // A failure is an `exit` or `error` event as well; here it would only be told twice.
        child.send({...request, id} satisfies KeychainRequest, () => {})
      })
    } finally {
      clearTimeout(timer)
    }
  }
}

// In the published package the file beside this one is compiled, as this one is.
const PROCESS_FILE = fileURLToPath(
  new URL(`./keychain-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

/** Whether the child keeps this process alive: only while an answer is awaited. */
function holdProcess(child: ChildProcess, hold: boolean): void {
  if (hold) child.ref()
  else child.unref()
  if (hold) child.channel?.ref()
  else child.channel?.unref()
}

function hanging(timeoutMs: number): PostdeskError {
  return noSecretPlace(
    `the keychain gave no answer within ${timeoutMs / 1000} s; it may be waiting for someone to unlock it on a screen`,
    undefined,
    unlockFixes(),
  )
}

/** The system's words for each case: keyring-core's, D-Bus's, dbus-secret-service's, macOS's (in English). */
const LOCKED = /object locked|prompt (was )?dismissed|interaction is not allowed/i
const DENIED = /access ?denied|not permitted|passphrase you entered|cancell?ed/i
const SILENT = /did not receive a reply|NoReply/i
const TOO_LONG = /longer than .*limit/i

function keychainError({failed, missingModule}: Extract<KeychainReply, {failed: string}>): PostdeskError {
  const cause = new Error(failed)
  if (missingModule)
    return noSecretPlace('the native module for the keychain is not installed for this platform', cause, [
      {text: 'Install postdesk with its optional dependencies.', command: 'npm install --include=optional'},
    ])
  if (LOCKED.test(failed)) return noSecretPlace('the keychain is locked', cause, unlockFixes())
  if (DENIED.test(failed)) return noSecretPlace(`the keychain denied access (${failed})`, cause, unlockFixes())
  if (SILENT.test(failed)) return noSecretPlace('the keychain is there and does not answer', cause, unlockFixes())
  if (TOO_LONG.test(failed))
    return secretPlaceFailed(
      'keychain',
      'the secret is longer than this keychain takes',
      [{text: 'Use the encrypted vault file: --secret-store vault.'}],
      cause,
    )
  return noSecretPlace(`there is no keychain here (${failed})`, cause, unlockFixes())
}

function unlockFixes(): readonly Fix[] {
  if (process.platform === 'darwin') return [{text: 'Unlock the keychain:', command: 'security unlock-keychain'}]
  if (process.platform === 'win32') return []
  return [{text: 'Unlock the keychain of this session:', command: 'gnome-keyring-daemon --unlock --components=secrets'}]
}

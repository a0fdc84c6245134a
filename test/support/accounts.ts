/** A portal on a machine that keeps secrets, and servers that take its logins: for commands that set accounts up. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {generateX25519Identity} from 'age-encryption'
import {addInternalAddress} from '../../src/lib/internal-address.ts'
import {addPortal} from '../../src/lib/portal.ts'
import {addQueue} from '../../src/lib/queue.ts'
import type {Store} from '../../src/lib/store/open.ts'
import {findPortal, type PortalRow} from '../../src/lib/store/portals.ts'
import {postdesk, temporaryHome, type Run} from './run-postdesk.ts'
import type {SmtpSink} from './smtp-sink.ts'
import {startStore, type StoreKind} from './stores.ts'

/** What `--json` prints. */
export interface Printed {
  readonly exitCode: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever is there
  readonly result: any
  // oxlint-disable-next-line typescript/no-explicit-any -- the same
  readonly error: any
  readonly warnings: readonly string[]
  readonly nextSteps: readonly string[]
}

/** A machine with a secret place of its own: a vault with an age identity, which opens at once. */
export interface Machine {
  readonly home: string
  /** May be changed at any time. */
  readonly env: Record<string, string | undefined>
  run(line: string, input?: string): Promise<Run>
  /** The envelope; asserts the exit code. */
  json(exitCode: number, line: string, input?: string): Promise<Printed>
  /** Everything that was printed so far. */
  printed(): string
}

export async function startMachine(t: TestContext, storeUrl: string): Promise<Machine> {
  const home = await temporaryHome(t)
  const identity = join(home, 'vault.key')
  await writeFile(identity, `${await generateX25519Identity()}\n`, {mode: 0o600})
  const env: Machine['env'] = {
    POSTDESK_STORE: storeUrl,
    POSTDESK_SECRET_STORE: 'vault',
    POSTDESK_VAULT_IDENTITY_FILE: identity,
    // Nobody outside is asked.
    POSTDESK_RESOLVER: '127.0.0.1:9',
  }
  let printed = ''
  const run = async (line: string, input = '') => {
    const ended = await postdesk(line.split(' '), {home, env, input})
    printed += ended.stdout + ended.stderr
    return ended
  }
  return {
    home,
    env,
    run,
    async json(exitCode, line, input) {
      const {stdout, stderr} = await run(`${line} --json`, input)
      const envelope = JSON.parse(stdout) as Printed
      assert.equal(envelope.exitCode, exitCode, `${line}: ${stdout}${stderr}`)
      assert.equal(stderr, '', 'with --json all is in the envelope')
      return envelope
    },
    printed: () => printed,
  }
}

export interface AccountDesk extends Machine {
  readonly store: Store
  readonly url: string
  portal(key?: string): Promise<PortalRow>
}

/** A portal `acme` with a queue `support` and the internal address support@acme.example. */
export async function startAccountDesk(t: TestContext, kind: StoreKind): Promise<AccountDesk> {
  const store = await startStore(t, kind)
  const machine = await startMachine(t, store.url)
  // Not by the commands, which have tests of their own: every start of the program takes its time.
  const once = {ifNotExists: false, now: new Date().toISOString()}
  await addPortal(store, {key: 'acme', domain: 'acme.example'}, once)
  const portal = (await findPortal(store.db, 'acme'))!
  await addQueue(store, portal, 'support', {}, once)
  await addInternalAddress(store, portal, 'support', {name: 'Support', queue: 'support'}, once)
  return {...machine, store, url: store.url, portal: async (key = 'acme') => (await findPortal(store.db, key))!}
}

/** The program trusts the certificate of this server. */
export async function trust({home, env}: Machine, {ca}: Pick<SmtpSink, 'ca'>): Promise<void> {
  const path = join(home, 'ca.pem')
  await writeFile(path, ca)
  env['NODE_EXTRA_CA_CERTS'] = path
}

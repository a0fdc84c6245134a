/**
 * Starts a real Secret Service of its own: a private session bus with a gnome-keyring whose files are in a temporary
 * home; both ended by their process ids.
 */
import {execFile, spawn, spawnSync, type ChildProcess} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {promisify} from 'node:util'

export interface KeychainServer {
  /** The environment in which this keychain is the user's. */
  readonly env: NodeJS.ProcessEnv
  /** Locks the collection; unlocking asks a person, on a screen that is not there. */
  lock(): Promise<void>
  /** From now on the service keeps its name on the bus and answers nothing. */
  freeze(): void
}

/** Whether this machine has what a Secret Service needs; else why the test is skipped. Required peers fail. */
export function keychainMissing(): string | false {
  const missing = ['dbus-daemon', 'gnome-keyring-daemon', 'gdbus'].filter(
    (program) =>
      spawnSync(program, ['--version']).error !== undefined && spawnSync(program, ['help']).error !== undefined,
  )
  if (missing.length === 0) return false
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1')
    throw new Error(`${missing.join(', ')}: not installed, and required`)
  return `${missing.join(', ')}: not installed`
}

/**
 * `dialog`: what becomes of a question to a person: `dismissed` at once for want of a screen, or `ignored` for ever.
 * Without `service` there is a bus and nothing on it.
 */
export async function startKeychain(
  t: TestContext,
  {service = true, dialog = 'dismissed'}: {readonly service?: boolean; readonly dialog?: 'dismissed' | 'ignored'} = {},
): Promise<KeychainServer> {
  const home = await mkdtemp(join(tmpdir(), 'postdesk-keychain-'))
  const children: ChildProcess[] = []
  t.after(async () => {
    for (const child of children.reverse()) await end(child)
    await rm(home, {recursive: true, force: true})
  })
  const services = join(home, 'services')
  await mkdir(services)
  // A program that is started to show the dialog, and never appears on the bus.
  await writeFile(
    join(services, 'ignored.service'),
    '[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec=/bin/sleep 30\n',
  )
  const configuration = join(home, 'bus.conf')
  await writeFile(
    configuration,
    `<busconfig><type>session</type><listen>unix:dir=${home}</listen>
     ${service ? `<servicedir>${dialog === 'ignored' ? services : '/usr/share/dbus-1/services'}</servicedir>` : ''}
     <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
     </policy></busconfig>`,
  )
  const env: NodeJS.ProcessEnv = {PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home}
  const bus = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork', '--nopidfile', '--print-address=1'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(bus)
  const [address] = (await once(bus.stdout, 'data')) as [Buffer]
  // What the bus starts inherits the pipe and would keep it open.
  bus.stdout.destroy()
  env['DBUS_SESSION_BUS_ADDRESS'] = address.toString().trim()
  if (!service) return {env, lock: async () => {}, freeze: () => {}}

  const daemon = spawn('gnome-keyring-daemon', ['--unlock', '--components=secrets', '--foreground'], {
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  children.push(daemon)
  daemon.stdin.end('password of the keyring')
  const call = async (destination: string, path: string, method: string, ...args: string[]) =>
    (
      await promisify(execFile)(
        'gdbus',
        ['call', '--session', '--dest', destination, '--object-path', path, '--method', method, ...args],
        {env},
      )
    ).stdout
  const SECRETS = 'org.freedesktop.secrets'
  const login = '/org/freedesktop/secrets/collection/login'
  for (let tries = 0; ; tries += 1) {
    const owned = await call('org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', SECRETS)
    if (owned.includes('true')) break
    if (tries === 100) throw new Error('gnome-keyring-daemon did not appear on its bus')
    await sleep(50)
  }
  return {
    env,
    async lock() {
      await call(SECRETS, '/org/freedesktop/secrets', 'org.freedesktop.Secret.Service.Lock', `["${login}"]`)
    },
    freeze() {
      daemon.kill('SIGSTOP')
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  // Also one that is stopped ends by this.
  child.kill('SIGKILL')
  await ended
}

/**
 * Starts a real Exim of its own. Debian lets only one MTA be installed, so its packages are unpacked into a directory and
 * not installed; the user that it was built for is shown to it in a mount namespace, and the machine stays as it is.
 */
import {spawn, spawnSync} from 'node:child_process'
import {chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {
  documented,
  endGroup,
  giveToMailUser,
  MAIL_USER,
  openDirectory,
  replaceAll,
  runTool,
  waitFor,
  type Mta,
} from './mta.ts'
import {freePort} from './stores.ts'

const PACKAGES = ['exim4-daemon-light', 'libidn12']
/** Kept between runs. */
const UNPACKED = join(tmpdir(), 'postdesk-exim4')

/** Why this machine cannot run an Exim of its own; false where it can. It is never required, unlike the other peers. */
export async function eximMissing(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'Exim runs as root only'
  try {
    if (!existsSync(UNPACKED)) await unpack()
    // What lies in a directory that everybody may write to is only run as root where it is root's.
    if ((await stat(UNPACKED)).uid !== 0) return `${UNPACKED} is somebody else's`
    await runTool(...inNamespace(['-C', '/dev/null', '-bV']))
    return false
  } catch (error) {
    return `Exim cannot be run here: ${String(error).split('\n')[0]}`
  }
}

/** Downloads the packages as apt does, checked by its signatures, and unpacks them. */
async function unpack(): Promise<void> {
  const directory = `${UNPACKED}-${process.pid}`
  await mkdir(directory, {mode: 0o755})
  try {
    const {status, stderr} = spawnSync('/usr/bin/apt-get', ['download', '-qq', ...PACKAGES], {cwd: directory})
    if (status !== 0) throw new Error(`apt-get download: ${stderr?.toString().split('\n')[0] ?? 'no apt-get'}`)
    for (const name of await readdir(directory))
      if (name.endsWith('.deb')) await runTool('dpkg', ['-x', join(directory, name), directory])
    // Started by root it needs no set-user-ID bit; with it, it would ignore where its library lies.
    await chmod(join(directory, 'usr/sbin/exim4'), 0o755)
    const user = 'Debian-exim:x:8:8::/nonexistent:/usr/sbin/nologin\n'
    await writeFile(join(directory, 'passwd'), (await readFile('/etc/passwd', 'utf8')) + user)
    await writeFile(join(directory, 'group'), `${await readFile('/etc/group', 'utf8')}Debian-exim:x:8:\n`)
    await rename(directory, UNPACKED)
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

/** The command line that runs Exim where its user exists. */
function inNamespace(words: readonly string[]): [string, string[], NodeJS.ProcessEnv] {
  const script = `mount --bind ${UNPACKED}/passwd /etc/passwd && mount --bind ${UNPACKED}/group /etc/group && exec "$@"`
  const env = {PATH: process.env['PATH'], LD_LIBRARY_PATH: libraries()}
  return ['unshare', ['-m', 'sh', '-c', script, 'sh', join(UNPACKED, 'usr/sbin/exim4'), ...words], env]
}

/** Where Debian puts libraries on this architecture: `/usr/lib/x86_64-linux-gnu`. */
function libraries(): string {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  return join(UNPACKED, `usr/lib/${architecture}-linux-gnu`)
}

/** Exim as docs/mta.md sets it up. `deliver` is the script that it calls. */
export async function startExim(t: TestContext, deliver: string): Promise<Mta> {
  let end = async () => {}
  const directory = await openDirectory(t, 'exim', () => end())
  const [spool, logs, mail] = ['spool', 'log', 'mail'].map((name) => join(directory, name)) as [string, string, string]
  for (const name of [spool, logs, mail]) await mkdir(name)
  await runTool('chown', ['8:8', spool, logs])
  await giveToMailUser(mail)
  const port = await freePort()
  const configuration = join(directory, 'exim.conf')
  await writeFile(
    configuration,
    `exim_path = ${UNPACKED}/usr/sbin/exim4
spool_directory = ${spool}
log_file_path = ${logs}/%s
pid_file_path = ${directory}/pid
primary_hostname = mx.acme.example
keep_environment = LD_LIBRARY_PATH
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = accept
# Without its set-user-ID bit Exim can deliver only when root starts a queue run.
queue_only = true
begin acl
begin routers
${await documented('exim router')}
returned:
  driver = accept
  domains = example.com
  transport = returned
begin transports
${replaceAll(await documented('exim transport'), {
  'user = postdesk': `user = ${MAIL_USER}`,
  '/usr/local/bin/postdesk-deliver': deliver,
})}
returned:
  driver = appendfile
  file = ${mail}/$message_exim_id
  user = ${MAIL_USER}
begin retry
${await documented('exim retry')}
`,
  )
  const log = async () =>
    (
      await Promise.all(['main', 'panic', 'reject'].map((name) => readFile(join(logs, name), 'utf8').catch(() => '')))
    ).join('')
  const [command, words, env] = inNamespace(['-C', configuration, '-bdf'])
  const daemon = spawn(command, words, {env, detached: true, stdio: 'ignore'})
  end = async () => {
    // Node has it, its types do not know it yet.
    const {passed} = t as TestContext & {readonly passed?: boolean}
    if (passed === false) t.diagnostic(await log())
    await endGroup(daemon)
  }
  await waitFor(
    async () => (await log()).includes('listening for SMTP'),
    async () => `Exim did not start: ${await log()}`,
    15,
  )

  const exim = (...flags: string[]) => runTool(...inNamespace(['-C', configuration, ...flags]))
  const queue = async () => {
    // `25m  2.9K 0t5lsm-000000-1E <jane@example.com> *** frozen ***`, then its recipients, those done with a D.
    const listed = (await exim('-bp')).split(/\n\n/).filter((mailListed) => mailListed.trim() !== '')
    return listed.flatMap((text) => {
      const [head = '', ...recipients] = text.trim().split('\n')
      const state = head.includes('frozen') ? 'frozen' : 'deferred'
      return recipients
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('D '))
        .map((recipient) => ({state, recipient, reason: ''}))
    })
  }
  // A run ends when it has tried every mail once; the bounces that it makes are delivered by the next.
  const run = async () => {
    await exim('-qff')
    await exim('-q')
  }
  return {
    port,
    queue,
    async settled() {
      await run()
      return queue()
    },
    flush: run,
    async bounces() {
      return Promise.all((await readdir(mail)).map((file) => readFile(join(mail, file), 'utf8')))
    },
    log,
  }
}

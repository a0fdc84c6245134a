/**
 * Starts a real Dovecot of its own: own configuration, own directories, free ports on 127.0.0.1, ended by its process
 * id. Works as root and as an ordinary user.
 */
import {spawn, spawnSync} from 'node:child_process'
import {chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises'
import {createConnection, createServer} from 'node:net'
import {tmpdir, userInfo} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {ImapFlow} from 'imapflow'
import type {ServerCertificate} from './certificates.ts'
import {deliverToMaildir, makeMaildirAt, makeMessage, type Owner} from './maildir.ts'

export interface DovecotOptions {
  /** `sdbox` keeps bodies apart from indexes as large installations do; tests that write files need `maildir`. */
  readonly storage?: 'maildir' | 'sdbox'
  /** Without it there is no TLS port and no STARTTLS. */
  readonly tls?: ServerCertificate
  readonly user?: string
  readonly password?: string
  /** Lines added to the configuration. */
  readonly configuration?: string
}

export interface DovecotServer {
  readonly host: '127.0.0.1'
  /** Plain, with STARTTLS where a certificate was given. */
  readonly port: number
  /** Implicit TLS; 0 without a certificate. */
  readonly tlsPort: number
  readonly user: string
  readonly password: string
  /** The root of the user's mailboxes; for `maildir` the INBOX itself. */
  readonly mailDirectory: string
  readonly owner: Owner
  /** Writes messages straight into the INBOX (storage `maildir`): numbers `first` to `first + count - 1`. */
  fill(count: number, options?: {readonly size?: number; readonly first?: number}): Promise<void>
  /** One message into the INBOX (storage `maildir`). */
  deliver(bytes: Uint8Array, arrived?: Date): Promise<void>
  /** Runs with a connection of its own that has the mailbox open for writing. */
  withMailbox<T>(work: (client: ImapFlow) => Promise<T>, mailbox?: string): Promise<T>
  append(bytes: Uint8Array, mailbox?: string): Promise<void>
  expunge(uids: string): Promise<void>
  /** Gives the INBOX another UIDVALIDITY, as after a restore of a backup (storage `maildir`). */
  changeUidValidity(): Promise<void>
  log(): Promise<string>
  stop(): Promise<void>
}

/** Whether this machine has Dovecot; else why the test is skipped. Where peers are required, missing ones fail. */
export function dovecotMissing(): string | false {
  const found = spawnSync(DOVECOT, ['--version']).status === 0
  if (found) return false
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1') throw new Error('dovecot is not installed, and peers are required')
  return 'dovecot is not installed'
}

// Debian keeps it where an ordinary user's PATH does not look.
const DOVECOT = process.env['PATH']?.includes('/usr/sbin') === true ? 'dovecot' : '/usr/sbin/dovecot'

/** Starts a server that ends with the test; its log is shown when the test fails. */
export async function startDovecot(t: TestContext, options: DovecotOptions = {}): Promise<DovecotServer> {
  const server = await startDovecotServer(options)
  t.after(async () => {
    // Node has it, its types do not know it yet.
    const {passed} = t as TestContext & {readonly passed?: boolean}
    if (passed === false) t.diagnostic(await server.log())
    await server.stop()
  })
  return server
}

/** Starts a server for callers without a test context; they call `stop()`. */
export async function startDovecotServer(options: DovecotOptions = {}): Promise<DovecotServer> {
  const {user = 'help@acme.example', password = 'correct horse battery', storage = 'maildir'} = options
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-dovecot-'))
  await chmod(directory, 0o755)
  const home = join(directory, 'home')
  const mailDirectory = join(home, storage)
  const owner = mailOwner()
  await mkdir(home)
  await chown(home, owner.uid, owner.gid)
  if (storage === 'maildir') await makeMaildirAt(mailDirectory, owner)
  const [port, tlsPort] = [await freePort(), options.tls ? await freePort() : 0]
  const logPath = join(directory, 'dovecot.log')
  await writeFile(join(directory, 'users'), `${user}:{PLAIN}${password}\n`, {mode: 0o644})
  const configuration = join(directory, 'dovecot.conf')
  await writeFile(configuration, configure())

  const child = spawn(DOVECOT, ['-F', '-c', configuration], {stdio: 'ignore'})
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const log = async () => readFile(logPath, 'utf8').catch(() => '')
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await rm(directory, {recursive: true, force: true, maxRetries: 5})
  }
  try {
    await greeted(port, child)
  } catch (error) {
    const text = await log()
    await stop()
    throw new Error(`dovecot did not start: ${text}`, {cause: error})
  }

  const withMailbox = async <T>(work: (client: ImapFlow) => Promise<T>, mailbox = 'INBOX'): Promise<T> => {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port,
      secure: false,
      doSTARTTLS: false,
      logger: false,
      disableAutoIdle: true,
      auth: {user, pass: password},
    })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.mailboxOpen(mailbox)
      return await work(client)
    } finally {
      client.close()
    }
  }
  return {
    host: '127.0.0.1',
    port,
    tlsPort,
    user,
    password,
    mailDirectory,
    owner,
    async fill(count, {size, first = 1} = {}) {
      for (let number = first; number < first + count; number++)
        await deliverToMaildir(mailDirectory, makeMessage(number, size), {owner})
    },
    async deliver(bytes, arrived) {
      await deliverToMaildir(mailDirectory, bytes, {owner, ...(arrived ? {arrived} : {})})
    },
    withMailbox,
    async append(bytes, mailbox = 'INBOX') {
      await withMailbox((client) => client.append(mailbox, Buffer.from(bytes)))
    },
    async expunge(uids) {
      await withMailbox((client) => client.messageDelete(uids, {uid: true}))
    },
    async changeUidValidity() {
      const uidValidity = () => withMailbox(async ({mailbox}) => (mailbox === false ? 0 : Number(mailbox.uidValidity)))
      const path = join(mailDirectory, 'dovecot-uidlist')
      const before = await uidValidity()
      // A process of the server that is about to end may still write down what it knew.
      while ((await uidValidity()) === before) {
        const list = await readFile(path, 'utf8')
        // The first line reads `3 V<uidvalidity> N<uidnext> G<guid>`.
        await writeFile(path, list.replace(/ V\d+/, ` V${before + 1}`))
        for (const name of await readdir(mailDirectory))
          if (/^dovecot\.(list\.)?index/.test(name)) await rm(join(mailDirectory, name))
        await sleep(50)
      }
    },
    log,
    stop,
  }

  function configure(): string {
    const asRoot = process.getuid?.() === 0
    const me = userInfo().username
    return `
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${logPath}
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_fsync = never
mail_max_userip_connections = 100
mail_location = ${storage}:${mailDirectory}
first_valid_uid = 1
first_valid_gid = 1
${asRoot ? '' : `default_internal_user = ${me}\ndefault_login_user = ${me}`}
ssl = ${options.tls ? 'yes' : 'no'}
${options.tls ? `ssl_cert = <${options.tls.certificate}\nssl_key = <${options.tls.key}` : ''}
passdb {
  driver = passwd-file
  args = ${directory}/users
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${home}
}
service imap-login {
  ${asRoot ? '' : 'chroot ='}
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
${asRoot ? '' : 'service anvil {\n  chroot =\n}\nservice stats {\n  chroot =\n}'}
namespace inbox {
  inbox = yes
}
${options.configuration ?? ''}
`
  }
}

/** Dovecot refuses to read mail as root: there the package's own user has it. */
function mailOwner(): Owner {
  const {uid, gid} = userInfo()
  if (uid !== 0) return {uid, gid}
  const id = (flag: string) => Number(spawnSync('id', [flag, 'dovecot']).stdout.toString().trim())
  return {uid: id('-u'), gid: id('-g')}
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function greeted(port: number, child: {readonly exitCode: number | null}): Promise<void> {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(30)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const ok = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, '127.0.0.1')
      const give = (answer: boolean) => {
        socket.destroy()
        resolve(answer)
      }
      socket.once('data', (data) => give(data.toString().startsWith('* OK')))
      socket.once('error', () => give(false))
      socket.once('close', () => give(false))
    })
    if (ok) return
  }
  throw new Error('no greeting within 15 s')
}

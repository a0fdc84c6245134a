/** Starts a real Postfix of its own beside whatever the machine runs: own directories, a free port, ended by its process id. */
import {spawn, spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {chown, mkdir, readdir, readFile, writeFile} from 'node:fs/promises'
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
  type Queued,
} from './mta.ts'
import {freePort} from './stores.ts'

const MASTER = '/usr/lib/postfix/sbin/master'

/** Whether this machine can run a Postfix of its own; else why the test is skipped. Where peers are required, it must. */
export function postfixMissing(): string | false {
  if (process.getuid?.() !== 0) return 'Postfix runs as root only'
  if (existsSync(MASTER)) return false
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1') throw new Error('postfix is not installed, and peers are required')
  return 'postfix is not installed'
}

/** What sets one Postfix apart from another. */
export interface PostfixSetup {
  /** Lines of main.cf beside those that every test needs. */
  readonly main: string
  /** Lines of master.cf beside the smtpd that listens and the processes that every Postfix has. */
  readonly master?: string
  /** Tables, by the names that `$config_directory` has them under. */
  readonly tables?: Readonly<Record<string, string>>
}

/** A Postfix that runs. */
export interface RunningPostfix {
  readonly port: number
  readonly configuration: string
  log(): Promise<string>
}

/** Starts one that ends with the test; its log is shown when the test fails. `mail` is a directory of the mail user's. */
export async function runPostfix(
  t: TestContext,
  setup: (place: {readonly configuration: string; readonly mail: string}) => PostfixSetup | Promise<PostfixSetup>,
): Promise<RunningPostfix> {
  let end = async () => {}
  const directory = await openDirectory(t, 'postfix', () => end())
  const [configuration, data, mail] = ['etc', 'data', 'mail'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  for (const name of [configuration, data, mail, join(directory, 'queue')]) await mkdir(name)
  await chown(data, Number(spawnSync('id', ['-u', 'postfix']).stdout.toString()), 0)
  await giveToMailUser(mail)
  const port = await freePort()
  const log = async () => readFile(join(directory, 'log'), 'utf8').catch(() => '')
  const {main, master: services = '', tables = {}} = await setup({configuration, mail})

  await writeFile(
    join(configuration, 'main.cf'),
    `${main}
compatibility_level = 3.6
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = ${directory}/queue
data_directory = ${data}
maillog_file = ${directory}/log
maillog_file_prefixes = ${directory}
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = error
`,
  )
  for (const [name, text] of Object.entries(tables)) await writeFile(join(configuration, name), text)
  await writeFile(
    join(configuration, 'master.cf'),
    `127.0.0.1:${port} inet n - n - - smtpd
pickup     unix       n - n 60 1 pickup
cleanup    unix       n - n - 0 cleanup
qmgr       unix       n - n 300 1 qmgr
rewrite    unix       - - n - - trivial-rewrite
bounce     unix       - - n - 0 bounce
defer      unix       - - n - 0 bounce
trace      unix       - - n - 0 bounce
flush      unix       n - n 1000? 0 flush
showq      unix       n - n - - showq
error      unix       - - n - - error
retry      unix       - - n - - error
proxymap   unix       - - n - - proxymap
anvil      unix       - - n - 1 anvil
virtual    unix       - n n - - virtual
postlog    unix-dgram n - n - 1 postlogd
${services}`,
  )
  await runTool('postfix', ['-c', configuration, 'check'])
  // `-d`: it stays in the foreground, and leads the process group that it was started in.
  const master = spawn(MASTER, ['-c', configuration, '-d'], {detached: true, stdio: 'ignore'})
  end = async () => {
    // Node has it, its types do not know it yet.
    const {passed} = t as TestContext & {readonly passed?: boolean}
    if (passed === false) t.diagnostic(await log())
    await endGroup(master)
  }
  await waitFor(
    async () => (await log()).includes('daemon started') || null,
    async () => `Postfix did not start: ${await log()}`,
    15,
  )
  return {port, configuration, log}
}

/** Postfix as docs/mta.md sets it up. `deliver` is the script that it calls. */
export async function startPostfix(t: TestContext, deliver: string): Promise<Mta> {
  let returned = ''
  const {port, configuration, log} = await runPostfix(t, async ({configuration, mail}) => {
    returned = join(mail, 'jane/new')
    return {
      main: `${replaceAll(await documented('main.cf'), {'/etc/postfix': configuration})}
myhostname = mx.acme.example
# The senders of the tests: what is returned to them is put into a Maildir.
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{ jane@example.com=jane/ }
virtual_mailbox_base = ${mail}
virtual_mailbox_limit = 0
virtual_minimum_uid = 1
virtual_uid_maps = static:${spawnSync('id', ['-u', MAIL_USER]).stdout.toString().trim()}
virtual_gid_maps = static:${spawnSync('id', ['-g', MAIL_USER]).stdout.toString().trim()}`,
      tables: {transport: await documented('transport')},
      master: replaceAll(await documented('master.cf'), {
        'user=postdesk': `user=${MAIL_USER}`,
        '/usr/local/bin/postdesk-deliver': deliver,
      }),
    }
  })

  const queue = async (): Promise<Queued[]> =>
    (await runTool('postqueue', ['-c', configuration, '-j']))
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .flatMap((line) => {
        const {queue_name: state, recipients} = JSON.parse(line) as {
          queue_name: string
          recipients: {address: string; delay_reason?: string}[]
        }
        return recipients.map(({address, delay_reason: reason = ''}) => ({state, recipient: address, reason}))
      })
  return {
    port,
    queue,
    settled: () =>
      waitFor(
        async () => {
          const waiting = await queue()
          return waiting.every(({state, reason}) => state === 'deferred' && reason !== '') && waiting
        },
        async () => JSON.stringify(await queue()),
      ),
    async flush() {
      const attempts = async () => (await log()).split(' relay=postdesk,').length
      const [before, waiting] = [await attempts(), (await queue()).length]
      await runTool('postqueue', ['-c', configuration, '-f'])
      await waitFor(async () => (await attempts()) >= before + waiting, log)
    },
    async bounces() {
      const files = await readdir(returned).catch(() => [])
      return Promise.all(files.map((file) => readFile(join(returned, file), 'utf8')))
    },
    log,
  }
}

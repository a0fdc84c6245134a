/** What the tests of all MTAs share: the program as installed, the configuration of docs/mta.md, and mail by SMTP. */
import {spawn, spawnSync} from 'node:child_process'
import {randomUUID} from 'node:crypto'
import {chmod, chown, copyFile, cp, glob, mkdir, mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises'
import {existsSync} from 'node:fs'
import {createConnection} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {ROOT} from './run-postdesk.ts'
import {startDesk, type Desk} from './seed.ts'
import type {StoreKind} from './stores.ts'

/** A mail in the queue. */
export interface Queued {
  readonly state: string
  readonly recipient: string
  /** Why it waits; empty before its first delivery. */
  readonly reason: string
}

export interface Mta {
  readonly port: number
  queue(): Promise<readonly Queued[]>
  /** Resolves when nothing is on its way: all was delivered, returned or put off. Gives what was put off. */
  settled(): Promise<readonly Queued[]>
  /** Tries everything again that was put off. */
  flush(): Promise<void>
  /** What was returned to addresses at example.com, whole. */
  bounces(): Promise<readonly string[]>
  log(): Promise<string>
}

/** As whom the MTA calls postdesk: a user that every system has, without a home. */
export const MAIL_USER = 'nobody'

/** A number of the user database. */
const id = (flag: '-u' | '-g', user: string) => Number(spawnSync('id', [flag, user]).stdout.toString())

/** Gives a file or directory to the user that the MTA calls postdesk as. */
export const giveToMailUser = (path: string) => chown(path, id('-u', MAIL_USER), id('-g', MAIL_USER))

/** A directory that every user may enter, for the length of a test; `before` ends what works in it. */
export async function openDirectory(t: TestContext, name: string, before = async () => {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `postdesk-${name}-`))
  t.after(async () => {
    await before()
    await rm(directory, {recursive: true, force: true, maxRetries: 5})
  })
  await chmod(directory, 0o755)
  return directory
}

/** postdesk as `npm install --global` puts it on a machine. */
export interface Installed {
  /** The directory of package.json. */
  readonly program: string
  /** The script that docs/mta.md gives; the MTA calls it. */
  readonly deliver: string
  /** From now on the program works on the store that these flags name. */
  useStore(flags: string): Promise<void>
}

/**
 * Installs the built program where every user can read it: what `npm pack` ships, and the native module. A checkout may
 * be out of reach for others, as in a home directory.
 */
export async function installPostdesk(t: TestContext, storeFlags: string): Promise<Installed> {
  await refuseOldBuild()
  const directory = await openDirectory(t, 'installed')
  const program = join(directory, 'postdesk')
  await mkdir(join(program, 'node_modules'), {recursive: true})
  for (const name of ['package.json', 'oclif.manifest.json', 'bin', 'dist', 'node_modules/better-sqlite3'])
    await cp(join(ROOT, name), join(program, name), {recursive: true, filter: (path) => !path.endsWith('/deps')})
  const deliver = join(directory, 'postdesk-deliver')
  const node = await reachableNode(directory)
  const useStore = async (flags: string) => {
    const script = replaceAll(await documented('postdesk-deliver'), {
      '/usr/bin/node': node,
      '/usr/lib/node_modules/postdesk': program,
      '--store=sqlite:/var/lib/postdesk/postdesk.sqlite': flags,
    })
    await writeFile(deliver, script, {mode: 0o755})
  }
  await useStore(storeFlags)
  return {program, deliver, useStore}
}

/** What is installed is what was built. @throws where that is not what the sources say. */
async function refuseOldBuild(): Promise<void> {
  const changed = async (path: string) => (await stat(join(ROOT, path)).catch(() => null))?.mtimeMs ?? 0
  const built = await changed('dist/main.js')
  for await (const path of glob('src/**/*.ts', {cwd: ROOT}))
    if ((await changed(path)) > built) throw new Error(`${path} is newer than dist/: npm run build`)
}

/** A desk whose mail comes by an MTA. */
export interface BehindMta extends Desk {
  readonly mta: Mta
  readonly installed: Installed
  /** The flags by which the mail user finds the store. */
  readonly storeFlags: string
  submit(subject: string, to?: readonly string[], from?: string | null): Promise<void>
  /** Subject, recipients in lower case and sender of all messages, by their subjects. */
  messages(): Promise<readonly (readonly [string, readonly string[], string | null])[]>
  subjects(): Promise<readonly string[]>
}

/** Starts an MTA before a program that works on a store of the mail user's. */
export async function startBehind(
  t: TestContext,
  start: (t: TestContext, deliver: string) => Promise<Mta>,
  kind: StoreKind = 'sqlite',
): Promise<BehindMta> {
  const desk = await startDesk(t, kind)
  const storeFlags = await openToMailUser(t, desk.store.url)
  const installed = await installPostdesk(t, storeFlags)
  const mta = await start(t, installed.deliver)
  const messages = async () => {
    const rows = await desk.store.db.selectFrom('message').select(['subject', 'envelope']).orderBy('subject').execute()
    return rows.map(({subject, envelope}) => {
      const {recipients, sender} = JSON.parse(envelope!) as {recipients: string[]; sender: string | null}
      return [subject, recipients.map((address) => address.toLowerCase()), sender] as const
    })
  }
  return {
    ...desk,
    mta,
    installed,
    storeFlags,
    messages,
    subjects: async () => (await messages()).map(([subject]) => subject),
    submit: (subject, to = ['support@acme.example'], from = 'jane@example.com') =>
      sendMail(mta.port, {from, to, data: uniqueMail(subject)}),
  }
}

/** Gives a store to the mail user: the file and its directory, or a file with the password. Gives the flags that find it. */
export async function openToMailUser(t: TestContext, store: string): Promise<string> {
  const url = new URL(store)
  if (url.protocol === 'sqlite:') {
    await giveToMailUser(dirname(url.pathname))
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(url.pathname + suffix)) await giveToMailUser(url.pathname + suffix)
    return `--store=${store}`
  }
  const file = join(await openDirectory(t, 'secret'), 'password')
  await writeFile(file, `${url.password}\n`, {mode: 0o400})
  await giveToMailUser(file)
  url.password = ''
  return `--store=${url.href} --store-password-file=${file}`
}

/** This Node where the mail user can start it, else a copy. */
async function reachableNode(directory: string): Promise<string> {
  const user = {uid: id('-u', MAIL_USER), gid: id('-g', MAIL_USER)}
  if (spawnSync(process.execPath, ['--version'], {...user, cwd: '/'}).status === 0) return process.execPath
  const copy = join(directory, 'node')
  await copyFile(process.execPath, copy)
  await chmod(copy, 0o755)
  return copy
}

/** A block of docs/mta.md by its name, the second word after its backticks. */
export async function documented(name: string): Promise<string> {
  const page = await readFile(join(ROOT, 'docs/mta.md'), 'utf8')
  const block = new RegExp(`^\`\`\`\\w+ ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1]
  if (block === undefined) throw new Error(`docs/mta.md has no block ${name}`)
  return block
}

/** Puts the places of a test in for those of the page. @throws where the page does not name one. */
export function replaceAll(text: string, places: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(places)) {
    if (!text.includes(from)) throw new Error(`docs/mta.md does not say ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

/** A mail on its way in. */
export interface Submission {
  /** Null for the null reverse-path of a bounce. */
  readonly from: string | null
  readonly to: readonly string[]
  readonly data: Uint8Array
}

/** Sends one mail by SMTP (RFC 5321). Resolves when the server has taken it. @throws with its reply when it did not. */
export async function sendMail(port: number, {from, to, data}: Submission): Promise<void> {
  const socket = createConnection({host: '127.0.0.1', port})
  const replies = repliesOf(socket)
  const command = async (line: string | Uint8Array, expected: number) => {
    if (line.length > 0) socket.write(line)
    const {value: reply = 'nothing'} = await replies.next()
    if (!reply.startsWith(String(expected))) throw new Error(`the server answered ${reply}`)
  }
  try {
    await command('', 220)
    await command('EHLO client.example\r\n', 250)
    await command(`MAIL FROM:<${from ?? ''}>\r\n`, 250)
    for (const recipient of to) await command(`RCPT TO:<${recipient}>\r\n`, 250)
    await command('DATA\r\n', 354)
    // No line of the tests' mails begins with a dot.
    await command(Buffer.concat([data, Buffer.from('\r\n.\r\n')]), 250)
    await command('QUIT\r\n', 221)
  } finally {
    socket.destroy()
  }
}

/** The last line of each reply of an SMTP server. */
async function* repliesOf(socket: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of socket) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\r\n')
    rest = lines.pop()!
    yield* lines.filter((line) => /^\d{3} /.test(line))
  }
  return undefined
}

/** A mail that differs from every other one. */
export function uniqueMail(subject: string, size = 500): Buffer {
  const header = [
    `Message-ID: <${randomUUID()}@client.example>`,
    'Date: Sun, 01 Mar 2026 09:00:00 +0000',
    'From: Jane Doe <jane@example.com>',
    'To: support@acme.example',
    `Subject: ${subject}`,
    'Content-Type: text/plain; charset=utf-8',
  ]
  const line = 'The printer on the second floor prints nothing but stars.\r\n'
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${line.repeat(Math.ceil(size / line.length))}`)
}

/** Waits until `met` gives something. @throws after `seconds` with what `otherwise` tells. */
export async function waitFor<T>(
  met: () => Promise<T | false | null | undefined>,
  otherwise: () => Promise<string>,
  seconds = 60,
): Promise<T> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(100)) {
    const found = await met()
    if (found !== false && found !== null && found !== undefined) return found
  }
  throw new Error(`waited ${seconds} s in vain: ${await otherwise()}`)
}

/** Runs a tool of an MTA. @throws with its output where it fails. */
export function runTool(command: string, words: readonly string[], env = process.env): Promise<string> {
  const child = spawn(command, words, {env, stdio: ['ignore', 'pipe', 'pipe']})
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) =>
      code === 0 ? done(output) : failed(new Error(`${command} ${words.join(' ')} ended with ${code}: ${output}`)),
    )
  })
}

/** Ends a daemon that leads a process group of its own, and what it has started. */
export async function endGroup(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise((done) => child.once('close', done))
  process.kill(-child.pid, 'SIGTERM')
  await Promise.race([ended, sleep(5000)])
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
}

/**
 * `npm run demo`: a mailbox with three days of customer mail on a real IMAP server, set up and taken in by postdesk's
 * own commands. Each is shown as it could be typed. Leaves the store, so that one can play on.
 */
import {spawn} from 'node:child_process'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {shellQuote} from '../../src/lib/cli/shell-quote.ts'
import {startDemoServer} from './imap-server.ts'
import {demoMails, DOMAIN} from './mails.ts'

interface TicketList {
  readonly tickets: readonly {readonly number: number; readonly messageCount: number}[]
}
interface QuarantineList {
  readonly items: readonly unknown[]
}
interface SyncTotals {
  readonly totals: {readonly seen: number; readonly created: number; readonly appended: number}
}

const PROGRAM = resolve(import.meta.dirname, '../../bin/run.js')
const USER = `catchall@${DOMAIN}`
const PASSWORD = 'demo-password'
/** One mail came to two addresses: it is two items of the mailbox, and one message. */
const SECOND_COPIES = 1

const home = await mkdtemp(join(tmpdir(), 'postdesk-demo-'))
const bold = process.stdout.isTTY ? (text: string) => `\u001B[1m${text}\u001B[22m` : (text: string) => text
const mails = await demoMails()
const server = await startDemoServer(mails, USER, PASSWORD)
try {
  await demonstrate()
} catch (error) {
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\nIts store: ${home}\n`,
  )
  process.exitCode = 1
} finally {
  await server.stop()
}

async function demonstrate(): Promise<void> {
  say(`An IMAP server on ${server.host}:${server.port} has ${mails.length} mails for ${DOMAIN}.`)
  say('First the portal, its queues and its agents:')
  await prepare('portal', 'add', 'acme', '--domain', DOMAIN, '--name', 'Acme Lamps', '--timezone', 'Europe/Berlin')
  await prepare('queue', 'add', 'support', '--name', 'Support')
  await prepare('queue', 'add', 'billing', '--name', 'Billing')
  await prepare('agent', 'add', `ann@${DOMAIN}`, '--name', 'Ann Baker', '--queue', 'support', '--queue', 'billing')
  await prepare('agent', 'add', `ben@${DOMAIN}`, '--name', 'Ben Okafor', '--queue', 'support')
  await prepare('agent', 'online', `ann@${DOMAIN}`)

  say('Its addresses, and the mailbox that the mail for all of them waits in:')
  await prepare(
    'email',
    'add',
    'internal',
    'support',
    '--name',
    'Acme Support',
    '--queue',
    'support',
    '--assign-online',
  )
  await prepare('email', 'add', 'internal', 'billing', '--name', 'Acme Billing', '--queue', 'billing')
  await prepare('email', 'add', 'internal', 'hello', '--name', 'Acme', '--queue', 'support')
  const imap = ['--host', server.host, '--port', String(server.port), '--security', 'none', '--user', USER]
  await prepare('portal', 'inbound', 'set', 'imap', ...imap, '--password-env', 'DEMO_PASSWORD')

  say('Everything that waits becomes tickets:')
  await show('email', 'sync')
  await show('ticket', 'list')
  const before = await look<TicketList>('ticket', 'list', '--limit', '100')
  const quarantine = await look<QuarantineList>('quarantine', 'list')
  const kept = before.tickets.reduce((sum, {messageCount}) => sum + messageCount, quarantine.items.length)
  check(
    kept === mails.length - SECOND_COPIES,
    `${kept} of ${mails.length - SECOND_COPIES} different mails are in the store`,
  )
  const longest = before.tickets.reduce((a, b) => (b.messageCount > a.messageCount ? b : a))
  await show('ticket', 'show', String(longest.number))

  say('What could not become a ticket is kept with its reason:')
  await show('quarantine', 'list')

  say('A second sync finds nothing to do:')
  await show('email', 'sync')
  const {totals} = await look<SyncTotals>('email', 'sync')
  const after = await look<TicketList>('ticket', 'list', '--limit', '100')
  check(totals.seen + totals.created + totals.appended === 0, `a sync of nothing new says ${JSON.stringify(totals)}`)
  check(JSON.stringify(after) === JSON.stringify(before), 'the second sync changed the tickets')
  await show('email', 'status')

  process.stdout.write(`
${bold('The store is yours to play with:')}
  export POSTDESK_HOME=${home}
  node bin/run.js ticket list --status open
  node bin/run.js ticket assign ${longest.number} ben@${DOMAIN}
  node bin/run.js ticket close ${longest.number}
  printf 'From: me@mail.example\\nSubject: Hello\\n\\nIs anybody there?\\n' | node bin/run.js email deliver --recipient=hello@${DOMAIN}
  node bin/run.js --help
The IMAP server ends now; the mail is in the store.
`)
}

/** Runs a command before the eyes of the reader. @throws where it fails. */
async function show(...words: string[]): Promise<void> {
  echo(words)
  const {code} = await postdesk(words, ['ignore', 'inherit', 'inherit'])
  check(code === 0, `postdesk ${words.join(' ')} ended with ${code}`)
}

/** As `show`, without the hints for what to do next: the demo does it at once. */
async function prepare(...words: string[]): Promise<void> {
  echo(words)
  const {code, piped} = await postdesk(words, ['ignore', 'inherit', 'pipe'])
  check(code === 0, `postdesk ${words.join(' ')} ended with ${code}: ${piped}`)
}

/** The result of a command that only the demo itself looks at. @throws where it fails. */
async function look<Result>(...words: string[]): Promise<Result> {
  const {code, piped} = await postdesk([...words, '--json'], ['ignore', 'pipe', 'inherit'])
  check(code === 0, `postdesk ${words.join(' ')} --json ended with ${code}: ${piped}`)
  return (JSON.parse(piped) as {result: Result}).result
}

function echo(words: readonly string[]): void {
  process.stdout.write(`\n${bold(`$ postdesk ${shellQuote(words)}`)}\n`)
}

/** Runs a command; gives what came by the pipe. */
async function postdesk(
  words: readonly string[],
  stdio: readonly ('ignore' | 'inherit' | 'pipe')[],
): Promise<{code: number | null; piped: string}> {
  const child = spawn(process.execPath, [PROGRAM, ...words], {env: environment(), stdio: [...stdio]})
  let piped = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (piped += text))
  const code = await new Promise<number | null>((done, failed) => child.once('error', failed).once('close', done))
  return {code, piped}
}

/** Neither a store nor settings of the user: only what is in the directory of the demo. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('POSTDESK_'))
  return {...Object.fromEntries(own), POSTDESK_HOME: home, DEMO_PASSWORD: PASSWORD}
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`)
}

/**
 * `npm run demo`: a mailbox with three days of customer mail on a real IMAP server, set up and taken in by postdesk's
 * own commands; an answer that leaves by the SMTP server of a provider, and an automatic reply, as they arrive in a customer's
 * mailbox. Each command is shown as it could be typed. Leaves the store, so that one can play on.
 */
import {spawn} from 'node:child_process'
import {mkdtemp} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {ImapFlow, type FetchMessageObject} from 'imapflow'
import {simpleParser, type ParsedMail} from 'mailparser'
import {shellQuote} from '../../src/lib/cli/shell-quote.ts'
import {startDemoServer} from './imap-server.ts'
import {addressOf, demoMails, DOMAIN, NOAH, write, type Letter} from './mails.ts'
import {startDemoProvider} from './smtp-server.ts'

interface TicketList {
  readonly tickets: readonly {
    readonly number: number
    readonly messageCount: number
    readonly requester: {readonly address: string}
  }[]
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

/** An address of another provider, whose mail is forwarded to the portal. */
const ANSWERS = 'acme.lamps@provider.example'

const home = await mkdtemp(join(tmpdir(), 'postdesk-demo-'))
const bold = process.stdout.isTTY ? (text: string) => `\u001B[1m${text}\u001B[22m` : (text: string) => text
const mails = await demoMails()
const server = await startDemoServer(mails, USER, PASSWORD)
/** The mailbox of Noah, one of the customers. */
const noahsMailbox = await startDemoServer([], addressOf(NOAH), PASSWORD)
const provider = await startDemoProvider(
  {user: ANSWERS, password: PASSWORD},
  new Map([[addressOf(NOAH), (mail) => noahsMailbox.deliver(mail)]]),
)
/** How the provider is reached, as commands are told. */
const smtpFlags = [
  ...['--host', provider.host, '--port', String(provider.port), '--security', 'none'],
  ...['--user', ANSWERS, '--password-env', 'DEMO_PASSWORD'],
]
try {
  await demonstrate()
} catch (error) {
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\nIts store: ${home}\n`,
  )
  process.exitCode = 1
} finally {
  for (const peer of [provider, noahsMailbox, server]) await peer.stop()
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

  const {number} = before.tickets.find(({requester}) => requester.address === addressOf(NOAH))!
  await answer(number)
  await answerAutomatically()
  await show('email', 'status')

  process.stdout.write(`
${bold('The store is yours to play with:')}
  export POSTDESK_HOME=${home}
  node bin/run.js ticket list --status open
  node bin/run.js ticket assign ${longest.number} ben@${DOMAIN}
  node bin/run.js ticket close ${longest.number}
  printf 'From: me@mail.example\\nSubject: Hello\\n\\nIs anybody there?\\n' | node bin/run.js email deliver --recipient=hello@${DOMAIN}
  node bin/run.js --help
The mail servers end now; the mail is in the store.
`)
}

/** An agent answers Noah, and he answers back. */
async function answer(number: number): Promise<void> {
  say(`Answers leave by an address of any provider. This one's server is on ${provider.host}:${provider.port}:`)
  const named = ['--name', '{agent} | Acme Lamps', '--forwards-to', 'support']
  await prepare('email', 'add', 'smtp', ANSWERS, ...smtpFlags, ...named)
  await prepare('queue', 'update', 'support', '--sender', ANSWERS)
  const words = 'Hello Noah,\n\nwe have reset your sessions: please try again in a new window.\n\nAnn'
  await show('ticket', 'reply', String(number), '--as', `ann@${DOMAIN}`, '--body', words)
  const received = await noahReads(1)

  say('He answers, his provider sends it there, and that one forwards it to the portal:')
  await arrives({
    from: NOAH,
    to: ANSWERS,
    deliveredTo: `support@${DOMAIN}`,
    subject: received.subject!,
    references: [...[received.references ?? []].flat(), received.messageId!],
    id: 'noah-2',
    text: `Now it works, thank you!\n\n${received.from?.text} wrote:\n${received.text!.trimEnd().replaceAll(/^/gm, '> ')}`,
  })
  await show('email', 'sync')
  await show('ticket', 'show', String(number))
  const shown = await look<{messages: readonly object[]}>('ticket', 'show', String(number))
  check(shown.messages.length === 3, `ticket ${number} has ${shown.messages.length} messages, not 3`)
}

/** Noah writes about something else, and is answered at once. */
async function answerAutomatically(): Promise<void> {
  say('With a relay, an internal address can answer by itself:')
  await prepare('portal', 'relay', 'set', 'smtp', ...smtpFlags)
  const words = ['--auto-reply-subject', 'We have your mail', '--auto-reply-body']
  const text = 'Thank you. Your number is {ticket}; the team of {queue} answers within a day.\n\n{portal}'
  await prepare('email', 'update', `support@${DOMAIN}`, '--auto-reply', ...words, text)
  await arrives({
    from: NOAH,
    to: `support@${DOMAIN}`,
    subject: 'A lamp for the workshop',
    id: 'noah-3',
    text: 'Which of your lamps would you put over a workbench?\n\nNoah',
  })
  await show('email', 'sync')
  const received = await noahReads(2)
  check(received.headers.get('auto-submitted') === 'auto-replied', 'the automatic reply does not say that it is one')
}

/** Puts a mail into the mailbox of the portal that was written just now. */
async function arrives(letter: Omit<Letter, 'ago'>): Promise<void> {
  server.deliver(await write({...letter, ago: 0}, new Date()))
}

/** Shows the mail that came last to Noah, as he sees it. @throws where he has not so many. */
async function noahReads(count: number): Promise<ParsedMail> {
  const {host, port} = noahsMailbox
  const auth = {user: addressOf(NOAH), pass: PASSWORD}
  const client = new ImapFlow({host, port, secure: false, doSTARTTLS: false, logger: false, auth})
  await client.connect()
  const {exists} = await client.mailboxOpen('INBOX', {readOnly: true})
  check(exists === count, `${exists} mails have arrived, not ${count}`)
  const newest = await client.fetchOne('*', {source: true})
  client.close()
  check(newest !== false, 'the mail cannot be read')
  const mail = await simpleParser((newest as FetchMessageObject).source!)
  process.stdout.write(`
${bold(`In the mailbox of ${NOAH}:`)}
  From:    ${mail.from?.text}
  Subject: ${mail.subject}
${(mail.text ?? '').trimEnd().replaceAll(/^/gm, '  | ')}
`)
  return mail
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

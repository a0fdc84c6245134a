/** Every example in the help of a command, and in the README, is run as it stands; only places of this machine are put in. */
import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {delimiter, dirname, join} from 'node:path'
import {after, before, test, type TestContext} from 'node:test'
import {describeCommands, exampleLines} from '../../src/lib/cli/describe-commands.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {postdesk, postdeskJson, ROOT} from '../support/run-postdesk.ts'
import {startSmtpSink, type SmtpSink} from '../support/smtp-sink.ts'
import {emptyStoreUrl} from '../support/stores.ts'

/** What an example needs beside the usual portal; by the beginning of its command line, the longest that fits counts. */
interface Preparation {
  /** Starts without any store. */
  readonly empty?: boolean
  /** Command lines run before it. */
  readonly first?: readonly string[]
  /** Exit codes that are right for it; 0 where nothing is said. */
  readonly codes?: readonly number[]
  readonly env?: Readonly<Record<string, string>>
}

const IMAP =
  'portal inbound set imap --host imap.acme.example --user catchall@acme.example --password-env ACME_MAIL_PASSWORD'
const SMTP =
  'email add smtp help@customer-care.example --host smtp.customer-care.example --password-env CARE_PASSWORD --queue sales'
const VAULT = {POSTDESK_SECRET_STORE: 'vault', POSTDESK_VAULT_PASSPHRASE: 'of the example', CARE_PASSWORD: 'secret'}
const SMTP_FORWARDED = `${SMTP} --forwards-to support`
/** Nobody outside is asked. */
const NO_DNS = {POSTDESK_RESOLVER: '127.0.0.1:9'}
/** A desk that can answer. */
const ANSWERS = {first: [SMTP, 'queue update support --sender help@customer-care.example'], env: VAULT}
const ANSWERED = {...ANSWERS, first: [...ANSWERS.first, 'ticket reply 42 --body One', 'ticket reply 42 --body Two']}
const PREPARATIONS: Readonly<Record<string, Preparation>> = {
  'portal add': {empty: true},
  'portal relay set smtp': {env: VAULT},
  'portal relay set channel': {first: [SMTP], env: VAULT},
  'portal inbound set imap': {env: {...VAULT, IMAP_PASSWORD: 'secret'}},
  'queue add': {
    first: [
      'email remove info@acme.example --confirm info@acme.example',
      'email remove support@acme.example --confirm support@acme.example',
      'queue remove sales --confirm sales',
      'queue remove support --move-tickets-to billing --confirm support',
    ],
  },
  'queue remove': {first: ['email update info@acme.example --queue billing']},
  'agent add': {first: ['agent remove ann@acme.example --confirm ann@acme.example']},
  'email add': {
    first: [
      'email remove info@acme.example --confirm info@acme.example',
      'email remove support@acme.example --confirm support@acme.example',
    ],
  },
  'email add smtp': {env: VAULT},
  'email update help@customer-care.example': {first: [SMTP], env: VAULT},
  'email test': {first: [SMTP], env: {...VAULT, ...NO_DNS, SMTP_PASSWORD: 'secret'}},
  // The provider of the example forwards nothing.
  'email test help@customer-care.example --roundtrip': {
    first: [SMTP_FORWARDED],
    env: {...VAULT, ...NO_DNS},
    codes: [28],
  },
  'email test --explain': {empty: true, codes: [24]},
  'ticket add': ANSWERS,
  'ticket reply': ANSWERS,
  'outbox retry': ANSWERED,
  'outbox cancel': ANSWERED,
  secret: {first: [IMAP], env: {...VAULT, ACME_MAIL_PASSWORD: 'secret'}},
  // Needs a keychain to move from.
  'secret move': {first: [IMAP], env: {...VAULT, ACME_MAIL_PASSWORD: 'secret'}, codes: [0, 78]},
  // Asks on a terminal.
  'secret set acme/inbound/password\n': {first: [IMAP], env: VAULT, codes: [64]},
  'email status --fail-on': {codes: [0, 2]},
  // The machine of the tests may have no resolver.
  doctor: {codes: [0, 20]},
  // Opens no browser of whoever runs the tests.
  'ticket show': {env: {POSTDESK_BROWSER: '', BROWSER: ''}},
  'ticket reopen': {first: ['ticket close 42 43 44']},
}

function preparationOf(line: string): Preparation {
  const command = line.replace(/^postdesk /, '') + '\n'
  const fitting = Object.keys(PREPARATIONS).filter((start) => command.startsWith(start))
  return PREPARATIONS[fitting.toSorted((a, b) => b.length - a.length)[0] ?? ''] ?? {}
}

let workshop: string
/** The home that examples get a copy of. */
let prepared: string
let facts: {readonly quarantined: readonly number[]; readonly messageOf42: number}

before(async () => {
  workshop = await mkdtemp(join(tmpdir(), 'postdesk-examples-'))
  prepared = join(workshop, 'prepared')
  await mkdir(join(workshop, 'bin'))
  await symlink(join(ROOT, 'bin', 'run.js'), join(workshop, 'bin', 'postdesk'))
  const maildir = join(prepared, 'maildir')
  for (const part of ['new', 'cur', 'tmp']) await mkdir(join(maildir, part), {recursive: true})
  for (let number = 1; number <= 48; number++)
    await writeFile(
      join(maildir, 'new', `${1_772_000_000 + number}.example${number}.host`),
      mail(number, number <= 44 ? 'support@acme.example' : 'unknown@acme.example'),
    )
  for (const line of [
    'portal add acme --domain acme.example',
    ...['support', 'sales', 'billing'].map((key) => `queue add ${key}`),
    'agent add ann@acme.example --name Ann --queue support',
    'agent add bob@acme.example --name Bob --queue support',
    'email add internal support --name Support --queue support',
    'email add internal info --name Info --queue sales',
    `portal inbound set maildir --path ${maildir}`,
    'email sync',
  ]) {
    const {code, stderr} = await postdesk(line.split(' '), {home: prepared})
    assert.equal(code, 0, `${line}: ${stderr}`)
  }
  const {items} = (await postdeskJson(['quarantine', 'list'], {home: prepared})).result
  const {messages} = (await postdeskJson(['ticket', 'show', '42'], {home: prepared})).result
  facts = {quarantined: items.map(({id}: {id: number}) => id), messageOf42: messages[0].id}
  assert.ok(facts.quarantined.length >= 3)
})

after(() => rm(workshop, {recursive: true, force: true}))

const mail = (number: number, to: string) =>
  [
    `Delivered-To: ${to}`,
    `From: Customer ${number} <customer${number}@example.com>`,
    `To: ${to}`,
    `Subject: Question ${number}`,
    `Date: Sun, 01 Mar 2026 09:${String(number).padStart(2, '0')}:00 +0000`,
    `Message-ID: <question-${number}@example.com>`,
    '',
    'How does it work?',
    '',
  ].join('\r\n')

/** Runs a command line in a shell, in a directory with the files that examples name. */
async function shell(line: string, home: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn('bash', ['-c', line], {
    cwd: home,
    env: {
      ...process.env,
      PATH: [join(workshop, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
      POSTDESK_HOME: home,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const [code] = (await once(child, 'close')) as [number]
  return {code, output}
}

async function homeFor(t: TestContext, {empty}: Preparation): Promise<string> {
  const home = await mkdtemp(join(workshop, 'home-'))
  t.after(() => rm(home, {recursive: true, force: true}))
  if (!empty) await cp(prepared, home, {recursive: true})
  await writeFile(join(home, 'message.eml'), mail(99, 'support@acme.example'))
  await writeFile(join(home, 'expected.jsonl'), '{"source": "message.eml", "message": {"subject": "Question 99"}}\n')
  for (const name of ['note.txt', 'reply.txt', 'secret.txt', 'answer.txt', 'letter.txt', 'invoice.pdf'])
    await writeFile(join(home, name), 'Some words.\n')
  return home
}

/** Puts in what no example can know: numbers that the store gave, and places of this machine. */
function located(line: string, home: string, smtp: Pick<SmtpSink, 'port'>): string {
  const [first, second, third] = facts.quarantined
  return (
    line
      .replace(/^(postdesk quarantine \w+) 12\b/, `$1 ${first}`)
      .replace(/^(postdesk quarantine \w+ \d+) 13 14\b/, `$1 ${second} ${third}`)
      .replace(/--(raw|message) 7\b/, `--$1 ${facts.messageOf42}`)
      .replace(/\/run\/secrets\/\w+/, join(home, 'secret.txt'))
      .replace('/var/mail/acme', join(home, 'maildir'))
      .replace(/--host smtp\.\S+/, `--host localhost --port ${smtp.port} --security none`)
      .replace(/--wait \d+/, '--wait 1')
      // Goes on until it is interrupted.
      .replace(/^postdesk \S+ \S+ --watch/, 'timeout --preserve-status --signal=INT 5 $& || test $? = 130')
  )
}

/** A server that lets everybody in. */
const startProvider = (t: TestContext) =>
  startSmtpSink(t, {
    auth: {user: '', pass: ''},
    server: {onAuth: ({username}, _session, done) => done(null, {user: username})},
  })

test('the examples of every command do what they say', async (t) => {
  const smtp = await startProvider(t)
  for (const command of await describeCommands(ROOT))
    for (const line of exampleLines(command))
      await t.test(line, async (t) => {
        const preparation = preparationOf(line)
        const home = await homeFor(t, preparation)
        let env = {...preparation.env}
        let run = located(line, home, smtp)
        const shared = /postgres:\/\/\S+/.exec(run)?.[0]
        if (shared !== undefined) {
          const url = new URL(await emptyStoreUrl(t, 'postgres'))
          env = {...env, PGPASSWORD: url.password}
          url.password = ''
          run = run.replace(shared, url.href)
        }
        for (const before of preparation.first ?? []) {
          const {code, output} = await shell(located(`postdesk ${before}`, home, smtp), home, env)
          assert.equal(code, 0, `${before}: ${output}`)
        }
        if (run.startsWith('postdesk outbox ')) {
          const {messages} = (await postdeskJson(['ticket', 'show', '42'], {home})).result
          const sent = messages.filter(({direction}: {direction: string}) => direction === 'out')
          for (const [index, id] of ['17', '18'].entries()) run = run.replace(` ${id}`, ` ${sent[index]?.id}`)
        }
        const {code, output} = await shell(run, home, env)
        assert.ok((preparation.codes ?? [0]).includes(code), `${run} ended with ${code}: ${output}`)
      })
})

test('what the README shows works from top to bottom', {skip: dovecotMissing()}, async (t) => {
  const home = await homeFor(t, {empty: true})
  const imap = await startDovecot(t)
  await imap.deliver(Buffer.from(mail(1, 'support@acme.example')))
  const store = new URL(await emptyStoreUrl(t, 'postgres'))
  const smtp = await startProvider(t)
  const dns = await startDns(t)
  const env = {
    ...VAULT,
    POSTDESK_RESOLVER: `127.0.0.1:${dns.address.port}`,
    ACME_IMAP_PASSWORD: imap.password,
    ACME_SMTP_PASSWORD: 'secret',
    PGPASSWORD: store.password,
  }
  store.password = ''
  const blocks = [...(await readFile(join(ROOT, 'README.md'), 'utf8')).matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, block]) => block!,
  )
  assert.ok(blocks.length > 0)
  for (const block of blocks) {
    const script = block
      .replace(
        '--host imap.acme.example --user catchall@acme.example',
        `--host 127.0.0.1 --port ${imap.port} --security none --user ${imap.user}`,
      )
      .replace(/postgres:\/\/\S+/, store.href)
      // Goes on until it is interrupted.
      .replace(/^postdesk email sync --watch/m, 'timeout --preserve-status --signal=INT 5 $& || test $? = 130')
      .replace(/--host smtp\.\S+/g, `--host localhost --port ${smtp.port} --security none`)
    const {code, output} = await shell(`set -e\n${script}`, home, env)
    assert.equal(code, 0, `${script}\n${output}`)
  }
})

/**
 * How fast `email explain --jsonl` goes through a folder of mail, next to what the parser libraries of the field need for
 * the same bytes in one thread; and how its time grows with the size of a mail, the references of a mail, and the length
 * of a conversation. By turns, in one run.
 *
 *   node bench/explain.ts [--messages 20000] [--runs 3] [--gate]
 */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {mkdtemp, open, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {pathToFileURL} from 'node:url'
import {parseArgs} from 'node:util'
import {simpleParser} from 'mailparser'
import PostalMime from 'postal-mime'
import {systemClock} from '../src/lib/clock.ts'
import {tell} from '../src/lib/explain-batch.ts'
import {explain} from '../src/lib/explain.ts'
import {parseMessage} from '../src/lib/message/parse.ts'
import {openStore} from '../src/lib/store/open.ts'
import {findPortal} from '../src/lib/store/portals.ts'
import {writeMaildir} from '../test/support/mail-generator.ts'
import {ROOT} from '../test/support/run-postdesk.ts'
import {median, settle, table} from './measure.ts'
import {command} from './postdesk.ts'

interface Time {
  readonly seconds: number
  /** Seconds of processor time of all threads: what else the machine does hardly matters to it. */
  readonly cpu: number
}

interface Measured extends Time {
  readonly name: string
}

/** What `--gate` demands: of what the library reaches, for each processor that was used. */
const GATE = {ratio: 0.7}
/** What every mail has that is made here. */
const HEADER = 'From: jane@example.com\r\nTo: support@acme.example\r\nSubject: Much\r\nMIME-Version: 1.0\r\n'
/** Mails that mailparser is measured with: it is slow, and its speed does not depend on how many there are. */
const MAILPARSER_MESSAGES = 1000

const {values: options} = parseArgs({
  options: {
    messages: {type: 'string', default: '20000'},
    runs: {type: 'string', default: '3'},
    gate: {type: 'boolean', default: false},
  },
})
const messages = Number(options.messages)
const runs = Number(options.runs)
const processors = availableParallelism()
const say = (text: string) => process.stdout.write(`${text}\n`)

const directory = await mkdtemp(join(tmpdir(), 'postdesk-bench-'))
try {
  const maildir = join(directory, 'mail')
  const home = join(directory, 'home')
  const {bytes} = await writeMaildir(maildir, messages)
  await preparePortal(home)
  await settle()
  const program = existsSync(join(ROOT, 'dist', 'main.js')) ? 'built' : 'run from source'
  say(`${messages} messages, ${megabytes(bytes)} MB, ${(bytes / messages / 1000).toFixed(1)} KB on average`)
  say(`Node ${process.version}, ${processors} processors, postdesk ${program}, medians of ${runs}\n`)

  const raws = await readAll(join(maildir, 'new'))
  const subjects = [
    {name: 'postal-mime, one thread', of: 1, run: () => timeEach(raws, (raw) => PostalMime.parse(raw))},
    {
      name: 'mailparser, one thread',
      of: mailparserShare(raws),
      run: () => timeEach(someOf(raws), (raw) => simpleParser(raw)),
    },
    {name: 'parseMessage, one thread', of: 1, run: () => timeEach(raws, parseMessage)},
    {name: 'postdesk email explain --jsonl', of: 1, run: () => timeExplain(home, maildir)},
  ].map((subject) => ({...subject, times: [] as Time[]}))
  for (let run = 0; run < runs; run++)
    for (const {of, run, times} of subjects) {
      const {seconds, cpu} = await run()
      times.push({seconds: seconds / of, cpu: cpu / of})
    }
  const [postalMime, mailparser, own, explained] = subjects.map(({name, times}) => ({
    name,
    seconds: median(times.map(({seconds}) => seconds)),
    cpu: median(times.map(({cpu}) => cpu)),
  })) as [Measured, Measured, Measured, Measured]
  say(
    table([
      ['', 'seconds', 'of processors', 'messages/s', 'MB/s', 'MB/s of a processor'],
      ...[postalMime, mailparser, own, explained].map(({name, seconds, cpu}) => [
        name,
        seconds.toFixed(1),
        cpu.toFixed(1),
        (messages / seconds).toFixed(0),
        megabytes(bytes / seconds),
        megabytes(bytes / cpu),
      ]),
    ]),
  )
  // Speed, divided by that of the library on a processor times the processors that were used: the time cancels out.
  const ratio = postalMime.cpu / explained.cpu
  say(
    `${ratio >= GATE.ratio ? 'ok    ' : 'missed'} ${ratio.toFixed(2)} of postal-mime, for each processor that was used (aim: at least ${GATE.ratio})`,
  )
  say(
    `       ${(postalMime.seconds / explained.seconds / processors).toFixed(2)} of postal-mime by the clock, for each of ${processors} processors`,
  )
  say(
    `       ${(mailparser.cpu / explained.cpu).toFixed(2)} of mailparser, ${(own.cpu / explained.cpu).toFixed(2)} of parseMessage`,
  )
  say(
    `       ${(postalMime.seconds / explained.seconds).toFixed(2)} times the speed of postal-mime in one thread; ${(explained.cpu / explained.seconds).toFixed(1)} processors were used\n`,
  )

  await showGrowth('text of a mail, MB', [1, 2, 4, 8, 16], (size) => timeMail(mailOfSize(size * 1e6)))
  await showGrowth('attachment of a mail, MB', [1, 2, 4, 8, 16], (size) => timeMail(mailWithAttachment(size * 1e6)))
  await showGrowth('References of a mail', [2000, 4000, 8000, 16_000, 32_000], (count) =>
    timeMail(mailWithReferences(count)),
  )
  await showGrowth('mails of a conversation', [2000, 4000, 8000, 16_000], (count) => timeConversation(home, count))
  if (options.gate && ratio < GATE.ratio) process.exitCode = 1
} finally {
  await rm(directory, {recursive: true, force: true})
}

async function preparePortal(home: string): Promise<void> {
  for (const line of [
    'portal add bench --domain acme.example',
    'queue add support',
    'agent add ann@acme.example --name ann --queue support',
    'agent online ann@acme.example',
    ...['support', 'billing', 'hello'].map((local) => `email add internal ${local} --name ${local} --queue support`),
  ])
    await command(home, line)
}

async function readAll(folder: string): Promise<Buffer[]> {
  const raws: Buffer[] = []
  for (const name of (await readdir(folder)).sort()) raws.push(await readFile(join(folder, name)))
  return raws
}

function someOf(raws: readonly Buffer[]): readonly Buffer[] {
  return raws.slice(0, MAILPARSER_MESSAGES)
}

function mailparserShare(raws: readonly Buffer[]): number {
  const sum = (list: readonly Buffer[]) => list.reduce((total, {length}) => total + length, 0)
  return sum(someOf(raws)) / sum(raws)
}

async function timeEach(raws: readonly Buffer[], parse: (raw: Buffer) => unknown): Promise<Time> {
  const [started, before] = [performance.now(), process.cpuUsage()]
  for (const raw of raws) await parse(raw)
  const {user, system} = process.cpuUsage(before)
  return {seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6}
}

/** The whole program, from its start to its end. @throws where it fails. */
async function timeExplain(home: string, folder: string): Promise<Time> {
  const cpuFile = join(home, 'cpu')
  const reporter = pathToFileURL(join(import.meta.dirname, 'report-memory.js')).href
  const nowhere = await open('/dev/null', 'w')
  try {
    const started = performance.now()
    const child = spawn(process.execPath, [join(ROOT, 'bin', 'run.js'), 'email', 'explain', folder, '--jsonl'], {
      env: {...process.env, POSTDESK_HOME: home, NODE_OPTIONS: `--import=${reporter}`, BENCH_CPU_FILE: cpuFile},
      stdio: ['ignore', nowhere.fd, 'inherit'],
    })
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`email explain ended with ${code}`)
    return {seconds: (performance.now() - started) / 1000, cpu: Number(await readFile(cpuFile, 'utf8'))}
  } finally {
    await nowhere.close()
  }
}

// Growth ----------------------------------------------------------------------------------------------------------

/** Prints the time for each of these values, which double, and by how much it grows at each step: 2 is linear. */
async function showGrowth(
  what: string,
  values: readonly number[],
  time: (value: number) => Promise<number> | number,
): Promise<void> {
  await time(values[0]!) // compiles what will be measured
  const seconds: number[] = []
  for (const value of values) seconds.push(median([await time(value), await time(value), await time(value)]))
  say(
    table([
      [what, 'ms', 'times'],
      ...values.map((value, index) => [
        String(value),
        (seconds[index]! * 1000).toFixed(0),
        index === 0 ? '' : (seconds[index]! / seconds[index - 1]!).toFixed(2),
      ]),
    ]),
  )
}

function timeMail(raw: Buffer): number {
  const started = performance.now()
  tell(parseMessage(raw))
  return (performance.now() - started) / 1000
}

function mailOfSize(bytes: number): Buffer {
  const line = 'A line of text as it stands in a mail, with some words in it; the next one is no different.\r\n'
  return Buffer.from(`${HEADER}\r\n${line.repeat(bytes / line.length)}`)
}

function mailWithAttachment(bytes: number): Buffer {
  const line = `${Buffer.alloc(57, 'attached').toString('base64')}\r\n`
  const head = 'Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n'
  return Buffer.from(`${HEADER}${head}\r\n${line.repeat(bytes / line.length)}`)
}

function mailWithReferences(count: number): Buffer {
  const ids = Array.from({length: count}, (_, index) => `<${index}.reference@example.com>`)
  return Buffer.from(`${HEADER}References: ${ids.join('\r\n ')}\r\n\r\nShort.\r\n`)
}

/** Explains a mailbox in which every mail answers the one before it. */
async function timeConversation(home: string, count: number): Promise<number> {
  const path = join(directory, 'conversation.mbox')
  const id = (index: number) => `<${index}@conversation.example>`
  const mails = Array.from(
    {length: count},
    (_, index) =>
      `From jane@example.com Mon Jan  5 06:12:13 2026\n${HEADER.replaceAll('\r\n', '\n')}Message-ID: ${id(index)}\nIn-Reply-To: ${id(index - 1)}\n\nMail ${index}\n\n`,
  )
  await writeFile(path, mails.join(''))
  const store = await openStore({kind: 'sqlite', path: join(home, 'data', 'postdesk.sqlite')})
  try {
    const portal = (await findPortal(store.db, 'bench'))!
    const started = performance.now()
    let explained = 0
    const unusable = (error: Error) => {
      throw error
    }
    for await (const lines of explain({
      desk: {store, portal},
      paths: [path],
      stdin: Readable.from([]),
      clock: systemClock,
      signal: new AbortController().signal,
      onUnusable: unusable,
      onLeftOut: () => {},
      onNoMail: () => {},
    }))
      explained += lines.length
    if (explained !== count) throw new Error(`${explained} of ${count} mails were explained`)
    return (performance.now() - started) / 1000
  } finally {
    await store.close()
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

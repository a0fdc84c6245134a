/**
 * How fast postdesk takes in a mailbox, next to what an admin would use instead: mbsync, then notmuch new. The same real
 * Dovecot on this machine, without TLS; each run on fresh, empty targets; by turns.
 *
 *   node bench/sync.ts [--messages 20000] [--runs 5] [--only pair|postdesk] [--gate]
 */
import {existsSync} from 'node:fs'
import {mkdtemp, rm} from 'node:fs/promises'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {startDovecotServer} from '../test/support/dovecot.ts'
import {writeMaildir} from '../test/support/mail-generator.ts'
import {ROOT} from '../test/support/run-postdesk.ts'
import {runMbsyncAndNotmuch, type PairRun} from './mbsync.ts'
import {diskSyncsPerSecond, median, settle, table} from './measure.ts'
import {preparePortal, timeSync, type SyncRun} from './postdesk.ts'

/** What `--gate` demands. */
const GATE = {pairRatio: 4, mbsyncRatio: 1, peakMemory: 250e6}

const {values: options} = parseArgs({
  options: {
    messages: {type: 'string', default: '20000'},
    runs: {type: 'string', default: '5'},
    only: {type: 'string'},
    gate: {type: 'boolean', default: false},
  },
})
const messages = Number(options.messages)
const runs = Number(options.runs)
const say = (text: string) => process.stdout.write(`${text}\n`)

const server = await startDovecotServer({user: 'catchall@acme.example', password: 'bench-password'})
try {
  const {bytes} = await writeMaildir(server.mailDirectory, messages, {owner: server.owner})
  // The server sees its mail for the first time here, rather than in the first run.
  await server.withMailbox((client) => client.fetchAll('1:*', {uid: true, size: true}))
  const program = existsSync(join(ROOT, 'dist', 'main.js')) ? 'built' : 'run from source'
  say(`${messages} messages, ${megabytes(bytes)} MB, ${(bytes / messages / 1000).toFixed(1)} KB on average`)
  say(`Node ${process.version}, ${availableParallelism()} processors, postdesk ${program}\n`)

  const [pair, postdesk, disk]: [PairRun[], SyncRun[], number[]] = [[], [], []]
  for (let run = 1; run <= runs; run++) {
    if (options.only !== 'postdesk')
      await inFreshDirectory(async (directory) => {
        disk.push(await diskSyncsPerSecond(directory))
        pair.push(await runMbsyncAndNotmuch(directory, server, messages))
        say(
          `run ${run}: mbsync ${pair.at(-1)!.mbsyncSeconds.toFixed(1)} s, notmuch new ${pair.at(-1)!.notmuchSeconds.toFixed(1)} s`,
        )
      })
    if (options.only !== 'pair')
      await inFreshDirectory(async (home) => {
        disk.push(await diskSyncsPerSecond(home))
        await preparePortal(home, server)
        await settle()
        postdesk.push(await timeSync(home, server, messages))
        say(`run ${run}: postdesk ${postdesk.at(-1)!.seconds.toFixed(1)} s`)
      })
  }
  process.exitCode = report(pair, postdesk, disk, bytes)
} finally {
  await server.stop()
}

/** Prints the medians; gives the exit code. */
function report(
  pair: readonly PairRun[],
  postdesk: readonly SyncRun[],
  disk: readonly number[],
  bytes: number,
): number {
  const row = (name: string, seconds: number, memory = '') => [
    name,
    seconds.toFixed(1),
    (messages / seconds).toFixed(0),
    megabytes(bytes / seconds),
    memory,
  ]
  const rows = [['median of ' + runs, 'seconds', 'messages/s', 'MB/s', 'peak memory']]
  const [mbsync, both] = [
    median(pair.map((run) => run.mbsyncSeconds)),
    median(pair.map((run) => run.mbsyncSeconds + run.notmuchSeconds)),
  ]
  if (pair.length > 0)
    rows.push(
      row('mbsync', mbsync),
      row('notmuch new', median(pair.map((run) => run.notmuchSeconds))),
      row('mbsync, then notmuch new', both),
    )
  const seconds = median(postdesk.map((run) => run.seconds))
  const memory = Math.max(...postdesk.map((run) => run.peakMemory))
  if (postdesk.length > 0) rows.push(row('postdesk email sync', seconds, `${megabytes(memory)} MB`))
  say(`\n${table(rows)}`)
  say(`disk: ${Math.min(...disk).toFixed(0)} to ${Math.max(...disk).toFixed(0)} synced 4 KB appends/s`)
  if (postdesk.length === 0) return 0
  const share = (stage: keyof SyncRun['timings']) =>
    `${(median(postdesk.map((run) => run.timings[stage] / 1000 / run.seconds)) * 100).toFixed(0)} %`
  say(
    `postdesk is busy fetching ${share('fetchMs')}, parsing ${share('parseMs')}, committing ${share('commitMs')} of its time; the three overlap`,
  )
  if (pair.length === 0) return 0
  const gates: readonly [string, number, boolean][] = [
    [
      `times faster than mbsync, then notmuch new (aim: at least ${GATE.pairRatio})`,
      both / seconds,
      both / seconds >= GATE.pairRatio,
    ],
    [
      `times faster than mbsync alone (aim: at least ${GATE.mbsyncRatio})`,
      mbsync / seconds,
      mbsync / seconds >= GATE.mbsyncRatio,
    ],
    [`MB of memory at the peak (aim: under ${megabytes(GATE.peakMemory)})`, memory / 1e6, memory < GATE.peakMemory],
  ]
  for (const [text, value, reached] of gates) say(`${reached ? 'ok    ' : 'missed'} ${value.toFixed(2)} ${text}`)
  return options.gate && gates.some(([, , reached]) => !reached) ? 1 : 0
}

async function inFreshDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-bench-'))
  try {
    await settle()
    await work(directory)
  } finally {
    await rm(directory, {recursive: true, force: true})
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

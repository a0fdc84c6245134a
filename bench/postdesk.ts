/** postdesk as a benchmark runs it: by its own commands, each a process of its own. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import type {SyncReport} from '../src/lib/sync.ts'
import {postdesk} from '../test/support/run-postdesk.ts'
import type {ImapLogin} from './mbsync.ts'

export interface SyncRun {
  readonly seconds: number
  /** Bytes. */
  readonly peakMemory: number
  readonly timings: SyncReport['timings']
}

const DOMAIN = 'acme.example'
const PASSWORD_VARIABLE = 'BENCH_IMAP_PASSWORD'

/** Makes a portal whose inbound is the mailbox, with a queue, agents and internal addresses. */
export async function preparePortal(home: string, login: ImapLogin): Promise<void> {
  await command(home, 'portal add bench --domain acme.example')
  await command(home, 'queue add support')
  for (const agent of ['ann', 'bob', 'cat'])
    await command(home, `agent add ${agent}@${DOMAIN} --name ${agent} --queue support`)
  await command(home, `agent online ann@${DOMAIN}`)
  for (const address of ['support', 'billing', 'hello'])
    await command(home, `email add internal ${address} --name ${address} --queue support --assign-online`)
  const server = `--host ${login.host} --port ${login.port} --security none --user ${login.user}`
  await command(home, `portal inbound set imap ${server} --password-env ${PASSWORD_VARIABLE}`, login)
}

/** Times one `email sync`. @throws where it fails, or not every message became part of a ticket. */
export async function timeSync(home: string, login: ImapLogin, messages: number): Promise<SyncRun> {
  const memoryFile = join(home, 'peak-memory')
  const reporter = pathToFileURL(join(import.meta.dirname, 'report-memory.js')).href
  const started = performance.now()
  const report = (await command(home, 'email sync', login, {
    NODE_OPTIONS: `--import=${reporter}`,
    BENCH_MEMORY_FILE: memoryFile,
  })) as SyncReport
  const seconds = (performance.now() - started) / 1000
  const {created, appended} = report.totals
  if (created + appended !== messages)
    throw new Error(`${created} + ${appended} of ${messages} messages are in tickets: ${JSON.stringify(report.totals)}`)
  return {seconds, timings: report.timings, peakMemory: Number(await readFile(memoryFile, 'utf8'))}
}

/** The `result` of a command line; words are separated by spaces. */
export async function command(
  home: string,
  line: string,
  login?: ImapLogin,
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const run = await postdesk([...line.split(' '), '--json'], {
    home,
    env: {...env, ...(login ? {[PASSWORD_VARIABLE]: login.password} : {})},
  })
  if (run.code !== 0) throw new Error(`postdesk ${line} ended with ${run.code}: ${run.stdout}${run.stderr}`)
  return (JSON.parse(run.stdout) as {result?: unknown}).result
}

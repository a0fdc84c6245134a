/**
 * What it costs to ask a small question: `email list --json` on a store with many tickets and with few, next to a Node
 * that does nothing, by turns.
 *
 *   node bench/startup.ts [--tickets 100000] [--runs 15] [--gate]
 */
import {existsSync} from 'node:fs'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {ROOT} from '../test/support/run-postdesk.ts'
import {fillStore} from './fill-store.ts'
import {median, settle, table, timed} from './measure.ts'

/** What `--gate` demands: how many times a bare Node, and by how much more tickets may cost more. */
const GATE = {ratio: 4, growth: 1.1}
const FEW_TICKETS = 1000

const {values: options} = parseArgs({
  options: {
    tickets: {type: 'string', default: '100000'},
    runs: {type: 'string', default: '15'},
    gate: {type: 'boolean', default: false},
  },
})
const runs = Number(options.runs)
const program = join(ROOT, 'bin', 'run.js')
const directory = await mkdtemp(join(tmpdir(), 'postdesk-bench-'))
try {
  const [few, many] = [await homeWith(FEW_TICKETS), await homeWith(Number(options.tickets))]
  const list = (home: string) => timed(process.execPath, [program, 'email', 'list', '--json'], environment(home))
  const subjects = [
    {name: 'node -e 0', run: () => timed(process.execPath, ['-e', '0']), seconds: [] as number[]},
    {name: `email list, ${FEW_TICKETS} tickets`, run: () => list(few), seconds: [] as number[]},
    {name: `email list, ${options.tickets} tickets`, run: () => list(many), seconds: [] as number[]},
  ]
  for (const subject of subjects) await subject.run() // once for the caches of files and of compiled code
  for (let run = 0; run < runs; run++)
    for (const subject of subjects) subject.seconds.push((await subject.run()).seconds)

  const built = existsSync(join(ROOT, 'dist', 'main.js')) ? 'built' : 'run from source'
  process.stdout.write(`Node ${process.version}, postdesk ${built}, medians of ${runs}\n\n`)
  const [bare, withFew, withMany] = subjects.map(({seconds}) => median(seconds)) as [number, number, number]
  const row = (name: string, seconds: number) => [name, (seconds * 1000).toFixed(0), (seconds / bare).toFixed(2)]
  process.stdout.write(
    `${table([['', 'ms', 'times node'], ...subjects.map(({name, seconds}) => row(name, median(seconds)))])}\n`,
  )
  const gates: readonly [string, number, number][] = [
    ['times a bare Node', withMany / bare, GATE.ratio],
    [`times the time with ${FEW_TICKETS} tickets`, withMany / withFew, GATE.growth],
  ]
  for (const [text, value, most] of gates)
    process.stdout.write(`${value <= most ? 'ok    ' : 'missed'} ${value.toFixed(2)} ${text} (aim: at most ${most})\n`)
  if (options.gate && gates.some(([, value, most]) => value > most)) process.exitCode = 1
} finally {
  await rm(directory, {recursive: true, force: true})
}

async function homeWith(tickets: number): Promise<string> {
  const home = join(directory, String(tickets))
  await fillStore({kind: 'sqlite', path: join(home, 'data', 'postdesk.sqlite')}, tickets)
  await settle()
  return home
}

function environment(home: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('POSTDESK_'))
  return {...Object.fromEntries(own), POSTDESK_HOME: home}
}

/**
 * Parses mutated mail for as long as it is told, and saves what fails: node scripts/fuzz.ts --seconds N --seed S [--out
 * DIRECTORY]. Ends with 1 where something failed.
 */
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {parseArgs} from 'node:util'
import {checkParsing} from '../test/support/check-parsing.ts'
import {mutateMail, seedMails} from '../test/support/mutate-mail.ts'
import {seededRandom} from '../test/message/mail.ts'

const {values} = parseArgs({
  options: {
    seconds: {type: 'string', default: '60'},
    seed: {type: 'string', default: '1'},
    out: {type: 'string', default: 'fuzz-failures'},
  },
})

/** Milliseconds from which on a mail counts as one that fails. */
const DEADLINE = 1000

const seeds = seedMails()
const random = seededRandom(Number(values.seed))
const end = performance.now() + Number(values.seconds) * 1000
let [rounds, failures, slowest] = [0, 0, 0]
while (performance.now() < end) {
  rounds++
  const raw = mutateMail(seeds, random)
  try {
    const took = checkParsing(raw)
    if (took > slowest) slowest = took
    if (took > DEADLINE) throw new Error(`it took ${took.toFixed(0)} ms`)
  } catch (error) {
    failures++
    mkdirSync(values.out, {recursive: true})
    const path = join(values.out, `${values.seed}-${rounds}.eml`)
    writeFileSync(path, raw)
    console.error(`${path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}
console.log(`${rounds} mails, ${failures} failed, slowest ${slowest.toFixed(0)} ms`)
if (failures > 0) process.exitCode = 1

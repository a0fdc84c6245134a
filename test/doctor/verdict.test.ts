import assert from 'node:assert/strict'
import {test} from 'node:test'
import {failed, passed, skipped, warned, type Finding} from '../../src/lib/channel/stage.ts'
import {CHECK_IDS} from '../../src/lib/doctor/checks.ts'
import {examine} from '../../src/lib/doctor/examine.ts'
import {verdictOfChecks} from '../../src/lib/doctor/verdict.ts'
import {EXIT, storeBusy, type ErrorParts, type ExitCode} from '../../src/lib/errors.ts'

const problem = (exitCode: ExitCode): ErrorParts => ({
  code: `CODE_${exitCode}`,
  exitCode,
  title: 'Something is wrong',
  why: 'it broke',
  fixes: [{text: 'Mend it.'}],
})

/** The verdict on these findings, the first of the first check, and so on. */
const verdictOn = async (...findings: readonly Finding[]) =>
  verdictOfChecks(await examine(findings.map((finding, index) => ({id: CHECK_IDS[index]!, look: () => finding}))))

const short = ({status, exitCode, code, stage}: Awaited<ReturnType<typeof verdictOn>>) => [
  status,
  exitCode,
  code,
  stage,
]

test('the check of the lowest class that fails decides, of equal ones the first', async () => {
  const verdict = await verdictOn(failed(problem(EXIT.config)), failed(problem(EXIT.dns)), failed(problem(EXIT.dns)))
  assert.deepEqual(short(verdict), ['fail', 20, 'CODE_20', CHECK_IDS[1]])
})

test('75 decides only where waiting can mend everything', async () => {
  const later = failed(problem(EXIT.tryAgain))
  assert.equal((await verdictOn(later, failed(problem(EXIT.config)))).exitCode, 78)
  assert.equal((await verdictOn(later, warned(problem(EXIT.dns)))).exitCode, 75)
})

test('warnings are told and end with 0; what is skipped is neither', async () => {
  const warning = await verdictOn(passed('fine'), skipped('nothing there'), warned(problem(EXIT.dns)))
  assert.deepEqual(short(warning), ['warn', 0, 'CODE_20', CHECK_IDS[2]])
  const fine = await verdictOn(passed('fine'), skipped('nothing there'))
  assert.deepEqual(short(fine), ['pass', 0, 'OK', undefined])
})

test('an error of the catalogue is a failure of the check, a bug is not hidden', async () => {
  const throwing = (error: Error) =>
    examine([
      {
        id: 'write',
        look() {
          throw error
        },
      },
    ])
  const [check] = await throwing(storeBusy('sqlite:x'))
  assert.deepEqual([check!.status, check!.code, check!.exitCode], ['fail', 'STORE_BUSY', 75])
  await assert.rejects(throwing(new TypeError('a bug')), /a bug/)
})

test('checks are made at once, and what one waits for is not part of its time', async () => {
  const slow = new Promise<void>((resolve) => setTimeout(resolve, 200))
  const wait = () => new Promise<Finding>((resolve) => setTimeout(resolve, 200, passed('late')))
  const began = performance.now()
  const checks = await examine([
    {id: 'node', look: wait},
    {id: 'limits', look: wait},
    {id: 'clock', after: slow, look: () => passed('after')},
  ])
  assert.ok(performance.now() - began < 390)
  assert.deepEqual(
    checks.map(({id, ms}) => [id, ms > 100]),
    [
      ['node', true],
      ['limits', true],
      ['clock', false],
    ],
  )
})

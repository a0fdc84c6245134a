import assert from 'node:assert/strict'
import {test} from 'node:test'
import {failed, type Finding, passed, warned} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {stageOf} from '../../src/lib/diagnosis/ladder.ts'
import {verdictOf, verdictOfAll} from '../../src/lib/diagnosis/verdict.ts'
import {EXIT, type ExitCode} from '../../src/lib/errors.ts'

const problem = (code: string, exitCode: ExitCode) => ({code, exitCode, title: code, why: 'why', fixes: []})
const stages = (...findings: readonly (readonly [StageId, Finding])[]) =>
  findings.map(([id, finding]) => stageOf(id, finding, 1))
const PLAIN = {strict: false, requireDomainAuth: false}
const SPF = warned(problem('SPF_MISSING', EXIT.domainAuthentication))

test('the earliest stage that failed decides', () => {
  const {status, code, exitCode, stage} = verdictOf(
    stages(
      ['spf', SPF],
      ['tls', failed(problem('TLS_SELF_SIGNED', EXIT.tls))],
      ['login', failed(problem('SMTP_AUTH', EXIT.credentials))],
    ),
    PLAIN,
  )
  assert.deepEqual([status, code, exitCode, stage], ['fail', 'TLS_SELF_SIGNED', EXIT.tls, 'tls'])
})

test('warnings end with 0, and with 2 where they are to be strict', () => {
  const warning = stages(['spf', SPF], ['login', passed('logged in')])
  assert.deepEqual([verdictOf(warning, PLAIN).status, verdictOf(warning, PLAIN).exitCode], ['warn', EXIT.ok])
  assert.equal(verdictOf(warning, {...PLAIN, strict: true}).exitCode, EXIT.findings)
})

test('that a password looks odd is no warning once it was taken', () => {
  const odd: readonly [StageId, Finding] = ['password', warned(problem('PASSWORD_SPACES', EXIT.credentials))]
  assert.equal(verdictOf(stages(odd, ['login', passed('logged in')]), PLAIN).status, 'pass')
  assert.equal(verdictOf(stages(odd), PLAIN).status, 'warn')
})

test('broken domain authentication fails only where it is required, and never hides a login', () => {
  const required = {strict: false, requireDomainAuth: true}
  assert.equal(verdictOf(stages(['spf', SPF]), required).exitCode, EXIT.domainAuthentication)
  const both = stages(['spf', SPF], ['login', failed(problem('SMTP_AUTH', EXIT.credentials))])
  assert.equal(verdictOf(both, required).exitCode, EXIT.credentials)
  // That nothing is known is not that it is broken.
  assert.equal(verdictOf(stages(['spf', warned(problem('DNS_UNAVAILABLE', EXIT.dns))]), required).status, 'warn')
})

test('of several the lowest class counts, and 75 only where waiting mends them all', () => {
  const verdict = (code: string, exitCode: ExitCode) =>
    verdictOf(stages(['login', failed(problem(code, exitCode))]), PLAIN)
  const later = {target: 'a', verdict: verdict('SMTP_LATER', EXIT.tryAgain)}
  const closed = {target: 'b', verdict: verdict('SMTP_LOGIN_CLOSED', EXIT.loginClosed)}
  const wrong = {target: 'c', verdict: verdict('SMTP_AUTH', EXIT.credentials)}
  const well = {target: 'd', verdict: verdictOf(stages(['login', passed('in')]), PLAIN)}
  assert.equal(verdictOfAll([later, closed, wrong, well], PLAIN).exitCode, EXIT.credentials)
  assert.equal(verdictOfAll([later, well], PLAIN).exitCode, EXIT.tryAgain)
  assert.equal(verdictOfAll([later, closed], PLAIN).exitCode, EXIT.loginClosed)
  assert.equal(verdictOfAll([well], PLAIN).status, 'pass')
})

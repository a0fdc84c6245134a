/** What `email test` says of one server, in each form that it has: the cause, the mend and the exit code are in all of them. */
import assert from 'node:assert/strict'
import {XMLParser, XMLValidator} from 'fast-xml-parser'
import type {EmailTestReport} from '../../src/lib/email-test/report.ts'

export interface ExpectedVerdict {
  readonly stage: string
  readonly status: 'fail' | 'warn'
  readonly code: string
  readonly exitCode: number
}

/** `printed`: the envelope of `--json`. The report that is in it. */
export function assertJson(printed: string, expected: ExpectedVerdict): EmailTestReport {
  const {ok, exitCode, result, error} = JSON.parse(printed) as {
    readonly ok: boolean
    readonly exitCode: number
    readonly result: EmailTestReport
    readonly error?: Record<string, unknown>
  }
  const {verdict, stages} = result
  const {status, stage, code, why, fixes} = verdict
  assert.deepEqual({status, stage, code, exitCode}, expected, printed)
  assert.equal(verdict.exitCode, exitCode)
  assert.equal(ok, status === 'warn')
  assert.ok(why.length > 0 && !why.includes('undefined'), printed)
  assert.ok(fixes.length > 0 && fixes.every(({text}) => text.length > 0), printed)
  const deciding = stages.find(({id}) => id === stage)
  assert.deepEqual([deciding?.status, deciding?.code, deciding?.why], [status, code, why])
  assert.deepEqual(deciding?.fixes, fixes)
  if (status === 'fail') {
    const {status: _, exitCode: __, ...same} = verdict
    assert.deepEqual(error, same, 'the error is the verdict')
  } else assert.equal(error, undefined)
  return result
}

/** `printed`: what a person reads. */
export function assertText(printed: string, {status, stage, code, exitCode}: ExpectedVerdict): void {
  const from = printed.indexOf(`[${stage} · ${code} · exit ${exitCode}]`)
  assert.notEqual(from, -1, printed)
  const sign = printed.slice(printed.lastIndexOf('\n', from) + 1)[0]
  assert.equal(sign, status === 'fail' ? '✗' : '!', printed)
  assert.match(printed.slice(from), /^ {2}Why: {2}\S[\s\S]*^ {2}Fix: {2}\S/m)
}

const PARSER = new XMLParser({ignoreAttributes: false, attributeNamePrefix: '', isArray: (name) => name === 'testcase'})

/** `printed`: JUnit's XML. */
export function assertJunit(printed: string, {status, stage, code, exitCode}: ExpectedVerdict): void {
  assert.equal(XMLValidator.validate(printed), true, printed)
  const {testsuites} = PARSER.parse(printed) as {
    readonly testsuites: {
      readonly failures: string
      readonly testsuite: {
        readonly properties: {readonly property: {readonly value: string}}
        readonly testcase: readonly {
          readonly name: string
          readonly failure?: {readonly type: string; readonly '#text': string}
          readonly 'system-out'?: string
        }[]
      }
    }
  }
  const {properties, testcase} = testsuites.testsuite
  assert.equal(properties.property.value, `${code} (exit ${exitCode})`)
  const deciding = testcase.find(({name}) => name === stage)
  const told = status === 'fail' ? deciding?.failure?.['#text'] : deciding?.['system-out']
  assert.match(told ?? '', new RegExp(`\\[${code} · exit \\d+\\][\\s\\S]*\\nWhy: \\S[\\s\\S]*\\nFix: \\S`), printed)
  if (status === 'fail') assert.equal(deciding?.failure?.type, code)
  assert.equal(Number(testsuites.failures) > 0, status === 'fail')
}

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {XMLParser, XMLValidator} from 'fast-xml-parser'
import {junit} from '../../src/lib/cli/junit.ts'
import type {EmailTestReport, StageReport} from '../../src/lib/email-test/report.ts'

const stage = (fields: Partial<StageReport>): StageReport => ({
  id: 'login',
  group: 'login',
  status: 'pass',
  ms: 12,
  title: 'logged in',
  evidence: {},
  ...fields,
})

const HOSTILE = `535 <"&'> \u001b[31m ]]> \ud800 \u0000`
const REPORT: EmailTestReport = {
  target: 'help@acme.example',
  startedAt: '2026-11-27T12:00:00.000Z',
  durationMs: 1234,
  verdict: {status: 'fail', code: 'SMTP_AUTH', exitCode: 24, title: 'refused', why: 'wrong', fixes: []},
  stages: [
    stage({}),
    stage({
      id: 'spf',
      group: 'domain',
      status: 'warn',
      code: 'SPF_MISSING',
      exitCode: 29,
      title: 'no SPF',
      why: 'none',
    }),
    stage({
      status: 'fail',
      code: 'SMTP_AUTH',
      exitCode: 24,
      title: 'refused',
      why: 'wrong',
      fixes: [{text: 'Give it again:', command: 'postdesk secret set x'}],
      serverReply: HOSTILE,
    }),
    stage({id: 'sender', group: 'smtp', status: 'skip', because: 'it needs login, which did not pass'}),
  ],
}

const read = (xml: string) => {
  assert.equal(XMLValidator.validate(xml), true, xml)
  return new XMLParser({ignoreAttributes: false, attributeNamePrefix: ''}).parse(xml).testsuites
}

test('a target is a suite and a stage a case, with the cause and the mend in a failure', () => {
  const suites = read(junit([REPORT], {strict: false}))
  assert.equal(suites.tests, '4')
  assert.equal(suites.failures, '1')
  assert.equal(suites.testsuite.skipped, '1')
  assert.equal(suites.testsuite.time, '1.234')
  const [login, spf, failed, sender] = suites.testsuite.testcase
  assert.deepEqual([login.name, login.classname, login.time], ['login', 'help@acme.example.login', '0.012'])
  assert.match(spf['system-out'], /no SPF \[SPF_MISSING · exit 29]/)
  assert.equal(failed.failure.type, 'SMTP_AUTH')
  assert.match(failed.failure['#text'], /Why: wrong\nFix: Give it again: postdesk secret set x/)
  assert.equal(sender.skipped.message, 'it needs login, which did not pass')
})

test('warnings are failures where they are to be strict', () => {
  assert.equal(read(junit([REPORT], {strict: true})).failures, '2')
})

test("what XML has no place for in a server's words cannot break it", () => {
  const xml = junit([REPORT], {strict: false})
  for (const character of ['\u001b', '\u0000']) assert.ok(!xml.includes(character))
  assert.match(read(xml).testsuite.testcase[2].failure['#text'], /535 .+31m/)
})

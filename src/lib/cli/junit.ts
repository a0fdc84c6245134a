/** Tests as JUnit XML, for CI servers: a suite a target, a case a stage. */
import type {StageReport, EmailTestReport} from '../email-test/report.ts'

export interface JunitOptions {
  /** Warnings are failures, as they are for the exit code. */
  readonly strict: boolean
}

export function junit(tests: readonly EmailTestReport[], options: JunitOptions): string {
  const suites = tests.map((test) => suite(test, options))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="postdesk email test" ${counts(
    tests.flatMap(({stages}) => stages),
    options,
  )} time="${seconds(tests.reduce((sum, {durationMs}) => sum + durationMs, 0))}">\n${suites.join('')}</testsuites>\n`
}

function suite({target, startedAt, durationMs, stages, verdict}: EmailTestReport, options: JunitOptions): string {
  const cases = stages.map((stage) => testCase(stage, target, options)).join('')
  const name = escapeXml(target)
  const decided = `    <property name="verdict" value="${escapeXml(`${verdict.code} (exit ${verdict.exitCode})`)}"/>\n`
  return `  <testsuite name="${name}" ${counts(stages, options)} time="${seconds(durationMs)}" timestamp="${startedAt}">\n  <properties>\n${decided}  </properties>\n${cases}  </testsuite>\n`
}

function testCase(stage: StageReport, target: string, {strict}: JunitOptions): string {
  const {id, group, status, ms, title, because = title} = stage
  const open = `    <testcase classname="${escapeXml(`${target}.${group}`)}" name="${id}" time="${seconds(ms)}"`
  const close = `    </testcase>\n`
  switch (status) {
    case 'skip':
      return `${open}>\n      <skipped message="${escapeXml(because)}"/>\n${close}`
    case 'fail':
      return `${open}>\n${failure(stage)}${close}`
    case 'warn':
      return `${open}>\n${strict ? failure(stage) : `      <system-out>${escapeXml(told(stage))}</system-out>\n`}${close}`
    case 'pass':
      return `${open}/>\n`
  }
}

const failure = (stage: StageReport) =>
  `      <failure type="${escapeXml(stage.code ?? '')}" message="${escapeXml(stage.title)}">${escapeXml(told(stage))}</failure>\n`

/** The cause and the mend, as text. */
function told({code, exitCode, title, why, serverReply, fixes = []}: StageReport): string {
  return [
    `${title} [${code} · exit ${exitCode}]`,
    ...(serverReply === undefined ? [] : [`Server said: ${serverReply}`]),
    ...(why === undefined ? [] : [`Why: ${why}`]),
    ...fixes.map((fix) => `Fix: ${fix.text}${fix.command === undefined ? '' : ` ${fix.command}`}`),
  ].join('\n')
}

function counts(stages: readonly StageReport[], {strict}: JunitOptions): string {
  const count = (...wanted: readonly StageReport['status'][]) =>
    stages.filter(({status}) => wanted.includes(status)).length
  const failures = strict ? count('fail', 'warn') : count('fail')
  return `tests="${stages.length}" failures="${failures}" errors="0" skipped="${count('skip')}"`
}

const seconds = (ms: number) => (ms / 1000).toFixed(3)

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What XML 1.0 has no place for (2.2) becomes a sign that says so; words of servers may hold anything. */
function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"']/g, (character) => ENTITIES[character]!)
  )
}

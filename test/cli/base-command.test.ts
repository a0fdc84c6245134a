import assert from 'node:assert/strict'
import {spawnSync} from 'node:child_process'
import {glob, readFile} from 'node:fs/promises'
import {join, relative} from 'node:path'
import {test} from 'node:test'
import {ROOT} from '../support/run-postdesk.ts'

/** A command that says a resolved secret, and words that would take over a terminal, in every way there is. */
const PROBE = `
  import {BaseCommand} from './src/lib/cli/base-command.ts'
  import {lightConfig} from './src/lib/cli/commands.ts'
  class Probe extends BaseCommand {
    static id = 'probe'
    async run() {
      this.redactor.register('hunter2secret')
      const words = 'hunter2secret \\u001b]0;title\\u0007 \\u202e end'
      this.warning(words)
      this.nextStep(words)
      this.print(process.stdout, 'a line with hunter2secret\\n')
      return {words}
    }
    render() { return 'a result with hunter2secret\\n' }
  }
  await new Probe(process.argv.slice(1), lightConfig(process.cwd()))._run()
`

function probe(...flags: readonly string[]) {
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', PROBE, '--', ...flags],
    {cwd: ROOT, encoding: 'utf8'},
  )
  assert.equal(status, 0, stderr)
  return {stdout, stderr}
}

test('no secret leaves by any way out, and no warning or next step takes over a terminal', () => {
  for (const flags of [[], ['--json']]) {
    const {stdout, stderr} = probe(...flags)
    assert.equal(`${stdout}${stderr}`.includes('hunter2'), false, stdout + stderr)
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(stdout + stderr, /[\u001B\u0007\u202E]/)
    assert.match(stdout, /a line with \[secret\]/)
  }
  const {stdout, stderr} = probe()
  assert.match(stdout, /a result with \[secret\]/)
  assert.match(stderr, /^! \[secret\] .* end$/m)
  assert.match(stderr, /^Next: \[secret\] .* end$/m)
})

test('nothing but the base command writes to a stream by itself', async () => {
  const writers: string[] = []
  for await (const file of glob(join(ROOT, 'src/**/*.ts')))
    if (/process\.std(out|err)\.write|\bconsole\.\w+\(/.test(await readFile(file, 'utf8')))
      writers.push(relative(ROOT, file))
  // Help, and errors of command lines that name no command: no secret is known by then.
  const without = 'src/lib/cli/run-command-line.ts'
  assert.deepEqual(writers.sort(), ['src/lib/cli/base-command.ts', without])
})

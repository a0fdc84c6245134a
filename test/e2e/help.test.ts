import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {test} from 'node:test'
import {describeCommands} from '../../src/lib/cli/describe-commands.ts'
import {ENVIRONMENT} from '../../src/lib/cli/environment.ts'
import {EXIT_MEANINGS} from '../../src/lib/cli/exit-codes.ts'
import {HELP_TOPICS} from '../../src/lib/cli/help-topics.ts'
import {helpText} from '../../src/lib/cli/help.ts'
import {styleOf} from '../../src/lib/cli/style.ts'
import {EXIT} from '../../src/lib/errors.ts'
import {postdesk, ROOT, temporaryHome} from '../support/run-postdesk.ts'
import {openTerminal} from '../support/terminal.ts'

const style = {...styleOf(process.stdout, {noColour: true}), width: null}
const page = (words: readonly string[]) => helpText(words, ROOT, style)

test('the help of every command has examples first, then its usage, how it ends and what it reads', async () => {
  const commands = await describeCommands(ROOT)
  assert.ok(commands.length > 30)
  for (const command of commands) {
    const text = await page(command.id.split(':'))
    const words = command.id.replaceAll(':', ' ')
    assert.ok(command.summary, `${words} has a summary`)
    const order = ['EXAMPLES\n', 'USAGE\n', 'GLOBAL FLAGS\n', 'EXIT CODES\n', 'ENVIRONMENT\n'].map((title) =>
      text.indexOf(title),
    )
    assert.ok(!order.includes(-1), `${words} has every section`)
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      `${words}: order of the sections`,
    )
    for (const code of command.exitCodes ?? [])
      assert.match(text, new RegExp(`^  ${code} +\\S`, 'm'), `${words} explains ${code}`)
    for (const [name, flag] of Object.entries(command.flags))
      assert.ok(flag.hidden || flag.summary, `${words} says what --${name} is for`)
    for (const name of [...(command.environment ?? []), ...Object.values(command.flags).flatMap(({env}) => env ?? [])])
      assert.ok(ENVIRONMENT[name], `${name} of ${words} is explained`)
  }
})

test('every page fits 80 columns', async () => {
  const pages = [
    [],
    ...Object.keys(HELP_TOPICS).map((name) => [name]),
    ...(await describeCommands(ROOT)).map(({id}) => id.split(':')),
  ]
  for (const words of pages)
    for (const line of (await page(words)).split('\n')) assert.ok(line.length <= 80, `${words.join(' ')}: ${line}`)
})

test('the overview names every command, what is asked of other hosts, and the pages that are no commands', async () => {
  const text = await page([])
  for (const {id} of await describeCommands(ROOT)) assert.match(text, new RegExp(`^  ${id.replaceAll(':', ' ')} `, 'm'))
  for (const name of Object.keys(HELP_TOPICS)) assert.ok(text.includes(`help ${name}`))
  assert.match(text.replaceAll('\n', ' '), /No telemetry.*no host is contacted except those of your channels/)
})

test('help is found by -h, --help and help, before and behind the words', async (t) => {
  const home = await temporaryHome(t)
  const expected = `${await page(['portal', 'add'])}\n`
  for (const args of [
    ['portal', 'add', '-h'],
    ['portal', 'add', '--help'],
    ['help', 'portal', 'add'],
    ['portal', 'add', 'acme', '--domain', 'x', '--help'],
  ])
    assert.deepEqual(
      await postdesk(args, {home}),
      {code: 0, signal: null, stdout: expected, stderr: ''},
      args.join(' '),
    )
  for (const args of [[], ['help'], ['--help'], ['-h']])
    assert.equal((await postdesk(args, {home})).stdout, `${await page([])}\n`, args.join(' '))
  for (const args of [['portal'], ['portal', '--help'], ['help', 'portal']])
    assert.match((await postdesk(args, {home})).stdout, /COMMANDS\n {2}portal add/, args.join(' '))
  for (const name of Object.keys(HELP_TOPICS))
    assert.equal((await postdesk(['help', name], {home})).stdout, `${await page([name])}\n`)
})

test('help for what there is not says what was probably meant', async (t) => {
  const run = await postdesk(['help', 'exitcodes'], {home: await temporaryHome(t)})
  assert.equal(run.code, EXIT.usage)
  assert.equal(run.stdout, '')
  assert.match(run.stderr, /Did you mean/)
})

test('exit codes in the documentation are those of the program', () => {
  const text = readFileSync(join(ROOT, 'docs/exit-codes.md'), 'utf8')
  for (const [code, meaning] of Object.entries(EXIT_MEANINGS)) {
    if (Number(code) === EXIT.sigint || Number(code) === EXIT.sigterm) continue
    const said = new RegExp(`^\\| ${code} \\| (.*?) \\|`, 'm').exec(text)?.[1]
    assert.ok(said?.startsWith(meaning.replace(/[.:].*$/, '')), `${code}: ${said}`)
  }
})

test('colour only on a terminal, and never with NO_COLOR, --no-color or a dumb terminal', async (t) => {
  const home = await temporaryHome(t)
  const ESCAPE = '\u001B['
  assert.ok(!(await postdesk(['--help'], {home})).stdout.includes(ESCAPE))
  const shown = async (args: string, env: Readonly<Record<string, string>>) => {
    const terminal = openTerminal(t, `${process.execPath} ${join(ROOT, 'bin/run.js')} ${args}; echo do''ne`, {
      POSTDESK_HOME: home,
      ...env,
    })
    await terminal.waitFor('done')
    return terminal.screen().includes(ESCAPE)
  }
  assert.equal(await shown('--help', {NO_COLOR: ''}), true)
  assert.equal(await shown('--help', {NO_COLOR: '1'}), false)
  assert.equal(await shown('--help --no-color', {NO_COLOR: ''}), false)
  assert.equal(await shown('--help', {NO_COLOR: '', TERM: 'dumb'}), false)
})

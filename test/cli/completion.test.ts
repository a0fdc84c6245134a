import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {mkdir, symlink, writeFile} from 'node:fs/promises'
import {delimiter, join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {promisify} from 'node:util'
import {missing} from '../support/peers.ts'
import {postdesk, ROOT, temporaryHome} from '../support/run-postdesk.ts'
import {openTerminal} from '../support/terminal.ts'

const run = promisify(execFile)

/** A home with two queues and an agent, `postdesk` on the PATH, and the script of a shell in a file. */
async function prepare(t: TestContext, shell: string) {
  const home = await temporaryHome(t)
  for (const args of [
    ['portal', 'add', 'acme', '--domain', 'acme.example'],
    ['queue', 'add', 'support'],
    ['queue', 'add', 'sales'],
    ['agent', 'add', 'jane@acme.example', '--name', 'Jane'],
  ])
    assert.equal((await postdesk(args, {home})).code, 0)
  const {stdout, code} = await postdesk(['completion', shell], {home})
  assert.equal(code, 0)
  const script = join(home, `completion.${shell}`)
  await writeFile(script, stdout)
  await mkdir(join(home, 'bin'))
  await symlink(join(ROOT, 'bin', 'run.js'), join(home, 'bin', 'postdesk'))
  const env = {
    ...process.env,
    POSTDESK_HOME: home,
    HOME: home,
    PATH: [join(home, 'bin'), process.env['PATH']].join(delimiter),
  }
  return {home, script, env}
}

/** What is typed, and what must then be among the candidates, or must not. */
const CASES: readonly {typed: string; has: readonly string[]; hasNot?: readonly string[]}[] = [
  {typed: 'postdesk ', has: ['portal', 'queue', 'ticket'], hasNot: ['__complete', '--json']},
  {typed: 'postdesk qu', has: ['queue']},
  {typed: 'postdesk queue ', has: ['add', 'list', 'show'], hasNot: ['portal']},
  {typed: 'postdesk queue add --', has: ['--name', '--member', '--json', '--portal'], hasNot: ['--domain']},
  {typed: 'postdesk queue show ', has: ['sales', 'support'], hasNot: ['jane@acme.example']},
  {typed: 'postdesk queue show su', has: ['support']},
  {typed: 'postdesk agent show ', has: ['jane@acme.example']},
  {typed: 'postdesk ticket list --queue ', has: ['sales', 'support']},
  {typed: 'postdesk ticket list --portal ', has: ['acme']},
  {typed: 'postdesk ticket list --status ', has: ['open', 'pending', 'closed']},
  {typed: 'postdesk --secret-store ', has: ['keychain', 'vault']},
  {typed: 'postdesk completion ', has: ['bash', 'zsh', 'fish', 'powershell']},
  {typed: 'postdesk queue add ', has: [], hasNot: ['sales', 'support', 'add']},
  {typed: 'postdesk agent show nobody@nowhere', has: [], hasNot: ['jane@acme.example']},
]

test('completion: bash offers commands, flags, values and names', {skip: missing('bash')}, async (t) => {
  const {script, env} = await prepare(t, 'bash')
  // What readline does: it hands over the line and the words, split at COMP_WORDBREAKS, and takes COMPREPLY.
  const ask = async (typed: string) =>
    (
      await run(
        'bash',
        [
          '--norc',
          '-c',
          'source "$1"; COMP_LINE="$2" COMP_POINT=${#2}; _postdesk; printf "%s\\n" "${COMPREPLY[@]}"',
          '-',
          script,
          typed,
        ],
        {env},
      )
    ).stdout.split('\n')
  for (const {typed, has, hasNot = []} of CASES) {
    const offered = await ask(typed)
    for (const word of has) assert.ok(offered.includes(word), `${typed}: ${word} of ${offered.join(' ')}`)
    for (const word of hasNot) assert.ok(!offered.includes(word), `${typed}: not ${word}`)
  }
  assert.deepEqual(
    (await ask('postdesk ticket list --queue=su')).filter(Boolean),
    ['--queue=support'].map((word) => word.slice('--queue='.length)),
  )
  assert.deepEqual(
    (await ask('postdesk agent show jane@ac')).filter(Boolean),
    ['acme.example'],
    'behind the @ at which bash splits',
  )
})

test('completion: fish offers commands, flags, values and names', {skip: missing('fish')}, async (t) => {
  const {script, env} = await prepare(t, 'fish')
  for (const {typed, has, hasNot = []} of CASES) {
    const {stdout} = await run('fish', ['--no-config', '-c', `source ${script}; complete -C '${typed}'`], {env})
    const offered = stdout.split('\n').map((line) => line.split('\t')[0])
    for (const word of has) assert.ok(offered.includes(word), `${typed}: ${word} of ${offered.join(' ')}`)
    for (const word of hasNot) assert.ok(!offered.includes(word), `${typed}: not ${word}`)
  }
})

test('completion: bash completes what is typed on a terminal', {skip: missing('bash')}, async (t) => {
  const {home, script, env} = await prepare(t, 'bash')
  await writeFile(
    join(home, '.bashrc'),
    `PS1='ready> '; source ${script}; bind 'set bell-style none'
`,
  )
  const bash = openTerminal(t, `bash --noprofile --rcfile ${join(home, '.bashrc')} -i`, env)
  await bash.waitFor('ready> ')
  for (const [typed, completed] of [
    ['postdesk age\tsh\tja\t', 'postdesk agent show jane@acme.example '],
    ['postdesk ticket list --que\tsu\t', 'postdesk ticket list --queue support '],
  ] as const) {
    bash.type(typed)
    await bash.waitFor(completed)
    bash.type('\u0015')
  }
})

test('completion: zsh completes what is typed on a terminal', {skip: missing('zsh')}, async (t) => {
  const {home, script, env} = await prepare(t, 'zsh')
  await writeFile(
    join(home, '.zshrc'),
    `PS1='ready> '; unsetopt prompt_sp; autoload -Uz compinit; compinit -u -D; source ${script}
`,
  )
  const zsh = openTerminal(t, 'zsh -d -i', {...env, ZDOTDIR: home})
  await zsh.waitFor('ready> ')
  for (const [typed, completed] of [
    ['postdesk age\tsh\tja\t', 'agent show jane@acme.example '],
    ['postdesk ticket list --que\tsu\t', 'ticket list --queue support '],
    ['postdesk ticket list --queue=su\t', '--queue=support '],
    ['postdesk completion pow\t', 'completion powershell '],
  ] as const) {
    zsh.type(typed)
    await zsh.waitFor(completed)
    zsh.type('\u0015')
  }
  zsh.type('postdesk queue add --\t')
  const screen = await zsh.waitFor('--member')
  assert.match(screen, /--name\s+-- /, 'flags are shown with what they are for')
})

test('completion: PowerShell gets the same tables', async (t) => {
  const {stdout} = await postdesk(['completion', 'powershell'], {home: await temporaryHome(t)})
  assert.match(stdout, /Register-ArgumentCompleter -Native -CommandName postdesk/)
  assert.match(stdout, /'queue show 0' = 'names queues'/)
  assert.match(stdout, /'\* --secret-store' = 'words keychain vault'/)
  assert.equal((stdout.match(/[{]/g) ?? []).length, (stdout.match(/[}]/g) ?? []).length)
  const keys = [...stdout.matchAll(/^ {4}('(?:[^']|'')*') = /gm)].map(([, key]) => key)
  assert.ok(keys.length > 50)
})

test('completion: asks nobody but a store on this machine, and is silent when that fails', async (t) => {
  const {home} = await prepare(t, 'bash')
  const names = (args: string[], env = {}) => postdesk(['__complete', ...args], {home, env})
  assert.equal((await names(['queues'])).stdout, 'sales\nsupport\n')
  assert.equal((await names(['queues', '--', 'ticket', 'list', '--portal', 'acme'])).stdout, 'sales\nsupport\n')
  for (const failing of [
    names(['queues', '--', '--portal', 'other']),
    names(['queues', '--', '--store', 'sqlite:/nonexistent/store.sqlite']),
    names(['queues', '--', '--store=postgres://nobody@192.0.2.1/none']),
    names(['planets']),
    names(['queues'], {POSTDESK_STORE: 'nonsense'}),
    names([]),
  ])
    assert.deepEqual(await failing, {code: 0, signal: null, stdout: '', stderr: ''})
})

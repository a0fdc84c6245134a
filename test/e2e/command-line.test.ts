import assert from 'node:assert/strict'
import {statSync} from 'node:fs'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {EXIT} from '../../src/lib/errors.ts'
import {postdesk, postdeskJson, ROOT, temporaryHome, type RunOptions} from '../support/run-postdesk.ts'

async function homeWithPortal(t: TestContext): Promise<string> {
  const home = await temporaryHome(t)
  assert.equal((await postdesk(['portal', 'add', 'acme', '--domain', 'acme.example'], {home})).code, 0)
  return home
}

/** Runs it both ways: what a person sees, and the envelope. The exit codes must agree. */
async function bothWays(args: readonly string[], options: RunOptions) {
  const text = await postdesk(args, options)
  const json = await postdesk([...args, '--json'], options)
  const envelope = JSON.parse(json.stdout) as {
    ok: boolean
    exitCode: number
    error?: {code: string; title: string; why: string; fixes: {text: string; command?: string}[]; missing?: string[]}
  }
  assert.equal(json.code, text.code, `${args.join(' ')} ends alike in text and JSON`)
  assert.equal(envelope.exitCode, json.code)
  assert.equal(envelope.ok, json.code === 0 || json.code === 2)
  assert.equal(json.stderr, '', 'with --json nothing is said beside the object')
  return {text, envelope, code: json.code}
}

test('unknown commands are refused with what was probably meant, and nothing is done', async (t) => {
  const home = await homeWithPortal(t)
  for (const [args, meant] of [
    [['portla', 'list'], 'postdesk portal list'],
    [['portal', 'lst'], 'postdesk portal list'],
    [['ticket', 'shwo'], 'postdesk ticket show'],
    [['quarantine', 'retyr'], 'postdesk quarantine retry'],
    [['portals'], 'postdesk portal'],
    [['sync'], 'postdesk email sync'],
    [['list', 'portal'], 'postdesk portal list'],
    [['portal', 'ad', 'other', '--domain', 'other.example'], 'postdesk portal add'],
    [['email', 'add', 'internl'], 'postdesk email add internal'],
  ] as const) {
    const {text, envelope, code} = await bothWays(args, {home})
    assert.equal(code, EXIT.usage, args.join(' '))
    assert.equal(text.stdout, '')
    assert.ok(
      envelope.error?.fixes.some(({command}) => command === meant),
      `${args.join(' ')}: ${JSON.stringify(envelope.error?.fixes)}`,
    )
  }
  const {result} = await postdeskJson(['portal', 'list'], {home})
  assert.equal(result.portals.length, 1)
})

test('an unknown command without a near one names those there are', async (t) => {
  const {envelope, code} = await bothWays(['portal', 'xyzzy'], {home: await temporaryHome(t)})
  assert.equal(code, EXIT.usage)
  assert.match(envelope.error!.fixes[0]!.text, /add, .*list/)
})

test('unknown flags and values are refused with what was probably meant', async (t) => {
  const home = await homeWithPortal(t)
  const flag = await bothWays(['portal', 'add', 'other', '--domian', 'other.example'], {home})
  assert.equal(flag.code, EXIT.usage)
  assert.match(flag.text.stderr, /Did you mean --domain\?/)
  const value = await bothWays(['portal', 'list', '--secret-store', 'vualt'], {home})
  assert.equal(value.code, EXIT.usage)
  assert.match(value.text.stderr, /keychain.*vault/)
  const argument = await bothWays(['portal', 'list', 'extra'], {home})
  assert.equal(argument.code, EXIT.usage)
  const early = await bothWays(['--portal', 'acme', 'queue', 'list'], {home})
  assert.equal(early.code, EXIT.usage)
  assert.match(early.text.stderr, /Flags come after the command/)
})

test('what is wrong with a command line is said in our own words, with the values that there are', async (t) => {
  const home = await homeWithPortal(t)
  for (const [words, why, fix] of [
    [['ticket', 'show', '1', '--out', 'x'], '--out needs --web', null],
    [['email', 'sync', '--jsonl', '--json'], '--json and --jsonl exclude each other', null],
    [['quarantine', 'retry', '--all', '--reason', 'loop'], '--all and --reason exclude each other', null],
    [
      ['secret', 'set', 'x', '--value-stdin', '--value-file', 'a\nb'],
      '--value-file and --value-stdin exclude each other',
      null,
    ],
    [['ticket', 'list', '--limit', 'x'], '--limit must be a whole number, 1 or more and at most 1000000000', null],
    [
      ['ticket', 'list', '--limit', '99999999999999999999'],
      '--limit must be a whole number, 1 or more and at most 1000000000',
      null,
    ],
    [['ticket', 'list', '--limit', '3', '--limit', '4'], '--limit is given more than once', null],
    [['ticket', 'list', '--queue'], '--queue needs a value: KEY', null],
    [['secret', 'list', '--secret-store'], '--secret-store needs a value: keychain or vault', null],
    [
      ['ticket', 'list', '--flag', 'thirdparty'],
      '--flag thirdparty is not one of: third-party, unowned, bounced',
      'Did you mean --flag third-party?',
    ],
    [
      ['ticket', 'list', '--status', 'open,opne'],
      '--status opne is not one of: open, pending, closed',
      'Did you mean --status open?',
    ],
    [
      ['ticket', 'list', '--status', 'x to be one of: y'],
      "--status 'x to be one of: y' is not one of: open, pending, closed",
      'Use open, pending or closed.',
    ],
    [['completion', 'fsh'], 'fsh is not one of: bash, zsh, fish, powershell', 'Did you mean fish?'],
    [['portal', 'list', 'one', 'more'], 'one more: words too many', 'A value of several words needs quotes.'],
    [['ticket', 'show', '99999999999999999999'], 'it is too large: no number here has more than 15 digits', null],
    [['secret', 'move'], 'it is needed', 'Give every missing value as a flag.'],
  ] as const) {
    const {envelope, code} = await bothWays(words, {home})
    assert.deepEqual([code, envelope.error?.why], [EXIT.usage, why], words.join(' '))
    assert.equal(envelope.error?.fixes[0]?.text ?? null, fix, words.join(' '))
  }
})

test('unknown names are refused with near ones', async (t) => {
  const home = await homeWithPortal(t)
  await postdesk(['queue', 'add', 'support'], {home})
  for (const name of ['suport', 'supprot']) {
    const {envelope, code} = await bothWays(['queue', 'show', name], {home})
    assert.equal(code, EXIT.notFound)
    assert.match(JSON.stringify(envelope.error?.fixes), /support/)
  }
})

test('every class of error ends alike in text and JSON', async (t) => {
  const home = await homeWithPortal(t)
  const elsewhere = await temporaryHome(t)
  const damaged = join(elsewhere, 'damaged.sqlite')
  await writeFile(damaged, 'this is no database, and long enough that nobody takes it for an empty one')
  for (const [args, code, options] of [
    [['portal', 'list'], EXIT.ok, {home}],
    [['portal', 'add'], EXIT.usage, {home}],
    [['portal', 'add', 'acme', '--domain', 'acme.example'], EXIT.cannotCreate, {home}],
    [['portal', 'add', 'UPPER', '--domain', 'other.example'], EXIT.usage, {home}],
    [['portal', 'show', 'nowhere'], EXIT.notFound, {home}],
    [['portal', 'list'], EXIT.notFound, {home: elsewhere}],
    [['portal', 'list', '--store', `sqlite:${damaged}`], EXIT.unavailable, {home}],
    [['portal', 'list', '--store', 'postgres://127.0.0.1:1/none'], EXIT.unavailable, {home}],
    [['portal', 'list', '--store', 'postgres://user:secret@127.0.0.1:1/none'], EXIT.usage, {home}],
    [['portal', 'list', '--store', 'mysql://127.0.0.1/none'], EXIT.usage, {home}],
    [
      ['portal', 'list', '--store', 'postgres://127.0.0.1:1/none', '--store-password-file', '/nonexistent'],
      EXIT.noInput,
      {home},
    ],
    [
      ['portal', 'list', '--store', 'postgres://127.0.0.1:1/none', '--store-password-env', 'UNSET'],
      EXIT.config,
      {home},
    ],
  ] as const) {
    const {code: found} = await bothWays(args, options)
    assert.equal(found, code, args.join(' '))
  }
})

test('missing input is named completely, at once', async (t) => {
  const {envelope, code} = await bothWays(['portal', 'add'], {home: await temporaryHome(t)})
  assert.equal(code, EXIT.usage)
  assert.deepEqual(envelope.error?.missing, ['KEY', '--domain'])
  for (const [words, missing, completed] of [
    [['ticket', 'attachments'], ['NUMBER', '--out'], 'postdesk ticket attachments NUMBER --out DIR'],
    [['secret', 'bind'], ['NAME', 'REF'], 'postdesk secret bind NAME REF'],
  ] as const) {
    const {error} = (await bothWays(words, {home: await temporaryHome(t)})).envelope
    assert.deepEqual([error?.missing, error?.fixes[0]?.text], [missing, 'Give every missing value.'])
    assert.match(error!.fixes[0]!.command!, new RegExp(`^${completed.split(' ', 3).join(' ')}`))
    assert.ok((await postdesk(words, {home: await temporaryHome(t)})).stderr.includes(completed))
  }
})

test('--json is one object for success, failure, help and the version', async (t) => {
  const home = await homeWithPortal(t)
  for (const args of [
    ['portal', 'list'],
    ['portal', 'list', '--bogus'],
    ['bogus'],
    ['--version'],
    ['portal', '--help'],
    ['help', 'json'],
  ]) {
    const {stdout} = await postdesk([...args, '--json'], {home})
    assert.equal(typeof JSON.parse(stdout).exitCode, 'number', args.join(' '))
  }
})

test('--version names the version, the system and Node', async (t) => {
  const {code, stdout} = await postdesk(['--version'], {home: await temporaryHome(t)})
  assert.equal(code, 0)
  assert.match(stdout, /^postdesk\/\d+\.\d+\.\d+ \w+-\w+ node-v\d+\.\d+\.\d+\n$/)
})

test('a reader that goes away ends the program quietly', async (t) => {
  const home = await homeWithPortal(t)
  const child = spawn(
    'bash',
    [
      '-c',
      `set -o pipefail; ${process.execPath} ${join(ROOT, 'bin/run.js')} completion zsh | head -c 10; exit \${PIPESTATUS[0]}`,
    ],
    {env: {...process.env, POSTDESK_HOME: home}},
  )
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  child.stdout.resume()
  const [code] = (await once(child, 'close')) as [number]
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''})
})

test('standard input may be closed', async (t) => {
  const home = await homeWithPortal(t)
  const child = spawn('bash', ['-c', `exec ${process.execPath} ${join(ROOT, 'bin/run.js')} portal list --json <&-`], {
    env: {...process.env, POSTDESK_HOME: home},
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).ok, true)
})

test('nothing is coloured in a pipe unless FORCE_COLOR asks for it', async (t) => {
  const home = await homeWithPortal(t)
  const ESCAPE = '\u001B['
  const plain = await postdesk(['portal', 'show', 'nowhere'], {home, env: {FORCE_COLOR: undefined}})
  assert.ok(!plain.stderr.includes(ESCAPE))
  const forced = await postdesk(['portal', 'show', 'nowhere'], {home, env: {FORCE_COLOR: '1', NO_COLOR: undefined}})
  assert.ok(forced.stderr.includes(ESCAPE))
  const both = await postdesk(['portal', 'show', 'nowhere'], {home, env: {FORCE_COLOR: '1', NO_COLOR: '1'}})
  assert.ok(!both.stderr.includes(ESCAPE))
  const json = await postdesk(['portal', 'list', '--json'], {home, env: {FORCE_COLOR: '1', NO_COLOR: undefined}})
  assert.ok(!json.stdout.includes(ESCAPE))
})

test('compiled code is kept in the user’s own directory only', async (t) => {
  const home = await homeWithPortal(t)
  const {existsSync} = await import('node:fs')
  assert.ok(existsSync(join(home, 'cache', 'compiled')))
  const nowhere = {home: '', env: {POSTDESK_HOME: undefined, HOME: '/nonexistent', XDG_CACHE_HOME: undefined}}
  assert.equal((await postdesk(['--version'], nowhere)).code, 0)
  assert.ok(!existsSync('/nonexistent'))
  const others = join(home, 'others')
  await mkdir(others)
  if (process.getuid?.() !== 0) return
  const {chown} = await import('node:fs/promises')
  await chown(others, 65534, 65534)
  const sudo = {home: '', env: {POSTDESK_HOME: undefined, HOME: others, XDG_CACHE_HOME: undefined}}
  assert.equal((await postdesk(['--version'], sudo)).code, 0)
  assert.ok(!existsSync(join(others, '.cache')), 'not in the home of another user')
})

test('a secret that was written behind its flag is not repeated', async (t) => {
  const home = await temporaryHome(t)
  await postdesk(['portal', 'add', 'acme', '--domain', 'acme.example'], {home})
  for (const words of [
    ['portal', 'inbound', 'set', 'imap', '--password-stdin', 'hunter2secret'],
    ['portal', 'inbound', 'set', 'imap', '--password-stdin=hunter2secret'],
    ['portal', 'inbound', 'set', 'imap', '--passwrod=hunter2secret'],
    ['portal', 'inbound', 'set', 'imap', '-hunter2secret'],
    ['secret', 'set', 'acme/inbound/password', 'hunter2secret'],
    ['secret', 'set', 'acme/inbound/password', '--value-stdin=hunter2secret'],
    ['secret', 'bind', 'acme/inbound/password', 'correct', 'hunter2secret'],
  ]) {
    const {code, stdout, stderr} = await postdesk(words, {home})
    assert.equal(code, 64, words.join(' '))
    assert.ok(!`${stdout}${stderr}`.includes('hunter2'), `${stdout}${stderr}`)
  }
})

test('a new SQLite store belongs to its user alone', async (t) => {
  const home = await temporaryHome(t)
  await postdesk(['portal', 'add', 'acme', '--domain', 'acme.example'], {home})
  assert.equal(statSync(join(home, 'data/postdesk.sqlite')).mode & 0o777, 0o600)
})

/** What an MTA's pipe is answered: the exit code decides whether a mail is kept, returned or forgotten. */
import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {chmod, chown, copyFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile} from 'node:fs/promises'
import {closeSync, openSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {setImmediate as turn} from 'node:timers/promises'
import {pathToFileURL} from 'node:url'
import Database from 'better-sqlite3'
import {mail} from '../support/portal.ts'
import {startProgram, type Program} from '../support/program.ts'
import {postdesk, ROOT, startPostdesk, temporaryHome, type Run} from '../support/run-postdesk.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {emptyStoreUrl, STORES} from '../support/stores.ts'

const TEMPORARY = '4.3.0 temporary failure\n'
const TO = '--recipient=support@acme.example'
const FROM = '--sender=jane@example.com'

/** What an MTA sees of a run. */
const answer = ({code, stdout, stderr}: Pick<Run, 'code' | 'stdout' | 'stderr'>) => [code, stdout + stderr]

/** How many rows of everything that a mail leaves behind. */
async function kept({store}: Pick<Program, 'store'>) {
  const count = async (table: 'ticket' | 'message' | 'raw' | 'quarantine') =>
    (
      await store.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  return {
    tickets: await count('ticket'),
    messages: await count('message'),
    raws: await count('raw'),
    quarantined: await count('quarantine'),
  }
}

const NOTHING = {tickets: 0, messages: 0, raws: 0, quarantined: 0}

// Two at a time: a delivery waits a minute for a store that is locked.
describe('email deliver', {concurrency: 2}, () => {
  test('a store that somebody else has locked is 75', async (t) => {
    const program = await startProgram(t, 'sqlite')
    const path = program.store.url.slice('sqlite:'.length)
    await program.store.close()
    const other = new Database(path)
    t.after(() => other.close())
    other.pragma('locking_mode = exclusive')
    other.exec('begin exclusive')
    assert.deepEqual(answer(await program.run(['email', 'deliver', TO, FROM], customerMail())), [75, TEMPORARY])
  })

  for (const kind of STORES)
    describe(`on ${kind}`, () => {
      test('a mail is a ticket, and nothing is printed', async (t) => {
        const program = await startProgram(t, kind)
        const deliver = (...flags: string[]) => program.run(['email', 'deliver', ...flags], customerMail())
        for (const flags of [
          [TO, FROM],
          ['--recipient=SUPPORT@Acme.Example', '--sender='],
          ['--recipient=support+order-7@acme.example', '--sender=<>'],
          [TO],
        ])
          assert.deepEqual(answer(await deliver(...flags)), [0, ''], flags.join(' '))
        const messages = await program.store.db.selectFrom('message').select('envelope').orderBy('id').execute()
        assert.deepEqual(
          messages.map(({envelope}) => JSON.parse(envelope!) as unknown),
          [
            {recipients: ['support@acme.example'], sender: 'jane@example.com'},
            {recipients: ['SUPPORT@acme.example'], sender: null},
            {recipients: ['support+order-7@acme.example'], sender: null},
            {recipients: ['support@acme.example']},
          ],
        )
        assert.deepEqual(await kept(program), {tickets: 4, messages: 4, raws: 4, quarantined: 0})
      })

      test('an unknown address is 67 and leaves nothing; it is quarantined when asked to', async (t) => {
        const program = await startProgram(t, kind)
        const deliver = (...flags: string[]) => program.run(['email', 'deliver', ...flags], customerMail())
        for (const recipient of ['nobody@acme.example', 'support@elsewhere.example', 'support@sub.acme.example'])
          assert.deepEqual(answer(await deliver(`--recipient=${recipient}`, FROM)), [67, '5.1.1 no such address\n'])
        assert.deepEqual(await kept(program), NOTHING)
        for (const recipient of ['nobody@acme.example', 'support@elsewhere.example'])
          assert.deepEqual(answer(await deliver(`--recipient=${recipient}`, FROM, '--quarantine-unknown')), [0, ''])
        assert.deepEqual(await kept(program), {tickets: 0, messages: 0, raws: 2, quarantined: 2})
      })

      test('an empty message is 65', async (t) => {
        const program = await startProgram(t, kind)
        assert.deepEqual(answer(await program.run(['email', 'deliver', TO, FROM])), [65, '5.6.0 there is no message\n'])
        assert.deepEqual(await kept(program), NOTHING)
      })

      test('the same mail handed in again is one ticket, with and without a Message-ID', async (t) => {
        const program = await startProgram(t, kind)
        const without = mail({From: 'jane@example.com', To: 'support@acme.example', Subject: 'Hello'})
        for (const bytes of [customerMail(), without])
          for (const expected of ['created', 'duplicate']) {
            const run = await program.run(['email', 'deliver', TO, FROM, '--json'], bytes)
            const envelope = JSON.parse(run.stdout) as {result: {outcome: string}}
            assert.deepEqual([run.code, envelope.result.outcome, run.stderr], [0, expected, ''])
          }
        assert.deepEqual(await kept(program), {tickets: 2, messages: 2, raws: 2, quarantined: 0})
      })

      test('with two portals the domain of the recipient decides', async (t) => {
        const program = await startProgram(t, kind)
        const other = await startDesk(t, kind, {key: 'bolt', domain: 'bolt.example'}, program)
        const deliver = (...flags: string[]) => program.run(['email', 'deliver', FROM, ...flags], customerMail())
        for (const domain of ['bolt.example', 'acme.example', 'BOLT.example'])
          assert.deepEqual(answer(await deliver(`--recipient=support@${domain}`)), [0, ''])
        const rows = await program.store.db.selectFrom('ticket').select('portal_id').execute()
        assert.equal(rows.filter(({portal_id: id}) => id === other.portal.id).length, 2)
        assert.equal(rows.filter(({portal_id: id}) => id === program.portal.id).length, 1)
        const before = await kept(program)
        // A portal that is named has only its own addresses.
        assert.equal((await deliver('--recipient=support@acme.example', '--portal=bolt')).code, 67)
        // Nothing says in whose quarantine it belongs.
        const unclear = await deliver('--recipient=support@elsewhere.example', '--quarantine-unknown')
        assert.deepEqual(answer(unclear), [75, TEMPORARY])
        assert.deepEqual(await kept(program), before)
      })

      test('whatever is wrong with the command line or the configuration is 75, in one line', async (t) => {
        const program = await startProgram(t, kind)
        for (const flags of [
          [],
          [FROM],
          [TO, '--no-such-flag'],
          [TO, 'surplus'],
          [TO, '--password=x'],
          [TO, '--portal=nowhere'],
          [TO, '--store=mysql://localhost/x'],
          [TO, '--store=postgres://user:secret@127.0.0.1:1/x'],
          [TO, '--store=postgres://user@127.0.0.1:1/x'],
          [TO, '--store=postgres://user@127.0.0.1:1/x', '--store-password-file=/nowhere'],
          [TO, '--store=sqlite:/proc/nowhere/store.sqlite'],
          [TO, `--store=sqlite:${ROOT}/package.json`],
          ['--recipient=', FROM],
          ['--recipient=support', FROM],
        ])
          assert.deepEqual(
            answer(await program.run(['email', 'deliver', ...flags], customerMail())),
            [75, TEMPORARY],
            flags.join(' '),
          )
        assert.deepEqual(await kept(program), NOTHING)
      })

      test('with --json the envelope says why, and exits alike', async (t) => {
        const {json} = await startProgram(t, kind)
        const codes = async (...flags: string[]) => {
          const {exitCode, error} = await json(['email', 'deliver', ...flags])
          return [exitCode, error?.code]
        }
        assert.deepEqual(await codes(TO), [65, 'EMPTY_MESSAGE'])
        assert.deepEqual(await codes('--recipient=no@acme.example'), [67, 'EMAIL_ADDRESS_NOT_FOUND'])
        assert.deepEqual(await codes(TO, '--portal=nowhere'), [75, 'PORTAL_NOT_FOUND'])
        assert.deepEqual(await codes(), [75, 'MISSING_INPUT'])
      })

      test('a store that is newer, not yet made or without portals is 75', async (t) => {
        const program = await startProgram(t, kind)
        await program.store.db
          .insertInto('migration')
          .values({version: 99, name: 'from the future', applied_at: new Date().toISOString()})
          .execute()
        assert.deepEqual(answer(await program.run(['email', 'deliver', TO, FROM], customerMail())), [75, TEMPORARY])
        const url = await emptyStoreUrl(t, kind)
        const env = {POSTDESK_STORE: url}
        const deliver = () => postdesk(['email', 'deliver', TO, FROM], {home: program.home, env, input: customerMail()})
        assert.deepEqual(answer(await deliver()), [75, TEMPORARY])
        if (kind === 'postgres') assert.equal((await postdesk(['store', 'migrate'], {home: program.home, env})).code, 0)
        else {
          await postdesk(['portal', 'add', 'a', '--domain', 'a.example'], {home: program.home, env})
          await postdesk(['portal', 'remove', 'a', '--confirm', 'a'], {home: program.home, env})
        }
        assert.deepEqual(answer(await deliver()), [75, TEMPORARY])
      })

      test('killed between the commit and its end, it is handed in again: no second ticket', async (t) => {
        const program = await startProgram(t, kind)
        let killed = 0
        for (let attempt = 0; attempt < 10 && killed < 2; attempt++) {
          const bytes = customerMail()
          const running = startPostdesk(['email', 'deliver', TO, FROM], {
            home: program.home,
            env: {POSTDESK_STORE: program.store.url},
            input: bytes,
          })
          const state = {ended: false}
          const run = running.ended.finally(() => (state.ended = true))
          while (!state.ended && (await kept(program)).messages === attempt) await turn()
          running.kill('SIGKILL')
          if ((await run).signal === 'SIGKILL') killed++
          assert.deepEqual(answer(await program.run(['email', 'deliver', TO, FROM], bytes)), [0, ''])
          assert.deepEqual(await kept(program), {
            ...NOTHING,
            tickets: attempt + 1,
            messages: attempt + 1,
            raws: attempt + 1,
          })
        }
        assert.ok(killed > 0, 'every run ended before it could be killed: the test shows nothing')
      })
    })

  describe('wherever the store is', () => {
    test('a damaged store is 75', async (t) => {
      const program = await startProgram(t, 'sqlite')
      const path = program.store.url.slice('sqlite:'.length)
      await program.store.close()
      await truncate(path, 20_000)
      assert.deepEqual(answer(await program.run(['email', 'deliver', TO, FROM], customerMail())), [75, TEMPORARY])
    })

    test('standard input that cannot be read is 75, a closed one is no message', async (t) => {
      const program = await startProgram(t, 'sqlite')
      const unreadable = openSync(join(program.home, 'write-only'), 'w')
      t.after(() => closeSync(unreadable))
      assert.deepEqual(answer(await runWith(program, {stdin: unreadable})), [75, TEMPORARY])
      // Node opens /dev/null in its place.
      assert.deepEqual(answer(await runWith(program, {shell: 'exec "$@" <&-'})), [65, '5.6.0 there is no message\n'])
      assert.deepEqual(await kept(program), NOTHING)
    })

    test('the exit code does not depend on somebody reading the output', async (t) => {
      const program = await startProgram(t, 'sqlite')
      for (const [flags, code] of [
        [[TO, '--no-such-flag'], 75],
        [['--recipient=no@acme.example'], 67],
        [[TO], 65],
      ] as const) {
        const shell = 'set -o pipefail; "$@" </dev/null 2>&1 | true'
        assert.equal((await runWith(program, {shell, flags})).code, code)
        assert.equal((await runWith(program, {shell: 'exec "$@" </dev/null >&- 2>&-', flags})).code, code)
      }
    })

    test('stopped by a signal while it waits for the mail, it is 75 and nothing is kept', async (t) => {
      const program = await startProgram(t, 'sqlite')
      for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
        const source = () => program.store.db.selectFrom('source').select('id').execute()
        await program.store.db.deleteFrom('source').execute() // made anew by a delivery right before it reads
        const child = startRaw(program, [TO, FROM])
        child.stdin.write('From: jane@example.com\r\n')
        while ((await source()).length === 0) await turn()
        child.kill(signal)
        assert.deepEqual(answer(await child.ended), [75, TEMPORARY], signal)
      }
      assert.deepEqual(await kept(program), NOTHING)
    })

    test('needs no HOME, no environment, and no entry in the user database', async (t) => {
      const program = await startProgram(t, 'sqlite')
      const path = program.store.url.slice('sqlite:'.length)
      await program.store.close()
      const root = process.getuid?.() === 0
      const user = root ? {uid: 54321, gid: 54321} : {}
      if (root) for (const file of [dirname(path), path]) await chown(file, 54321, 54321)
      const run = (flags: string[]) =>
        startRaw(program, [`--store=${program.store.url}`, ...flags], {env: {}, cwd: '/', ...user})
      const child = run([TO, FROM])
      child.stdin.end(customerMail())
      const ended = await child.ended
      if (root && ended.stderr.includes('Cannot find module')) return t.skip('others cannot read this directory')
      assert.deepEqual(answer(ended), [0, ''])
      const status = await postdesk(['ticket', 'list', '--json'], {
        home: program.home,
        env: {POSTDESK_STORE: program.store.url},
      })
      assert.equal((JSON.parse(status.stdout) as {result: {tickets: unknown[]}}).result.tickets.length, 1)
      return undefined
    })

    test('help is no delivery', async (t) => {
      const run = await postdesk(['email', 'deliver', '--help'], {home: await temporaryHome(t)})
      assert.equal(run.code, 0)
      assert.match(run.stdout, /Take one mail from standard input/)
    })
  })

  describe('bin/run.js, when it delivers', () => {
    /** What stands in dist/main.js, and what comes of it for an MTA. */
    const programs = {
      'is damaged': 'export async function main( {',
      'is empty': '',
      'throws at once': "throw new Error('secret detail')",
      'throws when it runs': "export async function main() { throw new Error('secret detail') }",
      'throws later':
        "export async function main() { setTimeout(() => { throw new Error('secret detail') }); await new Promise(() => setInterval(() => {}, 1000)) }",
      'rejects unheard':
        "export async function main() { void Promise.reject(new Error('secret detail')); await new Promise(() => setInterval(() => {}, 1000)) }",
      'never answers': 'export async function main() { await new Promise(() => {}) }',
      'ends the process': 'export async function main() { process.exit(0) }',
      'ends the process with a failure': 'export async function main() { process.exit(1) }',
    }
    for (const [what, source] of Object.entries(programs))
      test(`a program that ${what} is 75, in one line`, async (t) => {
        const launcher = await brokenProgram(t, source)
        assert.deepEqual(answer(await launch([launcher, 'email', 'deliver', TO])), [75, TEMPORARY])
      })

    test('a program that is missing is 75, and --debug tells why', async (t) => {
      const launcher = await brokenProgram(t, null)
      assert.deepEqual(answer(await launch([launcher, 'email', 'deliver', TO])), [75, TEMPORARY])
      const debugged = await launch([launcher, 'email', 'deliver', TO, '--debug'])
      assert.deepEqual([debugged.code, debugged.stdout], [75, TEMPORARY])
      assert.match(debugged.stderr, /ERR_MODULE_NOT_FOUND/)
      assert.equal((await launch([launcher, 'portal', 'list'])).code, 70, 'other commands are no delivery')
    })

    test('a warning of Node is not shown to the sender of the mail', async (t) => {
      const source =
        "export async function main() { process.emitWarning('secret detail'); await new Promise((go) => setTimeout(go, 20)) }"
      const launcher = await brokenProgram(t, source)
      assert.deepEqual(answer(await launch([launcher, 'email', 'deliver', TO])), [0, ''])
      assert.match((await launch([launcher, 'portal', 'list'])).stderr, /secret detail/)
    })

    test('an old Node without a newer one beside it is 75', async (t) => {
      const launcher = await brokenProgram(t, null)
      const old = await oldNode(t)
      assert.deepEqual(answer(await launch([...old, launcher, 'email', 'deliver', TO])), [75, TEMPORARY])
      const other = await launch([...old, launcher, 'portal', 'list'])
      assert.deepEqual([other.code, other.stdout], [78, ''])
      assert.match(other.stderr, /needs Node 22\.22\.2 .* this is 20\.0\.0/)
    })

    test('an old Node hands over to the one of the repository, and its answer back', async (t) => {
      const old = await oldNode(t)
      const launcher = await brokenProgram(t, 'export async function main() { process.exitCode = 67 }')
      const node = join(dirname(launcher), '../node_modules/node/bin/node')
      await mkdir(dirname(node), {recursive: true})
      await symlink(process.execPath, node)
      assert.deepEqual(answer(await launch([...old, launcher, 'email', 'deliver', TO])), [67, ''])
      for (const script of ['kill -KILL $$', 'kill -TERM $$']) {
        await rm(node, {force: true})
        await writeFile(node, `#!/bin/sh\n${script}\n`, {mode: 0o755})
        assert.deepEqual(answer(await launch([...old, launcher, 'email', 'deliver', TO])), [75, TEMPORARY], script)
      }
      await writeFile(node, '#!/bin/sh\nexit 1\n', {mode: 0o755})
      assert.deepEqual(answer(await launch([...old, launcher, 'email', 'deliver', TO])), [75, TEMPORARY])
      await chmod(node, 0o600)
      assert.deepEqual(answer(await launch([...old, launcher, 'email', 'deliver', TO])), [75, TEMPORARY])
    })
  })
})

// Starting ----------------------------------------------------------------------------------------------------------

interface RawOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
}

/** A delivery whose standard input is left open. */
function startRaw(program: Pick<Program, 'home' | 'store'>, flags: readonly string[], options: RawOptions = {}) {
  const env = {PATH: process.env['PATH'], POSTDESK_HOME: program.home, POSTDESK_STORE: program.store.url}
  const child = spawn(process.execPath, [join(ROOT, 'bin/run.js'), 'email', 'deliver', ...flags], {env, ...options})
  return Object.assign(child, {ended: outputOf(child)})
}

/** A delivery whose ends are not the usual pipes; in `shell` its words are `"$@"`. */
function runWith(
  program: Pick<Program, 'home' | 'store'>,
  options: {readonly stdin?: number; readonly shell?: string; readonly flags?: readonly string[]},
): Promise<Run> {
  const words = [process.execPath, join(ROOT, 'bin/run.js'), 'email', 'deliver', ...(options.flags ?? [TO, FROM])]
  const [command, ...rest] = options.shell === undefined ? words : ['bash', '-c', options.shell, 'bash', ...words]
  const env = {PATH: process.env['PATH'], POSTDESK_HOME: program.home, POSTDESK_STORE: program.store.url}
  return outputOf(spawn(command!, rest, {env, stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe']}))
}

/** This Node with these words. */
function launch(words: readonly string[]): Promise<Run> {
  return outputOf(spawn(process.execPath, words, {env: {}, stdio: ['ignore', 'pipe', 'pipe']}))
}

function outputOf(child: ReturnType<typeof spawn>): Promise<Run> {
  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => done({code, signal, stdout, stderr}))
  })
}

/** The launcher alone, with something else for a program; null for nothing. Gives the path of bin/run.js. */
async function brokenProgram(t: TestContext, main: string | null): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-broken-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  for (const name of ['bin', 'dist']) await mkdir(join(directory, name))
  await copyFile(join(ROOT, 'package.json'), join(directory, 'package.json'))
  await copyFile(join(ROOT, 'bin/run.js'), join(directory, 'bin/run.js'))
  if (main !== null) await writeFile(join(directory, 'dist/main.js'), main)
  return join(directory, 'bin/run.js')
}

/** Words that make this Node say of itself that it is an old one. */
async function oldNode(t: TestContext): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'postdesk-old-node-'))
  t.after(() => rm(directory, {recursive: true, force: true}))
  const file = join(directory, 'old.mjs')
  await writeFile(file, "Object.defineProperty(process, 'versions', {value: {...process.versions, node: '20.0.0'}})\n")
  return ['--import', pathToFileURL(file).href]
}

/** Runs the program as a user does, in a child process. */
import {spawn} from 'node:child_process'
import {mkdtemp, rm} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import type {TestContext} from 'node:test'
import {assertSchema} from './validate.ts'

export const ROOT = resolve(import.meta.dirname, '../..')

export interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** POSTDESK_HOME. */
  readonly home: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Standard input; closed at once when left out. */
  readonly input?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Takes standard output as bytes; the result's text is empty then. */
  readonly output?: NodeJS.WritableStream
}

/** Runs one command line; resolves whatever its exit code. What it prints with `--json` must fit the command's schema. */
export const postdesk = (args: readonly string[], options: RunOptions): Promise<Run> =>
  startPostdesk(args, options).ended

/** A command line that runs. */
export interface Running {
  readonly pid: number
  /** What was printed so far. */
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Run>
}

/** Starts one command line, for tests that watch or stop it. */
export function startPostdesk(args: readonly string[], options: RunOptions): Running {
  const child = spawn(process.execPath, [join(ROOT, 'bin/run.js'), ...args], {
    env: {...cleanEnv(), POSTDESK_HOME: options.home, ...options.env},
    ...(options.signal ? {signal: options.signal, killSignal: 'SIGKILL'} : {}),
  })
  let [stdout, stderr] = ['', '']
  if (options.output) child.stdout.pipe(options.output)
  else child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(options.input ?? '')
  const ended = new Promise<Run>((done, failed) => {
    child.on('error', (error) => (error.name === 'AbortError' ? undefined : failed(error)))
    child.on('close', (code, signal) => {
      try {
        if (args.includes('--json') && signal === null && stdout !== '') assertSchema(args, JSON.parse(stdout))
        done({code, signal, stdout, stderr})
      } catch (error) {
        failed(new Error(`postdesk ${args.join(' ')} (${code}): ${stdout}\n${stderr}`, {cause: error}))
      }
    })
  })
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    ended,
  }
}

/** The envelope of a run with `--json`. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever is there
export async function postdeskJson(args: readonly string[], options: RunOptions): Promise<any> {
  return JSON.parse((await postdesk([...args, '--json'], options)).stdout)
}

/** A new home directory for the length of a test. */
export async function temporaryHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'postdesk-test-'))
  t.after(() => rm(home, {recursive: true, force: true}))
  return home
}

/** The environment of the tests without what would change how the program behaves. */
function cleanEnv(): NodeJS.ProcessEnv {
  const env = {...process.env}
  for (const name of Object.keys(env))
    if (name.startsWith('POSTDESK_') || name === 'CI' || name === 'NODE_OPTIONS' || name === 'NODE_TEST_CONTEXT')
      delete env[name]
  return env
}

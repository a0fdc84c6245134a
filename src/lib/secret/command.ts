import {execFile} from 'node:child_process'
import {secretUnresolved} from '../errors.ts'
import type {Redactor} from '../log.ts'
import type {Secret} from './secret.ts'
import {SECRET_FAULTS, SECRET_MAX_BYTES, secretFromBytes} from './secret-bytes.ts'

/** How long a program may take: `pass` or `op` answer at once, or ask a person, who is not there at night. */
const COMMAND_TIMEOUT_MS = 10_000

/** Longest excerpt of the program's complaint, in characters. */
const COMPLAINT_MAX_LENGTH = 300

export interface CommandOptions {
  /** The secret's name for people. */
  readonly name: string
  readonly env: NodeJS.ProcessEnv
  readonly redactor: Redactor
  readonly timeoutMs?: number
}

/**
 * Runs a program without a shell; its standard output is the secret. Throws 78 with the program's name, exit code and
 * first line of standard error. Its arguments and its output are in no error: they may be secret.
 */
export async function readCommandSecret(
  [program, ...args]: readonly [string, ...string[]],
  {name, env, redactor, timeoutMs = COMMAND_TIMEOUT_MS}: CommandOptions,
): Promise<Secret> {
  const {error, stdout, stderr} = await run(program, args, env, timeoutMs)
  if (error !== null) {
    const complaint = redactor
      .redact(stderr.toString().trim().split(/\r?\n/, 1)[0] ?? '')
      .slice(0, COMPLAINT_MAX_LENGTH)
    throw secretUnresolved(
      name,
      `${program} ${howItFailed(error, timeoutMs)}${complaint === '' ? '' : `: ${complaint}`}`,
      [
        {text: `Run ${program} by itself as this user until it prints the secret; it gets no standard input.`},
        {text: 'Or store a copy here:', command: `postdesk secret set ${name}`},
      ],
    )
  }
  const secret = secretFromBytes(stdout)
  if (typeof secret === 'string')
    throw secretUnresolved(name, `${program} ended well, and what it printed is no secret: ${SECRET_FAULTS[secret]}`)
  return secret
}

interface Ended {
  readonly error: Failure | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** What `execFile` reports; `code` is the exit code, or a system error's name. */
interface Failure {
  readonly code?: string | number | null
  readonly killed?: boolean
  readonly signal?: NodeJS.Signals | null
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, timeout: number): Promise<Ended> {
  return new Promise((resolve) => {
    // One byte more than a secret may have, so that too much is told from much.
    const options = {env, timeout, killSignal: 'SIGKILL', maxBuffer: SECRET_MAX_BYTES + 1, encoding: 'buffer'} as const
    const child = execFile(program, args, options, (error, stdout, stderr) => resolve({error, stdout, stderr}))
    // The run's own standard input may be a message or another secret.
    child.stdin?.end()
  })
}

function howItFailed({code, killed, signal}: Failure, timeoutMs: number): string {
  if (code === 'ENOENT') return 'is not installed, or not on the PATH'
  if (code === 'EACCES') return 'may not be run by this user'
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `printed more than ${SECRET_MAX_BYTES / 1024} KiB`
  if (killed === true) return `gave no answer within ${timeoutMs / 1000} s`
  if (typeof signal === 'string') return `was ended by ${signal}`
  return typeof code === 'number' ? `ended with exit code ${code}` : `could not be started (${code ?? 'unknown'})`
}

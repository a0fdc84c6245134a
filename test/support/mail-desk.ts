/** A portal in the mail world (customer-mailbox.ts), run by the program as its users run it. */
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {writeFile} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import type {Conversation} from '../../src/lib/conversation.ts'
import type {SyncLine} from '../../src/lib/sync.ts'
import {makeCertificates} from './certificates.ts'
import {FORWARDED_TO, SALES, type MailWorld} from './customer-mailbox.ts'
import {startDns} from './dns-server.ts'
import type {Envelope} from './program.ts'
import {passwordEnv, provision} from './provision.ts'
import {postdesk, startPostdesk, temporaryHome, type Run, type Running} from './run-postdesk.ts'
import {startSubmission} from './submission.ts'

export interface MailDesk {
  readonly home: string
  /** Added to the environment of every run. */
  readonly env: Record<string, string>
  run(words: readonly string[], input?: string): Promise<Run>
  /** Runs it, and wants it to succeed. */
  done(words: readonly string[], input?: string): Promise<Run>
  json<Result>(words: readonly string[], input?: string): Promise<Envelope<Result>>
  start(words: readonly string[]): Running
  /** Waits for so many further mails, takes them in, and sends what is due. Tells what became of each. */
  take(count: number): Promise<readonly SyncLine[]>
  show(number: number): Promise<Conversation>
  /** Adds an SMTP address at a server that asks for this password. */
  addSmtp(address: string, words: readonly string[], password: string): Promise<void>
}

/** A portal whose mail comes in by IMAP from the mailbox of the world. */
export async function startMailDesk(
  t: TestContext,
  world: Pick<MailWorld, 'inbound' | 'arrived'>,
  addresses: readonly string[] = ['support', 'billing'],
): Promise<MailDesk> {
  const home = await temporaryHome(t)
  // Nobody here publishes anything about his mail; the DNS of the machine is not asked.
  const {address: dns} = await startDns(t)
  const env: Record<string, string> = {
    ...passwordEnv(world.inbound),
    POSTDESK_RESOLVER: `${dns.host}:${dns.port}`,
  }
  await provision({home, addresses, mailbox: world.inbound})
  const run = (words: readonly string[], input = '') => postdesk(words, {home, env, input})
  const done = async (words: readonly string[], input?: string) => {
    const result = await run(words, input)
    assert.equal(result.code, 0, `postdesk ${words.join(' ')}: ${result.stdout}${result.stderr}`)
    return result
  }
  const json = async <Result>(words: readonly string[], input?: string) =>
    JSON.parse((await run([...words, '--json'], input)).stdout) as Envelope<Result>
  let taken = 0
  return {
    home,
    env,
    run,
    done,
    json,
    start: (words) => {
      const running = startPostdesk(words, {home, env})
      t.after(() => running.kill('SIGKILL'))
      return running
    },
    async take(count) {
      taken += count
      await world.arrived(taken)
      const {stdout} = await done(['email', 'sync', '--jsonl'])
      const lines = stdout.split('\n').filter((line) => line !== '')
      assert.equal(lines.length, count, stdout)
      return lines.map((line) => JSON.parse(line) as SyncLine)
    },
    async show(number) {
      const {result, error} = await json<Conversation>(['ticket', 'show', String(number)])
      assert.equal(error, undefined)
      return result
    },
    async addSmtp(address, words, password) {
      const variable = `${address.replaceAll(/\W/g, '_').toUpperCase()}_PASSWORD`
      env[variable] = password
      await done(['email', 'add', 'smtp', address, ...words, '--password-env', variable])
    },
  }
}

/**
 * The SMTP address of the world: its provider takes a login by STARTTLS, hands mail on to the Postfix of the world, and forwards
 * what comes for the address to the portal.
 */
export async function addSales(
  t: TestContext,
  world: MailWorld,
  desk: MailDesk,
  words: readonly string[] = [],
): Promise<void> {
  const {good, ca} = await makeCertificates(t)
  const submission = await startSubmission(t, {certificate: good, relayPort: world.smtpPort})
  const authority = join(desk.home, 'authority.pem')
  await writeFile(authority, ca)
  desk.env['NODE_EXTRA_CA_CERTS'] = authority
  const server = ['--host', submission.host, '--port', String(submission.port), '--security', 'starttls']
  await desk.addSmtp(
    SALES,
    [...server, '--user', submission.user, '--forwards-to', FORWARDED_TO, ...words],
    submission.password,
  )
}

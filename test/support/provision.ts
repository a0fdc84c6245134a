/** Sets a portal up by the commands that an admin would use. */
import assert from 'node:assert/strict'
import {postdesk} from './run-postdesk.ts'

export interface Mailbox {
  readonly port: number
  readonly user: string
  readonly password: string
}

export interface Provision {
  readonly home: string
  /** Local parts of the internal addresses. */
  readonly addresses: readonly string[]
  readonly mailbox?: Mailbox
  readonly env?: Readonly<Record<string, string>>
  /** Flags added to `portal inbound set imap`. */
  readonly inbound?: readonly string[]
}

/** The environment in which the inbound's password is found. */
export const passwordEnv = (mailbox: Mailbox) => ({TEST_IMAP_PASSWORD: mailbox.password})

/** A portal `acme` at acme.example with a queue, two agents (one online), internal addresses, and perhaps an inbound. */
export async function provision({home, addresses, mailbox, env = {}, inbound = []}: Provision): Promise<void> {
  const run = async (...args: string[]) => {
    const {code, stderr, stdout} = await postdesk(args, {home, env: {...env, ...(mailbox ? passwordEnv(mailbox) : {})}})
    assert.equal(code, 0, `postdesk ${args.join(' ')}: ${stdout}${stderr}`)
  }
  await run('portal', 'add', 'acme', '--domain', 'acme.example')
  await run('queue', 'add', 'support')
  await run('agent', 'add', 'ann@acme.example', '--name', 'Ann', '--queue', 'support')
  await run('agent', 'add', 'bob@acme.example', '--name', 'Bob', '--queue', 'support')
  await run('agent', 'online', 'bob@acme.example')
  for (const local of addresses) await run('email', 'add', 'internal', local, '--name', local, '--queue', 'support')
  if (mailbox)
    await run(
      ...['portal', 'inbound', 'set', 'imap', '--host', '127.0.0.1', '--port', String(mailbox.port)],
      ...['--security', 'none', '--user', mailbox.user, '--password-env', 'TEST_IMAP_PASSWORD', ...inbound],
    )
}

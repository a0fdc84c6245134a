/**
 * Starts a real Dovecot as a submission server (RFC 6409): it has STARTTLS and TLS, wants a login, and hands what it took
 * over to another server, such as a sink.
 */
import {existsSync} from 'node:fs'
import {once} from 'node:events'
import {createConnection} from 'node:net'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import type {ServerCertificate} from './certificates.ts'
import {dovecotMissing, startDovecot} from './dovecot.ts'
import {freePort} from './stores.ts'

export interface SubmissionServer {
  readonly host: 'localhost'
  /** Plain, with STARTTLS; it takes no login before it. */
  readonly port: number
  /** TLS from the first byte. */
  readonly tlsPort: number
  readonly user: string
  readonly password: string
  log(): Promise<string>
}

/** Whether this machine has it; else why the test is skipped. Where peers are required, missing ones fail. */
export function submissionMissing(): string | false {
  const missing = dovecotMissing()
  if (missing !== false || existsSync('/usr/lib/dovecot/submission')) return missing
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1')
    throw new Error('dovecot-submissiond is not installed, and peers are required')
  return 'dovecot-submissiond is not installed'
}

export interface SubmissionOptions {
  readonly certificate: ServerCertificate
  /** Where its mail goes, on this machine. */
  readonly relayPort: number
  /** Lines added to its configuration. */
  readonly configuration?: string
}

/** Starts one that ends with the test. */
export async function startSubmission(
  t: TestContext,
  {certificate, relayPort, configuration = ''}: SubmissionOptions,
): Promise<SubmissionServer> {
  const [port, tlsPort] = [await freePort(), await freePort()]
  const rootless = process.getuid?.() === 0 ? '' : 'chroot ='
  const {user, password, log} = await startDovecot(t, {
    tls: certificate,
    configuration: `
protocols = imap submission
disable_plaintext_auth = yes
hostname = submission.acme.example
submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
submission_relay_trusted = no
service submission-login {
  ${rootless}
  inet_listener submission {
    port = ${port}
  }
  inet_listener submissions {
    port = ${tlsPort}
    ssl = yes
  }
}
${configuration}
`,
  })
  await greets(port)
  return {host: 'localhost', port, tlsPort, user, password, log}
}

async function greets(port: number): Promise<void> {
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(30)) {
    const socket = createConnection(port, '127.0.0.1')
    const data = await once(socket, 'data').catch(() => [])
    socket.destroy()
    if (String(data[0]).startsWith('220 ')) return
  }
  throw new Error('no greeting within 10 s')
}

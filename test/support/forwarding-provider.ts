/**
 * A provider of mailboxes, each of which forwards in its own way: a Postfix behind a server that asks for a login, and behind
 * it the mailbox that all mail for acme.example is in, with one for junk beside it.
 */
import {chmod} from 'node:fs/promises'
import type {TestContext} from 'node:test'
import {SMTPServer} from 'smtp-server'
import {once} from 'node:events'
import {dovecotMissing, startDovecot, type DovecotServer} from './dovecot.ts'
import {mailWorldMissing} from './customer-mailbox.ts'
import {openDirectory, sendMail} from './mta.ts'
import {runPostfix} from './postfix.ts'
import {startSmtpSink} from './smtp-sink.ts'
import {freePort} from './stores.ts'

/** Whether this machine has what it takes; else why the test is skipped. */
export const forwardingProviderMissing = (): string | false => mailWorldMissing() || dovecotMissing()

/** The mailboxes of the provider, by their local parts, and where each forwards to. */
const FORWARDS = {
  /** As it is to be. */
  sales: 'support@acme.example',
  wrong: 'billing@acme.example',
  /** A local part that nobody has there. */
  typo: 'suport@acme.example',
  /** A filter of the inbound puts it away. */
  junk: 'support+Junk@acme.example',
  filed: 'support+Archive@acme.example',
  /** The organization of the provider does not allow it; the report goes to the owner, who has reports forwarded. */
  blocked: 'support@blocked.example',
  /** Taken, and seen by nobody ever again. */
  lost: 'support@lost.example',
  swallowed: 'support@lost.example',
  unseen: 'support@acme.example',
  /** As it is to be, for tests that change something else. */
  changed: 'support@acme.example',
  moved: 'support@acme.example',
  signed: 'support@acme.example',
  broken: 'support@acme.example',
  handed: 'support@acme.example',
  ended: 'support@acme.example',
} as const
export type ForwardingMailbox = keyof typeof FORWARDS

export const REFUSAL =
  '5.7.520 Access denied, Your organization does not allow external forwarding. Please contact your administrator for further assistance. AS(7555)'

/** What a provider makes of a mail before it passes it on; all of it as latin1. */
export type Rewrite = (raw: string) => string | Promise<string>

export const PROVIDER_PASSWORD = 'correct-horse-battery'

export interface ForwardingProvider {
  /** Postfix itself: what strangers write to. */
  readonly port: number
  readonly inbound: DovecotServer
  log(): Promise<string>
  /**
   * A submission server of the provider, on this machine and without encryption. `user`: its login. `rewrite`: what it does to
   * a mail before it passes it on.
   */
  submission(user: string, rewrite?: Rewrite): Promise<{readonly host: string; readonly port: number}>
}

/** `subAddressing`: whether mail to `local+detail@` arrives as mail to `local@` does (RFC 5233). */
export async function startForwardingProvider(
  t: TestContext,
  {subAddressing = true}: {readonly subAddressing?: boolean} = {},
): Promise<ForwardingProvider> {
  const directory = await openDirectory(t, 'mailboxes')
  await chmod(directory, 0o777) // the mail server writes as a user of its own
  const lmtpPort = await freePort()
  const inbound = await startDovecot(t, {
    user: 'help@acme.example',
    password: PROVIDER_PASSWORD,
    configuration: `
protocols = imap lmtp
mail_location = maildir:${directory}/catchall
lmtp_save_to_detail_mailbox = yes
recipient_delimiter = +
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
passdb {
  driver = static
  args = password=${PROVIDER_PASSWORD}
}
namespace inbox {
  mailbox Junk {
    auto = create
    special_use = \\Junk
  }
  mailbox Archive {
    auto = create
  }
}
`,
  })
  const blocking = await startSmtpSink(t, {
    refuse: [{pattern: /@blocked\.example$/, code: 550, text: REFUSAL}],
  })
  const aliases = Object.entries(FORWARDS).map(([local, target]) => `{${local}@provider.example = ${target}}`)
  const postfix = await runPostfix(t, ({configuration}) => ({
    main: `
myhostname = mx.provider.example
virtual_alias_domains = provider.example
virtual_alias_maps = inline:{ ${aliases.join(', ')} }
virtual_mailbox_domains = acme.example
virtual_transport = lmtp:inet:127.0.0.1:${lmtpPort}
recipient_delimiter = ${subAddressing ? '+' : ''}
transport_maps = inline:{ {blocked.example = smtp:[127.0.0.1]:${blocking.port}}, {lost.example = discard:} }
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_address_preference = ipv4
lmtp_connection_cache_on_demand = no
smtp_connection_cache_on_demand = no
internal_mail_filter_classes = bounce
header_checks = regexp:${configuration}/reports
`,
    tables: {reports: '/^Subject: Undelivered Mail Returned to Sender/ REDIRECT support@acme.example\n'},
    master: `
lmtp       unix       - - n - - lmtp
smtp       unix       - - n - - smtp
discard    unix       - - n - - discard
`,
  }))
  return {
    port: postfix.port,
    inbound,
    log: postfix.log,
    submission: (user, rewrite = (raw) => raw) => startSubmissionProxy(t, postfix.port, user, rewrite),
  }
}

/** Takes a login, and hands on at once: what the next server says of a recipient is what it says itself. */
async function startSubmissionProxy(
  t: TestContext,
  port: number,
  user: string,
  rewrite: Rewrite,
): Promise<{host: string; port: number}> {
  const server = new SMTPServer({
    logger: false,
    authMethods: ['PLAIN'],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({username, password}, _session, done) =>
      username === user && password === PROVIDER_PASSWORD
        ? done(null, {user})
        : done(Object.assign(new Error('5.7.8 Error: authentication failed'), {responseCode: 535})),
    onData(stream, {envelope}, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const handOn = async () => {
          const data = Buffer.from(await rewrite(Buffer.concat(chunks).toString('latin1')), 'latin1')
          const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
          const to = envelope.rcptTo.map(({address}) => address)
          await sendMail(port, {from, to, data: data.subarray(0, -2)})
        }
        handOn().then(
          () => done(null, '2.0.0 Ok: queued'),
          (error: Error) => {
            const [, code = '451', text = error.message] = /answered (\d{3}) (.*)/.exec(error.message) ?? []
            done(Object.assign(new Error(text), {responseCode: Number(code)}))
          },
        )
      })
    },
  })
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return {host: '127.0.0.1', port: address.port}
}

/**
 * The world around a portal: a Postfix that takes all mail of this machine, customers whose mailboxes are on a real IMAP
 * server, a provider that forwards the mail of its address to the portal, and the catch-all mailbox of the portal's domain.
 */
import {spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {chmod, mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {ImapFlow} from 'imapflow'
import {simpleParser, type ParsedMail} from 'mailparser'
import MailComposer from 'nodemailer/lib/mail-composer'
import {dovecotMissing, startDovecot} from './dovecot.ts'
import {openDirectory, sendMail, waitFor} from './mta.ts'
import {missing} from './peers.ts'
import {postfixMissing, runPostfix} from './postfix.ts'
import type {Mailbox} from './provision.ts'
import {freePort} from './stores.ts'

/** The address of the provider, and the internal one that its mail is forwarded to. */
export const SALES = 'sales@provider.example'
export const FORWARDED_TO = 'support@acme.example'

/** A customer whom nobody knows: the mail server takes mail for him, finds no mailbox, and returns it. */
export const GHOST = 'ghost@customers.example'

/** Whether this machine has what it takes; else why the test is skipped. Where peers are required, missing ones fail. */
export function mailWorldMissing(): string | false {
  const missing = postfixMissing() || dovecotMissing()
  if (missing !== false || existsSync('/usr/lib/dovecot/lmtp')) return missing
  if (process.env['POSTDESK_REQUIRE_PEERS'] === '1')
    throw new Error('dovecot-lmtpd is not installed, and peers are required')
  return 'dovecot-lmtpd is not installed'
}

export interface MailWorld {
  /** Takes mail for everybody here, and asks for no login. */
  readonly smtpPort: number
  /** The same server on a port where it takes no null return path, and says so to MAIL FROM. */
  readonly refusingPort: number
  /** The mailbox that all mail for acme.example is in. */
  readonly inbound: Mailbox
  /** A customer, at customers.example or another domain that is known here. */
  customer(local: string, name?: string, domain?: string): Customer
  /** Resolves when so many mails have arrived for acme.example since the world began. */
  arrived(count: number): Promise<void>
  log(): Promise<string>
}

/** A mail that a customer has got. */
export interface Received {
  readonly raw: Buffer
  readonly mail: ParsedMail
}

export interface Letter {
  readonly to: string
  readonly cc?: string
  readonly subject: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  readonly from?: string
  readonly attachments?: readonly {readonly filename: string; readonly content: Buffer}[]
}

export interface Customer {
  readonly address: string
  /** Sends a mail by his provider, and keeps a copy in Sent, as mail programs do. Gives its Message-ID. */
  write(letter: Letter): Promise<string>
  /** Answers a mail as mail programs do: to its Reply-To or From, with the words that are answered below. */
  answer(received: Received, text: string): Promise<string>
  /** All mail in his INBOX, oldest first, when there are so many; rejects where there are more. */
  inbox(count: number): Promise<readonly Received[]>
  /** How many conversations notmuch sees in his INBOX and Sent together, and the mails in them. */
  threads(): Promise<{readonly threads: number; readonly mails: number}>
}

const PASSWORD = 'correct-horse-battery'
const INBOUND = 'help@acme.example'
const IDN = 'xn--bcher-kva.example'

/** Starts all of it; it ends with the test. `subAddressing`: whether the provider takes mail to `local+detail@` (RFC 5233). */
export async function startMailWorld(
  t: TestContext,
  {subAddressing = false}: {readonly subAddressing?: boolean} = {},
): Promise<MailWorld> {
  const directory = await openDirectory(t, 'mailboxes')
  await chmod(directory, 0o777) // the mail server writes as a user of its own
  await writeFile(join(directory, 'nobody'), `${GHOST}\n`)
  const [lmtpPort, refusingPort] = [await freePort(), await freePort()]
  // All mail of acme.example is in one mailbox, whatever its local part; others have one each.
  const dovecot = await startDovecot(t, {
    user: INBOUND,
    password: PASSWORD,
    configuration: `
protocols = imap lmtp
mail_location = maildir:${directory}/%d/%{if;%d;eq;acme.example;catchall;%n}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
passdb {
  driver = passwd-file
  args = ${directory}/nobody
  deny = yes
}
passdb {
  driver = static
  args = password=${PASSWORD}
}
`,
  })
  const postfix = await runPostfix(t, () => ({
    main: `
myhostname = mx.provider.example
recipient_delimiter = ${subAddressing ? '+' : ''}
virtual_alias_domains = provider.example
virtual_alias_maps = inline:{ {${SALES} = ${FORWARDED_TO}} }
virtual_mailbox_domains = acme.example, customers.example, ${IDN}
virtual_transport = lmtp:inet:127.0.0.1:${lmtpPort}
# As a server that takes mail first and asks for the mailbox later: what has none comes back as a bounce.
smtpd_reject_unlisted_recipient = no
without_null_sender = check_sender_access inline:{ {<> = 550 5.1.8 the null sender is not welcome here} }
`,
    master: `
lmtp       unix       - - n - - lmtp
127.0.0.1:${refusingPort} inet n - n - - smtpd -o smtpd_sender_restrictions=$without_null_sender
`,
  }))

  return {
    smtpPort: postfix.port,
    refusingPort,
    inbound: {port: dovecot.port, user: INBOUND, password: PASSWORD},
    log: postfix.log,
    customer: (local, name = 'Jane Doe', domain = 'customers.example') =>
      customerOf({address: `${local}@${domain}`, name, imapPort: dovecot.port, smtpPort: postfix.port}, t, postfix.log),
    async arrived(count) {
      const waiting = () => dovecot.withMailbox(({mailbox}) => Promise.resolve(mailbox === false ? 0 : mailbox.exists))
      await waitFor(async () => (await waiting()) >= count, postfix.log, 20)
    },
  }
}

interface CustomerAccount {
  readonly address: string
  readonly name: string
  readonly imapPort: number
  readonly smtpPort: number
}

function customerOf(
  {address, name, imapPort, smtpPort}: CustomerAccount,
  t: TestContext,
  log: () => Promise<string>,
): Customer {
  let written = 0
  const imap = async <T>(work: (client: ImapFlow) => Promise<T>): Promise<T> => {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: imapPort,
      secure: false,
      doSTARTTLS: false,
      logger: false,
      disableAutoIdle: true,
      auth: {user: address, pass: PASSWORD},
    })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      client.close()
    }
  }
  const sourcesOf = (mailbox: string) =>
    imap(async (client) => {
      if ((await client.list()).every(({path}) => path !== mailbox)) return []
      await client.mailboxOpen(mailbox, {readOnly: true})
      const rows = await client.fetchAll('1:*', {source: true})
      return rows.map(({source}) => source!)
    })

  const send = async (letter: Letter, thread: {inReplyTo?: string; references?: string} = {}) => {
    const messageId = `${++written}.${Date.now()}@${address.slice(address.lastIndexOf('@') + 1)}`
    const {to, cc, subject, text, headers = {}, from = `${name} <${address}>`, attachments = []} = letter
    const composer = new MailComposer({
      from,
      to,
      subject,
      text,
      messageId: `<${messageId}>`,
      headers: {...headers},
      attachments: [...attachments],
      newline: 'windows',
      ...thread,
      ...(cc === undefined ? {} : {cc}),
    })
    const data = await composer.compile().build()
    const recipients = [to, ...(cc === undefined ? [] : cc.split(','))].map(
      (each) => /<(.+)>/.exec(each)?.[1] ?? each.trim(),
    )
    await sendMail(smtpPort, {from: address, to: recipients, data})
    await imap(async (client) => {
      await client.mailboxCreate('Sent').catch(() => {}) // it may be there
      await client.append('Sent', data, ['\\Seen'])
    })
    return messageId
  }

  return {
    address,
    write: (letter) => send(letter),
    async answer({mail}, text) {
      await sleep(1000) // mail servers note the second; nobody answers within it
      const to = mail.replyTo?.value[0] ?? mail.from!.value[0]!
      const references = [mail.references ?? [], mail.messageId ?? []].flat().join(' ')
      const quoted = (mail.text ?? '').trimEnd().replaceAll(/^/gm, '> ')
      return send(
        {
          to: to.address!,
          subject: /^re:/i.test(mail.subject ?? '') ? mail.subject! : `Re: ${mail.subject}`,
          text: `${text}\n\nOn Sun, Mar 1, 2026 at 9:00 AM ${to.name} <${to.address}> wrote:\n${quoted}\n`,
        },
        {inReplyTo: mail.messageId!, references},
      )
    },
    async inbox(count) {
      const sources = await waitFor(
        async () => {
          const found = await sourcesOf('INBOX')
          return found.length >= count && found
        },
        log,
        20,
      )
      if (sources.length > count) throw new Error(`${address} has ${sources.length} mails, not ${count}`)
      return Promise.all(sources.map(async (raw) => ({raw, mail: await simpleParser(raw)})))
    },
    async threads() {
      const directory = await openDirectory(t, 'notmuch')
      const mails = [...(await sourcesOf('INBOX')), ...(await sourcesOf('Sent'))]
      for (const name of ['cur', 'new', 'tmp']) await mkdir(join(directory, 'mail', name), {recursive: true})
      for (const [at, raw] of mails.entries()) await writeFile(join(directory, 'mail/cur', `${at}.mail:2,S`), raw)
      const configuration = join(directory, 'config')
      await writeFile(
        configuration,
        `[database]\npath=${directory}/mail\n[user]\nname=Jane\nprimary_email=${address}\n`,
      )
      const notmuch = (...words: string[]) => outputOf('notmuch', [`--config=${configuration}`, ...words])
      await notmuch('new', '--quiet')
      return {
        threads: Number(await notmuch('count', '--output=threads', '*')),
        mails: Number(await notmuch('count', '--output=messages', '*')),
      }
    },
  }
}

/** Whether this machine has notmuch; else why the test is skipped. */
export const notmuchMissing = (): string | false => missing('notmuch')

/** What a tool prints. @throws with what it complains of where it fails. */
function outputOf(command: string, words: readonly string[]): Promise<string> {
  const child = spawn(command, words, {stdio: ['ignore', 'pipe', 'pipe']})
  let [output, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) =>
      code === 0 ? done(output) : failed(new Error(`${command} ${words.join(' ')} ended with ${code}: ${complaint}`)),
    )
  })
}

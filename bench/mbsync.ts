/** What an admin would use instead of postdesk: mbsync fetches the mailbox into a Maildir, notmuch makes it searchable. */
import {mkdir, readdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {timed} from './measure.ts'

export interface ImapLogin {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

export interface PairRun {
  readonly mbsyncSeconds: number
  readonly notmuchSeconds: number
}

/** Both on fresh targets under `directory`, one after the other. @throws where not every message arrived. */
export async function runMbsyncAndNotmuch(directory: string, login: ImapLogin, messages: number): Promise<PairRun> {
  const maildir = join(directory, 'maildir')
  await mkdir(maildir, {recursive: true})
  const mbsyncrc = join(directory, 'mbsyncrc')
  const notmuchrc = join(directory, 'notmuch-config')
  await writeFile(mbsyncrc, mbsyncConfiguration(maildir, login))
  await writeFile(notmuchrc, notmuchConfiguration(maildir))
  const mbsync = await timed('mbsync', ['--config', mbsyncrc, '--quiet', 'inbox'])
  const fetched =
    (await readdir(join(maildir, 'INBOX', 'new'))).length + (await readdir(join(maildir, 'INBOX', 'cur'))).length
  if (fetched !== messages) throw new Error(`mbsync fetched ${fetched} of ${messages} messages`)

  const env = {...process.env, NOTMUCH_CONFIG: notmuchrc}
  const notmuch = await timed('notmuch', ['new', '--quiet'], env)
  const indexed = Number((await timed('notmuch', ['count', '*'], env)).stdout)
  if (indexed !== messages) throw new Error(`notmuch knows ${indexed} of ${messages} messages`)
  return {mbsyncSeconds: mbsync.seconds, notmuchSeconds: notmuch.seconds}
}

/**
 * Its default durability: FSync is not set, which means yes (every message and every entry of its journal is forced to
 * the disk). The default pipelining, too. Only what the server has is fetched; nothing is uploaded.
 */
function mbsyncConfiguration(maildir: string, login: ImapLogin): string {
  return `
IMAPStore far
Host ${login.host}
Port ${login.port}
User ${login.user}
Pass "${login.password}"
SSLType None
AuthMechs LOGIN

MaildirStore near
Path ${maildir}/
Inbox ${maildir}/INBOX

Channel inbox
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
`
}

/** As `notmuch setup` writes it. */
function notmuchConfiguration(maildir: string): string {
  return `
[database]
path=${maildir}
[user]
name=Bench
primary_email=support@acme.example
[new]
tags=unread;inbox;
ignore=
[search]
exclude_tags=deleted;spam;
[maildir]
synchronize_flags=true
`
}

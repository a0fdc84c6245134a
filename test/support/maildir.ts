/** Maildirs for tests: made, filled quickly, and given to the user that a server runs as. */
import {chown, mkdir, mkdtemp, rm, utimes, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {TestContext} from 'node:test'

/** Who shall own what is written; left out: whoever runs the test. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

let counter = 0

/** A message of about `size` bytes whose Message-ID and Subject hold `number`. */
export function makeMessage(number: number, size = 1000): Buffer {
  const header = [
    `Message-ID: <message-${number}@customer.example>`,
    'Date: Mon, 02 Mar 2026 09:30:00 +0000',
    'From: Customer <customer@customer.example>',
    'To: help@acme.example',
    `Subject: Message ${number}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    '',
  ].join('\r\n')
  const line = 'The printer on the second floor prints nothing but stars since this morning.\r\n'
  const lines = Math.max(1, Math.ceil((size - header.length) / line.length))
  return Buffer.from(header + line.repeat(lines))
}

/** Makes `cur`, `new` and `tmp` at `path`. */
export async function makeMaildirAt(path: string, owner?: Owner): Promise<void> {
  for (const directory of [path, join(path, 'cur'), join(path, 'new'), join(path, 'tmp')]) {
    await mkdir(directory, {recursive: true})
    if (owner) await chown(directory, owner.uid, owner.gid)
  }
}

/** An empty Maildir that is gone after the test. */
export async function makeMaildir(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'postdesk-maildir-'))
  t.after(() => rm(path, {recursive: true, force: true}))
  await makeMaildirAt(path)
  return path
}

export interface Delivered {
  readonly owner?: Owner
  /** The time of arrival; now where it is left out. */
  readonly arrived?: Date
  /** `new` where it is left out. */
  readonly directory?: 'new' | 'cur'
  /** What follows the base name, such as `:2,S`. */
  readonly info?: string
}

/** Writes one message into a Maildir, and gives its base name. */
export async function deliverToMaildir(path: string, bytes: Uint8Array, options: Delivered = {}): Promise<string> {
  const arrived = options.arrived ?? new Date()
  const name = `${Math.floor(arrived.getTime() / 1000)}.M${String(++counter).padStart(8, '0')}P${process.pid}.test`
  const file = join(path, options.directory ?? 'new', name + (options.info ?? ''))
  await writeFile(file, bytes)
  await utimes(file, arrived, arrived)
  if (options.owner) await chown(file, options.owner.uid, options.owner.gid)
  return name
}

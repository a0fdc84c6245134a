/** Mails too large to hold: they pass with flat memory by either way in, or wait with their header until they may. */
import assert from 'node:assert/strict'
import {createHash, randomBytes} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {test} from 'node:test'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {postdesk, startPostdesk, type Running} from '../support/run-postdesk.ts'
import {STORES} from '../support/stores.ts'
import {startSyncDesk, type SyncDesk, until} from '../support/sync-desk.ts'

const skip = dovecotMissing()
const MB = 2 ** 20
const MESSAGE_BYTES = 100 * MB
/** Peak resident memory of the program, in MB. */
const MOST_MEMORY = 250

/** A mail of about `bytes` with an attachment that compresses as badly as a film. */
function largeMail(bytes: number, number: number): Buffer {
  const head = [
    'From: Customer <customer@customer.example>',
    'To: help@acme.example',
    `Subject: Large ${number}`,
    `Message-ID: <large-${number}@customer.example>`,
    'Date: Mon, 02 Mar 2026 09:30:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="=_cut"',
    '',
    '--=_cut',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The film is attached.',
    '--=_cut',
    'Content-Type: video/mp4; name="film.mp4"',
    'Content-Disposition: attachment; filename="film.mp4"',
    'Content-Transfer-Encoding: base64',
    '',
    '',
  ].join('\r\n')
  const lines = Math.floor((bytes - head.length) / 78)
  const text = randomBytes(lines * 57).toString('base64')
  const body = Buffer.alloc(lines * 78)
  for (let line = 0; line < lines; line++) {
    body.write(text.slice(line * 76, line * 76 + 76), line * 78, 'latin1')
    body.write('\r\n', line * 78 + 76, 'latin1')
  }
  return Buffer.concat([Buffer.from(head), body, Buffer.from('--=_cut--\r\n')])
}

/** The peak of the resident memory of a process until it ends, in MB; null where the system does not tell. */
async function peakMemory(running: Running): Promise<number | null> {
  let peak: number | null = null
  const look = async () => {
    const status = await readFile(`/proc/${running.pid}/status`, 'utf8').catch(() => '')
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
    if (kilobytes !== undefined) peak = Math.max(peak ?? 0, Number(kilobytes) / 1024)
  }
  const timer = setInterval(() => void look(), 20)
  await running.ended
  clearInterval(timer)
  return peak
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** The hash of what `ticket show --raw` writes for the mail with this subject. */
async function rawHash(desk: SyncDesk, subject: string): Promise<string> {
  const {id, number} = await desk.store.db
    .selectFrom('message')
    .innerJoin('ticket', 'ticket.id', 'message.ticket_id')
    .select(['message.id', 'ticket.number'])
    .where('message.subject', '=', subject)
    .executeTakeFirstOrThrow()
  const output = createHash('sha256')
  const args = ['ticket', 'show', String(number), '--raw', String(id)]
  const {code, stderr} = await postdesk(args, {home: desk.home, env: desk.env, output})
  assert.equal(code, 0, stderr)
  return output.digest('hex')
}

for (const kind of STORES)
  test(`${kind}: a mail of 100 MB passes with flat memory by IMAP and by a pipe, byte for byte`, {skip}, async (t) => {
    const server = await startDovecot(t)
    const pulled = largeMail(MESSAGE_BYTES, 1)
    await server.deliver(pulled)
    await server.fill(50)
    const desk = await startSyncDesk(t, kind, {maxMessageSize: 150 * MB})
    await desk.setImap(server)
    const sync = desk.start(['email', 'sync', '--json'])
    const syncPeak = await peakMemory(sync)
    const {code, stdout} = await sync.ended
    assert.deepEqual([code, JSON.parse(stdout).result.totals.created], [0, 51], stdout)
    assert.equal(await rawHash(desk, 'Large 1'), sha256(pulled))

    const piped = largeMail(MESSAGE_BYTES, 2)
    const args = ['email', 'deliver', '--recipient=help@acme.example', '--sender=customer@customer.example']
    const deliver = startPostdesk(args, {home: desk.home, env: desk.env, input: piped})
    const deliverPeak = await peakMemory(deliver)
    assert.equal((await deliver.ended).code, 0)
    assert.equal(await rawHash(desk, 'Large 2'), sha256(piped))

    const {attachments} = (await desk.json(['ticket', 'show', '52'])).result.messages[0]
    assert.deepEqual([attachments.length, attachments[0]?.filename], [1, 'film.mp4'])
    t.diagnostic(`peak memory: sync ${syncPeak?.toFixed(0)} MB, deliver ${deliverPeak?.toFixed(0)} MB`)
    for (const peak of [syncPeak, deliverPeak]) assert.ok((peak ?? 0) < MOST_MEMORY, `${peak} MB`)
  })

test('SIGINT while a large mail is written ends within 2 s, and the next run takes it', {skip}, async (t) => {
  const server = await startDovecot(t)
  await server.deliver(largeMail(MESSAGE_BYTES, 1))
  const desk = await startSyncDesk(t, 'sqlite', {maxMessageSize: 150 * MB})
  await desk.setImap(server)
  const running = desk.start(['email', 'sync'])
  // A raw mail without a hash is one that is being written.
  await until(async () => (await desk.count('raw')) === 1)
  const began = performance.now()
  running.kill('SIGINT')
  assert.equal((await running.ended).code, 130)
  const ms = performance.now() - began
  assert.ok(ms < 2000, `it took ${Math.round(ms)} ms`)
  assert.equal(await desk.count('raw'), 0, 'half a mail was left')
  assert.equal((await desk.sync()).exitCode, 0)
  assert.equal(await desk.count('ticket'), 1)
})

for (const kind of STORES)
  test(
    `${kind}: a mail over the size limit waits with its header, and is fetched once it may be`,
    {skip},
    async (t) => {
      const server = await startDovecot(t)
      const large = largeMail(6 * MB, 1)
      await server.deliver(large)
      await server.fill(3)
      const desk = await startSyncDesk(t, kind, {maxMessageSize: 5 * MB})
      await desk.setImap(server)
      const first = await desk.sync()
      assert.deepEqual([first.result.totals.created, first.result.totals.quarantined], [3, 1])
      const [item] = (await desk.json(['quarantine', 'list'])).result.items
      assert.deepEqual([item.reason, item.subject, item.size], ['oversized', 'Large 1', large.length])
      assert.match(item.from, /customer@customer\.example/)
      const retry = async () => (await desk.json(['quarantine', 'retry', String(item.id)])).result.items[0].outcome
      assert.equal(await retry(), 'kept')
      assert.equal((await desk.sync()).result.totals.seen, 0)

      const updated = await desk.run(['portal', 'update', 'acme', '--max-message-size', String(7 * MB)])
      assert.equal(updated.code, 0, updated.stderr)
      assert.equal((await desk.sync()).result.totals.seen, 0, 'nothing is fetched again unasked')
      assert.equal(await retry(), 'waits')
      const second = await desk.sync()
      assert.deepEqual([second.result.totals.seen, second.result.totals.created], [1, 1])
      assert.deepEqual([await desk.count('quarantine'), await desk.count('ticket')], [0, 4])
      assert.equal(await rawHash(desk, 'Large 1'), sha256(large))
      assert.equal((await desk.sync()).result.totals.seen, 0)
    },
  )

import assert from 'node:assert/strict'
import {mkdir, readdir, readFile, stat, symlink, writeFile} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {describe, test} from 'node:test'
import type {TicketAttachmentsResult} from '../../src/commands/ticket/attachments.ts'
import type {Conversation} from '../../src/lib/conversation.ts'
import {startProgram} from '../support/program.ts'
import {customerMail} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

interface Part {
  readonly headers: Readonly<Record<string, string>>
  readonly content: Buffer
}

const file = (filename: string | null, content: string | Buffer, type = 'application/octet-stream'): Part => ({
  headers: {
    'Content-Type': type,
    ...(filename === null ? {'Content-Disposition': 'attachment'} : {}),
    ...(filename === null
      ? {}
      : {'Content-Disposition': `attachment; filename*=utf-8''${encodeURIComponent(filename)}`}),
  },
  content: Buffer.from(content),
})

function mailWith(parts: readonly Part[], headers: Readonly<Record<string, string>> = {}): Buffer {
  const body = parts.map(({headers, content}) => {
    const fields = Object.entries({...headers, 'Content-Transfer-Encoding': 'base64'})
    const encoded = content.toString('base64').replace(/.{76}/g, '$&\n')
    return `--b\n${fields.map(([name, value]) => `${name}: ${value}`).join('\n')}\n\n${encoded}\n`
  })
  return customerMail(
    {'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=b', ...headers},
    `--b\n\nSee attached.\n${body.join('')}--b--\n`,
  )
}

const attached = (content: string): Part => ({
  headers: {'Content-Type': 'message/rfc822'},
  content: Buffer.from(content),
})

for (const kind of STORES)
  describe(`ticket attachments on ${kind}`, () => {
    test('writes every attachment under a safe name, and nothing twice', async (t) => {
      const {deliver, json, home} = await startProgram(t, kind)
      const large = Buffer.from(Array.from({length: 3_000_000}, (_, index) => (index * 7919) % 251))
      await deliver([
        mailWith([
          file('report.pdf', 'first', 'application/pdf'),
          file('../../report.PDF', 'second'),
          file('Report.pdf', 'third'),
          file('large.bin', large),
          file(null, 'BEGIN:VCALENDAR', 'application/pdf'),
        ]),
      ])
      const out = join(home, 'new', 'files')
      const {result, exitCode} = await json<TicketAttachmentsResult>(['ticket', 'attachments', '1', '--out', out])
      assert.equal(exitCode, 0)
      assert.deepEqual([result.number, basename(result.directory), result.changed], [1, 'files', true])
      const names = ['report.pdf', 'report (2).PDF', 'Report (3).pdf', 'large.bin', 'attachment.pdf']
      assert.deepEqual(
        result.files.map(({path, written}) => [basename(path), written]),
        names.map((name) => [name, true]),
      )
      assert.deepEqual(result.files[1]!.filename, '../../report.PDF')
      assert.deepEqual((await readdir(out)).toSorted(), names.toSorted())
      assert.ok((await readFile(join(out, 'large.bin'))).equals(large))
      assert.equal(await readFile(join(out, 'report (2).PDF'), 'utf8'), 'second')
      assert.equal((await stat(out)).mode & 0o777, 0o700)
      for (const name of names) assert.equal((await stat(join(out, name))).mode & 0o777, 0o600)

      const again = await json<TicketAttachmentsResult>(['ticket', 'attachments', '1', '--out', out])
      assert.deepEqual([again.exitCode, again.result.changed], [0, false])
      assert.deepEqual(
        again.result.files.map(({path, written}) => [basename(path), written]),
        names.map((name) => [name, false]),
      )
      assert.deepEqual((await readdir(out)).toSorted(), names.toSorted())
    })

    test('leaves alone what is there, and is not led elsewhere by a link', async (t) => {
      const {deliver, run, json, home} = await startProgram(t, kind)
      await deliver([mailWith([file('a.txt', 'of the mail'), file('b.txt', 'of the mail'), file('c.txt', 'c')])])
      const out = join(home, 'out')
      await mkdir(join(out, 'c.txt'), {recursive: true})
      await writeFile(join(out, 'a.txt'), 'of the user')
      await writeFile(join(home, 'elsewhere.txt'), 'of the mail')
      await symlink(join(home, 'elsewhere.txt'), join(out, 'b.txt'))
      await symlink(join(home, 'dangling.txt'), join(out, 'b (2).txt'))
      const {result} = await json<TicketAttachmentsResult>(['ticket', 'attachments', '1', '--out', out])
      assert.deepEqual(
        result.files.map(({path, written}) => [basename(path), written]),
        [
          ['a (2).txt', true],
          ['b (3).txt', true],
          ['c (2).txt', true],
        ],
      )
      assert.equal(await readFile(join(out, 'a.txt'), 'utf8'), 'of the user')
      assert.equal(await readFile(join(out, 'a (2).txt'), 'utf8'), 'of the mail')
      assert.ok(!(await readdir(home)).includes('dangling.txt'))
      const again = await run(['ticket', 'attachments', '1', '--out', out])
      assert.match(again.stdout, /a \(2\)\.txt {2}11 B, was there already\n/)
      assert.match(again.stdout, /\n0 of 3 written to .*\n$/)
    })

    test('writes the others where one is damaged in the store', async (t) => {
      const {deliver, json, run, home, store} = await startProgram(t, kind)
      await deliver([
        mailWith([file('lost.txt', 'lost')], {'Message-ID': '<a@x>'}),
        mailWith([file('kept.txt', 'kept')], {'In-Reply-To': '<a@x>'}),
      ])
      await store.db
        .updateTable('attachment')
        .set({sha256: '0'.repeat(64)})
        .where('filename', '=', 'lost.txt')
        .execute()
      const out = join(home, 'out')
      const {exitCode, error, result} = await json<TicketAttachmentsResult>([
        'ticket',
        'attachments',
        '1',
        '--out',
        out,
      ])
      assert.deepEqual([exitCode, error!.code], [65, 'RAW_DAMAGED'])
      assert.match(error!.title, /^Part 2 of mail \d+ is damaged$/)
      assert.deepEqual(
        result.files.map(({filename}) => filename),
        ['kept.txt'],
      )
      assert.deepEqual(await readdir(out), ['kept.txt'])
      const [lost] = (await json<Conversation>(['ticket', 'show', '1'])).result.messages
      const alone = await run(['ticket', 'attachments', '1', '--out', out, '--message', String(lost!.id)])
      assert.deepEqual([alone.code, alone.stdout], [65, ''], 'a failure is not told as nothing to write')
    })
  })

describe('ticket attachments', () => {
  test('takes those of one message, and names a mail by its subject', async (t) => {
    const {deliver, json, home} = await startProgram(t, 'sqlite')
    await deliver([
      mailWith([attached('Subject: Your order 7\n\nHello\n'), attached('From: a@b.example\n\nHi\n')], {
        'Message-ID': '<a@x>',
      }),
      mailWith([file('b.txt', 'b')], {'In-Reply-To': '<a@x>'}),
    ])
    const {messages} = (await json<Conversation>(['ticket', 'show', '1'])).result
    const out = join(home, 'out')
    const words = ['ticket', 'attachments', '1', '--out', out, '--message']
    const first = await json<TicketAttachmentsResult>([...words, String(messages[0]!.id)])
    assert.deepEqual(
      first.result.files.map(({path, filename}) => [basename(path), filename]),
      [
        ['Your order 7.eml', 'Your order 7.eml'],
        ['message.eml', null],
      ],
    )
    const second = await json<TicketAttachmentsResult>([...words, String(messages[1]!.id)])
    assert.deepEqual(
      second.result.files.map(({path}) => basename(path)),
      ['b.txt'],
    )
    const other = await json([...words, '999'])
    assert.deepEqual([other.exitCode, other.error!.code], [67, 'MESSAGE_NOT_FOUND'])
  })

  test('says what is missing, and where nothing can be written', async (t) => {
    const {deliver, json, run, home} = await startProgram(t, 'sqlite')
    await deliver([customerMail()])
    assert.deepEqual((await json(['ticket', 'attachments'])).error!.missing, ['NUMBER', '--out'])
    await writeFile(join(home, 'file'), '')
    const blocked = await json(['ticket', 'attachments', '1', '--out', join(home, 'file')])
    assert.deepEqual([blocked.exitCode, blocked.error!.code], [73, 'CANNOT_WRITE'])
    if (process.platform === 'linux')
      // where a recursive mkdir of Node never ends
      assert.equal((await json(['ticket', 'attachments', '1', '--out', '/proc/postdesk/x'])).exitCode, 73)
    assert.equal((await json(['ticket', 'attachments', '1', '--out', '-'])).exitCode, 64)
    assert.equal((await json(['ticket', 'attachments', '7', '--out', home])).exitCode, 67)
    const message = await run(['ticket', 'attachments', '1', '--out', home, '--message', '165'])
    assert.equal(message.code, 67)
    assert.match(message.stderr, /ticket 1 has no message 165/)
    const none = await run(['ticket', 'attachments', '1', '--out', join(home, 'out')])
    assert.deepEqual([none.code, none.stdout], [0, 'Nothing to write for ticket 1.\n'])
  })
})

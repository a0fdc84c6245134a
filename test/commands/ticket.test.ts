import assert from 'node:assert/strict'
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test} from 'node:test'
import type {TicketMergeResult} from '../../src/commands/ticket/merge.ts'
import type {Conversation} from '../../src/lib/conversation.ts'
import type {TicketPage} from '../../src/lib/ticket-summary.ts'
import {mail} from '../support/portal.ts'
import {startProgram, type Envelope, type Program} from '../support/program.ts'
import {ROOT} from '../support/run-postdesk.ts'
import {customerMail, startDesk} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

for (const kind of STORES)
  describe(`the commands of tickets on ${kind}`, () => {
    test('work from the list to the closed ticket', async (t) => {
      const {deliver, json, run} = await startProgram(t, kind, {agents: {'ann@acme.example': true}})
      await deliver([customerMail({Subject: 'First'}), customerMail({Subject: 'Second'})])

      const page = await json<TicketPage>(['ticket', 'list', '--limit', '1', '--status', 'open,pending'])
      assert.deepEqual(Object.keys(page.result.tickets[0]!), [
        'number',
        'subject',
        'status',
        'queue',
        'owner',
        'channel',
        'requester',
        'messageCount',
        'flags',
        'mergedInto',
        'createdAt',
        'updatedAt',
      ])
      assert.equal(page.result.next, '2')
      assert.deepEqual(page.nextSteps, ['postdesk ticket list --limit 1 --status open,pending --json --after 2'])
      const second = await json<TicketPage>(['ticket', 'list', '--limit', '1', '--after', '2'])
      assert.deepEqual([second.result.tickets[0]!.subject, second.result.next, second.nextSteps], ['First', null, []])

      const note = await json<{message: number; changed: boolean}>(
        ['ticket', 'note', '2', '--as', 'ann@acme.example'],
        'to do',
      )
      assert.equal(note.result.changed, true)
      const assigned = await json<{owner: string | null; changed: boolean}>(['ticket', 'assign', '2', '--nobody'])
      assert.deepEqual([assigned.result.owner, assigned.result.changed], [null, true])
      const unowned = await json<TicketPage>(['ticket', 'list', '--flag', 'unowned'])
      assert.deepEqual(
        unowned.result.tickets.map(({number}) => number),
        [2],
      )
      const closed = await json<object>(['ticket', 'close', '1', '#2'])
      assert.deepEqual(closed.result, {
        tickets: [
          {number: 1, status: 'closed', changed: true},
          {number: 2, status: 'closed', changed: true},
        ],
        changed: true,
      })
      assert.equal((await json<{changed: boolean}>(['ticket', 'close', '1', '2'])).result.changed, false)
      const unknown = await json(['ticket', 'reopen', '1', '7'])
      assert.deepEqual([unknown.exitCode, unknown.error!.code], [67, 'TICKET_NOT_FOUND'])

      const {result} = await json<Conversation>(['ticket', 'show', '2'])
      assert.deepEqual(
        [result.number, result.subject, result.status, result.queue, result.owner, result.channel, result.requester],
        [
          2,
          'Second',
          'closed',
          'support',
          null,
          'support@acme.example',
          {name: 'Jane Doe', address: 'jane@example.com'},
        ],
      )
      assert.deepEqual(
        result.messages.map(({direction, author, text, replyText, quotedText}) => [
          direction,
          author,
          text,
          replyText,
          quotedText,
        ]),
        [
          ['in', null, 'Hello\n', 'Hello', ''],
          ['note', 'ann@acme.example', 'to do', 'to do', ''],
        ],
      )
      assert.equal(result.messages[1]!.id, note.result.message)
      assert.deepEqual(
        result.events.map((event) => [event.kind, event.by]),
        [
          ['created', 'intake'],
          ['noted', 'ann@acme.example'],
          ['assigned', 'admin'],
          ['closed', 'admin'],
        ],
      )
      const text = await run(['ticket', 'show', '2'])
      assert.match(text.stdout, /^#2 Second\nclosed · queue support · owner nobody · by support@acme\.example\n/)
      assert.match(text.stdout, /── note \d+ ── ann@acme\.example .*\n\nto do\n/)
    })

    test('a merge moves messages and later answers, and says where the ticket went', async (t) => {
      const {deliver, json, run} = await startProgram(t, kind)
      await deliver([customerMail(), customerMail({'Message-ID': '<second@example.com>'})])
      const merged = await json<TicketMergeResult>(['ticket', 'merge', '2', '--into', '1'])
      assert.deepEqual(merged.result, {number: 2, into: 1, messages: 1, changed: true})
      assert.deepEqual(merged.nextSteps, ['postdesk ticket show 1'])
      await deliver([customerMail({'In-Reply-To': '<second@example.com>'}, 'And this\n')])

      const {result} = await json<Conversation>(['ticket', 'show', '1'])
      assert.deepEqual(
        result.messages.map(({replyText}) => replyText),
        ['Hello', 'Hello', 'And this'],
      )
      const source = (await json<Conversation>(['ticket', 'show', '2'])).result
      assert.deepEqual([source.status, source.mergedInto, source.messages], ['closed', 1, []])
      assert.match((await run(['ticket', 'show', '2'])).stdout, /^closed .* part of ticket 1 now$/m)

      assert.equal(
        (await run(['ticket', 'merge', '2', '--into', '1'])).stdout,
        'Ticket 2 is part of ticket 1 already.\n',
      )
      for (const [number, into, exitCode] of [
        ['1', '1', 64],
        ['1', '2', 64],
        ['1', '9', 67],
      ] as const)
        assert.equal((await json(['ticket', 'merge', number, '--into', into])).exitCode, exitCode, `${number} ${into}`)
    })
  })

describe('the commands of tickets', () => {
  test('say at once, and all together, what is missing', async (t) => {
    const {json} = await startProgram(t, 'sqlite')
    for (const [words, missing] of [
      [['ticket', 'show'], ['NUMBER']],
      [
        ['ticket', 'note'],
        ['NUMBER', '--body'],
      ],
      [['ticket', 'note', '1', '--body', '  '], ['--body']],
      [
        ['ticket', 'assign'],
        ['NUMBER', 'AGENT'],
      ],
      [
        ['ticket', 'move'],
        ['NUMBER', '--queue'],
      ],
      [['ticket', 'close'], ['NUMBER']],
      [
        ['ticket', 'merge'],
        ['NUMBER', '--into'],
      ],
    ] as const) {
      const {exitCode, error} = await json(words)
      assert.deepEqual([exitCode, error!.code, error!.missing], [64, 'MISSING_INPUT', missing], words.join(' '))
    }
  })

  test('refuse what they do not understand, and help', async (t) => {
    const {json, deliver, home} = await startProgram(t, 'sqlite', {agents: {'ann@acme.example': true}})
    await deliver([customerMail()])
    const latin1 = join(home, 'latin1.txt')
    await writeFile(latin1, Buffer.from('gr\u00fcn', 'latin1'))
    const large = join(home, 'large.txt')
    await writeFile(large, 'x'.repeat(2_000_000))
    for (const [words, exitCode, code] of [
      [['ticket', 'show', 'one'], 64, 'INVALID_VALUE'],
      [['ticket', 'show', '0'], 64, 'INVALID_VALUE'],
      [['ticket', 'show', '99'], 67, 'TICKET_NOT_FOUND'],
      [['ticket', 'list', '--status', 'opne'], 64, 'USAGE'],
      [['ticket', 'list', '--after', 'x'], 64, 'INVALID_VALUE'],
      [['ticket', 'list', '--limit', '0'], 64, 'USAGE'],
      [['ticket', 'list', '--flag', 'unowned', '--owner', 'ann@acme.example'], 64, 'USAGE'],
      [['ticket', 'list', '--queue', 'suport'], 67, 'QUEUE_NOT_FOUND'],
      [['ticket', 'assign', '1', 'ann@acme.example', '--auto'], 64, 'USAGE'],
      [['ticket', 'assign', '1', '--auto', '--nobody'], 64, 'USAGE'],
      [['ticket', 'assign', '1', 'an@acme.example'], 67, 'AGENT_NOT_FOUND'],
      [['ticket', 'note', '1', '--body', 'x', '--as', 'nobody@acme.example'], 67, 'AGENT_NOT_FOUND'],
      [['ticket', 'note', '1', '--body', 'x', '--body-file', latin1], 64, 'USAGE'],
      [['ticket', 'note', '1', '--body-file', latin1], 65, 'BAD_FILE_CONTENT'],
      [['ticket', 'note', '1', '--body-file', large], 65, 'BAD_FILE_CONTENT'],
      [['ticket', 'note', '1', '--body-file', join(home, 'none')], 66, 'INPUT_FILE_MISSING'],
      [['ticket', 'show', '1', '--raw', '99'], 64, 'USAGE'], // --json and --raw exclude each other
    ] as const) {
      const run = await json(words)
      assert.deepEqual([run.exitCode, run.error?.code], [exitCode, code], words.join(' '))
    }
    assert.match(
      JSON.stringify((await json(['ticket', 'list', '--queue', 'suport'])).error),
      /Did you mean \\"support\\"/,
    )
  })

  test('of several portals want the portal named where they change something', async (t) => {
    const program = await startProgram(t, 'sqlite')
    await startDesk(t, 'sqlite', {key: 'other', domain: 'other.example'}, program)
    await program.deliver([customerMail()])
    assert.equal((await program.json(['ticket', 'close', '1'])).error!.code, 'PORTAL_AMBIGUOUS')
    assert.equal((await program.json(['ticket', 'close', '1', '--portal', 'other'])).error!.code, 'TICKET_NOT_FOUND')
    assert.equal((await program.json(['ticket', 'close', '1', '--portal', 'acme'])).exitCode, 0)
  })

  test('warn about an owner who is no member of the queue', async (t) => {
    const {deliver, json, run} = await startProgram(t, 'sqlite')
    await deliver([customerMail()])
    await run(['agent', 'add', 'bob@acme.example', '--name', 'Bob'])
    assert.deepEqual((await json(['ticket', 'assign', '1', 'bob@acme.example'])).warnings, [
      'bob@acme.example is no member of queue support.',
    ])
  })

  test('write the raw bytes of a mail as they came, to a pipe only', async (t) => {
    const {deliver, run, home, store} = await startProgram(t, 'sqlite')
    // Every byte there is, more than one piece of storage.
    const body = Buffer.concat(
      Array.from({length: 6000}, () => Buffer.from(Array.from({length: 256}, (_, byte) => byte))),
    )
    const bytes = Buffer.concat([customerMail({Subject: 'Bytes'}, ''), body])
    await deliver([bytes, customerMail()])
    const {result} = JSON.parse((await run(['ticket', 'show', '1', '--json'])).stdout) as Envelope<Conversation>
    const id = String(result.messages[0]!.id)
    const words = [join(ROOT, 'bin/run.js'), 'ticket', 'show', '1', '--raw', id]
    const env = {...process.env, POSTDESK_HOME: home, POSTDESK_STORE: store.url}
    const child = spawn(process.execPath, words, {env, stdio: ['ignore', 'pipe', 'inherit']})
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    assert.deepEqual(await once(child, 'close'), [0, null])
    assert.ok(Buffer.concat(pieces).equals(bytes))
    const other = await run(['ticket', 'show', '2', '--raw', id])
    assert.deepEqual([other.code, other.stdout], [67, ''])
    await run(['ticket', 'note', '1', '--body', 'a note'])
    const note = await run(['ticket', 'show', '1', '--raw', String(await lastMessage(run))])
    assert.deepEqual([note.code, note.stdout], [64, ''])
    assert.match(note.stderr, /it is a note/)
    // `script` gives the program a terminal.
    const terminal = spawn('script', ['-qec', [process.execPath, ...words].join(' '), '/dev/null'], {env})
    let shown = ''
    terminal.stdout.on('data', (text) => (shown += String(text)))
    const [code] = (await Promise.race([once(terminal, 'close'), once(terminal, 'error')])) as [unknown]
    if (code instanceof Error) return t.diagnostic('script is not installed: not tried on a terminal')
    assert.equal(code, 64)
    assert.match(shown, /--raw does not write to a terminal/)
  })

  test('show mail that means harm as harmless text, and tell what it is in JSON', async (t) => {
    const {deliver, run} = await startProgram(t, 'sqlite')
    const evil = '\u001B]0;owned\u0007 \u202Egpj.exe\u202C \u009B31m'
    await deliver([
      mail(
        {
          From: '=?utf-8?B?4oCu?= <jane@example.com>',
          To: 'support@acme.example',
          Subject: `=?utf-8?B?${Buffer.from(evil).toString('base64')}?=`,
          'Content-Type': 'text/plain; charset=utf-8',
          'Message-ID': '<evil@example.com>',
        },
        `${evil}\n`,
      ),
    ])
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    const harmful = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/
    for (const words of [
      ['ticket', 'list'],
      ['ticket', 'show', '1'],
      ['ticket', 'list', '--json'],
      ['ticket', 'show', '1', '--json'],
    ])
      assert.doesNotMatch((await run(words)).stdout, harmful, words.join(' '))
    const {result} = JSON.parse((await run(['ticket', 'show', '1', '--json'])).stdout) as Envelope<Conversation>
    assert.equal(result.subject, evil)
    assert.equal(result.messages[0]!.text.trim(), evil)
    assert.match((await run(['ticket', 'show', '1'])).stdout, /␛\]0;owned␇ <U\+202E>gpj\.exe/)
  })

  test('show the rest of a ticket when one of its mails is damaged in the store', async (t) => {
    const {deliver, json, run, store} = await startProgram(t, 'sqlite')
    await deliver([
      customerMail({'Message-ID': '<a@x>'}, 'the first\n'),
      customerMail({'In-Reply-To': '<a@x>'}, 'the second\n'),
    ])
    await store.db
      .deleteFrom('raw_chunk')
      .where('raw_id', '=', (eb) => eb.selectFrom('raw').select((e) => e.fn.min('id').as('id')))
      .execute()
    const {result, warnings, exitCode} = await json<Conversation>(['ticket', 'show', '1'])
    assert.equal(exitCode, 0)
    assert.deepEqual(
      result.messages.map(({text, from}) => [text, from[0]!.address]),
      [
        ['', 'jane@example.com'],
        ['the second\n', 'jane@example.com'],
      ],
    )
    assert.match(warnings[0]!, /^Mail \d+ is damaged: 0 of its \d+ bytes are in the store$/)
    const raw = await run(['ticket', 'show', '1', '--raw', String(result.messages[0]!.id)])
    assert.deepEqual([raw.code, raw.stdout], [65, ''])
  })
})

async function lastMessage(run: Program['run']): Promise<number> {
  const {result} = JSON.parse((await run(['ticket', 'show', '1', '--json'])).stdout) as Envelope<Conversation>
  return result.messages.at(-1)!.id
}

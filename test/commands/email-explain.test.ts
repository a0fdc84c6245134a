/** What would become of mails, told by the program: what it reads, what it decides, and that it leaves no trace. */
import assert from 'node:assert/strict'
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {mkdir, mkdtemp, readFile, rm, symlink, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {sql} from 'kysely'
import type {EmailExplainResult, Explanations} from '../../src/commands/email/explain.ts'
import type {Checked} from '../../src/lib/expectations.ts'
import type {Explanation} from '../../src/lib/explain-result.ts'
import {generateMail} from '../support/mail-generator.ts'
import {mail, NOW} from '../support/portal.ts'
import {startProgram, type Envelope} from '../support/program.ts'
import {postdesk, postdeskJson, ROOT, temporaryHome} from '../support/run-postdesk.ts'
import {customerMail} from '../support/seed.ts'
import {STORES} from '../support/stores.ts'

const FROM_LINE = 'From jane@example.com Mon Jan  5 06:12:13 2026\n'

/** A home without a store, with a folder for mails in it. */
async function startFolder(t: TestContext) {
  const home = await temporaryHome(t)
  const folder = join(home, 'mails')
  await mkdir(folder)
  return {
    home,
    folder,
    write: (name: string, content: string | Uint8Array) => writeFile(join(folder, name), content),
    run: (words: readonly string[], input: string | Uint8Array = '') =>
      postdesk(['email', 'explain', ...words], {home, input}),
    json: (words: readonly string[], input: string | Uint8Array = ''): Promise<Envelope<EmailExplainResult>> =>
      postdeskJson(['email', 'explain', ...words], {home, input}),
  }
}

/** A folder whose name has nothing of the password of the store, which would be blanked out in what is printed. */
async function mailFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'explain-'))
  t.after(() => rm(folder, {recursive: true, force: true}))
  return folder
}

const linesOf = (stdout: string): Explanation[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

const messagesOf = (result: EmailExplainResult) => (result as Explanations).messages
const sourcesOf = (result: EmailExplainResult) => messagesOf(result).map(({source}) => source)

const reply = (to: string, headers: Readonly<Record<string, string>> = {}) =>
  customerMail({Subject: 'Re: Question', 'In-Reply-To': to, References: to, ...headers})

describe('email explain without a store', {concurrency: 2}, () => {
  test('a file is one object: what the mail says, and that no address is the portal’s; nothing is made', async (t) => {
    const {folder, home, write, json} = await startFolder(t)
    await write(
      'a.eml',
      mail({From: 'Jane <jane@example.com>', To: 'x@acme.example', Subject: '=?utf-8?q?Gr=C3=BC=C3=9Fe?='}, 'Hello\n'),
    )
    const path = join(folder, 'a.eml')
    const {exitCode, result} = await json([path])
    assert.equal(exitCode, 0)
    const {source, message, recipientMatch, thread, quarantine, autoReply} = result as Explanation
    assert.equal(source, path)
    assert.equal(message.subject, 'Grüße')
    assert.deepEqual(message.from, [{name: 'Jane', address: 'jane@example.com'}])
    assert.equal(message.text, 'Hello\n')
    assert.equal(recipientMatch, null)
    assert.deepEqual([thread.method, thread.ticket, autoReply.send], ['new', null, false])
    assert.equal(quarantine?.reason, 'unknown-recipient')
    assert.ok(!existsSync(join(home, 'data')), 'a store was made')
  })

  test('standard input is a mail or a mailbox file', async (t) => {
    const {json, run} = await startFolder(t)
    const one = (await json(['-'], mail({Subject: 'One'}))).result as Explanation
    assert.deepEqual([one.source, one.message.subject], ['-', 'One'])
    const mailbox = `${FROM_LINE}Subject: 1\n\n>From me\n\n${FROM_LINE}Subject: 2\n\ntwo\n`
    const {result} = await json(['-'], mailbox)
    assert.deepEqual(
      messagesOf(result).map(({source, message}) => [source, message.subject, message.text]),
      [
        ['-#1', '1', 'From me\n'],
        ['-#2', '2', 'two\n'],
      ],
    )
    const large = mail({Subject: 'Large'}, 'A line of a large mail.\n'.repeat(400_000))
    const streamed = (await json(['-'], large)).result as Explanation
    assert.deepEqual([streamed.message.subject, streamed.quarantine?.reason], ['Large', 'unknown-recipient'])
    const nothing = await run(['-'])
    assert.equal(nothing.code, 65)
    assert.match(nothing.stderr, /Standard input cannot be used/)
  })

  test('files that are too large to be held are read in pieces, and told like others', async (t) => {
    const {folder, write, json} = await startFolder(t)
    const large = (subject: string) =>
      customerMail({Subject: subject}, `${'A line of a large mail.\n'.repeat(250_000)}The end.\n`)
    await write('a.eml', large('Large'))
    await write('b', [1, 2].map((n) => `${FROM_LINE}${large(`Large ${n}`).toString()}\r\n`).join(''))
    const {result} = await json([folder])
    assert.deepEqual(
      messagesOf(result).map(({message}) => message.subject),
      ['Large', 'Large 1', 'Large 2'],
    )
    for (const {message} of messagesOf(result)) {
      assert.ok(message.text.startsWith('A line of a large mail.\n'))
      assert.deepEqual(
        message.defects.map(({code}) => code),
        ['text-truncated'],
      )
    }
  })

  test('a directory is read to its depths by name; what is hidden, half delivered or no mail is not', async (t) => {
    const {folder, write, json} = await startFolder(t)
    for (const name of ['box/cur', 'box/new', 'box/tmp', 'sub']) await mkdir(join(folder, name), {recursive: true})
    await write('b', customerMail())
    await write('a.eml', `${FROM_LINE}Subject: one mail by its name\n\n${FROM_LINE}x\n`)
    await write('mbox', `${FROM_LINE}Subject: 1\n\n1\n\n${FROM_LINE}Subject: 2\n\n2\n`)
    await write('.hidden.eml', customerMail())
    await write('list.json', '{"subject": "x"}\n')
    await write('box/cur/1:2,S', customerMail())
    await write('box/new/2', customerMail())
    await write('box/tmp/3', customerMail())
    await write('sub/c.txt', customerMail())
    await symlink(folder, join(folder, 'sub', 'loop'))
    await symlink(join(folder, 'nowhere'), join(folder, 'broken'))
    const {exitCode, result, warnings, error} = await json([folder])
    assert.deepEqual(
      sourcesOf(result),
      ['a.eml', 'b', 'box/cur/1:2,S', 'box/new/2', 'mbox#1', 'mbox#2', 'sub/c.txt'].map((name) => join(folder, name)),
    )
    assert.deepEqual([exitCode, error?.title], [66, `Cannot read ${join(folder, 'broken')}`])
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /begin as mail: .*list\.json$/)
    const alone = await json([join(folder, 'sub', 'c.txt'), join(folder, 'b')])
    assert.deepEqual(sourcesOf(alone.result), [join(folder, 'sub', 'c.txt'), join(folder, 'b')])
    assert.equal(sourcesOf((await json([join(folder, 'box')])).result).length, 2)
    await mkdir(join(folder, 'none'))
    const none = await json([join(folder, 'none')])
    assert.deepEqual([none.exitCode, none.result], [0, {messages: []}])
    assert.deepEqual(none.warnings, [`no mail was found in ${join(folder, 'none')}`])
  })

  test('what is no file is refused where it was named, and left out of a directory; nothing waits for it', async (t) => {
    const {folder, write, json} = await startFolder(t)
    const pipe = join(folder, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    const named = await json([pipe])
    assert.deepEqual([named.exitCode, named.error?.code], [66, 'NO_REGULAR_FILE'])
    const found = await json([folder])
    assert.deepEqual([found.exitCode, found.warnings.length], [0, 2])
    assert.match(found.warnings[0]!, /left out.*pipe/)
    await write('a.eml', customerMail())
    const beside = await json([pipe, join(folder, 'a.eml'), '/dev/null'])
    assert.deepEqual([beside.exitCode, sourcesOf(beside.result)], [66, [join(folder, 'a.eml')]])
  })

  test('SIGTERM ends the wait for standard input', async (t) => {
    const {home} = await startFolder(t)
    // Before the program has begun, the signal simply ends the process.
    for (let wait = 1000; ; wait *= 2) {
      const child = spawn(process.execPath, [join(ROOT, 'bin/run.js'), 'email', 'explain', '-'], {
        env: {...process.env, POSTDESK_HOME: home},
        stdio: ['pipe', 'ignore', 'pipe'],
      })
      const ended = once(child, 'exit')
      await sleep(wait)
      child.kill('SIGTERM')
      const [code, signal] = await ended
      if (signal !== null && wait < 30_000) continue
      assert.equal(code, 143)
      return
    }
  })

  test('paths that do not exist are all named, and the others are explained', async (t) => {
    const {folder, write, json, run} = await startFolder(t)
    await write('a.eml', customerMail())
    const {exitCode, result, error} = await json([join(folder, 'x'), join(folder, 'a.eml'), join(folder, 'y')])
    assert.deepEqual([exitCode, sourcesOf(result)], [66, [join(folder, 'a.eml')]])
    assert.equal(error?.title, `Cannot read ${join(folder, 'x')}, ${join(folder, 'y')}`)
    const none = await json([join(folder, 'x'), join(folder, 'y')])
    assert.deepEqual([none.exitCode, none.result], [66, undefined])
    await write('cases', '\uFEFF{"source": "a.eml", "message": {"subject": "Other"}}\n{"source": "x"}\n')
    const words = [join(folder, 'x'), join(folder, 'a.eml'), '--expect', join(folder, 'cases')]
    const compared = await json(words)
    assert.deepEqual([compared.exitCode, compared.error?.title], [66, `Cannot read ${join(folder, 'x')}`])
    assert.deepEqual(
      (compared.result as Explanations & Checked).differences.map(({source, path}) => [source, path]),
      [
        [join(folder, 'a.eml'), 'message.subject'],
        ['x', ''],
      ],
    )
    assert.match((await run(words)).stdout, /^x: no mail of that name was read$/m)
    await write('cases', '\n')
    assert.equal((await json(words)).exitCode, 65)
    assert.equal((await json([join(folder, 'a.eml'), '--expect', '-'])).exitCode, 64)
    assert.equal((await json([])).exitCode, 64)
    assert.equal((await json([join(folder, 'a.eml'), '--recipient', 'support'])).exitCode, 64)
  })

  test('an empty or unreadable file is said, and the others go on', async (t) => {
    const {folder, write, json} = await startFolder(t)
    await write('a.eml', customerMail())
    await write('empty.eml', '')
    await symlink('loop.eml', join(folder, 'loop.eml')) // unreadable for root, too
    const {exitCode, result, error} = await json([folder])
    assert.deepEqual([exitCode, sourcesOf(result)], [65, [join(folder, 'a.eml')]])
    assert.equal(error?.title, '2 inputs could not be used')
  })

  test('an empty file is named on the terminal', async (t) => {
    const {folder, write, run} = await startFolder(t)
    for (const name of ['a.eml', 'c.eml']) await write(name, customerMail())
    await write('b.eml', '')
    const {code, stdout, stderr} = await run([folder, '--jsonl'])
    assert.deepEqual([code, linesOf(stdout).length], [65, 2])
    assert.match(stderr, /b\.eml cannot be used .*\n.*it is empty/)
  })

  test('--jsonl gives the same as --json, one a line, in the order of the input', async (t) => {
    const {folder, write, run, json} = await startFolder(t)
    const many = 450 // more than fit the batches that are under way at once
    for (let index = 0; index < many; index++) await write(`${String(index).padStart(4, '0')}.eml`, generateMail(index))
    const {code, stdout, stderr} = await run([folder, '--jsonl'])
    assert.deepEqual([code, stderr], [0, ''])
    const lines = linesOf(stdout)
    assert.equal(lines.length, many)
    assert.deepEqual(
      lines.map(({source}) => source),
      lines.map(({source}) => source).toSorted(),
    )
    assert.deepEqual(messagesOf((await json([folder])).result), lines)
  })

  test('what a mail says cannot reach the terminal as control characters', async (t) => {
    const {write, run, folder} = await startFolder(t)
    const evil = '\u001B[2J\u202Eevil\u009B'
    await write('a.eml', mail({From: `${evil} <a@b.example>`, Subject: evil, 'Message-ID': `<${evil}@x>`}, `${evil}\n`))
    for (const flags of [[], ['--json'], ['--jsonl']]) {
      const {stdout} = await run([folder, ...flags])
      assert.match(stdout, /evil/)
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      assert.doesNotMatch(stdout, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/)
    }
  })
})

for (const kind of STORES)
  describe(`email explain on ${kind}`, {concurrency: 2}, () => {
    test('tells address, ticket and agent, and a mail sees those before it; nothing is written', async (t) => {
      const program = await startProgram(t, kind, {agents: {'ann@acme.example': true}, closedPolicy: 'new'})
      const [known] = await program.deliver([customerMail({'Message-ID': '<known@example.com>'})])
      await program.deliver([customerMail({'Message-ID': '<closed@example.com>'})])
      await program.store.db
        .updateTable('ticket')
        .set({status: 'closed', closed_at: NOW})
        .where('number', '=', 2)
        .execute()
      const folder = await mailFolder(t)
      const mails = {
        '1-new.eml': customerMail({'Message-ID': '<new@example.com>'}),
        '2-reply-in-run.eml': reply('<new@example.com>'),
        '3-reply-to-known.eml': reply('<known@example.com>'),
        '4-reply-to-closed.eml': reply('<closed@example.com>'),
        '5-again.eml': customerMail({'Message-ID': '<twice@example.com>'}, 'The same\n'),
        '6-stray.eml': customerMail({To: 'nobody@acme.example'}),
      }
      for (const [name, bytes] of Object.entries(mails)) await writeFile(join(folder, name), bytes)
      await writeFile(join(folder, '7-again.eml'), mails['5-again.eml'])

      const state = async () => {
        const tables = ['portal', 'ticket', 'message', 'source', 'source_item', 'quarantine', 'agent', 'raw'] as const
        const rows: unknown[] = []
        for (const table of tables)
          rows.push((await sql`select * from ${sql.table(table)}`.execute(program.store.db)).rows)
        return rows
      }
      const file = program.store.url.slice('sqlite:'.length)
      const before = await state()
      const bytes = kind === 'sqlite' ? await readFile(file) : null
      const {exitCode, result} = await program.json<Explanations>(['email', 'explain', folder])
      assert.equal(exitCode, 0)
      assert.deepEqual(await state(), before)
      if (bytes) assert.deepEqual(await readFile(file), bytes)

      const [fresh, inRun, toKnown, toClosed, first, stray, second] = result.messages
      assert.deepEqual(fresh?.recipientMatch, {
        channel: 'support@acme.example',
        address: 'support@acme.example',
        header: 'to',
      })
      assert.deepEqual([fresh?.thread.method, fresh?.thread.ticket], ['new', null])
      assert.deepEqual([fresh?.route.queue, fresh?.route.owner], ['support', 'ann@acme.example'])
      assert.deepEqual([inRun?.thread.method, inRun?.thread.ticket], ['reference', null])
      assert.deepEqual([inRun?.thread.openedBy, inRun?.route.owner], [join(folder, '1-new.eml'), 'ann@acme.example'])
      assert.deepEqual(
        [toKnown?.thread.method, toKnown?.thread.ticket, toKnown?.thread.references],
        ['reference', known?.ticket, ['known@example.com']],
      )
      assert.equal(toClosed?.thread.method, 'new')
      assert.deepEqual(
        toClosed?.thread.rejected.map(({method, value}) => [method, value]),
        [['reference', 'closed@example.com']],
      )
      assert.match(toClosed?.thread.rejected[0]?.why ?? '', /ticket 2 is closed/)
      assert.equal(first?.duplicate, null)
      assert.match(second?.duplicate?.why ?? '', /fingerprint/)
      assert.equal(second?.thread.openedBy, join(folder, '5-again.eml'))
      assert.deepEqual([stray?.recipientMatch, stray?.quarantine?.reason], [null, 'unknown-recipient'])

      const {stdout} = await program.run(['email', 'explain', folder])
      for (const told of [
        /For +support@acme\.example, by the field to/,
        /Ticket +the ticket that .*1-new\.eml opens, by reference new@example\.com/,
        /not by reference closed@example\.com: ticket 2 is closed/,
        /Queue +support, ann@acme\.example/,
        /Waits +in the quarantine: unknown-recipient/,
        /Nothing +is done: the same mail is here already/,
      ])
        assert.match(stdout, told)
    })

    test('--recipient is the envelope; without it the headers that the inbound names decide', async (t) => {
      const program = await startProgram(t, kind, {addresses: ['support', 'billing']})
      const folder = await mailFolder(t)
      const path = join(folder, 'a.eml')
      await writeFile(path, customerMail({'X-Envelope': 'billing@acme.example'}))
      const match = async (...flags: string[]) =>
        (await program.json<Explanation>(['email', 'explain', path, ...flags])).result.recipientMatch
      const found = (local: string, header: string) => ({
        channel: `${local}@acme.example`,
        address: `${local}@acme.example`,
        header,
      })
      assert.deepEqual(await match(), found('support', 'to'))
      assert.deepEqual(await match('--recipient', 'billing@acme.example'), found('billing', 'envelope'))
      assert.equal(await match('--recipient', 'nobody@acme.example'), null)
      const maildir = join(folder, 'maildir')
      for (const part of ['cur', 'new', 'tmp']) await mkdir(join(maildir, part), {recursive: true})
      const set = ['portal', 'inbound', 'set', 'maildir', '--path', maildir, '--envelope-header', 'X-Envelope']
      assert.equal((await program.run(set)).code, 0)
      assert.deepEqual(await match(), found('billing', 'x-envelope'))
    })

    test('the text names a requester who is not the writer, and cuts a subject without end', async (t) => {
      const program = await startProgram(t, kind, {agents: {'ann@acme.example': true}})
      const path = join(await mailFolder(t), 'a.eml')
      const told = async (headers: Readonly<Record<string, string>>, body?: string) => {
        await writeFile(path, customerMail(headers, body))
        const {code, stdout} = await program.run(['email', 'explain', path])
        assert.equal(code, 0)
        return stdout
      }
      assert.doesNotMatch(await told({}), /^Requester/m)
      assert.match(await told({'Reply-To': 'Jim <jim@example.com>'}), /^Requester {3}Jim <jim@example\.com>$/m)
      assert.match(
        await told(
          {From: 'ann@acme.example', Subject: 'Fwd: Hinge'},
          '---------- Forwarded message ---------\nFrom: Jim <jim@example.com>\nDate: Mon, 5 Jan 2026 06:12:13 +0000\nSubject: Hinge\nTo: ann@acme.example\n\nBroken.\n',
        ),
        /^Requester {3}Jim <jim@example\.com>, forwarded by ann@acme\.example$/m,
      )
      const subject = await told({Subject: 'long '.repeat(100)})
      assert.equal(/^Subject {5}(long .*…)$/m.exec(subject)?.[1]?.length, 200, subject)
    })

    test('a mail over the portal’s limit is said by its header', async (t) => {
      const program = await startProgram(t, kind, {maxMessageSize: 100_000})
      const folder = await mailFolder(t)
      const large = customerMail({Subject: 'Large'}, 'A line of a large mail.\n'.repeat(10_000))
      await writeFile(join(folder, 'a.eml'), large)
      await writeFile(join(folder, 'b.mbox'), Buffer.concat([Buffer.from(FROM_LINE), large]))
      for (const name of ['a.eml', 'b.mbox']) {
        const {result} = await program.json<Explanation>(['email', 'explain', join(folder, name)])
        const {message, quarantine, recipientMatch} = result
        assert.deepEqual([message.subject, message.text], ['Large', ''])
        assert.deepEqual([quarantine?.reason, recipientMatch?.address], ['oversized', 'support@acme.example'])
      }
    })

    test('--expect compares: 0 where all holds, 2 with what differs, 65 for a line that is no case', async (t) => {
      const program = await startProgram(t, kind)
      const folder = await mailFolder(t)
      for (const name of ['a.eml', 'b.eml']) await writeFile(join(folder, name), customerMail())
      const cases = join(folder, 'cases.jsonl')
      const paths = [join(folder, 'a.eml'), join(folder, 'b.eml')]
      const explain = async (...lines: string[]) => {
        await writeFile(cases, lines.join('\n'))
        const words = ['email', 'explain', ...paths, '--expect', cases]
        return {
          text: await program.run(words),
          lines: await program.run([...words, '--jsonl']),
          json: await program.json<Explanations & Checked>(words),
        }
      }
      const good =
        '{"source": "a.eml", "expect": {"recipientMatch": {"channel": "support@acme.example"}, "quarantine": null}}'
      const holds = await explain(good)
      assert.deepEqual([holds.text.code, holds.lines.code, holds.json.exitCode], [0, 0, 0])
      assert.match(holds.text.stdout, /b\.eml: no case is for it\n✓ 1 case, all as expected\n$/)
      assert.deepEqual([holds.json.result.differences, holds.json.result.withoutCase], [[], [paths[1]]])
      assert.equal(linesOf(holds.lines.stdout).length, 2)

      const differs = await explain(good, '{"source": "b.eml", "route": {"queue": "billing"}}', '{"source": "c.eml"}')
      assert.deepEqual([differs.text.code, differs.lines.code, differs.json.exitCode], [2, 2, 2])
      assert.match(differs.text.stdout, /b\.eml: route\.queue expected "billing", got "support"\n/)
      assert.match(differs.text.stdout, /✗ 3 cases, 2 not as expected\n$/)
      assert.match(differs.lines.stderr, /route\.queue expected/)
      assert.deepEqual(differs.json.result.differences, [
        {source: paths[1], path: 'route.queue', expected: 'billing', got: 'support'},
        {source: 'c.eml', path: '', expected: 'a mail', got: null},
      ])

      const refused = await explain(good, '{"source": ')
      assert.deepEqual([refused.text.code, refused.json.exitCode], [65, 65])
      assert.equal(refused.json.error?.title, `Line 2 of ${cases} cannot be used`)
    })

    test('in a store of several portals the recipient tells which it is', async (t) => {
      const program = await startProgram(t, kind)
      const folder = await mailFolder(t)
      assert.equal((await program.run(['portal', 'add', 'other', '--domain', 'other.example'])).code, 0)
      const path = join(folder, 'a.eml')
      await writeFile(path, customerMail())
      const to = ['--recipient', 'support@acme.example']
      const named = await program.json<Explanation>(['email', 'explain', path, ...to])
      assert.equal(named.result.recipientMatch?.channel, 'support@acme.example')
      const {exitCode} = await program.json(['email', 'explain', path, '--portal', 'nope'])
      assert.equal(exitCode, 67)
    })
  })

import assert from 'node:assert/strict'
import {test} from 'node:test'
import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import type {QuarantineDropResult} from '../../src/commands/quarantine/drop.ts'
import type {QuarantineExportResult} from '../../src/commands/quarantine/export.ts'
import type {QuarantineRetryResult} from '../../src/commands/quarantine/retry.ts'
import type {EmailUpdateResult} from '../../src/commands/email/update.ts'
import type {QuarantineDetails, QuarantinePage} from '../../src/lib/quarantine-summary.ts'
import {NOW} from '../support/portal.ts'
import {startProgram, type Program} from '../support/program.ts'
import {ageQuarantine, strays} from '../support/quarantined.ts'
import {postdesk, ROOT} from '../support/run-postdesk.ts'
import {customerMail} from '../support/seed.ts'
import {openTerminal} from '../support/terminal.ts'
import {missing} from '../support/peers.ts'

test('the quarantine is listed and shown, with what to do', async (t) => {
  const {json, run, deliver} = await startProgram(t, 'sqlite')
  assert.equal((await run(['quarantine', 'list'])).stdout, 'Nothing waits in the quarantine.\n')
  await deliver([
    customerMail({To: 'unknown@acme.example', Subject: 'Lost \u202Eone'}),
    customerMail({To: 'unknown@acme.example'}),
  ])
  const {result, nextSteps} = await json<QuarantinePage>(['quarantine', 'list', '--limit', '1'])
  assert.deepEqual(Object.keys(result), ['items', 'counts', 'purged', 'purgedByReason', 'next'])
  assert.deepEqual([result.counts, result.purged, result.items.length], [{'unknown-recipient': 2}, 0, 1])
  assert.deepEqual(nextSteps, [
    `postdesk quarantine show ${result.items[0]!.id}`,
    `postdesk quarantine list --limit 1 --json --after ${result.next}`,
  ])
  const next = await json<QuarantinePage>(['quarantine', 'list', '--after', result.next!])
  const [item] = next.result.items
  assert.equal(item!.subject, 'Lost \u202Eone')

  const shown = await json<QuarantineDetails>(['quarantine', 'show', String(item!.id)])
  assert.deepEqual([shown.result.kept, shown.result.headers.length > 4], ['whole', true])
  const text = (await run(['quarantine', 'show', String(item!.id)])).stdout
  assert.match(text, /subject: Lost <U\+202E>one/)
  assert.match(text, /postdesk email add internal unknown --name NAME/)
  assert.match(text, new RegExp(`postdesk quarantine retry ${item!.id}`))

  for (const [words, exitCode] of [
    [['quarantine', 'list', '--reason', 'spam'], 64],
    [['quarantine', 'show'], 64],
    [['quarantine', 'show', 'x'], 64],
    [['quarantine', 'show', '999'], 67],
  ] as const)
    assert.equal((await json(words)).exitCode, exitCode, words.join(' '))
})

const idsOf = async ({json}: Program): Promise<number[]> => {
  const {result} = await json<QuarantinePage>(['quarantine', 'list', '--limit', '1000'])
  return result.items.map(({id}) => id).reverse()
}

test('the text of a quarantined mail is shown safe, with its attachments named', async (t) => {
  const program = await startProgram(t, 'sqlite')
  const body = [
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Pay \u009B31m\u202Enow\u001B]0;owned\u0007',
    '--b',
    'Content-Type: application/pdf',
    'Content-Disposition: attachment; filename="in\u202Efdp.exe"',
    '',
    '%PDF',
    '--b--',
    '',
  ].join('\n')
  const headers = {'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=b'}
  await program.deliver(strays(1, headers, body))
  const [id] = await idsOf(program)
  const {result} = await program.json<QuarantineDetails>(['quarantine', 'show', String(id)])
  assert.match(result.text!, /Pay/)
  assert.deepEqual(result.attachments, [{filename: 'in\u202Efdp.exe', contentType: 'application/pdf', size: 4}])
  assert.equal(result.keptUntil, '2026-03-31T09:00:00.000Z')
  const {stdout} = await program.run(['quarantine', 'show', String(id)])
  assert.match(stdout, /Pay .*now/)
  assert.match(stdout, /\+ in<U\+202E>fdp\.exe application\/pdf, 4 B/)
  // oxlint-disable-next-line no-control-regex -- nothing of the kind may reach a terminal
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/)
})

test('no address from outside becomes part of a command that is to be pasted', async (t) => {
  const program = await startProgram(t, 'sqlite')
  const odd = ['$(reboot)@acme.example', '-x@acme.example', '`id`@acme.example', 'plain@other.example']
  await program.deliver(odd.map((address) => customerMail({To: address})))
  for (const id of await idsOf(program)) {
    const {result} = await program.json<QuarantineDetails>(['quarantine', 'show', String(id)])
    assert.match(result.fixes[0]!.command!, /^postdesk email add internal LOCALPART --name/)
  }
})

test('the quarantine is dropped for good only where that was confirmed', async (t) => {
  const program = await startProgram(t, 'sqlite')
  const {json, run, deliver} = program
  await deliver(strays(5))
  const ids = await idsOf(program)
  for (const words of [[String(ids[0])], ['--reason', 'unknown-recipient']]) {
    const refused = await json<QuarantineDropResult>(['quarantine', 'drop', ...words])
    assert.deepEqual([refused.exitCode, refused.error?.code, refused.error?.missing], [64, 'NOT_CONFIRMED', ['--yes']])
  }
  assert.deepEqual(await idsOf(program), ids)
  for (const words of [[], ['--older-than', '1'], ['12', '--reason', 'loop'], ['x'], ['--reason', 'spam']])
    assert.equal((await json(['quarantine', 'drop', ...words, '--yes'])).exitCode, 64, words.join(' '))
  assert.equal((await json(['quarantine', 'drop', String(ids[0]), '9999', '--yes'])).exitCode, 67)
  assert.deepEqual(await idsOf(program), ids, 'an unknown id is found before anything is dropped')
  const one = await json<QuarantineDropResult>(['quarantine', 'drop', String(ids[0]), '--yes'])
  assert.deepEqual(one.result, {dropped: [{id: ids[0], reason: 'unknown-recipient'}], changed: true})
  await program.store.db
    .updateTable('quarantine')
    .set({created_at: new Date().toISOString()})
    .where('id', '=', ids[2]!)
    .execute()
  const old = ['quarantine', 'drop', '--reason', 'unknown-recipient', '--older-than', '1', '--yes']
  assert.match((await run(old)).stdout, /^3 quarantined mails removed\.$/m)
  assert.deepEqual(await idsOf(program), [ids[2]])
  assert.deepEqual((await json<QuarantineDropResult>(old)).result, {dropped: [], changed: false})
})

test('a person is asked before mail is dropped', {skip: missing('script')}, async (t) => {
  const program = await startProgram(t, 'sqlite')
  await program.deliver(strays(2))
  const env = {POSTDESK_HOME: program.home, POSTDESK_STORE: program.store.url, CI: undefined}
  const ask = (answer: string) => {
    const command = `${process.execPath} ${join(ROOT, 'bin/run.js')} quarantine drop --reason unknown-recipient; echo ended $?`
    const terminal = openTerminal(t, command, env)
    return terminal
      .waitFor(/Remove 2 quarantined mails \(\d+ B\) for good\?/)
      .then(() => terminal.type(`${answer}\r`))
      .then(() => terminal.waitFor(/ended \d+/))
  }
  assert.match(await ask('n'), /ended 64/)
  assert.equal((await idsOf(program)).length, 2)
  assert.match(await ask('y'), /ended 0/)
  assert.deepEqual(await idsOf(program), [])
})

test('mail is exported into a directory, and one by itself to standard output', async (t) => {
  const program = await startProgram(t, 'sqlite')
  const mails = strays(3)
  await program.deliver(mails)
  const ids = await idsOf(program)
  const out = join(program.home, 'out')
  const {result} = await program.json<QuarantineExportResult>(['quarantine', 'export', '--all', '--out', out])
  assert.deepEqual([result.directory, result.items.length, result.changed], [out, 3, true])
  assert.equal((await readdir(out)).length, 4)
  const again = await program.run(['quarantine', 'export', ...ids.map(String), '--out', out])
  assert.equal(again.stdout, `${out}: 0 written, 3 there already.\n`)
  const printed = await program.run(['quarantine', 'export', String(ids[1])])
  assert.equal(printed.stdout, mails[1]!.toString())
  for (const words of [[String(ids[0]), '--json'], [String(ids[0]), String(ids[1])], ['--all']])
    assert.equal((await program.run(['quarantine', 'export', ...words])).code, 64, words.join(' '))
  assert.equal((await program.json(['quarantine', 'export', '9999', '--out', out])).exitCode, 67)
})

test('after the repair all of a reason is tried again, and said one by one where that is asked for', async (t) => {
  const program = await startProgram(t, 'sqlite')
  const {json, run} = program
  await program.deliver([...strays(120), ...strays(2, {To: 'gone@acme.example'})])
  assert.equal((await run(['email', 'add', 'internal', 'nobody', '--name', 'N', '--queue', 'support'])).code, 0)
  const {stdout, stderr} = await run(['quarantine', 'retry', '--reason', 'unknown-recipient'])
  assert.match(stderr, /^122 mails to try$/m)
  assert.match(stdout, /^122 mails: 120 created, 2 quarantined$/m)
  assert.equal(stdout.match(/unknown-recipient/g)?.length, 2, 'of many only those are told that stay')
  assert.match(stderr, /^! 2 of 122 stay in the quarantine$/m)
  const lines = (await run(['quarantine', 'retry', '--all', '--jsonl'])).stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as {outcome: string}).outcome),
    ['quarantined', 'quarantined'],
  )
  const {result} = await json<QuarantineRetryResult>(['quarantine', 'retry', '--all'])
  assert.deepEqual([result.items.length, result.counts, result.changed], [2, {quarantined: 2}, false])
  await program.store.db.updateTable('quarantine').set({purged_at: NOW}).execute()
  const [id] = (await json<QuarantinePage>(['quarantine', 'list', '--purged'])).result.items.map(({id}) => String(id))
  const purged = await json<QuarantineRetryResult>(['quarantine', 'retry', id!])
  assert.deepEqual([purged.exitCode, purged.error?.code], [65, 'QUARANTINED_MAIL_PURGED'])
  assert.equal(
    (await run(['quarantine', 'list'])).stdout,
    'Nothing waits in the quarantine; 2 purged (--purged lists them).\n',
  )
  assert.match((await run(['quarantine', 'retry'])).stderr, /quarantine retry ID\n.*--reason, --channel or --all/)
  for (const words of [[], ['12', '--all'], ['--all', '--reason', 'loop']])
    assert.equal((await json(['quarantine', 'retry', ...words])).exitCode, 64, words.join(' '))
})

test('an address that is switched on takes in all that waits, however much it is', async (t) => {
  const program = await startProgram(t, 'sqlite')
  await program.run(['email', 'update', 'support@acme.example', '--no-active'])
  await program.deliver(Array.from({length: 450}, () => customerMail()))
  const {result} = await program.json<EmailUpdateResult>(['email', 'update', 'support@acme.example', '--active'])
  assert.deepEqual([result.waiting, result.takenIn.length, result.changed], [450, 450, true])
  assert.deepEqual(new Set(result.takenIn.map(({outcome}) => outcome)), new Set(['created']))
  assert.deepEqual(await idsOf(program), [])
})

test('a delivery that fills the quarantine makes room in it', async (t) => {
  const program = await startProgram(t, 'sqlite')
  await program.deliver(strays(5))
  await ageQuarantine(program.store, 3650)
  const words = ['email', 'deliver', '--recipient=nobody@acme.example', '--quarantine-unknown', '--portal', 'acme']
  const {code} = await postdesk(words, {
    home: program.home,
    env: {POSTDESK_STORE: program.store.url},
    input: strays(1)[0]!,
  })
  assert.equal(code, 0)
  const {result} = await program.json<QuarantinePage>(['quarantine', 'list'])
  assert.deepEqual([result.counts, result.purged], [{'unknown-recipient': 4}, 2])
})

/** The commands that write and send mail, as a script calls them. */
import assert from 'node:assert/strict'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {describe, test, type TestContext} from 'node:test'
import {startAccountDesk, type AccountDesk} from '../support/accounts.ts'
import {mail} from '../support/portal.ts'
import {startSmtpSink, type SmtpSink, type SmtpSinkOptions} from '../support/smtp-sink.ts'
import {STORES, type StoreKind} from '../support/stores.ts'

const ADDRESS = 'care@provider.example'
const PASSWORD = 'correct-horse'

interface Answering {
  readonly desk: AccountDesk
  readonly sink: SmtpSink
}

/** A portal whose queue answers by an SMTP address, with one ticket of Jane's. */
async function startAnswering(t: TestContext, kind: StoreKind, options: SmtpSinkOptions = {}): Promise<Answering> {
  const desk = await startAccountDesk(t, kind)
  const sink = await startSmtpSink(t, {auth: {user: 'care', pass: PASSWORD}, ...options})
  desk.env['CARE_PASSWORD'] = PASSWORD
  await desk.json(
    0,
    `email add smtp ${ADDRESS} --host ${sink.host} --port ${sink.port} --security none --user care --password-env CARE_PASSWORD --queue support`,
  )
  await desk.json(0, `queue update support --sender ${ADDRESS}`)
  await takeMail(desk, 'jane@example.com')
  return {desk, sink}
}

async function takeMail(desk: AccountDesk, from: string): Promise<void> {
  const headers = {
    From: from,
    To: 'support@acme.example',
    Subject: `Question of ${from}`,
    Date: new Date().toUTCString(),
    'Message-ID': `<${from}>`,
  }
  const {code} = await desk.run(
    `email deliver --recipient=support@acme.example --sender=${from}`,
    String(mail(headers, 'How?\n')),
  )
  assert.equal(code, 0)
}

for (const kind of STORES)
  describe(`answering by commands on ${kind}`, () => {
    test('ticket reply sends, and says what became of each recipient', async (t) => {
      const {desk, sink} = await startAnswering(t, kind, {refuse: [/bob@/]})
      const {result} = await desk.json(0, 'ticket reply 1 --body Yes.')
      assert.deepEqual(
        [result.number, result.from, result.to, result.cc, result.leftOut, result.changed],
        [1, ADDRESS, [{name: '', address: 'jane@example.com'}], [], [], true],
      )
      assert.deepEqual(
        result.delivery.map(({address, state}: {address: string; state: string}) => [address, state]),
        [['jane@example.com', 'sent']],
      )
      assert.equal(sink.mails.length, 1)
      const partly = await desk.json(27, 'ticket reply 1 --body More. --cc bob@example.com')
      assert.equal(partly.error.code, 'NOT_SENT')
      assert.match(partly.error.serverReply, /^550 5\.1\.1/)
      assert.deepEqual(
        partly.result.delivery.map(({state}: {state: string}) => state),
        ['failed', 'sent'],
      )
    })

    test('a reply that cannot leave now is kept, and its command need not be repeated', async (t) => {
      const {desk, sink} = await startAnswering(t, kind)
      await sink.stop()
      const {result, warnings} = await desk.json(0, 'ticket reply 1 --body Yes.')
      assert.equal(result.delivery[0].state, 'queued')
      assert.match(warnings[0]!, /waits in the outbox as \d+.*do not write it again/)
      const {items} = (await desk.json(0, 'outbox list')).result
      assert.deepEqual(
        items.map(({id, ticket, channel, by, attempts}: Record<string, unknown>) => [
          id,
          ticket,
          channel,
          by,
          attempts,
        ]),
        [[result.message, 1, ADDRESS, ADDRESS, 0]],
      )
      assert.match(items[0].obstacle.code, /^TCP_/)
      const status = (await desk.json(2, 'email status --fail-on error')).result
      assert.deepEqual(status.outbox, {queued: 1})
      assert.ok(status.findings.some(({code}: {code: string}) => code === 'SENDER_FAILING'))
    })

    test('a refused password pauses the address, says whose turn it is, and a new one lets everything leave', async (t) => {
      const {desk, sink} = await startAnswering(t, kind)
      desk.env['CARE_PASSWORD'] = 'changed-by-somebody'
      const refused = await desk.json(24, 'ticket reply 1 --body Yes.')
      assert.equal(refused.result.delivery[0].state, 'queued')
      assert.match(refused.error.why, /kept in the outbox/)
      assert.equal((await desk.json(0, `email show ${ADDRESS}`)).result.state, 'failing')
      const held = await desk.json(24, 'outbox send')
      assert.deepEqual(
        [held.result.held[0].address, held.result.held[0].paused, held.result.held[0].waiting],
        [ADDRESS, true, 1],
      )
      assert.equal(sink.logins(), 2, 'one to add it, one that was refused')
      desk.env['CARE_PASSWORD'] = PASSWORD
      await desk.json(0, `email update ${ADDRESS} --password-env CARE_PASSWORD`)
      assert.equal((await desk.json(0, 'outbox send')).result.sent, 1)
    })

    test('email sync sends what is due, also where no mailbox is pulled', async (t) => {
      const {desk, sink} = await startAnswering(t, kind)
      await desk.json(0, `email update ${ADDRESS} --no-active`)
      const held = await desk.json(0, 'ticket reply 1 --body Yes.')
      assert.match(held.warnings[0]!, /switched off/)
      assert.equal((await desk.json(0, 'outbox list')).result.items[0].obstacle.code, 'CHANNEL_INACTIVE')
      await desk.json(0, `email update ${ADDRESS} --active`)
      await desk.json(78, 'email sync')
      assert.equal(sink.mails.length, 1)
      const maildir = join(desk.home, 'maildir')
      for (const part of ['new', 'cur', 'tmp']) await mkdir(join(maildir, part), {recursive: true})
      await desk.json(0, `portal inbound set maildir --path ${maildir}`)
      await takeMail(desk, 'zoe@example.com')
      await sink.stop()
      await desk.json(0, 'ticket reply 2 --body Later.')
      const {result, warnings} = await desk.json(0, 'email sync')
      assert.deepEqual(
        result.outbox.held.map(({address, paused}: Record<string, unknown>) => [address, paused]),
        [[ADDRESS, false]],
      )
      assert.ok(warnings.some((warning) => warning.startsWith('1 mail waits for care@provider.example')))
    })

    test('outbox retry and cancel take ids, and say why one is not changed', async (t) => {
      const {desk, sink} = await startAnswering(t, kind)
      const {message} = (await desk.json(0, 'ticket reply 1 --body Yes.')).result
      const again = (await desk.json(0, `outbox retry ${message}`)).result
      assert.deepEqual([again.changed, again.unchanged], [false, [{id: message, why: 'it was sent to everyone'}]])
      assert.equal((await desk.json(67, 'outbox cancel 999')).error.exitCode ?? 67, 67)
      assert.deepEqual((await desk.json(64, 'outbox retry')).error.missing, ['ID'])
      assert.equal(sink.mails.length, 1)
    })

    test('a text without words is refused, and nobody is asked; a ticket whose answer nobody got is not closed', async (t) => {
      const {desk, sink} = await startAnswering(t, kind, {refuse: [/jane@/]})
      for (const [line, input] of [
        ['ticket reply 1', ''],
        ['ticket reply 1', ' \n'],
        [`ticket add --to zoe@example.com --from ${ADDRESS} --subject Hi`, ''],
      ] as const)
        assert.deepEqual((await desk.json(64, line, input)).error.missing, ['--body'])
      assert.equal(sink.mails.length, 0)
      const refused = await desk.json(27, 'ticket reply 1 --close', 'Bye')
      assert.match(refused.error.fixes[1].command, new RegExp(`outbox retry ${refused.result.message} `))
      assert.equal((await desk.json(0, 'ticket show 1')).result.status, 'open')
    })

    test('a password that is set anew is tried at once', async (t) => {
      const {desk} = await startAnswering(t, kind)
      desk.env['CARE_PASSWORD'] = 'changed-by-somebody'
      await desk.json(24, 'ticket reply 1 --body Yes. --close')
      assert.equal(
        (await desk.json(0, 'ticket show 1')).result.status,
        'closed',
        'the answer is kept, and leaves later',
      )
      const held = await desk.json(24, 'outbox send')
      assert.ok(held.error.fixes.length > 0, 'as much is told as at first')
      await desk.json(0, `secret set acme/${ADDRESS}/password --value-stdin`, PASSWORD)
      assert.equal((await desk.json(0, 'outbox send')).result.sent, 1)
    })

    test('ticket add opens a ticket whose first mail is ours; files go with it as they are', async (t) => {
      const {desk, sink} = await startAnswering(t, kind)
      const file = join(desk.home, 'note.bin')
      await writeFile(file, Buffer.from([0, 255, 13, 10, 46]))
      const add = `ticket add --to zoe@example.com --from ${ADDRESS} --subject Hello`
      const {result} = await desk.json(0, `${add} --body Hi --attach ${file}`)
      assert.equal(result.number, 2)
      assert.match(String(sink.mails[0]!.raw), /AP8NCi4=/)
      const {missing} = (await desk.json(64, 'ticket add')).error
      assert.deepEqual(missing, ['--to', '--from', '--subject', '--body'])
      await desk.json(66, `${add} --body Hi --attach ${file}.not`)
      await desk.json(67, `ticket add --to zoe@example.com --from nobody@acme.example --subject Hello --body Hi`)
      await desk.json(64, `ticket add --to not-an-address --from ${ADDRESS} --subject Hello --body Hi`)
      const {tickets} = (await desk.json(0, 'ticket list')).result
      assert.equal(tickets.length, 2, 'what was refused has left nothing')
    })
  })

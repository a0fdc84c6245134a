import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {NotUnderstood} from '../../src/lib/diagnosis/not-understood.ts'
import {openWire} from '../../src/lib/diagnosis/open-wire.ts'
import {smtpDialog} from '../../src/lib/diagnosis/smtp-dialog.ts'
import {startScriptedSmtp} from '../support/scripted-smtp.ts'

/** A dialog with a server that greets with these bytes, and what of it was told. */
async function greetedWith(t: TestContext, greeting: string) {
  const server = await startScriptedSmtp(t, {greeting: ({raw}) => raw(greeting)})
  const told: string[] = []
  const wire = await openWire(server.host, server.port, {
    connectMs: 5000,
    replyMs: 300,
    signal: t.signal,
    note: (from, text) => told.push(`${from}: ${text}`),
  })
  t.after(() => wire.close())
  return {server, told, dialog: smtpDialog(wire)}
}

const notUnderstood = (why: RegExp, received: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof NotUnderstood, String(error))
  assert.equal(error.code, 'NOT_UNDERSTOOD')
  assert.match(error.message, why)
  if (typeof received === 'string') assert.equal(error.received, received)
  else assert.match(error.received, received)
  return true
}

test('a reply has its code, its lines, and the whole of it as it came', async (t) => {
  const {dialog, server, told} = await greetedWith(t, '220-mail.example ESMTP\r\n220-\r\n220 ready\r\n')
  assert.deepEqual(await dialog.reply(), {
    code: 220,
    lines: ['mail.example ESMTP', '', 'ready'],
    text: '220-mail.example ESMTP\n220-\n220 ready',
  })
  server.script = {NOOP: ({raw}) => raw('250\r\n'), AUTH: ({reply}) => reply('535 5.7.8 no')}
  assert.deepEqual(await dialog.command('NOOP'), {code: 250, lines: [''], text: '250'})
  assert.equal((await dialog.command('AUTH PLAIN AGEAYg==', 'AUTH PLAIN [secret]')).code, 535)
  assert.deepEqual(server.commands, ['NOOP', 'AUTH PLAIN AGEAYg=='])
  assert.deepEqual(
    told.filter((line) => line.startsWith('client')),
    ['client: NOOP', 'client: AUTH PLAIN [secret]'],
  )
})

test('lines that end with a bare LF are read', async (t) => {
  const {dialog} = await greetedWith(t, '220-mail.example\n220 ready\n')
  assert.deepEqual((await dialog.reply()).lines, ['mail.example', 'ready'])
})

test('what is no reply of SMTP is said to be none, with what came', async (t) => {
  const cases: readonly (readonly [string, RegExp, string | RegExp])[] = [
    ['* OK IMAP4rev1 ready\r\n', /no code/, '* OK IMAP4rev1 ready'],
    ['HTTP/1.1 400 Bad Request\r\n', /no code/, 'HTTP/1.1 400 Bad Request'],
    ['\r\n', /no code/, ''],
    ['150 nothing begins with 1\r\n', /no code/, /150/],
    ['220-mail.example\r\nready\r\n', /a line .* no code/, '220-mail.example\nready'],
    ['220-mail.example\r\n250 ready\r\n', /two codes, 220 and 250/, '220-mail.example\n250 ready'],
    ['220-again\r\n'.repeat(300), /longer than 200 lines/, /^220-again\n/],
    [`220-${'x'.repeat(70_000)}\r\n220 end\r\n`, /longer than .* 65536 characters/, /^220-x+$/],
  ]
  for (const [greeting, why, received] of cases) {
    const {dialog} = await greetedWith(t, greeting)
    await assert.rejects(dialog.reply(), notUnderstood(why, received))
  }
})

test('silence and a closed connection are told apart', async (t) => {
  const silent = await greetedWith(t, '220-and then\r\n')
  await assert.rejects(silent.dialog.reply(), {code: 'REPLY_TIMEOUT'})
  const closing = await greetedWith(t, '220 ready\r\n')
  await closing.dialog.reply()
  closing.server.script = {NOOP: ({hangUp}) => hangUp()}
  await assert.rejects(closing.dialog.command('NOOP'), {code: 'CLOSED'})
})

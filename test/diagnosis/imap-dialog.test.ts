import assert from 'node:assert/strict'
import {test, type TestContext} from 'node:test'
import {imapDialog} from '../../src/lib/diagnosis/imap-dialog.ts'
import {NotUnderstood} from '../../src/lib/diagnosis/not-understood.ts'
import {openWire} from '../../src/lib/diagnosis/open-wire.ts'
import {type Exchange, startScriptedImap} from '../support/scripted-imap.ts'

/** A dialog with a server that greets with this line and answers NOOP so, and what of it was told. */
async function speaking(t: TestContext, greeting: string, noop: (exchange: Exchange) => void = ({ok}) => ok()) {
  const server = await startScriptedImap(t, [])
  server.script.set('greeting', ({line}) => line(greeting)).set('NOOP', noop)
  const told: string[] = []
  const wire = await openWire('127.0.0.1', server.port, {
    connectMs: 5000,
    replyMs: 300,
    signal: t.signal,
    note: (from, text) => told.push(`${from}: ${text}`),
  })
  t.after(() => wire.close())
  return {server, told, dialog: imapDialog(wire)}
}

/** Greeted, and past it. */
async function answering(t: TestContext, noop: (exchange: Exchange) => void) {
  const speaker = await speaking(t, '* OK ready', noop)
  await speaker.dialog.greeting()
  return speaker
}

test('a greeting has its status and its text', async (t) => {
  const said = async (line: string) => (await speaking(t, line)).dialog.greeting()
  const untagged: string[] = []
  assert.deepEqual(await said('* OK [CAPABILITY IMAP4rev1] ready'), {
    status: 'OK',
    text: '[CAPABILITY IMAP4rev1] ready',
    untagged,
  })
  assert.deepEqual(await said('* preauth welcome'), {status: 'PREAUTH', text: 'welcome', untagged})
  assert.deepEqual(await said('* BYE too many'), {status: 'BYE', text: 'too many', untagged})
  for (const line of ['220 mail.example ESMTP', '+OK POP3', '* HELLO', ''])
    await assert.rejects(said(line), (error) => error instanceof NotUnderstood && error.received === line)
})

test('an answer is all that came until the tag came back', async (t) => {
  const {dialog, server, told} = await answering(t, ({line, ok}) => {
    line('* 3 EXISTS')
    line('* OK [ALERT] maintenance tonight')
    ok('[READ-ONLY] done')
  })
  assert.deepEqual(await dialog.command('NOOP', {shown: 'NOOP [secret]'}), {
    status: 'OK',
    text: '[READ-ONLY] done',
    untagged: ['3 EXISTS', 'OK [ALERT] maintenance tonight'],
  })
  server.script.set('NOOP', ({no}) => no('[UNAVAILABLE] later'))
  assert.deepEqual(await dialog.command('NOOP'), {status: 'NO', text: '[UNAVAILABLE] later', untagged: []})
  server.script.set('NOOP', ({tag, raw}) => raw(`${tag} BAD\r\n`))
  assert.deepEqual(await dialog.command('NOOP'), {status: 'BAD', text: '', untagged: []})
  assert.deepEqual(
    told.filter((line) => line.startsWith('client')),
    ['client: p1 NOOP [secret]', 'client: p2 NOOP', 'client: p3 NOOP'],
  )
})

test('literals are read by their length, whatever stands in them', async (t) => {
  const held = 'p1 OK "not the end"\r\n* \\'
  const {dialog} = await answering(t, ({raw, tag}) =>
    raw(`* LIST () "/" {${held.length}}\r\n${held}\r\n* 1 FETCH (A {0}\r\n B ~{3}\r\nabc C)\r\n${tag} OK done\r\n`),
  )
  assert.deepEqual((await dialog.command('NOOP')).untagged, [
    'LIST () "/" "p1 OK \\"not the end\\"\r\n* \\\\"',
    '1 FETCH (A "" B "abc" C)',
  ])
})

test('what is asked for on the way is given, and given up where there is nothing to give', async (t) => {
  const {dialog, server, told} = await answering(t, ({ok}) => ok())
  const asked: string[] = []
  const answers = ['AGhlbHAAY29ycmVjdCBob3JzZSBiYXR0ZXJ5']
  const command = () =>
    dialog.command('AUTHENTICATE PLAIN', {
      answer: (challenge) => {
        asked.push(challenge)
        const line = answers.shift()
        return line === undefined ? null : {line, shown: '[secret]'}
      },
    })
  server.script.set('AUTHENTICATE', ({line}) => line('+ c29tZXRoaW5n'))
  assert.equal((await command()).status, 'OK')
  assert.deepEqual(asked, ['c29tZXRoaW5n'])
  server.script.set('LOGIN', ({args, bad}) => bad(`gave up with ${Buffer.from(args).toString('base64')}`))
  server.script.set('AUTHENTICATE', ({raw}) => raw('+\r\n'))
  assert.deepEqual(await command(), {status: 'BAD', text: 'gave up with ', untagged: []})
  assert.deepEqual(
    told.filter((line) => line.startsWith('client')),
    ['client: p1 AUTHENTICATE PLAIN', 'client: [secret]', 'client: p2 AUTHENTICATE PLAIN', 'client: *'],
  )
})

test('a server that says goodbye in place of an answer has answered', async (t) => {
  const {dialog} = await answering(t, ({line, hangUp}) => {
    line('* BYE [UNAVAILABLE] shutting down')
    hangUp()
  })
  assert.deepEqual(await dialog.command('NOOP'), {
    status: 'BYE',
    text: '[UNAVAILABLE] shutting down',
    untagged: ['BYE [UNAVAILABLE] shutting down'],
  })
})

test('what is no answer of IMAP is said to be none', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['hello\r\n', /none to what was asked/],
    ['p9 OK done\r\n', /none to what was asked/],
    ['p1 PREAUTH done\r\n', /none to what was asked/],
    ['+ go on\r\n', /asks for more/],
    ['* LIST () "/" {999999999}\r\n', /longer than/],
    [`* ${'x'.repeat(100_000)}\r\n`.repeat(12), /longer than/],
  ]
  for (const [answer, why] of cases) {
    const {dialog} = await answering(t, ({raw}) => raw(answer))
    await assert.rejects(dialog.command('NOOP'), (error) => {
      assert.ok(error instanceof NotUnderstood, String(error))
      assert.match(error.message, why)
      assert.ok(answer.includes(error.received.trim()), error.received)
      return true
    })
  }
  const {dialog} = await answering(t, ({raw}) => raw('+ more\r\n'.repeat(10)))
  const answer = () => ({line: 'x', shown: 'x'})
  await assert.rejects(dialog.command('NOOP', {answer}), /does not stop asking/)
})

test('silence and a closed connection are told apart', async (t) => {
  const {dialog} = await answering(t, ({line}) => line('* 1 EXISTS'))
  await assert.rejects(dialog.command('NOOP'), {code: 'REPLY_TIMEOUT'})
  const closing = await answering(t, ({hangUp}) => hangUp())
  await assert.rejects(closing.dialog.command('NOOP'), {code: 'CLOSED'})
})

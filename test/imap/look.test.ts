import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {SoughtMail} from '../../src/lib/channel/inbound-look.ts'
import {imapLook} from '../../src/lib/imap/look.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {dovecotMissing, startDovecot, type DovecotServer} from '../support/dovecot.ts'

const skip = dovecotMissing()
const {signal} = new AbortController()
const SOUGHT: SoughtMail = {
  field: 'X-Postdesk-Probe',
  word: 'probe.k7f3',
  messageId: 'probe.k7f3@acme.example',
  subject: '[probe 7F3K]',
}
const JUNK = `
namespace inbox {
  mailbox Unwanted {
    auto = create
    special_use = \\Junk
  }
  mailbox Archive {
    auto = create
  }
}
`

const lookAt = ({port, user, password}: DovecotServer, since = new Date().toISOString()) =>
  imapLook({host: '127.0.0.1', port, security: 'none', user, password: new Secret(password), mailbox: 'INBOX'}, since)

const mail = (header: string, body = 'Hello') => Buffer.from(`X: y\r\n${header}\r\n\r\n${body}\r\n`)
const probe = mail('X-Postdesk-Probe: probe.k7f3')

test('a mail is found by its field or by its id, each time once, and nothing is altered', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox', configuration: JUNK})
  const look = lookAt(server)
  t.after(() => look.close())
  assert.deepEqual(await look.find([SOUGHT], signal), [], 'an empty mailbox')
  await server.append(mail('X-Postdesk-Probe: probe.other', 'probe.k7f3 in the words of a stranger'))
  assert.deepEqual(await look.find([SOUGHT], signal), [])

  await server.append(probe)
  await server.append(mail('Message-ID: <probe.k7f3@acme.example>'))
  await server.append(mail('Subject: Fwd: [probe 7F3K] please ignore'))
  const found = await look.find([SOUGHT], signal)
  assert.deepEqual(
    found.map(({place, role, isWhole}) => [place, role, isWhole]),
    [
      ['INBOX', 'inbound', true],
      ['INBOX', 'inbound', true],
      ['INBOX', 'inbound', true],
    ],
  )
  assert.deepEqual(Buffer.from(found[0]!.raw), probe)
  assert.ok(Math.abs(Date.parse(found[0]!.receivedAt!) - Date.now()) < 60_000)
  assert.deepEqual(await look.find([SOUGHT], signal), [], 'not a second time')
  const flags = await server.withMailbox(async (client) =>
    (await client.fetchAll('1:*', {flags: true})).map(({flags}) =>
      [...(flags ?? [])].filter((flag) => flag !== '\\Recent'),
    ),
  )
  assert.deepEqual(flags, [[], [], [], []], 'nothing is marked as read')
})

test('a report is found by the id that it returns, a letter that quotes it is not', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox'})
  const look = lookAt(server)
  t.after(() => look.close())
  const returned = `--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <${SOUGHT.messageId}>\r\n--x--`
  await server.append(mail('Content-Type: multipart/report; report-type=delivery-status; boundary=x', returned))
  await server.append(mail('Content-Type: text/plain', `about <${SOUGHT.messageId}>`))
  const found = await look.find([SOUGHT], signal)
  assert.equal(found.length, 1)
  assert.match(Buffer.from(found[0]!.raw).toString(), /multipart\/report/)
})

test('the mailbox for junk is looked into, too; all others at the end', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox', configuration: JUNK})
  const look = lookAt(server)
  t.after(() => look.close())
  await server.append(probe, 'Unwanted')
  await server.append(probe, 'Archive')
  const found = await look.find([SOUGHT], signal)
  assert.deepEqual(
    found.map(({place, role}) => [place, role]),
    [['Unwanted', 'junk']],
  )
  const anywhere = await look.findAnywhere([SOUGHT], signal)
  assert.deepEqual(
    anywhere.map(({place, role}) => [place, role]),
    [['Archive', 'other']],
  )
})

test('a mail that is larger than it could be is read to a bound', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox'})
  const look = lookAt(server)
  t.after(() => look.close())
  await server.append(mail('X-Postdesk-Probe: probe.k7f3', 'x'.repeat(70).concat('\r\n').repeat(10_000)))
  const [found] = await look.find([SOUGHT], signal)
  assert.deepEqual([found?.raw.length, found?.isWhole], [256 * 1024, false])
})

test('two probes are looked for at once, and a lost connection is made again', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox'})
  const look = lookAt(server)
  t.after(() => look.close())
  await look.find([SOUGHT], signal)
  look.close()
  const second = {...SOUGHT, word: 'probe.p9q2', messageId: 'probe.p9q2@acme.example', subject: '[probe X]'}
  await server.append(mail('X-Postdesk-Probe: probe.p9q2'))
  await server.append(probe)
  assert.equal((await look.find([SOUGHT, second], signal)).length, 2)
})

test('a signal ends a look, and a refused login is told as what it is', {skip}, async (t) => {
  const server = await startDovecot(t, {storage: 'sdbox'})
  const ended = new AbortController()
  ended.abort(new Error('enough'))
  await assert.rejects(lookAt(server).find([SOUGHT], ended.signal), /enough/)
  const wrong = lookAt({...server, password: 'wrong'})
  await assert.rejects(wrong.find([SOUGHT], signal), {code: 'DOVECOT_LOGIN_REFUSED'})
})

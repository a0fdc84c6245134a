import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {ImapFlow} from 'imapflow'
import {startDemoServer} from '../../scripts/demo/imap-server.ts'
import {demoMails} from '../../scripts/demo/mails.ts'

const [user, password] = ['catchall@acme.example', 'it is a demo']

async function start(t: TestContext) {
  const mails = await demoMails(new Date('2026-03-04T05:06:07Z'))
  const server = await startDemoServer(mails, user, password)
  t.after(() => server.stop())
  return {mails, server}
}

async function connect(t: TestContext, port: number, pass = password): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port,
    secure: false,
    doSTARTTLS: false,
    logger: false,
    disableAutoIdle: true,
    auth: {user, pass},
  })
  client.on('error', () => {})
  t.after(() => client.close())
  await client.connect()
  return client
}

describe('the IMAP server of the demo', () => {
  test('says by STATUS and EXAMINE what is there', async (t) => {
    const {mails, server} = await start(t)
    const client = await connect(t, server.port)
    const status = await client.status('INBOX', {messages: true, uidNext: true, uidValidity: true})
    assert.ok(status)
    assert.deepEqual([status.messages, status.uidNext], [mails.length, mails.length + 1])
    const mailbox = await client.mailboxOpen('INBOX', {readOnly: true})
    assert.deepEqual(
      [mailbox.exists, mailbox.uidNext, mailbox.uidValidity],
      [mails.length, mails.length + 1, status.uidValidity],
    )
    assert.equal(mailbox.readOnly, true)
  })

  test('finds by UID, and gives the very bytes and the time of arrival, and marks nothing as read', async (t) => {
    const {mails, server} = await start(t)
    const client = await connect(t, server.port)
    await client.mailboxOpen('INBOX', {readOnly: true})
    assert.deepEqual(await client.search({uid: '3:5'}, {uid: true}), [3, 4, 5])
    assert.deepEqual(
      await client.search({uid: `${mails.length + 1}:*`}, {uid: true}),
      [mails.length],
      '* is the last one',
    )
    const rows = await client.fetchAll(
      '1:*',
      {uid: true, source: true, internalDate: true, size: true, flags: true},
      {uid: true},
    )
    assert.equal(rows.length, mails.length)
    for (const [index, row] of rows.entries()) {
      const mail = mails[index]!
      assert.deepEqual(row.source, mail.raw)
      assert.equal(row.size, mail.raw.length)
      assert.equal(new Date(row.internalDate!).getTime(), Math.floor(mail.arrived.getTime() / 1000) * 1000)
      assert.deepEqual([...row.flags!], [])
    }
  })

  test('refuses a wrong password', async (t) => {
    const {server} = await start(t)
    await assert.rejects(connect(t, server.port, 'wrong'), {authenticationFailed: true})
  })

  test('stops at once, with a client connected', async (t) => {
    const {server} = await start(t)
    const client = await connect(t, server.port)
    const closed = new Promise((resolve) => client.once('close', resolve))
    await server.stop()
    await closed
  })
})

describe('the mails of the demo', () => {
  test('have CRLF line ends, rising arrivals, and every kind of oddity once', async () => {
    const mails = await demoMails()
    const texts = mails.map(({raw}) => raw.toString('latin1'))
    for (const [index, text] of texts.entries()) {
      assert.ok(!/(^|[^\r])\n/.test(text), `mail ${index} has only CRLF`)
      assert.ok(index === 0 || mails[index]!.arrived >= mails[index - 1]!.arrived)
    }
    const count = (pattern: RegExp) => texts.filter((text) => pattern.test(text)).length
    assert.equal(texts.length - count(/^Message-ID:/im), 1, 'one without Message-ID')
    assert.equal(count(/^Subject: .*[\x80-\xff]/m), 1, 'one with a raw 8-bit header')
    assert.equal(count(/^Delivered-To: sales@/m), 1, 'one to an unknown address')
    assert.equal(count(/^Message-ID: <tom-1@/m), 2, 'one that came twice')
    assert.equal(count(/^Auto-Submitted: auto-replied/m), 1, 'one out of office')
    assert.ok(count(/^References:/m) >= 5)
  })
})

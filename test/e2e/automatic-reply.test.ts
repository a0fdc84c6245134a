/** Automatic replies on their whole way: from the mail of a customer to his mailbox, and what comes back of them. */
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {writeFile} from 'node:fs/promises'
import {test} from 'node:test'
import {GHOST, mailWorldMissing, SALES, startMailWorld, type Received} from '../support/customer-mailbox.ts'
import {startDns} from '../support/dns-server.ts'
import {addSales, startMailDesk} from '../support/mail-desk.ts'
import {deliverToMaildir, makeMaildir} from '../support/maildir.ts'
import {mail} from '../support/portal.ts'
import {provision} from '../support/provision.ts'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'
import {startSmtpSink} from '../support/smtp-sink.ts'
import {submissionMissing} from '../support/submission.ts'

const skip = mailWorldMissing() || submissionMissing()

const SUPPORT = 'support@acme.example'
const TOKEN = '[a-z2-7]{26}'

/** What came first into the mailbox stands first in the mail: its last server wrote it. */
const returnPath = ({raw}: Received) => /^Return-Path: <([^>]*)>\r?$/m.exec(raw.toString('latin1'))?.[1]

const from = ({mail}: Received) => mail.from?.value[0]

test('an automatic reply', {skip}, async (t) => {
  const world = await startMailWorld(t)
  const desk = await startMailDesk(t, world)
  await addSales(t, world, desk, ['--name', '{agent} | Acme Sales'])
  const body = join(desk.home, 'reply.txt')
  await writeFile(
    body,
    'Ticket {ticket} is in "{queue}" <b>now</b> & {{open}.\n\nhttps://acme.example/help\n{portal}, {date}\n',
  )
  await desk.done([
    ...['email', 'update', SUPPORT, '--name', 'Acme Hỗ trợ', '--auto-reply'],
    ...['--auto-reply-subject', 'We got your mail [#{ticket}]', '--auto-reply-body-file', body],
  ])
  await desk.done(['portal', 'update', 'acme', '--name', 'Acme & Söhne'])
  const server = (port: number) => ['--host', '127.0.0.1', '--port', String(port), '--security', 'none']

  /** Takes in mails that open a ticket each; gives their numbers, and what was decided about an answer. */
  const decisions = async (count: number) => {
    const tickets = []
    for (const line of await desk.take(count)) {
      assert.equal(line.outcome, 'created')
      const {messages, number, subject} = await desk.show(line.ticket!)
      tickets.push({number, subject, ...messages.find(({direction}) => direction === 'in')!.autoReply!})
    }
    return tickets
  }
  const decided = async () => (await decisions(1))[0]!
  const waiting = async () => (await desk.json<{items: readonly object[]}>(['outbox', 'list'])).result.items

  await t.test('is decided on and kept back while the portal has no relay', async () => {
    const jim = world.customer('jim')
    await jim.write({to: SUPPORT, subject: 'Hello', text: 'Hello'})
    const {send, why, number} = await decided()
    assert.equal(send, true)
    assert.match(why, /it cannot leave: the portal has no relay/)
    assert.deepEqual(await waiting(), [], 'nothing waits for a relay that may come some day')
    assert.equal((await desk.show(number)).messages.length, 1)
    const status = await desk.json<{findings: readonly {code: string}[]}>(['email', 'status'])
    assert.ok(status.result.findings.some(({code}) => code === 'AUTO_REPLY_WITHOUT_RELAY'))
  })

  await desk.done(['portal', 'relay', 'set', 'smtp', ...server(world.smtpPort)])

  await t.test('is from the internal address and repeats nothing of what the sender wrote', async () => {
    const jane = world.customer('jane', 'SECRET Jane" <b>')
    const id = await jane.write({
      to: `SECRET <${SUPPORT}>`,
      subject: 'SECRET [#1] {ticket} <script>',
      text: 'SECRET https://secret.example/',
      headers: {'Reply-To': `SECRET <${jane.address}>`, 'X-Secret': 'SECRET'},
      attachments: [{filename: 'SECRET.txt', content: Buffer.from('SECRET')}],
    })
    const {number, send} = await decided()
    assert.equal(send, true)
    const [received] = await jane.inbox(1)
    const {mail, raw} = received!
    assert.equal(returnPath(received!), '')
    assert.deepEqual(from(received!), {name: 'Acme Hỗ trợ', address: SUPPORT})
    assert.match(mail.replyTo?.value[0]?.address ?? '', new RegExp(`^support\\+t${TOKEN}@acme\\.example$`))
    assert.deepEqual([mail.to].flat()[0]?.value, [{name: '', address: jane.address}])
    assert.equal(mail.headers.get('auto-submitted'), 'auto-replied')
    assert.equal(mail.headers.get('x-auto-response-suppress'), 'All')
    assert.equal(mail.inReplyTo, `<${id}>`)
    assert.deepEqual([mail.references].flat(), [`<${id}>`])
    assert.doesNotMatch(raw.toString('latin1'), /secret/i)
    assert.doesNotMatch(mail.text + String(mail.html), /secret/i)
    assert.equal(mail.subject, `We got your mail [#${number}]`)
    const [first, , link, last] = mail.text!.split('\n')
    assert.equal(first, `Ticket ${number} is in "support" <b>now</b> & {open}.`)
    assert.equal(link, 'https://acme.example/help')
    assert.match(last ?? '', /^Acme & Söhne, \w+ \d+, \d{4}$/)
    assert.match(String(mail.html), /&quot;support&quot; &lt;b&gt;now&lt;\/b&gt; &amp; \{open\}\./)
    assert.match(String(mail.html), /Acme &amp; Söhne/)

    await jane.answer(received!, 'Good to know.')
    const [line] = await desk.take(1)
    assert.deepEqual([line?.outcome, line?.ticket], ['appended', number])
    const {messages} = await desk.show(number)
    const answer = messages.findLast(({direction}) => direction === 'in')
    assert.match(answer?.threadedBy ?? '', /^reply-token /)
    assert.equal(answer?.autoReply?.send, false)
    await jane.inbox(1)
  })

  await t.test('goes to no machine, and to nobody twice within 30 minutes', async () => {
    const [jane, shop, machine] = [world.customer('jane'), world.customer('noreply'), world.customer('machine')]
    const letter = {to: SUPPORT, text: '…'}
    await jane.write({...letter, subject: 'Another matter'})
    await machine.write({...letter, subject: 'I am away', headers: {'Auto-Submitted': 'auto-replied'}})
    await machine.write({...letter, subject: 'News', headers: {'List-Id': '<news.customers.example>'}})
    await shop.write({...letter, subject: 'Your order'})
    const why = new Map((await decisions(4)).map((ticket) => [ticket.subject, ticket.why]))
    assert.match(why.get('Another matter')!, /the same sender was answered within the last 30 minutes/)
    assert.match(why.get('I am away')!, /not a person's mail \(auto-reply\)/)
    assert.match(why.get('News')!, /not a person's mail \(bulk\)/)
    assert.match(why.get('Your order')!, /nobody reads noreply@/)
    assert.deepEqual(await waiting(), [])
    for (const silent of [machine, shop]) await silent.inbox(0)
    await jane.inbox(1)
  })

  await t.test('leaves by the SMTP address that the mail was forwarded for', async () => {
    const joan = world.customer('joan')
    await joan.write({to: SALES, subject: 'A price, please', text: 'For 48.'})
    const {number, send} = await decided()
    assert.equal(send, true)
    const [received] = await joan.inbox(1)
    assert.deepEqual(from(received!), {name: 'Acme Sales', address: SALES}, 'no agent writes it')
    assert.equal(returnPath(received!), '')
    assert.equal(received?.mail.headers.get('auto-submitted'), 'auto-replied')
    await joan.answer(received, 'Thanks.')
    const [line] = await desk.take(1)
    assert.deepEqual([line?.outcome, line?.ticket], ['appended', number])
  })

  await t.test('leaves by the channel that is the relay, and answers to it come to the internal address', async () => {
    await desk.done(['portal', 'relay', 'set', 'channel', SALES])
    const judy = world.customer('judy')
    await judy.write({to: SUPPORT, subject: 'By a channel', text: 'Hello'})
    const {number} = await decided()
    const [received] = await judy.inbox(1)
    assert.deepEqual(from(received!), {name: 'Acme Sales', address: SALES})
    const [answersTo] = received!.mail.replyTo?.value ?? []
    assert.equal(answersTo?.name, 'Acme Hỗ trợ')
    assert.match(answersTo?.address ?? '', new RegExp(`^support\\+t${TOKEN}@acme\\.example$`))
    assert.equal(returnPath(received!), '')
    await judy.answer(received!, 'Thanks.')
    const [line] = await desk.take(1)
    assert.deepEqual([line?.outcome, line?.ticket], ['appended', number])
  })

  await t.test('has a return path where a server takes none without, and its bounce is known', async () => {
    await desk.done(['portal', 'relay', 'set', 'smtp', ...server(world.refusingPort)])
    const june = world.customer('june')
    await june.write({to: SUPPORT, subject: 'By a strict server', text: 'Hello'})
    const taken = await decided()
    const [received] = await june.inbox(1)
    assert.match(returnPath(received!) ?? '', new RegExp(`^support\\+b${TOKEN}@acme\\.example$`))
    assert.equal((await desk.show(taken.number)).messages.length, 2)

    // He can send, and has no mailbox.
    await june.write({to: SUPPORT, subject: 'Of nobody', text: 'Hello', from: GHOST})
    const {number} = await decided()
    const [bounce] = await desk.take(1)
    assert.deepEqual([bounce?.outcome, bounce?.ticket], ['appended', number])
    const {messages} = await desk.show(number)
    assert.deepEqual(messages.map(({direction, kind}) => `${direction} ${kind}`).toSorted(), [
      'in bounce',
      'in human',
      'out auto-reply',
    ])
    const answer = messages.find(({direction}) => direction === 'out')
    assert.deepEqual(
      answer?.delivery?.map(({address, state}) => ({address, state})),
      [{address: GHOST, state: 'bounced'}],
    )
  })
})

test('the 101st automatic reply within an hour is not given, and the status says so', async (t) => {
  const sink = await startSmtpSink(t)
  const {address: dns} = await startDns(t)
  const home = await temporaryHome(t)
  const maildir = await makeMaildir(t)
  await provision({home, addresses: ['support']})
  const env = {POSTDESK_RESOLVER: `${dns.host}:${dns.port}`}
  const run = async (...words: string[]) => {
    const {code, stdout, stderr} = await postdesk(words, {home, env})
    assert.equal(code, 0, stdout + stderr)
  }
  await run('portal', 'inbound', 'set', 'maildir', '--path', maildir)
  const text = ['--auto-reply-subject', 'We got it', '--auto-reply-body', 'Ticket {ticket}']
  await run('email', 'update', SUPPORT, '--auto-reply', ...text)
  await run('portal', 'relay', 'set', 'smtp', '--host', '127.0.0.1', '--port', String(sink.port), '--security', 'none')
  for (let number = 1; number <= 101; number++) {
    // No more than 20 of one domain are answered.
    const person = `person${number}@company${number % 10}.example`
    const bytes = mail({
      From: person,
      To: SUPPORT,
      Subject: `Question ${number}`,
      Date: new Date().toUTCString().replace('GMT', '+0000'),
      'Message-ID': `<${number}@company.example>`,
    })
    await deliverToMaildir(maildir, bytes)
  }
  const {result} = await postdeskJson(['email', 'sync'], {home, env})
  assert.equal(result.totals.created, 101, 'every mail is taken in')
  assert.equal(sink.mails.length, 100)
  assert.equal(new Set(sink.mails.map(({recipients}) => recipients.join())).size, 100, 'nobody got two')
  assert.ok(sink.mails.every(({sender}) => sender === ''))
  const status = await postdeskJson(['email', 'status'], {home, env})
  const paused = status.result.findings.find(({code}: {code: string}) => code === 'AUTO_REPLIES_PAUSED')
  assert.match(paused?.text ?? '', /100/)
  await run('email', 'sync')
  assert.equal(sink.mails.length, 100, 'and it is not given later')
})

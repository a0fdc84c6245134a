/** What is known of senders, as it decides about their mail: with the built program, a real DNS server and real mailboxes. */
import assert from 'node:assert/strict'
import {test} from 'node:test'
import type {Conversation} from '../../src/lib/conversation.ts'
import {startDns} from '../support/dns-server.ts'
import {dovecotMissing, startDovecot} from '../support/dovecot.ts'
import {mail} from '../support/portal.ts'
import {provision} from '../support/provision.ts'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'
import {sign, signingKey} from '../support/signed-mail.ts'
import {startSyncDesk} from '../support/sync-desk.ts'

/** A mail that was written just now. */
const fresh = (fields: Record<string, string> = {}) =>
  mail({
    From: 'Jane <jane@customer.example>',
    To: 'support@acme.example',
    Subject: 'Printer',
    Date: new Date().toUTCString().replace('GMT', '+0000'),
    'Message-ID': `<${Math.random()}@customer.example>`,
    ...fields,
  })

const autoReply = ['--auto-reply', '--auto-reply-subject', 'We got it', '--auto-reply-body', 'Ticket {{number}}']

test('a signature that holds proves the sender; without an answer of the DNS nothing is held up', async (t) => {
  const key = signingKey('customer.example')
  const dns = await startDns(t, {[key.name]: {txt: [key.record]}})
  const home = await temporaryHome(t)
  await provision({home, addresses: ['support']})
  await postdesk(['email', 'update', 'support@acme.example', ...autoReply], {home})
  const deliver = async (bytes: Buffer, port: number) => {
    const env = {POSTDESK_RESOLVER: `127.0.0.1:${port}`}
    const {code, stderr} = await postdesk(['email', 'deliver', '--recipient=support@acme.example'], {
      home,
      env,
      input: bytes,
    })
    assert.equal(code, 0, stderr)
  }
  const show = async (number: number): Promise<Conversation> =>
    (await postdeskJson(['ticket', 'show', String(number)], {home})).result

  await deliver(await sign(fresh(), key), dns.address.port)
  const proven = await show(1)
  assert.deepEqual(
    [proven.messages[0]?.authentication?.dmarc, proven.messages[0]?.authentication?.by],
    ['pass', 'dkim'],
  )
  assert.equal(proven.events[0]?.details['autoReply'], true)

  const changed = Buffer.from((await sign(fresh(), key)).toString('latin1').replace('Hello', 'HELLO'), 'latin1')
  await deliver(changed, dns.address.port)
  const doubtful = (await show(2)).messages[0]?.authentication
  assert.equal(doubtful?.dmarc, 'unknown', 'SPF is not known here, and might pass')
  assert.equal(doubtful.dkim[0]?.result, 'fail')

  dns.zone.set(key.name, 'silence')
  await deliver(await sign(fresh({From: 'Joe <joe@customer.example>'}), key), dns.address.port)
  assert.equal((await show(3)).messages[0]?.authentication?.dmarc, 'unknown')

  const asked = dns.questions.length
  const old = fresh({Date: 'Sun, 01 Mar 2020 08:00:00 +0000'})
  await deliver(await sign(old, key), dns.address.port)
  await deliver(await sign(fresh({'List-Id': '<news.customer.example>'}), key), dns.address.port)
  assert.equal(dns.questions.length, asked, 'nothing is asked where no decision needs it')
  assert.equal((await show(4)).messages[0]?.authentication, null)
})

test('the word of the trusted server counts, and nobody else’s', {skip: dovecotMissing()}, async (t) => {
  const server = await startDovecot(t)
  const desk = await startSyncDesk(t, 'sqlite', {addresses: ['support', 'help']})
  await desk.setImap(server, '--trusted-authserv-id', 'mx.acme.example')
  await desk.run(['email', 'update', 'support@acme.example', ...autoReply])
  const failed = (server: string) => `${server}; dmarc=fail header.from=customer.example`
  const first = fresh({'Message-ID': '<first@customer.example>', Cc: 'boss@customer.example'})
  await server.deliver(first)
  assert.equal((await desk.sync()).result.totals.created, 1)
  const forged = {'In-Reply-To': '<first@customer.example>', Cc: 'crony@evil.example'}
  await server.deliver(fresh({'Authentication-Results': failed('mx.acme.example'), ...forged}))
  await server.deliver(
    fresh({'Authentication-Results': failed('mx.evil.example'), 'In-Reply-To': '<first@customer.example>'}),
  )
  assert.deepEqual((await desk.sync()).result.totals.created, 1)
  const [answered, claimed] = [await desk.json(['ticket', 'show', '1']), await desk.json(['ticket', 'show', '2'])]
  assert.equal(answered.result.messages.length, 2, 'another server can say what it likes')
  const {messages, events} = claimed.result as Conversation
  assert.deepEqual(
    [messages[0]?.authentication?.dmarc, messages[0]?.authentication?.by],
    ['fail', 'authentication-results'],
  )
  assert.deepEqual(events[0]?.details['autoReply'], false)
  assert.match(String(events[0]?.details['autoReplyWhy']), /not of its sender/)
  assert.match(JSON.stringify(events[0]?.details['rejected']), /not proved to be of jane@customer.example/)
  const told = await desk.run(['ticket', 'show', '2'])
  assert.match(told.stdout, /the sender may be forged/)
})

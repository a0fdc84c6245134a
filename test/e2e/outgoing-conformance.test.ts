/**
 * What really leaves, for correspondents with every kind of name, address and subject, and for those who would like to write
 * into our header: read by others, and signed by a provider, it comes through another server as it was.
 */
import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {dkimVerify} from 'mailauth/lib/dkim/verify.js'
import {simpleParser} from 'mailparser'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {checkConformance} from '../message/check-conformance.ts'
import {mailWorldMissing, startMailWorld} from '../support/customer-mailbox.ts'
import {startDns} from '../support/dns-server.ts'
import {sendMail} from '../support/mta.ts'
import {mail} from '../support/portal.ts'
import {provision} from '../support/provision.ts'
import {postdesk, postdeskJson, temporaryHome} from '../support/run-postdesk.ts'
import {sign, signingKey} from '../support/signed-mail.ts'
import {startSmtpSink, type SmtpSink, type SunkMail} from '../support/smtp-sink.ts'

const SALES = 'sales@provider.example'
const HELP = 'help@oldfashioned.example'
const AUTH = {user: 'sales', pass: 'secret'}

const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`

/** A customer's mail, and what the answer to it has to look like. */
interface Case {
  readonly name: string
  /** Header fields of his mail, as UTF-8. */
  readonly fields: Readonly<Record<string, string>>
  readonly text?: string
  /** Whom the answer is for, in the envelope, as the server reads it. */
  readonly recipient: string
  /** How he is named in To. */
  readonly to: {readonly name: string; readonly address: string}
  readonly subject: string
  /** Its header needs a server with SMTPUTF8. */
  readonly utf8?: true
}

const LONG = `${'Đèn bàn bị hỏng, 会議室のランプ 💡👩🏽‍💻 '.repeat(12)}end`

const CASES: readonly Case[] = [
  {
    name: 'names and subjects in any script, as long as one likes',
    fields: {
      From: `${encoded('Nguyễn Thị Minh Khai')} ${encoded(' 日本 太郎 👩🏽‍💻')} <jane@customers.example>`,
      Subject: LONG.match(/.{1,12}/gsu)!
        .map((piece) => encoded(piece))
        .join('\r\n '),
    },
    text: '。 '.repeat(2000),
    recipient: 'jane@customers.example',
    to: {name: 'Nguyễn Thị Minh Khai 日本 太郎 👩🏽‍💻', address: 'jane@customers.example'},
    subject: `Re: ${LONG}`,
  },
  {
    name: 'a local part in quotes, with a comment beside it',
    fields: {
      From: '"Doe, Jane \\"JD\\"" (in the office) <"doe,jane"@customers.example>',
      Subject: 'Quotes "and" =?us-ascii?Q?words?=',
    },
    recipient: '"doe,jane"@customers.example',
    to: {name: 'Doe, Jane "JD" (in the office)', address: '"doe,jane"@customers.example'},
    subject: 'Re: Quotes "and" words',
  },
  {
    name: 'a domain beyond ASCII, in its other form',
    fields: {From: 'Jürgen <jane@bücher.example>', Subject: 'Bücher'},
    recipient: 'jane@bücher.example',
    to: {name: 'Jürgen', address: 'jane@xn--bcher-kva.example'},
    subject: 'Re: Bücher',
  },
  {
    name: 'a local part beyond ASCII, where the server takes that',
    fields: {From: 'Jäne <jäne@bücher.example>', Subject: 'Tiếng Việt'},
    recipient: 'jäne@bücher.example',
    to: {name: 'Jäne', address: 'jäne@xn--bcher-kva.example'},
    subject: 'Re: Tiếng Việt',
    utf8: true,
  },
  {
    name: 'fields in a name and in a subject, which stay words',
    fields: {
      From: `=?utf-8?Q?Ann=0D=0ABcc:_x@evil.example=0D=0AX-Injected:_1?= <jane@customers.example>`,
      Subject: `${encoded('Order\r\nBcc: x@evil.example\r\n\r\n<b>body</b>')} =?utf-8?Q?=0AX-Injected:_2=00?=`,
      'Message-ID': '<one@customers.example>',
      References: '<a@b>\r\n\t<=?utf-8?Q?=0D=0ABcc:_x@evil.example?=> <c\u2028d@b> <e@b',
      'Reply-To': '=?utf-8?Q?Ann=22=0D=0ABcc:_x@evil.example?= <jane@customers.example>',
    },
    text: 'From me\n.\n..\nBcc: x@evil.example\n\u0000\u202Egnp.exe\n',
    recipient: 'jane@customers.example',
    to: {name: 'Ann" Bcc: x@evil.example', address: 'jane@customers.example'},
    subject: 'Re: Order Bcc: x@evil.example <b>body</b> X-Injected: 2',
  },
]

interface Desk {
  /** Takes a mail in; gives the number of its ticket. */
  receive(fields: Readonly<Record<string, string>>, text?: string): Promise<number>
  /** Answers it by this address; gives what became of it for its recipients. */
  reply(
    number: number,
    from: string,
  ): Promise<readonly {readonly address: string; readonly state: string; reply: string}[]>
}

/** A portal with an SMTP address at a server with SMTPUTF8, and one at a server without. */
async function startDesk(t: TestContext, servers: {readonly [address: string]: SmtpSink}): Promise<Desk> {
  const home = await temporaryHome(t)
  const {address: dns} = await startDns(t)
  const env = {SALES_PASSWORD: AUTH.pass, POSTDESK_RESOLVER: `${dns.host}:${dns.port}`}
  await provision({home, addresses: ['support'], env})
  for (const [address, {host, port}] of Object.entries(servers)) {
    const server = ['--host', host, '--port', String(port), '--security', 'none', '--user', AUTH.user]
    const name = ['--name', '{agent} từ Acme 日本']
    const words = ['email', 'add', 'smtp', address, ...server, '--password-env', 'SALES_PASSWORD', ...name]
    const {code, stdout, stderr} = await postdesk([...words, '--queue', 'support'], {home, env})
    assert.equal(code, 0, stdout + stderr)
  }
  let received = 0
  return {
    async receive(fields, text) {
      const date = new Date().toUTCString().replace('GMT', '+0000')
      const input = mail(
        {To: 'support@acme.example', Date: date, 'Content-Type': 'text/plain; charset=utf-8', ...fields},
        text,
      )
      const {code, stdout} = await postdesk(['email', 'deliver', '--recipient=support@acme.example'], {
        home,
        env,
        input,
      })
      assert.equal(code, 0, stdout)
      return ++received
    },
    async reply(number, from) {
      const words = ['ticket', 'reply', String(number), '--from', from, '--as', 'ann@acme.example']
      const {result, error} = await postdeskJson([...words, '--body', 'Xin chào 👋\n.\nFrom Ann'], {home, env})
      assert.ok(result?.delivery, JSON.stringify(error))
      return result.delivery
    },
  }
}

/** The names of the fields of a mail, in lower case. */
const fieldNames = (raw: Buffer) =>
  [
    ...raw
      .toString('latin1')
      .split('\r\n\r\n')[0]!
      .matchAll(/^([^\s:]+):/gm),
  ].map(([, name]) => name!.toLowerCase())

const OURS = new Set([
  ...['from', 'to', 'subject', 'in-reply-to', 'references', 'x-postdesk-instance', 'message-id', 'date'],
  ...['mime-version', 'content-type', 'content-transfer-encoding'],
])

describe('what leaves', () => {
  test('is a mail as it should be, for every kind of correspondent', async (t) => {
    const [modern, old] = [
      await startSmtpSink(t, {auth: AUTH}),
      await startSmtpSink(t, {auth: AUTH, server: {hideSMTPUTF8: true, hide8BITMIME: true}}),
    ]
    const desk = await startDesk(t, {[SALES]: modern, [HELP]: old})
    const left: (SunkMail & {utf8: boolean})[] = []
    for (const {name, fields, text, recipient, to, subject, utf8 = false} of CASES)
      await t.test(name, async () => {
        const number = await desk.receive(fields, text)
        const delivery = await desk.reply(number, SALES)
        assert.deepEqual(
          delivery.map(({state}) => state),
          ['sent'],
          JSON.stringify(delivery),
        )
        const sunk = modern.mails.at(-1)!
        assert.deepEqual([sunk.sender, sunk.recipients], [SALES, [recipient]], 'nobody else gets it')
        assert.equal(sunk.parameters['SMTPUTF8'], utf8 ? true : undefined)
        checkConformance(sunk.raw, utf8)
        for (const field of fieldNames(sunk.raw)) assert.ok(OURS.has(field), `there is a field ${field}`)
        const theirs = await simpleParser(sunk.raw)
        const ours = parseMessage(sunk.raw)
        assert.deepEqual([theirs.subject, ours.message.subject], [subject, subject])
        const sender = {name: 'Ann từ Acme 日本', address: SALES}
        assert.deepEqual([theirs.from?.value, ours.message.from], [[sender], [sender]])
        assert.deepEqual(ours.message.to, [to])
        // It shows a domain as people write it.
        assert.deepEqual([theirs.to].flat()[0]?.value, [{name: to.name, address: recipient}])
        assert.match(theirs.text ?? '', /^Xin chào 👋\n\.\nFrom Ann\n/)
        left.push({...sunk, utf8})

        if (utf8) {
          const [refused] = await desk.reply(number, HELP)
          assert.equal(refused?.state, 'failed')
          assert.match(refused.reply, /SMTPUTF8/)
          assert.equal(old.mails.length, 0, 'it was not tried')
        }
      })
    assert.deepEqual(old.mails, [])

    await t.test('and comes through another server as it was signed', {skip: mailWorldMissing()}, async (t) => {
      const world = await startMailWorld(t)
      const key = signingKey('provider.example')
      const jane = world.customer('jane')
      const signed = []
      for (const {raw} of left)
        for (const canonicalization of ['simple/simple', 'relaxed/relaxed'] as const)
          signed.push(await sign(raw, key, {canonicalization}))
      for (const data of signed) await sendMail(world.smtpPort, {from: SALES, to: [jane.address], data: dotted(data)})
      const received = await jane.inbox(signed.length)
      for (const [at, bytes] of signed.entries()) {
        const copy = received.find(({raw}) => raw.subarray(-bytes.length).equals(bytes))
        assert.ok(copy, `mail ${at} was changed on its way`)
        const {results} = await dkimVerify(copy.raw, {
          resolver: (name: string) => Promise.resolve(name === key.name ? [[key.record]] : []),
        })
        assert.deepEqual(
          results.map(({status}) => status.result),
          ['pass'],
        )
      }
    })
  })
})

/** RFC 5321 4.5.2; without the last line end, which is sent with the final dot. */
const dotted = (raw: Buffer) => Buffer.from(raw.toString('latin1', 0, raw.length - 2).replace(/^\./gm, '..'), 'latin1')

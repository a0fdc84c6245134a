/**
 * Two portals that answer each other's mail automatically, both running: each sends as mail becomes due, and each one's mail
 * is handed to the other's `email deliver`. They stop by themselves.
 */
import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {setTimeout as sleep} from 'node:timers/promises'
import {startDns} from '../support/dns-server.ts'
import {waitFor} from '../support/mta.ts'
import {postdesk, postdeskJson, startPostdesk, temporaryHome} from '../support/run-postdesk.ts'
import {startSmtpSink, type SunkMail} from '../support/smtp-sink.ts'

/** How long they are given to go on, in ms: a watch looks each second, and a delivery takes about one. */
const QUIET_MS = 15_000

/** What becomes of a mail between the two; the first of two gateways is that of the one who writes. */
type Gateway = (mail: SunkMail) => {readonly sender: string; readonly raw: string}

const honest: Gateway = ({sender, raw}) => ({sender, raw: raw.toString('latin1')})

/** Takes fields out of the header of a mail, with the lines that they go on in. */
const without = (raw: Buffer, names: readonly string[]) => {
  const [header = '', ...body] = raw.toString('latin1').split('\r\n\r\n')
  const fields = header.split(/\r\n(?![ \t])/).filter((field) => !names.includes(field.split(':')[0]!.toLowerCase()))
  return [fields.join('\r\n'), ...body].join('\r\n\r\n')
}

interface Portal {
  readonly domain: string
  /** The address that it writes by, whose provider forwards to `support` at its domain. */
  readonly sales: string
  readonly home: string
  readonly env: Readonly<Record<string, string>>
  /** Mail that has left it. */
  readonly sent: readonly SunkMail[]
  /** All of it has arrived where it was sent to. */
  handedOver(): Promise<void>
}

async function startPortal(t: TestContext, key: string, deliver: (mail: SunkMail) => Promise<void>): Promise<Portal> {
  const [home, domain, sales] = [await temporaryHome(t), `${key}.example`, `sales@${key}-mail.example`]
  const auth = {user: 'sales', pass: 'secret'}
  const deliveries: Promise<void>[] = []
  const sink = await startSmtpSink(t, {
    auth,
    onMail: (mail) => {
      deliveries.push(deliver(mail))
      return undefined
    },
  })
  const {address: dns} = await startDns(t)
  const env = {SALES_PASSWORD: auth.pass, POSTDESK_RESOLVER: `${dns.host}:${dns.port}`}
  const run = async (...words: string[]) => {
    const {code, stdout, stderr} = await postdesk(words, {home, env})
    assert.equal(code, 0, `postdesk ${words.join(' ')}: ${stdout}${stderr}`)
  }
  const server = ['--host', sink.host, '--port', String(sink.port), '--security', 'none']
  const login = [...server, '--user', auth.user, '--password-env', 'SALES_PASSWORD']
  const reply = ['--auto-reply', '--auto-reply-subject', 'We got it', '--auto-reply-body', `Ticket {ticket} of ${key}`]
  await run('portal', 'add', key, '--domain', domain)
  await run('queue', 'add', 'support')
  await run('email', 'add', 'internal', 'support', '--name', 'Support', '--queue', 'support', ...reply)
  await run('email', 'add', 'smtp', sales, ...login, '--forwards-to', 'support')
  await run('portal', 'relay', 'set', 'smtp', ...login)
  const watch = startPostdesk(['outbox', 'send', '--watch'], {home, env})
  t.after(async () => {
    watch.kill('SIGTERM')
    await watch.ended
  })
  const handedOver = async () => void (await Promise.all(deliveries))
  return {domain, sales, home, env, sent: sink.mails, handedOver}
}

/** Two portals; `one` has written to `other` by hand. Gives all mail that has left either, when nothing more leaves. */
async function converse(t: TestContext, gateways: readonly [Gateway, Gateway] = [honest, honest]) {
  const portals: Portal[] = []
  const to = (at: number, gateway: Gateway) => async (mail: SunkMail) => {
    const {home, env, domain} = portals[at]!
    const {sender, raw} = gateway(mail)
    // What comes for the address at the provider is forwarded.
    const command = ['email', 'deliver', `--recipient=support@${domain}`, `--sender=${sender}`]
    const {code, stdout} = await postdesk(command, {home, env, input: Buffer.from(raw, 'latin1')})
    assert.equal(code, 0, stdout)
  }
  portals.push(
    ...(await Promise.all([startPortal(t, 'one', to(1, gateways[0])), startPortal(t, 'other', to(0, gateways[1]))])),
  )
  const [one, other] = portals as [Portal, Portal]
  const letter = ['--subject', 'Spare parts', '--body', 'Do you have hinges?']
  const added = await postdesk(
    ['ticket', 'add', '--to', `support@${other.domain}`, '--from', one.sales, ...letter],
    one,
  )
  assert.equal(added.code, 0, added.stdout + added.stderr)

  const total = () => one.sent.length + other.sent.length
  await waitFor(
    () => Promise.resolve(total() >= 2),
    () => Promise.resolve(`${total()} mails`),
  )
  for (let before = 0; before !== total();) {
    before = total()
    await one.handedOver()
    await other.handedOver()
    await sleep(QUIET_MS)
  }
  return {one, other, sent: [...one.sent.map(() => 'one'), ...other.sent.map(() => 'other')]}
}

/** Every ticket of a portal, as the kinds of mail in it. */
async function kinds({home, env}: Portal): Promise<string[][]> {
  const {result} = await postdeskJson(['ticket', 'list'], {home, env})
  const tickets: string[][] = []
  for (const {number} of result.tickets as {number: number}[]) {
    const shown = await postdeskJson(['ticket', 'show', String(number)], {home, env})
    const messages = shown.result.messages as {id: number; direction: string; kind: string}[]
    tickets.push(messages.toSorted((a, b) => a.id - b.id).map(({direction, kind}) => `${direction} ${kind}`))
  }
  return tickets.toSorted((a, b) => a.join().localeCompare(b.join()))
}

// At once: most of the time they are watched doing nothing.
describe('two portals', {concurrency: true}, () => {
  test('that answer automatically stop after one mail and one answer', async (t) => {
    const {one, other, sent} = await converse(t)
    assert.deepEqual(sent, ['one', 'other'])
    assert.deepEqual(
      [other.sent[0]?.sender, other.sent[0]?.recipients],
      ['', [one.sales]],
      'the answer can cause no bounce',
    )
    assert.deepEqual(await kinds(one), [['out reply', 'in auto-reply']], 'it is known as one, in the same ticket')
    assert.deepEqual(await kinds(other), [['in human', 'out auto-reply']])
  })

  test('stop as well where a gateway takes away what says that an answer is automatic', async (t) => {
    const strip: Gateway = ({raw}) => ({
      sender: 'gateway@elsewhere.example',
      raw: without(raw, ['auto-submitted', 'x-auto-response-suppress']),
    })
    const {one, other, sent} = await converse(t, [strip, strip])
    // It answers the mail by its Message-ID, so it is no first mail, and only those are answered.
    assert.deepEqual(sent, ['one', 'other'])
    assert.deepEqual(await kinds(one), [['out reply', 'in human']])
    assert.deepEqual(await kinds(other), [['in human', 'out auto-reply']])
  })

  test('stop at the third mail where it takes away what is answered, too', async (t) => {
    const strip: Gateway = ({raw}) => ({
      sender: 'gateway@elsewhere.example',
      raw: without(raw, ['auto-submitted', 'x-auto-response-suppress', 'in-reply-to', 'references', 'reply-to']),
    })
    const {one, other, sent} = await converse(t, [strip, strip])
    // Then the answer opens a ticket and is answered, and that opens one and is not: its sender was answered just now.
    assert.deepEqual(sent, ['one', 'one', 'other'])
    assert.deepEqual(await kinds(one), [['in human', 'out auto-reply'], ['out reply']])
    assert.deepEqual(await kinds(other), [['in human'], ['in human', 'out auto-reply']])
  })
})

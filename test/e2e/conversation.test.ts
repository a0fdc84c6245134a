/**
 * Whole conversations between customers with real mailboxes and agents: by IMAP from the portal's catch-all mailbox, by the
 * submission service of a provider that forwards what comes for its address, and read in the customers' mailboxes.
 */
import assert from 'node:assert/strict'
import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test} from 'node:test'
import {GHOST, mailWorldMissing, notmuchMissing, SALES, startMailWorld} from '../support/customer-mailbox.ts'
import {addSales, startMailDesk, type MailDesk} from '../support/mail-desk.ts'
import {submissionMissing} from '../support/submission.ts'

const skip = mailWorldMissing() || submissionMissing() || notmuchMissing()
const AS_ANN = ['--as', 'ann@acme.example']

interface Answered {
  readonly from: string
  readonly delivery: readonly {readonly address: string; readonly state: string}[]
}

/** Answers a ticket; all recipients have got it then, as far as the provider says. */
async function reply(desk: MailDesk, number: number, words: readonly string[], body: string): Promise<Answered> {
  const command = ['ticket', 'reply', String(number), ...AS_ANN, ...words, '--body', body]
  const {exitCode, result, error} = await desk.json<Answered>(command)
  assert.equal(exitCode, 0, JSON.stringify(error))
  assert.ok(
    result.delivery.every(({state}) => state === 'sent'),
    JSON.stringify(result.delivery),
  )
  return result
}

/** Takes one mail in, which opens a ticket; gives its number. */
async function opened(desk: MailDesk): Promise<number> {
  const [line] = await desk.take(1)
  assert.equal(line?.outcome, 'created')
  return line.ticket!
}

/** Takes one mail in, which joins this ticket. */
async function joins(desk: MailDesk, number: number): Promise<void> {
  const [line] = await desk.take(1)
  assert.deepEqual([line?.outcome, line?.ticket], ['appended', number], line?.reason)
}

type Field = {readonly value: readonly {readonly address?: string}[]}
const addressesIn = (field: Field | readonly Field[] | undefined) =>
  [field ?? []].flat().flatMap(({value}) => value.map(({address}) => address))

test('a conversation', {skip}, async (t) => {
  const world = await startMailWorld(t)
  const desk = await startMailDesk(t, world)
  await addSales(t, world, desk, ['--name', '{agent} | Acme Sales'])

  await t.test('goes to the portal, back by the SMTP address, and on in the same ticket', async () => {
    const jane = world.customer('jane')
    const files = [
      {filename: 'hóa đơn 会議 📎.pdf', content: randomBytes(50_000)},
      {filename: 'From here.txt', content: Buffer.from('From me\n.\n\r\n..no end of line')},
    ]
    for (const {filename, content} of files) await writeFile(join(desk.home, filename), content)
    const subject = 'Lò nướng bị hỏng – レンジ 🔥'

    const first = await jane.write({to: SALES, subject, text: 'Xin chào,\n\nthe oven does not heat.\n\nJane'})
    const number = await opened(desk)
    assert.equal((await desk.show(number)).channel, SALES, 'it was forwarded for the SMTP address')

    const attach = files.flatMap(({filename}) => ['--attach', join(desk.home, filename)])
    await reply(desk, number, attach, 'It is <on> its way.\nSee https://acme.example/track?a=1&b=2.')
    const [received] = await jane.inbox(1)
    const {mail, raw} = received!
    assert.deepEqual(mail.from?.value, [{name: 'Ann | Acme Sales', address: SALES}])
    assert.deepEqual(addressesIn(mail.to), [jane.address])
    assert.equal(mail.cc, undefined)
    assert.equal(mail.subject, `Re: ${subject}`)
    assert.match(mail.messageId!, /^<pd\.[a-z2-7]{26}@acme\.example>$/, 'the provider keeps our Message-ID')
    assert.equal(mail.inReplyTo, `<${first}>`)
    assert.deepEqual([mail.references].flat(), [`<${first}>`])
    assert.match(raw.toString('latin1'), /^Return-Path: <sales@provider\.example>\r\n/, 'bounces come to who sent it')
    assert.match(
      mail.text!,
      /^It is <on> its way\.\nSee https:\/\/acme\.example\/track\?a=1&b=2\.\n\nOn .+Jane Doe <jane@customers\.example> wrote:\n> Xin chào,\n>\n> the oven does not heat\.\n>\n> Jane\n/,
    )
    assert.match(String(mail.html), /It is &lt;on&gt; its way\./)
    assert.match(String(mail.html), /<a href="https:\/\/acme\.example\/track\?a=1&amp;b=2">/)
    assert.match(String(mail.html), /<blockquote type="cite">[^]*the oven does not heat\./)
    const got = mail.attachments.map(({filename, content}) => ({filename, content}))
    assert.deepEqual(got, files, 'byte for byte')

    const second = await jane.answer(received!, 'Thank you, it heats.')
    await joins(desk, number)
    const grown = await desk.show(number)
    assert.deepEqual(
      grown.messages.map(({direction, threadedBy}) => `${direction} ${threadedBy.split(' ')[0]}`),
      ['in new', 'out reply', 'in own-message-id'],
    )
    assert.equal(grown.messages[2]?.replyText.trim(), 'Thank you, it heats.')
    assert.equal(grown.messages[2]?.thirdParty, false)

    await reply(desk, number, ['--no-quote', '--close'], 'You are welcome.')
    const [, last] = await jane.inbox(2)
    assert.equal(last?.mail.text?.trim(), 'You are welcome.')
    assert.doesNotMatch(String(last?.mail.html), /blockquote|heats/)
    assert.equal(last?.mail.subject, `Re: ${subject}`, 'one Re: only')
    assert.equal(last?.mail.inReplyTo, `<${second}>`)
    assert.deepEqual(last?.mail.references, [`<${first}>`, mail.messageId, `<${second}>`])
    assert.equal((await desk.show(number)).status, 'closed')
    assert.deepEqual(await jane.threads(), {threads: 1, mails: 4}, 'another program sees one conversation')

    await jane.answer(last, 'One more thing.')
    await joins(desk, number)
    assert.equal((await desk.show(number)).status, 'open', 'a participant opens it again')
  })

  await t.test('includes on request all who got the mail, and whom the agent adds', async () => {
    const [jane, boss, friend] = [
      world.customer('joan'),
      world.customer('boss', 'The Boss'),
      world.customer('friend', 'A Friend'),
    ]
    await jane.write({to: SALES, cc: `The Boss <${boss.address}>`, subject: 'Chairs', text: 'Two of eight wobble.'})
    const number = await opened(desk)

    await reply(desk, number, [], 'To you alone.')
    await reply(desk, number, ['--all', '--cc', `"Friend, A." <${friend.address}>`], 'To all of you.')
    const [, toAll] = await jane.inbox(2)
    assert.deepEqual(addressesIn(toAll?.mail.to), [jane.address])
    assert.deepEqual(addressesIn(toAll?.mail.cc), [boss.address, friend.address])
    const [, copy] = await boss.inbox(2)
    assert.equal(copy?.mail.messageId, toAll?.mail.messageId, 'one mail for all')
    const [added] = await friend.inbox(1)
    assert.deepEqual(addressesIn(added?.mail.cc), [boss.address, friend.address])

    await friend.answer(added!, 'I can lend you two.')
    await joins(desk, number)
    assert.equal((await desk.show(number)).messages.at(-1)?.thirdParty, false, 'an agent has addressed him')
    const answered = await reply(desk, number, [], 'Kind of you.')
    assert.deepEqual(
      answered.delivery.map(({address}) => address),
      [friend.address],
      'who wrote last is answered',
    )
  })

  await t.test('can be begun by an agent, and the answer joins it', async () => {
    const jane = world.customer('judy')
    const command = ['ticket', 'add', '--to', `Judy <${jane.address}>`, '--from', SALES, '--subject', 'Your order']
    const {result: begun} = await desk.json<Answered & {number: number}>([...command, ...AS_ANN], 'It is ready.\n')
    assert.deepEqual(
      begun.delivery.map(({state}) => state),
      ['sent'],
    )
    const [received] = await jane.inbox(1)
    assert.equal(received?.mail.subject, 'Your order')
    assert.equal(received?.mail.inReplyTo, undefined)
    await jane.answer(received, 'I come at noon.')
    await joins(desk, begun.number)
    const {owner, requester, messages} = await desk.show(begun.number)
    assert.deepEqual([owner, requester.address, messages.length], ['ann@acme.example', jane.address, 2])
    await reply(desk, begun.number, [], 'See you.')
    await jane.inbox(2)
    assert.deepEqual(await jane.threads(), {threads: 1, mails: 3})
  })

  await t.test('shows that a mail came back, and whose', async () => {
    const jane = world.customer('june')
    await jane.write({to: SALES, subject: 'Please tell him too', text: 'Hello'})
    const number = await opened(desk)
    await reply(desk, number, ['--cc', GHOST], 'Both of you.')
    await joins(desk, number)
    const ticket = await desk.show(number)
    const answer = ticket.messages.find(({direction}) => direction === 'out')
    const delivery = new Map(answer?.delivery?.map(({address, ...rest}) => [address, rest]))
    assert.equal(delivery.get(jane.address)?.state, 'sent')
    assert.equal(delivery.get(GHOST)?.state, 'bounced')
    assert.match(delivery.get(GHOST)?.reply ?? '', /User doesn't exist/)
    assert.ok(ticket.messages.some(({kind}) => kind === 'bounce'))
    const event = ticket.events.find(({kind}) => kind === 'bounced')
    assert.match(JSON.stringify(event?.details), new RegExp(GHOST))
    assert.match((await desk.done(['ticket', 'show', String(number)])).stdout, new RegExp(`^bounced: ${GHOST}`, 'm'))
    const {result: list} = await desk.json<{tickets: readonly {number: number}[]}>([
      ...['ticket', 'list', '--flag', 'bounced'],
    ])
    assert.deepEqual(
      list.tickets.map((each) => each.number),
      [number],
    )
    const {result: outbox} = await desk.json<{items: readonly {ticket: number}[]}>([
      ...['outbox', 'list', '--state', 'bounced'],
    ])
    assert.deepEqual(
      outbox.items.map((item) => item.ticket),
      [number],
    )
    await jane.inbox(1)
  })

  await t.test('that came by an internal address needs a sender of its queue, and says so', async () => {
    const jane = world.customer('jill')
    await jane.write({to: 'billing@acme.example', subject: 'Invoice', text: 'Charged twice.'})
    const number = await opened(desk)
    assert.equal((await desk.show(number)).channel, 'billing@acme.example')

    const refused = await desk.json(['ticket', 'reply', String(number), ...AS_ANN, '--body', 'Sorry.'])
    assert.deepEqual([refused.exitCode, refused.error?.code], [78, 'NO_SENDER'])
    const fix = refused.error?.fixes.find(({command}) => command?.includes('queue update'))?.command
    assert.equal(fix, `postdesk queue update support --sender ${SALES} --portal acme`)
    assert.equal((await desk.show(number)).messages.length, 1, 'nothing was kept of it')

    await desk.done(fix.split(' ').slice(1))
    assert.equal((await reply(desk, number, [], 'Sorry, you get it back.')).from, SALES)
    const [received] = await jane.inbox(1)
    await jane.answer(received!, 'Thanks.')
    await joins(desk, number)
    assert.deepEqual(await jane.threads(), {threads: 1, mails: 3})
  })
})

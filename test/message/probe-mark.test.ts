import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {probeField, probeMessageId, probeSubject, probeWord} from '../../src/lib/message/probe-mark.ts'
import {newToken} from '../../src/lib/message/token.ts'
import {writeProbe} from '../../src/lib/round-trip/write-probe.ts'
import {mail} from '../support/portal.ts'

const NONCE = newToken((bytes) => new Uint8Array(bytes).map((_, index) => index * 13))
const OTHER = newToken((bytes) => new Uint8Array(bytes).map((_, index) => index * 7 + 1))

/** A probe as the round trip sends it. */
const probe = await writeProbe({
  from: {name: 'Sales', address: 'sales@shop.example'},
  to: 'sales@shop.example',
  messageId: probeMessageId(NONCE, 'acme.example'),
  subject: probeSubject('K7QM'),
  nonce: NONCE,
  date: '2026-03-01T09:00:00.000Z',
  loopMark: '0123456789abcdef',
})

/** The probe without what matches. */
const without = (...patterns: readonly RegExp[]): Buffer =>
  Buffer.from(
    patterns.reduce((text, pattern) => text.replace(pattern, ''), probe.toString('latin1')),
    'latin1',
  )

const FIELD = /^X-Postdesk-Probe:.*\r\n/im
const MESSAGE_ID = /^Message-ID:.*\r\n/im

const markOf = (bytes: Buffer) => parseFacts(bytes).probe

describe('the mark of a probe', () => {
  test('is read in its field, else in its Message-ID, else in its text', () => {
    assert.deepEqual(markOf(probe), {nonce: NONCE, place: 'header'})
    assert.deepEqual(markOf(without(FIELD)), {nonce: NONCE, place: 'message-id'})
    assert.deepEqual(markOf(without(FIELD, MESSAGE_ID)), {nonce: NONCE, place: 'text'})
  })

  test('is the same where a server has folded its case', () => {
    const shouted = mail({'X-Postdesk-Probe': probeWord(NONCE).toUpperCase()})
    assert.deepEqual(markOf(shouted), {nonce: NONCE, place: 'header'})
    assert.deepEqual(markOf(mail({'Message-ID': `<${probeMessageId(NONCE, 'A.example').toUpperCase()}>`})), {
      nonce: NONCE,
      place: 'message-id',
    })
  })

  test('is found in the text of a mail that passes the probe on, whoever quotes it how', () => {
    const body = (quote: string) =>
      ['', '', '-----Original Message-----', 'From: Sales', '', `Its number is ${probeWord(NONCE)}`, '']
        .map((line) => `${quote}${line}`)
        .join('\n')
    for (const [prefix, quote] of [
      ['FW: ', ''],
      ['Fwd: ', '> '],
      ['WG: ', ''],
      ['', ''],
    ] as const) {
      const passedOn = mail(
        {Subject: `${prefix}${probeSubject('K7QM')}`, 'Message-ID': '<new@shop.example>'},
        body(quote),
      )
      assert.deepEqual(markOf(passedOn), {nonce: NONCE, place: 'text'}, prefix)
    }
  })

  test('is found in a probe that is passed on as an attachment', () => {
    const attached = mail(
      {Subject: `FW: ${probeSubject('K7QM')}`, 'Content-Type': 'multipart/mixed; boundary=b'},
      `--b\n\nsee below\n--b\nContent-Type: message/rfc822\n\n${probe.toString('latin1')}\n--b--\n`,
    )
    assert.deepEqual(markOf(attached), {nonce: NONCE, place: 'text'})
  })

  test('is not that of an answer to the probe, or of a mail that tells of it', () => {
    const quoted = `What is this?\n\n> Its number is ${probeWord(NONCE)}\n`
    for (const Subject of [
      `Re: ${probeSubject('K7QM')}`,
      `AW: ${probeSubject('K7QM')}`,
      `FW: Re: ${probeSubject('K7QM')}`,
      'A question',
    ]) {
      const answer = {Subject, 'In-Reply-To': `<${probeMessageId(NONCE, 'acme.example')}>`}
      assert.equal(markOf(mail(answer, quoted)), null, Subject)
    }
  })

  test('is none where the word is not whole', () => {
    for (const value of [
      'probe.',
      `probe.${NONCE.slice(1)}`,
      `probe.${NONCE}a`,
      `a probe.${NONCE}`,
      NONCE,
      `probe.${NONCE.replace(/^./, '1')}`,
    ])
      assert.equal(markOf(mail({'X-Postdesk-Probe': value})), null, value)
  })

  test('of several fields the topmost counts', () => {
    assert.equal(markOf(Buffer.concat([Buffer.from(probeField(OTHER)), probe]))?.nonce, OTHER)
  })
})

/** A report that Postfix writes, which returns `returned`. */
const report = (returned: string, type = 'message/rfc822') =>
  mail(
    {
      From: 'MAILER-DAEMON@mx.shop.example',
      To: 'sales@shop.example',
      Subject: 'Undelivered Mail Returned to Sender',
      'Auto-Submitted': 'auto-replied',
      'Content-Type': 'multipart/report; report-type=delivery-status; boundary=b',
    },
    [
      '--b',
      '',
      'I could not deliver it.',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.shop.example',
      '',
      'Final-Recipient: rfc822; support@acme.example',
      'Action: failed',
      'Status: 5.1.1',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user',
      '--b',
      `Content-Type: ${type}`,
      '',
      returned,
      '--b--',
      '',
    ].join('\n'),
  )

describe('a report on a probe', () => {
  test('is recognised by the Message-ID that it returns', () => {
    const {probe: mark, report: read} = parseFacts(report(without(FIELD).toString('latin1')))
    assert.deepEqual(mark, {nonce: NONCE, place: 'report'})
    assert.equal(read?.kind, 'bounce')
  })

  test('is recognised by the field, where the provider had given the probe another id', () => {
    const renamed = probe.toString('latin1').replace(MESSAGE_ID, 'Message-ID: <0102@provider.example>\r\n')
    assert.deepEqual(markOf(report(renamed)), {nonce: NONCE, place: 'report'})
    const [header = ''] = renamed.split('\r\n\r\n')
    assert.deepEqual(markOf(report(header, 'text/rfc822-headers')), {nonce: NONCE, place: 'report'})
  })

  test('is recognised where the mail is returned in the text, as by qmail', () => {
    const notice = [
      'Hi. This is the qmail-send program at shop.example.',
      "I'm afraid I wasn't able to deliver your message to the following addresses.",
      "This is a permanent error; I've given up. Sorry it didn't work out.",
      '',
      '<support@acme.example>:',
      'Sorry, no mailbox here by that name. (#5.1.1)',
      '',
      '--- Below this line is a copy of the message.',
      '',
      without(MESSAGE_ID).toString('latin1'),
    ].join('\n')
    const bytes = mail({From: 'MAILER-DAEMON@shop.example', Subject: 'failure notice'}, notice)
    assert.deepEqual(markOf(bytes), {nonce: NONCE, place: 'report'})
  })

  test('on another mail is none, whatever that tells', () => {
    const {probe: mark, report: read} = parseFacts(report('Message-ID: <x@shop.example>\nSubject: Hello\n\nHi\n'))
    assert.deepEqual([mark, read?.kind], [null, 'bounce'])
  })
})

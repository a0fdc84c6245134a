import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {BouncedRecipient, Report} from '../../src/lib/message/message.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {fixture, lines} from './mail.ts'

const TICKET = {messageId: 'ticket-12@acme.example', subject: 'Your ticket 12'}

const failed = (
  recipient: string,
  facts: Partial<BouncedRecipient> & Pick<BouncedRecipient, 'status' | 'reason' | 'diagnostic'>,
): BouncedRecipient => ({recipient, originalRecipient: null, action: 'failed', permanent: false, ...facts})

const REPORTS: Readonly<Record<string, Report | null>> = {
  'postfix-two-recipients-report.eml': {
    kind: 'bounce',
    rule: 'delivery-status',
    recipients: [
      failed('gone@kunde.example', {
        status: '5.1.1',
        reason: 'user-unknown',
        permanent: true,
        diagnostic: '550 5.1.1 <gone@kunde.example>: Recipient address rejected: User unknown',
      }),
      failed('full@box.example', {
        originalRecipient: 'sales@kunde.example',
        status: '4.2.2',
        reason: 'mailbox-full',
        diagnostic: '452 4.2.2 Mailbox full',
      }),
    ],
    original: {messageId: 'ticket-4711@acme.example', subject: 'Ihre Anfrage für März'},
  },
  'postfix-delayed-report.eml': {
    kind: 'bounce',
    rule: 'delivery-status',
    recipients: [
      failed('anna@far.example', {
        status: '4.4.1',
        action: 'delayed',
        reason: 'network-error',
        diagnostic: 'connect to mail.far.example[192.0.2.30]:25: Connection timed out',
      }),
    ],
    original: TICKET,
  },
  'relay-delivered-report.eml': {
    kind: 'bounce',
    rule: 'delivery-status',
    recipients: [
      failed('anna@far.example', {
        status: '2.0.0',
        action: 'relayed',
        reason: 'delivered',
        diagnostic: '250 2.0.0 Ok: queued',
      }),
    ],
    original: {messageId: null, subject: null},
  },
  'smtputf8-global-report.eml': {
    kind: 'bounce',
    rule: 'delivery-status',
    recipients: [
      failed('jörg@kunde.example', {
        originalRecipient: 'post+m@kunde.example',
        status: '5.2.1',
        reason: 'suspended',
        diagnostic: '550 5.2.1 Mailbox disabled',
      }),
    ],
    original: {messageId: null, subject: null},
  },
  'gateway-broken-fields-report.eml': {
    kind: 'bounce',
    rule: 'delivery-status',
    recipients: [
      failed('anna@far.example', {
        status: '5.0.0',
        reason: 'user-unknown',
        permanent: true,
        diagnostic: '550 Requested action not taken: mailbox name not allowed, no such user',
      }),
      failed('ben@far.example', {status: '5.2.2', reason: 'mailbox-full', diagnostic: ''}),
    ],
    original: {messageId: null, subject: null},
  },
  'qmail-failure-notice.eml': {
    kind: 'bounce',
    rule: 'notice',
    recipients: [
      failed('gone@kunde.example', {
        status: '5.1.1',
        reason: 'user-unknown',
        permanent: true,
        diagnostic: '550 5.1.1 unknown user account Giving up on 192.0.2.10.',
      }),
      failed('full@box.example', {
        status: '5.2.2',
        reason: 'mailbox-full',
        diagnostic: 'The users mailfolder is over the allowed quota (size). (#5.2.2)',
      }),
    ],
    original: TICKET,
  },
  'exim-failed-recipients.eml': {
    kind: 'bounce',
    rule: 'failed-recipients-field',
    recipients: [
      failed('joe@gone.example', {
        status: null,
        reason: 'host-unknown',
        permanent: true,
        diagnostic: '(generated from info@host.example) all relevant MX records point to non-existent hosts',
      }),
    ],
    original: TICKET,
  },
  'sendmail-transcript-after-data.eml': {
    kind: 'bounce',
    rule: 'notice',
    recipients: [
      failed('anna@carrier.example', {status: '5.0.0', reason: 'filtered', diagnostic: '550 : User unknown'}),
    ],
    original: TICKET,
  },
  'exchange-did-not-reach.eml': {
    kind: 'bounce',
    rule: 'notice',
    recipients: [
      failed('anna@firma.example', {
        status: null,
        reason: 'user-unknown',
        permanent: true,
        diagnostic:
          'The recipient name is not recognized The MTS-ID of the original message is: c=de;a= ;p=firma;l=EX1 MSEXCH:IMS:FIRMA:HQ:EX1 0 (000C05A6) Unknown Recipient',
      }),
    ],
    original: {messageId: null, subject: 'Your ticket 12'},
  },
  'gmail-technical-details.eml': {
    kind: 'bounce',
    rule: 'notice',
    recipients: [
      failed('anna@kunde.example', {
        status: '5.2.2',
        reason: 'mailbox-full',
        diagnostic: '552 5.2.2 The email account that you tried to reach is over quota',
      }),
    ],
    original: {messageId: 'ticket-12@acme.example', subject: null},
  },
  'carrier-japanese-notice.eml': {
    kind: 'bounce',
    rule: 'notice',
    recipients: [
      failed('anna@carrier.example', {
        status: null,
        reason: 'user-unknown',
        permanent: true,
        diagnostic: '送信先メールアドレスが見つかりませんでした。',
      }),
    ],
    original: TICKET,
  },
  'ses-sns-bounce-notification.eml': {
    kind: 'bounce',
    rule: 'ses-notification',
    recipients: [
      failed('gone@kunde.example', {
        status: '5.1.1',
        reason: 'user-unknown',
        permanent: true,
        diagnostic: '550 5.1.1 user unknown',
      }),
    ],
    original: TICKET,
  },
  'mailbox-provider-complaint-arf.eml': {
    kind: 'feedback',
    feedbackType: 'abuse',
    recipient: 'anna@webmail.example',
    original: TICKET,
  },
  'outlook-read-receipt.eml': {
    kind: 'disposition',
    disposition: 'displayed',
    recipient: 'anna@kunde.example',
    original: {messageId: 'ticket-12@acme.example', subject: null},
  },
  // A person asks what a bounce means, a vacation program answers, a postmaster complains: mail like other mail.
  'person-forwards-bounce.eml': null,
  'vacation-null-return-path.eml': null,
  'postmaster-writes-bounce-talk.eml': null,
}

describe('a report', () => {
  for (const [name, expected] of Object.entries(REPORTS)) {
    test(name, () => {
      assert.deepEqual(parseFacts(fixture(name)).report, expected)
    })
  }

  test('is read from lines that end with a lone CR', () => {
    const {report} = parseFacts(fixture('oldmac-lone-cr-bounce.eml'))
    assert.deepEqual(report, REPORTS['qmail-failure-notice.eml'])
  })

  test('names nobody where the notice does not and the mail went to several', () => {
    const {report} = parseFacts(
      Buffer.from(
        lines(
          'Return-Path: <>',
          'From: MAILER-DAEMON@mx.example',
          'Subject: Returned mail: Cannot send message for 4 days',
          '',
          'Your message could not be delivered.',
          '',
          '   ----- Unsent message follows -----',
          'From: support@acme.example',
          'To: a@kunde.example, b@kunde.example',
          'Subject: Hello',
        ),
      ),
    )
    assert.deepEqual(report, {
      kind: 'bounce',
      rule: 'returned-message',
      recipients: [failed('', {status: null, reason: 'unknown', diagnostic: ''})],
      original: {messageId: null, subject: 'Hello'},
    })
  })

  test('is bounded, whatever it lists', () => {
    const listed = Array.from({length: 2000}, (_, i) => `<user${i}@kunde.example>:\r\n550 5.1.1 User unknown\r\n`)
    const {report} = parseFacts(
      Buffer.from(`Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\n\r\nundeliverable\r\n${listed.join('\r\n')}`),
    )
    assert.equal(report?.kind, 'bounce')
    assert.equal(report.kind === 'bounce' ? report.recipients.length : 0, 200)
  })

  test('has nothing in its words that a terminal would obey', () => {
    const {report} = parseFacts(
      Buffer.from(
        lines(
          'Return-Path: <>',
          'From: MAILER-DAEMON@mx.example',
          'Subject: failure notice',
          '',
          '<a@kunde.example>:',
          '550 5.1.1 no \x1b[2J such\x07 user',
        ),
      ),
    )
    assert.equal(report?.kind === 'bounce' ? report.recipients[0]?.diagnostic : '', '550 5.1.1 no [2J such user')
  })
})

import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import type {BounceReason} from '../../src/lib/message/message.ts'
import {isPermanent, reasonOf} from '../../src/lib/message/report/reason.ts'

const of = (diagnostic: string, facts: {status?: string; notice?: string; afterData?: boolean} = {}) =>
  reasonOf({
    diagnostic,
    status: facts.status ?? null,
    notice: facts.notice ?? '',
    afterData: facts.afterData ?? false,
  })

const WORDS: readonly (readonly [string, BounceReason])[] = [
  ['550 5.1.1 <joe@kunde.example>: Recipient address rejected: User unknown in virtual mailbox table', 'user-unknown'],
  ['550 5.1.1 The email account that you tried to reach does not exist.', 'user-unknown'],
  ['554 delivery error: dd This user doesn’t have a webmail.example account', 'user-unknown'],
  ['550 5.4.1 Recipient address rejected: Access denied. [DB5.prod.example]', 'user-unknown'],
  ['550 Requested action not taken: mailbox unavailable', 'filtered'],
  ['User joe (joe@kunde.example) not listed in Domino Directory', 'user-unknown'],
  ['550 #5.1.0 Address rejected.', 'user-unknown'],
  ['550 5.1.1 Empfänger unbekannt', 'user-unknown'],
  ['552 5.2.2 <joe@kunde.example>: Quota exceeded (mailbox for user is full)', 'mailbox-full'],
  ['550 5.1.1 mailbox full', 'mailbox-full'],
  ['The users mailfolder is over the allowed quota (size). (#5.2.2)', 'mailbox-full'],
  ['552 5.3.4 Message size exceeds fixed limit', 'message-too-large'],
  ['Host or domain name not found. Name service error for name=gone.example type=A: Host not found', 'host-unknown'],
  ["Sorry, I couldn't find any host named gone.example. (#5.1.2)", 'host-unknown'],
  ['556 5.1.10 Domain gone.example does not accept mail (nullMX)', 'not-accepting'],
  ['an MX or SRV record indicated no SMTP service', 'not-accepting'],
  ['551 5.1.6 User has moved; please try joe@new.example', 'moved'],
  ['connect to mail.far.example[192.0.2.30]:25: Connection timed out', 'network-error'],
  ['retry timeout exceeded', 'expired'],
  ["I'm not going to try again; this message has been in the queue too long.", 'expired'],
  ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org', 'blocked'],
  ['450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]', 'blocked'],
  ['550 SC-004 (COL0-MC1-F1) Unfortunately, messages from 192.0.2.1 weren’t sent.', 'blocked'],
  ['554 5.7.1 Message rejected as spam by Content Filtering.', 'spam'],
  ['550-5.7.26 Unauthenticated email from acme.example is not accepted due to domain’s DMARC policy', 'authentication'],
  ['550 5.7.1 Message contains a virus (Eicar-Test-Signature)', 'virus'],
  ['554 5.7.1 <joe@kunde.example>: Relay access denied', 'relay-denied'],
  ["553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", 'relay-denied'],
  ['550 5.2.1 The email account that you tried to reach is disabled.', 'suspended'],
  ['550 5.5.0 Le compte du destinataire est bloque.', 'suspended'],
  ['421 4.7.0 Too many connections from your host', 'rate-limited'],
  ["554 You've reached your daily relay quota", 'rate-limited'],
  ['501 5.1.8 Sender address rejected: Domain not found', 'policy'],
  ['550 5.7.1 This message is not RFC 5322 compliant', 'protocol'],
  ['552 5.7.0 Our content filter does not take this attachment: file type not allowed', 'content'],
  ['554 5.3.0 unknown mailer error 255', 'system-error'],
  ["550-'5.7.1 rejected' is quoted", 'policy'],
]

describe('the reason', () => {
  for (const [words, reason] of WORDS) {
    test(`${reason}: ${words}`, () => {
      assert.equal(of(words), reason)
    })
  }

  test('is told by the code where the words say nothing', () => {
    assert.equal(of('550 5.1.1 Sorry'), 'user-unknown')
    assert.equal(of('', {status: '4.4.7'}), 'expired')
    assert.equal(of('552 no'), 'mailbox-full')
    assert.equal(of('550 no'), 'unknown')
  })

  test('is told by the notice where the server gave neither words nor a telling code', () => {
    assert.equal(of('550', {status: '5.0.0', notice: 'The mailbox is full.'}), 'mailbox-full')
    assert.equal(of('550 Nope', {status: '5.0.0', notice: 'The mailbox may be full or the user unknown.'}), 'unknown')
  })

  test('is a filter where the user was known before the mail and unknown after it', () => {
    assert.equal(of('550 : User unknown', {afterData: true}), 'filtered')
    assert.equal(of('550 5.1.1 User unknown', {afterData: true}), 'user-unknown')
  })
})

test('a failure is permanent where it lies in the address, and is no failure of the moment', () => {
  assert.equal(isPermanent('user-unknown', 'failed', '5.1.1'), true)
  assert.equal(isPermanent('host-unknown', 'failed', null), true)
  assert.equal(isPermanent('host-unknown', 'failed', '4.4.4'), false)
  assert.equal(isPermanent('user-unknown', 'delayed', '5.1.1'), false)
  assert.equal(isPermanent('mailbox-full', 'failed', '5.2.2'), false)
})

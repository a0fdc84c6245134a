import assert from 'node:assert/strict'
import {test} from 'node:test'
import {
  readMailboxNames,
  readOpened,
  readSeenMessage,
  readStorageQuota,
} from '../../src/lib/diagnosis/imap-responses.ts'

test('what a server says of a mailbox that it opens is read, and what it leaves out is null', () => {
  assert.deepEqual(
    readOpened([
      '172 EXISTS',
      '1 RECENT',
      'OK [UNSEEN 12] Message 12 is first unseen',
      'OK [UIDVALIDITY 3857529045] UIDs valid',
      'OK [UIDNEXT 4392] Predicted next UID',
      'FLAGS (\\Answered \\Seen)',
      'OK [PERMANENTFLAGS (\\Seen \\*)] Limited',
    ]),
    {exists: 172, recent: 1, uidValidity: 3857529045, uidNext: 4392, permanentFlags: ['\\Seen', '\\*']},
  )
  assert.deepEqual(readOpened(['OK [PERMANENTFLAGS ()] Read-only', 'OK [UIDVALIDITY 0] none']), {
    exists: null,
    recent: null,
    uidValidity: null,
    uidNext: null,
    permanentFlags: [],
  })
})

test('names of mailboxes are read in every form that they have', () => {
  assert.deepEqual(
    readMailboxNames([
      'LIST (\\HasNoChildren) "/" INBOX',
      'LIST (\\HasNoChildren \\Sent) "/" "Sent Mail"',
      'LIST () NIL "with \\"quotes\\""',
      'LIST () "\\\\" Gr&APYA3w-e',
      'OK nothing of this',
    ]),
    ['INBOX', 'Sent Mail', 'with "quotes"', 'Größe'],
  )
})

test('of several quotas the one that is nearest to its end is told', () => {
  assert.deepEqual(
    readStorageQuota([
      'QUOTAROOT INBOX a b',
      'QUOTA a (STORAGE 10 512)',
      'QUOTA "b" (MESSAGE 5 10 STORAGE 500 512)',
      'QUOTA c (STORAGE 1 0)',
    ]),
    {used: 500, limit: 512},
  )
  assert.equal(readStorageQuota(['QUOTA "" (MESSAGE 5 10)']), null)
})

test('a message is told of by what the server says, and not by what its header says', () => {
  const header = '"Date: Mon, 2 Mar 2026 09:30:00 +0000\r\nSubject: UID 9 RFC822.SIZE 1 \\"quoted\\"\r\n\r\n"'
  assert.deepEqual(
    readSeenMessage([
      '3 FETCH (FLAGS (\\Seen))',
      `2 FETCH (BODY[HEADER.FIELDS (DATE)] ${header} UID 7 RFC822.SIZE 4096 INTERNALDATE " 2-Mar-2026 09:30:00 +0000")`,
    ]),
    {uid: 7, size: 4096, received: ' 2-Mar-2026 09:30:00 +0000'},
  )
  assert.equal(readSeenMessage(['3 FETCH (FLAGS (\\Seen))']), null)
})

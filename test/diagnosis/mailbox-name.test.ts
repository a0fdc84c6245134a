import assert from 'node:assert/strict'
import {test} from 'node:test'
import {decodeMailboxName, encodeMailboxName} from '../../src/lib/diagnosis/mailbox-name.ts'

const NAMES: readonly (readonly [string, string])[] = [
  ['INBOX', 'INBOX'],
  ['Mail & more', 'Mail &- more'],
  // RFC 3501 5.1.3.
  ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
  ['Größe', 'Gr&APYA3w-e'],
  ['😀', '&2D3eAA-'],
]

test('names of mailboxes are written and read as RFC 3501 has them', () => {
  for (const [name, written] of NAMES) {
    assert.equal(encodeMailboxName(name), written)
    assert.equal(decodeMailboxName(written), name)
  }
})

test('a name that a server writes in UTF-8, or with a lone &, is read as it stands', () => {
  for (const name of ['Größe', 'R&D', 'a & b - c', '&A-']) assert.equal(decodeMailboxName(name), name)
})

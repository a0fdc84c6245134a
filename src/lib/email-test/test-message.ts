/** The message that `--send` sends: it says what it is, and no machine answers it. */
import {randomUUID} from 'node:crypto'
import {compose} from '../message/compose.ts'
import type {Address} from '../message/message.ts'

/** By which it is known where it comes back: it is of no portal. */
const MARK = 'email-test'

/** @throws RangeError where the sender is no address. */
export function testMessage(from: Address, to: string, now: string): Promise<Buffer> {
  return compose({
    // RFC 5322 3.6.4: the right part is a domain of the sender.
    messageId: `pd.${randomUUID()}@${from.address.slice(from.address.lastIndexOf('@') + 1)}`,
    date: now,
    from,
    replyTo: null,
    to: [{name: '', address: to}],
    cc: [],
    subject: 'Test message of postdesk',
    text: `This message was sent by "postdesk email test --send", to see whether mail of ${from.address} is taken.\n\nIt can be deleted.\n`,
    html: null,
    inReplyTo: null,
    references: [],
    attachments: [],
    autoSubmitted: 'auto-generated',
    loopMark: MARK,
  })
}

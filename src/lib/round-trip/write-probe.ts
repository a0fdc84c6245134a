/** The mail that is sent to find out whether it comes back. */
import {compose} from '../message/compose.ts'
import type {Address} from '../message/message.ts'
import {probeField, probeWord} from '../message/probe-mark.ts'

export interface ProbeLetter {
  /** The address that is tested, with its display name. */
  readonly from: Address
  /** The same address, perhaps with a detail. */
  readonly to: string
  /** Without angle brackets. */
  readonly messageId: string
  readonly subject: string
  readonly nonce: string
  /** An ISO instant. */
  readonly date: string
  readonly loopMark: string
}

/** Short, in plain words, and not to be answered by anybody: a person sees it in the mailbox at the provider. */
export async function writeProbe({from, to, messageId, subject, nonce, date, loopMark}: ProbeLetter): Promise<Buffer> {
  const mail = await compose({
    messageId,
    date,
    from,
    // Whether it survives is part of the evidence.
    replyTo: from,
    to: [{name: '', address: to}],
    cc: [],
    subject,
    text: [
      `This mail was sent by postdesk to find out whether mail to ${from.address} reaches the help desk.`,
      'Nobody needs to answer it, and it can be deleted.',
      '',
      `It is recognised by: ${probeWord(nonce)}`,
    ].join('\n'),
    html: null,
    inReplyTo: null,
    references: [],
    attachments: [],
    autoSubmitted: 'auto-generated', // RFC 3834 5
    loopMark,
  })
  return Buffer.concat([Buffer.from(probeField(nonce)), mail])
}

/** What the commands take and tell alike that send a mail by hand. */
import {Flags} from '@oclif/core'
import {EXIT, type ExitCode} from '../errors.ts'
import type {OutboxRecipient} from '../outbox/items.ts'
import {safeLine} from './safe-text.ts'

export const letterFlags = {
  attach: Flags.string({helpValue: 'FILE…', summary: 'Files that go with it; several may follow.', multiple: true}),
}

/** How a command ends that sends a mail by hand, beside the ways of every command: where somebody has to act. */
export const LETTER_EXITS: readonly ExitCode[] = [
  EXIT.unclassified,
  EXIT.credentials,
  EXIT.loginClosed,
  EXIT.sender,
  EXIT.recipient,
  EXIT.data,
  EXIT.noInput,
  EXIT.notFound,
  EXIT.config,
]

/** `sent to ann@example.com; queued for bob@example.com`. */
export const deliveryLine = (delivery: readonly OutboxRecipient[]): string =>
  [...Map.groupBy(delivery, ({state}) => state)]
    .map(([state, recipients]) => `${WORDS[state]} ${safeLine(recipients.map(({address}) => address).join(', '))}`)
    .join('; ')

const WORDS: Readonly<Record<OutboxRecipient['state'], string>> = {
  sent: 'sent to',
  queued: 'waiting for',
  sending: 'being sent to',
  unknown: 'perhaps sent to',
  failed: 'not sent to',
  bounced: 'returned from',
}
